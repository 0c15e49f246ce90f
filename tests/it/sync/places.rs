//! Other kinds of repositories, and other ways to reach a remote.

use super::*;

#[test]
fn bare_worktree_sha256_and_mirror() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::without_repo();
        let args = [&format!("--object-format={format}")[..]];
        let hub = hub(&env, &args);
        let (a, bare) = (clone(&env, "a", &args), clone(&env, "bare.git", &[args[0], "--bare"]));
        env.git_in(&a, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
        env.git_in(&a, ["worktree", "add", "-q", "../tree"]).ok();
        record(&env, &a, "one");
        sync(&env, &env.root().join("tree"));
        record(&env, &bare, "two");
        env.git_in(&bare, ["config", "remote.origin.mirror", "true"]).ok();
        assert!(sync(&env, &bare).contains("sent 1 run"));
        sync(&env, &a);
        assert_eq!(ids(&env, &env.root().join("tree")).len(), 2);
        assert_eq!(list(&env, &bare), list(&env, &hub));
        whole(&env, &a);
        whole(&env, &bare);
    }
}

#[test]
fn a_shallow_clone_gets_and_gives() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let a = clone(&env, "a", &[]);
    for name in ["one", "two", "three"] {
        record(&env, &a, name);
    }
    sync(&env, &a);
    let b = clone(&env, "b", &[]);
    env.git_in(&b, ["fetch", "-q", "--depth=1", "origin", &format!("{RUNS}:{RUNS}")]).ok();
    record(&env, &b, "four");
    record(&env, &a, "five");
    sync(&env, &a);
    sync(&env, &b);
    sync(&env, &a);
    for dir in [&a, &hub] {
        assert_eq!(ids(&env, dir).len(), 5);
        whole(&env, dir);
    }
}
