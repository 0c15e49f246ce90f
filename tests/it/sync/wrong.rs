//! Refusals and bad remotes: a clear error, and nothing is lost.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// A clone with one run.
fn world(env: &TestEnv) -> (PathBuf, PathBuf) {
    let hub = hub(env, &[]);
    let a = clone(env, "a", &[]);
    record(env, &a, "one");
    (hub, a)
}

/// Fails with `words`, and the runs are as they were.
fn fails(env: &TestEnv, dir: &Path, args: &[&str], words: &[&str]) {
    let before = tip(env, dir);
    let ran = at(env, dir, 0, args);
    let said = ran.fails(128);
    for word in words {
        assert!(said.contains(word), "{said}");
    }
    assert!(said.contains("hint: "), "{said}");
    assert_eq!(tip(env, dir), before);
    whole(env, dir);
}

#[test]
fn remotes_that_are_not_there() {
    let env = TestEnv::without_repo();
    let (_, a) = world(&env);
    fails(&env, &a, &["sync", "upstream"], &["there is no remote 'upstream'"]);
    env.git_in(&a, ["config", "agentv.remote", "gone"]).ok();
    fails(&env, &a, &["sync"], &["agentv.remote names 'gone', but there is no such remote"]);
    env.git_in(&a, ["config", "--unset", "agentv.remote"]).ok();
    env.git_in(&a, ["remote", "set-url", "origin", "/nowhere/at/all.git"]).ok();
    fails(&env, &a, &["sync", "--yes"], &["'/nowhere/at/all.git'", "nothing was lost"]);
    env.git_in(&a, ["remote", "remove", "origin"]).ok();
    fails(&env, &a, &["push"], &["there is no remote to share runs with"]);
    let remotes = env.git_in(&a, ["for-each-ref", "refs/agentv/remotes"]).ok();
    assert_eq!(remotes, "");
}

#[test]
fn a_host_that_cannot_be_reached_is_given_up() {
    let env = TestEnv::without_repo();
    let (_, a) = world(&env);
    // Nobody listens there.
    env.git_in(&a, ["remote", "set-url", "origin", "git://127.0.0.1:9/x.git"]).ok();
    fails(&env, &a, &["sync", "--yes"], &["git://127.0.0.1:9/x.git"]);
    // Somebody listens and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("git://{}/x.git", listener.local_addr().unwrap());
    env.git_in(&a, ["remote", "set-url", "origin", &url]).ok();
    env.git_in(&a, ["config", "agentv.timeout", "1"]).ok();
    fails(&env, &a, &["sync", "--yes"], &["no answer for 1 seconds"]);
}

#[test]
fn credentials_are_not_shown() {
    let env = TestEnv::without_repo();
    let (_, a) = world(&env);
    env.git_in(&a, ["remote", "set-url", "origin", "http://me:secret@127.0.0.1:9/x.git"]).ok();
    let said = env.agentv_in(&a, ["sync", "--yes"]).fails(128);
    assert!(said.contains("127.0.0.1:9/x.git") && !said.contains("secret"), "{said}");
}

#[test]
fn the_first_push_wants_an_answer() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env);
    fails(
        &env,
        &a,
        &["push"],
        &["the first push of runs from this clone", "1 run, about ", "'origin' (file://", "--yes"],
    );
    assert_eq!(env.git_in(&hub, ["for-each-ref"]).ok(), "");
    env.agentv_in(&a, ["push", "--yes"]).ok();
    // Once is enough, for that address.
    record(&env, &a, "two");
    env.agentv_in(&a, ["push"]).ok();
    let elsewhere = env.root().join("other.git");
    env.git_in(env.root(), ["init", "-q", "--bare", "other.git"]).ok();
    env.git_in(&a, ["remote", "set-url", "origin", elsewhere.to_str().unwrap()]).ok();
    fails(&env, &a, &["sync"], &["2 runs", "other.git"]);
}

#[test]
fn a_host_that_refuses_is_quoted() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env);
    let hook = hub.join("hooks/pre-receive");
    std::fs::create_dir_all(hub.join("hooks")).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho 'no transcripts here, says the boss' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    fails(&env, &a, &["sync", "--yes"], &["'origin' refused the runs", "no transcripts here, says the boss"]);
    assert_eq!(env.git_in(&hub, ["for-each-ref"]).ok(), "");
    std::fs::remove_file(&hook).unwrap();
    // A host that hides the ref, as one protects a branch.
    env.git_in(&hub, ["config", "receive.hideRefs", "refs/agentv"]).ok();
    fails(&env, &a, &["sync", "--yes"], &["'origin' refused the runs", "hidden ref"]);
    env.git_in(&hub, ["config", "--unset", "receive.hideRefs"]).ok();
    assert!(sync(&env, &a).starts_with("sent 1 run"));
}

#[test]
fn a_lock_that_stays_is_a_refusal() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env);
    sync(&env, &a);
    record(&env, &a, "two");
    let lock = hub.join("refs/agentv/runs/v1.lock");
    std::fs::write(&lock, "").unwrap();
    fails(&env, &a, &["sync"], &["'origin' refused the runs", "lock"]);
    std::fs::remove_file(lock).unwrap();
    sync(&env, &a);
    assert_eq!(ids(&env, &hub).len(), 2);
}

#[test]
fn a_remote_ref_that_is_no_run_history() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env);
    env.git_in(&a, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
    env.git_in(&a, ["push", "-q", "origin", &format!("HEAD:{RUNS}")]).ok();
    fails(&env, &a, &["sync", "--yes"], &["refs/agentv/remotes/origin/runs/v1", "was not made by git agentv"]);
    env.git_in(&hub, ["update-ref", "-d", RUNS]).ok();
    let blob = env.git_in(&hub, ["hash-object", "-w", "/dev/null"]).ok();
    env.git_in(&hub, ["update-ref", RUNS, blob.trim()]).ok();
    fails(&env, &a, &["sync", "--yes"], &["does not hold runs", "it is a blob"]);
}

#[test]
fn rows_that_are_no_rows() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env);
    let tree = env.git_in(&hub, ["hash-object", "-t", "tree", "-w", "/dev/null"]).ok();
    let message = "run x\n\nAgentv-Op: record\nAgentv-Row: {\"id\": \"../../etc\"}";
    let commit = env.git_in(&hub, ["commit-tree", tree.trim(), "-m", message]).ok();
    env.git_in(&hub, ["update-ref", RUNS, commit.trim()]).ok();
    fails(&env, &a, &["sync", "--yes"], &["commit ", " is damaged"]);
}
