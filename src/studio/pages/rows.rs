//! Rows of the list of runs, and the piece of HTML that a page which scrolls asks for.

use askama::Template;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::run::{Row, RunStatus};

use super::super::api::runs::{ListParams, Question, RunItem};
use super::super::asked::{Asked, Params};
use super::super::project::Desk;
use super::{Frame, show};

/// Where the next piece begins; absent at the end.
const NEXT: HeaderName = HeaderName::from_static("agentv-next");
/// How many runs there are in all pieces.
const TOTAL: HeaderName = HeaderName::from_static("agentv-total");

/// Rows, and nothing around them.
#[derive(Debug, Template)]
#[template(path = "rows.html")]
pub(super) struct Rows {
    pub(super) base: String,
    pub(super) lines: Vec<Line>,
}

/// A run, as the list shows it.
#[derive(Debug)]
pub(super) struct Line {
    id: String,
    name: String,
    target: String,
    when: String,
    time: String,
    bar: Vec<(&'static str, String, String)>,
    passed: String,
    failed: u64,
    errors: u64,
    score: String,
    duration: String,
    cost: String,
    place: String,
    commit: String,
    tags: Vec<String>,
    state: &'static str,
}

impl Line {
    pub(super) fn new(item: RunItem) -> Self {
        let (bar, place) = (show::bar(&item.row), item.place());
        let row: Row = item.row;
        let time = row.timestamp.clone().unwrap_or(item.recorded_at);
        Self {
            bar,
            place,
            id: row.id.to_string(),
            name: row.experiment.clone().unwrap_or(row.run_id),
            target: row.target.unwrap_or_default(),
            when: show::minute(&time),
            time,
            passed: if row.test_count > 0 { format!("{}/{}", row.passed, row.test_count) } else { String::new() },
            failed: row.test_count.saturating_sub(row.passed).saturating_sub(row.errors),
            errors: row.errors,
            score: row.avg_score.map(|score| format!("{score:.3}")).unwrap_or_default(),
            duration: row.duration_ms.map(show::duration).unwrap_or_default(),
            cost: row.cost_usd.map(show::dollars).unwrap_or_default(),
            commit: row.sha.map(|sha| sha.chars().take(8).collect()).unwrap_or_default(),
            tags: row.tags,
            state: match row.status {
                RunStatus::Partial => "partial",
                RunStatus::Pruned => "deleted",
                RunStatus::Stripped => "files deleted",
                RunStatus::Complete | RunStatus::Other => "",
            },
        }
    }
}

/// `GET /rows`: the rows of a page of the list, with what `/` takes.
pub(in crate::studio) async fn show(asked: Asked, Params(params): Params<ListParams>) -> Response {
    let base = Frame::of(&asked).base;
    let question = match Question::read(&params) {
        Ok(question) => question,
        Err(problem) => return problem.into_response(),
    };
    let lane = question.lane();
    let work = move |desk: &mut Desk| {
        let list = question.answer(desk)?;
        let rows = Rows { base, lines: list.runs.into_iter().map(Line::new).collect() };
        Ok((rows.render().unwrap_or_default(), list.next_cursor, list.total))
    };
    match asked.work(lane, work).await {
        Ok((html, next, total)) => {
            let mut response = axum::response::Html(html).into_response();
            let headers = response.headers_mut();
            if let Some(next) = next.and_then(|next| HeaderValue::from_str(&next).ok()) {
                headers.insert(NEXT, next);
            }
            headers.insert(TOTAL, HeaderValue::from(total));
            response
        }
        Err(problem) => problem.into_response(),
    }
}
