//! `git agentv compact`

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::git::{Oid, Reclaimed, Repo};
use crate::store::{Compacted, RUNS_REF, Store};

use super::args::DocumentFormat;
use super::context::{Context, store};
use super::failure::Failure;
use super::human::{bytes, plural};
use super::output::{Out, sanitize};
use super::progress::Progress;
use super::prune::{self, Which};
use super::records::{JSON_VERSION, print_json};

/// Stands behind the name of a ref whose log is meant.
const LOG: &str = "@{log}";

/// `git agentv compact`
#[derive(Debug, Args)]
#[command(after_help = "\
Rewrites refs/agentv/runs/v1 so that the files of deleted runs are not in its history any more.
Their rows and numbers stay, and so do all other runs, with their ids, files, tags and dates.
Commits keep author, committer and dates; signatures of rewritten commits are lost.

The log announces it. On the next sync other clones follow, and bring their own new runs, tags
and deletions along; nothing comes back by merging an old clone. The remote must allow that
refs/agentv/runs/v1 is rewritten. A run that was compacted can't be restored, here or elsewhere.

With --older-than, old runs are deleted first, see 'git agentv prune'.

What is not reached any more is then removed from this repository, without a gc of all of it.
Run it again after a sync: until then, what is known of the remote holds the old history.

To get rid of a secret: delete the run, compact, sync, compact. The host may keep unreachable
objects, and show them to who knows their id, until it runs its own gc: ask it to.

Examples:
  git agentv compact --dry-run
  git agentv compact --older-than 180d --keep tag:baseline
  git agentv compact --yes && git agentv sync && git agentv compact --yes")]
pub struct Compact {
    /// First delete runs that are older, as 180d, 26w, 6mo, 1y or a date
    #[arg(long, value_name = "AGE")]
    pub older_than: Option<String>,
    #[command(flatten)]
    pub which: Which,
    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do it without a question
    #[arg(short, long)]
    pub yes: bool,
    /// How to print what was done
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// What `compact` prints with `--format json`.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub(super) struct CompactReport {
    /// Version of this document.
    version: u32,
    /// Nothing was changed: it says what would be done.
    dry_run: bool,
    /// Runs that were deleted first, because they are old.
    pruned: usize,
    /// Deleted runs whose files history had.
    runs: usize,
    /// Commits of the history.
    commits: usize,
    /// Commits that were made anew.
    rewritten: usize,
    /// The tip before.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    /// The tip that took its place; absent if there was nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<String>,
    /// Bytes on disk of all that the history reached before; absent if that can't be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_before: Option<u64>,
    /// Bytes on disk of all that it reaches now, or about as much as it would.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_after: Option<u64>,
    /// Bytes that this repository takes less on disk.
    freed_bytes: u64,
    /// Bytes of objects that nothing reaches and that were left for 'git gc --prune=now' to remove.
    left_bytes: u64,
    /// Refs that still reach the old history; a name of a ref may stand there for its log.
    held_by: Vec<String>,
}

pub(super) fn run(context: &mut Context, args: &Compact) -> Result<ExitCode, Failure> {
    if args.older_than.is_none() && (!args.which.keep.is_empty() || args.which.artifacts_only) {
        return Err(Failure::usage("--keep and --artifacts-only say which old runs are deleted")
            .hint("give --older-than, too; runs that are not deleted keep their files anyway"));
    }
    let repo = context.repo()?;
    let store = store(&repo);
    let mut out = context.ui.out(None);
    let old_runs = match &args.older_than {
        Some(age) => prune::select(context, &store, age, &args.which)?,
        None => Vec::new(),
    };
    let plan = store.compact(true, &mut |_, _| {})?;
    let reclaimable = store.reclaimable(&old_runs)?.bytes;
    let mut report = CompactReport { version: JSON_VERSION, dry_run: args.dry_run, ..CompactReport::default() };
    report.pruned = old_runs.len();
    let text = args.format == DocumentFormat::Text;
    let size = |tip: Option<Oid>| tip.and_then(|tip| repo.bytes_not_in(&[tip], &[]));
    if let Some(age) = args.older_than.as_ref().filter(|_| text) {
        writeln!(out, "{}", prune::summary(&old_runs, age, None))?;
    }
    report.runs = plan.runs + old_runs.len();
    report.commits = plan.commits;
    if args.dry_run {
        report.bytes_before = size(plan.old);
        report.bytes_after = report.bytes_before.zip(reclaimable).map(|(all, less)| all.saturating_sub(less));
        report.old = plan.old.map(|id| id.to_string());
        if text {
            writeln!(out, "{} would lose their files", plural(report.runs, "deleted run"))?;
            sizes(&mut out, &report)?;
        }
    } else {
        if report.runs > 0 {
            if text {
                out.flush()?;
            }
            let less = reclaimable.map_or_else(String::new, |n| format!(" ({})", bytes(n)));
            let runs = plural(report.runs, "deleted run");
            if !args.yes {
                prune::agree(context, &format!("rewrite {RUNS_REF}, without the files of {runs}{less}, for good"))?;
            }
            let ids: Vec<_> = old_runs.iter().map(|row| row.id.clone()).collect();
            store.prune(&ids, args.which.artifacts_only)?;
            report.bytes_before = size(store.tip_id()?);
            let mut progress = Progress::new(&context.ui, "rewriting commits");
            let done = store.compact(false, &mut |done, all| progress.set(done, all))?;
            drop(progress);
            if let (Some(old), Some(_)) = (done.old, done.new) {
                note(&repo, &old.to_string());
            }
            report.bytes_after = size(done.new);
            take_over(&mut report, &done);
        }
        let freed = reclaim(&repo, &store, &mut report)?;
        if text {
            told(&mut out, &report, freed)?;
        }
    }
    if !text {
        print_json(&mut out, &report)?;
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn take_over(report: &mut CompactReport, done: &Compacted) {
    (report.runs, report.commits, report.rewritten) = (done.runs, done.commits, done.rewritten);
    report.old = done.old.map(|id| id.to_string());
    report.new = done.new.map(|id| id.to_string());
}

fn told(out: &mut Out, report: &CompactReport, freed: Reclaimed) -> std::io::Result<()> {
    if let (Some(old), Some(new)) = (&report.old, &report.new) {
        writeln!(
            out,
            "{} lost their files; {} of {} rewritten",
            plural(report.runs, "deleted run"),
            report.rewritten,
            plural(report.commits, "commit")
        )?;
        sizes(out, report)?;
        writeln!(out, "{RUNS_REF}: {} -> {}", &old[..10], &new[..10])?;
    } else if freed == Reclaimed::default() && report.held_by.is_empty() {
        writeln!(out, "nothing to compact: history has no files of deleted runs")?;
    }
    if freed.freed > 0 {
        writeln!(out, "freed {} on disk", bytes(freed.freed))?;
    }
    for name in &report.held_by {
        let how = match name.strip_suffix(LOG) {
            Some(name) => format!(
                "the log of {} still has the old history: 'git reflog expire --expire=now {}' drops it",
                sanitize(name),
                sanitize(name)
            ),
            None if name.starts_with("refs/agentv/remotes/") => {
                format!(
                    "{} still has the old history until the next 'git agentv sync'; compact again afterwards",
                    sanitize(name)
                )
            }
            None => format!("{} still has the old history", sanitize(name)),
        };
        writeln!(out, "{how}")?;
    }
    if freed.left > 0 {
        writeln!(
            out,
            "{} that nothing reaches are left in packs of git's: 'git gc --prune=now' removes them",
            bytes(freed.left)
        )?;
    }
    Ok(())
}

fn sizes(out: &mut Out, report: &CompactReport) -> std::io::Result<()> {
    let (Some(before), Some(after)) = (report.bytes_before, report.bytes_after) else { return Ok(()) };
    let about = if report.dry_run { "about " } else { "" };
    writeln!(
        out,
        "history of runs: {} before, {about}{} after ({before} and {after} bytes)",
        bytes(before),
        bytes(after)
    )
}

/// Where the tips are noted that a compaction replaced and that may still take space, one a line.
fn notes(repo: &Repo) -> std::path::PathBuf {
    repo.agentv_dir().join("compacted")
}

/// Notes a tip that was replaced. Who can't write that down leaves the space to git's gc.
pub(super) fn note(repo: &Repo, old: &str) {
    let path = notes(repo);
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::write(&path, format!("{known}{old}\n"));
    repo.share(&path);
}

/// Frees what former tips reach, and says what holds the rest.
fn reclaim(repo: &Repo, store: &Store<'_>, report: &mut CompactReport) -> Result<Reclaimed, Failure> {
    let known = std::fs::read_to_string(notes(repo)).unwrap_or_default();
    let (mut all, mut stays) = (Reclaimed::default(), String::new());
    let Some(tip) = store.tip_id()? else { return Ok(all) };
    for line in known.lines() {
        let Some(old) = repo.parse_oid(line).filter(|old| repo.has(old)) else { continue };
        // The oldest commit that the ref does not have any more: who has that one has the old history.
        let apart = match repo.apart(&old, &tip) {
            Ok(apart) => apart,
            // A part of it is gone already, by one that was killed. The rest is for git's gc.
            Err(err) => {
                tracing::debug!(%old, %err, "left to git");
                continue;
            }
        };
        let Some(first) = apart.ours.last() else { continue };
        let mut holders = repo.refs_with(&first.id)?;
        if holders.is_empty() {
            let one = store.reclaim(&old)?;
            if one == Reclaimed::default() && repo.has_reflog(store.name()) {
                holders.push(format!("{}{LOG}", store.name()));
            }
            all = Reclaimed { freed: all.freed + one.freed, left: all.left + one.left };
        }
        if !holders.is_empty() {
            let _ = writeln!(stays, "{line}");
            report.held_by.extend(holders);
        }
    }
    report.held_by.sort();
    report.held_by.dedup();
    if !known.is_empty() {
        let _ = if stays.is_empty() { std::fs::remove_file(notes(repo)) } else { std::fs::write(notes(repo), stays) };
    }
    (report.freed_bytes, report.left_bytes) = (all.freed, all.left);
    Ok(all)
}
