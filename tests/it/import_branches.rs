//! Importing branches that are not as upstream makes them, built here with git.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::env::{TestEnv, copy_dir, data, read_dir, write_small_bundle};

const RUNS: &str = "refs/agentv/runs/v1";

/// A second working tree in which a branch `results` is built.
struct Branch<'e> {
    env: &'e TestEnv,
    dir: PathBuf,
}

impl<'e> Branch<'e> {
    fn new(env: &'e TestEnv) -> Self {
        let dir = env.root().join("results");
        env.git(["worktree", "add", "-q", "--detach", dir.to_str().unwrap()]).ok();
        env.git_in(&dir, ["checkout", "-q", "--orphan", "results"]).ok();
        Self { env, dir }
    }

    fn small(&self, path: &str) -> PathBuf {
        let dir = self.dir.join(path);
        write_small_bundle(&dir, path.rsplit('/').next().unwrap(), "2026-07-04T10:00:00.000Z");
        dir
    }

    fn old(&self, path: &str) -> PathBuf {
        let dir = self.dir.join(path);
        copy_dir(&data().join("bundles/agentv-4.42.4"), &dir);
        dir
    }

    /// Commits all there is, at a time; returns the commit.
    fn commit(&self, date: i64) -> String {
        self.env.git_in(&self.dir, ["add", "-A", "-f"]).ok();
        let mut commit = self.env.command("git", &self.dir);
        commit.args(["commit", "-q", "-m", "publish"]).env("GIT_COMMITTER_DATE", format!("@{date} +0000"));
        assert!(commit.status().unwrap().success());
        self.env.git_in(&self.dir, ["rev-parse", "HEAD"]).ok().trim().to_owned()
    }
}

fn import(env: &TestEnv, more: &[&str]) -> crate::env::Ran {
    env.agentv([&["import", "--from-ref", "results", "--format", "json"], more].concat())
}

fn names(rows: &Value) -> Vec<&str> {
    let mut names: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["run_id"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn refs_without_bundles_are_errors() {
    let env = TestEnv::new();
    for (name, reason) in [
        ("main", "there are no run bundles in 'main'"),
        ("nowhere", "'nowhere' is not a commit in this repository"),
        ("refs/heads/agentv/results/v1", "is not a commit in this repository"),
        ("HEAD^{tree}", "is not a commit in this repository"),
        ("", "is not a commit in this repository"),
        ("--all", "is not a commit in this repository"),
    ] {
        let said = env.agentv(["import", &format!("--from-ref={name}")]).fails(128);
        assert!(said.contains(reason), "{name}: {said}");
    }
    assert_ne!(env.git(["rev-parse", "-q", "--verify", RUNS]).code, 0, "the ref was not made");
}

/// Our own ref holds the same bundles one level deeper, under the name `artifacts`.
#[test]
fn our_own_ref_is_no_results_branch() {
    let env = TestEnv::new();
    let dir = env.bundle("agentv-5.3.1", "named-by-its-directory");
    fs::write(dir.join("summary.json"), r#"{"run_summary": {"t": {}}}"#).unwrap();
    fs::write(dir.join(".internal/index.jsonl"), "{\"test_id\": \"a\", \"score\": 1}\n").unwrap();
    env.agentv(["record", "named-by-its-directory"]).ok();
    env.git(["update-ref", "refs/agentv/remotes/origin/runs/v1", RUNS]).ok();
    for name in [RUNS, "refs/agentv/remotes/origin/runs/v1"] {
        let said = env.agentv(["import", "--from-ref", name]).fails(128);
        assert!(said.contains(&format!("there are no run bundles in '{name}'")), "{said}");
    }
    assert_eq!(env.runs().len(), 1);
}

#[test]
fn every_place_that_upstream_ever_used() {
    let env = TestEnv::new();
    let branch = Branch::new(&env);
    for path in [
        "one",
        "runs/two",
        "runs/default/three",
        "runs/default/four/codex/variant",
        ".agentv/results/five",
        ".agentv/results/runs/exp/six",
    ] {
        branch.small(path);
    }
    // What was never a bundle.
    for path in [".indexes/x", ".cache/x", "export/x", "metadata/x"] {
        branch.small(path);
    }
    fs::write(branch.dir.join(".gitattributes"), "* -text\n").unwrap();
    branch.commit(1_783_000_000);
    let imported = import(&env, &[]).json();
    assert_eq!(names(&imported["recorded"]), ["five", "one", "six", "three", "two", "variant"]);
    let six = env.runs().into_iter().find(|run| run["run_id"] == "six").unwrap();
    env.agentv(["export", six["id"].as_str().unwrap(), "../six"]).ok();
    assert_eq!(read_dir(&env.root().join("six")), read_dir(&branch.dir.join(".agentv/results/runs/exp/six")));
    env.fsck();
}

/// The first layouts kept tags out of the way, under `metadata/`.
#[test]
fn tags_beside_the_bundles() {
    let env = TestEnv::new();
    let branch = Branch::new(&env);
    branch.old("runs/default/2026-11-22T06-41-22-473Z");
    let metadata = branch.dir.join("metadata/runs/default/2026-11-22T06-41-22-473Z");
    fs::create_dir_all(&metadata).unwrap();
    fs::write(metadata.join("tags.json"), json!({"tags": ["baseline", "kept", "baseline"]}).to_string()).unwrap();
    branch.commit(1_783_000_000);
    import(&env, &[]).ok();
    assert_eq!(env.runs()[0]["tags"], json!(["baseline", "kept"]));
}

/// The run keeps all else, as it is, and the rest of the branch is imported.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_left_out() {
    let env = TestEnv::new();
    let branch = Branch::new(&env);
    branch.small("plain");
    let dir = branch.small("odd");
    std::os::unix::fs::symlink("/etc/passwd", dir.join("only/passwd")).unwrap();
    std::os::unix::fs::symlink("only/answer.md", dir.join("link.md")).unwrap();
    let commit = branch.commit(1_783_000_000);
    env.git_in(&branch.dir, ["update-index", "--add", "--cacheinfo", &format!("160000,{commit},odd/module")]).ok();
    env.git_in(&branch.dir, ["commit", "-q", "-m", "a submodule"]).ok();

    let ran = env.agentv(["import", "--from-ref", "results"]);
    assert!(ran.stderr.contains("warning: left out of odd: 3 (symlinks, submodules"), "{}", ran.stderr);
    assert!(ran.ok().starts_with("imported 2 runs"));
    fs::remove_file(dir.join("only/passwd")).unwrap();
    fs::remove_file(dir.join("link.md")).unwrap();
    env.agentv(["export", "odd", "../odd"]).ok();
    assert_eq!(read_dir(&env.root().join("odd")), read_dir(&dir));
    env.agentv(["export", "plain", "../plain"]).ok();
    assert_eq!(read_dir(&env.root().join("plain")), read_dir(&branch.dir.join("plain")));
    let kinds = env.git(["ls-tree", "-r", RUNS]).ok();
    assert!(kinds.lines().all(|line| line.starts_with("100644 blob")), "{kinds}");
    env.fsck();
    let again = env.agentv(["import", "--from-ref", "results"]).ok();
    assert!(again.contains("imported 0 runs") && again.contains("2 already recorded"), "{again}");
}

/// A symlink instead of the index makes no bundle, and is not followed.
#[cfg(unix)]
#[test]
fn a_symlink_as_index() {
    let env = TestEnv::new();
    let branch = Branch::new(&env);
    branch.small("plain");
    let dir = branch.small("fake");
    fs::remove_file(dir.join(".internal/index.jsonl")).unwrap();
    std::os::unix::fs::symlink("../../plain/.internal/index.jsonl", dir.join(".internal/index.jsonl")).unwrap();
    branch.commit(1_783_000_000);
    let ran = import(&env, &[]);
    assert_eq!(ran.code, 128);
    assert!(ran.stderr.contains("not imported: fake: 'fake' is incomplete"), "{}", ran.stderr);
    assert_eq!(names(&serde_json::from_str::<Value>(&ran.stdout).unwrap()["recorded"]), ["plain"]);
}

/// Names that git itself would not check out; only plumbing can make them.
#[test]
fn names_that_git_refuses() {
    let env = TestEnv::new();
    write_small_bundle(&env.root().join("b"), "b", "2026-07-04T10:00:00.000Z");
    let blob = |path: &str| {
        let content = fs::read(env.root().join("b").join(path)).unwrap();
        env.git_stdin(["hash-object", "-w", "--stdin"], &content)
    };
    let (index, summary, answer) = (blob(".internal/index.jsonl"), blob("summary.json"), blob("only/answer.md"));
    let tree = |entries: &[(&str, &str, &str)]| {
        let listed: String = entries
            .iter()
            .map(|(mode, id, name)| {
                let kind = if *mode == "40000" { "tree" } else { "blob" };
                format!("{mode} {kind} {id}\t{name}\0")
            })
            .collect();
        env.git_stdin(["mktree", "-z"], listed.as_bytes())
    };
    let internal = tree(&[("100644", &index, "index.jsonl")]);
    let evil = tree(&[("100644", &answer, "hooks")]);
    let only = tree(&[("100644", &answer, "answer.md"), ("40000", &evil, ".git"), ("100644", &answer, "a\nb")]);
    let root = tree(&[
        ("40000", &internal, ".internal"),
        ("40000", &only, "only"),
        ("100644", &summary, "summary.json"),
        ("40000", &evil, ".GIT"),
        ("40000", &evil, "git~1"),
    ]);
    let top = tree(&[("40000", &root, "b")]);
    let commit = env.git(["commit-tree", "-m", "evil", &top]).ok();
    env.git(["update-ref", "refs/heads/results", commit.trim()]).ok();
    let ran = env.agentv(["import", "--from-ref", "results"]);
    assert!(ran.stderr.contains("left out of b: 4"), "{}", ran.stderr);
    ran.ok();
    env.agentv(["export", "b", "../out"]).ok();
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&env.root().join("b")));
}

/// Broken and unfinished bundles are told and do not keep the others out.
#[test]
fn broken_and_incomplete_bundles() {
    let env = TestEnv::new();
    let branch = Branch::new(&env);
    branch.small("good");
    let torn = branch.small("torn");
    fs::write(torn.join(".internal/index.jsonl"), "{\"test_id\": \"a\", \"score\": 1}\n{\"test_id\":\n").unwrap();
    fs::remove_file(branch.small("stub").join("summary.json")).unwrap();
    branch.commit(1_783_000_000);
    let ran = import(&env, &[]);
    assert_eq!(ran.code, 128);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(names(&document["recorded"]), ["good"]);
    assert_eq!(document["failed"].as_array().unwrap().len(), 2);
    assert!(ran.stderr.contains("not imported: torn: .internal/index.jsonl:2:"), "{}", ran.stderr);
    assert!(ran.stderr.contains("not imported: stub: 'stub' is incomplete"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--partial"), "{}", ran.stderr);

    let document = import(&env, &["--partial"]).json();
    assert_eq!(names(&document["recorded"]), ["stub", "torn"]);
    assert!(document["recorded"].as_array().unwrap().iter().all(|row| row["status"] == "partial"));
    assert_eq!(document["already"], 1);
}

#[test]
fn removed_bundles_and_those_that_came_back() {
    let env = TestEnv::new();
    let branch = Branch::new(&env);
    let (gone, back) = (branch.small("gone"), branch.small("back"));
    branch.small("kept");
    let published = branch.commit(1_783_000_000);
    let saved = read_dir(&back);
    fs::remove_dir_all(&gone).unwrap();
    fs::remove_dir_all(&back).unwrap();
    branch.commit(1_783_000_100);
    branch.small("back");
    assert_eq!(read_dir(&back), saved);
    branch.commit(1_783_000_200);
    let said = env.agentv(["import", "--from-ref", "results"]).ok();
    assert!(said.starts_with("imported 2 runs from results\n"), "{said}");
    assert!(said.contains(&format!("gone was removed after {} had published it", &published[..10])), "{said}");
    assert!(!said.contains("back"), "what is there again is not told as removed: {said}");
    let document = import(&env, &["--all-versions"]).json();
    assert_eq!(names(&document["recorded"]), ["gone"]);
    assert_eq!(document["replaced"][0]["replaced_by"], Value::Null);
    env.fsck();
}

/// Two clones published to one branch, which was then merged.
#[test]
fn a_branch_with_merges() {
    let env = TestEnv::new();
    let branch = Branch::new(&env);
    branch.small("base");
    branch.commit(1_783_000_000);
    env.git_in(&branch.dir, ["branch", "-q", "other"]).ok();
    branch.small("ours");
    branch.commit(1_783_000_100);
    env.git_in(&branch.dir, ["checkout", "-q", "other"]).ok();
    branch.small("theirs");
    branch.commit(1_783_000_050);
    env.git_in(&branch.dir, ["checkout", "-q", "results"]).ok();
    env.git_in(&branch.dir, ["merge", "-q", "--no-edit", "other"]).ok();
    let document = import(&env, &[]).json();
    assert_eq!(names(&document["recorded"]), ["base", "ours", "theirs"]);
    assert_eq!(document["replaced"], json!([]));
    let dates = env.git(["log", "--format=%ct", RUNS]).ok();
    assert_eq!(dates, "1783000100\n1783000050\n1783000000\n", "each run has the date at which it was published");
}

/// The branch's commit date may go back; ours do not.
#[test]
fn a_branch_whose_clock_went_back() {
    let env = TestEnv::new();
    let branch = Branch::new(&env);
    for (name, date) in [("a", 1_783_000_200), ("b", 1_783_000_100), ("c", 1_783_000_300)] {
        branch.small(name);
        branch.commit(date);
    }
    import(&env, &[]).ok();
    let dates = env.git(["log", "--format=%ct", RUNS]).ok();
    assert_eq!(dates, "1783000300\n1783000200\n1783000200\n");
    let listed: Vec<_> = env.runs().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed[0], "c");
}

/// The same bundle in two places is one run.
#[test]
fn a_bundle_that_was_moved_or_copied() {
    let env = TestEnv::new();
    let branch = Branch::new(&env);
    branch.old("runs/default/2026-11-22T06-41-22-473Z");
    branch.commit(1_783_000_000);
    branch.old("2026-11-22T06-41-22-473Z");
    branch.commit(1_783_000_100);
    let document = import(&env, &[]).json();
    assert_eq!(document["recorded"].as_array().unwrap().len(), 1);
    assert_eq!(env.runs().len(), 1);
    // And the same as when it is recorded from disk.
    let dir = env.bundle("agentv-4.42.4", "disk");
    assert!(env.agentv(["record", dir.to_str().unwrap()]).ok().starts_with("already recorded"));
}
