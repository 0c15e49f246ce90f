//! Two clones and one remote.

use serde_json::json;

use super::*;

#[test]
fn runs_travel_both_ways() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    let one = record(&env, &a, "one");
    let said = sync(&env, &a);
    assert!(said.starts_with("sent 1 run, about ") && said.ends_with(" to origin\n"), "{said}");
    assert_eq!(tip(&env, &hub), tip(&env, &a));
    // Not even a run of its own is needed.
    let said = env.agentv_in(&b, ["pull"]).ok();
    assert!(said.starts_with("received 1 run, about ") && said.ends_with(" from origin\n"), "{said}");
    assert_eq!(tip(&env, &a), tip(&env, &b), "one is an ancestor of the other: nothing to merge");
    assert_eq!(sync(&env, &b), "nothing new: this clone and origin have the same runs\n");
    let (two, three) = (record(&env, &a, "two"), record(&env, &b, "three"));
    sync(&env, &a);
    let said = sync(&env, &b);
    assert!(said.contains("received 1 run") && said.contains("sent 1 run"), "{said}");
    let report = env.agentv_in(&a, ["sync", "--format", "json"]).json();
    assert_eq!(report["received"], json!({"new": 1, "changed": 0}));
    assert_eq!(report["sent"], json!({"new": 0, "changed": 0}));
    let mut all = vec![one, two, three];
    all.sort();
    for dir in [&a, &b, &hub] {
        assert_eq!(ids(&env, dir), all);
        whole(&env, dir);
    }
    assert_eq!(list(&env, &a), list(&env, &b));
    let refs = env.git_in(&hub, ["for-each-ref", "--format=%(refname)"]).ok();
    assert_eq!(refs, format!("{RUNS}\n"), "nothing else is pushed");
}

#[test]
fn what_is_said_of_one_run_is_merged() {
    let env = TestEnv::without_repo();
    hub(&env, &[]);
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    let (one, two) = (record(&env, &a, "one"), record(&env, &a, "two"));
    at(&env, &a, 1, &["tag", &one, "+base", "+old"]).ok();
    at(&env, &a, 2, &["delete", &two]).ok();
    sync(&env, &a);
    sync(&env, &b);
    at(&env, &a, 10, &["tag", &one, "+from-a", "-old"]).ok();
    at(&env, &b, 11, &["tag", &one, "+from-b"]).ok();
    at(&env, &a, 20, &["note", &one, "-m", "older"]).ok();
    at(&env, &b, 21, &["note", &one, "-m", "newer"]).ok();
    at(&env, &b, 22, &["restore", &two]).ok();
    at(&env, &a, 23, &["delete", &one]).ok();
    sync(&env, &a);
    let said = sync(&env, &b);
    assert!(said.contains("merged 1 run that both sides had changed\n"), "{said}");
    assert!(said.starts_with("received changes to 1 run, about "), "what the merge says came from nobody: {said}");
    sync(&env, &a);
    assert_eq!(tip(&env, &a), tip(&env, &b));
    let shown = env.agentv_in(&a, ["show", &one, "--format", "json"]).json();
    assert_eq!(shown["row"]["tags"], json!(["base", "from-a", "from-b"]));
    assert_eq!(shown["row"]["status"], "pruned", "a deletion holds against edits");
    assert_eq!(shown["overlay"]["note"], "newer");
    let shown = env.agentv_in(&a, ["show", &two, "--format", "json"]).json();
    assert_eq!(shown["row"]["status"], "complete", "only one side said something");
    let message = env.git_in(&a, ["log", "-1", "--format=%B", RUNS]).ok();
    assert!(message.contains("Agentv-Op: merge") && message.matches("Agentv-Row: ").count() == 1, "{message}");
    assert!(message.starts_with("merge: 0 runs come in, 1 changed on both sides\n"), "{message}");
    whole(&env, &a);
}

#[test]
fn the_same_bundle_recorded_twice_is_one_run() {
    let env = TestEnv::without_repo();
    hub(&env, &[]);
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    let one = id_in(record_at(&env, &a, "one", 5));
    assert_eq!(id_in(record_at(&env, &b, "one", 9)), one);
    at(&env, &b, 10, &["tag", &one, "+b"]).ok();
    sync(&env, &a);
    sync(&env, &b);
    sync(&env, &a);
    assert_eq!(ids(&env, &a), [one.clone()]);
    let shown = env.agentv_in(&a, ["show", &one, "--format", "json"]).json();
    assert_eq!(shown["row"]["tags"], json!(["b"]));
    assert_eq!(shown["manifest"]["recorded_at"], "2026-07-04T12:00:05.000Z", "the first one holds");
    whole(&env, &a);
}

#[test]
fn looking_changes_nothing() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    record(&env, &a, "one");
    let said = env.agentv_in(&a, ["sync", "-n"]).ok();
    assert!(said.starts_with("would have sent 1 run, about "), "{said}");
    assert_eq!(env.git_in(&hub, ["for-each-ref"]).ok(), "");
    sync(&env, &a);
    record(&env, &b, "two");
    let before = tip(&env, &b);
    let said = env.agentv_in(&b, ["sync", "-n"]).ok();
    assert!(said.contains("would have received 1 run") && said.contains("would have sent 1 run"), "{said}");
    let said = env.agentv_in(&b, ["fetch"]).ok();
    assert!(said.starts_with("fetched 1 run"), "{said}");
    assert_eq!(tip(&env, &b), before);
    assert_eq!(env.git_in(&b, ["rev-parse", "refs/agentv/remotes/origin/runs/v1"]).ok().trim(), tip(&env, &a));
}

#[test]
fn an_inbox_is_taken_in_by_anyone() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let (a, b, c) = (clone(&env, "a", &[]), clone(&env, "b", &[]), clone(&env, "c", &[]));
    record(&env, &a, "one");
    sync(&env, &a);
    record(&env, &b, "two");
    env.git_in(&b, ["push", "-q", "origin", &format!("{RUNS}:refs/agentv/inbox/0123abcd")]).ok();
    // Somebody else's nonsense stays, and is told.
    env.git_in(&c, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
    env.git_in(&c, ["push", "-q", "origin", "HEAD:refs/agentv/inbox/odd"]).ok();
    let ran = env.agentv_in(&c, ["sync", "--yes"]);
    assert!(ran.stderr.contains("left alone: refs/agentv/inbox/odd"), "{ran:?}");
    assert!(ran.ok().contains("took in 1 inbox of origin"));
    let refs = env.git_in(&hub, ["for-each-ref", "--format=%(refname)"]).ok();
    assert_eq!(refs, format!("refs/agentv/inbox/odd\n{RUNS}\n"));
    assert_eq!(ids(&env, &c).len(), 2);
    assert_eq!(ids(&env, &hub), ids(&env, &c));
    whole(&env, &c);
}

/// Where the log of a side says what is in its tree, the tree is not read; where it says something else, the tree holds.
#[test]
fn a_row_that_names_another_directory_changes_no_tree() {
    let env = TestEnv::without_repo();
    hub(&env, &[]);
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    for n in 0..60 {
        record_at(&env, &a, &format!("run-{n}"), n + 1).ok();
    }
    sync(&env, &a);
    sync(&env, &b);
    let shards: Vec<String> = ids(&env, &a).iter().map(|id| id[..2].to_owned()).collect();
    // Its shard has another run already.
    let new = (0..200).map(|n| id_in(record_at(&env, &b, &format!("new-{n}"), 100 + n)));
    let new = new.into_iter().find(|id| shards.contains(&id[..2].to_owned())).expect("one of very many");
    let place = |dir: &Path| {
        let path = format!("{RUNS}:{}/{}", &new[..2], &new[2..]);
        env.git_in(dir, ["rev-parse", &path]).ok().trim().to_owned()
    };
    let (there, other) = (place(&b), env.git_in(&b, ["rev-parse", &format!("{RUNS}:{}", &new[..2])]).ok());
    let message = env.git_in(&b, ["log", "-1", "--format=%B", RUNS]).ok();
    assert!(message.contains(&there), "its row names its directory: {message}");
    let message = message.replace(&there, other.trim());
    let tree = format!("{RUNS}^{{tree}}");
    let wrong = env.git_in(&b, ["commit-tree", &tree, "-p", &format!("{RUNS}~1"), "-m", &message]).ok();
    env.git_in(&b, ["push", "-q", "origin", &format!("{}:{RUNS}", wrong.trim())]).ok();
    record(&env, &a, "own");
    sync(&env, &a);
    assert_eq!(place(&a), there);
}
