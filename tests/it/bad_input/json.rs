//! Bundles whose JSON is broken.

use std::path::{Path, PathBuf};

use super::{Before, with_a_run};
use crate::env::TestEnv;

const INDEX: &str = ".internal/index.jsonl";

/// A real bundle beside one that is recorded already.
fn prepare() -> (TestEnv, Before, PathBuf) {
    let (env, before) = with_a_run();
    let bundle = env.bundle("agentv-5.3.1", ".agentv/results/bad");
    (env, before, bundle)
}

fn edit(path: &Path, change: impl Fn(&str) -> String) {
    let text = std::fs::read_to_string(path).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text, "the edit must change something");
    std::fs::write(path, changed).unwrap();
}

/// Changes one line (from 1) of the bundle's index.
fn edit_line(bundle: &Path, number: usize, change: impl Fn(&str) -> String) {
    edit(&bundle.join(INDEX), |text| {
        let lines = text.lines().enumerate();
        lines.map(|(n, line)| if n + 1 == number { change(line) } else { line.to_owned() } + "\n").collect()
    });
}

/// `record` refuses the bundle and says `place` and `reason`; with `--partial` it is recorded with a warning.
#[track_caller]
fn refused_but_partial(env: &TestEnv, before: &Before, bundle: &Path, place: &str, reason: &str) {
    for args in [&["record"][..], &["record", ".agentv/results/bad"]] {
        let said = env.agentv(args).fails(128);
        let wanted = format!("error: {}/{place}", bundle.display());
        assert!(said.contains(&wanted) && said.contains(reason), "{said}");
        assert!(said.contains("hint: nothing was recorded; '--partial'"), "{said}");
    }
    let status = env.agentv(["status", "--format", "json"]).json();
    assert!(status["broken"][0]["reason"].as_str().unwrap().contains(reason), "{status}");
    assert_eq!(env.runs(), before.rows);
    let ran = env.agentv(["record", "--partial", ".agentv/results/bad"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("warning: left out of the numbers: ") && ran.stderr.contains(place), "{}", ran.stderr);
    let row = &env.runs()[0];
    assert_eq!(row["status"], "partial");
    env.agentv(["show", row["id"].as_str().unwrap()]).ok();
    env.agentv(["export", row["id"].as_str().unwrap(), "../out"]).ok();
    assert_eq!(crate::env::read_dir(&env.root().join("out")), crate::env::read_dir(bundle));
    env.fsck();
}

#[test]
fn the_summary() {
    let (env, before, bundle) = prepare();
    edit(&bundle.join("summary.json"), |text| text.replacen("\"run_id\": ", "\"run_id\" ", 1));
    refused_but_partial(&env, &before, &bundle, "summary.json:3:12", "expected `:`");
    assert_eq!(env.runs()[0]["test_count"], 3, "the cases are told by the index");
}

#[test]
fn the_third_line_of_the_index() {
    let (env, before, bundle) = prepare();
    edit_line(&bundle, 3, |line| line[..40].to_owned());
    refused_but_partial(&env, &before, &bundle, ".internal/index.jsonl:3:40", "EOF while parsing");
    assert_eq!(env.runs()[0]["test_count"], 2);
}

#[test]
fn a_line_that_is_no_case() {
    let (env, before, bundle) = prepare();
    edit_line(&bundle, 2, |_| "[1, 2]".into());
    refused_but_partial(&env, &before, &bundle, ".internal/index.jsonl:2:1", "must be a JSON object");
}

#[test]
fn numbers_that_are_none() {
    for (number, reason) in [
        ("NaN", "expected value"),
        ("1e400", "number out of range"),
        ("Infinity", "expected value"),
        ("-1e999", "number out of range"),
    ] {
        let (env, before, bundle) = prepare();
        edit_line(&bundle, 2, |line| {
            let at = line.find("\"score\":").unwrap() + 8;
            let end = at + line[at..].find([',', '}']).unwrap();
            format!("{}{number}{}", &line[..at], &line[end..])
        });
        refused_but_partial(&env, &before, &bundle, ".internal/index.jsonl:2:", reason);
        let listed = env.agentv(["list", "--format", "json"]).ok();
        assert!(!listed.contains("NaN") && !listed.contains("Infinity"), "{listed}");
    }
}

#[test]
fn bytes_that_are_no_text_and_nesting_without_end() {
    let (env, before, bundle) = prepare();
    std::fs::write(bundle.join("summary.json"), b"{\"run_id\": \"\xff\xfe\"}").unwrap();
    refused_but_partial(&env, &before, &bundle, "summary.json:1:", "");
    let (env, before, bundle) = prepare();
    std::fs::write(bundle.join("summary.json"), format!("{{\"deep\": {}", "[".repeat(1_000_000))).unwrap();
    refused_but_partial(&env, &before, &bundle, "summary.json:1:", "recursion limit");
}

#[test]
fn nothing_is_left_after_all_that() {
    let (env, before, bundle) = prepare();
    std::fs::write(bundle.join("summary.json"), "").unwrap();
    let said = env.agentv(["record"]).fails(128);
    assert!(said.contains("summary.json:1:0: EOF"), "{said}");
    std::fs::remove_dir_all(&bundle).unwrap();
    before.still_holds(&env);
}

#[test]
fn an_incomplete_bundle_waits() {
    let (env, before, bundle) = prepare();
    std::fs::remove_file(bundle.join("summary.json")).unwrap();
    let ran = env.agentv(["record"]);
    assert_eq!(ran.code, 0, "an eval that still runs is no error: {ran:?}");
    assert!(ran.stderr.contains("warning: not recorded, it is incomplete"), "{}", ran.stderr);
    let said = env.agentv(["record", ".agentv/results/bad"]).fails(128);
    assert!(said.contains("is incomplete: it has no run summary yet") && said.contains("--partial"), "{said}");
    assert_eq!(env.runs(), before.rows);
    env.agentv(["record", "--partial"]).ok();
    assert_eq!(env.runs()[0]["status"], "partial");
    env.fsck();
}

#[test]
fn huge_numbers_do_not_overflow() {
    let (env, _, bundle) = prepare();
    let row = r#"{"test_id":"x","score":1e308,"execution_status":"ok","duration_ms":1e308,"cost_usd":1e308,"token_usage":{"input":18446744073709551615,"output":18446744073709551615}}"#;
    let rows = format!("{row}\n{}\n", row.replace("\"x\"", "\"y\""));
    std::fs::write(bundle.join(INDEX), rows).unwrap();
    std::fs::write(bundle.join("summary.json"), r#"{"metadata":{"tests_run":["x","y"]},"run_summary":{"t":{}}}"#)
        .unwrap();
    env.agentv(["record"]).ok();
    env.agentv(["list"]).ok();
    env.agentv(["show", "bad"]).ok();
    let row = env.runs().into_iter().find(|row| row["run_id"] == "bad").unwrap();
    assert_eq!(row["test_count"], 2);
    for key in ["avg_score", "cost_usd"] {
        assert!(row.get(key).is_none_or(|value| value.is_number()), "{key} is a number or unknown: {row}");
    }
    env.fsck();
}
