//! The cases of a run in upstream's words: as its front end shows them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::run::{CaseRow, Status};
use crate::store::StoredRun;

use super::super::error::Problem;

/// The cases of a run.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Results {
    /// One for each case; keys are upstream's.
    results: Vec<Map<String, Value>>,
    /// `local`: the run is in this repository.
    source: &'static str,
    /// The same, for people.
    source_label: &'static str,
}

/// The cases of `run`.
pub(in crate::studio) fn of(run: &StoredRun<'_>) -> Result<Results, Problem> {
    let results = run.cases()?.iter().map(result).collect();
    Ok(Results { results, source: "local", source_label: "local" })
}

fn result(case: &CaseRow) -> Map<String, Value> {
    let status = match case.status {
        Status::Pass => "ok",
        Status::Fail => "quality_failure",
        Status::Error | Status::Timeout | Status::Cancelled | Status::Skip => "execution_error",
    };
    let scores: Vec<Value> = case.scores.iter().map(|(name, score)| json!({"name": name, "score": score})).collect();
    let mut result = Map::new();
    let mut set = |name: &str, value: Value| {
        if !value.is_null() {
            result.insert(name.to_owned(), value);
        }
    };
    set("testId", json!(case.key));
    set("suite", json!(case.suite));
    set("category", json!("Uncategorized"));
    set("target", json!(case.target));
    set("score", json!(case.score.unwrap_or_default()));
    set("executionStatus", json!(status));
    set("scores", json!(scores));
    set("durationMs", json!(case.duration_ms));
    set("costUsd", json!(case.cost_usd));
    set(
        "tokenUsage",
        case.tokens.map_or(Value::Null, |tokens| json!({"input": tokens.input, "output": tokens.output})),
    );
    set("error", if case.status.is_judged() { Value::Null } else { json!(case.reason) });
    result
}
