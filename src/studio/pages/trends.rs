//! `/trends`: score and pass rate in the course of time or of commits; and one case over all its runs.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::index::{StoreSet, TrendPoint};

use super::super::api::error::Problem;
use super::super::api::runs::{ListParams, Question};
use super::super::asked::{Asked, Params};
use super::super::project::Desk;
use super::super::site::Lane;
use super::series::{Series, Step};
use super::{Frame, show};

/// Runs that are looked at.
const RUNS: usize = 5000;
/// Charts on the page.
const CHARTS: usize = 24;

/// The page.
#[derive(Debug, Template)]
#[template(path = "trends.html")]
struct Page {
    frame: Frame,
    q: String,
    problem: Option<Problem>,
    /// The case whose history it is; empty for whole runs.
    case: String,
    by_commit: bool,
    series: Vec<Series>,
    /// Experiment and target of those that are not drawn, how many runs, and the address of their trend.
    others: Vec<(String, usize, String)>,
    /// Whether there are older runs that were not looked at.
    more: bool,
}

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct What {
    q: Option<String>,
    case: Option<String>,
    by: Option<String>,
}

/// `GET /trends`
pub(in crate::studio) async fn show(asked: Asked, Params(what): Params<What>) -> Response {
    let frame = Frame::of(&asked);
    let (q, case) = (what.q.unwrap_or_default(), what.case.unwrap_or_default());
    let question = Question::read(&ListParams { q: Some(q.clone()), ..ListParams::default() });
    let lane = question.as_ref().map_or(Lane::Rows, Question::lane);
    let lane = if case.is_empty() { lane } else { Lane::Files };
    let render = move |desk: &mut Desk| {
        let by_commit = what.by.as_deref() == Some("commit");
        let mut page =
            Page { frame, q, problem: None, case, by_commit, series: Vec::new(), others: Vec::new(), more: false };
        let answered = question.and_then(|question| page.fill(desk, &question));
        match answered {
            Err(problem) if problem.status.is_client_error() => page.problem = Some(problem),
            other => other?,
        }
        Ok(page)
    };
    asked.page(lane, render).await
}

impl Page {
    fn has_many(&self) -> bool {
        self.series.iter().any(|one| one.chart.many)
    }

    fn fill(&mut self, desk: &mut Desk, question: &Question) -> Result<(), Problem> {
        let (store, projection) = desk.rows()?;
        let filter = question.filter(&store, projection)?;
        let mut together: Vec<(String, String, Vec<Step>)> = Vec::new();
        let mut push =
            |title: String, words: String, step: Step| match together.iter_mut().find(|(known, ..)| *known == title) {
                Some((.., steps)) => steps.push(step),
                None => together.push((title, words, vec![step])),
            };
        let base = &self.frame.base;
        if self.case.is_empty() {
            let points = projection.trend(&filter, RUNS)?;
            self.more = points.len() == RUNS;
            for point in &points {
                push(title(point), words(point), Step::of_run(base, point));
            }
        } else {
            projection.fill_cases(&[StoreSet::own(store)], &mut |_, _| {})?;
            let points = projection.history(&filter, &self.case, RUNS)?;
            self.more = points.len() == RUNS;
            for point in &points {
                let suite = point.suite.as_deref().map(|suite| format!(" · {suite}")).unwrap_or_default();
                push(format!("{}{suite}", title(&point.run)), words(&point.run), Step::of_case(base, point));
            }
        }
        // The one with the newest run first.
        together.sort_by_key(|(.., steps)| std::cmp::Reverse(steps.last().map(|step| step.at)));
        for (title, words, steps) in together {
            let own = format!("{} {words}", self.q).trim().to_owned();
            if self.series.len() < CHARTS {
                let address = format!("{base}/?q={}", show::parameter(&own));
                self.series.push(Series::new(title, address, steps, self.by_commit, self.case.is_empty()));
            } else {
                let case =
                    if self.case.is_empty() { String::new() } else { format!("&case={}", show::parameter(&self.case)) };
                self.others.push((title, steps.len(), format!("{base}/trends?q={}{case}", show::parameter(&own))));
            }
        }
        Ok(())
    }
}

fn title(point: &TrendPoint) -> String {
    let experiment = point.experiment.as_deref().unwrap_or("no experiment");
    point.target.as_deref().map_or_else(|| experiment.to_owned(), |target| format!("{experiment} · {target}"))
}

fn words(point: &TrendPoint) -> String {
    let word = |field, value: &Option<String>| value.as_deref().map(|value| show::words(field, value));
    let words = [word("experiment", &point.experiment), word("target", &point.target)];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
