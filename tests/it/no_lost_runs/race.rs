//! Many writers at the same time.

use super::{all_there, left_over, packs, record_together, size};
use crate::env::TestEnv;

/// Records from two working trees of one repository at once.
#[track_caller]
fn race(env: &TestEnv, writers: u32, each: u32) {
    let other = env.root().join("other");
    env.git(["worktree", "add", "-q", "--detach", other.to_str().unwrap()]).ok();
    record_together(env, &[env.repo.clone(), other], writers, each);
    all_there(env, writers, each);
    assert_eq!(left_over(env), Vec::<std::path::PathBuf>::new());
    assert!(packs(env).len() < 50, "{} packs", packs(env).len());
}

#[test]
fn from_two_worktrees() {
    race(&TestEnv::new(), size(8, 32), size(6, 50));
}

#[test]
fn in_a_reftable_repository() {
    let probe = TestEnv::without_repo();
    let can = probe.git_in(probe.root(), ["init", "-q", "--ref-format=reftable", "probe"]);
    if can.code != 0 {
        eprintln!("skipped: this git cannot 'git init --ref-format=reftable': {}", can.stderr.trim());
        return;
    }
    race(&TestEnv::with_init(&["--ref-format=reftable"]), 8, 6);
}
