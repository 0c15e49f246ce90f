//! A program of ours that crashes, hangs, is killed or talks: whoever commits does not notice.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::env::{Ran, TestEnv};
use crate::gits;

/// How much longer than without hooks a commit may take, whatever happens.
const COMMIT: Duration = Duration::from_secs(1);

/// The same for what `post-rewrite` follows.
const REWRITE: Duration = Duration::from_secs(6);

/// Ways to fail, as scripts in the place of `git-agentv`.
const FAILURES: &[(&str, &str)] = &[
    ("aborts", "ulimit -c 0; kill -ABRT $$"),
    ("crashes", "ulimit -c 0; kill -SEGV $$"),
    ("is killed", "kill -KILL $$"),
    ("exits with 7", "exit 7"),
    ("hangs", "exec sleep 10"),
    ("hangs and ignores signals", "trap '' TERM HUP INT PIPE; sleep 10; sleep 10"),
    ("hangs with a child", "sleep 10 & wait"),
    ("hangs while it reads", "exec cat /dev/zero >/dev/null"),
    ("reads what is not there", "cat >/dev/null"),
    ("is no program", ""),
];

/// A program that talks is not silenced: what it says is for the user.
const TALKS: &str = "echo garbage; echo more garbage >&2; exit 1";

/// A repository with hooks and two pending runs.
fn with_hooks() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("AGENTV_HOOK_TIMEOUT", "");
    env.bundle("agentv-5.3.1", ".agentv/results/a");
    env.bundle("agentv-4.42.4", ".agentv/results/b");
    env.agentv(["hooks", "install"]).ok();
    env.agentv(["record"]).ok();
    env
}

/// A directory with a `git-agentv` that does what `script` says.
fn fake(env: &TestEnv, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let bin = tempfile::Builder::new().prefix("fake-").tempdir_in(env.root()).unwrap().keep();
    let text =
        if script.is_empty() { "\x7fELF is not all it takes\n".to_owned() } else { format!("#!/bin/sh\n{script}\n") };
    std::fs::write(bin.join("git-agentv"), text).unwrap();
    std::fs::set_permissions(bin.join("git-agentv"), std::fs::Permissions::from_mode(0o755)).unwrap();
    bin
}

/// `git <args>` with `bin` first on `PATH` and without us; also how long it took. What it prints goes to files: a pipe
/// would stay open as long as a child of a killed program lives.
fn git(env: &TestEnv, bin: Option<&Path>, args: &[&str]) -> (Ran, Duration) {
    let path = gits::first().path(false);
    let path = std::env::join_paths(bin.map(Path::to_owned).into_iter().chain(std::env::split_paths(&path))).unwrap();
    let [out, err] = ["out", "err"].map(|name| env.root().join(name));
    let mut command = env.command("git", &env.repo);
    command.env("PATH", path).args(args);
    command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
    let start = Instant::now();
    let code = command.status().unwrap().code().unwrap_or(-1);
    let took = start.elapsed();
    let raw = std::fs::read(out).unwrap();
    let stdout = String::from_utf8_lossy(&raw).into_owned();
    (Ran { code, stdout, stderr: std::fs::read_to_string(err).unwrap(), raw }, took)
}

/// How long a commit takes that no hook of ours sees.
fn without_hooks(env: &TestEnv) -> Duration {
    let start = Instant::now();
    env.git(["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "without"]).ok();
    start.elapsed()
}

#[test]
fn a_commit_is_made_all_the_same() {
    let env = with_hooks();
    for (name, script) in FAILURES {
        let bin = fake(&env, script);
        let usual = without_hooks(&env);
        let (ran, took) = git(&env, Some(&bin), &["commit", "--allow-empty", "-m", "a subject", "-m", "a body"]);
        eprintln!("{name}: {took:?}, {usual:?} without hooks");
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
        assert_eq!(env.git(["log", "-1", "--format=%B"]).ok(), "a subject\n\na body\n\n", "{name}");
        assert!(took < usual + COMMIT, "{name}: {took:?}, {usual:?} without hooks");
    }
}

#[test]
fn an_editor_is_opened_all_the_same() {
    let mut env = with_hooks();
    env.set("GIT_EDITOR", "sed -i '1s/^/typed/'");
    for (name, script) in FAILURES {
        let bin = fake(&env, script);
        let usual = without_hooks(&env);
        let (ran, took) = git(&env, Some(&bin), &["commit", "--allow-empty"]);
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
        assert_eq!(env.git(["log", "-1", "--format=%B"]).ok(), "typed\n\n", "{name}");
        assert!(took < usual + COMMIT, "{name}: {took:?}, {usual:?} without hooks");
    }
}

/// The one that is there only while an editor is open, and stays as long as our program does not take it away.
#[test]
fn both_hooks_together_take_no_longer() {
    let mut env = with_hooks();
    env.set("GIT_EDITOR", "sed -i '1s/^/#12: a subject/'");
    env.git(["config", "core.commentChar", ";"]).ok();
    let hook = env.repo.join(".git/hooks/commit-msg");
    std::fs::write(&hook, git_agentv::hooks::install::on_demand_script()).unwrap();
    std::fs::set_permissions(&hook, env.repo.join(".git/hooks/prepare-commit-msg").metadata().unwrap().permissions())
        .unwrap();
    for (name, script) in FAILURES {
        let bin = fake(&env, script);
        let (_, usual) = git(&env, Some(&bin), &["-c", "core.hooksPath=/dev/null", "commit", "--allow-empty"]);
        let (ran, took) = git(&env, Some(&bin), &["commit", "--allow-empty"]);
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
        assert!(hook.exists(), "{name}");
        assert_eq!(env.git(["log", "-1", "--format=%B"]).ok(), "#12: a subject\n\n", "{name}");
        assert!(took < usual + COMMIT, "{name}: {took:?}, {usual:?} without hooks");
    }
}

#[test]
fn garbage_stays_out_of_the_message() {
    let env = with_hooks();
    let bin = fake(&env, TALKS);
    let (ran, _) = git(&env, Some(&bin), &["commit", "--allow-empty", "-m", "a subject"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(env.git(["log", "-1", "--format=%B"]).ok(), "a subject\n\n");
}

#[test]
fn no_program_no_word() {
    let env = with_hooks();
    let (ran, _) = git(&env, None, &["commit", "-q", "--allow-empty", "-m", "a subject"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    let (ran, _) = git(&env, None, &["commit", "-q", "--amend", "--allow-empty", "-m", "another"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    let (ran, _) = git(&env, None, &["commit", "-q", "--allow-empty", "-m", ""]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Aborting commit due to empty commit message.\n"));
}

#[test]
fn history_is_rewritten_all_the_same() {
    let env = with_hooks();
    // One of those that hang will do: nobody waits with an open editor, so it may take its time.
    for (name, script) in FAILURES.iter().filter(|(name, _)| !name.starts_with("hangs ")) {
        let bin = fake(&env, script);
        let usual = without_hooks(&env);
        let only = format!("case $2 in post-rewrite) {script};; esac");
        let bin = if script.is_empty() { bin } else { fake(&env, &only) };
        let (ran, took) = git(&env, Some(&bin), &["commit", "--amend", "--allow-empty", "-m", "amended"]);
        eprintln!("{name}: {took:?}, {usual:?} for a commit without hooks");
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
        assert_eq!(env.git(["log", "-1", "--format=%B"]).ok(), "amended\n\n", "{name}");
        assert!(took < usual + REWRITE, "{name}: {took:?}, {usual:?} without hooks");
    }
}

/// What is left when a hook is ended at any moment is a whole message.
#[test]
fn a_program_that_is_killed_leaves_a_whole_message() {
    let env = with_hooks();
    let ours = crate::env::bin_dir().join("git-agentv");
    for after in ["0", "0.002", "0.004", "0.008", "0.016", "0.032"] {
        let kill = format!("'{}' \"$@\" & pid=$!; sleep {after}; kill -9 $pid; wait $pid", ours.display());
        let bin = fake(&env, &kill);
        env.git(["reset", "-q", "--hard", "HEAD~0"]).ok();
        let (ran, _) = git(&env, Some(&bin), &["commit", "-q", "--allow-empty", "-m", "a subject"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let message = env.git(["log", "-1", "--format=%B"]).ok();
        let whole = "a subject\n\nAgentv-Run: 4d6673011bd803d1\nAgentv-Run: e963cec3bbb7104d\n\n";
        let cited = message.matches("Agentv-Run: ").count();
        eprintln!("killed after {after} s: {cited} runs");
        assert!(message == "a subject\n\n" || message.len() == whole.len() && cited == 2, "{message}");
        // They wait for a commit on the first one again.
        env.git(["reset", "-q", "--hard", "HEAD~1"]).ok();
    }
}
