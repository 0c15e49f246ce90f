//! Upstream's matrix of experiments and targets.

use serde::Serialize;
use serde_json::{Value, json};

use crate::index::Filter;
use crate::run::Row;

use super::super::super::project::Desk;
use super::super::error::Problem;

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
    let (_, projection) = desk.rows()?;
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
    let run = |row: &Row| {
        let mut run = numbers(row.test_count, row.passed, row.errors, row.avg_score.unwrap_or_default());
        run["run_id"] = json!(row.id);
        run["started_at"] = json!(row.timestamp);
        run["experiment"] = json!(experiment(row));
        run["target"] = json!(target(row));
        run["source"] = json!("local");
        run
    };
    let runs = rows.iter().map(run).collect();
    Ok(Matrix { experiments: experiments.into_iter().collect(), targets: targets.into_iter().collect(), cells, runs })
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
