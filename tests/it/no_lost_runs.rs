//! No run is lost: writers that race, that are killed, and that meet a `git gc`.
//!
//! Small by default; `AGENTV_TEST_FULL=1` runs them in full.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Barrier;

use crate::env::{Ran, TestEnv, bin_dir, write_small_bundle};

mod gc;
#[cfg(unix)]
mod killed;
mod mixed;
mod race;
mod roll_up;

/// The first number, or the second one when everything is to be run in full.
pub fn size(small: u32, full: u32) -> u32 {
    if std::env::var_os("AGENTV_TEST_FULL").is_some_and(|value| value == "1") { full } else { small }
}

/// Writes a bundle that differs from all others.
fn bundle(env: &TestEnv, name: &str) -> PathBuf {
    let dir = env.root().join("bundles").join(name);
    write_small_bundle(&dir, name, "2026-07-04T10:00:00.000Z");
    dir
}

/// `git-agentv record <bundle>` in `dir`.
fn record(env: &TestEnv, dir: &Path, bundle: &Path) -> Command {
    let mut command = env.command(bin_dir().join("git-agentv"), dir);
    command.arg("record").arg(bundle);
    command
}

/// Writers that start together, each a process after the other for its bundles. Writer N works in `dirs[N % len]`.
fn record_together(env: &TestEnv, dirs: &[PathBuf], writers: u32, each: u32) {
    let start = Barrier::new(writers as usize);
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let (start, dir) = (&start, &dirs[writer as usize % dirs.len()]);
            scope.spawn(move || {
                let bundles: Vec<_> = (0..each).map(|n| bundle(env, &format!("writer-{writer}-{n}"))).collect();
                start.wait();
                for bundle in bundles {
                    let said = Ran::of(&mut record(env, dir, &bundle)).ok();
                    assert!(said.starts_with("recorded "), "{said}");
                }
            });
        }
    });
}

/// The names of all listed runs, each of which must be there once.
#[track_caller]
fn names(env: &TestEnv) -> std::collections::BTreeSet<String> {
    let runs = env.runs();
    let names = runs.iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect();
    let ids: std::collections::BTreeSet<_> = runs.iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), runs.len(), "ids are distinct");
    names
}

/// Fails the test unless all runs of [`record_together`] are there and whole.
#[track_caller]
fn all_there(env: &TestEnv, writers: u32, each: u32) {
    let names = names(env);
    let missing: Vec<_> = (0..writers)
        .flat_map(|writer| (0..each).map(move |n| format!("writer-{writer}-{n}")))
        .filter(|name| !names.contains(name))
        .collect();
    assert!(missing.is_empty(), "lost: {missing:?}");
    assert_eq!(names.len(), (writers * each) as usize);
    env.git(["rev-list", "--objects", "--quiet", "refs/agentv/runs/v1"]).ok();
    env.fsck();
}

/// The packs that git sees.
fn packs(env: &TestEnv) -> Vec<PathBuf> {
    files(&env.repo.join(".git/objects/pack"), |name| name.ends_with(".idx"))
}

/// Temporary files, locks and guards of packs below the git directory.
fn left_over(env: &TestEnv) -> Vec<PathBuf> {
    // write.lock is a file that is locked, not a lock.
    files(&env.repo.join(".git"), |name| {
        let lock = name.ends_with(".lock") && name != "write.lock";
        lock || name.contains("tmp") || name.starts_with("pack-") && name.ends_with(".keep") || name == "packs.new"
    })
}

/// The files below `dir` whose name `wanted` takes.
fn files(dir: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let (mut found, mut dirs) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if wanted(&path.file_name().unwrap().to_string_lossy()) {
                found.push(path);
            }
        }
    }
    found
}
