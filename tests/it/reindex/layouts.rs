//! Every way in which a branch keeps runs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{bare, reindex, rows, tip, upstream};
use crate::env::{TestEnv, write_small_bundle};
use crate::import::{BRANCH, import, with_branch};

fn by_id(rows: Vec<Value>) -> BTreeMap<String, Value> {
    rows.into_iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row)).collect()
}

/// The real branch: the rows are those that an import makes, but for the tree, which is the one of the branch.
fn as_an_import_has_it(init: &[&str]) {
    let Some(env) = with_branch(init) else { return };
    import(&env, &[]);
    let report = reindex(&env, "repo", &["--branch", "agentv/results/v1"]);
    assert_eq!((&report["rows"], &report["layout"]), (&json!(110), &json!("bundles")));
    let log = env.git(["log", "-1", "--format=%an|%ae|%s|%b", BRANCH]).ok();
    assert_eq!(log.trim(), "Ada Tester|ada@example.com|reindex: 110 rows|", "no trailer of ours");
    let indexed = by_id(rows(&env, &env.repo, BRANCH));
    let imported = by_id(env.runs());
    assert_eq!(indexed.keys().collect::<Vec<_>>(), imported.keys().collect::<Vec<_>>());
    for (id, row) in &indexed {
        let mut expected = imported[id].clone();
        expected.as_object_mut().unwrap().remove("recorded_at");
        let tree = row["tree"].as_str().unwrap();
        assert_eq!(env.git(["cat-file", "-t", tree]).ok(), "tree\n");
        expected["tree"] = tree.into();
        assert_eq!(row, &expected);
    }
    let starts: Vec<_> = rows(&env, &env.repo, BRANCH).iter().map(|row| row["timestamp"].to_string()).collect();
    assert!(starts.is_sorted(), "in the order in which they began");
    // Nothing that upstream's readers look at has changed.
    let others = env.git(["diff-tree", "-r", "--name-only", &format!("{BRANCH}~1"), BRANCH]).ok();
    assert_eq!(others, "index/runs.jsonl\n");
    // A second time there is nothing to do, and an import passes over the index.
    let before = tip(&env, &env.repo, BRANCH);
    let again = reindex(&env, "repo", &["--branch", "agentv/results/v1"]);
    assert_eq!((&again["equal"], again.get("commit")), (&json!(true), None));
    assert_eq!(tip(&env, &env.repo, BRANCH), before);
    assert_eq!(import(&env, &[])["already"], 110);
    env.fsck();
}

#[test]
fn the_real_branch() {
    as_an_import_has_it(&[]);
}

#[test]
fn the_real_branch_in_a_sha256_repository() {
    let Some(env) = with_branch(&[]) else { return };
    // A fetch does not translate; the files do.
    env.git(["worktree", "add", "-q", "../out", BRANCH]).ok();
    env.git_in(env.root(), ["init", "-q", "-b", "main", "--object-format=sha256", "other"]).ok();
    let other = env.root().join("other");
    crate::env::copy_dir(&env.root().join("out"), &other.join("files"));
    std::fs::remove_file(other.join("files/.git")).unwrap();
    env.git_in(&other, ["add", "."]).ok();
    env.git_in(&other, ["mv", "files/runs", "runs"]).ok();
    env.git_in(&other, ["commit", "-qm", "all"]).ok();
    assert_eq!(reindex(&env, "other", &[])["rows"], 110);
    for row in rows(&env, &other, "main") {
        assert_eq!(row["tree"].as_str().unwrap().len(), 64);
    }
}

/// Our own layout: the log has the rows, so no file of a run is looked at.
#[test]
fn a_log_of_ours() {
    let env = TestEnv::new();
    for n in 1..=3 {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    env.agentv(["tag", "small-2", "+x"]).ok();
    env.agentv(["delete", "small-3"]).ok();
    env.git_in(env.root(), ["init", "-q", "--bare", "-b", "main", "results.git"]).ok();
    env.git(["push", "-q", "../results.git", "refs/agentv/runs/v1:refs/heads/main"]).ok();
    let results = env.root().join("results.git");
    let report = reindex(&env, "results.git", &[]);
    assert_eq!((&report["rows"], &report["layout"], &report["branch"]), (&json!(3), &json!("log"), &json!("main")));
    let listed = env.agentv(["list", "-n", "0", "--deleted", "--format", "json"]).json()["runs"].clone();
    let mut listed = listed.as_array().unwrap().clone();
    listed.reverse();
    listed.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("recorded_at")));
    assert_eq!(rows(&env, &results, "main"), listed);
    // It goes on as a store.
    env.git(["fetch", "-q", "../results.git", "main:refs/agentv/runs/v1"]).ok();
    env.small_bundle(4);
    env.agentv(["record"]).ok();
    assert_eq!(rows(&env, &env.repo, "refs/agentv/runs/v1").len(), 4);
    env.fsck();
}

/// Somebody squashed the history: manifests and overlays say what the log said.
#[test]
fn our_tree_without_its_log() {
    let env = TestEnv::new();
    env.git(["config", "agentv.window", "4"]).ok();
    for n in 1..=9 {
        env.small_bundle(n);
        env.agentv(["record"]).ok();
    }
    env.agentv(["tag", "small-9", "+x"]).ok();
    env.agentv(["delete", "small-8"]).ok();
    let listed = by_id(
        env.agentv(["list", "-n", "0", "--deleted", "--format", "json"]).json()["runs"].as_array().unwrap().clone(),
    );
    let squashed = env.git(["commit-tree", "refs/agentv/runs/v1^{tree}", "-m", "squashed"]).ok();
    env.git(["branch", "squashed", squashed.trim()]).ok();
    let report = reindex(&env, "repo", &["--branch", "squashed"]);
    assert_eq!((&report["rows"], &report["layout"]), (&json!(9), &json!("tree")));
    assert_eq!(env.git(["log", "-1", "--format=%(trailers)", "squashed"]).ok().trim(), "", "it is no log of ours");
    for (id, row) in by_id(rows(&env, &env.repo, "squashed")) {
        let mut expected = listed[&id].clone();
        expected.as_object_mut().unwrap().remove("recorded_at");
        assert_eq!(row, expected);
    }
    // Where the history is not, sealed runs are not either: that is told.
    env.git_in(
        env.root(),
        ["clone", "-q", "--bare", "--no-local", "--single-branch", "-b", "squashed", "repo", "alone.git"],
    )
    .ok();
    let alone = env.agentv_in(env.root(), ["reindex", "--repo", "alone.git", "--check"]);
    let inside = env.git(["ls-tree", "-r", "--name-only", "squashed"]).ok();
    let inside = inside.lines().filter(|path| path.ends_with("/run.json")).count();
    assert!(alone.code == 1 && (1..9).contains(&inside), "{alone:?}");
    assert_eq!(alone.stderr.matches("is not in this repository any more").count(), 9 - inside, "{}", alone.stderr);
}

#[cfg(unix)]
#[test]
fn bundles_at_the_root_and_what_they_do_not_say() {
    let mut env = TestEnv::new();
    write_small_bundle(
        &env.repo.join("2026-07-04T03-53-57-344Z"),
        "2026-07-04T03-53-57-344Z",
        "2026-07-04T03:53:57.344Z",
    );
    env.git(["add", "."]).ok();
    env.git(["commit", "-qm", "one"]).ok();
    // This one does not say when it began.
    let dir = env.repo.join("free-text");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("index.jsonl"), "{\"test_id\": \"a\", \"score\": 1}\n").unwrap();
    std::fs::write(dir.join("summary.json"), "{\"metadata\": {\"tests_run\": [\"a\"]}, \"run_summary\": {\"t\": 1}}")
        .unwrap();
    std::os::unix::fs::symlink("summary.json", dir.join("link")).unwrap();
    env.git(["add", "."]).ok();
    env.set("GIT_COMMITTER_DATE", "@1783170000 +0000");
    env.git(["commit", "-qm", "two"]).ok();
    env.set("GIT_COMMITTER_DATE", "@1783180000 +0000");
    env.git(["commit", "-q", "--allow-empty", "-m", "three"]).ok();
    assert_eq!(reindex(&env, "repo", &[])["rows"], 2);
    env.agentv(["import", "--from-ref", "refs/heads/main"]).ok();
    let (indexed, imported) = (by_id(rows(&env, &env.repo, "main")), by_id(env.runs()));
    assert_eq!(indexed.keys().collect::<Vec<_>>(), imported.keys().collect::<Vec<_>>(), "the same ids");
    let free = indexed.values().find(|row| row["run_id"] == "free-text").unwrap();
    assert_eq!(free["timestamp"], "2026-07-04T13:00:00.000Z", "when it was published");
}

#[test]
fn what_is_new_on_the_branch_is_added() {
    let env = TestEnv::new();
    upstream(&env, 0..3);
    let place = bare(&env);
    assert_eq!(reindex(&env, "bare.git", &[])["rows"], 3);
    env.git(["pull", "-q", "../bare.git", "main"]).ok();
    upstream(&env, 3..5);
    env.git(["rm", "-rq", "runs/small/r-0"]).ok();
    env.git(["commit", "-qm", "one less"]).ok();
    env.git(["push", "-q", "../bare.git", "main"]).ok();
    let ran = env.agentv_in(env.root(), ["reindex", "--repo", "bare.git", "--check"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("2 rows missing") && ran.stdout.contains("1 row of no run"), "{}", ran.stdout);
    let report = reindex(&env, "bare.git", &[]);
    assert_eq!(report["differences"]["missing"].as_array().unwrap().len(), 2);
    let names: Vec<_> = rows(&env, &place, "main").iter().map(|row| row["run_id"].clone()).collect();
    assert_eq!(names, ["r-1", "r-2", "r-3", "r-4"]);
}
