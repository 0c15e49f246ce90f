//! Upstream's matrix of experiments and targets.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::index::Filter;
use crate::run::{CaseRow, Row, Status};
use crate::store::Store;

use super::super::super::project::Desk;
use super::super::error::Problem;
use super::results::execution_status;

/// Runs that the matrix is about: the newest ones.
const RUNS: usize = 200;

/// The matrix, and the runs that it is made of.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Matrix {
    experiments: Vec<String>,
    targets: Vec<String>,
    cells: Vec<Value>,
    runs: Vec<Value>,
}

/// The matrix of the newest runs.
pub(in crate::studio) fn matrix(desk: &mut Desk) -> Result<Matrix, Problem> {
    let (store, projection) = desk.rows()?;
    let ask = crate::index::Ask { filter: Filter::all(false), limit: Some(RUNS), ..Default::default() };
    let rows: Vec<Row> = projection.page(&ask)??.runs.into_iter().map(|(row, _)| row).collect();
    let experiment = |row: &Row| row.experiment.clone().unwrap_or_else(|| "default".into());
    let target = |row: &Row| row.target.clone().unwrap_or_default();
    let sorted = |of: &dyn Fn(&Row) -> String| rows.iter().map(of).collect::<std::collections::BTreeSet<_>>();
    let (experiments, targets) = (sorted(&experiment), sorted(&target));
    let mut cells = Vec::new();
    for (name, of) in experiments.iter().flat_map(|name| targets.iter().map(move |of| (name, of))) {
        let here: Vec<&Row> = rows.iter().filter(|row| experiment(row) == *name && target(row) == *of).collect();
        if here.is_empty() {
            continue;
        }
        let sum = |of: &dyn Fn(&Row) -> u64| here.iter().map(|row| of(row)).sum::<u64>();
        let (all, passed, errors) = (sum(&|row| row.test_count), sum(&|row| row.passed), sum(&|row| row.errors));
        let mut cell = numbers(all, passed, errors, mean(&here));
        cell["experiment"] = json!(name);
        cell["target"] = json!(of);
        cells.push(cell);
    }
    // Looking at a matrix fetches nothing: a clone without the files of runs has no cases here.
    let has_files = !store.repo().is_partial();
    let tests: Vec<Vec<Value>> =
        rows.iter().map(|row| if has_files { tests(&store, row) } else { Vec::new() }).collect();
    for cell in &mut cells {
        let here = rows.iter().zip(&tests).rev();
        let here = here.filter(|(row, _)| cell["experiment"] == experiment(row) && cell["target"] == target(row));
        // Of a case that several runs have the newest counts.
        let newest: BTreeMap<&str, &Value> =
            here.flat_map(|(_, tests)| tests).filter_map(|test| Some((test["test_id"].as_str()?, test))).collect();
        cell["tests"] = newest.into_values().cloned().collect();
    }
    let run = |(row, tests): (&Row, Vec<Value>)| {
        let mut run = numbers(row.test_count, row.passed, row.errors, row.avg_score.unwrap_or_default());
        run["run_id"] = json!(row.id);
        run["started_at"] = json!(row.timestamp);
        run["experiment"] = json!(experiment(row));
        run["target"] = json!(target(row));
        run["source"] = json!("local");
        run["tags"] = json!(row.tags);
        run["tests"] = Value::Array(tests);
        run
    };
    let runs = rows.iter().zip(tests).map(run).collect();
    Ok(Matrix { experiments: experiments.into_iter().collect(), targets: targets.into_iter().collect(), cells, runs })
}

/// The cases of a run; none if they can't be read.
fn tests(store: &Store<'_>, row: &Row) -> Vec<Value> {
    let cases = store.open_row(row).and_then(|run| run.cases()).unwrap_or_default();
    let test = |case: &CaseRow| {
        json!({
            "test_id": case.key, "score": case.score.unwrap_or_default(), "passed": case.status == Status::Pass,
            "execution_status": execution_status(case.status),
        })
    };
    cases.iter().map(test).collect()
}

fn mean(rows: &[&Row]) -> f64 {
    let scores: Vec<f64> = rows.iter().filter_map(|row| row.avg_score).collect();
    #[expect(clippy::cast_precision_loss, reason = "there are few")]
    let count = scores.len() as f64;
    if scores.is_empty() { 0.0 } else { scores.iter().sum::<f64>() / count }
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 cases")]
fn numbers(all: u64, passed: u64, errors: u64, score: f64) -> Value {
    let judged = all.saturating_sub(errors);
    let rate = if judged == 0 { 0.0 } else { passed as f64 / judged as f64 };
    json!({
        "eval_count": all, "quality_count": judged, "passed_count": passed, "execution_error_count": errors,
        "pass_rate": rate, "avg_score": score, "tests": [],
    })
}
