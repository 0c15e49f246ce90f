//! What a chart of trends is made of: runs, or the runs of commits, one after the other.

use jiff::Timestamp;

use crate::index::{CasePoint, TrendPoint};
use crate::run::format_time;

use super::chart::{Chart, Value, spread};
use super::show;

/// Runs of one chart.
const OF_CHART: usize = 200;

/// A chart, and the same as a table.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) title: String,
    /// The list of its runs.
    pub(super) address: String,
    pub(super) description: String,
    pub(super) chart: Chart,
    pub(super) rows: Vec<Line>,
    /// Runs that are not drawn.
    pub(super) left: usize,
}

/// A run in the table, or the runs of a commit.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) when: String,
    pub(super) label: String,
    pub(super) address: String,
    pub(super) passed: String,
    /// Colour of that.
    pub(super) class: &'static str,
    pub(super) rate: String,
    pub(super) score: String,
    pub(super) commit: String,
}

/// A rate and a score, where they are known.
pub(super) type Values = (Option<f64>, Option<f64>);

/// Something at a place of the chart.
pub(super) struct Step {
    pub(super) at: i64,
    pub(super) line: Line,
    /// The rate, and the score.
    pub(super) values: Values,
    pub(super) class: &'static str,
}

fn moment(at: i64) -> String {
    Timestamp::from_millisecond(at).map(|at| show::minute(&format_time(at))).unwrap_or_default()
}

impl Line {
    pub(super) fn new(base: &str, point: &TrendPoint) -> Self {
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
    pub(super) fn of_run(base: &str, point: &TrendPoint) -> Self {
        let line = Line::new(base, point);
        Self { at: point.at, line, values: (point.pass_rate, point.avg_score), class: "rate" }
    }

    pub(super) fn of_case(base: &str, point: &CasePoint) -> Self {
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
    pub(super) fn new(title: String, address: String, mut steps: Vec<Step>, by_commit: bool, of_runs: bool) -> Self {
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
    pub(super) fn told(&self) -> String {
        let score = if self.score.is_empty() { String::new() } else { format!("score {}", self.score) };
        let parts = [self.when.as_str(), &self.passed, &self.rate, &score];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn commit(&self) -> String {
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
