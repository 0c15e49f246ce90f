//! `/trends`: score and pass rate in the course of time or of commits; and one case over all its runs.

use askama::Template;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use crate::index::{CasePoint, StoreSet, TrendPoint};
use crate::run::format_time;

use super::super::api::error::Problem;
use super::super::api::runs::{ListParams, Question};
use super::super::asked::{Asked, Params};
use super::super::project::Desk;
use super::super::site::Lane;
use super::chart::{Chart, Value, spread};
use super::{Frame, show};

/// Runs that are looked at.
const RUNS: usize = 5000;
/// Charts on the page.
const CHARTS: usize = 24;
/// Runs of one chart.
const OF_CHART: usize = 200;

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

/// A chart, and the same as a table.
#[derive(Debug)]
struct Series {
    title: String,
    /// The list of its runs.
    address: String,
    description: String,
    chart: Chart,
    rows: Vec<Line>,
    /// Runs that are not drawn.
    left: usize,
}

/// A run in the table, or the runs of a commit.
#[derive(Debug)]
struct Line {
    when: String,
    label: String,
    address: String,
    passed: String,
    /// Colour of that.
    class: &'static str,
    rate: String,
    score: String,
    commit: String,
}

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct What {
    q: Option<String>,
    case: Option<String>,
    by: Option<String>,
}

/// A rate and a score, where they are known.
type Values = (Option<f64>, Option<f64>);

/// Something at a place of the chart.
struct Step {
    at: i64,
    line: Line,
    /// The rate, and the score.
    values: Values,
    class: &'static str,
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

fn moment(at: i64) -> String {
    Timestamp::from_millisecond(at).map(|at| show::minute(&format_time(at))).unwrap_or_default()
}

impl Line {
    fn new(base: &str, point: &TrendPoint) -> Self {
        Self {
            when: moment(point.at),
            label: point.id.chars().take(8).collect(),
            address: format!("{base}/runs/{}", point.id),
            passed: format!("{} of {}", point.passed.0, point.passed.1),
            class: "",
            rate: point.pass_rate.map(show::percent).unwrap_or_default(),
            score: point.avg_score.map(show::score).unwrap_or_default(),
            commit: point.sha.clone().unwrap_or_default(),
        }
    }
}

impl Step {
    fn of_run(base: &str, point: &TrendPoint) -> Self {
        let line = Line::new(base, point);
        Self { at: point.at, line, values: (point.pass_rate, point.avg_score), class: "rate" }
    }

    fn of_case(base: &str, point: &CasePoint) -> Self {
        let status = serde_json::from_value(point.status.as_str().into()).map(show::status);
        let (word, class) = status.unwrap_or(("unknown", "dim"));
        let line = Line {
            passed: word.to_owned(),
            class,
            rate: point.duration_ms.map(show::milliseconds).unwrap_or_default(),
            score: point.score.map(show::score).unwrap_or_default(),
            address: format!("{base}/runs/{}", point.run.id),
            ..Line::new(base, &point.run)
        };
        // A case that passes or fails without a score is at the top or at the bottom.
        let score = point.score.or_else(|| Some(if word == "passed" { 1.0 } else { 0.0 }));
        let class = match word {
            "passed" => "passed",
            "failed" => "failed",
            _ => "errors",
        };
        Self { at: point.run.at, line, values: (None, score), class }
    }
}

impl Series {
    fn new(title: String, address: String, mut steps: Vec<Step>, by_commit: bool, of_runs: bool) -> Self {
        if by_commit {
            steps = commits(steps);
        }
        let left = steps.len().saturating_sub(OF_CHART);
        steps.drain(..left);
        let places: Vec<i64> =
            if by_commit { (0..).take(steps.len()).collect() } else { steps.iter().map(|step| step.at).collect() };
        let places = spread(&places);
        let values = |of: fn(&Step) -> Option<f64>, class: Option<&'static str>| {
            let each = steps.iter().zip(&places).filter_map(|(step, x)| {
                let value = Value {
                    x: *x,
                    y: of(step)?,
                    class: class.unwrap_or(step.class),
                    address: step.line.address.clone(),
                    title: step.line.told(),
                };
                Some(value)
            });
            each.collect::<Vec<_>>()
        };
        let mut chart = Chart::default();
        chart.draw("score", values(|step| step.values.1, of_runs.then_some("score")));
        if of_runs {
            chart.draw("rate", values(|step| step.values.0, Some("rate")));
        }
        let end = |step: Option<&Step>| {
            step.map(|step| {
                if by_commit { step.line.commit() } else { step.line.when.get(..10).unwrap_or_default().to_owned() }
            })
        };
        let ends = (end(steps.first()).unwrap_or_default(), end(steps.last()).unwrap_or_default());
        // One label is enough if there is one day.
        chart.ends = if ends.0 == ends.1 { (ends.0, String::new()) } else { ends };
        let description = steps
            .first()
            .zip(steps.last())
            .map(|(first, last)| format!("{} values, from {} to {}", steps.len(), first.line.told(), last.line.told()));
        Self {
            title,
            address,
            description: description.unwrap_or_default(),
            chart,
            rows: steps.into_iter().rev().map(|step| step.line).collect(),
            left,
        }
    }
}

impl Line {
    /// All of it in one line.
    fn told(&self) -> String {
        let score = if self.score.is_empty() { String::new() } else { format!("score {}", self.score) };
        let parts = [self.when.as_str(), &self.passed, &self.rate, &score];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    fn commit(&self) -> String {
        self.commit.chars().take(8).collect()
    }
}

/// The runs of each commit as one step; in the order in which the commits were first evaluated. Runs of unknown commits are
/// left out.
fn commits(steps: Vec<Step>) -> Vec<Step> {
    let mut commits: Vec<(Step, Vec<Values>)> = Vec::new();
    for step in steps.into_iter().filter(|step| !step.line.commit.is_empty()) {
        if let Some((_, values)) = commits.iter_mut().find(|(first, _)| first.line.commit == step.line.commit) {
            values.push(step.values);
        } else {
            let values = vec![step.values];
            commits.push((step, values));
        }
    }
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
        (count > 0.0).then(|| sum / count)
    };
    let each = |(mut step, values): (Step, Vec<Values>)| {
        if values.len() > 1 {
            let (rate, score) = (
                mean(&mut values.iter().filter_map(|value| value.0)),
                mean(&mut values.iter().filter_map(|value| value.1)),
            );
            step.values = (rate, score);
            step.line.rate = rate.map(show::percent).unwrap_or_default();
            step.line.score = score.map(show::score).unwrap_or_default();
            step.line.passed = format!("{} runs", values.len());
            step.line.class = "";
            let base = step.line.address.split("/runs/").next().unwrap_or_default();
            step.line.address = format!("{base}/?q=sha:{}", step.line.commit);
        }
        step
    };
    commits.into_iter().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::{Step, TrendPoint, commits};

    #[test]
    fn runs_of_a_commit_are_one_step() {
        let step = |id: &str, sha: Option<&str>, rate| {
            let point = TrendPoint {
                id: id.into(),
                at: 0,
                experiment: None,
                target: None,
                sha: sha.map(str::to_owned),
                passed: (1, 2),
                pass_rate: rate,
                avg_score: None,
            };
            Step::of_run("", &point)
        };
        let steps = vec![
            step("1", Some("a"), Some(0.5)),
            step("2", Some("b"), Some(1.0)),
            step("3", None, Some(1.0)),
            step("4", Some("a"), Some(1.0)),
        ];
        let told: Vec<_> =
            commits(steps).into_iter().map(|step| (step.line.address, step.values.0, step.line.passed)).collect();
        assert_eq!(
            told,
            [
                ("/?q=sha:a".to_owned(), Some(0.75), "2 runs".to_owned()),
                ("/runs/2".to_owned(), Some(1.0), "1 of 2".to_owned())
            ]
        );
    }
}
