//! `commit-msg` is there while an editor is open, and at no other time.

mod left_over;
mod not_ours;
mod worktrees;

use std::path::{Path, PathBuf};

use git_agentv::hooks::install::on_demand_script;

use crate::env::{Ran, TestEnv};
use crate::gits;

/// Somebody who writes a subject.
const TYPES: &str = "sed -i '1s/^/typed/'";
/// Somebody who leaves.
const LEAVES: &str = "true";
const EMPTY: &str = "Aborting commit due to empty commit message.\n";

/// A repository with hooks and one run that waits for a commit.
fn with_run() -> TestEnv {
    let env = TestEnv::new();
    env.agentv(["hooks", "install"]).ok();
    record(&env, &env.repo, 1);
    env
}

/// Records a run of HEAD in `dir`.
fn record(env: &TestEnv, dir: &Path, n: u32) {
    let bundle = env.small_bundle(n);
    env.agentv_in(dir, ["record".as_ref(), "--commit".as_ref(), "HEAD".as_ref(), bundle.as_os_str()]).ok();
}

fn hook(env: &TestEnv) -> PathBuf {
    env.repo.join(".git/hooks/commit-msg")
}

/// `git commit` with an editor.
fn commit(env: &TestEnv, dir: &Path, editor: &str, args: &[&str]) -> Ran {
    let mut command = env.command("git", dir);
    Ran::of(command.env("GIT_EDITOR", editor).args(["commit", "-q", "--allow-empty"]).args(args))
}

/// The subject of the last commit, and how many runs it names.
fn last(env: &TestEnv, dir: &Path) -> (String, usize) {
    let message = env.git_in(dir, ["log", "-1", "--format=%B"]).ok();
    (message.lines().next().unwrap_or_default().to_owned(), message.matches("Agentv-Run: ").count())
}

#[test]
fn it_is_there_whole_while_the_editor_is_open() {
    for git in gits::all() {
        let mut env = with_run();
        env.set("PATH", git.path(true));
        assert!(!hook(&env).exists(), "{}", git.name);
        let seen = env.root().join("seen");
        let look = format!("test -x .git/hooks/commit-msg && cp .git/hooks/commit-msg '{}' && :", seen.display());
        let left = commit(&env, &env.repo, &look, &[]);
        assert_eq!((left.code, left.stderr.as_str()), (1, EMPTY), "{}", git.name);
        assert_eq!(std::fs::read_to_string(&seen).unwrap(), on_demand_script(), "{}", git.name);
        assert!(!hook(&env).exists(), "{}", git.name);
        assert_eq!(last(&env, &env.repo), ("first".into(), 0), "{}", git.name);
        commit(&env, &env.repo, TYPES, &[]).ok();
        assert_eq!(last(&env, &env.repo), ("typed".into(), 1), "{}", git.name);
        assert!(!hook(&env).exists(), "{}", git.name);
        let left: Vec<_> = std::fs::read_dir(env.repo.join(".git/agentv")).unwrap().map(|e| e.unwrap()).collect();
        let odd = |name: &std::ffi::OsStr| name == "template" || name.to_string_lossy().starts_with(".agentv-");
        assert!(!left.iter().any(|entry| odd(&entry.file_name())), "{left:?}");
    }
}

#[test]
fn no_editor_no_hook() {
    let env = with_run();
    // Another hook that runs last of all sees it, should it be there.
    let spy = env.repo.join(".git/hooks/post-commit");
    std::fs::write(&spy, "#!/bin/sh\ntest ! -e .git/hooks/commit-msg || touch .git/seen\n").unwrap();
    std::fs::set_permissions(&spy, env.repo.join(".git/hooks/post-rewrite").metadata().unwrap().permissions()).unwrap();
    env.git(["commit", "-q", "--allow-empty", "-m", "plain"]).ok();
    assert_eq!(last(&env, &env.repo), ("plain".into(), 1));
    // No run waits: nothing is to be taken back.
    commit(&env, &env.repo, TYPES, &[]).ok();
    assert_eq!(last(&env, &env.repo), ("typed".into(), 0));
    assert!(!env.repo.join(".git/seen").exists());
}

/// Whoever wrote something with `-m` may still take it back in the editor.
#[test]
fn what_was_given_before_the_editor_may_be_taken_back() {
    let env = with_run();
    let ran = commit(&env, &env.repo, "sed -i /^subject/d", &["-e", "-m", "subject"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, EMPTY));
    commit(&env, &env.repo, LEAVES, &["-e", "-m", "subject"]).ok();
    assert_eq!(last(&env, &env.repo), ("subject".into(), 1));
    assert!(!hook(&env).exists());
}

/// As an older version wrote it.
#[test]
fn one_that_was_always_there_becomes_one_that_comes_and_goes() {
    let env = with_run();
    let old = git_agentv::hooks::install::script(git_agentv::hooks::Event::CommitMsg);
    let mode = || env.repo.join(".git/hooks/post-rewrite").metadata().unwrap().permissions();
    std::fs::write(hook(&env), old).unwrap();
    std::fs::set_permissions(hook(&env), mode()).unwrap();
    assert_eq!(commit(&env, &env.repo, LEAVES, &[]).fails(1), EMPTY);
    assert_eq!(std::fs::read_to_string(hook(&env)).unwrap(), old, "until somebody installs again");
    assert!(env.agentv(["hooks", "status"]).ok().contains("commit-msg         installed  "));
    let said = env.agentv(["hooks", "install"]).ok();
    assert!(said.contains("commit-msg         is put in place when an editor opens: "), "{said}");
    // An editor may be open at this moment.
    assert_eq!(std::fs::read_to_string(hook(&env)).unwrap(), on_demand_script());
    env.git(["commit", "-q", "--allow-empty", "-m", "plain"]).ok();
    assert_eq!(last(&env, &env.repo), ("plain".into(), 1));
    assert!(!hook(&env).exists());
    let status = env.agentv(["hooks", "status", "--format", "json"]).json();
    assert_eq!(status["hooks"][1]["state"], "on-demand");
    assert!(env.agentv(["hooks", "status"]).ok().contains("commit-msg         put in place when an editor opens  "));
    assert_eq!(env.agentv(["status", "--format", "json"]).json()["hooks"].as_array().unwrap().len(), 3);
}
