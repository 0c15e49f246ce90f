//! `git agentv runs-of`

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use crate::git::{Repo, SourceCommit};
use crate::hooks::TRAILER;
use crate::run::Row;
use crate::store::{By, Judged};

use super::args::{Format, RunsOf};
use super::context::{Context, store};
use super::failure::Failure;
use super::list::rate_style;
use super::output::{CYAN, DIM, GREEN, Out, YELLOW, sanitize};
use super::places::Places;
use super::progress::Progress;
use super::records;
use super::table::{Cell, Column, print};

/// What `runs-of --format json` prints of a run.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct JudgedRow<'a> {
    /// The commit that it judged.
    commit: String,
    /// How that is known.
    by: By,
    /// Whether the commit's tree is just what was evaluated.
    exact: bool,
    /// Where it was found; absent if it is among the runs of this clone.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    #[serde(flatten)]
    row: &'a Row,
}

/// A run, and where it was found if it is not among the own ones.
struct Found {
    judged: Judged,
    place: Option<String>,
}

impl Found {
    fn own(judged: Judged) -> Self {
        Self { judged, place: None }
    }
}

/// Columns of separated values.
const FIELDS: [&str; 12] = [
    "commit",
    "by",
    "exact",
    "id",
    "run_id",
    "timestamp",
    "experiment",
    "target",
    "test_count",
    "passed",
    "errors",
    "avg_score",
];

pub(super) fn run(context: &mut Context, args: &RunsOf) -> Result<ExitCode, Failure> {
    let repo = context.repo_to_read()?;
    let commits = commits(context, &repo, &args.revisions)?;
    let mut progress = Progress::new(&context.ui, "reading runs");
    let own = store(&repo);
    let mut found: Vec<Found> =
        own.runs_of(&commits, |done| progress.set(done, 0))?.into_iter().map(Found::own).collect();
    let places = Places::of(context, &repo);
    let mut looked_at = vec![own.tip_id()?];
    for (place, store) in places.elsewhere()? {
        // Nearly always a remote has what is here.
        let Ok(tip) = store.tip_id() else { continue };
        if looked_at.contains(&tip) {
            continue;
        }
        looked_at.push(tip);
        let judged = match store.runs_of(&commits, |done| progress.set(done, 0)) {
            Ok(judged) => judged,
            Err(err) => {
                tracing::debug!(%err, place, "not looked at");
                continue;
            }
        };
        for judged in judged {
            let is_same = |one: &Found| one.judged.commit == judged.commit && one.judged.row.id == judged.row.id;
            // One that was deleted here is not to come back.
            if !found.iter().any(is_same) && own.find(judged.row.id.as_str()).is_err() {
                found.push(Found { judged, place: Some(place.to_owned()) });
            }
        }
    }
    found.sort_by_key(|found| found.judged.commit);
    drop(progress);
    let mut out = context.ui.out(Some(&repo));
    if args.format == Format::Table {
        table(&mut out, &commits, &found, context.ui.width())?;
    } else {
        let item = |judged| item(&commits, judged);
        records::print(&mut out, args.format, "runs", &FIELDS, &found.iter().map(item).collect::<Vec<_>>())?;
    }
    out.finish()?;
    if !found.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if args.format == Format::Table {
        let what = match commits.as_slice() {
            [commit] => format!("commit {} '{}'", &commit.id.to_string()[..10], sanitize(&commit.subject)),
            several => format!("any of {} commits", several.len()),
        };
        context.ui.tell(&format!("no run judged {what}"));
        context.ui.hint("'git agentv link RUN COMMIT' links them; 'git agentv hooks install' does it from now on");
    }
    Ok(ExitCode::from(u8::from(args.exit_code)))
}

/// The commits that the command line means.
fn commits(context: &Context, repo: &Repo, specs: &[String]) -> Result<Vec<SourceCommit>, Failure> {
    let mut revisions = Vec::new();
    for spec in specs {
        match lines(context, spec) {
            Some((file, from, to)) => revisions.extend(blame(context, repo, file, from, to)?),
            None => revisions.push(spec.clone()),
        }
    }
    Ok(repo.source_commits(&revisions, TRAILER)?)
}

/// `FILE:LINE` or `FILE:FROM,TO`, if there is such a file. In a bare repository there is none.
fn lines<'a>(context: &Context, spec: &'a str) -> Option<(&'a str, usize, usize)> {
    let (file, lines) = spec.rsplit_once(':')?;
    let (from, to) = lines.split_once([',', '-']).unwrap_or((lines, lines));
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    context.path(Path::new(file)).is_file().then_some((file, from, to))
}

/// The commits that last changed these lines.
fn blame(context: &Context, repo: &Repo, file: &str, from: usize, to: usize) -> Result<Vec<String>, Failure> {
    if from == 0 || to < from {
        return Err(Failure::usage(format!("'{file}:{from},{to}' names no lines"))
            .hint("lines count from 1: FILE:LINE or FILE:FROM,TO"));
    }
    let found = repo.blame(&context.path(Path::new(file)), from, to)?;
    let commits: Vec<_> = found.into_iter().filter(|id| *id != repo.null_id()).map(|id| id.to_string()).collect();
    if commits.is_empty() {
        return Err(Failure::new(format!("line {from} of '{file}' is not committed yet")));
    }
    Ok(commits)
}

fn item<'a>(commits: &[SourceCommit], found: &'a Found) -> JudgedRow<'a> {
    let Found { judged, place } = found;
    let commit = commits[judged.commit].id.to_string();
    JudgedRow { commit, by: judged.by, exact: judged.exact, place: place.as_deref(), row: &judged.row }
}

fn table(out: &mut Out, commits: &[SourceCommit], found: &[Found], width: Option<usize>) -> std::io::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let columns = [
        Column::left("COMMIT"),
        Column::left("SUBJECT").shrinks(12).expendable(1),
        Column::left("RUN"),
        Column::left("WHERE").shrinks(8).expendable(3),
        Column::left("EXPERIMENT").shrinks(12),
        Column::left("TARGET").shrinks(10).expendable(2),
        Column::right("PASSED"),
        Column::right("ERR"),
        Column::right("SCORE"),
        Column::left("BY"),
        Column::left("CODE"),
    ];
    let rows: Vec<Vec<Cell>> = found.iter().map(|found| cells(&commits[found.judged.commit], found)).collect();
    print(out, &columns, &rows, width)
}

fn cells(commit: &SourceCommit, found: &Found) -> Vec<Cell> {
    let judged = &found.judged;
    let row = &judged.row;
    let passed = if row.test_count > 0 { format!("{}/{}", row.passed, row.test_count) } else { String::new() };
    vec![
        Cell::styled(&commit.id.to_string()[..10], YELLOW),
        Cell::new(sanitize(&commit.subject)),
        Cell::styled(&row.id.as_str()[..8], CYAN),
        Cell::new(sanitize(found.place.as_deref().unwrap_or_default())),
        Cell::new(sanitize(row.experiment.as_deref().unwrap_or(&row.run_id))),
        Cell::new(sanitize(row.target.as_deref().unwrap_or_default())),
        row.pass_rate.map_or_else(|| Cell::new(passed.clone()), |rate| Cell::styled(passed.clone(), rate_style(rate))),
        if row.errors > 0 { Cell::styled(row.errors.to_string(), YELLOW) } else { Cell::default() },
        Cell::new(row.avg_score.map(|score| format!("{score:.3}")).unwrap_or_default()),
        Cell::new(word(judged.by)),
        if judged.exact { Cell::styled("exact", GREEN) } else { Cell::styled("near", DIM) },
    ]
}

/// How a link is known, in a word.
pub(super) fn word(by: By) -> &'static str {
    match by {
        By::Trailer => "trailer",
        By::Link => "link",
        By::Commit => "commit",
        By::Tree => "tree",
        By::Patch => "patch id",
    }
}
