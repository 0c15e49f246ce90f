//! Writers that move the ref by its file, writers that let git do it, and a git that packs refs, all at the same time.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{all_there, left_over, record_together, size};
use crate::env::TestEnv;
use crate::ref_move::{asks_git, moves_files};

#[test]
fn by_file_and_by_git_while_refs_are_packed() {
    let env = TestEnv::new();
    if !moves_files(&env) {
        return;
    }
    let (writers, each) = (size(6, 16), size(8, 50));
    // What is set for this working tree alone is something that only git knows how to do.
    let other = env.root().join("other");
    env.git(["worktree", "add", "-q", "--detach", other.to_str().unwrap()]).ok();
    env.git(["config", "extensions.worktreeConfig", "true"]).ok();
    env.git_in(&other, ["config", "--worktree", "core.fsync", "reference"]).ok();
    let done = AtomicBool::new(false);
    let rounds = std::thread::scope(|scope| {
        let packing = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                // It may find the ref locked, which is no harm.
                let _ = env.git(["pack-refs", "--all"]);
                rounds += 1;
            }
            rounds
        });
        // The other thread must end even if this fails.
        let writing = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            record_together(&env, &[env.repo.clone(), other.clone()], writers, each);
        }));
        done.store(true, Ordering::Relaxed);
        if let Err(panic) = writing {
            std::panic::resume_unwind(panic);
        }
        packing.join().unwrap()
    });
    assert!(rounds > 0);
    all_there(&env, writers, each);
    assert_eq!(left_over(&env), Vec::<std::path::PathBuf>::new());
    // Both kinds of writers were there.
    let tag = |dir: &std::path::Path, tag: &str| asks_git(&env, dir, &["tag", "@{0}", tag]);
    tag(&env.repo, "+a");
    assert!(!tag(&env.repo, "+b"), "by file");
    assert!(tag(&other, "+c"), "by git");
}
