//! `/`: the list of runs.

use askama::Template;
use axum::response::Response;

use crate::run::{Row, RunStatus};

use super::super::api::error::Problem;
use super::super::api::runs::{ListParams, Question, RunItem, RunsPage};
use super::super::asked::{Asked, Params};
use super::super::site::Lane;
use super::{Frame, show};

/// The page.
#[derive(Debug, Template)]
#[template(path = "runs.html")]
struct Page {
    frame: Frame,
    /// What was asked.
    q: String,
    /// What is wrong with that.
    problem: Option<Problem>,
    lines: Vec<Line>,
    total: u64,
    /// The address of the next page.
    next: Option<String>,
    /// The commit that the runs' ref names.
    tip: String,
}

/// A run, as the list shows it.
#[derive(Debug)]
struct Line {
    id: String,
    name: String,
    target: String,
    when: String,
    time: String,
    bar: Vec<(&'static str, String, String)>,
    passed: String,
    errors: u64,
    score: String,
    duration: String,
    cost: String,
    commit: String,
    tags: Vec<String>,
    state: &'static str,
}

impl Line {
    fn new(item: RunItem) -> Self {
        let bar = show::bar(&item.row);
        let row: Row = item.row;
        let time = row.timestamp.clone().unwrap_or(item.recorded_at);
        Self {
            bar,
            id: row.id.to_string(),
            name: row.experiment.clone().unwrap_or(row.run_id),
            target: row.target.unwrap_or_default(),
            when: show::minute(&time),
            time,
            passed: if row.test_count > 0 { format!("{}/{}", row.passed, row.test_count) } else { String::new() },
            errors: row.errors,
            score: row.avg_score.map(|score| format!("{score:.3}")).unwrap_or_default(),
            duration: row.duration_ms.map(show::duration).unwrap_or_default(),
            cost: row.cost_usd.map(show::dollars).unwrap_or_default(),
            commit: row.sha.map(|sha| sha.chars().take(8).collect()).unwrap_or_default(),
            tags: row.tags,
            state: match row.status {
                RunStatus::Partial => "partial",
                RunStatus::Pruned => "deleted",
                RunStatus::Complete | RunStatus::Other => "",
            },
        }
    }
}

/// `GET /`
pub(in crate::studio) async fn show(asked: Asked, Params(params): Params<ListParams>) -> Response {
    let frame = Frame::of(&asked);
    let question = Question::read(&params);
    let lane = question.as_ref().map_or(Lane::Rows, Question::lane);
    let render = move |desk: &mut super::super::project::Desk| {
        let answered = question.and_then(|question| question.answer(desk));
        let (list, problem) = match answered {
            Ok(list) => (list, None),
            // Whoever made a mistake gets the page with the mistake marked, not another one.
            Err(problem) if problem.status.is_client_error() => {
                (RunsPage { runs: Vec::new(), next_cursor: None, total: 0, unread: 0 }, Some(problem))
            }
            Err(problem) => return Err(problem),
        };
        let with = |name: &str, value: Option<&str>| value.map(|value| format!("&{name}={}", show::parameter(value)));
        let kept = [with("q", params.q.as_deref()), with("sort", params.sort.as_deref())].into_iter().flatten();
        let kept = kept.collect::<String>();
        let next = list.next_cursor.map(|cursor| format!("{}/?cursor={cursor}{kept}", frame.base));
        Ok(Page {
            frame,
            q: params.q.unwrap_or_default(),
            problem,
            lines: list.runs.into_iter().map(Line::new).collect(),
            total: list.total,
            next,
            tip: desk.store().tip_id()?.map(|tip| tip.to_string()).unwrap_or_default(),
        })
    };
    asked.page(lane, render).await
}
