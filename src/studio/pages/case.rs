//! `/runs/{run}/case/{case}`: a case, by its number in the bundle's order or by its name.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::run::{CaseDetail, CaseRow, Fault};

use super::super::api::error::Problem;
use super::super::asked::{Asked, Named, Params};
use super::super::project::Desk;
use super::super::site::Lane;
use super::of_run::OfThis;
use super::transcript::{self, Shape, Shown};
use super::{Frame, show};

/// Bytes of input and output that are shown.
const TEXT: usize = 64 << 10;

/// The page.
#[derive(Debug, Template)]
#[template(path = "case.html")]
struct Page {
    frame: Frame,
    this: OfThis,
    case: CaseRow,
    detail: CaseDetail,
    word: &'static str,
    class: &'static str,
    /// Whose fault it is.
    fault: &'static str,
    n: usize,
    total: usize,
    before: Option<String>,
    behind: Option<String>,
    /// All runs of this case.
    history: String,
    numbers: Vec<(&'static str, String)>,
    scores: Vec<(String, String)>,
    input: Option<Text>,
    output: Option<Text>,
    /// What it is, and its address.
    files: Vec<(String, String, String)>,
    transcript: Option<Shown>,
}

/// A text, and where all of it is if it is cut.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) rest: Option<String>,
}

/// Which case.
#[derive(Debug, Deserialize)]
pub(in crate::studio) struct OfCase {
    run: String,
    case: String,
}

/// `GET /runs/{run}/case/{case}`
pub(in crate::studio) async fn show(
    asked: Asked,
    Named(of): Named<OfCase>,
    Params(part): Params<transcript::Part>,
) -> Response {
    let frame = Frame::of(&asked);
    asked.page(Lane::Files, move |desk| page(desk, frame, &of, &part)).await
}

/// The place of the case that is meant among `cases`.
fn place(cases: &[CaseRow], name: &str) -> Option<usize> {
    let number = name.parse::<usize>().ok().filter(|n| (1..=cases.len()).contains(n));
    number.map(|n| n - 1).or_else(|| cases.iter().position(|case| case.key == name))
}

fn page(desk: &mut Desk, frame: Frame, of: &OfCase, part: &transcript::Part) -> Result<Page, Problem> {
    let row = desk.row(&of.run)?.0;
    let this = OfThis::new(&frame, &row);
    let store = desk.store();
    let run = store.open_row(&row)?;
    let cases = run.cases()?;
    let no_case = || {
        Problem::not_found(format!("the run has no case '{}'", of.case.escape_debug()))
            .hint("name it by its key, or by its number in the bundle")
    };
    let at = place(&cases, &of.case).ok_or_else(no_case)?;
    let total = cases.len();
    let Some(case) = cases.into_iter().nth(at) else { return Err(no_case()) };
    let detail = run.details(&|other| other.identity == case.identity)?.pop();
    let detail = detail.map(|(_, detail)| detail).unwrap_or_default();
    let transcript = transcript::find(&store, &run, &this, &case, &detail, part)?;
    let text = |text: &Option<String>, role: &str| {
        let (start, cut) = show::beginning(text.as_deref()?, TEXT);
        let rest = detail.file(role).filter(|_| cut).map(|path| this.file(path));
        Some(Text { text: start.to_owned(), rest })
    };
    let (word, class) = show::status(case.status);
    Ok(Page {
        word,
        class,
        fault: match case.fault {
            Some(Fault::Agent) => "of the agent",
            Some(Fault::Model) => "of the model",
            Some(Fault::Infra) => "of the machine or the harness",
            Some(Fault::Grader) => "of the grader",
            Some(Fault::Unknown) | None => "",
        },
        n: at + 1,
        total,
        before: (at > 0).then(|| this.case(at)),
        behind: (at + 1 < total).then(|| this.case(at + 2)),
        history: format!("{}/trends?case={}", frame.base, show::parameter(&case.key)),
        numbers: numbers(&case),
        // What a grader already tells is not told twice.
        scores: case
            .scores
            .iter()
            .filter(|(name, _)| !detail.graders.iter().any(|grader| grader.name == **name && grader.score.is_some()))
            .map(|(name, score)| (name.clone(), show::score(*score)))
            .collect(),
        input: text(&detail.input, "input"),
        output: text(&detail.output, "answer"),
        files: detail
            .files
            .iter()
            .map(|file| (file.role.replace('_', " "), file.path.clone(), this.file(&file.path)))
            .collect(),
        transcript,
        case,
        detail,
        this,
        frame,
    })
}

fn numbers(case: &CaseRow) -> Vec<(&'static str, String)> {
    let tokens = case.tokens.filter(|tokens| tokens.total > 0);
    let tokens = tokens
        .map(|t| format!("{} ({} in, {} out)", show::count(t.total), show::count(t.input), show::count(t.output)));
    [
        ("Score", case.score.map(show::score)),
        ("Time", case.duration_ms.map(show::milliseconds)),
        ("Cost", case.cost_usd.map(show::dollars)),
        ("Tokens", tokens),
        ("Samples", case.samples.filter(|n| *n > 1).map(|n| n.to_string())),
        ("Attempt", case.attempt.map(|n| n.to_string())),
        ("Model", case.model.clone()),
        ("Target", case.target.clone()),
        ("Variant", case.variant.clone()),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some((label, value.filter(|value| !value.is_empty())?)))
    .collect()
}

/// Whether the reason of a grader says no more than its assertions.
fn repeats(grader: &crate::run::Grader) -> bool {
    grader.reason.as_ref().is_some_and(|reason| {
        let reason = reason.trim();
        reason == "Grader passed." || grader.assertions.iter().any(|assertion| assertion.text.trim() == reason)
    })
}

/// How much a grader counts, if that is not as much as others.
fn weight(grader: &crate::run::Grader) -> Option<f64> {
    grader.weight.filter(|weight| (weight - 1.0).abs() > f64::EPSILON)
}
