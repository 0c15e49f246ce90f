//! `git agentv remote`, and who is asked before the first push.

use serde_json::json;

use super::*;

fn remote(env: &TestEnv, dir: &Path) -> serde_json::Value {
    env.agentv_in(dir, ["remote", "--format", "json"]).json()
}

#[test]
fn which_remote_and_why() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    env.git_in(&hub, ["config", "uploadpack.allowFilter", "true"]).ok();
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    let ran = env.agentv_in(&a, ["remote"]);
    let url = format!("file://{}", hub.display());
    let text = ran.ok();
    assert!(text.starts_with(&format!("origin {url}\nbecause   it is origin, and nothing names another\n")), "{text}");
    assert!(text.contains("fetched   never\n"), "{text}");
    record(&env, &a, "one");
    let report = remote(&env, &a);
    assert_eq!(report["to_send"], json!({"new": 1, "changed": 0}));
    assert_eq!((&report["pushed_before"], report.get("fetched_at")), (&json!(false), None));
    sync(&env, &a);
    env.agentv_in(&b, ["fetch"]).ok();
    record(&env, &b, "two");
    let report = remote(&env, &b);
    assert_eq!(report["to_receive"], json!({"new": 1, "changed": 0}));
    assert_eq!(report["to_send"], json!({"new": 1, "changed": 0}));
    assert_eq!((&report["fetches"], &report["entry"]), (&json!("light"), &json!("agentv-origin")));
    assert!(report["fetched_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{report}");
    let schema = env.agentv_in(&b, ["schema", "remote"]).json();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&report), "{report}");
    // By name.
    env.git_in(&b, ["remote", "add", "up", "https://me:secret@127.0.0.1:9/up.git"]).ok();
    let ran = env.agentv_in(&b, ["remote", "up"]);
    let text = ran.ok();
    assert!(text.starts_with("up https://127.0.0.1:9/up.git\nbecause   agentv.remote names it\n"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(remote(&env, &b)["named_by"], "agentv.remote");
    assert_eq!(env.agentv_in(&b, ["remote", "--unset"]).ok(), "runs are shared with 'origin' now\n");
    let said = env.agentv_in(&b, ["remote", "--unset"]).fails(1);
    assert!(said.contains("does not set agentv.remote"), "{said}");
    env.git_in(&b, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
    let branch = env.git_in(&b, ["branch", "--show-current"]).ok();
    env.git_in(&b, ["config", &format!("branch.{}.remote", branch.trim()), "up"]).ok();
    assert_eq!(remote(&env, &b)["named_by"], format!("branch.{}.remote", branch.trim()));
}

#[test]
fn what_can_not_be_a_remote_is_refused() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    env.git_in(&hub, ["config", "uploadpack.allowFilter", "true"]).ok();
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    record(&env, &a, "one");
    sync(&env, &a);
    env.agentv_in(&b, ["pull"]).ok();
    for name in ["nowhere", "agentv-origin", "../hub.git", ""] {
        let said = env.agentv_in(&b, ["remote", name]).fails(128);
        assert!(said.contains(&format!("there is no remote '{name}'")) && said.contains("hint: "), "{said}");
        env.agentv_in(&b, ["sync", name]).fails(128);
    }
    assert_ne!(env.git_in(&b, ["config", "agentv.remote"]).code, 0, "nothing was set");
    env.git_in(&b, ["remote", "remove", "origin"]).ok();
    let said = env.agentv_in(&b, ["remote"]).fails(128);
    assert!(said.contains("there is no remote to share runs with"), "{said}");
    assert_eq!(env.agentv_in(&b, ["__complete", "--", "remote", ""]).ok(), "");
    assert_eq!(env.agentv_in(&a, ["__complete", "--", "sync", "o"]).ok(), "origin\n");
}

/// The question is about where the runs go, which need not be where they come from.
#[test]
fn a_push_address_of_its_own_is_asked_for() {
    let env = TestEnv::without_repo();
    hub(&env, &[]);
    let a = clone(&env, "a", &[]);
    env.git_in(env.root(), ["init", "-q", "--bare", "public.git"]).ok();
    let public = env.root().join("public.git");
    record(&env, &a, "one");
    sync(&env, &a);
    env.git_in(&a, ["config", "remote.origin.pushurl", public.to_str().unwrap()]).ok();
    record(&env, &a, "two");
    let said = env.agentv_in(&a, ["push"]).fails(128);
    assert!(said.contains("the first push of runs") && said.contains("public.git"), "{said}");
    assert_eq!(env.git_in(&public, ["for-each-ref"]).ok(), "");
    let report = remote(&env, &a);
    assert_eq!((&report["pushed_before"], &report["push_urls"][0]), (&json!(false), &json!(public.to_str().unwrap())));
}
