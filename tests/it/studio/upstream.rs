//! What upstream's front end asks for: for the same run our answers have all fields of upstream's own server, with the
//! same values where these are not about its directories.

use serde_json::{Value, json};

use super::client::Studio;
use crate::env::{TestEnv, copy_dir, shared};

/// The run that upstream's answers are about.
const RUN_ID: &str = "2026-11-22T06-41-22-473Z";

/// Upstream's answer in this file.
fn theirs(name: &str) -> Option<Value> {
    let path = shared(&format!("api-agentv-4.42.4/{name}.json"))?;
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

/// What `mine` lacks or says otherwise than `theirs`; fields called like one of `but` may differ or be absent.
fn differences(mine: &Value, theirs: &Value, but: &[&str], at: &str, found: &mut Vec<String>) {
    match (mine, theirs) {
        (Value::Object(mine), Value::Object(theirs)) => {
            for (key, value) in theirs.iter().filter(|(key, _)| !but.contains(&key.as_str())) {
                match mine.get(key) {
                    Some(own) => differences(own, value, but, &format!("{at}.{key}"), found),
                    // Where upstream says 0 for what it does not know, we say nothing.
                    None if value.as_f64() == Some(0.0) => {}
                    None => found.push(format!("{at}.{key} is missing; it is {value}")),
                }
            }
        }
        (Value::Array(mine), Value::Array(theirs)) if mine.len() == theirs.len() => {
            for (number, (own, value)) in mine.iter().zip(theirs).enumerate() {
                differences(own, value, but, &format!("{at}[{number}]"), found);
            }
        }
        (Value::Number(mine), Value::Number(theirs)) if mine.as_f64() == theirs.as_f64() => {}
        _ if mine == theirs => {}
        _ => found.push(format!("{at} is {mine}, not {theirs}")),
    }
}

#[track_caller]
fn assert_has_all(studio: &Studio, path: &str, name: &str, but: &[&str]) {
    let Some(theirs) = theirs(name) else { return };
    let mut found = Vec::new();
    differences(&studio.json(path), &theirs, but, "", &mut found);
    assert!(found.is_empty(), "{path}: {found:#?}");
}

fn serve(env: &TestEnv) -> Option<(Studio, String)> {
    let dir = env.root().join(RUN_ID);
    copy_dir(&shared("bundles/agentv-4.42.4")?, &dir);
    env.agentv(["record", dir.to_str().unwrap()]).ok();
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    Some((Studio::start(env, &[]), id))
}

#[test]
fn our_answers_have_all_that_upstreams_have() {
    let env = TestEnv::new();
    let Some((studio, id)) = serve(&env) else { return };
    // Addresses name the run by its id, and by what it calls itself.
    let directories =
        ["filename", "path", "size_bytes", "run_filename", "run_dir", "suite_filter", "run_id", "total_cost_usd"];
    for run in [id.as_str(), RUN_ID] {
        let unknown = ["tokenUsage", "planned_test_count", "run_dir", "suite_filter"];
        assert_has_all(&studio, &format!("/api/runs/{run}"), &format!("runs_{RUN_ID}"), &unknown);
        assert_has_all(&studio, &format!("/api/runs/{run}/suites"), &format!("runs_{RUN_ID}_suites"), &[]);
        assert_has_all(&studio, &format!("/api/runs/{run}/categories"), &format!("runs_{RUN_ID}_categories"), &[]);
        let case = format!("/api/runs/{run}/evals/france");
        assert_has_all(&studio, &case, &format!("runs_{RUN_ID}_evals_france"), &unknown);
        assert_has_all(&studio, &format!("{case}/files"), &format!("runs_{RUN_ID}_evals_france_files"), &[]);
        let file = format!("{case}/files/capitals/france/outputs/answer.md");
        assert_has_all(
            &studio,
            &file,
            &format!("runs_{RUN_ID}_evals_france_files_capitals_france_outputs_answer.md"),
            &[],
        );
        assert_eq!(studio.get(&format!("{file}?raw=1")).text(), "Paris is the capital of France.\n");
    }
    assert_has_all(&studio, "/api/runs", "runs", &directories);
    assert_has_all(&studio, "/api/runs?limit=1", "runs_limit_1", &directories);
    assert_has_all(&studio, "/api/index", "index", &directories);
    assert_has_all(&studio, "/api/targets", "targets", &[]);
    assert_has_all(&studio, "/api/experiments", "experiments", &["last_run"]);
    assert_has_all(&studio, "/api/remote/status", "remote_status", &[]);
    assert_has_all(&studio, "/api/config", "config", &["app_name", "project_name"]);
    assert_has_all(&studio, "/api/eval/runs", "eval_runs", &[]);
    assert_has_all(&studio, "/api/compare", "compare", &["run_id", "tests"]);
    if let Some(refused) = theirs("runs_limit_0") {
        assert_eq!(studio.get("/api/runs?limit=0").json()["error"], refused["error"]);
    }
}

#[test]
fn what_is_not_there_or_not_available_is_told() {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", ".agentv/results/one");
    env.agentv(["record"]).ok();
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    let studio = Studio::start(&env, &[]);
    let run = format!("/api/runs/{id}");
    for path in [
        "log",
        "evals/nobody",
        "evals/nobody/files",
        "evals/france?result_dir=x",
        "categories/none/suites",
        "evals/france/files/nothing",
        "evals/france/files/..%2f..%2frun.json",
    ] {
        studio.get(&format!("{run}/{path}")).refused(404, "not_found");
    }
    let transcript = studio.json(&format!("{run}/evals/france/transcript"));
    assert_eq!((&transcript["status"], &transcript["language"]), (&json!("ok"), &json!("json")));
    for path in ["/api/eval/run", "/api/eval/preview", "/api/runs/combine", "/api/config"] {
        studio.change("POST", path, &json!({})).refused(501, "unavailable");
    }
    studio.get("/api/filesystem/browse?path=/").refused(404, "not_found");
}

#[test]
fn a_case_with_all_that_is_known_of_it() {
    let env = TestEnv::new();
    for bundle in ["agentv-4.42.4", "agentv-5.3.1"] {
        env.bundle(bundle, &format!(".agentv/results/{bundle}"));
    }
    env.agentv(["record"]).ok();
    let studio = Studio::start(&env, &[]);
    for run in env.runs() {
        let run = format!("/api/runs/{}", run["id"].as_str().unwrap());
        let case = studio.json(&format!("{run}/case?key=wrong"));
        assert_eq!(
            (&case["case"]["status"], &case["detail"]["input"]),
            (&json!("fail"), &json!("FAIL What is the capital of France?"))
        );
        assert_eq!(case["detail"]["output"].as_str().unwrap().trim(), "nope");
        let graders = case["detail"]["graders"].as_array().unwrap();
        assert_eq!(
            (graders.len(), &graders[0]["name"], &graders[0]["passed"]),
            (2, &json!("contains-Paris"), &json!(false))
        );
        assert_eq!(graders[0]["assertions"][0], json!({"text": "Output does not contain \"Paris\"", "passed": false}));
        let crash = studio.json(&format!("{run}/case?key=crash&suite=capitals"));
        assert_eq!(crash["case"]["status"], "error");
        assert!(crash["detail"]["error"].as_str().unwrap().contains("boom"));
        studio.get(&format!("{run}/case?key=wrong&suite=other")).refused(404, "not_found");
        studio.get(&format!("{run}/case")).refused(400, "bad_request");
    }
}

#[test]
fn all_tags_of_a_run_are_set_at_once() {
    let env = TestEnv::new();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    let studio = Studio::start(&env, &[]);
    let tags = format!("/api/runs/{id}/tags");
    for wanted in [json!(["a", "b"]), json!(["b", "c"]), json!([])] {
        let answer = studio.change("PUT", &tags, &json!({"tags": wanted})).json();
        assert_eq!(answer["changed"], true, "{answer}");
        assert_eq!(studio.json("/api/runs")["runs"][0].get("tags").cloned().unwrap_or(json!([])), wanted);
    }
    studio.change("PUT", &tags, &json!({"tags": ["a"]}));
    studio.change("DELETE", &tags, &json!({}));
    assert_eq!(studio.json("/api/runs")["runs"][0].get("tags").cloned().unwrap_or(json!([])), json!([]));
    assert_eq!(studio.json("/api/feedback"), json!({"reviews": []}));
}
