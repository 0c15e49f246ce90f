//! Where the repository is, and from where it is named.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::{change_and_read, code_with_a_change, finds_the_tree_of_the_change, life_of_a_run, rows};
use crate::env::{Ran, TestEnv, bin_dir, write_small_bundle};

#[test]
fn linked_worktrees_share_the_runs_and_find_their_own_bundles() {
    let env = TestEnv::new();
    env.git(["worktree", "add", "-q", "-b", "side", "../side"]).ok();
    let side = env.root().join("side");
    env.small_bundle(1);
    write_small_bundle(&side.join(".agentv/results/small-2"), "small-2", "2026-07-04T10:00:00.000Z");
    let said = env.agentv_in(&side, ["record"]).ok();
    assert_eq!(said.lines().count(), 1, "only its own bundle: {said}");
    assert_eq!(rows(&env, &env.repo)[0]["run_id"], "small-2");
    assert_eq!(env.agentv(["record"]).ok().lines().count(), 1);
    assert_eq!(rows(&env, &side), rows(&env, &env.repo));
    assert_eq!(rows(&env, &side).len(), 2);
    for dir in [&env.repo, &side] {
        assert!(env.agentv_in(dir, ["record"]).ok().contains("nothing to record"));
    }
    let refs = env.git_in(&side, ["for-each-ref", "--format=%(refname)", "refs/agentv"]).ok();
    assert_eq!(refs, "refs/agentv/runs/v1\n");
    life_of_a_run(&env, &side);
}

#[test]
fn bare() {
    let env = TestEnv::new();
    let bundle = env.small_bundle(1);
    env.git_in(env.root(), ["clone", "-q", "--bare", "repo", "bare.git"]).ok();
    let bare = env.root().join("bare.git");
    let said = env.agentv_in(&bare, ["record"]).fails(2);
    assert!(said.contains("a bare repository has no .agentv/results"), "{said}");
    assert!(env.agentv_in(&bare, ["record", bundle.to_str().unwrap()]).ok().contains("[source commit unknown]"));
    assert!(env.agentv_in(&bare, ["record", "../repo/.agentv/results"]).ok().starts_with("already recorded"));
    let shown = env.agentv_in(&bare, ["show", "--format", "json"]).json();
    assert_eq!(shown["manifest"]["source"]["how"], "unknown");
    write_small_bundle(&env.root().join("life"), "life", "2026-07-04T10:00:00.000Z");
    env.agentv_in(&bare, ["record", "../life"]).ok();
    change_and_read(&env, &bare, &env.root().join("life"));
    let refs = env.git_in(&bare, ["for-each-ref", "--format=%(refname)"]).ok();
    assert_eq!(refs, "refs/agentv/runs/v1\nrefs/heads/main\n");
}

#[test]
fn run_in_a_bare_repository_observes_head_only() {
    let env = TestEnv::new();
    env.git_in(env.root(), ["clone", "-q", "--bare", "repo", "bare.git"]).ok();
    let bare = env.root().join("bare.git");
    env.agentv_in(&bare, ["run", "--", "sh", "-c", "echo x > $AGENTV_RESULTS_DIR/log"]).ok();
    let source = env.agentv_in(&bare, ["show", "--format", "json"]).json()["manifest"]["source"].clone();
    assert_eq!(source["commit"], env.git(["rev-parse", "HEAD"]).ok().trim());
    assert!(source.get("dirty").is_none() && source.get("tree").is_none(), "{source}");
}

#[test]
fn submodule() {
    let env = TestEnv::new();
    let library = env.root().join("library");
    env.git_in(env.root(), ["init", "-q", "library"]).ok();
    env.git_in(&library, ["commit", "-q", "--allow-empty", "-m", "library"]).ok();
    env.git(["submodule", "--quiet", "add", "../library", "lib"]).ok();
    let sub = env.repo.join("lib");
    life_of_a_run(&env, &sub);
    assert!(env.repo.join(".git/modules/lib/refs/agentv/runs/v1").exists());
    assert!(rows(&env, &env.repo).is_empty(), "they are the submodule's runs, not ours");
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    assert_eq!((rows(&env, &env.repo).len(), rows(&env, &sub).len()), (1, 1));
}

#[test]
fn separate_git_dir() {
    let env = TestEnv::without_repo();
    env.git_in(env.root(), ["init", "-q", "--separate-git-dir", "elsewhere.git", "repo"]).ok();
    env.git(["commit", "-q", "--allow-empty", "-m", "first"]).ok();
    assert!(env.repo.join(".git").is_file());
    life_of_a_run(&env, &env.repo);
    assert!(env.root().join("elsewhere.git/refs/agentv/runs/v1").exists());
}

#[test]
fn git_dir_and_work_tree_from_the_environment() {
    let env = TestEnv::new();
    let bundle = env.small_bundle(1);
    let far = env.root().join("far");
    std::fs::create_dir(&far).unwrap();
    for (git_dir, work_tree) in
        [("../repo/.git", "../repo"), (env.repo.join(".git").to_str().unwrap(), env.repo.to_str().unwrap())]
    {
        let named = |args: &[&str]| {
            let mut command = env.command("git", &far);
            Ran::of(command.env("GIT_DIR", git_dir).env("GIT_WORK_TREE", work_tree).arg("agentv").args(args))
        };
        let said = named(&["record"]).ok();
        assert!(said.starts_with("recorded ") || said.contains("nothing to record"), "{said}");
        assert!(named(&["record", bundle.to_str().unwrap()]).ok().starts_with("already recorded"));
        assert_eq!(named(&["list", "--format", "json"]).json()["runs"][0]["run_id"], "small-1");
    }
    assert_eq!(env.runs().len(), 1);
    let options = ["--git-dir=../repo/.git", "--work-tree=../repo", "agentv", "list", "--format", "json"];
    assert_eq!(env.git_in(&far, options).json()["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_directory_by_option() {
    let env = TestEnv::new();
    env.small_bundle(1);
    let root = env.root();
    assert!(env.git_in(&root, ["-C", "repo", "agentv", "record"]).ok().starts_with("recorded "));
    for args in
        [&["-C", "repo", "agentv", "list", "--format", "json"], &["agentv", "-C", "repo", "list", "--format", "json"]]
    {
        assert_eq!(env.git_in(&root, args).json()["runs"].as_array().unwrap().len(), 1, "{args:?}");
    }
    // Paths are relative to that directory, as with git.
    let named = env.git_in(&root, ["agentv", "-C", "repo", "record", ".agentv/results/small-1"]).ok();
    assert!(named.starts_with("already recorded"), "{named}");
    env.git_in(&root, ["agentv", "-C", "repo", "export", "small-1", "../out"]).ok();
    assert!(root.join("out/only/answer.md").exists());
    let said = env.git_in(&root, ["agentv", "-C", "nowhere", "list"]).fails(128);
    assert!(said.contains("'nowhere' is not a directory"), "{said}");
}

#[test]
fn from_a_subdirectory_and_from_inside_the_git_directory() {
    let env = TestEnv::new();
    env.small_bundle(1);
    let deep = env.repo.join("src/deep");
    std::fs::create_dir_all(&deep).unwrap();
    assert!(env.agentv_in(&deep, ["record"]).ok().starts_with("recorded "), "results are those of the whole tree");
    assert_eq!(rows(&env, &deep).len(), 1);
    let relative = env.agentv_in(&deep, ["record", "../../.agentv/results/small-1"]).ok();
    assert!(relative.starts_with("already recorded"), "{relative}");
    for inside in [".git", ".git/refs", ".git/objects"] {
        let dir = env.repo.join(inside);
        assert_eq!(rows(&env, &dir).len(), 1, "{inside}");
        assert!(env.agentv_in(&dir, ["show"]).ok().starts_with("run "), "{inside}");
        assert!(
            env.agentv_in(&dir, ["record", env.repo.join(".agentv/results").to_str().unwrap()])
                .ok()
                .starts_with("already")
        );
    }
}

#[test]
fn a_directory_with_an_unusual_name() {
    for name in
        [&b"with space"[..], "für-Käse-日本".as_bytes(), b"new\nline", b"not-utf8-\xff\xfe", b"a:b", b"qu\"o\\te'"]
    {
        let env = TestEnv::without_repo();
        let dir = env.root().join(OsStr::from_bytes(name));
        std::fs::create_dir(&dir).unwrap();
        env.git_in(&dir, ["init", "-q"]).ok();
        let bundle = dir.join(".agentv/results/life");
        write_small_bundle(&bundle, "life", "2026-07-04T10:00:00.000Z");
        assert!(env.agentv_in(&dir, ["record"]).ok().starts_with("recorded "), "{name:?}");
        assert!(env.agentv_in(&dir, ["record"]).ok().contains("nothing to record"), "{name:?}");
        assert!(env.agentv_in(&dir, ["record", ".agentv/results/life"]).ok().starts_with("already recorded"));
        env.agentv_in(&dir, ["export", "life", "../out"]).ok();
        assert_eq!(crate::env::read_dir(&env.root().join("out")), crate::env::read_dir(&bundle));
        // That needs a second object directory, whose name git splits at colons.
        code_with_a_change(&env, &dir);
        finds_the_tree_of_the_change(&env, &dir);
        env.fsck_in(&dir);
    }
}

#[test]
fn without_git_in_front() {
    let env = TestEnv::new();
    env.small_bundle(1);
    let direct = |program: &str, args: &[&str]| Ran::of(env.command(bin_dir().join(program), &env.repo).args(args));
    assert!(direct("git-agentv", &["record"]).ok().starts_with("recorded "));
    assert_eq!(direct("agentv", &["results", "list", "--format", "json"]).json()["runs"][0]["run_id"], "small-1");
}
