//! `git agentv show`

use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::run::{CaseRow, Manifest, Overlay, Row, RunStatus, Status};
use crate::store::{RunCommit, StoredRun};

use super::args::{DocumentFormat, Show};
use super::context::Context;
use super::failure::Failure;
use super::human::{ago, bar, bytes, count, dollars, duration, milliseconds};
use super::list::rate_style;
use super::output::{BOLD, CYAN, DIM, GREEN, Out, RED, YELLOW, sanitize, sanitize_lines};
use super::places::Places;
use super::records::{JSON_VERSION, print_json};
use super::source::{link_line, source_line, web_line};
use super::table::{Cell, Column, print};

/// What `show --format json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct ShownRun<'a> {
    /// Version of this document.
    version: u32,
    /// The run's row.
    row: Row,
    /// What was said when it was recorded.
    manifest: &'a Manifest,
    /// What people say about it.
    overlay: &'a Overlay,
    /// The commit that it evaluated; absent if that is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<RunCommit>,
    /// The commits that it was linked to afterwards.
    links: Vec<RunCommit>,
    /// Where it was found; absent if it is among the runs of this clone.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    /// Its cases, failing ones first; absent while it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    cases: Option<&'a [CaseRow]>,
}

pub(super) fn run(context: &mut Context, args: &Show) -> Result<ExitCode, Failure> {
    // All settings are read: those that decide about the web address are rarely the repository's own.
    let repo = context.repo()?;
    let places = Places::of(context, &repo);
    let (run, place) = places.find(&args.run)?;
    if args.diff {
        let Some(diff) = run.source_diff()? else {
            return Err(Failure::new(format!("run {} was recorded without uncommitted changes", run.id()))
                .hint("'git config agentv.captureDiff true' keeps them from now on, for 'git agentv run'"));
        };
        let mut out = context.ui.out(Some(&repo));
        if context.ui.is_terminal() {
            out.write_all(sanitize_lines(&String::from_utf8_lossy(&diff)).as_bytes())?;
        } else {
            out.write_all(&diff)?;
        }
        out.finish()?;
        return Ok(ExitCode::SUCCESS);
    }
    let deleted = run.is_deleted();
    let mut cases = if deleted { Vec::new() } else { run.cases()? };
    // A stable sort keeps the bundle's order among equals.
    cases.sort_by_key(|case| rank(case.status));
    let row = run.row();
    let source = run.source_commit(&repo, &mut |err| context.ui.warning(&err.to_string()));
    let commits = Commits { source, links: run.linked_commits(&repo) };
    let mut out = context.ui.out(Some(&repo));
    match args.format {
        DocumentFormat::Json => {
            let cases = (!deleted).then_some(cases.as_slice());
            let Commits { source, links } = commits;
            let (manifest, overlay) = (&run.manifest, &run.overlay);
            let shown = ShownRun { version: JSON_VERSION, row, manifest, overlay, source, links, place, cases };
            print_json(&mut out, &shown)?;
        }
        DocumentFormat::Text => {
            head(&mut out, &run, place, &commits, &row, context.ui.width())?;
            if !cases.is_empty() {
                writeln!(out)?;
                case_table(&mut out, &cases, context.ui.width())?;
            }
        }
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Columns before what a line of the head says.
const INDENT: usize = 10;

/// What needs attention comes first.
fn rank(status: Status) -> u8 {
    match status {
        Status::Fail => 0,
        Status::Error | Status::Timeout | Status::Cancelled => 1,
        Status::Skip => 2,
        Status::Pass => 3,
    }
}

/// The commits that a run belongs to.
struct Commits {
    source: Option<RunCommit>,
    links: Vec<RunCommit>,
}

fn head(
    out: &mut Out,
    run: &StoredRun<'_>,
    place: Option<&str>,
    commits: &Commits,
    row: &Row,
    width: Option<usize>,
) -> std::io::Result<()> {
    let manifest = &run.manifest;
    let id = out.paint(YELLOW, manifest.id.as_str());
    let title = out.paint(BOLD, &sanitize(manifest.experiment.as_deref().unwrap_or(&manifest.run_id)));
    let target = manifest.target.as_deref().map(|target| format!(" · {}", sanitize(target))).unwrap_or_default();
    writeln!(out, "run {id}  {title}{target}")?;
    let mut line = |name: &str, value: String| {
        let name = out.paint(DIM, &format!("{name:<9}"));
        if value.is_empty() { Ok(()) } else { writeln!(out, "{name} {value}") }
    };
    line(
        "found",
        place.map(|place| format!("in {}, not in this clone's own runs", sanitize(place))).unwrap_or_default(),
    )?;
    if run.is_deleted() {
        let what = if row.status == RunStatus::Stripped { "its files; " } else { "" };
        line(
            "deleted",
            format!("{what}'git agentv restore {}' brings it back, unless it was compacted away", manifest.id),
        )?;
    }
    if manifest.partial {
        line("partial", "recorded from an incomplete or broken bundle".into())?;
    }
    if manifest.experiment.as_deref() != Some(manifest.run_id.as_str()) {
        line("bundle", format!("{} ({})", sanitize(&manifest.run_id), sanitize(&manifest.format)))?;
    }
    line("started", moment(manifest.started_at.as_deref()))?;
    line("recorded", moment(Some(&manifest.recorded_at)))?;
    let source = commits.source.as_ref();
    line("source", source.map_or("unknown".into(), |source| source_line(source, &manifest.source)))?;
    line("web", source.map(web_line).unwrap_or_default())?;
    for link in &commits.links {
        line("linked", link_line(link))?;
    }
    line("tags", sanitize(&row.tags.join(" ")).into_owned())?;
    if let Some(note) = &run.overlay.note {
        line("note", sanitize_lines(note).trim_end().replace('\n', "\n          "))?;
    }
    let tokens = manifest.tokens.map(|tokens| format!("{} tokens", count(tokens.total)));
    let spent: Vec<_> = [manifest.duration_ms.map(milliseconds), manifest.cost_usd.map(dollars), tokens]
        .into_iter()
        .flatten()
        .collect();
    line("spent", spent.join(" · "))?;
    let size = manifest.files.bytes.map(|size| format!(", {}", bytes(size))).unwrap_or_default();
    line("files", format!("{}{size}", manifest.files.count))?;
    let named = manifest.scores.named.iter().map(|(name, score)| format!("{} {score:.3}", sanitize(name)));
    line("scores", wrapped(named, width))?;
    let counts = manifest.counts;
    if counts.test_count > 0 {
        let judged = row.pass_rate.map(|rate| {
            format!(
                "{} {:.1}% of {} judged",
                out.paint(rate_style(rate), &bar(rate, 20)),
                rate * 100.0,
                counts.test_count - counts.errors
            )
        });
        let score = row.avg_score.map(|score| format!(", score {score:.3}")).unwrap_or_default();
        let errors = if counts.errors > 0 {
            format!(", {} {}", counts.errors, if counts.errors == 1 { "error" } else { "errors" })
        } else {
            String::new()
        };
        let rate = judged.map(|judged| format!("  {judged}")).unwrap_or_default();
        writeln!(out, "{} {}/{}{errors}{score}{rate}", out.paint(DIM, "passed   "), counts.passed, counts.test_count)?;
    }
    Ok(())
}

/// Items in a row, in as many lines as they need beside the names of the lines.
fn wrapped(items: impl Iterator<Item = String>, width: Option<usize>) -> String {
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(INDENT));
    let (mut text, mut used) = (String::new(), 0);
    for item in items {
        let size = item.width();
        if text.is_empty() {
            used = size;
        } else if used + 3 + size <= room {
            text.push_str(" · ");
            used += 3 + size;
        } else {
            text.push('\n');
            text.push_str(&" ".repeat(INDENT));
            used = size;
        }
        text.push_str(&item);
    }
    text
}

fn moment(time: Option<&str>) -> String {
    let Some(time) = time else { return String::new() };
    match time.parse::<Timestamp>() {
        Ok(then) => format!("{time} ({})", ago(then, Timestamp::now())),
        Err(_) => sanitize(time).into_owned(),
    }
}

fn case_table(out: &mut Out, cases: &[CaseRow], width: Option<usize>) -> std::io::Result<()> {
    let columns = [
        Column::left(""),
        Column::left("CASE").shrinks(12),
        Column::left("TARGET").shrinks(8).expendable(3),
        Column::right("SCORE"),
        Column::right("TIME").expendable(2),
        Column::right("COST").expendable(4),
        Column::left("REASON").shrinks(16).expendable(1),
    ];
    let several = cases.iter().any(|case| case.target != cases[0].target);
    let rows: Vec<Vec<Cell>> = cases
        .iter()
        .map(|case| {
            let name = match &case.suite {
                Some(suite) => format!("{suite}/{}", case.key),
                None => case.key.clone(),
            };
            let target = case.target.as_deref().filter(|_| several).unwrap_or_default();
            let style = match case.status {
                Status::Pass => GREEN,
                Status::Fail => RED,
                Status::Skip => CYAN,
                Status::Error | Status::Timeout | Status::Cancelled => YELLOW,
            };
            vec![
                Cell::styled(case.status.as_str(), style),
                Cell::new(sanitize(&name)),
                Cell::new(sanitize(target)),
                Cell::new(case.score.map(|score| format!("{score:.3}")).unwrap_or_default()),
                Cell::new(case.duration_ms.map(duration).unwrap_or_default()),
                Cell::new(case.cost_usd.map(dollars).unwrap_or_default()),
                Cell::styled(
                    sanitize(case.reason.as_deref().unwrap_or_default().lines().next().unwrap_or_default()),
                    DIM,
                ),
            ]
        })
        .collect();
    print(out, &columns, &rows, width)
}
