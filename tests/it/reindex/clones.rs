//! Partial clones: what is missing comes in one batch.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{reindex, rows, upstream};
use crate::env::{Ran, TestEnv};

/// A bare clone with `filter` of a results repository of 40 runs.
fn partial(env: &TestEnv, filter: &str) -> PathBuf {
    upstream(env, 0..40);
    serve(env, &env.repo);
    let url = format!("file://{}", env.repo.display());
    env.git_in(env.root(), ["clone", "-q", "--bare", filter, &url, "partial.git"]).ok();
    env.root().join("partial.git")
}

/// Lets others clone parts of a repository.
pub fn serve(env: &TestEnv, repo: &Path) {
    env.git_in(repo, ["config", "uploadpack.allowFilter", "true"]).ok();
    env.git_in(repo, ["config", "uploadpack.allowAnySHA1InWant", "true"]).ok();
}

fn missing(env: &TestEnv, repo: &Path) -> usize {
    let all = env.git_in(repo, ["rev-list", "--objects", "--missing=print", "--all"]).ok();
    all.lines().filter(|line| line.starts_with('?')).count()
}

/// Runs `git agentv <args>`; how often git was told to fetch.
fn fetches(env: &TestEnv, args: &[&str]) -> (Ran, usize) {
    let trace = env.root().join("trace");
    let _ = std::fs::remove_file(&trace);
    let mut command = env.command("git", env.root());
    let ran = Ran::of(command.arg("agentv").args(args).env("GIT_TRACE", &trace));
    let text = std::fs::read_to_string(&trace).unwrap_or_default();
    assert!(text.contains("run_command: git-agentv"), "the trace shows something: {text}");
    (ran, text.lines().filter(|line| line.contains("built-in: git fetch")).count())
}

#[test]
fn blobless() {
    let env = TestEnv::new();
    let clone = partial(&env, "--filter=blob:none");
    let before = missing(&env, &clone);
    assert!(before >= 120, "{before}");
    let (ran, count) = fetches(&env, &["reindex", "--repo", "partial.git"]);
    ran.ok();
    assert_eq!(count, 1, "one batch for all of them");
    assert_eq!(before - missing(&env, &clone), 80, "two files of each run, no more");
    assert_eq!(rows(&env, &clone, "main").len(), 40);
    assert_eq!(fetches(&env, &["reindex", "--repo", "partial.git", "--check"]).1, 0);
}

#[test]
fn treeless() {
    let env = TestEnv::new();
    let clone = partial(&env, "--filter=tree:0");
    let (ran, count) = fetches(&env, &["reindex", "--repo", "partial.git"]);
    ran.ok();
    assert!(count <= 2, "one for all trees, one for the files: {count}");
    assert_eq!(rows(&env, &clone, "main").len(), 40);
}

#[test]
fn our_tree_without_its_log() {
    let env = TestEnv::new();
    for n in 0..12 {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    env.agentv(["note", "small-3", "-m", "x"]).ok();
    let squashed = env.git(["commit-tree", "refs/agentv/runs/v1^{tree}", "-m", "squashed"]).ok();
    env.git(["branch", "-f", "squashed", squashed.trim()]).ok();
    serve(&env, &env.repo);
    let url = format!("file://{}", env.repo.display());
    env.git_in(env.root(), ["clone", "-q", "--bare", "--filter=blob:none", "-b", "squashed", &url, "partial.git"]).ok();
    let (ran, count) = fetches(&env, &["reindex", "--repo", "partial.git", "--branch", "squashed"]);
    ran.ok();
    assert_eq!(count, 1);
    assert_eq!(rows(&env, &env.root().join("partial.git"), "squashed").len(), 12);
}

/// The rows of a log of ours need no blob at all.
#[test]
fn a_log_of_ours_fetches_nothing() {
    let env = TestEnv::new();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    env.git(["branch", "results", "refs/agentv/runs/v1"]).ok();
    serve(&env, &env.repo);
    let url = format!("file://{}", env.repo.display());
    env.git_in(env.root(), ["clone", "-q", "--bare", "--filter=blob:none", "-b", "results", &url, "partial.git"]).ok();
    let (ran, count) = fetches(&env, &["reindex", "--repo", "partial.git", "--branch", "results"]);
    ran.ok();
    assert_eq!(count, 0);
}

#[test]
fn a_shallow_clone() {
    let env = TestEnv::new();
    upstream(&env, 0..2);
    upstream(&env, 2..4);
    let url = format!("file://{}", env.repo.display());
    env.git_in(env.root(), ["clone", "-q", "--depth=1", &url, "shallow"]).ok();
    assert_eq!(reindex(&env, "shallow", &[])["rows"], json!(4));
}
