//! `git agentv list`

use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use serde::Serialize;

use crate::index::StoreSet;
use crate::run::{Row, RunStatus, format_time};
use crate::store::Listed;

use super::args::{Format, List};
use super::context::{Context, store};
use super::failure::Failure;
use super::human::{ago, bar, dollars, milliseconds};
use super::output::{CYAN, DIM, GREEN, Out, RED, YELLOW, sanitize};
use super::places::{Places, Wanted};
use super::progress::Progress;
use super::query;
use super::records;
use super::table::{Cell, Column, print};

/// A run as lists print it for programs: its row, and when it was recorded.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct ListedRow<'a> {
    #[serde(flatten)]
    row: &'a Row,
    /// When it was recorded; RFC 3339, UTC.
    recorded_at: String,
    /// Which of the places that were asked have it; only with --from and --all.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    places: Option<&'a [String]>,
}

/// Runs to be printed.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) runs: Vec<Listed>,
    /// Where each of them is, if that was asked.
    pub(super) places: Option<Vec<Vec<String>>>,
}

impl Shown {
    fn places_of(&self, at: usize) -> Option<&[String]> {
        self.places.as_ref()?.get(at).map(Vec::as_slice)
    }
}

/// What `list --format json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct ListDocument<'a> {
    /// Version of this document.
    version: u32,
    /// The runs of this page.
    runs: Vec<ListedRow<'a>>,
    /// What `--cursor` takes for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

/// Columns of separated values.
const FIELDS: [&str; 19] = [
    "run_id",
    "timestamp",
    "experiment",
    "target",
    "test_count",
    "passed",
    "pass_rate",
    "avg_score",
    "tags",
    "sha",
    "id",
    "tree",
    "errors",
    "duration_ms",
    "cost_usd",
    "tokens",
    "format",
    "status",
    "recorded_at",
];
/// Cells of the bar.
const BAR: usize = 8;

pub(super) fn run(context: &mut Context, args: &List) -> Result<ExitCode, Failure> {
    let asks = !args.query.is_empty() || args.sort.is_some() || args.cursor.is_some();
    if asks || args.count || args.group_by.is_some() {
        return query::run(context, args);
    }
    let wanted = Wanted::of(args);
    // Results repositories may be named in the user's settings.
    let repo = if args.from.is_empty() && !args.all { context.repo_to_read()? } else { context.repo()? };
    let places = if wanted.is_own(context, &repo)? { None } else { Some(Places::of(context, &repo)) };
    let sets = places.as_ref().map(|places| places.sets(context, wanted, false)).transpose()?;
    // The log of one ref is in the right order; several are put together by the projection.
    let (store, name) = match sets.as_deref() {
        None => (store(&repo), None),
        Some([StoreSet { stores, name, .. }]) if stores.len() == 1 => (stores[0], Some(name.clone())),
        Some(_) => return query::run(context, args),
    };
    let limit = if args.limit == 0 { usize::MAX } else { args.limit };
    let mut progress = Progress::new(&context.ui, "reading runs");
    let mut runs = Vec::new();
    let mut rows = store.rows(args.deleted)?;
    for run in rows.by_ref().take(limit) {
        runs.push(run?);
        progress.set(runs.len(), 0);
    }
    drop(progress);
    let places = name.iter().map(|name| vec![vec![name.clone()]; runs.len()]).next();
    let shown = Shown { places: places.filter(|_| !matches!(wanted, Wanted::Usual)), runs };
    let runs = &shown.runs;
    let mut out = context.ui.out(Some(&repo));
    if args.format == Format::Table {
        table(&mut out, &shown, context.ui.width())?;
        // Looking one further costs one commit.
        if runs.len() == limit && rows.next().transpose()?.is_some() && context.ui.is_terminal() {
            writeln!(out, "{}", out.paint(DIM, &format!("the newest {limit}; -n 0 shows all")))?;
        }
    } else {
        // Only a page that is followed by another has a cursor.
        let more = args.format == Format::Json && runs.len() == limit && rows.next().transpose()?.is_some();
        let next = runs.last().filter(|_| more).map(|run| query::cursor(args, run));
        print_rows(&mut out, args.format, &shown, next.as_deref())?;
    }
    out.finish()?;
    if runs.is_empty() && args.format == Format::Table {
        if let Some(name) = name {
            context.ui.tell(&format!("there are no runs in '{}'", sanitize(&name)));
            return Ok(ExitCode::SUCCESS);
        }
        context.ui.tell("no runs are recorded in this repository yet");
        context
            .ui
            .hint("'git agentv record BUNDLE' records one, 'git agentv run -- COMMAND' runs an eval and records it");
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints runs for programs. `next` is what the next page is asked for with.
pub(super) fn print_rows(out: &mut Out, format: Format, shown: &Shown, next: Option<&str>) -> std::io::Result<()> {
    let item = |(at, run)| listed_row(run, shown.places_of(at));
    let items: Vec<_> = shown.runs.iter().enumerate().map(item).collect();
    if format == Format::Json {
        return records::print_json(out, &ListDocument { version: records::JSON_VERSION, runs: items, next });
    }
    let has_repo = shown.runs.iter().any(|run| run.row.repo.is_some());
    let more = [("repo", has_repo), ("where", shown.places.is_some())];
    let more = more.into_iter().filter(|(_, there)| *there).map(|(name, _)| name);
    let fields: Vec<&str> = FIELDS.into_iter().chain(more).collect();
    records::print(out, format, "runs", &fields, &items)
}

fn listed_row<'a>(run: &'a Listed, places: Option<&'a [String]>) -> ListedRow<'a> {
    let recorded_at = Timestamp::from_second(run.recorded).map(format_time).unwrap_or_default();
    ListedRow { row: &run.row, recorded_at, places }
}

pub(super) fn table(out: &mut Out, shown: &Shown, width: Option<usize>) -> std::io::Result<()> {
    let runs = &shown.runs;
    if runs.is_empty() {
        return Ok(());
    }
    let columns = [
        Column::left("RUN"),
        Column::left("WHEN"),
        Column::left("WHERE").shrinks(8).expendable(1),
        Column::left("REPO").shrinks(10).expendable(2),
        Column::left("EXPERIMENT").shrinks(14),
        Column::left("TARGET").shrinks(12),
        Column::left("RATE").expendable(3),
        Column::right("PASSED"),
        Column::right("ERR"),
        Column::right("SCORE"),
        Column::right("TIME").expendable(4),
        Column::right("COST").expendable(5),
        Column::left("COMMIT").expendable(2),
        Column::left("TAGS").shrinks(8).expendable(1),
    ];
    let now = Timestamp::now();
    let digits = unique_digits(runs);
    let rows: Vec<Vec<Cell>> =
        runs.iter().enumerate().map(|(at, run)| cells(run, shown.places_of(at), now, digits)).collect();
    print(out, &columns, &rows, width)
}

fn cells(run: &Listed, places: Option<&[String]>, now: Timestamp, digits: usize) -> Vec<Cell> {
    let row = &run.row;
    let text = |text: Option<&str>| Cell::new(sanitize(text.unwrap_or_default()));
    let when = row
        .timestamp
        .as_deref()
        .and_then(|time| time.parse().ok())
        .or_else(|| Timestamp::from_second(run.recorded).ok());
    let rate = row.pass_rate.map(|rate| Cell::styled(bar(rate, BAR), rate_style(rate)));
    let errors = if row.errors > 0 { Cell::styled(row.errors.to_string(), YELLOW) } else { Cell::default() };
    let mut tags: Vec<String> = row.tags.iter().map(|tag| sanitize(tag).into_owned()).collect();
    match row.status {
        RunStatus::Pruned => tags.insert(0, "(deleted)".into()),
        RunStatus::Partial => tags.insert(0, "(partial)".into()),
        RunStatus::Stripped => tags.insert(0, "(no files)".into()),
        RunStatus::Complete | RunStatus::Other => {}
    }
    let passed = if row.test_count > 0 { format!("{}/{}", row.passed, row.test_count) } else { String::new() };
    vec![
        Cell::styled(&row.id.as_str()[..digits.min(row.id.as_str().len())], YELLOW),
        Cell::styled(when.map(|when| ago(when, now)).unwrap_or_default(), DIM),
        Cell::styled(sanitize(&places.unwrap_or_default().join(" ")), CYAN),
        text(row.repo.as_deref()),
        text(row.experiment.as_deref().or(Some(&row.run_id))),
        text(row.target.as_deref()),
        rate.unwrap_or_default(),
        Cell::new(passed),
        errors,
        Cell::new(row.avg_score.map(|score| format!("{score:.3}")).unwrap_or_default()),
        Cell::new(row.duration_ms.map(milliseconds).unwrap_or_default()),
        Cell::new(row.cost_usd.map(dollars).unwrap_or_default()),
        Cell::styled(row.sha.as_deref().map(|sha| &sha[..sha.len().min(8)]).unwrap_or_default(), DIM),
        Cell::styled(tags.join(" "), CYAN),
    ]
}

/// Green is a full pass, red is less than half.
pub(super) fn rate_style(rate: f64) -> anstyle::Style {
    if rate >= 1.0 {
        GREEN
    } else if rate < 0.5 {
        RED
    } else {
        YELLOW
    }
}

/// How many digits tell the listed runs apart, at least 8.
fn unique_digits(runs: &[Listed]) -> usize {
    let mut ids: Vec<&str> = runs.iter().map(|run| run.row.id.as_str()).collect();
    ids.sort_unstable();
    let common = |pair: &[&str]| pair[0].bytes().zip(pair[1].bytes()).take_while(|(a, b)| a == b).count();
    ids.windows(2).map(|pair| common(pair) + 1).max().unwrap_or(0).max(8)
}
