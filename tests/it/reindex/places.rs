//! Where results repositories are: bare, with working trees, behind an address.

use std::path::Path;

use serde_json::json;

use super::clones::serve;
use super::{bare, reindex, rows, tip, upstream};
use crate::env::TestEnv;

fn status(env: &TestEnv, dir: &Path) -> String {
    env.git_in(dir, ["status", "--porcelain"]).ok()
}

#[test]
fn the_branch_of_a_working_tree() {
    let env = TestEnv::new();
    upstream(&env, 0..3);
    env.git(["worktree", "add", "-q", "--detach", "../detached"]).ok();
    env.git(["worktree", "add", "-q", "-b", "other", "../other"]).ok();
    // What is changed or staged elsewhere stays.
    std::fs::write(env.repo.join("runs/small/r-0/only/answer.md"), "changed\n").unwrap();
    std::fs::write(env.repo.join("staged"), "x\n").unwrap();
    env.git(["add", "staged"]).ok();
    std::fs::write(env.repo.join("untracked"), "x\n").unwrap();
    let before = status(&env, &env.repo);
    let other = tip(&env, &env.repo, "other");
    let report = reindex(&env, "repo/runs", &[]);
    assert_eq!(report["worktrees"], json!([env.repo.to_str().unwrap()]));
    assert_eq!(std::fs::read_to_string(env.repo.join("index/runs.jsonl")).unwrap().lines().count(), 3);
    assert_eq!(status(&env, &env.repo), before);
    assert_eq!(tip(&env, &env.repo, "other"), other);
    for dir in ["detached", "other"] {
        assert!(!env.root().join(dir).join("index").exists());
        assert_eq!(status(&env, &env.root().join(dir)), "");
    }
    assert_eq!(env.git(["rev-parse", "HEAD~1"]).ok().trim(), other);
    let log = env.git(["reflog", "-1", "--format=%gs", "main"]).ok();
    assert_eq!(log, "agentv: reindex\n");
}

/// A linked working tree, a subdirectory, a detached one: the branch is the repository's.
#[test]
fn linked_and_detached_working_trees() {
    let env = TestEnv::new();
    upstream(&env, 0..3);
    env.git(["checkout", "-q", "--detach"]).ok();
    env.git(["worktree", "add", "-q", "../linked", "main"]).ok();
    reindex(&env, "repo", &[]);
    assert!(env.root().join("linked/index/runs.jsonl").exists() && !env.repo.join("index").exists());
    assert_eq!(status(&env, &env.root().join("linked")) + &status(&env, &env.repo), "");
    // Without main, a detached HEAD says nothing.
    env.git_in(env.root().join("linked"), ["branch", "-qm", "main", "trunk"]).ok();
    let said = env.agentv_in(env.root(), ["reindex", "--repo", "repo"]).fails(128);
    assert!(said.contains("HEAD of 'repo' is no branch") && said.contains("--branch"), "{said}");
    assert_eq!(reindex(&env, "linked", &[])["branch"], "trunk");
}

#[test]
fn changes_in_the_way() {
    let env = TestEnv::new();
    upstream(&env, 0..3);
    let before = tip(&env, &env.repo, "main");
    let refused = |env: &TestEnv| {
        let files = status(env, &env.repo);
        let head = tip(env, &env.repo, "main");
        let said = env.agentv(["reindex", "--repo", "."]).fails(128);
        assert!(said.contains("are in the way") && said.contains("index/runs.jsonl"), "{said}");
        assert!(said.contains("nothing was changed"), "{said}");
        assert_eq!((tip(env, &env.repo, "main"), status(env, &env.repo)), (head, files));
    };
    std::fs::create_dir(env.repo.join("index")).unwrap();
    std::fs::write(env.repo.join("index/runs.jsonl"), "mine\n").unwrap();
    refused(&env);
    env.git(["add", "index"]).ok();
    refused(&env);
    assert_eq!(std::fs::read_to_string(env.repo.join("index/runs.jsonl")).unwrap(), "mine\n");
    assert_eq!(tip(&env, &env.repo, "main"), before);
    env.git(["rm", "-qf", "index/runs.jsonl"]).ok();
    reindex(&env, "repo", &[]);
    // Changed since: the next one is refused again.
    upstream(&env, 3..4);
    std::fs::write(env.repo.join("index/runs.jsonl"), "mine\n").unwrap();
    refused(&env);
    env.git(["checkout", "-q", "index"]).ok();
    assert_eq!(reindex(&env, "repo", &[])["rows"], 4);
    assert_eq!(status(&env, &env.repo), "");
}

#[test]
fn the_head_of_a_repository_without_main() {
    let env = TestEnv::new();
    upstream(&env, 0..2);
    let place = bare(&env);
    env.git_in(&place, ["branch", "-qm", "main", "agentv/results/v1"]).ok();
    let said = env.agentv_in(env.root(), ["reindex", "--repo", "bare.git"]).ok();
    assert!(said.starts_with("indexed agentv/results/v1: 2 rows"), "{said}");
    let said = env.agentv_in(env.root(), ["reindex", "--repo", "bare.git"]).ok();
    assert_eq!(said, "nothing to do: the index of agentv/results/v1 is right, 2 rows\n");
    // From inside it. A branch alone means no repository: the cache is what reindex without one is about.
    env.agentv_in(&place, ["reindex", "--branch", "agentv/results/v1"]).fails(2);
    env.agentv_in(&place, ["reindex", "--repo", ""]).fails(2);
    let said = env.agentv_in(&place, ["reindex", "--repo", ".", "--branch", "agentv/results/v1", "--check"]).ok();
    assert_eq!(said, "the index of agentv/results/v1 is right, 2 rows\n");
}

/// The environment names another repository, as in a hook.
#[test]
fn a_path_is_meant_as_it_is() {
    let env = TestEnv::new();
    upstream(&env, 0..2);
    let place = bare(&env);
    let mut command = env.command("git-agentv", env.root());
    command
        .args(["reindex", "--repo", "bare.git"])
        .env("GIT_DIR", env.repo.join(".git"))
        .env("GIT_WORK_TREE", &env.repo);
    command.env("GIT_INDEX_FILE", "/nonexistent/index").env("GIT_AUTHOR_NAME", "Somebody Else");
    let done = crate::env::Ran::of(&mut command).ok();
    assert!(done.starts_with("indexed main"), "{done}");
    assert_eq!(env.git(["ls-tree", "--name-only", "main"]).ok(), "runs\n");
    assert_eq!(rows(&env, &place, "main").len(), 2);
    let who = env.git_in(&place, ["log", "-1", "--format=%an %ae %ct"]).ok();
    assert_eq!(who, format!("Somebody Else ada@example.com {}\n", crate::env::NOW));
}

#[test]
fn an_address() {
    let env = TestEnv::new();
    upstream(&env, 0..3);
    let place = bare(&env);
    serve(&env, &place);
    let url = format!("file://{}", place.display());
    let before = std::fs::read_dir(env.root()).unwrap().count();
    let checked = env.agentv_in(env.root(), ["reindex", "--repo", &url, "--check"]);
    assert!(checked.code == 1 && checked.stdout.contains("there was no index"), "{checked:?}");
    let old = tip(&env, &place, "main");
    let report = reindex(&env, &url, &[]);
    assert_eq!((&report["rows"], &report["branch"], &report["repo"]), (&json!(3), &json!("main"), &json!(url)));
    assert_eq!(tip(&env, &place, "main"), report["commit"].as_str().unwrap());
    assert_eq!(tip(&env, &place, "main~1"), old);
    assert_eq!(rows(&env, &place, "main").len(), 3);
    assert_eq!(reindex(&env, &url, &[])["equal"], true);
    assert_eq!(std::fs::read_dir(env.root()).unwrap().count(), before, "the clone is gone (TMPDIR is here)");
    env.fsck_in(&place);
    // Another branch, and one that is not there.
    env.git_in(&place, ["branch", "other", &old]).ok();
    assert_eq!(reindex(&env, &url, &["--branch", "other"])["branch"], "other");
    let said = env.agentv_in(env.root(), ["reindex", "--repo", &url, "--branch", "gone"]).fails(128);
    assert!(said.contains("has no branch 'gone'"), "{said}");
}

#[test]
fn an_address_of_a_sha256_repository() {
    let env = TestEnv::with_init(&["--object-format=sha256"]);
    upstream(&env, 0..3);
    let place = bare(&env);
    let report = reindex(&env, &format!("file://{}", place.display()), &[]);
    assert_eq!(report["commit"].as_str().unwrap().len(), 64);
    assert_eq!(rows(&env, &place, "main").len(), 3);
}

/// While we look, somebody pushes: their run is kept, and indexed.
#[cfg(unix)]
#[test]
fn others_push_meanwhile() {
    use std::os::unix::fs::PermissionsExt;
    let env = TestEnv::new();
    upstream(&env, 0..2);
    let place = bare(&env);
    upstream(&env, 2..4);
    // The first push that arrives is beaten by another one.
    let hook = place.join("hooks/pre-receive");
    let script = format!(
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
         test -e \"$GIT_DIR/beaten\" && exit 0\n: > \"$GIT_DIR/beaten\"\n\
         git fetch -q '{}' main:main\n",
        env.repo.display()
    );
    std::fs::create_dir_all(place.join("hooks")).unwrap();
    std::fs::write(&hook, script).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let theirs = tip(&env, &env.repo, "main");
    let report = reindex(&env, &format!("file://{}", place.display()), &[]);
    assert!(place.join("beaten").exists(), "there was a race");
    assert_eq!(report["rows"], 4);
    assert_eq!(tip(&env, &place, "main~1"), theirs);
    assert_eq!(rows(&env, &place, "main").len(), 4);
    // One that refuses whatever comes is no race.
    std::fs::write(&hook, "#!/bin/sh\necho 'not today' >&2\nexit 1\n").unwrap();
    env.git(["reset", "-q", "--hard", "HEAD~1"]).ok();
    env.git_in(&place, ["update-ref", "refs/heads/main", &tip(&env, &env.repo, "main")]).ok();
    let said = env.agentv_in(env.root(), ["reindex", "--repo", &format!("file://{}", place.display())]).fails(128);
    assert!(said.contains("not today") || said.contains("pre-receive hook declined"), "{said}");
}
