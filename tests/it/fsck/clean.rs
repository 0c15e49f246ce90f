//! What we make is without fault.

use serde_json::json;

use super::{RUNS, is_clean, world};
use crate::env::{TestEnv, copy_dir, shared};

#[test]
fn real_bundles() {
    let env = TestEnv::new();
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/bundles");
    copy_dir(&demo, &env.repo.join(".agentv/results"));
    copy_dir(&crate::env::data().join("bundles"), &env.repo.join(".agentv/results"));
    env.agentv(["record", "--partial"]).ok();
    let runs = env.runs().len();
    assert!(runs >= 7, "{runs}");
    assert!(is_clean(&env, &env.repo).starts_with(&format!("checked {runs} runs, {runs} commits, ")));
}

#[test]
fn an_imported_branch() {
    let Some(bundle) = shared("agentv-results-v1.bundle") else { return };
    let env = TestEnv::new();
    env.git(["config", "agentv.window", "20"]).ok();
    let spec = "refs/heads/agentv/results/v1:refs/heads/upstream";
    env.git(["fetch", "-q", bundle.to_str().unwrap(), spec]).ok();
    env.agentv(["import", "--from-ref", "refs/heads/upstream", "--all-versions", "--partial"]).ok();
    let runs = env.runs().len();
    assert!(runs > 100, "{runs}");
    is_clean(&env, &env.repo);
    // The index that a query makes, too.
    env.agentv(["list", "status:failed"]).ok();
    is_clean(&env, &env.repo);
}

#[test]
fn changed_deleted_restored_and_sealed_runs() {
    let env = world();
    let sealed = env.git(["ls-tree", "-r", "--name-only", RUNS, "sealed/"]).ok();
    assert!(sealed.lines().count() > 1, "there are sealed runs: {sealed}");
    env.agentv(["list", "tag:a"]).ok();
    let said = is_clean(&env, &env.repo);
    assert!(said.starts_with("checked 8 runs, 13 commits, 22 files: "), "{said}");
    let report = env.agentv(["fsck", "--format", "json"]).json();
    let expected = json!({"version": 1, "runs": 8, "commits": 13, "files": 22, "not_fetched": 0, "shallow": false, "problems": [], "notes": []});
    assert_eq!(report, expected);
    assert_eq!(env.agentv(["fsck", "--format", "jsonl"]).ok(), "");
    let tip = env.git(["rev-parse", RUNS]).ok();
    env.agentv(["fsck", "--repair"]).ok();
    assert_eq!(env.git(["rev-parse", RUNS]).ok(), tip, "there is nothing to repair");
}

#[test]
fn a_repository_without_runs() {
    let env = TestEnv::new();
    assert_eq!(env.agentv(["fsck"]).ok(), "checked 0 runs, 0 commits, 0 files: no problems\n");
    env.agentv(["fsck", "--repair"]).ok();
    let said = env.agentv(["fsck", "3f9c"]).fails(128);
    assert!(said.contains("no run matches '3f9c'"), "{said}");
    let outside = TestEnv::without_repo();
    assert!(outside.agentv_in(outside.root(), ["fsck"]).fails(128).contains("not a git repository"));
}

#[test]
fn of_some_runs_only() {
    let env = world();
    let id = super::id(&env, 3);
    let said = env.agentv(["fsck", &id[..6]]).ok();
    assert_eq!(said, "checked 1 run, 13 commits, 3 files: no problems\n");
    assert!(env.agentv(["fsck", "@{0}", "small-1", &id]).ok().starts_with("checked 3 runs, "));
}

#[test]
fn by_the_name_of_results() {
    let env = world();
    let agentv = crate::env::bin_dir().join("agentv");
    let ran = env.run(agentv.to_str().unwrap(), &env.repo, ["results", "fsck"]);
    assert!(ran.ok().ends_with("no problems\n"));
}
