//! Bad input: a clear error, and nothing lost or half-written.

use std::path::{Path, PathBuf};

use crate::env::{Ran, TestEnv};

mod changing;
mod files;
mod json;
mod output;
mod paths;
mod programs;
mod refs;
mod specs;
mod storage;

/// A repository with one recorded run, and what it looked like.
struct Before {
    tip: String,
    rows: Vec<serde_json::Value>,
}

impl Before {
    fn of(env: &TestEnv) -> Self {
        Self { tip: tip(env), rows: env.runs() }
    }

    /// Fails the test unless nothing changed, nothing is left over, and the next good record works.
    #[track_caller]
    fn still_holds(&self, env: &TestEnv) {
        assert_eq!(tip(env), self.tip, "the ref has not moved");
        assert_eq!(env.runs(), self.rows);
        nothing_left_over(env);
        env.fsck();
        let next = env.small_bundle(9_000);
        let said = env.agentv(["record", next.to_str().unwrap()]).ok();
        assert!(said.starts_with("recorded "), "{said}");
        assert_eq!(env.runs().len(), self.rows.len() + 1);
        env.fsck();
    }
}

/// A repository with one run.
fn with_a_run() -> (TestEnv, Before) {
    let env = TestEnv::new();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    let before = Before::of(&env);
    (env, before)
}

fn tip(env: &TestEnv) -> String {
    env.git(["rev-parse", "--verify", "--quiet", "refs/agentv/runs/v1"]).stdout
}

/// No temporary file, lock or directory of ours stays behind.
#[track_caller]
fn nothing_left_over(env: &TestEnv) {
    let git_dir = env.repo.join(".git");
    let mut left = Vec::new();
    walk(&git_dir, &mut |path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // `git prune` removes tmp_* from the object directories; write.lock is a file that is locked, not a lock.
        let gits = path.starts_with(git_dir.join("objects")) && name.starts_with("tmp_");
        let temporary = name.starts_with(".tmp") || name.starts_with("tmp") || name.contains("agentv-index-");
        let ours = name.starts_with("tree-") || (name.contains(".lock") && name != "write.lock");
        if (temporary && !gits) || ours || name.starts_with("pack-") && name.ends_with(".keep") {
            left.push(path.to_owned());
        }
    });
    assert!(left.is_empty(), "left over: {left:#?}");
}

fn walk(dir: &Path, each: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        each(&path);
        if path.is_dir() && !path.is_symlink() {
            walk(&path, each);
        }
    }
}

/// A shell script in the repository, with the environment of the tests.
fn sh(env: &TestEnv, script: &str) -> Ran {
    env.run("sh", &env.repo, ["-c", script])
}
