//! Runs that follow a `git push`: `agentv.autoPush` and the `pre-push` hook.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::env::{Ran, TestEnv};
use crate::hooks_install::{put, snapshot};

const RUNS: &str = "refs/agentv/runs/v1";
/// Longer than anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A repository with the remote `origin`, where runs were pushed once, and the hook in place.
fn pushing() -> TestEnv {
    let env = TestEnv::new();
    let hub = hub(&env);
    env.git(["remote", "add", "origin", hub.to_str().unwrap()]).ok();
    env.git(["config", "agentv.autoPush", "true"]).ok();
    let said = env.agentv(["hooks", "install"]).ok();
    assert!(said.contains("pre-push"), "{said}");
    env.git(["push", "-q", "origin", "main"]).ok();
    record(&env, 1);
    env.agentv(["push", "--yes"]).ok();
    env
}

fn hub(env: &TestEnv) -> PathBuf {
    let hub = env.root().join("hub.git");
    if !hub.exists() {
        env.git_in(env.root(), ["init", "-q", "--bare", "hub.git"]).ok();
    }
    hub
}

fn record(env: &TestEnv, n: u32) {
    let bundle = env.small_bundle(n);
    env.agentv(["record", bundle.to_str().unwrap()]).ok();
}

/// A new commit and a new run, neither pushed.
fn work(env: &TestEnv, n: u32) {
    env.git(["commit", "-q", "--allow-empty", "-m", &format!("commit {n}")]).ok();
    record(env, n);
}

fn tip_in(env: &TestEnv, dir: &Path, name: &str) -> String {
    env.git_in(dir, ["rev-parse", "--verify", "-q", name]).stdout
}

/// How many runs the hub has.
fn runs_there(env: &TestEnv) -> usize {
    let log = env.git_in(hub(env), ["log", "--format=%s", RUNS]);
    log.stdout.lines().filter(|line| line.starts_with("run ")).count()
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether something of ours still goes on behind a push of this test.
fn is_busy(env: &TestEnv) -> bool {
    let root = env.root();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.into_iter().any(|entry| {
        let is_here = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&root));
        let cmdline = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        is_here && String::from_utf8_lossy(&cmdline).contains("follow-push")
    })
}

/// Waits until all is done that goes on behind a push.
#[track_caller]
fn settle(env: &TestEnv) {
    wait_until("nothing goes on behind the push any more", || !is_busy(env));
}

fn status(env: &TestEnv) -> serde_json::Value {
    env.agentv(["status", "--format", "json"]).json()["remote"].clone()
}

#[test]
fn runs_follow_an_ordinary_push() {
    let env = pushing();
    work(&env, 2);
    assert_eq!(status(&env)["ahead"]["new"], 1);
    let pushed = env.git(["push", "origin", "main"]);
    assert!(pushed.code == 0 && pushed.stderr.lines().count() == 2, "nothing is said but by git: {pushed:?}");
    wait_until("the run arrives", || runs_there(&env) == 2);
    settle(&env);
    let now = status(&env);
    assert_eq!((&now["ahead"]["new"], &now["auto_push"]), (&0.into(), &true.into()), "{now}");
    // What somebody else pushed meanwhile is merged, as a push by hand does.
    let other = env.root().join("other");
    env.git_in(env.root(), ["clone", "-q", "hub.git", "other"]).ok();
    env.agentv_in(&other, ["pull"]).ok();
    let bundle = env.small_bundle(3);
    env.agentv_in(&other, ["record", bundle.to_str().unwrap()]).ok();
    env.agentv_in(&other, ["push", "--yes"]).ok();
    work(&env, 4);
    env.git(["push", "-q"].into_iter().chain(["origin", "HEAD:refs/heads/topic"])).ok();
    wait_until("both are there", || runs_there(&env) == 4);
    settle(&env);
    env.fsck_in(hub(&env));
}

#[test]
fn never_the_first_push_and_never_unasked() {
    let env = TestEnv::new();
    let hub = hub(&env);
    env.git(["remote", "add", "origin", hub.to_str().unwrap()]).ok();
    env.git(["config", "agentv.autoPush", "true"]).ok();
    env.agentv(["hooks", "install"]).ok();
    work(&env, 1);
    env.git(["push", "-q", "origin", "main"]).ok();
    settle(&env);
    assert_eq!(tip_in(&env, &hub, RUNS), "", "nobody agreed to it");
    let said = env.agentv(["status"]).ok();
    assert!(said.contains("autopush waits until runs were pushed to origin once"), "{said}");
    env.agentv(["push", "--yes"]).ok();
    assert!(!env.agentv(["status"]).ok().contains("autopush"));
    env.git(["config", "agentv.autoPush", "false"]).ok();
    work(&env, 2);
    env.git(["push", "-q", "origin", "main"]).ok();
    settle(&env);
    assert_eq!(runs_there(&env), 1, "it is switched off");
    env.git(["config", "agentv.autoPush", "true"]).ok();
    work(&env, 3);
    let mut command = env.command("git", &env.repo);
    Ran::of(command.args(["push", "-q", "origin", "main"]).env("AGENTV_HOOK", "0")).ok();
    settle(&env);
    assert_eq!(runs_there(&env), 1, "so it is for this command");
    work(&env, 4);
    // An address without a name is nothing that anybody agreed to.
    env.git(["push", "-q", hub.to_str().unwrap(), "main"]).ok();
    settle(&env);
    assert_eq!(runs_there(&env), 1);
}

#[test]
fn other_kinds_of_push() {
    let env = pushing();
    work(&env, 2);
    for args in [
        &["push", "-q", "--dry-run", "origin", "main"][..],
        // Of a tag nobody can see whether it arrived.
        &["push", "-q", "--tags", "origin"],
        &["push", "-q", "--no-verify", "origin", "HEAD:refs/heads/unverified"],
        &["push", "-q", "origin", "--delete", "unverified"],
    ] {
        env.git(["tag", "-f", "v1"]).ok();
        env.git(args).ok();
        settle(&env);
        assert_eq!(runs_there(&env), 1, "{args:?}");
    }
    env.git(["push", "-q", "--atomic", "origin", "main", "HEAD:refs/heads/second"]).ok();
    wait_until("it arrives", || runs_there(&env) == 2);
    settle(&env);
    // A mirror gets our refs from git itself.
    work(&env, 3);
    env.git(["push", "-q", "--mirror", "origin"]).ok();
    settle(&env);
    assert_eq!(tip_in(&env, &hub(&env), RUNS), tip_in(&env, &env.repo, RUNS));
    env.git(["push", "-q", "origin", "main"]).ok();
}

#[test]
fn what_a_host_refuses_is_told_and_goes_next_time() {
    let env = pushing();
    let refuse = hub(&env).join("hooks/update");
    put(&refuse, "#!/bin/sh\ncase $1 in refs/agentv/*) echo 'no runs here' >&2; exit 1 ;; esac\n", 0o755);
    work(&env, 2);
    env.git(["push", "-q", "origin", "main"]).ok();
    wait_until("it is told", || status(&env).get("not_sent").is_some());
    settle(&env);
    let said = env.agentv(["status"]).ok();
    assert!(said.contains("autopush failed") && said.contains("no runs here"), "{said}");
    assert!(said.contains("1 run not pushed to origin"), "{said}");
    std::fs::remove_file(&refuse).unwrap();
    env.git(["commit", "-q", "--allow-empty", "-m", "next"]).ok();
    env.git(["push", "-q", "origin", "main"]).ok();
    wait_until("it goes next time", || runs_there(&env) == 2);
    settle(&env);
    assert!(status(&env).get("not_sent").is_none());
}

#[test]
fn a_push_that_does_not_get_there_takes_no_runs_along() {
    let env = pushing();
    work(&env, 2);
    put(&hub(&env).join("hooks/pre-receive"), "#!/bin/sh\necho closed >&2\nexit 1\n", 0o755);
    let said = env.git(["push", "origin", "main"]);
    assert!(said.code == 1 && said.stderr.contains("closed"), "{said:?}");
    settle(&env);
    assert_eq!(runs_there(&env), 1);
    std::fs::remove_file(hub(&env).join("hooks/pre-receive")).unwrap();
    // A hook of the user's own that says no, below our part, which it reads the lines of git all the same.
    env.agentv(["hooks", "uninstall"]).ok();
    let hook = env.repo.join(".git/hooks/pre-push");
    let foreign = "#!/bin/sh\ncat >lines\nexit 1\n";
    put(&hook, foreign, 0o755);
    let before = snapshot(&env.repo.join(".git/hooks"));
    env.agentv(["hooks", "install"]).ok();
    assert_ne!(std::fs::read_to_string(&hook).unwrap(), foreign);
    assert_eq!(env.git(["push", "origin", "main"]).code, 1);
    settle(&env);
    assert_eq!(runs_there(&env), 1);
    let lines = std::fs::read_to_string(env.repo.join("lines")).unwrap();
    assert!(lines.starts_with("refs/heads/main ") && lines.lines().count() == 1, "{lines}");
    env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(snapshot(&env.repo.join(".git/hooks")), before, "byte for byte");
    // So it is with a hook that is no script.
    put(&hook, "#!/usr/bin/env python3\nimport sys\nopen('lines', 'w').write('python ' + sys.stdin.read())\n", 0o755);
    let before = snapshot(&env.repo.join(".git/hooks"));
    env.agentv(["hooks", "install"]).ok();
    env.git(["push", "-q", "origin", "main"]).ok();
    wait_until("it arrives", || runs_there(&env) == 2);
    settle(&env);
    assert!(std::fs::read_to_string(env.repo.join("lines")).unwrap().starts_with("python refs/heads/main "));
    env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(snapshot(&env.repo.join(".git/hooks")), before);
}

#[test]
fn a_host_that_cannot_be_reached_or_a_program_that_is_missing() {
    let mut env = pushing();
    work(&env, 2);
    let url = env.git(["remote", "get-url", "origin"]).ok();
    env.git(["remote", "set-url", "--push", "origin", "/nowhere/at/all.git"]).ok();
    assert_eq!(env.git(["push", "origin", "main"]).code, 128);
    settle(&env);
    env.git(["remote", "set-url", "--push", "origin", url.trim()]).ok();
    assert_eq!((runs_there(&env), status(&env).get("not_sent")), (1, None), "no commit arrived, no run was to follow");
    // Without our program the hook is quiet.
    let path = std::env::var_os("PATH").unwrap();
    let without = std::env::split_paths(&path).filter(|dir| !dir.join("git-agentv").exists());
    let without = std::env::join_paths(without).unwrap();
    let mut command = env.command("git", &env.repo);
    let pushed = Ran::of(command.args(["push", "-q", "origin", "main"]).env("PATH", without));
    assert_eq!((pushed.code, pushed.stderr.as_str()), (0, ""));
    settle(&env);
    assert_eq!(runs_there(&env), 1);
    // One that hangs is ended in time.
    put(&env.root().join("hangs/git-agentv"), "#!/bin/sh\nexec sleep 1000\n", 0o755);
    let path =
        std::env::join_paths([env.root().join("hangs")].into_iter().chain(std::env::split_paths(&path))).unwrap();
    env.set("PATH", path);
    env.set("AGENTV_HOOK_TIMEOUT", "");
    env.git(["commit", "-q", "--allow-empty", "-m", "hangs"]).ok();
    let start = Instant::now();
    env.git(["push", "-q", "origin", "main"]).ok();
    let took = start.elapsed();
    assert!(took > Duration::from_secs(1) && took < Duration::from_secs(20), "{took:?}");
}

/// A host that takes the commits, and is never heard of again when the runs come.
#[test]
fn a_host_that_hangs_delays_nobody() {
    let mut env = pushing();
    let ssh = "#!/bin/sh\necho \"$*\" >>\"$SSH_LOG\"\nfor last; do :; done\n\
               [ -e \"$SSH_LOG.hang\" ] && [ \"$(wc -l <\"$SSH_LOG\")\" -gt 1 ] && echo $$ >\"$SSH_LOG.pid\" && exec sleep 1000\n\
               exec sh -c \"$last\"\n";
    put(&env.root().join("bin/ssh"), ssh, 0o755);
    let log = env.root().join("ssh.log");
    env.set("GIT_SSH_COMMAND", env.root().join("bin/ssh"));
    env.set("SSH_LOG", &log);
    env.git(["remote", "set-url", "origin", &format!("ssh://host{}", hub(&env).display())]).ok();
    // It is another address: somebody has to agree to it, too.
    record(&env, 5);
    env.agentv(["push", "--yes"]).ok();
    env.git(["config", "agentv.timeout", "1"]).ok();
    std::fs::write(&log, "").unwrap();
    put(&env.root().join("ssh.log.hang"), "", 0o644);
    work(&env, 2);
    // This waits until nobody has our pipes any more.
    env.git(["push", "-q", "origin", "main"]).ok();
    wait_until("it is told", || status(&env).get("not_sent").is_some());
    settle(&env);
    let said = status(&env)["not_sent"]["reason"].to_string();
    assert!(said.contains("no answer for 1 seconds"), "{said}");
    let calls = std::fs::read_to_string(&log).unwrap();
    let calls: Vec<&str> = calls.lines().collect();
    assert!(
        !calls[0].contains("BatchMode") && calls[1..].iter().all(|call| call.contains("-oBatchMode=yes")),
        "{calls:?}"
    );
    let pid = std::fs::read_to_string(env.root().join("ssh.log.pid")).unwrap();
    wait_until("what hangs is ended, too", || !Path::new("/proc").join(pid.trim()).exists());
    std::fs::remove_file(env.root().join("ssh.log.hang")).unwrap();
    env.git(["commit", "-q", "--allow-empty", "-m", "next"]).ok();
    env.git(["push", "-q", "origin", "main"]).ok();
    wait_until("it goes next time", || runs_there(&env) == 3);
    settle(&env);
}

#[test]
fn the_hook_comes_with_the_setting_and_is_tried() {
    let env = TestEnv::new();
    let names = |said: &str| said.lines().filter(|line| line.starts_with("pre-push")).count();
    assert_eq!(names(&env.agentv(["hooks", "install"]).ok()), 0);
    assert_eq!(names(&env.agentv(["hooks", "status"]).ok()), 0);
    assert!(!env.repo.join(".git/hooks/pre-push").exists());
    env.git(["config", "agentv.autoPush", "true"]).ok();
    let said = env.agentv(["hooks", "status"]);
    assert!(said.code == 1 && said.stdout.contains("fails  runs follow a push"), "{said:?}");
    let before = snapshot(&env.repo.join(".git/hooks"));
    assert_eq!(names(&env.agentv(["hooks", "install"]).ok()), 1);
    let said = env.agentv(["hooks", "status"]).ok();
    assert!(said.contains("works  runs follow a push"), "{said}");
    assert_eq!(env.git(["for-each-ref", "refs/agentv"]).ok(), "", "only a scratch repository was used");
    let hook = env.repo.join(".git/hooks/pre-push");
    let script = std::fs::read_to_string(&hook).unwrap();
    put(&hook, script.replacen("#!/bin/sh\n", "#!/bin/sh\nexit 0\n", 1), 0o755);
    let said = env.agentv(["hooks", "status"]);
    assert!(said.code == 1 && said.stdout.contains("fails  runs follow a push"), "{said:?}");
    put(&hook, &script, 0o755);
    // What others have in the hook does not run for it.
    env.agentv(["hooks", "uninstall"]).ok();
    put(&hook, format!("#!/bin/sh\ntouch '{}'\n", env.root().join("deployed").display()), 0o755);
    env.agentv(["hooks", "install"]).ok();
    assert!(env.agentv(["hooks", "status"]).ok().contains("works  runs follow a push"));
    assert!(!env.root().join("deployed").exists());
    std::fs::remove_file(&hook).unwrap();
    env.agentv(["hooks", "uninstall"]).ok();
    let left: Vec<_> = snapshot(&env.repo.join(".git/hooks")).into_keys().collect();
    assert_eq!(left, before.into_keys().filter(|path| path.extension().is_some()).collect::<Vec<_>>());
}
