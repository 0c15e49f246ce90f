//! Repositories that several users of one machine write to.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{life_of_a_run, rows};
use crate::env::TestEnv;

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        found.push(path.clone());
        if path.is_dir() {
            walk(&path, found);
        }
    }
}

/// Everything below the git directory that members of the group could not change.
fn closed(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    walk(dir, &mut all);
    all.retain(|path| {
        let mode = path.metadata().unwrap().permissions().mode();
        // git makes objects and packs read-only for everybody; they are replaced, not changed.
        let object = path.starts_with(dir.join("objects")) && path.is_file();
        if object { mode & 0o040 == 0 } else { mode & 0o060 != 0o060 }
    });
    all
}

#[test]
fn new_files_are_open_to_the_group() {
    let env = TestEnv::with_init(&["--shared=group"]);
    life_of_a_run(&env, &env.repo);
    std::fs::write(env.repo.join("code"), "one\n").unwrap();
    env.git(["add", "code"]).ok();
    env.agentv(["run", "--", "sh", "-c", "echo x > $AGENTV_RESULTS_DIR/log"]).ok();
    assert_eq!(rows(&env, &env.repo).len(), 2);
    let git_dir = env.repo.join(".git");
    let closed = closed(&git_dir);
    // What git itself leaves closed is none of our business: its sample hooks, HEAD's log, the index.
    let ours: Vec<_> = closed
        .iter()
        .filter(|path| {
            path.starts_with(git_dir.join("agentv"))
                || path.starts_with(git_dir.join("objects"))
                || path.starts_with(git_dir.join("refs"))
        })
        .collect();
    assert!(ours.is_empty(), "closed to the group: {ours:#?}");
}
