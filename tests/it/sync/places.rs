//! Other kinds of repositories, and other ways to reach a remote.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

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

#[test]
fn over_the_network() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("--base-path={}", env.root().display());
    // Not through git: what it starts would outlive it.
    let daemon = PathBuf::from(env.git_in(env.root(), ["--exec-path"]).ok().trim()).join("git-daemon");
    if !daemon.exists() {
        eprintln!("skipped: there is no git daemon here");
        return;
    }
    let mut daemon = env.command(daemon, env.root());
    daemon.args(["--export-all", "--enable=receive-pack", "--reuseaddr", "--listen=127.0.0.1", "--verbose"]);
    daemon.args([&format!("--port={port}"), &base]).stderr(Stdio::piped());
    let mut daemon = daemon.spawn().unwrap();
    let mut lines = BufReader::new(daemon.stderr.take().unwrap()).lines();
    assert!(lines.by_ref().map_while(Result::ok).any(|line| line.contains("Ready to rumble")));
    std::thread::spawn(move || lines.for_each(drop));
    let dirs = [clone(&env, "a", &[]), clone(&env, "b", &[])];
    for dir in &dirs {
        env.git_in(dir, ["remote", "set-url", "origin", &format!("git://127.0.0.1:{port}/hub.git")]).ok();
        record(&env, dir, &format!("run-{}", dir.display()).replace('/', "-"));
        sync(&env, dir);
    }
    sync(&env, &dirs[0]);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert_eq!(ids(&env, &dirs[0]).len(), 2);
    assert_eq!(tip(&env, &dirs[0]), tip(&env, &hub));
    whole(&env, &dirs[0]);
}
