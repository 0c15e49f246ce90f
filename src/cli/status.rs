//! `git agentv status`

use std::collections::HashSet;
use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use serde::Serialize;

use crate::git::{Repo, without_credentials};
use crate::hooks::install;
use crate::hooks::pending::{self, Fate};
use crate::run::{RunId, RunStatus, format_time};
use crate::store::{Found, State, Store, Traffic};
use crate::sync;
use crate::sync::results::{Managed, configured};

use super::args::{DocumentFormat, Status};
use super::context::{Context, store};
use super::failure::Failure;
use super::human::{ago, plural};
use super::output::{DIM, YELLOW, sanitize};
use super::progress::Progress;
use super::records::{JSON_VERSION, print_json};
use super::sync::told;
use super::target::Target;

/// What `status --format json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct StatusReport {
    /// Version of this document.
    version: u32,
    /// The ref that holds the runs.
    #[serde(rename = "ref")]
    name: String,
    /// The commit that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    tip: Option<String>,
    /// When something was last recorded or changed; RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<String>,
    /// How many runs there are.
    runs: usize,
    /// How many runs were deleted.
    deleted: usize,
    /// Bundles in the working tree that can be recorded.
    unrecorded: Vec<String>,
    /// Bundles that are not complete.
    incomplete: Vec<Problem>,
    /// Bundles that can't be read.
    broken: Vec<Problem>,
    /// Runs that the next commit here will name, if the hooks are installed.
    pending: Vec<RunId>,
    /// Runs that no commit names, because HEAD went elsewhere after they were recorded.
    discarded: Vec<RunId>,
    /// Hooks of ours that are installed.
    hooks: Vec<String>,
    /// The results repository that new runs go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Results>,
    /// What of the settings about it makes no sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// The remote that runs would be shared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<Remote>,
}

/// A bundle that can't be recorded as it is.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Problem {
    /// Its directory.
    path: String,
    /// What is the matter.
    reason: String,
}

/// A results repository.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Results {
    /// What it is called.
    name: String,
    /// Its address, without credentials.
    url: String,
    /// Its branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// How many runs of it are known here; absent before it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<usize>,
    /// Runs that were recorded for it, or changed, and not sent yet.
    waiting: usize,
    /// What is recorded is sent at once.
    auto_push: bool,
}

/// A remote.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Remote {
    /// Its name.
    name: String,
    /// Its address, without credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// What only this clone has, as of the last look.
    ahead: Traffic,
    /// What only the remote has, as of the last look.
    behind: Traffic,
    /// When it was last looked what the remote has; RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    looked_at: Option<String>,
    /// Whether runs were pushed to this address before.
    pushed_before: bool,
    /// Whether runs are sent along with 'git push' (agentv.autoPush).
    auto_push: bool,
    /// The last time that this failed, unless runs were pushed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_sent: Option<NotSent>,
}

/// An automatic push that failed.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct NotSent {
    /// When; RFC 3339, UTC.
    at: String,
    /// Why.
    reason: String,
}

pub(super) fn run(context: &mut Context, args: &Status) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let report = report(context, &repo)?;
    let mut out = context.ui.out(None);
    if args.format == DocumentFormat::Json {
        print_json(&mut out, &report)?;
        out.finish()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut line = |name: &str, value: String| {
        let name = out.paint(DIM, &format!("{name:<8}"));
        writeln!(out, "{name} {value}")
    };
    line("ref", report.name.clone())?;
    if let Some(tip) = &report.tip {
        let when =
            report.changed_at.as_deref().and_then(|time| time.parse().ok()).map(|then| ago(then, Timestamp::now()));
        line("tip", format!("{} ({})", &tip[..10], when.unwrap_or_default()))?;
    }
    let deleted = if report.deleted > 0 { format!(", {} deleted", report.deleted) } else { String::new() };
    line("runs", format!("{}{deleted}", report.runs))?;
    if let Some(results) = &report.results {
        let runs = results.runs.map_or_else(|| "not looked at yet".into(), |runs| plural(runs, "run"));
        let waiting = match results.waiting {
            0 => String::new(),
            n => format!(", {} not sent yet: 'git agentv push' sends them", plural(n, "run")),
        };
        line("results", format!("{} {}: {runs}{waiting}", sanitize(&results.name), sanitize(&results.url)))?;
    }
    if let Some(problem) = &report.problem {
        line("results", format!("{}; runs are kept in this repository", sanitize(problem)))?;
    }
    line(
        "bundles",
        match report.unrecorded.len() {
            0 => "all recorded".into(),
            n => format!("{} not recorded yet: 'git agentv record' records them", plural(n, "bundle")),
        },
    )?;
    for problem in report.incomplete.iter().chain(&report.broken) {
        writeln!(out, "         {} {}", out.paint(YELLOW, &sanitize(&problem.path)), sanitize(&problem.reason))?;
    }
    let mut line = |name: &str, value: String| {
        let name = out.paint(DIM, &format!("{name:<8}"));
        writeln!(out, "{name} {value}")
    };
    let ids = |runs: &[RunId]| runs.iter().map(|id| id.as_str()[..8].to_owned()).collect::<Vec<_>>().join(", ");
    if !report.pending.is_empty() {
        line("pending", format!("{}: the next commit names {}", ids(&report.pending), them(&report.pending)))?;
    }
    if !report.discarded.is_empty() {
        let what = ids(&report.discarded);
        line("dropped", format!("{what}: HEAD moved on without them; 'git agentv link RUN COMMIT' links one"))?;
    }
    line(
        "hooks",
        if report.hooks.is_empty() {
            "none installed: 'git agentv hooks install' links runs and commits".into()
        } else {
            report.hooks.join(", ")
        },
    )?;
    line(
        "remote",
        match &report.remote {
            Some(remote) => format!("{} {}", remote.name, sanitize(remote.url.as_deref().unwrap_or_default())),
            None => "none".into(),
        },
    )?;
    if let Some(remote) = &report.remote {
        line("shared", shared(remote))?;
        if let Some(said) = auto_push(remote) {
            line("autopush", said)?;
        }
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// How far the remote is from here.
fn shared(remote: &Remote) -> String {
    let (name, nothing) = (sanitize(&remote.name), Traffic::default());
    let ahead = (remote.ahead != nothing).then(|| format!("{} not pushed to {name}", told(remote.ahead)));
    let behind = (remote.behind != nothing).then(|| format!("{} there not merged", told(remote.behind)));
    let parts: Vec<_> = [ahead, behind].into_iter().flatten().collect();
    let parts = if parts.is_empty() { format!("{name} has the same runs") } else { parts.join(", ") };
    match remote.looked_at.as_deref().and_then(|time| time.parse().ok()) {
        Some(then) => format!("{parts}; last looked {}", ago(then, Timestamp::now())),
        None => format!("{parts}; nobody looked yet"),
    }
}

/// Whether runs go by themselves, where that needs to be said.
fn auto_push(remote: &Remote) -> Option<String> {
    let name = sanitize(&remote.name);
    if let Some(NotSent { at, reason }) = &remote.not_sent {
        let when = at.parse().map(|then| ago(then, Timestamp::now())).unwrap_or_default();
        return Some(format!("failed {when}: {}; the next push tries again", sanitize(reason)));
    }
    let waits = remote.auto_push && !remote.pushed_before && remote.ahead != Traffic::default();
    waits.then(|| format!("waits until runs were pushed to {name} once: 'git agentv push {name}'"))
}

fn them(runs: &[RunId]) -> &'static str {
    if runs.len() == 1 { "it" } else { "them" }
}

fn report(context: &Context, repo: &Repo) -> Result<StatusReport, Failure> {
    let store = store(repo);
    let mut progress = Progress::new(&context.ui, "counting runs");
    let (mut runs, mut deleted) = (0, 0);
    for run in store.rows(true)? {
        match run?.row.status {
            RunStatus::Pruned => deleted += 1,
            RunStatus::Complete | RunStatus::Partial | RunStatus::Stripped | RunStatus::Other => runs += 1,
        }
        progress.set(runs + deleted, 0);
    }
    drop(progress);
    let tip = repo.read_ref(store.name())?;
    let changed = tip.map(|tip| repo.commit(&tip)).transpose()?.map(|commit| commit.committed);
    let shown = |path: &std::path::Path| path.strip_prefix(&context.dir).unwrap_or(path).display().to_string();
    let (mut unrecorded, mut incomplete, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    let target = Target::known(&context.ui, repo);
    let (results, problem) = results(context, repo)?;
    // A bundle that is recorded in either place is recorded.
    let here: HashSet<_> = store.unrecorded()?.into_iter().map(|found| found.path).collect();
    for Found { path, state } in target.store().unrecorded()?.into_iter().filter(|found| here.contains(&found.path)) {
        match state {
            State::Ready => unrecorded.push(shown(&path)),
            State::Incomplete(reason) => incomplete.push(Problem { path: shown(&path), reason }),
            State::Broken(err) => broken.push(Problem { path: shown(&path), reason: err.to_string() }),
        }
    }
    let waiting = pending::list(&target.store())?;
    let discarded = pending::discarded(&target.store(), &waiting)?;
    let pending = waiting.into_iter().filter(|run| run.fate == Fate::Pending).map(|run| run.id).collect();
    Ok(StatusReport {
        pending,
        discarded,
        version: JSON_VERSION,
        name: store.name().into(),
        tip: tip.map(|tip| tip.to_string()),
        changed_at: changed.and_then(|seconds| Timestamp::from_second(seconds).ok()).map(format_time),
        runs,
        deleted,
        unrecorded,
        incomplete,
        broken,
        hooks: hooks(repo)?,
        results,
        problem,
        remote: remote(repo, runs + deleted)?,
    })
}

/// The results repository, and what is wrong with the settings about it.
fn results(context: &Context, repo: &Repo) -> Result<(Option<Results>, Option<String>), Failure> {
    let dirs = context.ui.env.dirs();
    let found = configured(repo, &dirs)?;
    let Some(results) = found.results else { return Ok((None, found.problem)) };
    let (mut runs, mut waiting, mut branch) = (None, 0, results.branch.clone());
    if let Some(managed) = Managed::open(&dirs, &results)? {
        let name = managed.readable_ref()?;
        let store = Store::new(managed.repo(), &name);
        runs = Some(store.rows(false)?.count());
        branch = Some(managed.branch().to_owned());
        if name == managed.own_ref()
            && let Some(tip) = store.tip_id()?
        {
            let known: Vec<_> = managed.repo().read_ref(&managed.tracking_ref())?.into_iter().collect();
            let traffic = store.traffic(&tip, &known)?;
            waiting = traffic.new + traffic.changed;
        }
    }
    let (name, url, auto_push) = (results.name(), results.shown(), results.auto_push);
    Ok((Some(Results { name, url, branch, runs, waiting, auto_push }), found.problem))
}

/// The hooks that call us, as far as one can see. 'git agentv hooks status' tries them.
fn hooks(repo: &Repo) -> Result<Vec<String>, Failure> {
    let (_, hooks) = install::inspect(repo)?;
    Ok(hooks.iter().filter(|hook| hook.how.is_wired()).map(|hook| hook.event.name().to_owned()).collect())
}

/// The elected remote, as it is told. `all` is how many runs there are here.
fn remote(repo: &Repo, all: usize) -> Result<Option<Remote>, Failure> {
    let Some(remote) = repo.elected_remote()? else { return Ok(None) };
    let standing = sync::standing(repo, &remote)?;
    let time = |seconds| Timestamp::from_second(seconds).ok().map(format_time);
    let not_sent = sync::not_sent(repo, &remote.name)
        .and_then(|failed| Some(NotSent { at: time(failed.at)?, reason: failed.reason }));
    Ok(Some(Remote {
        url: Some(without_credentials(&remote.url)),
        ahead: standing.ahead.unwrap_or(Traffic { new: all, changed: 0 }),
        behind: standing.behind,
        looked_at: standing.looked.and_then(time),
        pushed_before: sync::was_pushed_to(repo, &remote)?,
        auto_push: repo.setting_bool("agentv.autoPush")?.unwrap_or(false),
        not_sent,
        name: remote.name,
    }))
}
