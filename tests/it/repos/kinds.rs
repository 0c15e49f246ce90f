//! Object formats, ref formats, and refs and objects that git packed.

use super::{git_can, life_of_a_run, rows};
use crate::env::{TestEnv, read_dir};

#[test]
fn sha256() {
    if !git_can(&["--object-format=sha256"]) {
        return;
    }
    let env = TestEnv::with_init(&["--object-format=sha256"]);
    life_of_a_run(&env, &env.repo);
    assert_eq!(rows(&env, &env.repo)[0]["tree"].as_str().unwrap().len(), 64);
    assert_eq!(env.git(["rev-parse", "refs/agentv/runs/v1"]).ok().trim().len(), 64);
}

#[test]
fn reftable() {
    if !git_can(&["--ref-format=reftable"]) {
        return;
    }
    let env = TestEnv::with_init(&["--ref-format=reftable"]);
    life_of_a_run(&env, &env.repo);
    assert!(env.git(["log", "--format=%s", "refs/agentv/runs/v1"]).ok().contains("run "), "git itself sees the ref");
    assert!(!env.repo.join(".git/refs/agentv").exists(), "no loose file that git would never read");
}

#[test]
fn sha256_and_reftable() {
    let args = ["--object-format=sha256", "--ref-format=reftable"];
    if !git_can(&args) {
        return;
    }
    let env = TestEnv::with_init(&args);
    life_of_a_run(&env, &env.repo);
    // A pack in the other object format, through the other ref backend.
    env.git(["config", "core.sharedRepository", "group"]).ok();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    assert_eq!(rows(&env, &env.repo).len(), 2);
    env.fsck();
}

#[test]
fn reftable_worktrees_share_the_ref_and_keep_their_own_head() {
    if !git_can(&["--ref-format=reftable"]) {
        return;
    }
    let env = TestEnv::with_init(&["--ref-format=reftable"]);
    env.git(["worktree", "add", "-q", "-b", "side", "../side"]).ok();
    let side = env.root().join("side");
    env.git_in(&side, ["commit", "-q", "--allow-empty", "-m", "on the side"]).ok();
    let head = env.git_in(&side, ["rev-parse", "HEAD"]).ok();
    env.agentv_in(&side, ["run", "--", "sh", "-c", "echo x > $AGENTV_RESULTS_DIR/log"]).ok();
    assert_eq!(rows(&env, &env.repo)[0]["sha"], head.trim());
    let shown = env.agentv(["show", "--format", "json"]).json();
    assert_eq!(shown["manifest"]["source"]["branch"], "side");
}

#[test]
fn packed_refs() {
    let env = TestEnv::new();
    life_of_a_run(&env, &env.repo);
    env.git(["pack-refs", "--all", "--prune"]).ok();
    assert!(!env.repo.join(".git/refs/agentv/runs/v1").exists());
    assert_eq!(rows(&env, &env.repo).len(), 1);
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    assert_eq!(rows(&env, &env.repo).len(), 2);
    env.agentv(["tag", "@{0}", "+packed"]).ok();
    env.git(["pack-refs", "--all", "--prune"]).ok();
    assert_eq!(rows(&env, &env.repo)[0]["tags"], serde_json::json!(["packed"]));
    env.fsck();
}

#[test]
fn everything_survives_gc_and_repack() {
    let env = TestEnv::new();
    let bundle = env.bundle("agentv-5.3.1", ".agentv/results/one");
    env.agentv(["record"]).ok();
    life_of_a_run(&env, &env.repo);
    let before = rows(&env, &env.repo);
    for step in [
        &["gc", "-q", "--prune=now"][..],
        &["repack", "-q", "-a", "-d", "-f"],
        &["gc", "-q", "--prune=now", "--aggressive"],
        &["commit-graph", "write", "--reachable"],
        &["multi-pack-index", "write"],
    ] {
        env.git(step).ok();
        assert_eq!(rows(&env, &env.repo), before, "after git {step:?}");
        let out = env.root().join("out");
        env.agentv(["export", "2026-11-22T07-05-03-446Z", out.to_str().unwrap()]).ok();
        assert_eq!(read_dir(&out), read_dir(&bundle), "after git {step:?}");
        std::fs::remove_dir_all(out).unwrap();
    }
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    assert_eq!(rows(&env, &env.repo).len(), before.len() + 1);
    env.fsck();
}

#[test]
fn what_nobody_cites_any_more_can_be_collected() {
    let env = TestEnv::new();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    env.git(["update-ref", "-d", "refs/agentv/runs/v1"]).ok();
    env.git(["gc", "-q", "--prune=now"]).ok();
    assert!(rows(&env, &env.repo).is_empty());
    // Its files are gone with it, and the bundle is not remembered as recorded.
    assert!(env.agentv(["record"]).ok().starts_with("recorded "));
    assert_eq!(env.agentv(["cat", "small-1", "only/answer.md"]).ok(), "answer of small-1\n");
    env.fsck();
}

#[test]
fn more_packs_than_there_is_room_for_at_first() {
    let env = TestEnv::new();
    // Each checkpoint ends a pack.
    let blobs = (0..600).map(|n: u32| format!("blob\ndata 4\n{n:04}\ncheckpoint\n\n")).collect::<String>();
    env.git_stdin(["-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"], blobs.as_bytes());
    let packs = std::fs::read_dir(env.repo.join(".git/objects/pack")).unwrap().flatten();
    let packs = packs.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "idx")).count();
    assert!(packs >= 600, "{packs} packs");
    life_of_a_run(&env, &env.repo);
}
