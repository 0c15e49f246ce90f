//! Sharing runs through a remote: fetch, union merge, push.
//!
//! A push never forces anything: it moves the remote's ref from the commit that was seen to one on top of it. Whoever loses a race merges what the other
//! pushed and tries again; whoever keeps losing leaves its commits in an inbox of its own, which the next sync of anyone folds in.
//! Nothing here prints, and nothing is remembered between the steps but refs: an interrupted sync is completed by the next one.

mod error;
mod inbox;
mod lock;
mod pace;
pub mod places;
mod remote;
pub mod results;
mod standing;

use crate::git::{Moved, Oid, PushRef, RefPush, Repo};
use crate::store::{RUNS_REF, Store, Traffic};

pub use crate::git::{Remote, without_credentials};
pub use error::{Error, Result};
pub use remote::{elect, is_known, tracking_ref};
pub use standing::{Standing, standing};

use pace::Pace;
use remote::{inbox_prefix, inbox_refspec, remember, runs_refspec};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Merge what the remote has into the own runs. A push does so, too.
    pub merge: bool,
    /// Push.
    pub push: bool,
    /// Take in what others left in their inboxes, however much it is. Who only pushes does it when nothing else goes on.
    pub fold: bool,
    /// Change nothing but what is known of the remote.
    pub dry_run: bool,
}

/// What a sync came to.
#[derive(Debug, Clone, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Synced {
    /// Runs that came from the remote, or would come.
    pub received: Traffic,
    /// About how many bytes they take; absent if it could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
    /// Runs that went to the remote, or would go.
    pub sent: Traffic,
    /// About how many bytes they take; absent if it could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_bytes: Option<u64>,
    /// Runs that both sides had changed.
    pub merged: usize,
    /// Inboxes of others that were folded in.
    pub folded: Vec<String>,
    /// What of the remote was left alone, and why.
    pub left: Vec<String>,
    /// The inbox that took the runs, because others kept being faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbox: Option<String>,
    /// How often the push was tried.
    pub attempts: u32,
}

/// What is going to be pushed, for who has to agree.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Runs that go.
    pub sent: Traffic,
    /// About how many bytes; none if it could not be told.
    pub bytes: Option<u64>,
}

/// Asks and tells while a sync runs.
pub trait Listener {
    /// Whether to push for the first time to this remote.
    fn agree(&mut self, remote: &Remote, plan: Plan) -> bool;
    /// What git is doing.
    fn progress(&mut self, line: &str);
}

/// Syncs the runs of `repo` with a remote.
pub fn sync(repo: &Repo, remote: &Remote, steps: Steps, listener: &mut dyn Listener) -> Result<Synced> {
    repo.ensure_git().map_err(Error::from)?;
    let _lock = lock::take(repo)?;
    Sync { repo, store: Store::new(repo, RUNS_REF), remote, steps }.run(listener)
}

struct Sync<'a> {
    repo: &'a Repo,
    store: Store<'a>,
    remote: &'a Remote,
    steps: Steps,
}

/// What the remote has, as it was last seen.
#[derive(Default)]
struct Seen {
    tip: Option<Oid>,
    /// Name of each inbox on the remote, and its tip.
    inboxes: Vec<(String, Oid)>,
}

/// What came from the remote.
#[derive(Default)]
struct Came {
    seen: Seen,
    /// Tips of its runs that were seen before.
    tips: Vec<Oid>,
    /// Whether the inboxes are taken in, too.
    folded: bool,
}

impl Sync<'_> {
    fn run(&self, listener: &mut dyn Listener) -> Result<Synced> {
        let mut synced = Synced::default();
        let before: Vec<Oid> = self.store.tip_id()?.into_iter().collect();
        let mut came = Came { seen: self.fetch(true, listener, &mut synced)?, ..Came::default() };
        self.exchange(&mut came, listener, &mut synced)?;
        came.tips.extend(came.seen.tip);
        if came.folded || !self.steps.push {
            came.tips.extend(came.seen.inboxes.iter().map(|(_, id)| *id));
        }
        (synced.received, synced.received_bytes) = self.store.news(&came.tips, &before)?;
        Ok(synced)
    }

    /// Merges and pushes until the remote has all that we have, or our inbox does.
    fn exchange(&self, came: &mut Came, listener: &mut dyn Listener, synced: &mut Synced) -> Result<()> {
        let (mut pace, mut agreed) = (Pace::new(), is_known(self.repo, self.remote));
        let mut is_sent = false;
        loop {
            self.merge(came, synced)?;
            let ours = self.store.tip_id()?;
            let Some(tip) = ours.filter(|_| self.steps.push) else { return Ok(()) };
            let known: Vec<Oid> = came.seen.all().collect();
            if self.steps.dry_run {
                (synced.sent, synced.sent_bytes) = self.store.news(&[tip], &known)?;
                return Ok(());
            }
            if came.seen.tip != Some(tip) {
                if !agreed {
                    let (sent, bytes) = self.store.news(&[tip], &known)?;
                    if !listener.agree(self.remote, Plan { sent, bytes }) {
                        return Err(Error::NotAgreed);
                    }
                }
                agreed = true;
                synced.attempts += 1;
                let what = PushRef { name: RUNS_REF, new: Some(tip), old: came.seen.tip };
                match self.repo.push(&self.remote.name, what, &mut |line| listener.progress(line))? {
                    RefPush::Done => {
                        remember(self.repo, self.remote);
                        self.note(&tip, came.seen.tip)?;
                        came.tips.extend(came.seen.tip.replace(tip));
                    }
                    RefPush::Rejected(reason) => {
                        tracing::debug!(%reason, ?pace, "push rejected");
                        // Whether it was a race shows in the ref, never in words alone.
                        let now = self.fetch(self.steps.fold, listener, synced)?;
                        if now.tip != came.seen.tip {
                            pace.lost();
                        } else if !(is_lock(&reason) && pace.locked()) {
                            return Err(Error::Refused { remote: self.remote.name.clone(), reason });
                        }
                        came.tips.extend(came.seen.tip);
                        came.seen.tip = now.tip;
                        if self.steps.fold {
                            came.seen.inboxes = now.inboxes;
                        }
                        if !pace.is_crowded() {
                            pace.wait();
                        } else if is_sent {
                            // Ours is there. What is in the inboxes stays in them.
                            return Ok(());
                        } else {
                            (synced.sent, synced.sent_bytes) = self.store.news(&[tip], &known)?;
                            return self.leave_in_inbox(came, listener, synced);
                        }
                        continue;
                    }
                }
                if !is_sent {
                    (synced.sent, synced.sent_bytes) = self.store.news(&[tip], &known)?;
                }
            }
            is_sent = true;
            if came.seen.inboxes.is_empty() || came.folded {
                self.clear(&came.seen.inboxes, listener, synced);
                return Ok(());
            }
            // Only now: while others push, too, the own runs are quicker without them.
            if !self.steps.fold && !pace.is_quiet() {
                return Ok(());
            }
            came.folded = true;
        }
    }

    /// Looks at what the remote has: its runs, and inboxes if they are wanted.
    fn fetch(&self, inboxes: bool, listener: &mut dyn Listener, synced: &mut Synced) -> Result<Seen> {
        let name = &self.remote.name;
        let refspecs = std::iter::once(runs_refspec(name)).chain(inboxes.then(|| inbox_refspec(name)));
        let refspecs: Vec<String> = refspecs.collect();
        self.repo.fetch(name, &refspecs, &mut |line| listener.progress(line))?;
        let tracking = tracking_ref(name);
        let tip = Store::new(self.repo, &tracking).tip_id()?;
        let mut seen = Seen { tip, inboxes: Vec::new() };
        let prefix = inbox_prefix(name);
        for (full, id) in if inboxes { self.repo.refs_below(&prefix)? } else { Vec::new() } {
            let short = full.strip_prefix(&prefix).unwrap_or(&full).to_owned();
            match Store::new(self.repo, &full).tip_id() {
                Ok(_) => seen.inboxes.push((short, id)),
                Err(err) => synced.leave(format!("refs/agentv/inbox/{short}: {err}")),
            }
        }
        Ok(seen)
    }

    /// Merges what was seen.
    fn merge(&self, came: &mut Came, synced: &mut Synced) -> Result<()> {
        if self.steps.dry_run || !(self.steps.merge || self.steps.push) {
            return Ok(());
        }
        if !self.steps.push {
            came.folded = true;
        }
        if let Some(tip) = &came.seen.tip {
            synced.merged += self.store.merge(tip)?.both;
        }
        if came.folded && !came.seen.inboxes.is_empty() {
            // After a race nearly all of them are here already.
            let inboxes: Vec<Oid> = came.seen.inboxes.iter().map(|(_, id)| *id).collect();
            let ours: Vec<Oid> = self.store.tip_id()?.into_iter().collect();
            let missing = self.repo.ids_not_in(&inboxes, &ours)?;
            for id in inboxes.iter().filter(|id| missing.contains(id)) {
                synced.merged += self.store.merge(id)?.both;
            }
        }
        Ok(())
    }

    /// Notes what the remote has now.
    fn note(&self, tip: &Oid, old: Option<Oid>) -> Result<()> {
        let tracking = tracking_ref(&self.remote.name);
        let moved = self.repo.start_ref_move("agentv: push")?.finish(self.repo, &tracking, tip, old.as_ref())?;
        if let Moved::Refused(reason) = moved {
            // The next fetch sees it anyhow.
            tracing::debug!(%reason, "{tracking} not moved");
        }
        Ok(())
    }
}

impl Seen {
    fn all(&self) -> impl Iterator<Item = Oid> {
        self.tip.into_iter().chain(self.inboxes.iter().map(|(_, id)| *id))
    }
}

impl Synced {
    /// Says once that something was left alone.
    fn leave(&mut self, line: String) {
        if !self.left.contains(&line) {
            self.left.push(line);
        }
    }
}

/// Whether a host says that one of its locks was taken. It is only asked when the ref did not move.
fn is_lock(reason: &str) -> bool {
    [
        "lock",
        "failed to update ref",
        "incorrect old value",
        "stale info",
        "fetch first",
        "non-fast-forward",
        "reference already exists",
    ]
    .iter()
    .any(|words| reason.contains(words))
}
