//! `git agentv reindex`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueHint};
use serde::Serialize;

use crate::git::{ConfigScope, Pushed, RemoteBranch, Repo, without_credentials};
use crate::index::projection::{Drift, Projection};
use crate::run::RunId;
use crate::store::{Differences, IndexPlan, Layout, LeftOut, Reindexed, Store};

use super::args::DocumentFormat;
use super::context::{Context, store};
use super::failure::Failure;
use super::human::plural;
use super::output::{Out, sanitize};
use super::progress::Progress;
use super::records::{JSON_VERSION, print_json};

/// How often we push again because somebody else was faster.
const PUSHES: u32 = 5;
/// Runs that are named for people.
const NAMED: usize = 5;

/// `git agentv reindex`
#[derive(Debug, Args)]
#[command(after_help = "\
With --repo, writes the index of a results repository, in one commit on its branch:
index/runs.jsonl has a row of JSON for each run, newest last; older rows are in
index/runs-0001.jsonl and so on, 1,000 in each. A store that has an index keeps it from then
on. Results repositories of upstream's tools (runs/EXPERIMENT/TIME/… or TIME/…) are indexed,
too. No working copy is needed; one that has the branch checked out is brought along. A second
run changes nothing. A URL is cloned without file contents, and pushed to, never by force.

Without --repo, builds the local cache of queries anew, from the log of this repository.

--check changes nothing, says what differs, and ends with 1 if anything does.

Examples:
  git agentv reindex --repo ../results
  git agentv reindex --repo https://example.com/team/results.git --branch agentv/results/v1
  git agentv reindex --repo ../results --check --format json
  git agentv reindex")]
pub struct Reindex {
    /// The results repository, a directory or an address; the cache of this repository if not given
    #[arg(long, value_name = "PATH|URL", value_hint = ValueHint::AnyPath, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub repo: Option<String>,
    /// The branch that holds the runs; main if there is one, else the one that HEAD names
    #[arg(long, value_name = "BRANCH", requires = "repo")]
    pub branch: Option<String>,
    /// Only say what differs
    #[arg(long)]
    pub check: bool,
    /// How to print what was done
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// What `reindex --repo … --format json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    version: u32,
    /// The repository, without credentials.
    repo: String,
    branch: &'a str,
    layout: Layout,
    /// Rows that the index has, or with `--check` should have.
    rows: usize,
    /// Whether the index was or is as it should be.
    equal: bool,
    /// Whether there was an index.
    existed: bool,
    /// What was wrong with it; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<&'a Differences>,
    left_out: &'a [LeftOut],
    /// The new commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// Working trees that were brought along.
    worktrees: &'a [PathBuf],
    seconds: f64,
}

/// What `reindex --format json` prints.
#[derive(Debug, Serialize)]
struct CacheReport<'a> {
    version: u32,
    #[serde(rename = "ref")]
    name: &'a str,
    runs: usize,
    equal: bool,
    differences: &'a Drift,
    seconds: f64,
}

pub(super) fn run(context: &mut Context, args: &Reindex) -> Result<ExitCode, Failure> {
    let start = Instant::now();
    let Some(place) = args.repo.as_deref() else {
        return cache(context, args, start);
    };
    let parameters = context.ui.env.git_config_parameters.clone();
    let path = context.path(Path::new(place));
    if is_address(place) && !path.exists() {
        let remote = RemoteBranch::open(place, args.branch.as_deref(), parameters.as_deref())?;
        let name = format!("refs/heads/{}", remote.branch());
        let done = index_remote(context, args, &remote, &name)?;
        return report(context, args, &without_credentials(place), remote.branch(), &done, start);
    }
    if !path.exists() {
        return Err(Failure::new(format!("there is no directory '{}'", path.display())));
    }
    let repo = Repo::discover_at(&path, ConfigScope::Full, parameters.as_deref())?;
    context.ui.adopt(&repo);
    let name = local_branch(&repo, args.branch.as_deref(), place)?;
    let done = index(context, args, &Store::new(&repo, &name))?;
    report(context, args, place, name.strip_prefix("refs/heads/").unwrap_or(&name), &done, start)
}

/// Whether something names a repository elsewhere: `scheme://…`, or `host:path` as ssh has it.
fn is_address(place: &str) -> bool {
    place.contains("://") || place.split_once(':').is_some_and(|(host, _)| host.len() > 1 && !host.contains('/'))
}

/// The full name of the branch to index.
fn local_branch(repo: &Repo, wanted: Option<&str>, place: &str) -> Result<String, Failure> {
    let missing = |name: &str| crate::git::Error::NoBranch { name: name.to_owned(), place: place.to_owned() };
    let full = |branch: &str| {
        if branch.starts_with("refs/") { branch.to_owned() } else { format!("refs/heads/{branch}") }
    };
    if let Some(wanted) = wanted {
        let name = full(wanted);
        let exists = !wanted.is_empty() && repo.read_ref(&name).ok().flatten().is_some();
        return if exists { Ok(name) } else { Err(missing(wanted).into()) };
    }
    let main = full("main");
    if repo.read_ref(&main)?.is_some() {
        return Ok(main);
    }
    let head = repo.head()?;
    match (head.branch, head.commit) {
        (Some(branch), Some(_)) => Ok(full(&branch)),
        (None, Some(_)) => Err(Failure::new(format!("HEAD of '{place}' is no branch, and there is no main"))
            .hint("name the branch of the results with --branch")),
        (_, None) => Err(missing("").into()),
    }
}

fn index(context: &Context, args: &Reindex, store: &Store<'_>) -> Result<Reindexed, Failure> {
    let mut progress = Progress::new(&context.ui, "reading runs");
    let mut progress = |done: usize, total: usize| progress.set(done, total);
    if args.check {
        let plan = store.plan_index(&mut progress)?;
        return Ok(Reindexed { plan, commit: None, worktrees: Vec::new() });
    }
    Ok(store.reindex(&mut progress)?)
}

fn index_remote(context: &Context, args: &Reindex, remote: &RemoteBranch, name: &str) -> Result<Reindexed, Failure> {
    let store = Store::new(remote.repo(), name);
    for _ in 0..PUSHES {
        let done = index(context, args, &store)?;
        if done.commit.is_none() || remote.push(&done.plan.tip())? == Pushed::Done {
            return Ok(done);
        }
    }
    Err(Failure::new(format!("others pushed to '{}' each time that we tried", remote.branch()))
        .hint("nothing was lost; try again when it is quieter"))
}

fn report(
    context: &Context,
    args: &Reindex,
    place: &str,
    branch: &str,
    done: &Reindexed,
    start: Instant,
) -> Result<ExitCode, Failure> {
    let Reindexed { plan, commit, worktrees } = done;
    let equal = plan.is_done();
    let mut out = context.ui.out(None);
    match args.format {
        DocumentFormat::Json => print_json(
            &mut out,
            &Report {
                version: JSON_VERSION,
                repo: place.to_owned(),
                branch,
                layout: plan.layout,
                rows: plan.rows(),
                equal,
                existed: plan.differences.is_some(),
                differences: plan.differences.as_ref(),
                left_out: &plan.left_out,
                commit: commit.map(|id| id.to_string()),
                worktrees,
                seconds: start.elapsed().as_secs_f64(),
            },
        )?,
        DocumentFormat::Text => {
            let (branch, rows) = (sanitize(branch), plural(plan.rows(), "row"));
            match commit {
                Some(id) => {
                    let took = start.elapsed().as_secs_f64();
                    writeln!(out, "indexed {branch}: {rows} in {took:.1} s  [{}]", &id.to_string()[..10])?;
                }
                None if equal => {
                    let nothing = if args.check { "" } else { "nothing to do: " };
                    writeln!(out, "{nothing}the index of {branch} is right, {rows}")?;
                }
                None => writeln!(out, "the index of {branch} is wrong: it should have {rows}")?,
            }
            if !equal {
                tell(&mut out, plan)?;
            }
            for dir in worktrees {
                writeln!(out, "  brought along: {}", sanitize(&dir.display().to_string()))?;
            }
        }
    }
    out.finish()?;
    for LeftOut { path, reason } in &plan.left_out {
        context.ui.warning(&format!("not in the index: {path}: {reason}"));
    }
    Ok(ExitCode::from(u8::from(args.check && !equal)))
}

/// What was or is wrong with an index.
fn tell(out: &mut Out, plan: &IndexPlan) -> std::io::Result<()> {
    let Some(Differences { missing, extra, changed, repeated, bad_lines }) = &plan.differences else {
        return writeln!(out, "  there was no index");
    };
    let mut line = |count: usize, what: &str, names: Vec<&str>| {
        if count == 0 {
            return Ok(());
        }
        let more = if count > names.len() { ", …" } else { "" };
        writeln!(out, "  {}: {}{more}", what.replace("{}", &plural(count, "row")), sanitize(&names.join(", ")))
    };
    let ids = |ids: &[RunId]| ids.len();
    let few = |ids: &'_ [RunId]| ids.iter().take(NAMED).map(|id| id.as_str().to_owned()).collect::<Vec<_>>();
    for (runs, what) in [
        (missing, "{} missing"),
        (extra, "{} of no run"),
        (changed, "{} that say something else"),
        (repeated, "{} that are there again"),
    ] {
        line(ids(runs), what, few(runs).iter().map(String::as_str).collect())?;
    }
    let lines = bad_lines.iter().take(NAMED).map(String::as_str).collect();
    line(bad_lines.len(), "lines that are no rows", lines)
}

/// Without a results repository: the cache of queries.
fn cache(context: &mut Context, args: &Reindex, start: Instant) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let store = store(&repo);
    if store.tip_id()?.is_none() {
        return Err(Failure::new("no runs are recorded in this repository")
            .hint("'git agentv reindex --repo .' writes the index of a results repository"));
    }
    let mut progress = Progress::new(&context.ui, "reading runs");
    let mut each = |done: usize| progress.set(done, 0);
    let drift = if args.check {
        Projection::check(&store, &mut each)?
    } else {
        let runs = Projection::rebuild(&store, &mut each)?;
        Drift { runs, ..Drift::default() }
    };
    drop(progress);
    let (equal, took) = (drift.is_none(), start.elapsed().as_secs_f64());
    let mut out = context.ui.out(None);
    let runs = plural(drift.runs, "run");
    match (args.format, args.check) {
        (DocumentFormat::Json, _) => {
            let (name, runs) = (store.name(), drift.runs);
            let differences = &drift;
            print_json(
                &mut out,
                &CacheReport { version: JSON_VERSION, name, runs, equal, differences, seconds: took },
            )?;
        }
        (DocumentFormat::Text, false) => writeln!(out, "built the cache of queries anew: {runs} in {took:.1} s")?,
        (DocumentFormat::Text, true) if equal => writeln!(out, "the cache of queries is right: {runs}")?,
        (DocumentFormat::Text, true) => {
            writeln!(out, "the cache of queries is wrong: {}", sanitize(&drift.told()))?;
        }
    }
    out.finish()?;
    Ok(ExitCode::from(u8::from(!equal)))
}
