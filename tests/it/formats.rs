//! The reader of `agentv` bundles: every layout.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::env::{TestEnv, shared, write_small_bundle};

/// Records one bundle and returns its row and its cases as `show` prints them.
#[track_caller]
pub fn read(env: &TestEnv, bundle: &Path) -> (Value, Vec<Value>) {
    let document = env.agentv(["record", bundle.to_str().unwrap(), "--format", "json"]).json();
    let recorded = document["recorded"].as_array().unwrap();
    assert_eq!(recorded.len(), 1, "{document}");
    let row = recorded[0]["row"].clone();
    let shown = env.agentv(["show", row["id"].as_str().unwrap(), "--format", "json"]).json();
    assert_eq!(shown["row"], row, "record and show say the same");
    (row, shown["cases"].as_array().unwrap().clone())
}

fn edit_json(path: &Path, edit: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    edit(&mut value);
    fs::write(path, serde_json::to_string_pretty(&value).unwrap()).unwrap();
}

fn edit_lines(path: &Path, edit: impl Fn(Value) -> Value) {
    let text = fs::read_to_string(path).unwrap();
    let lines: String = text.lines().map(|line| format!("{}\n", edit(serde_json::from_str(line).unwrap()))).collect();
    fs::write(path, lines).unwrap();
}

/// The numbers that each of our two bundles has, whatever its layout.
#[track_caller]
fn assert_is_the_capital_suite(row: &Value, cases: &[Value]) {
    let numbers = [&row["test_count"], &row["passed"], &row["errors"], &row["pass_rate"], &row["avg_score"]];
    assert_eq!(json!(numbers), json!([3, 1, 1, 0.5, 0.75]), "{row}");
    assert_eq!(row["target"], "local_cli");
    assert_eq!(row["status"], "complete");
    assert!(row.get("tokens").is_none() && row.get("cost_usd").is_none(), "unknown is absent: {row}");
    let told: Vec<_> = cases.iter().map(|case| [&case["key"], &case["status"], &case["score"]]).collect();
    assert_eq!(json!(told), json!([["wrong", "fail", 0.5], ["crash", "error", 0.0], ["france", "pass", 1.0]]));
    assert_eq!(cases[1]["reason"], "boom (exit code 3)");
}

#[test]
fn the_bundle_of_4_42_4() {
    let env = TestEnv::new();
    let (row, cases) = read(&env, &env.bundle("agentv-4.42.4", "somewhere"));
    assert_is_the_capital_suite(&row, &cases);
    assert_eq!(row["run_id"], "2026-11-22T06-41-22-473Z");
    assert_eq!(row["timestamp"], "2026-11-22T06:41:22.473Z");
    assert_eq!(row["experiment"], "default");
    assert_eq!(row["format"], "agentv/benchmark");
    // From the id's time to the last line's: 06:41:25.588.
    assert_eq!(row["duration_ms"], 3115);
    assert_eq!(cases[0]["reason"], "Output does not contain \"Paris\"");
    assert_eq!(cases[0]["dir"], "capitals/wrong");
    assert_eq!(cases[2]["transcript"], "capitals/france/outputs/transcript.jsonl");
    assert_eq!(cases[2]["scores"], json!({"contains-Paris": 1.0, "py-check": 1.0}));
    assert!(cases[1].get("duration_ms").is_none(), "the crash has none: {}", cases[1]);
}

#[test]
fn the_bundle_of_5_3_1() {
    let env = TestEnv::new();
    let (row, cases) = read(&env, &env.bundle("agentv-5.3.1", "somewhere"));
    assert_is_the_capital_suite(&row, &cases);
    assert_eq!(row["run_id"], "2026-11-22T07-05-03-446Z");
    assert_eq!(row["timestamp"], "2026-11-22T07:05:03.446Z");
    assert_eq!(row["experiment"], "offline-demo");
    assert_eq!(row["format"], "agentv/internal");
    assert_eq!(row["duration_ms"], 575);
    assert_eq!(cases[0]["samples"], 1);
    assert_eq!(cases[0]["scores"], json!({"contains-Paris": 0.0, "contains-nope": 1.0}));
    assert_eq!(cases[1]["transcript"], "crash--cf03d7c36d23/sample-1/transcript.json");
}

/// The same run as each era would have laid it out: same numbers, other variant.
#[test]
fn every_era_is_read() {
    let env = TestEnv::new();
    type Move = fn(&Path);
    let to_root: Move = |dir| {
        fs::rename(dir.join(".internal/index.jsonl"), dir.join("index.jsonl")).unwrap();
        fs::remove_dir(dir.join(".internal")).unwrap();
    };
    let eras: [(&str, &str, &str, Move); 8] = [
        ("a", "agentv-4.42.4", "agentv/benchmark", |_| {}),
        // B moved the bundle and put its tags beside it.
        ("b", "agentv-4.42.4", "agentv/benchmark", |dir| fs::write(dir.join("tags.json"), "{\"tags\": []}").unwrap()),
        ("c", "agentv-5.3.1", "agentv/summary", |dir| {
            fs::rename(dir.join(".internal/index.jsonl"), dir.join("index.jsonl")).unwrap();
            edit_json(&dir.join("summary.json"), |summary| {
                summary
                    .as_object_mut()
                    .unwrap()
                    .retain(|key, _| ["metadata", "run_summary", "notes"].contains(&&**key));
            });
            edit_lines(&dir.join("index.jsonl"), |mut line| {
                line["trials"] = line.as_object_mut().unwrap().remove("samples").unwrap();
                line
            });
        }),
        ("c-from-a", "agentv-4.42.4", "agentv/summary", |dir| {
            fs::rename(dir.join("benchmark.json"), dir.join("summary.json")).unwrap();
        }),
        ("d", "agentv-5.3.1", "agentv/manifest", |dir| {
            fs::rename(dir.join(".internal/index.jsonl"), dir.join("run_manifest.jsonl")).unwrap();
            edit_json(&dir.join("summary.json"), |summary| drop(summary.as_object_mut().unwrap().remove("index_path")));
        }),
        ("e", "agentv-5.3.1", "agentv/summary", |dir| {
            fs::rename(dir.join(".internal/index.jsonl"), dir.join("index.jsonl")).unwrap();
            edit_json(&dir.join("summary.json"), |summary| {
                summary.as_object_mut().unwrap().remove("index_path");
                summary["manifest_path"] = "./index.jsonl".into();
            });
        }),
        ("f", "agentv-5.3.1", "agentv/internal", |dir| {
            edit_json(&dir.join("summary.json"), |summary| {
                summary["cases"] = summary.as_object_mut().unwrap().remove("tests").unwrap();
                let id = summary.as_object_mut().unwrap().remove("run_id").unwrap();
                summary["metadata"]["run_id"] = id;
            });
            edit_lines(&dir.join(".internal/index.jsonl"), |mut line| {
                line["attempts"] = line.as_object_mut().unwrap().remove("samples").unwrap();
                line
            });
        }),
        ("no-index-path", "agentv-5.3.1", "agentv/summary", to_root),
    ];
    for (era, from, variant, rearrange) in eras {
        let dir = env.bundle(from, &format!("eras/{era}"));
        rearrange(&dir);
        let (row, cases) = read(&env, &dir);
        assert_is_the_capital_suite(&row, &cases);
        assert_eq!(row["format"], variant, "{era}");
        let id = if from == "agentv-5.3.1" { "2026-11-22T07-05-03-446Z" } else { "2026-11-22T06-41-22-473Z" };
        assert_eq!(row["run_id"], id, "{era}");
        if from == "agentv-5.3.1" {
            assert_eq!(cases[0]["samples"], 1, "{era}: samples, attempts, trials");
        }
    }
    // Different files, so different runs, though five have the same name.
    assert_eq!(env.runs().len(), 8);
}

#[test]
fn the_index_may_be_where_the_summary_says() {
    let env = TestEnv::new();
    for key in ["index_path", "manifest_path"] {
        let dir = env.bundle("agentv-5.3.1", &format!("by-{key}"));
        fs::create_dir(dir.join("rows")).unwrap();
        fs::copy(dir.join(".internal/index.jsonl"), dir.join("rows/all.jsonl")).unwrap();
        // Found only by who ignores the summary.
        fs::write(dir.join(".internal/index.jsonl"), "{\"test_id\": \"stray\", \"score\": 1}\n").unwrap();
        edit_json(&dir.join("summary.json"), |summary| {
            summary.as_object_mut().unwrap().remove("index_path");
            summary[key] = "rows/all.jsonl".into();
        });
        let (row, cases) = read(&env, &dir);
        assert_is_the_capital_suite(&row, &cases);
    }
    // A path out of the bundle is not followed.
    let dir = env.bundle("agentv-5.3.1", "outward");
    fs::write(env.repo.join("evil.jsonl"), "{\"test_id\": \"evil\", \"score\": 1}\n").unwrap();
    edit_json(&dir.join("summary.json"), |summary| summary["index_path"] = "../evil.jsonl".into());
    let (row, cases) = read(&env, &dir);
    assert_is_the_capital_suite(&row, &cases);
}

/// `test_id` as `testId`, and so on; the summary never had such keys.
fn camel_case(line: Value) -> Value {
    let Value::Object(line) = line else { panic!("a line is an object") };
    let rename = |key: String| {
        let mut parts = key.split('_');
        let head = parts.next().unwrap().to_owned();
        parts.fold(head, |all, part| all + &part[..1].to_uppercase() + &part[1..])
    };
    line.into_iter().map(|(key, value)| (rename(key), value)).collect()
}

#[test]
fn camel_case_rows_are_the_same_rows() {
    let env = TestEnv::new();
    for from in ["agentv-4.42.4", "agentv-5.3.1"] {
        let plain = read(&env, &env.bundle(from, &format!("{from}/snake")));
        let dir = env.bundle(from, &format!("{from}/camel"));
        let index = if from == "agentv-5.3.1" { ".internal/index.jsonl" } else { "index.jsonl" };
        edit_lines(&dir.join(index), camel_case);
        assert!(fs::read_to_string(dir.join(index)).unwrap().contains("\"executionStatus\""));
        let camel = read(&env, &dir);
        assert_eq!(camel.1, plain.1, "{from}");
        assert_is_the_capital_suite(&camel.0, &camel.1);
        assert_ne!(camel.0["id"], plain.0["id"]);
    }
}

/// Real rows of a result file in the old spelling, read in place.
#[test]
fn real_rows_in_camel_case() {
    let Some(index) = shared("samples/agentv/camel-replay-index.jsonl") else { return };
    let env = TestEnv::new();
    let dir = env.repo.join("replay");
    fs::create_dir(&dir).unwrap();
    fs::copy(index, dir.join("index.jsonl")).unwrap();
    fs::write(dir.join("benchmark.json"), r#"{"metadata": {"tests_run": ["wtg-replay-fail"]}, "run_summary": {}}"#)
        .unwrap();
    let (row, cases) = read(&env, &dir);
    assert_eq!(row["run_id"], "replay");
    assert_eq!(json!([row["test_count"], row["passed"], row["errors"]]), json!([1, 0, 0]));
    assert_eq!(json!([row["pass_rate"], row["avg_score"]]), json!([0.0, 0.4]));
    assert_eq!(json!([row["tokens"], row["cost_usd"], row["duration_ms"]]), json!([15, 0.012, 1234]));
    assert_eq!(row["target"], "codex");
    assert_eq!(cases[0]["tokens"], json!({"input": 10, "output": 5, "total": 15}));
}

#[test]
fn a_name_inside_a_bundle_means_the_bundle() {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", "new");
    env.bundle("agentv-4.42.4", "old");
    for (path, run_id) in [
        ("new/summary.json", "2026-11-22T07-05-03-446Z"),
        ("new/.internal/index.jsonl", "2026-11-22T07-05-03-446Z"),
        ("old/benchmark.json", "2026-11-22T06-41-22-473Z"),
        ("old/index.jsonl", "2026-11-22T06-41-22-473Z"),
    ] {
        assert_eq!(read(&env, Path::new(path)).0["run_id"], run_id, "{path}");
    }
    assert_eq!(env.runs().len(), 2);
}

#[test]
fn a_directory_above_means_all_bundles_below() {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", "top/default/one/codex");
    env.bundle("agentv-4.42.4", "top/default/two");
    write_small_bundle(&env.repo.join("top/three"), "three", "2026-07-04T10:00:00.000Z");
    // What stands beside bundles is none.
    write_small_bundle(&env.repo.join("top/.cache/x"), "cached", "2026-07-04T10:00:00.000Z");
    write_small_bundle(&env.repo.join("top/export/x"), "exported", "2026-07-04T10:00:00.000Z");
    let document = env.agentv(["record", "top", "--format", "json"]).json();
    let ids: Vec<_> = document["recorded"].as_array().unwrap().iter().map(|it| it["row"]["run_id"].clone()).collect();
    assert_eq!(json!(ids), json!(["2026-11-22T07-05-03-446Z", "2026-11-22T06-41-22-473Z", "three"]));
    assert_eq!(env.runs().len(), 3);
}

/// A case's directory has a `summary.json` too. It is not a run, not even a partial one.
#[test]
fn a_case_is_not_a_bundle() {
    let env = TestEnv::new();
    let case = env.bundle("agentv-5.3.1", "run").join("france--8961d65dee3d");
    for partial in [false, true] {
        let args = ["record", case.to_str().unwrap(), "--partial"];
        let said = env.agentv(&args[..if partial { 3 } else { 2 }]).fails(128);
        assert!(said.contains("is not a run bundle"), "{said}");
    }
    assert!(env.runs().is_empty());
}
