//! The changes, and who may make them.

use serde_json::json;

use super::client::Studio;
use crate::env::TestEnv;

fn one_run(env: &TestEnv) -> String {
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    env.runs()[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn tags_notes_deleting_and_restoring() {
    let env = TestEnv::new();
    let id = one_run(&env);
    let studio = Studio::start(&env, &[]);
    let run = format!("/api/runs/{id}");
    let tagged =
        studio.change("POST", &format!("{run}/tags"), &json!({"add": ["baseline", "x"], "remove": ["y"]})).json();
    assert_eq!((&tagged["run"]["tags"], &tagged["changed"]), (&json!(["baseline", "x"]), &json!(true)));
    let again = studio.change("POST", &format!("{run}/tags"), &json!({"add": ["x"]})).json();
    assert_eq!(again["changed"], false);
    studio.change("POST", &format!("{run}/note"), &json!({"note": "a\nremark"}));
    assert_eq!(studio.json(&run)["overlay"]["note"], "a\nremark");
    studio.change("POST", &format!("{run}/note"), &json!({"note": null}));
    assert!(studio.json(&run)["overlay"].get("note").is_none());
    let deleted = studio.change("DELETE", &run, &json!({})).json();
    assert_eq!(deleted["run"]["status"], "pruned");
    // A run that is deleted between two questions: its numbers stay, its files are gone, and it is in no list.
    assert_eq!(studio.json("/api/runs")["total"], 0);
    assert_eq!(studio.json("/api/runs?deleted=true")["total"], 1);
    assert_eq!(studio.json(&run)["run"]["status"], "pruned");
    for part in ["cases", "files", "files/summary.json"] {
        studio.get(&format!("{run}/{part}")).refused(410, "deleted");
    }
    let restored = studio.change("POST", &format!("{run}/restore"), &json!({})).json();
    assert_eq!(restored["run"]["status"], "complete");
    assert_eq!(studio.get(&format!("{run}/files/summary.json")).status, 200);
    env.fsck();
}

#[test]
fn several_runs_are_tagged_or_none() {
    let env = TestEnv::new();
    one_run(&env);
    env.small_bundle(2);
    env.agentv(["record"]).ok();
    let ids: Vec<_> = env.runs().iter().map(|run| run["id"].clone()).collect();
    let studio = Studio::start(&env, &[]);
    let bad = studio.change("POST", "/api/tags", &json!({"runs": [ids[0], "ffffffff"], "add": ["x"]}));
    bad.refused(404, "not_found");
    assert_eq!(env.runs()[0]["tags"], json!([]));
    let tagged = studio.change("POST", "/api/tags", &json!({"runs": ids, "add": ["x"]})).json();
    assert_eq!(tagged["runs"].as_array().unwrap().len(), 2);
    assert!(env.runs().iter().all(|run| run["tags"] == json!(["x"])));
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    let env = TestEnv::new();
    let id = one_run(&env);
    let tip = env.git(["rev-parse", "refs/agentv/runs/v1"]).ok();
    let studio = Studio::start(&env, &[]);
    let tags = format!("/api/runs/{id}/tags");
    for body in [
        json!({}),
        json!({"add": ["a b"]}),
        json!({"add": [""]}),
        json!({"add": ["-x"]}),
        json!({"add": "x"}),
        json!({"ad": ["x"]}),
        json!([]),
        json!(null),
        json!({"add": ["\u{1b}[31m"]}),
    ] {
        studio.change("POST", &tags, &body).refused(400, "bad_request");
    }
    studio.change("POST", "/api/tags", &json!({"runs": [], "add": ["x"]})).refused(400, "bad_request");
    studio
        .change("POST", &format!("/api/runs/{id}/note"), &json!({"note": "x".repeat(100_000)}))
        .refused(400, "bad_request");
    let large = studio.change("POST", &format!("/api/runs/{id}/note"), &json!({"note": "x".repeat(1_000_000)}));
    assert_eq!(large.status, 413);
    studio.change("POST", "/api/runs/ffffffff/restore", &json!({})).refused(404, "not_found");
    studio.change("PUT", &tags, &json!({})).refused(400, "bad_request");
    assert_eq!(studio.change("PATCH", &tags, &json!({})).status, 405);
    assert_eq!(studio.change("POST", "/api/runs", &json!({})).status, 405);
    // No change, and nothing else either: no token is wanted of it.
    let trace = studio.send("TRACE", "/api/runs", &[], b"");
    assert_eq!(trace.status, 405, "{trace:?}");
    assert_eq!(env.git(["rev-parse", "refs/agentv/runs/v1"]).ok(), tip);
}

#[test]
fn a_read_only_server_refuses_every_change() {
    let env = TestEnv::new();
    let id = one_run(&env);
    let tip = env.git(["rev-parse", "refs/agentv/runs/v1"]).ok();
    let studio = Studio::start(&env, &["--read-only"]);
    assert_eq!(studio.json("/api/status")["read_only"], true);
    let run = format!("/api/runs/{id}");
    for (method, path) in [
        ("POST", format!("{run}/tags")),
        ("POST", format!("{run}/note")),
        ("POST", format!("{run}/restore")),
        ("DELETE", run.clone()),
        ("POST", "/api/tags".into()),
        ("POST", "/api/remote/sync".into()),
        ("POST", "/api/config".into()),
        ("PUT", "/api/anything".into()),
    ] {
        studio.change(method, &path, &json!({"add": ["x"]})).refused(403, "read_only");
    }
    assert_eq!(env.git(["rev-parse", "refs/agentv/runs/v1"]).ok(), tip);
}

#[test]
fn sync_with_a_remote() {
    let env = TestEnv::new();
    one_run(&env);
    env.git_in(env.root(), ["init", "-q", "--bare", "remote.git"]).ok();
    let studio = Studio::start(&env, &[]);
    studio.change("POST", "/api/remote/sync", &json!({})).refused(409, "no_remote");
    env.git(["remote", "add", "origin", env.root().join("remote.git").to_str().unwrap()]).ok();
    let asked = studio.change("POST", "/api/remote/sync", &json!({}));
    assert!(asked.refused(409, "not_agreed").contains("1 run"), "{}", asked.text());
    let there = |name: &str| env.git_in(env.root().join("remote.git"), ["rev-parse", "--verify", "-q", name]).stdout;
    assert_eq!(there("refs/agentv/runs/v1"), "");
    let done = studio.change("POST", "/api/remote/sync", &json!({"first_push": true}));
    assert_eq!(done.status, 200, "{}", done.text());
    let done = done.json();
    assert_eq!((&done["synced"]["sent"]["new"], &done["sync_status"]), (&json!(1), &json!("clean")));
    assert!(!done.to_string().contains(env.root().to_str().unwrap()), "no path of this machine: {done}");
    assert_eq!(there("refs/agentv/runs/v1"), env.git(["rev-parse", "refs/agentv/runs/v1"]).stdout);
    // A run that somebody else recorded comes.
    env.git_in(env.root(), ["clone", "-q", "remote.git", "other"]).ok();
    let other = env.root().join("other");
    let bundle = env.root().join("theirs");
    crate::env::write_small_bundle(&bundle, "theirs", "2026-07-04T11:00:00.000Z");
    env.agentv_in(&other, ["record", bundle.to_str().unwrap()]).ok();
    env.agentv_in(&other, ["sync", "--yes"]).ok();
    assert_eq!(studio.json("/api/runs")["total"], 1, "nobody is asked by looking");
    let done = studio.change("POST", "/api/remote/sync", &json!({})).json();
    assert_eq!(done["synced"]["received"]["new"], 1);
    assert_eq!(studio.json("/api/runs")["total"], 2);
    // A host that is gone.
    std::fs::remove_dir_all(env.root().join("remote.git")).unwrap();
    let failed = studio.change("POST", "/api/remote/sync", &json!({}));
    assert_eq!(failed.status, 502, "{}", failed.text());
    assert!(!failed.text().contains(env.root().to_str().unwrap()), "no path of this machine: {}", failed.text());
}
