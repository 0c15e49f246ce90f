//! The API that reads: every route, and what it says to bad input.

use std::collections::BTreeSet;

use serde_json::Value;

use super::client::Studio;
use crate::env::TestEnv;

/// A repository with the two runs of our own bundles, newest recorded last.
fn two_runs(env: &TestEnv) -> Vec<String> {
    for bundle in ["agentv-4.42.4", "agentv-5.3.1"] {
        env.bundle(bundle, &format!(".agentv/results/{bundle}"));
        env.agentv(["record", &format!(".agentv/results/{bundle}")]).ok();
    }
    env.runs().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_list_is_that_of_the_command_line() {
    let env = TestEnv::new();
    two_runs(&env);
    let studio = Studio::start(&env, &[]);
    let list = studio.json("/api/runs");
    assert_eq!((list["total"].as_u64(), list.get("next_cursor")), (Some(2), None));
    for (mine, theirs) in list["runs"].as_array().unwrap().iter().zip(env.runs()) {
        for (key, value) in theirs.as_object().unwrap() {
            assert_eq!(mine[key], *value, "{key}");
        }
    }
    let filtered = studio.json("/api/runs?q=experiment%3Aoffline-demo");
    assert_eq!((filtered["total"].as_u64(), filtered["runs"].as_array().unwrap().len()), (Some(1), 1));
}

#[test]
fn pages_survive_runs_that_come_and_go() {
    let env = TestEnv::new();
    for n in 0..12 {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    let studio = Studio::start(&env, &[]);
    for sort in ["", "&sort=run_id:desc", "&sort=score,run_id"] {
        let before: BTreeSet<String> = env.runs().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for step in 0.. {
            let page = studio.json(&format!("/api/runs?limit=5{sort}{cursor}"));
            let runs = page["runs"].as_array().unwrap();
            assert!(runs.len() <= 5);
            seen.extend(runs.iter().map(|run| run["id"].as_str().unwrap().to_owned()));
            if step == 0 {
                // The last row of the page goes, and a new run comes.
                env.agentv(["delete", seen.last().unwrap()]).ok();
                env.small_bundle(1000 + u32::try_from(before.len()).unwrap());
                env.agentv(["record"]).ok();
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let once: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "{sort}: no run twice");
        assert!(before.is_subset(&once), "{sort}: no run lost");
    }
}

#[test]
fn what_makes_no_sense_is_told_where() {
    let env = TestEnv::new();
    two_runs(&env);
    let studio = Studio::start(&env, &[]);
    let limits = ["0", "-1", "1001", "abc", "", "1.5", "%2B5", "99999999999999999999999", "5%20"];
    for limit in limits {
        studio.get(&format!("/api/runs?limit={limit}")).refused(400, "bad_limit");
    }
    for cursor in ["zzz", "00", "7b7d", "%00", "7b2271223a312c226b223a5b5d7d"] {
        studio.get(&format!("/api/runs?cursor={cursor}")).refused(400, "bad_cursor");
    }
    let next = studio.json("/api/runs?limit=1")["next_cursor"].as_str().unwrap().to_owned();
    studio.get(&format!("/api/runs?limit=1&sort=score&cursor={next}")).refused(400, "bad_cursor");
    studio.get(&format!("/api/runs?limit=1&q=local&cursor={next}")).refused(400, "bad_cursor");
    let wrong = studio.get("/api/runs?q=%C3%A4%20colour%3Ared");
    assert!(wrong.refused(400, "bad_query").contains("colour"));
    assert_eq!(wrong.json()["at"], serde_json::json!({"start": 2, "end": 8}));
    studio.get("/api/runs?q=sha%3Amain..nothing-like-that").refused(400, "bad_query");
    studio.get("/api/runs?sort=colour").refused(400, "bad_sort");
    studio.get("/api/runs?deleted=maybe").refused(400, "bad_request");
    studio.get("/api/runs?limit=1&limit=2").refused(400, "bad_request");
    // Bytes that are no text are looked for as what stands in for them, and not found.
    assert_eq!(studio.json("/api/runs?q=%FF")["total"], 0);
    studio.get("/api/groups?by=colour").refused(400, "bad_request");
    studio.get("/api/compare?with=abcd").refused(400, "bad_request");
}

#[test]
fn a_run_and_its_parts() {
    let env = TestEnv::new();
    let ids = two_runs(&env);
    env.agentv(["tag", &ids[0], "+baseline"]).ok();
    env.agentv(["note", &ids[0], "-m", "a remark"]).ok();
    let studio = Studio::start(&env, &[]);
    let shown = env.agentv(["show", &ids[0], "--format", "json"]).json();
    let run = studio.json(&format!("/api/runs/{}", ids[0]));
    for key in ["manifest", "overlay"] {
        assert_eq!(run[key], shown[key], "{key}");
    }
    assert_eq!(run["run"]["tags"], serde_json::json!(["baseline"]));
    assert_eq!(run["provenance"]["links"], shown["links"]);
    let cases = studio.json(&format!("/api/runs/{}/cases", ids[0]));
    assert_eq!(cases["cases"], shown["cases"]);
    let files = studio.json(&format!("/api/runs/{}/files", ids[0]));
    let paths: Vec<_> = files["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    let tree = format!("refs/agentv/runs/v1:{}/{}/artifacts", &ids[0][..2], &ids[0][2..]);
    assert_eq!(paths, env.git(["ls-tree", "-r", "--name-only", &tree]).ok().lines().collect::<Vec<_>>());
    // By a prefix, and by the name that the bundle has for itself.
    let run_id = run["manifest"]["run_id"].as_str().unwrap();
    for name in [&ids[0][..6], &ids[0].to_uppercase()[..8], run_id] {
        assert_eq!(studio.json(&format!("/api/runs/{name}"))["run"]["id"], Value::from(&*ids[0]), "{name}");
    }
    for name in ["ffffffff", "abc", "nothing", "@%7B0%7D", "..", "%00", "-n"] {
        studio.get(&format!("/api/runs/{name}")).refused(404, "not_found");
    }
    let none = studio.json(&format!("/api/runs/{}?results=none", ids[0]));
    assert!(none.get("results").is_none() && run["results"].as_array().unwrap().len() == 3);
}

#[test]
fn names_that_mean_several_runs() {
    let env = TestEnv::new();
    for n in 0..2 {
        let dir = env.root().join(format!("twin-{n}"));
        crate::env::write_small_bundle(&dir, "twin", &format!("2026-07-04T10:00:0{n}.000Z"));
        env.agentv(["record", dir.to_str().unwrap()]).ok();
    }
    let studio = Studio::start(&env, &[]);
    let answer = studio.get("/api/runs/twin");
    answer.refused(409, "ambiguous");
    assert_eq!(answer.json()["candidates"].as_array().unwrap().len(), 2);
}

#[test]
fn groups_and_comparisons() {
    let env = TestEnv::new();
    let ids = two_runs(&env);
    let studio = Studio::start(&env, &[]);
    let experiments = studio.json("/api/experiments");
    assert_eq!(experiments["experiments"].as_array().unwrap().len(), 2);
    let targets = studio.json("/api/targets");
    assert_eq!(targets["targets"][0]["run_count"], 2);
    assert_eq!(targets["targets"][0]["experiment_count"], 2);
    assert_eq!(studio.json("/api/targets?q=experiment%3Aoffline-demo")["targets"][0]["run_count"], 1);
    let groups = studio.json("/api/groups?by=target");
    assert_eq!(groups["groups"], env.agentv(["list", "--group-by", "target", "--format", "json"]).json()["groups"]);
    let both = studio.json(&format!("/api/compare?run={}&with={}", ids[0], ids[1]));
    assert_eq!(both["after"]["id"], Value::from(&*ids[0]));
    assert_eq!(both["before"]["id"], Value::from(&*ids[1]));
    let summary = &both["summary"];
    let count: u64 = ["better", "worse", "same", "new", "gone"].iter().map(|key| summary[key].as_u64().unwrap()).sum();
    assert_eq!(count, both["cases"].as_array().unwrap().len() as u64);
    studio.get(&format!("/api/compare?run={}", ids[0])).refused(404, "not_found");
    let query = studio.json("/api/query?q=exper");
    assert_eq!(query["completions"], serde_json::json!(["experiment:"]));
    assert_eq!(studio.json("/api/query?q=colour%3Ared")["problem"]["at"]["end"], 6);
}

#[test]
fn the_description_names_every_route_and_only_those() {
    let env = TestEnv::new();
    let ids = two_runs(&env);
    let studio = Studio::start(&env, &[]);
    let document = studio.json("/api/openapi.json");
    assert_eq!(document["openapi"], "3.1.0");
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let real = path.replace("{run}", &ids[0]).replace("{path}", "summary.json");
        for method in operations.as_object().unwrap().keys().filter(|method| *method == "get") {
            if path == "/api/events" {
                continue;
            }
            let real = match path.as_str() {
                "/api/groups" => "/api/groups?by=tag".into(),
                "/api/runs/{run}/case" => format!("{real}?key=wrong"),
                _ => real.clone(),
            };
            let answer = studio.get(&real);
            assert_eq!(answer.status, 200, "{method} {real}: {}", answer.text());
            let content = &operations[method]["responses"]["200"]["content"];
            let Some(schema) = content.get("application/json").map(|content| content["schema"].clone()) else {
                continue;
            };
            asked += 1;
            // References are into the document.
            let mut whole = schema.as_object().unwrap().clone();
            whole.insert("components".into(), document["components"].clone());
            let validator = jsonschema::draft202012::new(&Value::Object(whole)).unwrap();
            let wrong: Vec<String> =
                validator.iter_errors(&answer.json()).map(|err| format!("{err} at {}", err.instance_path())).collect();
            assert!(wrong.is_empty(), "{real}: {wrong:#?}");
        }
    }
    assert!(asked > 12, "{asked}");
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/studio/routes.rs")).unwrap();
    let api = text.split("fn api()").nth(1).unwrap().split("\n}\n").next().unwrap();
    for route in api.split(".route(\"").skip(1) {
        let path = route.split('"').next().unwrap().replace("{*path}", "{path}");
        assert!(document["paths"].get(format!("/api{path}")).is_some(), "/api{path} is not described");
    }
}
