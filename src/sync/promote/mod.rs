//! Taking the runs of a source repository to a results repository: the whole history, again and again.

use crate::git::{Oid, Repo};
use crate::store::{How, RUNS_REF, Store, Traffic};

use super::results::{self, Dirs, Managed, Outcome, ResultsRepo};
use super::{Error, Listener, Result, Steps, Synced, is_known, sync_results};

/// What explains the branch to a visitor of the host's page.
const README: &str = include_str!("readme.md");

/// What goes.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Runs.
    pub sent: Traffic,
    /// About how many bytes; none if it could not be told.
    pub bytes: Option<u64>,
}

/// A source repository and where its runs go.
#[derive(Debug)]
pub struct Promotion<'r> {
    repo: &'r Repo,
    managed: Managed,
    /// The commit that is taken there.
    tip: Oid,
    plan: Load,
}

impl<'r> Promotion<'r> {
    /// Looks at both sides. Of the results repository's clone only what is known of the remote changes. `progress` of the fetch goes to
    /// `listener`.
    pub fn prepare(repo: &'r Repo, dirs: &Dirs, to: &ResultsRepo, listener: &mut dyn Listener) -> Result<Self> {
        repo.ensure_git()?;
        let tip = Store::new(repo, RUNS_REF).tip_id()?.ok_or(Error::NothingToPromote)?;
        let steps = Steps { merge: true, push: false, fold: true, ..Steps::default() };
        let is_new = Managed::open(dirs, to)?.is_none();
        let done = results::sync(repo, dirs, to, None, steps, listener);
        if done.is_err() && is_new {
            // Most likely an address with a slip in it.
            Managed::remove(dirs, to);
        }
        let (managed, outcome) = done?;
        let foreign = |reason: String| Error::Unrelated { place: to.shown(), reason };
        if let Outcome::Read { .. } = outcome {
            return Err(foreign(format!("its branch {} is written by upstream's tools", managed.branch())));
        }
        if managed.repo().object_format() != repo.object_format() {
            return Err(Error::OtherFormat {
                place: to.shown(),
                theirs: managed.repo().object_format(),
                ours: repo.object_format(),
            });
        }
        // A repository of something else may well lack this branch. Who names the branch means it.
        let seen = managed.repo().read_ref(&managed.tracking_ref())?;
        if seen.is_none() && to.branch.is_none() {
            let other = managed.branches_there()?.into_iter().find(|name| name != managed.branch());
            if let Some(other) = other {
                return Err(foreign(format!("it has a branch '{other}' and no '{}'", managed.branch())));
            }
        }
        // A light clone has no files, and the results repository is to have all.
        if repo.is_partial() {
            repo.ensure_whole(&[tip], &[], &mut |_| {})?;
        }
        managed.repo().fetch_from(repo.git_dir(), RUNS_REF, PROMOTED)?;
        let tip = managed.repo().read_ref(PROMOTED)?.unwrap_or(tip);
        let here = managed.repo().read_ref(&managed.own_ref())?;
        let known: Vec<Oid> = seen.into_iter().collect();
        let mut sent = Store::new(managed.repo(), PROMOTED).traffic(&tip, &known)?;
        if let Some(here) = here.filter(|here| Some(*here) != seen) {
            // Runs that were recorded for it and not sent yet go, too.
            let mut known = known.clone();
            known.push(tip);
            let own = managed.own_ref();
            let waiting = Store::new(managed.repo(), &own).traffic(&here, &known)?;
            sent = Traffic { new: sent.new + waiting.new, changed: sent.changed + waiting.changed };
        }
        let plan = Load { sent, bytes: managed.repo().bytes_not_in(&[tip], &known) };
        Ok(Self { repo, managed, tip, plan })
    }

    /// What would be sent.
    #[must_use]
    pub fn plan(&self) -> Load {
        self.plan
    }

    /// The clone that it goes through.
    #[must_use]
    pub fn managed(&self) -> &Managed {
        &self.managed
    }

    /// Whether there is something to agree to: something goes, and nothing went there before.
    #[must_use]
    pub fn is_first(&self) -> bool {
        !is_known(self.managed.repo(), std::slice::from_ref(&self.managed.remote().url))
    }

    /// Merges and pushes. Nothing is asked any more.
    pub fn carry_out(&self, listener: &mut dyn Listener) -> Result<Synced> {
        let own = self.managed.own_ref();
        let merged = Store::new(self.managed.repo(), &own).for_source(self.repo, "").merge(&self.tip)?;
        tracing::debug!(joined = merged.how == How::Joined, "promoted into the managed clone");
        let steps = Steps { merge: true, push: true, fold: true, ..Steps::default() };
        sync_results(self.repo, &self.managed, Some(README), steps, listener)
    }

    /// Deletes the runs of the source repository, as they were taken; those that were recorded since stay.
    pub fn forget_local(&self) -> Result<()> {
        Ok(self.repo.delete_ref(RUNS_REF, &self.tip)?)
    }
}

/// Where the history of the source repository is in the clone, while it is merged.
const PROMOTED: &str = "refs/agentv/promoted";
