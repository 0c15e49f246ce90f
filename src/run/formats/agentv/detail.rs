//! All that a bundle says about a case: its line of the index, and the files that the line names.

use serde_json::Value;

use super::rows::Fields;
use super::summary::text;
use crate::run::detail::{Assertion, CaseDetail, CaseFile, Grader};
use crate::run::{BundleError, Files};

/// Texts up to this many bytes are taken into the details.
const SHORT: usize = 256 << 10;

/// Keys of a line that name a file, and what it is.
const FILES: [(&str, &str); 13] = [
    ("transcript_path", "transcript"),
    ("transcript_raw_path", "raw_transcript"),
    ("response_path", "answer"),
    ("answer_path", "answer"),
    ("output_path", "answer"),
    ("input_path", "input"),
    ("grading_path", "grading"),
    ("metrics_path", "metrics"),
    ("stdout_path", "stdout"),
    ("stderr_path", "stderr"),
    ("file_changes_path", "changes"),
    ("eval_path", "eval"),
    ("summary_path", "summary"),
];

/// The details of the case of a line.
pub(super) fn of(row: &Fields, files: &dyn Files) -> Result<CaseDetail, BundleError> {
    let mut detail = CaseDetail {
        timestamp: row.text("timestamp"),
        category: row.text("category"),
        error: row.get("error").and_then(|error| text(error).or_else(|| error.get("message").and_then(text))),
        ..CaseDetail::default()
    };
    for (key, role) in FILES {
        let path = row.text(key).filter(|path| files.has(path) && detail.file(role).is_none());
        detail.files.extend(path.map(|path| CaseFile { role: role.to_owned(), path }));
    }
    let grading = match detail.file("grading") {
        Some(path) => files.read(path)?.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()),
        None => None,
    };
    let graders = list(row.get("scores")).map(grader).collect::<Vec<_>>();
    detail.graders = match grading.as_ref().map(graded).filter(|graded| !graded.is_empty()) {
        Some(graded) => graded,
        None => graders,
    };
    detail.output = short(files, detail.file("answer"))?;
    detail.input = match short(files, detail.file("input"))? {
        Some(text) => Some(text.strip_prefix("@[user]:\n").map(str::to_owned).unwrap_or(text)),
        None => asked(files, detail.file("transcript"))?,
    };
    Ok(detail)
}

fn short(files: &dyn Files, path: Option<&str>) -> Result<Option<String>, BundleError> {
    let Some(path) = path else { return Ok(None) };
    let bytes = files.read(path)?.filter(|bytes| bytes.len() <= SHORT);
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// What the user says first in a transcript.
fn asked(files: &dyn Files, path: Option<&str>) -> Result<Option<String>, BundleError> {
    let Some(path) = path.filter(|path| path.rsplit_once('.').is_some_and(|(_, ending)| ending == "json")) else {
        return Ok(None);
    };
    let bytes = files.read(path)?.filter(|bytes| bytes.len() <= SHORT);
    let Some(document) = bytes.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else { return Ok(None) };
    let turn = list(document.get("turns")).find(|turn| turn.get("type").and_then(Value::as_str) == Some("user"));
    let content = turn.and_then(|turn| turn.get("content"));
    let pieces = list(content).filter_map(|piece| text(piece.get("text")?)).collect::<Vec<_>>();
    Ok(if pieces.is_empty() { content.and_then(text) } else { Some(pieces.join("\n")) })
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// The graders of a `grading.json`, of any era.
fn graded(grading: &Value) -> Vec<Grader> {
    let of_components = list(grading.get("component_results")).map(component).collect::<Vec<_>>();
    if !of_components.is_empty() {
        return of_components;
    }
    let graders = list(grading.get("graders")).map(grader).collect::<Vec<_>>();
    if !graders.is_empty() {
        return graders;
    }
    // Assertions that nobody signed.
    let assertions =
        list(grading.get("assertion_results")).chain(list(grading.get("assertions"))).filter_map(assertion);
    let assertions = assertions.collect::<Vec<_>>();
    if assertions.is_empty() {
        Vec::new()
    } else {
        vec![Grader { name: "grading".into(), assertions, ..Grader::default() }]
    }
}

fn grader(value: &Value) -> Grader {
    let verdict = value.get("verdict").and_then(Value::as_str);
    Grader {
        name: value.get("name").and_then(text).unwrap_or_else(|| "grader".into()),
        kind: value.get("type").and_then(text),
        score: value.get("score").and_then(Value::as_f64),
        weight: value.get("weight").and_then(Value::as_f64),
        passed: value.get("pass").and_then(Value::as_bool).or(verdict.map(|verdict| verdict == "pass")),
        reason: value
            .get("reason")
            .or_else(|| value.get("reasoning"))
            .and_then(text)
            .filter(|reason| !reason.is_empty()),
        assertions: list(value.get("assertions")).filter_map(assertion).collect(),
    }
}

/// One of the results that newer versions nest.
fn component(value: &Value) -> Grader {
    let about = value.get("assertion").unwrap_or(&Value::Null);
    let parts = list(value.get("component_results")).map(|part| Assertion {
        text: [part.get("reason"), part.pointer("/assertion/value"), part.pointer("/assertion/name")]
            .into_iter()
            .flatten()
            .find_map(text)
            .unwrap_or_default(),
        passed: part.get("pass").and_then(Value::as_bool),
        evidence: None,
    });
    Grader {
        name: about.get("name").and_then(text).unwrap_or_else(|| "grader".into()),
        kind: about.get("type").and_then(text),
        score: value.get("score").and_then(Value::as_f64),
        weight: about.get("weight").and_then(Value::as_f64),
        passed: value.get("pass").and_then(Value::as_bool),
        reason: value.get("reason").and_then(text),
        assertions: parts.collect(),
    }
}

fn assertion(value: &Value) -> Option<Assertion> {
    Some(Assertion {
        text: value.get("text").and_then(text)?,
        passed: value.get("passed").and_then(Value::as_bool),
        evidence: value.get("evidence").and_then(text).filter(|evidence| !evidence.is_empty()),
    })
}
