//! One line of the index: one case.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::summary::{tags, text};
use crate::run::{BundleError, CaseRow, Fault, Status, Tokens};

/// The score from which a case counts as passed where nobody says whether it passed.
const PASS_SCORE: f64 = 0.8;

/// A case, and what its line says about the run.
pub(super) struct Line {
    pub(super) case: CaseRow,
    pub(super) run_id: Option<String>,
    pub(super) experiment: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
}

/// Reads line `number` of the index at `path`.
pub(super) fn case(path: &str, number: usize, value: Value) -> Result<Line, BundleError> {
    read(path, number, &Fields::of(path, number, value)?)
}

fn wrong(path: &str, number: usize, reason: &str) -> BundleError {
    BundleError::Malformed { path: path.into(), line: number, column: 1, reason: reason.into() }
}

/// Makes sense of the fields of a line.
pub(super) fn read(path: &str, number: usize, row: &Fields) -> Result<Line, BundleError> {
    let no_key = || wrong(path, number, "there is no 'test_id'");
    let key = row.text("test_id").or_else(|| row.text("eval_id")).ok_or_else(no_key)?;
    let (suite, target, variant) = (row.text("suite"), row.text("target"), row.text("variant"));
    let dimensions = row.get("projection_identity").and_then(|identity| identity.get("dimensions"));
    let dimension = |name: &str| dimensions.and_then(|d| d.get(name)).and_then(text);
    // `eval_path` of the line is a copy inside the bundle; the real one is among the dimensions.
    let eval_path = dimension("eval_path").or_else(|| row.text("eval_path"));
    let identity = [eval_path.as_deref(), suite.as_deref(), Some(key.as_str()), target.as_deref(), variant.as_deref()]
        .map(|part| part.unwrap_or_default().replace('\0', " "))
        .join("\0");
    let status = row.status();
    let case = CaseRow {
        key,
        suite,
        version: None,
        attempt: None,
        samples: ["samples", "attempts", "trials"]
            .iter()
            .find_map(|name| u32::try_from(row.get(name)?.as_array()?.len()).ok()),
        status,
        fault: (status == Status::Error).then(|| row.fault()),
        score: row.number("score"),
        scores: row.scores(),
        duration_ms: row.number("duration_ms"),
        tokens: row.tokens(),
        cost_usd: row.number("cost_usd"),
        model: row.text("model"),
        target,
        variant,
        reason: if status == Status::Pass { None } else { row.reason() },
        transcript: row.text("transcript_path"),
        dir: row.text("result_dir").or_else(|| row.text("artifact_dir")),
        identity,
    };
    Ok(Line {
        case,
        run_id: dimension("run_id"),
        experiment: row.text("experiment"),
        tags: row.get("tags").map(tags).unwrap_or_default(),
        timestamp: row.time("timestamp"),
        ended: row.time("end_time"),
    })
}

/// A line's fields, in snake case.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Those of line `number` of the index at `path`.
    pub(super) fn of(path: &str, number: usize, value: Value) -> Result<Self, BundleError> {
        match value {
            Value::Object(raw) => Ok(Self(snake_case(raw))),
            _ => Err(wrong(path, number, "a line of the index must be a JSON object")),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(text)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(Value::as_f64)
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.get(name)?.as_str()?.parse().ok()
    }

    /// The case's own verdict; its score only where there is none.
    fn status(&self) -> Status {
        match self.get("execution_status").and_then(Value::as_str) {
            Some("ok") => Status::Pass,
            Some("quality_failure") => Status::Fail,
            Some("execution_error") => Status::Error,
            Some("skipped" | "skip") => Status::Skip,
            Some("timeout") => Status::Timeout,
            Some("cancelled" | "canceled") => Status::Cancelled,
            _ if self.get("error").is_some_and(|error| !error.is_null()) => Status::Error,
            _ => match self.number("score") {
                Some(score) if score >= PASS_SCORE => Status::Pass,
                Some(_) => Status::Fail,
                // Nobody judged it: an error, not a zero.
                None => Status::Error,
            },
        }
    }

    fn fault(&self) -> Fault {
        let code = self.text("failure_reason_code").unwrap_or_default();
        match self.text("failure_stage").as_deref() {
            _ if code.contains("provider") || code.contains("model") => Fault::Model,
            Some("agent" | "target") => Fault::Agent,
            Some("grader" | "evaluator" | "grading") => Fault::Grader,
            Some("setup" | "repo_setup" | "workspace" | "teardown" | "environment") => Fault::Infra,
            _ => Fault::Unknown,
        }
    }

    fn scores(&self) -> BTreeMap<String, f64> {
        if let Some(Value::Object(named)) = self.get("named_scores") {
            return named.iter().filter_map(|(name, score)| Some((name.clone(), score.as_f64()?))).collect();
        }
        let graders = self.get("scores").and_then(Value::as_array).into_iter().flatten();
        graders.filter_map(|grader| Some((text(grader.get("name")?)?, grader.get("score")?.as_f64()?))).collect()
    }

    /// Tokens; unknown if every count is 0, which stands for "not told".
    fn tokens(&self) -> Option<Tokens> {
        let usage = self.get("token_usage")?;
        let count = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
        let (input, output) = (count("input"), count("output"));
        let total = input.saturating_add(output).saturating_add(count("reasoning"));
        (total > 0).then_some(Tokens { input, output, total })
    }

    /// The error, else what the first grader that is not content has to say.
    fn reason(&self) -> Option<String> {
        if let Some(error) = self.get("error") {
            return text(error).or_else(|| error.get("message").and_then(text));
        }
        let graders = self.get("scores").and_then(Value::as_array).into_iter().flatten();
        let failed = |grader: &&Value| {
            grader.get("pass").and_then(Value::as_bool) == Some(false)
                || grader.get("verdict").and_then(Value::as_str) == Some("fail")
                || grader.get("score").and_then(Value::as_f64).is_some_and(|score| score < PASS_SCORE)
        };
        graders.filter(failed).find_map(|grader| {
            let assertions = grader.get("assertions").and_then(Value::as_array).into_iter().flatten();
            let broken = |assertion: &&Value| assertion.get("passed").and_then(Value::as_bool) == Some(false);
            grader.get("reason").and_then(text).or_else(|| assertions.filter(broken).find_map(|a| text(a.get("text")?)))
        })
    }
}

/// Older versions wrote `testId` for `test_id`. A key that is there in both forms keeps the newer one.
fn snake_case(row: Map<String, Value>) -> Map<String, Value> {
    if !row.keys().any(|key| key.bytes().any(|b| b.is_ascii_uppercase())) {
        return row;
    }
    let (old, mut new): (Map<_, _>, Map<_, _>) =
        row.into_iter().partition(|(key, _)| key.bytes().any(|b| b.is_ascii_uppercase()));
    for (key, value) in old {
        let mut snake = String::with_capacity(key.len() + 4);
        for c in key.chars() {
            if c.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        new.entry(snake).or_insert(value);
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> CaseRow {
        case("index.jsonl", 1, value).unwrap().case
    }

    #[test]
    fn the_own_verdict_beats_the_score() {
        assert_eq!(read(json!({"test_id": "a", "score": 0.5, "execution_status": "ok"})).status, Status::Pass);
        assert_eq!(
            read(json!({"test_id": "a", "score": 1, "execution_status": "quality_failure"})).status,
            Status::Fail
        );
        assert_eq!(read(json!({"test_id": "a", "score": 0.8})).status, Status::Pass);
        assert_eq!(read(json!({"test_id": "a", "score": 0.79})).status, Status::Fail);
        assert_eq!(read(json!({"test_id": "a", "score": 1, "error": "boom"})).status, Status::Error);
        assert_eq!(read(json!({"test_id": "a"})).status, Status::Error, "no score is no verdict");
        assert_eq!(read(json!({"test_id": "a", "score": null})).status, Status::Error);
    }

    #[test]
    fn old_spellings_are_read() {
        let old = read(
            json!({"testId": "a", "score": 1, "executionStatus": "ok", "durationMs": 5, "tokenUsage": {"input": 2, "output": 3}}),
        );
        assert_eq!((old.key.as_str(), old.duration_ms, old.tokens.map(|t| t.total)), ("a", Some(5.0), Some(5)));
    }

    #[test]
    fn what_is_no_case_is_refused() {
        for value in [json!([]), json!("x"), json!({}), json!({"test_id": 7})] {
            assert!(case("index.jsonl", 3, value.clone()).is_err(), "{value}");
        }
    }
}
