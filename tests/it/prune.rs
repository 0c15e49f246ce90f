//! Deleting runs by age.

use serde_json::json;

use crate::env::{TestEnv, write_small_bundle};

/// Records a run that began on a day of 2020; its id.
fn record(env: &TestEnv, name: &str, day: &str) -> String {
    let dir = env.repo.join(format!("bundles/{name}"));
    write_small_bundle(&dir, name, &format!("{day}T10:00:00.000Z"));
    env.agentv(["record".as_ref(), dir.as_os_str()]).ok().split(' ').nth(1).unwrap().to_owned()
}

fn three() -> (TestEnv, Vec<String>) {
    let env = TestEnv::new();
    let runs = [("old", "2020-01-01"), ("kept", "2020-02-01"), ("new", "2020-03-01")];
    let ids = runs.map(|(name, day)| record(&env, name, day)).to_vec();
    env.agentv(["tag", &ids[1], "+baseline"]).ok();
    (env, ids)
}

fn statuses(env: &TestEnv) -> Vec<(String, String)> {
    let list = env.agentv(["list", "--deleted", "-n", "0", "--sort", "timestamp", "--format", "json"]).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> = list["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| (text(&run["timestamp"]), text(&run["run_id"]), text(&run["status"])))
        .collect();
    all.sort();
    all.into_iter().map(|(_, name, status)| (name, status)).collect()
}

fn said(names: [(&str, &str); 3]) -> Vec<(String, String)> {
    names.map(|(name, status)| (name.to_owned(), status.to_owned())).to_vec()
}

#[test]
fn what_is_old_and_not_kept_is_deleted() {
    let (env, ids) = three();
    let before = env.git(["rev-parse", "refs/agentv/runs/v1"]).ok();
    let dry = ["prune", "--older-than", "2020-02-15", "--keep", "tag:baseline", "--dry-run"];
    let text = env.agentv(dry).ok();
    assert!(text.starts_with(&format!("would delete {}  small", ids[0])), "{text}");
    assert!(text.contains("\n1 run is older than 2020-02-15; deleted and compacted, about "), "{text}");
    assert_eq!(env.git(["rev-parse", "refs/agentv/runs/v1"]).ok(), before);
    // One run needs no question.
    let text = env.agentv(["prune", "--older-than", "2020-02-15", "--keep", "-tag:other tag:baseline"]).ok();
    assert!(text.ends_with("deleted 1 run; 'git agentv compact' frees the space\n"), "{text}");
    assert_eq!(statuses(&env), said([("old", "pruned"), ("kept", "complete"), ("new", "complete")]));
    // Two do.
    let text = env.agentv(["prune", "--older-than", "1y"]).fails(128);
    assert!(text.contains("nothing was changed") && text.contains("--yes"), "{text}");
    let report = env.agentv(["prune", "--older-than", "1y", "--yes", "--format", "json"]).json();
    assert_eq!(report["runs"], json!([ids[2], ids[1]]));
    assert!(report["reclaimable_bytes"].as_u64().unwrap() > 0);
    assert_eq!(statuses(&env), said([("old", "pruned"), ("kept", "pruned"), ("new", "pruned")]));
    assert_eq!(env.git(["rev-list", "--count", &format!("{}..refs/agentv/runs/v1", before.trim())]).ok(), "3\n");
    env.agentv(["restore", &ids[1]]).ok();
    env.agentv(["cat", &ids[1], "only/answer.md"]).ok();
    assert!(env.agentv(["prune", "--older-than", "10y"]).ok().starts_with("0 runs are older than 10y\n"));
    assert!(env.agentv(["fsck"]).ok().contains("no problems"));
}

#[test]
fn only_files_go_and_numbers_stay_in_lists() {
    let (env, ids) = three();
    let args = ["prune", "--older-than", "2020-02-15", "--artifacts-only", "--yes"];
    assert!(env.agentv(args).ok().contains("deleted 2 runs"));
    assert_eq!(statuses(&env), said([("old", "stripped"), ("kept", "stripped"), ("new", "complete")]));
    let list = env.agentv(["list"]).ok();
    assert_eq!(list.matches("(no files)").count(), 2, "{list}");
    assert!(env.agentv(["cat", &ids[0], "only/answer.md"]).fails(128).contains("was deleted"));
    assert!(env.agentv(args).ok().starts_with("0 runs are older"), "once is enough");
    let shown = env.agentv(["show", &ids[1], "--format", "json"]).json();
    assert_eq!((&shown["row"]["test_count"], &shown["overlay"]["pruned"]["listed"]), (&json!(1), &json!(true)));
    env.agentv(["restore", &ids[1]]).ok();
    env.agentv(["delete", &ids[0]]).ok();
    assert_eq!(statuses(&env), said([("old", "pruned"), ("kept", "complete"), ("new", "complete")]));
    // With compaction in one go: the stripped run stays in lists, and can't be restored.
    let args = ["compact", "--older-than", "2020-02-15", "--artifacts-only", "--yes"];
    let text = env.agentv(args).ok();
    assert!(text.contains("2 deleted runs lost their files"), "{text}");
    assert_eq!(statuses(&env), said([("old", "pruned"), ("kept", "stripped"), ("new", "complete")]));
    assert!(env.agentv(["restore", &ids[1]]).fails(128).contains("compacted away"));
    assert_eq!(env.agentv(["list", "status:stripped", "--count"]).ok(), "1\n");
    assert!(env.agentv(["fsck"]).ok().contains("no problems"));
    crate::second_reader::both_agree(&env);
}

#[test]
fn what_makes_no_sense_deletes_nothing() {
    let (env, _) = three();
    for (args, wanted) in [
        (vec!["prune"], "--older-than"),
        (vec!["prune", "--older-than", "soon"], "--older-than"),
        (vec!["prune", "--older-than", "1y", "--keep", "tag:("], "tag:("),
        (vec!["prune", "--older-than", "1y", "--keep", "a) or (b"], "a) or (b"),
        (vec!["prune", "--older-than", "1y", "--keep", " "], "empty query"),
        (vec!["compact", "--keep", "tag:baseline"], "--older-than"),
    ] {
        let text = env.agentv([&args[..], &["--yes"]].concat()).fails(2);
        assert!(text.contains(wanted), "{args:?}: {text}");
    }
    assert_eq!(env.runs().len(), 3);
    assert!(env.runs().iter().all(|run| run["status"] == "complete"));
}
