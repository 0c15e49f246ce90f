//! Small packs become few, and nothing of what they hold changes.

use super::{bundle, left_over, names, packs, record};
use crate::env::{Ran, TestEnv, read_dir};

fn record_many(env: &TestEnv, numbers: std::ops::Range<u32>) {
    for n in numbers {
        Ran::of(&mut record(env, &env.repo, &bundle(env, &format!("n-{n}")))).ok();
    }
}

/// Exports a run and compares it with the bundle that it was recorded from.
#[track_caller]
fn same_as_recorded(env: &TestEnv, n: u32) {
    let out = env.root().join(format!("out-{n}"));
    env.agentv(["export", &format!("n-{n}"), out.to_str().unwrap()]).ok();
    assert_eq!(read_dir(&out), read_dir(&bundle(env, &format!("n-{n}"))));
}

#[test]
fn few_packs_stay() {
    let env = TestEnv::new();
    record_many(&env, 0..15);
    assert_eq!(packs(&env).len(), 15, "not yet");
    record_many(&env, 15..20);
    assert_eq!(packs(&env).len(), 5, "16 became one");
    record_many(&env, 20..140);
    assert!(packs(&env).len() <= 36, "{} packs", packs(&env).len());
    assert_eq!(names(&env).len(), 140);
    for n in [0, 15, 16, 77, 139] {
        same_as_recorded(&env, n);
    }
    env.fsck();
    assert_eq!(left_over(&env), Vec::<std::path::PathBuf>::new());
}

/// The same runs once more, after the ref was lost: their packs hold objects that others hold too.
#[test]
fn objects_that_are_in_several_packs() {
    let mut env = TestEnv::new();
    record_many(&env, 0..7);
    env.git(["update-ref", "-d", "refs/agentv/runs/v1"]).ok();
    // Other dates, so other commits on the same files.
    env.set("GIT_COMMITTER_DATE", "@1783170000 +0000");
    record_many(&env, 0..7);
    env.git(["update-ref", "-d", "refs/agentv/runs/v1"]).ok();
    // And the very same packs.
    record_many(&env, 0..9);
    assert!(packs(&env).len() < 9, "{} packs", packs(&env).len());
    assert_eq!(names(&env).len(), 9);
    same_as_recorded(&env, 0);
    same_as_recorded(&env, 8);
    env.fsck();
}

#[test]
fn not_while_git_repacks() {
    let env = TestEnv::new();
    let running = env.repo.join(".git/gc.pid");
    std::fs::write(&running, "1 elsewhere\n").unwrap();
    record_many(&env, 0..18);
    assert_eq!(packs(&env).len(), 18);
    std::fs::remove_file(running).unwrap();
    record_many(&env, 18..19);
    assert_eq!(packs(&env).len(), 4, "made up for afterwards");
    assert_eq!(names(&env).len(), 19);
    env.fsck();
}

#[test]
fn not_below_an_index_over_all_packs() {
    let env = TestEnv::new();
    record_many(&env, 0..2);
    env.git(["multi-pack-index", "write"]).ok();
    record_many(&env, 2..18);
    assert_eq!(packs(&env).len(), 18);
    assert_eq!(names(&env).len(), 18);
    env.git(["multi-pack-index", "verify"]).ok();
    env.fsck();
}

/// A large pack is not copied again and again.
#[test]
fn large_packs_are_left_alone() {
    let env = TestEnv::new();
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take((17 << 20) / 8)
    .flatten()
    .collect();
    let big = bundle(&env, "big");
    std::fs::write(big.join("noise"), noise).unwrap();
    Ran::of(&mut record(&env, &env.repo, &big)).ok();
    let large = packs(&env).remove(0);
    record_many(&env, 0..16);
    assert!(large.exists());
    assert_eq!(packs(&env).len(), 2);
    assert_eq!(names(&env).len(), 17);
    env.fsck();
}
