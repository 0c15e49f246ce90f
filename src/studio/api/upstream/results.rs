//! The cases of a run in upstream's words: as its front end shows them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::run::{CaseDetail, CaseRow, Grader, Status};
use crate::store::StoredRun;

use super::super::error::Problem;

/// What cases without a category are filed under.
pub(super) const NO_CATEGORY: &str = "Uncategorized";

/// The cases of a run.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[expect(clippy::struct_field_names, reason = "the names are upstream's")]
pub(in crate::studio) struct Results {
    /// One for each case; keys are upstream's.
    results: Vec<Map<String, Value>>,
    /// `local`: the run is in this repository.
    source: &'static str,
    /// What the run calls itself.
    source_label: String,
}

/// The cases of `run`.
pub(in crate::studio) fn of(run: &StoredRun<'_>) -> Result<Results, Problem> {
    let results = details(run)?.iter().map(|(case, detail)| result(case, detail)).collect();
    Ok(Results { results, source: "local", source_label: run.manifest.run_id.clone() })
}

/// All cases with all that is known of them.
pub(super) fn details(run: &StoredRun<'_>) -> Result<Vec<(CaseRow, CaseDetail)>, Problem> {
    Ok(run.details(&|_| true)?)
}

/// What upstream calls the ending of a case.
pub(super) fn execution_status(status: Status) -> &'static str {
    match status {
        Status::Pass => "ok",
        Status::Fail => "quality_failure",
        Status::Error | Status::Timeout | Status::Cancelled | Status::Skip => "execution_error",
    }
}

/// A case.
pub(super) fn result(case: &CaseRow, detail: &CaseDetail) -> Map<String, Value> {
    let mut assertions: Vec<Value> = detail.graders.iter().flat_map(|grader| assertions(grader, true)).collect();
    let error = detail.error.clone().or_else(|| case.reason.clone().filter(|_| !case.status.is_judged()));
    if assertions.is_empty() {
        assertions.extend(
            error.iter().map(|error| json!({"text": format!("Error: {error}"), "passed": false, "evidence": ""})),
        );
    }
    let scores: Vec<Value> = detail.graders.iter().map(score).collect();
    let fields = [
        ("timestamp", json!(detail.timestamp)),
        ("testId", json!(case.key)),
        ("suite", json!(case.suite)),
        ("category", json!(detail.category.as_deref().unwrap_or(NO_CATEGORY))),
        ("target", json!(case.target)),
        ("variant", json!(case.variant)),
        // There, a score that is not known is 0.
        ("score", json!(case.score.unwrap_or_default())),
        ("executionStatus", json!(execution_status(case.status))),
        ("error", json!(error)),
        ("assertions", Value::Array(assertions)),
        ("scores", if scores.is_empty() { Value::Null } else { Value::Array(scores) }),
        (
            "tokenUsage",
            case.tokens.map_or(Value::Null, |tokens| {
                let reasoning = tokens.total.saturating_sub(tokens.input).saturating_sub(tokens.output);
                json!({"input": tokens.input, "output": tokens.output, "reasoning": reasoning})
            }),
        ),
        ("costUsd", json!(case.cost_usd)),
        ("durationMs", json!(case.duration_ms)),
        ("input", detail.input.as_ref().map_or(Value::Null, |input| json!([{"role": "user", "content": input}]))),
        ("output", json!(detail.output.as_ref().map(|output| output.trim_end_matches('\n')))),
        ("result_dir", json!(case.dir)),
    ];
    fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn score(grader: &Grader) -> Value {
    let mut score = json!({
        "name": grader.name, "type": grader.kind, "score": grader.score.unwrap_or_default(),
        "assertions": assertions(grader, false).collect::<Vec<_>>(),
    });
    if let Some(weight) = grader.weight {
        score["weight"] = json!(weight);
    }
    if let Some(passed) = grader.passed {
        score["verdict"] = json!(if passed { "pass" } else { "fail" });
    }
    score
}

fn assertions(grader: &Grader, with_evidence: bool) -> impl Iterator<Item = Value> {
    grader.assertions.iter().map(move |assertion| {
        let mut value =
            json!({"text": assertion.text, "passed": assertion.passed.or(grader.passed).unwrap_or_default()});
        if with_evidence || assertion.evidence.is_some() {
            value["evidence"] = json!(assertion.evidence.clone().unwrap_or_default());
        }
        value
    })
}
