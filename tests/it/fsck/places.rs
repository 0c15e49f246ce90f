//! Repairs beside other writers, and where nothing can be written.

use super::{Plumbing, RUNS, id, is_clean, problems, world};
use crate::env::{TestEnv, write_small_bundle};

/// A world in which rows and lists are wrong.
fn damaged() -> TestEnv {
    let env = world();
    let (id, p) = (id(&env, 3), Plumbing { env: &env });
    let line = p.line(&id).replace("\"passed\":1", "\"passed\":0");
    let root = p.with(&p.root(), "sealed", None);
    p.commit(&root, &format!("x\n\nAgentv-Run: {id}\nAgentv-Op: overlay\nAgentv-Row: {line}\n"));
    env
}

#[test]
fn a_repair_among_writers_loses_nothing() {
    let env = damaged();
    for n in 20..32 {
        write_small_bundle(
            &env.root().join(format!("more/small-{n}")),
            &format!("small-{n}"),
            "2026-07-04T11:00:00.000Z",
        );
    }
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let env = &env;
            scope.spawn(move || {
                for n in (20..32).filter(|n| n % 3 == writer) {
                    let bundle = env.root().join(format!("more/small-{n}"));
                    env.agentv(["record".as_ref(), bundle.as_os_str()]).ok();
                }
            });
        }
        for _ in 0..2 {
            let env = &env;
            // Where the other one was faster it says so.
            scope.spawn(move || assert!(matches!(env.agentv(["fsck", "--repair"]).code, 0 | 1)));
        }
    });
    env.agentv(["fsck", "--repair"]).ok();
    is_clean(&env, &env.repo);
    assert_eq!(env.runs().len(), 7 + 12);
    env.fsck();
}

#[test]
fn a_repair_that_was_killed_can_be_made_again() {
    let env = damaged();
    let mut tips = Vec::new();
    // Killed at some point, from before it began to after it ended.
    for pause in [0, 2, 5, 10, 15, 20, 30, 60] {
        let mut child = env.command("git-agentv", &env.repo).args(["fsck", "--repair"]).spawn().unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_millis(pause);
        while std::time::Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        env.fsck();
        tips.push(env.git(["rev-parse", RUNS]).ok());
    }
    tips.dedup();
    assert!(tips.len() <= 2, "all or nothing: {tips:?}");
    env.agentv(["fsck", "--repair"]).ok();
    is_clean(&env, &env.repo);
    assert_eq!(env.runs().len(), 7);
}

#[test]
fn where_nothing_can_be_written_problems_are_told_all_the_same() {
    let env = damaged();
    env.agentv(["list", "tag:a"]).ok();
    let before = env.git(["rev-parse", RUNS]).ok();
    let git_dir = env.repo.join(".git");
    let mount = |args: &[&str]| env.run("mount", env.root(), args);
    let path = git_dir.to_str().unwrap();
    let ran = mount(&["--bind", path, path]);
    if ran.code != 0 {
        eprintln!("skipped: mounting is not allowed here: {}", ran.stderr.trim());
        return;
    }
    mount(&["-o", "remount,ro,bind", path]).ok();
    let found = env.agentv(["fsck"]);
    let repair = env.agentv(["fsck", "--repair"]);
    env.run("umount", env.root(), ["-l", path]).ok();
    assert_eq!((found.code, problems(&found).len()), (1, 4), "{found:?}");
    assert_eq!(problems(&repair), problems(&found));
    assert!(repair.code == 128 && repair.stderr.to_lowercase().contains("read-only"), "{repair:?}");
    assert_eq!(env.git(["rev-parse", RUNS]).ok(), before);
    env.agentv(["fsck", "--repair"]).ok();
    is_clean(&env, &env.repo);
}

#[test]
fn more_repairs_than_fit_a_small_pack() {
    let env = TestEnv::new();
    env.git(["config", "agentv.window", "0"]).ok();
    for n in 0..210 {
        write_small_bundle(
            &env.repo.join(format!(".agentv/results/small-{n}")),
            &format!("small-{n}"),
            "2026-07-04T10:00:00.000Z",
        );
    }
    env.agentv(["record"]).ok();
    let before = env.runs();
    // All rows of one commit are wrong, as a merge that went wrong would leave them.
    let rows = before.iter().map(|row| {
        let id = row["id"].as_str().unwrap();
        let line = Plumbing { env: &env }.line(id).replace("\"passed\":1", "\"passed\":0");
        (format!("Agentv-Run: {id}\n"), format!("Agentv-Row: {line}\n"))
    });
    let (named, lines): (String, String) = rows.unzip();
    let p = Plumbing { env: &env };
    p.commit(&p.root(), &format!("x\n\n{named}Agentv-Op: overlay\n{lines}"));
    let found = env.agentv(["fsck"]);
    assert_eq!((found.code, problems(&found).len()), (1, 210), "{}", found.stderr);
    let repaired = env.agentv(["fsck", "--repair"]).ok();
    assert!(repaired.ends_with(": 210 problems, 210 repaired\n"), "{repaired}");
    is_clean(&env, &env.repo);
    assert_eq!(env.runs(), before);
    env.fsck();
}
