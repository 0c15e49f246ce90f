//! `record`: HEAD's reflog at the time when the run began.

use std::path::Path;

use super::{head, source};
use crate::env::{Ran, TestEnv};

/// The bundle began at 2026-11-22T07:05:03.446Z.
const BUNDLE: &str = "agentv-5.3.1";
const LONG_BEFORE: &str = "2026-11-20T00:00:00Z";
const BEFORE: &str = "2026-11-22T07:05:02Z";
const SAME_SECOND: &str = "2026-11-22T07:05:03Z";
const AFTER: &str = "2026-11-22T07:05:04Z";
const LONG_AFTER: &str = "2026-11-30T00:00:00Z";

/// A git command at a given time.
fn git_at(env: &TestEnv, dir: &Path, time: &str, args: &[&str]) {
    Ran::of(env.command("git", dir).env("GIT_COMMITTER_DATE", time).args(args)).ok();
}

fn commit_at(env: &TestEnv, dir: &Path, time: &str) -> String {
    let message = format!("{time} in {}", dir.display());
    git_at(env, dir, time, &["commit", "-q", "--allow-empty", "-m", &message]);
    head(env, dir)
}

/// A repository with no commit and no reflog yet.
fn unborn(args: &[&str]) -> TestEnv {
    let env = TestEnv::without_repo();
    env.git_in(env.root(), [&["init", "-q", "repo"], args].concat()).ok();
    env
}

fn record(env: &TestEnv) -> String {
    env.bundle(BUNDLE, ".agentv/results/2026-11-22T07-05-03-446Z");
    env.agentv(["record"]).ok()
}

#[track_caller]
fn is_unknown(env: &TestEnv, said: &str) {
    assert!(said.contains("[source commit unknown]"), "{said}");
    assert_eq!(source(env, &env.repo), serde_json::json!({"how": "unknown"}));
    assert!(env.runs()[0].get("sha").is_none());
    assert!(env.agentv(["show"]).ok().contains("source    unknown"));
}

#[test]
fn the_commit_at_the_start_not_the_one_of_now() {
    let env = unborn(&[]);
    commit_at(&env, &env.repo, LONG_BEFORE);
    let evaluated = commit_at(&env, &env.repo, BEFORE);
    let later = commit_at(&env, &env.repo, AFTER);
    let said = record(&env);
    assert!(said.contains(&format!("[{}]", &evaluated[..10])), "{said}");
    let source = source(&env, &env.repo);
    assert_eq!((&source["commit"], &source["how"]), (&evaluated.as_str().into(), &"reflog".into()));
    assert!(source.get("dirty").is_none() && source.get("tree").is_none(), "nobody saw the working tree: {source}");
    assert_eq!(env.runs()[0]["sha"], evaluated);
    assert_ne!(evaluated, later);
}

#[test]
fn a_commit_of_the_same_second_counts_as_before() {
    let env = unborn(&[]);
    commit_at(&env, &env.repo, BEFORE);
    let evaluated = commit_at(&env, &env.repo, SAME_SECOND);
    record(&env);
    assert_eq!(source(&env, &env.repo)["commit"], evaluated);
}

#[test]
fn an_amended_commit_is_still_the_one_that_ran() {
    let env = unborn(&[]);
    let evaluated = commit_at(&env, &env.repo, BEFORE);
    git_at(&env, &env.repo, AFTER, &["commit", "-q", "--allow-empty", "--amend", "-m", "better words"]);
    record(&env);
    assert_eq!(source(&env, &env.repo)["commit"], evaluated);
}

#[test]
fn the_branch_that_was_checked_out() {
    let env = unborn(&[]);
    commit_at(&env, &env.repo, LONG_BEFORE);
    git_at(&env, &env.repo, LONG_BEFORE, &["checkout", "-q", "-b", "topic"]);
    let evaluated = commit_at(&env, &env.repo, BEFORE);
    git_at(&env, &env.repo, AFTER, &["checkout", "-q", "main"]);
    record(&env);
    assert_eq!(source(&env, &env.repo)["commit"], evaluated);
}

#[test]
fn before_the_first_entry_nothing_is_known() {
    let env = unborn(&[]);
    commit_at(&env, &env.repo, AFTER);
    commit_at(&env, &env.repo, LONG_AFTER);
    let said = record(&env);
    is_unknown(&env, &said);
}

#[test]
fn an_expired_reflog_tells_nothing() {
    let env = unborn(&[]);
    commit_at(&env, &env.repo, BEFORE);
    env.git(["reflog", "expire", "--expire=all", "--all"]).ok();
    let said = record(&env);
    is_unknown(&env, &said);
}

#[test]
fn without_a_reflog_nothing_is_known() {
    let env = unborn(&[]);
    env.git(["config", "core.logAllRefUpdates", "false"]).ok();
    commit_at(&env, &env.repo, BEFORE);
    assert!(!env.repo.join(".git/logs/HEAD").exists());
    let said = record(&env);
    is_unknown(&env, &said);
}

#[test]
fn an_unborn_branch_has_no_commit_but_the_run_is_recorded() {
    let env = unborn(&[]);
    let said = record(&env);
    is_unknown(&env, &said);
    assert_eq!(env.runs().len(), 1);
    env.fsck();
}

#[test]
fn a_detached_head_has_a_reflog_too() {
    let env = unborn(&[]);
    commit_at(&env, &env.repo, LONG_BEFORE);
    git_at(&env, &env.repo, LONG_BEFORE, &["checkout", "-q", "--detach"]);
    let evaluated = commit_at(&env, &env.repo, BEFORE);
    git_at(&env, &env.repo, AFTER, &["checkout", "-q", "main"]);
    record(&env);
    assert_eq!(source(&env, &env.repo)["commit"], evaluated);
}

#[test]
fn each_worktree_has_its_own_reflog() {
    let env = unborn(&[]);
    commit_at(&env, &env.repo, LONG_BEFORE);
    git_at(&env, &env.repo, LONG_BEFORE, &["worktree", "add", "-q", "-b", "side", "../side"]);
    let side = env.root().join("side");
    let there = commit_at(&env, &side, BEFORE);
    let here = commit_at(&env, &env.repo, BEFORE);
    assert_ne!(there, here);
    let bundle = env.bundle(BUNDLE, ".agentv/results/one");
    env.agentv_in(&side, ["record", bundle.to_str().unwrap()]).ok();
    assert_eq!(source(&env, &side)["commit"], there);
}

#[test]
fn a_commit_that_is_gone_is_not_named() {
    let env = unborn(&[]);
    commit_at(&env, &env.repo, LONG_BEFORE);
    let gone = commit_at(&env, &env.repo, BEFORE);
    git_at(&env, &env.repo, AFTER, &["reset", "-q", "--hard", "HEAD^"]);
    let object = env.repo.join(".git/objects").join(&gone[..2]).join(&gone[2..]);
    std::fs::remove_file(object).unwrap();
    let said = record(&env);
    is_unknown(&env, &said);
}

#[test]
fn reftable_has_the_same_answers() {
    let probe = TestEnv::without_repo();
    if probe.git_in(probe.root(), ["init", "-q", "--ref-format=reftable", "probe"]).code != 0 {
        eprintln!("skipped: this git has no reftable");
        return;
    }
    let env = unborn(&["--ref-format=reftable"]);
    commit_at(&env, &env.repo, LONG_BEFORE);
    let evaluated = commit_at(&env, &env.repo, BEFORE);
    commit_at(&env, &env.repo, AFTER);
    record(&env);
    let found = source(&env, &env.repo);
    assert_eq!((&found["commit"], &found["how"]), (&evaluated.as_str().into(), &"reflog".into()));

    let young = unborn(&["--ref-format=reftable"]);
    commit_at(&young, &young.repo, AFTER);
    let said = record(&young);
    is_unknown(&young, &said);

    let empty = unborn(&["--ref-format=reftable"]);
    let said = record(&empty);
    is_unknown(&empty, &said);
}

#[test]
fn a_commit_that_is_given() {
    let env = unborn(&[]);
    let first = commit_at(&env, &env.repo, LONG_BEFORE);
    commit_at(&env, &env.repo, BEFORE);
    env.git(["tag", "-a", "-m", "tag", "v1", &first]).ok();
    env.bundle(BUNDLE, ".agentv/results/one");
    let missing = env.agentv(["record", "--commit", "no-such-branch"]).fails(128);
    assert!(missing.contains("'no-such-branch' is not a commit in this repository"), "{missing}");
    let tree = env.agentv(["record", "--commit", "HEAD^{tree}"]).fails(128);
    assert!(tree.contains("is not a commit"), "{tree}");
    for option in ["--help", "-x"] {
        env.agentv(["record", &format!("--commit={option}")]).fails(128).contains("is not a commit");
    }
    assert!(env.runs().is_empty(), "a bad revision records nothing");
    env.agentv(["record", "--commit", "v1"]).ok();
    let source = source(&env, &env.repo);
    assert_eq!((&source["commit"], &source["how"]), (&first.as_str().into(), &"given".into()));
    assert!(env.agentv(["show"]).ok().contains("(given, near: "));
}

#[test]
fn a_given_start_is_looked_up_too() {
    let env = unborn(&[]);
    let evaluated = commit_at(&env, &env.repo, LONG_BEFORE);
    commit_at(&env, &env.repo, AFTER);
    std::fs::create_dir(env.repo.join("out")).unwrap();
    std::fs::write(env.repo.join("out/log"), "x\n").unwrap();
    env.agentv(["record", "out", "--name", "nightly", "--started-at", BEFORE]).ok();
    assert_eq!(source(&env, &env.repo)["commit"], evaluated);
    std::fs::write(env.repo.join("out/log"), "y\n").unwrap();
    let said = env.agentv(["record", "out", "--name", "nightly"]).ok();
    assert!(said.contains("[source commit unknown]"), "without a start there is nothing to look up: {said}");
}
