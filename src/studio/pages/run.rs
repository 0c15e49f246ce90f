//! `/runs/{run}`: a run.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::run::{CaseRow, Closeness, How, RunStatus};
use crate::store::RunCommit;

use super::super::api::error::Problem;
use super::super::api::run::{self, RunDocument};
use super::super::asked::{Asked, Named, OfRun, Params};
use super::super::project::Desk;
use super::super::site::Lane;
use super::listing::Listing;
use super::of_run::OfThis;
use super::{Frame, show};

/// Cases on one page.
const CASES: usize = 500;

/// The page.
#[derive(Debug, Template)]
#[template(path = "run.html")]
struct Page {
    frame: Frame,
    this: OfThis,
    document: RunDocument,
    bar: Vec<(&'static str, String, String)>,
    /// Label, value, class.
    numbers: Vec<(&'static str, String, &'static str)>,
    /// Means by grader.
    named: Vec<(String, String)>,
    commit: Option<Commit>,
    links: Vec<Commit>,
    how: &'static str,
    started: String,
    recorded: String,
    tags: Vec<String>,
    note: String,
    /// When it was deleted.
    deleted: Option<String>,
    /// Whether the uncommitted changes of its code were kept.
    has_changes: bool,
    cases: Vec<Line>,
    /// Which of all cases are shown, from 1.
    shown: (usize, usize, usize),
    /// Whether some case says why.
    columns: Columns,
    files: Listing,
}

/// Which columns the table of cases has.
#[derive(Debug, Default)]
struct Columns {
    suite: bool,
    target: bool,
    cost: bool,
}

/// A commit that the run belongs to.
#[derive(Debug)]
struct Commit {
    id: String,
    subject: String,
    web: Option<String>,
    exact: bool,
    why: &'static str,
    unpushed: bool,
}

/// A case, as the list shows it.
#[derive(Debug)]
pub(super) struct Line {
    address: String,
    key: String,
    suite: String,
    target: String,
    word: &'static str,
    class: &'static str,
    score: String,
    time: String,
    cost: String,
    reason: String,
}

/// Which part of a long list of cases.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct Part {
    from: Option<usize>,
}

impl Commit {
    fn new(commit: RunCommit) -> Self {
        // A page of a commit that nobody has pushed does not exist.
        let unpushed = commit.pushed == Some(false);
        Self {
            web: commit.web.filter(|web| !unpushed && (web.starts_with("https://") || web.starts_with("http://"))),
            subject: commit.subject.unwrap_or_default(),
            exact: commit.closeness == Closeness::Exact,
            why: commit.why.unwrap_or_default(),
            id: commit.commit,
            unpushed,
        }
    }

    fn short(&self) -> &str {
        self.id.get(..10).unwrap_or(&self.id)
    }
}

impl Line {
    fn new(this: &OfThis, n: usize, case: CaseRow) -> Self {
        let (word, class) = show::status(case.status);
        let reason = case.reason.unwrap_or_default();
        let (start, cut) = show::beginning(reason.trim(), 240);
        Self {
            address: this.case(n),
            key: case.key,
            suite: case.suite.unwrap_or_default(),
            target: [case.target, case.variant].into_iter().flatten().collect::<Vec<_>>().join(" · "),
            word,
            class,
            score: case.score.map(show::score).unwrap_or_default(),
            time: case.duration_ms.map(show::milliseconds).unwrap_or_default(),
            cost: case.cost_usd.map(show::dollars).unwrap_or_default(),
            reason: format!("{start}{}", if cut { "…" } else { "" }),
        }
    }
}

/// `GET /runs/{run}`
pub(in crate::studio) async fn show(asked: Asked, Named(of): Named<OfRun>, Params(part): Params<Part>) -> Response {
    let frame = Frame::of(&asked);
    asked.page(Lane::Files, move |desk| page(desk, frame, &of.run, part.from.unwrap_or(1).max(1))).await
}

fn page(desk: &mut Desk, frame: Frame, name: &str, from: usize) -> Result<Page, Problem> {
    let mut document = run::document(desk, name, false)?;
    let row = desk.row(name)?.0;
    let this = OfThis::new(&frame, &row);
    let run = desk.store().open_row(&row)?;
    let deleted = row.status == RunStatus::Pruned;
    let cases = if deleted { Vec::new() } else { run.cases()? };
    let several = |of: &dyn Fn(&CaseRow) -> Option<&String>| cases.iter().any(|case| of(case) != of(&cases[0]));
    let columns = Columns {
        suite: several(&|case| case.suite.as_ref()),
        target: several(&|case| case.target.as_ref()) || several(&|case| case.variant.as_ref()),
        cost: cases.iter().any(|case| case.cost_usd.is_some()),
    };
    let total = cases.len();
    let mut numbered: Vec<(usize, CaseRow)> = cases.into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, case)| run::urgency(case.status));
    let lines = numbered.into_iter().skip(from - 1).take(CASES);
    let lines: Vec<Line> = lines.map(|(at, case)| Line::new(&this, at + 1, case)).collect();
    let files = if deleted { Listing::default() } else { Listing::of(&this, run.files()?, "") };
    let (provenance, manifest) = (&mut document.provenance, &document.manifest);
    Ok(Page {
        bar: show::bar(&row),
        numbers: numbers(&document.run.row, manifest),
        named: manifest.scores.named.iter().map(|(name, mean)| (name.clone(), show::score(*mean))).collect(),
        commit: provenance.commit.take().map(Commit::new),
        links: std::mem::take(&mut provenance.links).into_iter().map(Commit::new).collect(),
        how: match manifest.source.how {
            How::Observed => "observed before the eval began",
            How::Reflog => "found in the reflog",
            How::Given => "named when it was recorded",
            How::Unknown => "",
        },
        started: row.timestamp.as_deref().map(show::minute).unwrap_or_default(),
        recorded: show::minute(&document.run.recorded_at),
        tags: row.tags.clone(),
        note: document.overlay.note.clone().unwrap_or_default(),
        deleted: document.overlay.pruned.as_ref().map(|pruned| show::minute(&pruned.at)),
        has_changes: !deleted && run.has_source_diff(),
        shown: (from.min(total.max(1)), (from - 1 + lines.len()).min(total), total),
        cases: lines,
        columns,
        files,
        this,
        document,
        frame,
    })
}

fn numbers(row: &crate::run::Row, manifest: &crate::run::Manifest) -> Vec<(&'static str, String, &'static str)> {
    let counts = &manifest.counts;
    let some = |n: u64| (n > 0).then(|| show::count(n));
    [
        ("Passed", Some(format!("{} of {}", show::count(row.passed), show::count(row.test_count))), ""),
        ("Pass rate", row.pass_rate.map(show::percent), ""),
        ("Score", row.avg_score.map(show::score), ""),
        ("Failed", some(counts.failed), "bad"),
        ("Errors", some(counts.errors), "warn"),
        ("Skipped", some(counts.skipped), ""),
        ("Time", row.duration_ms.map(show::duration), ""),
        ("Cost", row.cost_usd.map(show::dollars), ""),
        ("Tokens", row.tokens.map(show::count), ""),
    ]
    .into_iter()
    .filter_map(|(label, value, class)| Some((label, value?, class)))
    .collect()
}
