//! `git agentv reindex`: the index of results repositories, ours and upstream's.

mod cache;
mod clones;
mod docs;
mod layouts;
mod places;
mod wrong;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::env::{TestEnv, write_small_bundle};

/// Makes the repository a results repository of upstream's layout: `runs/small/<n>` on `main`.
fn upstream(env: &TestEnv, numbers: std::ops::Range<u32>) {
    for n in numbers.clone() {
        let dir = env.repo.join(format!("runs/small/r-{n}"));
        write_small_bundle(&dir, &format!("r-{n}"), &format!("2026-07-04T10:00:{n:02}.000Z"));
    }
    env.git(["add", "runs"]).ok();
    env.git(["commit", "-qm", &format!("runs {numbers:?}")]).ok();
}

/// A bare copy of the repository beside it.
fn bare(env: &TestEnv) -> PathBuf {
    env.git_in(env.root(), ["clone", "-q", "--bare", "repo", "bare.git"]).ok();
    env.root().join("bare.git")
}

/// Runs `reindex --repo <place> --format json <more>`; the report.
#[track_caller]
fn reindex(env: &TestEnv, place: &str, more: &[&str]) -> Value {
    env.agentv_in(env.root(), [&["reindex", "--repo", place, "--format", "json"], more].concat()).json()
}

/// The rows of `index/runs.jsonl` of a commit.
#[track_caller]
fn rows(env: &TestEnv, repo: &Path, commit: &str) -> Vec<Value> {
    let text = env.git_in(repo, ["cat-file", "blob", &format!("{commit}:index/runs.jsonl")]).ok();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn tip(env: &TestEnv, repo: &Path, name: &str) -> String {
    env.git_in(repo, ["rev-parse", "--verify", name]).ok().trim().to_owned()
}
