//! Any directory, or a single file, as a run.

use std::fs;

use serde_json::{Value, json};

use crate::env::{TestEnv, read_dir, write_small_bundle};

/// A directory that no reader knows.
fn with_files() -> TestEnv {
    let env = TestEnv::new();
    fs::create_dir_all(env.repo.join("out/deep")).unwrap();
    fs::write(env.repo.join("out/log.txt"), "all well\n").unwrap();
    fs::write(env.repo.join("out/deep/data.bin"), b"\0\xff").unwrap();
    env
}

#[track_caller]
fn record(env: &TestEnv, args: &[&str]) -> Value {
    let document = env.agentv([&["record", "--format", "json"], args].concat()).json();
    assert_eq!(document["recorded"].as_array().unwrap().len(), 1, "{document}");
    document["recorded"][0]["row"].clone()
}

#[test]
fn all_that_can_be_said() {
    let env = with_files();
    let args = [
        "out",
        "--name",
        "nightly",
        "--experiment",
        "checkout",
        "--target",
        "my-agent",
        "--tag",
        "b",
        "--tag",
        "a=1",
        "--started-at",
        "2026-07-04T10:00:00+02:00",
        "--metric",
        "test_count=20",
        "--metric",
        "passed=15",
        "--metric",
        "errors=4",
        "--metric",
        "avg_score=0.913",
        "--metric",
        "cost_usd=1.25",
        "--metric",
        "duration_ms=61000",
        "--metric",
        "tokens=123456",
        "--metric",
        "accuracy=0.93",
        "--metric",
        "bleu=-1.5e-3",
    ];
    let row = record(&env, &args);
    let expected = json!({
        "run_id": "nightly", "timestamp": "2026-07-04T08:00:00.000Z", "experiment": "checkout", "target": "my-agent",
        "test_count": 20, "passed": 15, "pass_rate": 15.0 / 16.0, "avg_score": 0.913, "tags": ["b", "a=1"],
        "id": row["id"], "tree": row["tree"], "errors": 4, "duration_ms": 61000, "cost_usd": 1.25, "tokens": 123456,
        "format": "generic", "status": "complete",
    });
    assert_eq!(row, expected);
    let id = row["id"].as_str().unwrap();
    let manifest = env.agentv(["show", id, "--format", "json"]).json()["manifest"].clone();
    assert_eq!(manifest["scores"]["named"], json!({"accuracy": 0.93, "bleu": -0.0015}));
    assert_eq!(manifest["counts"], json!({"test_count": 20, "passed": 15, "failed": 1, "errors": 4}));
    env.agentv(["export", id, "back"]).ok();
    assert_eq!(read_dir(&env.repo.join("back")), read_dir(&env.repo.join("out")));
    assert_eq!(env.git(["log", "-1", "--format=%aI", "refs/agentv/runs/v1"]).ok(), "2026-07-04T08:00:00Z\n");
}

#[test]
fn what_is_not_said_is_absent() {
    let env = with_files();
    let row = record(&env, &["out", "--name", "bare"]);
    let keys: Vec<_> = row.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["errors", "format", "id", "passed", "run_id", "status", "tags", "test_count", "tree"]);
    assert_eq!(env.agentv(["show", "bare", "--format", "json"]).json()["cases"], json!([]));
    env.fsck();
}

#[test]
fn a_single_file() {
    let env = with_files();
    let row = record(&env, &["out/log.txt", "--name", "one", "--metric", "pass_rate=0.5"]);
    assert_eq!(row["pass_rate"], 0.5);
    assert_eq!(env.agentv(["cat", "one", "log.txt"]).ok(), "all well\n");
    let files = env.agentv(["files", "one", "--format", "json"]).json();
    assert_eq!(files["files"].as_array().unwrap().len(), 1);
    let said = env.agentv(["record", "out/deep/data.bin"]).fails(128);
    assert!(said.contains("is not a run bundle") && said.contains("--name"), "{said}");
}

#[test]
fn another_name_or_time_is_another_run() {
    let env = with_files();
    let first = record(&env, &["out", "--name", "a"]);
    assert_ne!(record(&env, &["out", "--name", "b"])["id"], first["id"]);
    assert_ne!(record(&env, &["out", "--name", "a", "--started-at", "2026-07-04T10:00:00Z"])["id"], first["id"]);
    let again = env.agentv(["record", "out", "--name", "a", "--metric", "accuracy=1"]).ok();
    assert!(again.starts_with("already recorded"), "{again}");
    assert_eq!(env.runs().len(), 3);
}

/// What is said by hand also corrects what a reader found.
#[test]
fn corrections_of_a_known_bundle() {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", "run");
    let args = [
        "run",
        "--name",
        "mine",
        "--experiment",
        "other",
        "--target",
        "gpt-5",
        "--tag",
        "x",
        "--tag",
        "x",
        "--metric",
        "cost_usd=0.5",
        "--metric",
        "judge=0.25",
    ];
    let row = record(&env, &args);
    assert_eq!(row["format"], "agentv/internal");
    assert_eq!(json!([row["run_id"], row["experiment"], row["target"]]), json!(["mine", "other", "gpt-5"]));
    assert_eq!(json!([row["test_count"], row["passed"], row["cost_usd"], row["tags"]]), json!([3, 1, 0.5, ["x"]]));
    let shown = env.agentv(["show", "mine", "--format", "json"]).json();
    assert_eq!(shown["manifest"]["scores"]["named"]["judge"], 0.25);
    assert_eq!(shown["cases"].as_array().unwrap().len(), 3);
}

/// A file that is called like one of a bundle's, from another tool.
#[test]
fn a_foreign_summary_json() {
    let env = with_files();
    fs::write(env.repo.join("out/summary.json"), r#"{"total": 3}"#).unwrap();
    let said = env.agentv(["record", "out"]).fails(128);
    assert!(said.contains("is not a run bundle"), "{said}");
    assert_eq!(record(&env, &["out", "--name", "foreign"])["format"], "generic");
    assert_eq!(env.agentv(["show", "foreign", "--format", "json"]).json()["cases"], json!([]));
}

/// Nothing is written for a number or name that makes no sense.
#[test]
fn bad_values() {
    let env = with_files();
    env.bundle("agentv-5.3.1", "run");
    let metric = |metrics: &'static [&'static str]| -> Vec<&str> {
        let options = metrics.iter().flat_map(|metric| ["--metric", metric]);
        ["out", "--name", "bad"].into_iter().chain(options).collect()
    };
    let table: Vec<Vec<&str>> = vec![
        metric(&["accuracy=nan"]),
        metric(&["accuracy=inf"]),
        metric(&["accuracy=-infinity"]),
        metric(&["accuracy=1e400"]),
        metric(&["accuracy=good"]),
        metric(&["accuracy="]),
        metric(&["accuracy"]),
        metric(&["=1"]),
        metric(&["passed=3", "test_count=2"]),
        metric(&["passed=3"]),
        metric(&["errors=1"]),
        metric(&["passed=1", "errors=2", "test_count=2"]),
        metric(&["test_count=5"]),
        metric(&["test_count=-1", "passed=0"]),
        metric(&["test_count=2.5", "passed=0"]),
        metric(&["tokens=-1"]),
        metric(&["duration_ms=0.5"]),
        metric(&["pass_rate=2"]),
        metric(&["pass_rate=-0.1"]),
        metric(&["pass_rate=0.9", "passed=1", "test_count=2"]),
        // The bundle has 3 cases: 1 passed, 1 failed, 1 error.
        vec!["run", "--metric", "test_count=1"],
        vec!["run", "--metric", "passed=3"],
        vec!["out", "--name", ""],
        vec!["out", "--name", "x", "--experiment", ""],
        vec!["out", "--name", "x", "--target", ""],
        vec!["out", "--name", "x", "--tag", ""],
        vec!["out", "--name", "x", "--tag", "two words"],
        vec!["out", "--name", "x", "--tag", "a,b"],
        vec!["out", "--name", "x", "--tag", "+a"],
        vec!["out", "--name", "x", "--tag", "a\u{1b}"],
        vec!["out", "--name", "x", "--started-at", "yesterday"],
        vec!["out", "--name", "x", "--started-at", "2026-07-04"],
        vec!["--name", "x"],
    ];
    for args in table {
        let said = env.agentv([&["record"], args.as_slice()].concat()).fails(2);
        assert!(said.starts_with("error: "), "{args:?}: {said}");
    }
    assert!(env.runs().is_empty());
    assert_ne!(env.git(["rev-parse", "-q", "--verify", "refs/agentv/runs/v1"]).code, 0);
    let objects = env.git(["count-objects"]).ok();
    assert!(objects.starts_with("2 objects"), "only the first commit and its tree: {objects}");
}

/// `--metric passed=…` for a bundle with cases counts with the cases that it has.
#[test]
fn counts_of_a_known_bundle_can_be_corrected() {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", "run");
    let row = record(&env, &["run", "--metric", "passed=2"]);
    assert_eq!(json!([row["test_count"], row["passed"], row["errors"], row["pass_rate"]]), json!([3, 2, 1, 1.0]));
}

#[test]
fn a_name_is_for_one_directory() {
    let env = TestEnv::new();
    for n in 0..2 {
        write_small_bundle(&env.repo.join(format!("all/{n}")), &format!("s{n}"), "2026-07-04T10:00:00.000Z");
    }
    let row = record(&env, &["all", "--name", "both"]);
    assert_eq!(json!([row["format"], row["run_id"]]), json!(["generic", "both"]));
    assert_eq!(env.runs().len(), 1);
}
