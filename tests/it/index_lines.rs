//! The reader of `agentv` bundles: what the lines of an index say about cases, targets and tags.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::formats::read;

/// Writes a bundle from a summary and the lines of an index, and nothing else.
fn write(env: &TestEnv, name: &str, summary: (&str, Value), index: (&str, &[Value])) -> PathBuf {
    let dir = env.repo.join("bundles").join(name);
    fs::create_dir_all(dir.join(index.0).parent().unwrap()).unwrap();
    fs::write(dir.join(summary.0), summary.1.to_string()).unwrap();
    let lines: String = index.1.iter().map(|line| format!("{line}\n")).collect();
    fs::write(dir.join(index.0), lines).unwrap();
    dir
}

/// Writes a bundle of the current layout from the lines of its index.
fn write_lines(env: &TestEnv, name: &str, lines: &[Value]) -> PathBuf {
    write(env, name, ("summary.json", json!({"run_summary": {"t": {}}})), (".internal/index.jsonl", lines))
}

#[test]
fn the_last_of_repeated_cases_counts() {
    let env = TestEnv::new();
    let lines = [
        json!({"test_id": "a", "target": "t", "score": 0, "execution_status": "execution_error", "error": "boom"}),
        json!({"test_id": "b", "target": "t", "score": 0.2, "execution_status": "quality_failure"}),
        json!({"test_id": "a", "target": "t", "score": 0.9, "execution_status": "ok", "cost_usd": 0.5}),
        json!({"test_id": "a", "target": "t", "score": 0.7, "execution_status": "quality_failure", "cost_usd": 0.25}),
        // Not the same case: another suite, another variant.
        json!({"test_id": "a", "suite": "s", "target": "t", "score": 1, "execution_status": "ok"}),
        json!({"test_id": "a", "target": "t", "variant": "v", "score": 1, "execution_status": "ok"}),
    ];
    let (row, cases) = read(&env, &write_lines(&env, "repeated", &lines));
    assert_eq!(json!([row["test_count"], row["passed"], row["errors"], row["pass_rate"]]), json!([4, 2, 0, 0.5]));
    assert_eq!(row["avg_score"].as_f64().unwrap(), (0.2 + 0.7 + 1.0 + 1.0) / 4.0);
    assert_eq!(row["cost_usd"], 0.25, "what a resumed case cost before is not in the last line");
    let told: Vec<_> = cases.iter().map(|case| [&case["key"], &case["score"]]).collect();
    // Failing ones first, else in the order in which they were first met.
    assert_eq!(json!(told), json!([["a", 0.7], ["b", 0.2], ["a", 1.0], ["a", 1.0]]));
}

#[test]
fn several_targets() {
    let env = TestEnv::new();
    let line = |test: &str, target: &str, score: f64| json!({"test_id": test, "target": target, "score": score});
    let lines = [line("a", "gpt-5", 1.0), line("a", "opus", 0.1), line("b", "gpt-5", 1.0), line("b", "opus", 0.9)];
    let (row, cases) = read(&env, &write_lines(&env, "targets", &lines));
    assert_eq!(row["target"], "gpt-5, opus");
    assert_eq!(json!([row["test_count"], row["passed"]]), json!([4, 3]));
    assert_eq!(cases[0]["target"], "opus");
    let shown = env.agentv(["show", row["id"].as_str().unwrap(), "--format", "json"]).json();
    assert_eq!(shown["manifest"]["targets"], json!(["gpt-5", "opus"]));
    // The summary's own list is trusted more than the lines, which may not be there yet.
    let summary = json!({"metadata": {"targets": ["opus", "gpt-5", "late"]}, "run_summary": {"opus": {}}});
    let dir = write(&env, "listed", ("summary.json", summary), ("index.jsonl", &lines));
    assert_eq!(read(&env, &dir).0["target"], "opus, gpt-5, late");
}

#[test]
fn what_a_line_says_about_its_verdict() {
    let env = TestEnv::new();
    let table = [
        (json!({"score": 0.8}), "pass"),
        (json!({"score": 0.7999}), "fail"),
        (json!({"score": null}), "error"),
        (json!({}), "error"),
        (json!({"score": "1"}), "error"),
        (json!({"score": 1, "error": "boom"}), "error"),
        (json!({"score": 1, "error": null}), "pass"),
        (json!({"score": 0.3, "execution_status": "ok"}), "pass"),
        (json!({"score": 0.9, "execution_status": "quality_failure"}), "fail"),
        (json!({"score": 1, "execution_status": "execution_error"}), "error"),
        (json!({"score": 0.9, "execution_status": "from the future"}), "pass"),
        (json!({"score": 0, "execution_status": "skipped"}), "skip"),
        (json!({"score": 0, "execution_status": "timeout"}), "timeout"),
        (json!({"score": 0, "execution_status": "cancelled"}), "cancelled"),
    ];
    let lines: Vec<_> = table
        .iter()
        .enumerate()
        .map(|(at, (line, _))| {
            let mut line = line.clone();
            line["test_id"] = format!("{at:02}").into();
            line
        })
        .collect();
    let (row, cases) = read(&env, &write_lines(&env, "verdicts", &lines));
    for (at, (line, expected)) in table.iter().enumerate() {
        let case = cases.iter().find(|case| case["key"] == format!("{at:02}")).unwrap();
        assert_eq!(case["status"], *expected, "{line}");
        assert_eq!(case.get("fault").is_some(), *expected == "error", "{case}");
    }
    // 4 pass, 2 fail, 5 errors, a timeout and a cancelled one; the skipped one counts nowhere.
    assert_eq!(json!([row["test_count"], row["passed"], row["errors"]]), json!([13, 4, 7]));
    assert_eq!(row["pass_rate"].as_f64().unwrap(), 4.0 / 6.0);
    let judged = [0.8, 0.7999, 1.0, 0.3, 0.9, 0.9];
    assert!((row["avg_score"].as_f64().unwrap() - judged.iter().sum::<f64>() / 6.0).abs() < 1e-12);
}

#[test]
fn nothing_judged_is_no_rate() {
    let env = TestEnv::new();
    let lines = [json!({"test_id": "a", "score": 0, "execution_status": "execution_error", "error": "boom"})];
    let (row, _) = read(&env, &write_lines(&env, "errors", &lines));
    assert_eq!(json!([row["test_count"], row["passed"], row["errors"]]), json!([1, 0, 1]));
    for absent in ["pass_rate", "avg_score", "tokens", "cost_usd", "duration_ms"] {
        assert!(row.get(absent).is_none(), "{absent} is unknown: {row}");
    }
}

#[test]
fn tags_in_every_shape() {
    let env = TestEnv::new();
    let line = |tags: Value| [json!({"test_id": "a", "score": 1, "tags": tags})];
    let summary = |tags: Value| json!({"metadata": {"tags": tags, "experiment": "exp"}, "run_summary": {"t": {}}});
    let tags = |name: &str, in_summary: Value, in_line: Value, in_file: Option<Value>| {
        let dir = write(&env, name, ("summary.json", summary(in_summary)), ("index.jsonl", &line(in_line)));
        if let Some(tags) = in_file {
            fs::write(dir.join("tags.json"), tags.to_string()).unwrap();
        }
        read(&env, &dir).0["tags"].clone()
    };
    let none = Value::Null;
    assert_eq!(tags("list", json!(["b", "a"]), none.clone(), None), json!(["b", "a"]));
    let map = json!({"team": "search", "flag": true, "n": 3, "experiment": "exp", "deep": {}});
    assert_eq!(tags("map", map, none.clone(), None), json!(["flag=true", "n=3", "team=search"]));
    assert_eq!(tags("line", none.clone(), json!({"k": "v"}), None), json!(["k=v"]));
    assert_eq!(tags("file", none.clone(), none.clone(), Some(json!({"tags": ["x"], "tag_revision": 2}))), json!(["x"]));
    assert_eq!(tags("bare", none.clone(), none.clone(), Some(json!(["x", "y"]))), json!(["x", "y"]));
    let both = tags("both", json!(["x", "a"]), none, Some(json!({"tags": ["x", "y"]})));
    assert_eq!(both, json!(["x", "a", "y"]), "a tag that is told twice is one tag");
}
