//! Writers that are killed at any moment.

use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{bundle, files, left_over, names, record, size};
use crate::env::{Ran, TestEnv};
use crate::random::Random;

/// The files that git neither uses nor removes: packs without an index, and guards that nobody will remove.
fn useless(env: &TestEnv) -> Vec<std::path::PathBuf> {
    let mut found = left_over(env);
    found.extend(files(&env.repo.join(".git/objects/pack"), |name| name.ends_with(".pack")));
    found.retain(|path| path.extension().is_none_or(|ext| ext != "pack") || !path.with_extension("idx").exists());
    found
}

/// Makes everything that lies about look as if it had been there for a day.
fn a_day_passes(env: &TestEnv) {
    let then = SystemTime::now() - Duration::from_secs(86400);
    for path in useless(env) {
        // They are read-only, and a file's times can be set through any handle of its owner.
        std::fs::File::open(path).unwrap().set_modified(then).unwrap();
    }
}

#[test]
fn what_was_acknowledged_is_there() {
    let env = TestEnv::new();
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos().into();
    let mut random = Random::new(seed);
    Ran::of(&mut record(&env, &env.repo, &bundle(&env, "first"))).ok();
    let start = Instant::now();
    Ran::of(&mut record(&env, &env.repo, &bundle(&env, "second"))).ok();
    // A debug build on a busy machine takes longer than the 8 ms of a release.
    let longest = start.elapsed().max(Duration::from_millis(8)) * 3 / 2;
    eprintln!("seed {seed}, up to {longest:?}");
    let (mut acknowledged, mut killed) = (vec!["first".to_owned(), "second".to_owned()], 0);
    let lock = env.repo.join(".git/refs/agentv/runs/v1.lock");
    for n in 0..size(40, 300) {
        let name = format!("n-{n}");
        let mut command = record(&env, &env.repo, &bundle(&env, &name));
        let mut child = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The moment of the kill is the subject here; nothing waits for anything by this.
        std::thread::sleep(Duration::from_micros(random.below(longest.as_micros() as u64)));
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        if child.wait().unwrap().success() {
            acknowledged.push(name);
        } else {
            killed += 1;
        }
        if lock.exists() {
            // Whoever comes next gets over it, but needs longer for that than we let the others live.
            let name = format!("after-lock-{n}");
            Ran::of(&mut record(&env, &env.repo, &bundle(&env, &name))).ok();
            assert!(!lock.exists());
            acknowledged.push(name);
        }
    }
    eprintln!("{} acknowledged, {killed} killed; left over: {:#?}", acknowledged.len(), useless(&env));
    assert!(killed > 0);
    let there = names(&env);
    let lost: Vec<_> = acknowledged.iter().filter(|name| !there.contains(*name)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    env.fsck();
    let said = Ran::of(&mut record(&env, &env.repo, &bundle(&env, "next"))).ok();
    assert!(said.starts_with("recorded "), "{said}");

    // What the killed ones left goes, some time later.
    a_day_passes(&env);
    for n in 0..32 {
        Ran::of(&mut record(&env, &env.repo, &bundle(&env, &format!("later-{n}")))).ok();
    }
    env.git(["gc", "--quiet", "--prune=now"]).ok();
    assert_eq!(useless(&env), Vec::<std::path::PathBuf>::new());
    assert_eq!(names(&env).len(), there.len() + 33);
    env.fsck();
}

/// Each state that a killed writer can leave its pack in, and a pack that somebody else wants to keep.
#[test]
fn keep_files_of_the_killed_go() {
    let env = TestEnv::new();
    for n in 0..4 {
        Ran::of(&mut record(&env, &env.repo, &bundle(&env, &format!("n-{n}")))).ok();
    }
    let packs = super::packs(&env);
    let link = |n: usize| std::fs::hard_link(packs[n].with_extension("pack"), packs[n].with_extension("keep")).unwrap();
    link(0);
    std::fs::write(packs[1].with_extension("keep"), "agentv\n").unwrap();
    let theirs = packs[2].with_extension("keep");
    std::fs::write(&theirs, "fetch-pack 1 on elsewhere\n").unwrap();
    let dir = packs[0].parent().unwrap();
    let never = dir.join(format!("pack-{}.pack", "1".repeat(40)));
    std::fs::copy(packs[0].with_extension("pack"), &never).unwrap();
    std::fs::hard_link(&never, never.with_extension("keep")).unwrap();
    a_day_passes(&env);
    // This one is of now.
    link(3);
    std::fs::File::open(packs[3].with_extension("pack")).unwrap().set_modified(SystemTime::now()).unwrap();
    let young = packs[3].with_extension("keep");
    for n in 4..19 {
        Ran::of(&mut record(&env, &env.repo, &bundle(&env, &format!("n-{n}")))).ok();
    }
    let mut left = useless(&env);
    left.sort();
    let mut right = vec![theirs, young];
    right.sort();
    assert_eq!(left, right);
    assert!(packs[2].exists() && packs[3].exists(), "what is kept stays");
    assert!(super::packs(&env).len() < 19, "and the others are rolled up without them");
    assert_eq!(names(&env).len(), 19);
    env.fsck();
}
