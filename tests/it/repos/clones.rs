//! Clones that do not have everything: shallow, partial, borrowed objects.

use std::path::{Path, PathBuf};

use super::{change_and_read, code_with_a_change, finds_the_tree_of_the_change, life_of_a_run, rows};
use crate::env::{TestEnv, read_dir, write_small_bundle};

const REFSPEC: &str = "+refs/agentv/runs/v1:refs/agentv/runs/v1";

/// A repository with some code and three runs, which answers every kind of fetch.
fn origin() -> TestEnv {
    let env = TestEnv::new();
    code_with_a_change(&env, &env.repo);
    env.git(["checkout", "-q", "code"]).ok();
    for n in 1..=3 {
        env.small_bundle(n);
        env.agentv(["record"]).ok();
    }
    env.git(["config", "uploadpack.allowFilter", "true"]).ok();
    env.git(["config", "uploadpack.allowAnySHA1InWant", "true"]).ok();
    env
}

fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// Clones the repository with `args` and fetches its runs with `fetch`.
fn clone(env: &TestEnv, args: &[&str], fetch: &[&str]) -> PathBuf {
    let clone = env.root().join("clone");
    let from = url(&env.repo);
    env.git_in(env.root(), [&["clone", "-q"], args, &[&from, "clone"]].concat()).ok();
    env.git_in(&clone, [&["fetch", "-q"], fetch, &["origin", REFSPEC]].concat()).ok();
    clone
}

/// How many objects a partial clone lacks.
fn lacking(env: &TestEnv, dir: &Path) -> usize {
    let list = ["rev-list", "--objects", "--missing=print", "refs/agentv/runs/v1"];
    env.git_in(dir, list).ok().lines().filter(|line| line.starts_with('?')).count()
}

/// Makes every fetch fail.
fn unplug(env: &TestEnv, dir: &Path) {
    env.git_in(dir, ["remote", "set-url", "origin", &url(&env.root().join("unplugged"))]).ok();
}

fn plug(env: &TestEnv, dir: &Path) {
    env.git_in(dir, ["remote", "set-url", "origin", &url(&env.repo)]).ok();
}

#[test]
fn shallow() {
    let env = origin();
    let clone = clone(&env, &["--depth=1"], &["--depth=1"]);
    assert_eq!(rows(&env, &clone).len(), 1, "the row of the one commit that is here");
    life_of_a_run(&env, &clone);
    assert_eq!(env.agentv_in(&clone, ["cat", &id_of(&env, "small-1"), "only/answer.md"]).ok(), "answer of small-1\n");
    env.git_in(&clone, ["fetch", "-q", "--unshallow", "origin"]).ok();
    assert_eq!(rows(&env, &clone).len(), 4, "all of them, once history is here");
    env.fsck_in(&clone);
}

/// The id of a run in the origin.
fn id_of(env: &TestEnv, run_id: &str) -> String {
    let runs = env.runs();
    runs.iter().find(|row| row["run_id"] == run_id).unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn blobless_lists_offline_and_fetches_what_is_opened() {
    let env = origin();
    let clone = clone(&env, &["--filter=blob:none"], &["--filter=blob:none"]);
    let missing = lacking(&env, &clone);
    assert!(missing > 0, "the clone lacks blobs, or this test shows nothing");
    unplug(&env, &clone);
    assert_eq!(rows(&env, &clone).len(), 3);
    env.agentv_in(&clone, ["list"]).ok();
    let said = env.agentv_in(&clone, ["cat", "small-2", "only/answer.md"]).fails(128);
    assert!(said.contains("fetch"), "{said}");
    assert_eq!(lacking(&env, &clone), missing, "nothing was fetched");
    plug(&env, &clone);
    opens_what_is_missing(&env, &clone);
    assert!(lacking(&env, &clone) < missing);
    life_of_a_run(&env, &clone);
}

#[test]
fn treeless_lists_offline_and_fetches_what_is_opened() {
    let env = origin();
    let clone = clone(&env, &["--filter=tree:0"], &["--filter=tree:0"]);
    unplug(&env, &clone);
    assert_eq!(rows(&env, &clone).len(), 3);
    plug(&env, &clone);
    opens_what_is_missing(&env, &clone);
    life_of_a_run(&env, &clone);
}

#[test]
fn treeless_records_without_having_opened_anything() {
    let env = origin();
    let clone = clone(&env, &["--filter=tree:0"], &["--filter=tree:0"]);
    life_of_a_run(&env, &clone);
    assert_eq!(rows(&env, &clone).len(), 4);
}

fn opens_what_is_missing(env: &TestEnv, clone: &Path) {
    assert_eq!(env.agentv_in(clone, ["cat", "small-1", "only/answer.md"]).ok(), "answer of small-1\n");
    let shown = env.agentv_in(clone, ["show", "small-2", "--format", "json"]).json();
    assert_eq!(shown["cases"][0]["key"], "only");
    let out = env.root().join("out");
    env.agentv_in(clone, ["export", "small-3", out.to_str().unwrap()]).ok();
    assert_eq!(read_dir(&out), read_dir(&env.repo.join(".agentv/results/small-3")));
}

#[test]
fn an_export_fetches_all_missing_files_at_once() {
    let env = origin();
    env.bundle("agentv-5.3.1", ".agentv/results/big");
    env.agentv(["record"]).ok();
    let clone = clone(&env, &["--filter=blob:none"], &["--filter=blob:none"]);
    let mut export = env.command("git", &clone);
    export.args(["agentv", "export", "2026-11-22T07-05-03-446Z", "../out"]).env("AGENTV_LOG", "debug");
    let ran = crate::env::Ran::of(&mut export);
    let fetches = ran.stderr.lines().filter(|line| line.contains("git ended") || line.contains("git started"));
    assert!(fetches.count() <= 3, "one for the documents, one for the files:\n{}", ran.stderr);
    ran.ok();
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&env.repo.join(".agentv/results/big")));
}

#[test]
fn borrowed_objects() {
    let env = origin();
    for (args, name) in [(&["--shared"][..], "shared"), (&["--reference", "repo", "--no-local"], "reference")] {
        let all = [&["clone", "-q"], args, &["repo", name]].concat();
        env.git_in(env.root(), all).ok();
        let clone = env.root().join(name);
        assert!(clone.join(".git/objects/info/alternates").exists());
        env.git_in(&clone, ["fetch", "-q", "origin", REFSPEC]).ok();
        assert_eq!(rows(&env, &clone).len(), 3);
        life_of_a_run(&env, &clone);
        // The tree of changed files needs the borrowed objects too.
        code_with_a_change(&env, &clone);
        finds_the_tree_of_the_change(&env, &clone);
        assert_eq!(rows(&env, &clone).len(), 5);
        env.fsck_in(&clone);
    }
    assert_eq!(env.runs().len(), 3, "nothing was written to the lender");
}

#[test]
fn a_bundle_that_the_lender_has_is_recorded_by_the_borrower() {
    let env = origin();
    env.git_in(env.root(), ["clone", "-q", "--shared", "repo", "borrower"]).ok();
    let clone = env.root().join("borrower");
    write_small_bundle(&clone.join(".agentv/results/small-1"), "small-1", "2026-07-04T10:00:00.000Z");
    assert!(env.agentv_in(&clone, ["record"]).ok().starts_with("recorded "));
    write_small_bundle(&clone.join(".agentv/results/life"), "life", "2026-07-04T10:00:00.000Z");
    env.agentv_in(&clone, ["record"]).ok();
    change_and_read(&env, &clone, &clone.join(".agentv/results/life"));
}
