//! Bundles that an eval is still writing, or that it never finished.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::env::{TestEnv, data};

/// What the CLI (4.42.4) leaves when it is killed: the stub that it writes at
/// its start, and the lines of the first `done` cases.
fn interrupted(env: &TestEnv, name: &str, done: usize) -> PathBuf {
    let dir = env.repo.join(".agentv/results/runs/default").join(name);
    let stub = json!({
        "metadata": {
            "eval_file": "/home/dev/capitals/evals/capital.eval.yaml", "timestamp": "2026-11-22T06:41:22.473Z",
            "targets": [], "tests_run": [], "experiment": "default", "planned_test_count": 3,
        },
        "run_summary": {},
        "notes": ["No results to summarize"],
    });
    let all = fs::read_to_string(data().join("bundles/agentv-4.42.4/index.jsonl")).unwrap();
    let lines: String = all.split_inclusive('\n').take(done).collect();
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("benchmark.json"), stub.to_string()).unwrap();
    fs::write(dir.join("index.jsonl"), lines).unwrap();
    dir
}

fn path(env: &TestEnv, dir: &std::path::Path) -> String {
    dir.strip_prefix(&env.repo).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn are_not_picked_up() {
    let env = TestEnv::new();
    let dirs = [interrupted(&env, "none", 0), interrupted(&env, "two", 2)];
    let ran = env.agentv(["record"]);
    for (dir, done) in dirs.iter().zip([0, 2]) {
        let told = format!("not recorded, it is incomplete: {} (its summary was not written yet", dir.display());
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("{done} of 3 tests are done")), "{}", ran.stderr);
    }
    assert_eq!(ran.ok(), "");
    assert!(env.runs().is_empty());
    assert_ne!(env.git(["rev-parse", "-q", "--verify", "refs/agentv/runs/v1"]).code, 0, "the ref was not even made");
    let status = env.agentv(["status", "--format", "json"]).json();
    assert_eq!(status["unrecorded"], json!([]));
    assert_eq!(status["incomplete"][0]["path"], path(&env, &dirs[0]));
}

#[test]
fn do_not_keep_others_from_being_recorded() {
    let env = TestEnv::new();
    interrupted(&env, "two", 2);
    env.small_bundle(1);
    let ran = env.agentv(["record"]);
    assert!(ran.stderr.contains("not recorded, it is incomplete"), "{}", ran.stderr);
    assert!(ran.ok().starts_with("recorded "));
    // A directory above them was named: that they are left out is a failure.
    env.small_bundle(2);
    let ran = env.agentv(["record", ".agentv/results"]);
    assert!(ran.stderr.contains("is incomplete") && ran.stderr.contains("--partial"), "{}", ran.stderr);
    assert_eq!(ran.code, 128);
    assert_eq!(env.runs().len(), 2, "the complete ones are in");
}

#[test]
fn are_refused_when_named() {
    let env = TestEnv::new();
    for done in [0, 2] {
        let dir = interrupted(&env, &format!("n{done}"), done);
        for name in [path(&env, &dir), format!("{}/benchmark.json", path(&env, &dir))] {
            let said = env.agentv(["record", name.as_str()]).fails(128);
            assert!(said.contains(&format!("{done} of 3 tests are done")), "{said}");
            assert!(said.contains("hint: wait until the eval has finished") && said.contains("--partial"), "{said}");
        }
    }
    assert!(env.runs().is_empty());
}

#[test]
fn are_recorded_with_partial() {
    let env = TestEnv::new();
    let (none, two) = (interrupted(&env, "none", 0), interrupted(&env, "two", 2));
    for dir in [&none, &two] {
        env.agentv(["record", "--partial", path(&env, dir).as_str()]).ok();
    }
    let runs = env.runs();
    let of = |test_count: u64| runs.iter().find(|run| run["test_count"] == test_count).unwrap();
    for run in [of(0), of(2)] {
        assert_eq!(run["status"], "partial");
        assert_eq!(run["errors"], 0);
    }
    assert_eq!(json!([of(2)["passed"], of(2)["pass_rate"]]), json!([1, 0.5]));
    assert!(of(0).get("pass_rate").is_none());
    let table = env.agentv(["list"]).ok();
    assert_eq!(table.matches("(partial)").count(), 2, "{table}");
    let id = of(2)["id"].as_str().unwrap();
    assert_eq!(env.agentv(["show", id, "--format", "json"]).json()["manifest"]["partial"], true);

    // The eval went on and finished: that is another run, complete.
    fs::remove_dir_all(&two).unwrap();
    env.bundle("agentv-4.42.4", &path(&env, &two));
    let said = env.agentv(["record"]).ok();
    assert!(said.starts_with("recorded "), "{said}");
    assert_eq!(env.runs().iter().filter(|run| run["status"] == "complete").count(), 1);
    assert_eq!(env.runs().len(), 3);
}

#[test]
fn partial_without_a_path_takes_all() {
    let env = TestEnv::new();
    interrupted(&env, "two", 2);
    env.small_bundle(1);
    env.agentv(["record", "--partial"]).ok();
    let mut states: Vec<_> = env.runs().iter().map(|run| run["status"].as_str().unwrap().to_owned()).collect();
    states.sort();
    assert_eq!(states, ["complete", "partial"]);
    assert!(env.agentv(["record", "--partial"]).ok().contains("nothing to record"));
    assert_eq!(env.runs().len(), 2);
}

/// Each row: what is taken away from a whole bundle, and what is said.
#[test]
fn every_way_to_be_incomplete() {
    let env = TestEnv::new();
    let cut = |dir: &PathBuf, keep: usize| {
        let index = dir.join(".internal/index.jsonl");
        let text = fs::read_to_string(&index).unwrap();
        fs::write(&index, text.split_inclusive('\n').take(keep).collect::<String>()).unwrap();
    };
    type Damage<'a> = &'a dyn Fn(&PathBuf);
    let table: [(&str, Damage<'_>, &str); 4] = [
        ("summary", &|dir| fs::remove_file(dir.join("summary.json")).unwrap(), "it has no run summary yet"),
        (
            "index",
            &|dir| fs::remove_file(dir.join(".internal/index.jsonl")).unwrap(),
            "it has no index of its cases yet",
        ),
        ("lines", &|dir| cut(dir, 2), "its index lists 2 of 3 tests"),
        ("all-lines", &|dir| cut(dir, 0), "its index lists 0 of 3 tests"),
    ];
    for (name, damage, reason) in table {
        let dir = env.bundle("agentv-5.3.1", name);
        damage(&dir);
        let said = env.agentv(["record", name]).fails(128);
        assert!(said.contains(&format!("is incomplete: {reason}")), "{name}: {said}");
        let row = env.agentv(["record", name, "--partial", "--format", "json"]).json()["recorded"][0]["row"].clone();
        assert_eq!(row["status"], "partial", "{name}");
    }
}

/// A line that breaks off, as after a kill: refused with its place, or left out and told.
#[test]
fn broken_lines() {
    let env = TestEnv::new();
    let dir = env.bundle("agentv-5.3.1", "torn");
    let index = dir.join(".internal/index.jsonl");
    let whole = fs::read(&index).unwrap();
    fs::write(&index, &whole[..whole.len() - 100]).unwrap();
    let said = env.agentv(["record", "torn"]).fails(128);
    assert!(said.contains("torn/.internal/index.jsonl:3:"), "{said}");
    assert!(said.contains("--partial"), "{said}");
    assert!(env.runs().is_empty());
    let ran = env.agentv(["record", "torn", "--partial"]);
    assert!(ran.stderr.contains("left out of the numbers: .internal/index.jsonl:3:"), "{}", ran.stderr);
    ran.ok();
    let run: Value = env.runs().remove(0);
    assert_eq!(json!([run["status"], run["test_count"], run["passed"]]), json!(["partial", 2, 1]));
}
