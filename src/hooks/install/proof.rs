//! Whether the hooks work: not by looking for a mark, but by commits in a scratch repository that has the same hooks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::git::{Git, Remote, Repo, cited, find_program};
use crate::hooks::{Event, TRAILER, pending};
use crate::run::formats::generic::Given;
use crate::run::{DirBundle, RunId};
use crate::store::{Provenance, RUNS_REF, RecordOptions, Store};

use super::inspect::{self, Hook, How};
use super::{Error, Place, Result};
use super::{scratch, script};

/// How long runs may take to follow a push from one directory to another.
const PATIENCE: Duration = Duration::from_secs(10);
/// An editor that is left without a word.
const LEFT_ALONE: &str = "true";
/// An editor with somebody who writes a subject.
const TYPES: &str = "write() { { echo 'test: an editor' && cat \"$1\"; } >\"$1.new\" && cat \"$1.new\" >\"$1\" && rm \"$1.new\"; }; write";

/// What was tried, and whether it went as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The hook that this depends on.
    pub event: Event,
    /// What must hold.
    pub what: &'static str,
    /// Whether it does.
    pub ok: bool,
    /// Why it doesn't, where that can be told.
    pub detail: Option<String>,
}

/// The outcome of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// In the order in which they were made.
    pub checks: Vec<Check>,
}

impl Proof {
    /// Whether all works.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }
}

/// Makes commits in a scratch repository with a copy of the hooks of `repo`, which is only read.
pub fn prove(repo: &Repo) -> Result<Proof> {
    let place = Place::of(repo)?;
    let dir = tempfile::Builder::new()
        .prefix("agentv-hooks-")
        .tempdir()
        .map_err(Error::io("write", "a scratch directory"))?;
    let top = dir.path().canonicalize().map_err(Error::io("read", dir.path()))?.join("repo");
    let scratch = scratch::create(repo, &place, &top)?;
    let trial = Trial { repo: &scratch, store: Store::new(&scratch, RUNS_REF), top: &top };
    let mut checks = vec![trial.abandoned()?, trial.committed()?];
    if checks.iter().all(|check| check.ok || check.event != Event::PrepareCommitMsg) {
        checks.push(trial.edited(&inspect::hook(repo, &place, Event::CommitMsg)?)?);
    }
    checks.push(trial.amended()?);
    let hook = inspect::hook(repo, &place, Event::PrePush)?;
    if Event::PrePush.is_wanted(repo) || hook.how.is_wired() {
        checks.extend(trial.pushed(&hook)?);
    }
    Ok(Proof { checks })
}

struct Trial<'a> {
    repo: &'a Repo,
    store: Store<'a>,
    top: &'a Path,
}

impl Trial<'_> {
    /// An editor that is left as it was makes no commit, although the message holds our trailer.
    fn abandoned(&self) -> Result<Check> {
        self.record("abandoned")?;
        let before = self.head()?;
        let said = self.commit(LEFT_ALONE, &["--allow-empty"])?;
        let message = fs::read_to_string(self.top.join(".git/COMMIT_EDITMSG")).unwrap_or_default();
        let (same, emptied) = (self.head()? == before, !message.lines().any(|line| line.starts_with(TRAILER)));
        let why = if same {
            "another hook stopped it before ours saw it"
        } else {
            "it made a commit with nothing but our trailer"
        };
        let ok = same && emptied;
        Ok(self.check(Event::CommitMsg, "a commit whose message stays empty is still abandoned", ok, why, &said))
    }

    /// A commit names the run that was recorded on the code before it.
    fn committed(&self) -> Result<Check> {
        let run = self.record("committed")?;
        let before = self.head()?;
        let said = self.commit(LEFT_ALONE, &["--allow-empty", "--no-verify", "-m", "test: the hooks of git agentv"])?;
        let (named, why) = self.names(&run, &before)?;
        Ok(self.check(Event::PrepareCommitMsg, "a commit names the run of its code", named, why, &said))
    }

    /// So does one whose message is written in an editor; where `hook`, the `commit-msg` of the repository itself, does not
    /// call us, it can't.
    fn edited(&self, hook: &Hook) -> Result<Check> {
        let run = self.record("edited")?;
        let before = self.head()?;
        let said = self.commit(TYPES, &["--allow-empty", "--no-verify"])?;
        let (named, why) = self.names(&run, &before)?;
        let check =
            self.check(Event::CommitMsg, "so does one whose message is written in an editor", named, why, &said);
        // It may be so here all the same, where the copy of the hooks is ours to change.
        let unwired =
            || "nothing of ours would run after the editor, so that leaving it could make a commit".to_owned();
        Ok(if hook.how.is_wired() { check } else { Check { ok: false, detail: Some(unwired()), ..check } })
    }

    /// Whether a commit was made that names `run`, and why not.
    fn names(&self, run: &RunId, before: &str) -> Result<(bool, &'static str)> {
        let head = self.head()?;
        let commit = self.repo.resolve_commit(&head).and_then(|id| self.repo.commit(&id))?;
        let named = cited(&commit.message, TRAILER).any(|id| id == run.to_string());
        Ok((named, if head == before { "git made no commit" } else { "the commit does not name it" }))
    }

    /// A run stays linked to a commit that is amended.
    fn amended(&self) -> Result<Check> {
        let run = self.record("amended")?;
        let before = self.head()?;
        let args = ["--amend", "--no-edit", "--allow-empty", "--no-verify", "--date=2001-01-01T00:00:00Z"];
        let said = self.commit(LEFT_ALONE, &args)?;
        let head = self.head()?;
        let linked = self.store.find(&run.to_string())?.overlay.is_linked(&head);
        let why = if head == before { "git made no commit" } else { "the run knows nothing of the new commit" };
        Ok(self.check(Event::PostRewrite, "the run of a commit that is amended stays linked", linked, why, &said))
    }

    /// Runs follow a push, to a repository beside. Only our part of the hook runs for it: those of others test, build and
    /// deploy. Where we are called by what we can't read nothing is tried.
    fn pushed(&self, hook: &Hook) -> Result<Option<Check>> {
        if matches!(hook.how, How::ByHand | How::Managed(_)) {
            return Ok(None);
        }
        let git = |subcommand: &str, args: &[&str]| Git::in_dir(self.top, subcommand).args(args).run_text();
        let hub = self.top.with_file_name("hub.git");
        git("init", &["--quiet", "--bare", "--template=", &hub.to_string_lossy()])?;
        git("remote", &["add", "origin", &hub.to_string_lossy()])?;
        git("config", &["--local", "agentv.autoPush", "true"])?;
        let place = self.repo.hooks_dir()?;
        if let Some(script) = script::up_to_our_end(&fs::read(&hook.path).unwrap_or_default()) {
            fs::create_dir_all(&place).map_err(Error::io("create", &place))?;
            let path = place.join(Event::PrePush.name());
            fs::write(&path, script).map_err(Error::io("write", &path))?;
            let runs = crate::git::is_executable(&hook.path);
            super::files::set_mode(&path, if runs { super::MODE } else { 0o644 }).map_err(Error::io("write", &path))?;
        }
        let run = self.record("pushed")?;
        let scratch = Repo::at(self.top)?;
        let remote = Remote { name: "origin".into(), url: scratch.remote_url("origin").unwrap_or_default() };
        // Nobody has to agree to what goes nowhere.
        crate::sync::remember(&scratch, &remote)?;
        let (output, _) = Git::in_dir(self.top, "push").args(["origin", "HEAD:refs/heads/main"]).output()?;
        let said = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
        let (start, mut arrived) = (Instant::now(), false);
        let calls = matches!(hook.how, How::File | How::Block | How::Chained);
        while calls && !arrived && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
            // The last thing that it does is to note what the remote has now.
            arrived = scratch.read_ref(&crate::sync::tracking_ref(&remote.name)).is_ok_and(|there| there.is_some());
        }
        let hub = Repo::at(&hub)?;
        let ok = arrived && Store::new(&hub, RUNS_REF).find(run.as_str()).is_ok();
        Ok(Some(self.check(Event::PrePush, "runs follow a push", ok, "they did not arrive", &said)))
    }

    fn check(&self, event: Event, what: &'static str, ok: bool, why: &str, said: &str) -> Check {
        let log = fs::read_to_string(self.repo.agentv_dir().join("hook.log")).unwrap_or_default();
        let more = if find_program("git-agentv", |_| true).is_none() {
            "git-agentv is not on PATH".to_owned()
        } else {
            log.lines().last().map_or_else(|| said.to_owned(), str::to_owned)
        };
        let detail = if more.is_empty() { why.to_owned() } else { format!("{why}: {more}") };
        Check { event, what, ok, detail: (!ok).then_some(detail) }
    }

    /// `git commit`, and what it said if it failed.
    fn commit(&self, editor: &str, args: &[&str]) -> Result<String> {
        let (output, _) = Git::in_dir(self.top, "commit").args(args).env("GIT_EDITOR", editor).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
        Ok(if output.status.success() { String::new() } else { said })
    }

    fn head(&self) -> Result<String> {
        Ok(Git::in_dir(self.top, "rev-parse").arg("HEAD").run_text()?)
    }

    /// Records a run of the code that HEAD names, once for each `name`.
    fn record(&self, name: &str) -> Result<RunId> {
        let bundle: PathBuf = self.top.with_file_name(name);
        fs::create_dir_all(&bundle).map_err(Error::io("write", &bundle))?;
        fs::write(bundle.join("log"), name).map_err(Error::io("write", &bundle))?;
        let head = self.head()?;
        let options = RecordOptions {
            given: Given { name: Some(name.to_owned()), ..Given::default() },
            partial: false,
            provenance: Provenance::Given(self.repo.resolve_commit(&head)?),
            source_diff: None,
        };
        let bundle = DirBundle::load(&bundle).map_err(crate::store::Error::from)?;
        let recorded = self.store.record(self.store.start()?, &bundle, &options)?;
        pending::note(&self.store, &recorded.row.id, recorded.source.commit.as_deref())?;
        Ok(recorded.row.id)
    }
}
