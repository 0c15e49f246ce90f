//! `git agentv prune`, and which runs are old

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;
use jiff::Zoned;
use serde::Serialize;

use crate::index::query::Query;
use crate::index::{Ask, StoreSet};
use crate::run::{Row, RunStatus};
use crate::store::Store;

use super::args::DocumentFormat;
use super::context::{Context, store};
use super::failure::Failure;
use super::human::{bytes, plural};
use super::output::sanitize;
use super::query;
use super::records::{JSON_VERSION, print_json};

/// `git agentv prune`
#[derive(Debug, Args)]
#[command(after_help = "\
Deletes runs by age, all in one go, as 'git agentv delete' does it by name: rows and numbers stay
('list --deleted' shows them), the files leave the tip's tree, and 'restore' brings a run back
as long as its files are in history. 'git agentv compact' then takes them out of history.

A run is as old as lists show it: since it began, or was recorded if nobody knows. What a --keep
matches stays (see docs/query.md); several are independent of each other.

With --artifacts-only only the files go: lists go on showing the run and its numbers.

Examples:
  git agentv prune --older-than 180d --dry-run
  git agentv prune --older-than 6mo --keep tag:baseline --keep 'on:main status:passed'
  git agentv prune --older-than 1y --artifacts-only --yes")]
pub struct Prune {
    /// Delete runs that are older, as 180d, 26w, 6mo, 1y or a date
    #[arg(long, value_name = "AGE", required = true)]
    pub older_than: String,
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

/// Which of the old runs.
#[derive(Debug, Args)]
pub struct Which {
    /// Keep runs that this query matches, however old; may be given several times
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    pub keep: Vec<String>,
    /// Only delete the files; lists show the runs still
    #[arg(long)]
    pub artifacts_only: bool,
}

/// What `prune` prints with `--format json`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct PruneReport {
    /// Version of this document.
    version: u32,
    /// Nothing was changed: it says what would be done.
    dry_run: bool,
    /// Ids of the runs, newest first.
    runs: Vec<String>,
    /// About how many bytes on disk 'git agentv compact' sets free afterwards; absent if it could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    reclaimable_bytes: Option<u64>,
}

pub(super) fn run(context: &mut Context, args: &Prune) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let store = store(&repo);
    let rows = select(context, &store, &args.older_than, &args.which)?;
    let reclaimable = store.reclaimable(&rows)?.bytes;
    let mut out = context.ui.out(None);
    if args.format == DocumentFormat::Text {
        if args.dry_run {
            for row in &rows {
                writeln!(out, "would delete {}  {}", row.id, sanitize(&row.headline()))?;
            }
        }
        writeln!(out, "{}", summary(&rows, &args.older_than, reclaimable))?;
        out.flush()?;
    }
    if !rows.is_empty() && !args.dry_run {
        let what = if args.which.artifacts_only { "delete their files" } else { "delete them" };
        if rows.len() > 1 && !args.yes {
            agree(context, what)?;
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
        let done = store.prune(&ids, args.which.artifacts_only)?.iter().filter(|edited| edited.changed).count();
        if args.format == DocumentFormat::Text {
            writeln!(out, "deleted {}; 'git agentv compact' frees the space", plural(done, "run"))?;
        }
    }
    if args.format == DocumentFormat::Json {
        let runs = rows.iter().map(|row| row.id.to_string()).collect();
        let report = PruneReport { version: JSON_VERSION, dry_run: args.dry_run, runs, reclaimable_bytes: reclaimable };
        print_json(&mut out, &report)?;
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// `12 runs are older than 180d; about 1.2 MiB can be freed`
pub(super) fn summary(rows: &[Row], age: &str, reclaimable: Option<u64>) -> String {
    let are = if rows.len() == 1 { "is" } else { "are" };
    let what = format!("{} {are} older than {}", plural(rows.len(), "run"), sanitize(age));
    match reclaimable.filter(|_| !rows.is_empty()) {
        Some(n) => format!("{what}; deleted and compacted, about {} can be freed", bytes(n)),
        None => what,
    }
}

/// The runs that are older than `age`, and not kept.
pub(super) fn select(context: &Context, store: &Store<'_>, age: &str, which: &Which) -> Result<Vec<Row>, Failure> {
    let now = Zoned::now();
    // An age is one word, whatever is in it.
    let quoted = age.replace(['\\', '"'], "");
    let mut text = format!("before:\"{quoted}\"");
    Query::parse(&text, &now).map_err(|err| {
        Failure::usage(format!("--older-than: {err}")).hint("an age as 180d, 26w, 6mo or 1y, or a date as 2026-01-31")
    })?;
    for keep in &which.keep {
        let parsed = Query::parse(keep, &now).map_err(|err| query::explain(&err, keep))?;
        if parsed.is_empty() {
            return Err(Failure::usage("--keep: an empty query keeps everything").hint("leave it out to keep nothing"));
        }
        text = format!("{text} not ({keep})");
    }
    let parsed = Query::parse(&text, &now).map_err(|err| query::explain(&err, &text))?;
    let (projection, filter) = query::open(context, store.repo(), &[StoreSet::own(*store)], &parsed, &text, false)?;
    if filter.unread > 0 && !which.keep.is_empty() {
        return Err(Failure::new(format!(
            "the cases of {} can't be read, so it is not known whether --keep keeps them",
            plural(filter.unread, "run")
        ))
        .hint("nothing was deleted; 'git agentv fsck' tells more"));
    }
    let page = projection.page(&Ask { filter, ..Ask::default() })?;
    let rows = page.map(|page| page.runs).unwrap_or_default().into_iter().map(|(row, _)| row);
    let gone = |row: &Row| row.status == RunStatus::Stripped && which.artifacts_only;
    Ok(rows.filter(|row| row.status != RunStatus::Pruned && !gone(row)).collect())
}

/// Asks at the terminal.
pub(super) fn agree(context: &Context, what: &str) -> Result<(), Failure> {
    let refused = || Failure::new("nothing was changed");
    if !std::io::stdin().is_terminal() || !context.ui.env.stderr_is_terminal {
        return Err(refused().hint("with --yes it is done without a question"));
    }
    let _ = write!(std::io::stderr(), "{what}? [y/N] ");
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") { Ok(()) } else { Err(refused()) }
}
