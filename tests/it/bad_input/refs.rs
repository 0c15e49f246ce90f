//! The ref: pointed elsewhere, damaged, locked.

use super::{Before, nothing_left_over, sh, tip, with_a_run};
use crate::env::TestEnv;

const REF: &str = "refs/agentv/runs/v1";

/// Every command refuses the ref as it is, says `reason`, and leaves it alone.
#[track_caller]
fn everything_refuses(env: &TestEnv, reason: &str) {
    let bundle = env.small_bundle(77);
    let before = env.git(["rev-parse", REF]).ok();
    for args in [
        &["list"][..],
        &["list", "--format", "json"],
        &["record"],
        &["record", bundle.to_str().unwrap()],
        &["show"],
        &["show", "abcdef"],
        &["status"],
        &["tag", "@{0}", "+x"],
        &["delete", "abcdef"],
        &["run", "--", "sh", "-c", "echo x > $AGENTV_RESULTS_DIR/log"],
    ] {
        let ran = env.agentv(args);
        assert_eq!(ran.code, 128, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(&format!("error: {REF} does not hold runs: ")), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(reason), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("git update-ref --no-deref -d {REF}")), "{args:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{args:?}: {ran:?}");
    }
    assert_eq!(env.git(["rev-parse", REF]).ok(), before, "it is not touched");
    nothing_left_over(env);
    env.fsck();
    // The hint helps.
    env.git(["update-ref", "--no-deref", "-d", REF]).ok();
    assert!(env.agentv(["record", bundle.to_str().unwrap()]).ok().starts_with("recorded "));
}

fn point_at(env: &TestEnv, object: &str) {
    env.git(["update-ref", REF, object]).ok();
}

#[test]
fn a_blob() {
    let (env, _) = with_a_run();
    let blob = sh(&env, "echo text | git hash-object -w --stdin").ok();
    point_at(&env, blob.trim());
    everything_refuses(&env, "it is a blob");
}

#[test]
fn a_tree() {
    let (env, _) = with_a_run();
    let tree = env.git(["rev-parse", "HEAD^{tree}"]).ok();
    point_at(&env, tree.trim());
    everything_refuses(&env, "it is a tree");
}

#[test]
fn a_foreign_commit() {
    let (env, _) = with_a_run();
    point_at(&env, "HEAD");
    everything_refuses(&env, "'first' was not made by git agentv");
}

#[test]
fn a_foreign_commit_on_top_of_ours() {
    let (env, _) = with_a_run();
    let commit = sh(&env, &format!("git commit-tree {REF}^{{tree}} -p {REF} -m 'a hand-made commit'")).ok();
    point_at(&env, commit.trim());
    everything_refuses(&env, "'a hand-made commit' was not made by git agentv");
}

#[test]
fn in_a_reftable_repository() {
    let probe = TestEnv::without_repo();
    if probe.git_in(probe.root(), ["init", "-q", "--ref-format=reftable", "probe"]).code != 0 {
        eprintln!("skipped: this git has no reftable");
        return;
    }
    for (object, reason) in [("HEAD", "'first' was not made by git agentv"), ("HEAD^{tree}", "it is a tree")] {
        let env = TestEnv::with_init(&["--ref-format=reftable"]);
        let id = env.git(["rev-parse", object]).ok();
        point_at(&env, id.trim());
        everything_refuses(&env, reason);
    }
}

#[test]
fn an_object_that_is_missing() {
    let (env, _) = with_a_run();
    let missing = "1234567890123456789012345678901234567890";
    std::fs::write(env.repo.join(".git").join(REF), format!("{missing}\n")).unwrap();
    env.small_bundle(2);
    for args in [&["list"][..], &["record"], &["show"], &["status"]] {
        let ran = env.agentv(args);
        assert_eq!(ran.code, 128, "{args:?}: {ran:?}");
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(missing), "{args:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "never an empty list: {ran:?}");
    }
    let content = std::fs::read_to_string(env.repo.join(".git").join(REF)).unwrap();
    assert_eq!(content.trim(), missing, "it is not touched");
}

#[test]
fn text_that_is_no_ref() {
    let (env, _) = with_a_run();
    std::fs::write(env.repo.join(".git").join(REF), "garbage\n").unwrap();
    for args in [&["list"][..], &["record", ".agentv/results/small-1"], &["status"]] {
        let ran = env.agentv(args);
        assert_eq!(ran.code, 128, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(&format!("cannot read ref '{REF}'")), "{args:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{ran:?}");
    }
}

#[test]
fn symbolic() {
    let (env, before) = with_a_run();
    // To a ref that holds runs: they are read, and writing keeps the other ref as it is.
    env.git(["update-ref", "refs/agentv/kept", REF]).ok();
    env.git(["symbolic-ref", REF, "refs/agentv/kept"]).ok();
    assert_eq!(env.runs(), before.rows);
    env.small_bundle(2);
    env.agentv(["record"]).ok();
    assert_eq!(env.runs().len(), 2);
    env.fsck();
    // To a branch: refused, and the branch is not touched.
    let branch = env.git(["rev-parse", "refs/heads/main"]).ok();
    env.git(["symbolic-ref", REF, "refs/heads/main"]).ok();
    everything_refuses(&env, "'first' was not made by git agentv");
    assert_eq!(env.git(["rev-parse", "refs/heads/main"]).ok(), branch);
}

#[test]
fn symbolic_to_nothing() {
    let (env, _) = with_a_run();
    env.git(["symbolic-ref", REF, "refs/heads/not-there"]).ok();
    env.small_bundle(2);
    let ran = env.agentv(["record"]);
    // Either it is made a ref of its own, or it is refused by name; the branch is not made.
    assert!(ran.code == 0 || ran.stderr.contains(REF), "{ran:?}");
    assert!(env.git(["rev-parse", "--verify", "--quiet", "refs/heads/not-there"]).code != 0);
}

/// Commits on top of the ref with the message `edit` makes of the tip's. Returns the commit.
fn commit_with(env: &TestEnv, edit: impl Fn(String) -> String) -> String {
    let message = edit(env.git(["log", "-1", "--format=%B", REF]).ok());
    std::fs::write(env.root().join("message"), message).unwrap();
    let commit = sh(env, &format!("git commit-tree {REF}^{{tree}} -p {REF} -F ../message")).ok().trim().to_owned();
    point_at(env, &commit);
    commit
}

#[test]
fn a_damaged_row_is_never_an_empty_list() {
    for (what, edit) in [
        ("cut", (|message: String| message.replace("\"run_id\":", "\"run_id\"")) as fn(String) -> String),
        ("no object", |message| message.replace("Agentv-Row: {", "Agentv-Row: [{")),
        ("bad id", |message| message.replace("\"id\":\"", "\"id\":\"zz")),
        ("no row", |message| {
            message
                .lines()
                .filter(|line| !line.starts_with("Agentv-Row:"))
                .fold(String::new(), |all, line| all + line + "\n")
        }),
    ] {
        let (env, before) = with_a_run();
        let commit = commit_with(&env, edit);
        // Above it there may be whole ones.
        for round in 0..2 {
            for args in [&["list"][..], &["list", "--format", "jsonl"], &["status"], &["show", "some-run-id"]] {
                let ran = env.agentv(args);
                assert_eq!(ran.code, 128, "{what} {round} {args:?}: {ran:?}");
                assert!(
                    ran.stderr.contains(&format!("commit {commit} is damaged: its row")),
                    "{what} {args:?}: {}",
                    ran.stderr
                );
                assert!(ran.stdout.is_empty(), "{what} {args:?}: {ran:?}");
            }
            // A whole run is still read by its id, and recording goes on.
            env.agentv(["show", before.rows[0]["id"].as_str().unwrap()]).ok();
            let bundle = env.small_bundle(100 + round);
            assert!(env.agentv(["record", bundle.to_str().unwrap()]).ok().starts_with("recorded "));
        }
    }
}

#[test]
fn a_row_that_names_a_tree_which_is_none() {
    for tree in ["", "xyz", "1234567890123456789012345678901234567890"] {
        let (env, before) = with_a_run();
        let old = before.rows[0]["tree"].as_str().unwrap().to_owned();
        commit_with(&env, |message| message.replace(&old, tree));
        let said = env.agentv(["show", "@{0}"]).fails(128);
        assert!(said.starts_with("error: "), "{said}");
        env.agentv(["list"]).ok();
    }
}

#[test]
fn a_lock_that_a_killed_process_left() {
    let (env, before) = with_a_run();
    let lock = env.repo.join(".git").join(format!("{REF}.lock"));
    std::fs::write(&lock, "").unwrap();
    assert_eq!(env.runs(), before.rows, "reading needs no lock");
    env.small_bundle(2);
    assert!(env.agentv(["record"]).ok().starts_with("recorded "));
    assert!(!lock.exists());
    assert_eq!(env.runs().len(), before.rows.len() + 1);
    nothing_left_over(&env);
    env.fsck();
}

#[test]
fn a_lock_that_is_left_before_the_first_run() {
    let env = TestEnv::new();
    let lock = env.repo.join(".git").join(format!("{REF}.lock"));
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    std::fs::write(&lock, "").unwrap();
    env.small_bundle(1);
    assert!(env.agentv(["record"]).ok().starts_with("recorded "));
    assert!(!lock.exists() && !tip(&env).is_empty());
}

#[test]
fn a_hook_that_refuses() {
    use std::os::unix::fs::PermissionsExt;
    let (env, before) = with_a_run();
    let hook = env.repo.join(".git/hooks/reference-transaction");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\ntest \"$1\" != prepared\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    env.small_bundle(2);
    let said = env.agentv(["record"]).fails(128);
    assert!(said.contains(&format!("could not move {REF} after ")) && said.contains("hook"), "{said}");
    std::fs::remove_file(hook).unwrap();
    Before::still_holds(&before, &env);
}

#[test]
fn a_ref_in_the_way() {
    let env = TestEnv::new();
    env.git(["update-ref", "refs/agentv/runs", "HEAD"]).ok();
    env.small_bundle(1);
    let said = env.agentv(["record"]).fails(128);
    assert!(said.contains("could not move refs/agentv/runs/v1") && said.contains("refs/agentv/runs'"), "{said}");
    env.git(["update-ref", "-d", "refs/agentv/runs"]).ok();
    env.agentv(["record"]).ok();
    env.fsck();
}
