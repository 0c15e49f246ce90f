//! Many clones that push at once: nothing is lost.
//!
//! Small by default; `AGENTV_TEST_FULL=1` runs them in full.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::*;
use crate::env::bin_dir;
use crate::no_lost_runs::size;
use crate::random::Random;

/// `git-agentv <args>` in `dir`, without the git around it.
fn direct(env: &TestEnv, dir: &Path, args: &[&str]) -> Command {
    let mut command = env.command(bin_dir().join("git-agentv"), dir);
    command.args(args);
    command
}

/// Starts a command and kills it, and all that it started, at some moment of the next third of a second.
fn kill_at_random(random: &mut Random, command: &mut Command) {
    let mut child = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // The moment of the kill is the subject here; nothing waits for anything by this.
    std::thread::sleep(Duration::from_millis(random.below(300)));
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    child.wait().unwrap();
}

/// What was killed may have left a lock on the remote, which only its owner can remove.
fn unlock(hub: &Path) {
    for lock in ["refs/agentv/runs/v1.lock", "packed-refs.lock"] {
        let _ = std::fs::remove_file(hub.join(lock));
    }
}

/// Fails the test unless all have the same runs, the same rows, and are whole.
fn all_the_same(env: &TestEnv, hub: &Path, dirs: &[PathBuf], runs: usize) {
    let wanted = list(env, hub);
    assert_eq!(wanted["runs"].as_array().unwrap().len(), runs);
    for dir in dirs {
        assert_eq!(list(env, dir), wanted, "{}", dir.display());
        assert_eq!(tip(env, dir), tip(env, hub));
    }
    std::thread::scope(|scope| dirs.iter().for_each(|dir| drop(scope.spawn(|| whole(env, dir)))));
    whole(env, hub);
}

fn refs(env: &TestEnv, hub: &Path) -> String {
    env.git_in(hub, ["for-each-ref", "--format=%(refname)"]).ok()
}

#[test]
fn nothing_is_lost_when_all_push_and_one_is_killed() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let (clones, each) = (12, size(4, 40));
    let dirs: Vec<PathBuf> = (0..clones).map(|n| clone(&env, &format!("c{n}"), &[])).collect();
    std::thread::scope(|scope| {
        for (n, dir) in dirs.iter().enumerate() {
            let env = &env;
            scope.spawn(move || {
                let mut random = Random::new(n as u64);
                for run in 0..each {
                    let bundle = env.root().join(format!("bundles/{n}-{run}"));
                    write_small_bundle(&bundle, &format!("{n}-{run}"), "2026-07-04T10:00:00.000Z");
                    let bundle = bundle.to_str().unwrap();
                    if n == 0 {
                        kill_at_random(&mut random, &mut direct(env, dir, &["record", bundle]));
                    }
                    Ran::of(&mut direct(env, dir, &["record", bundle])).ok();
                    if n == 0 {
                        kill_at_random(&mut random, &mut direct(env, dir, &["sync", "--yes"]));
                    } else {
                        Ran::of(&mut direct(env, dir, &["sync", "--yes"])).ok();
                    }
                }
            });
        }
    });
    unlock(&hub);
    for dir in &dirs {
        sync(&env, dir);
    }
    assert_eq!(refs(&env, &hub), format!("{RUNS}\n"), "no inbox is left");
    for dir in &dirs {
        env.agentv_in(dir, ["pull"]).ok();
    }
    all_the_same(&env, &hub, &dirs, clones * each as usize);
}

#[test]
fn a_hundred_push_in_the_same_second() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let clones = size(16, 100) as usize;
    let dirs: Vec<PathBuf> = (0..clones).map(|n| clone(&env, &format!("c{n}"), &[])).collect();
    for (n, dir) in dirs.iter().enumerate() {
        record(&env, dir, &format!("run-{n}"));
    }
    let start = Barrier::new(clones);
    let took: Vec<(Duration, serde_json::Value)> = std::thread::scope(|scope| {
        let push = |dir| {
            let mut command = direct(&env, dir, &["push", "--yes", "--format", "json"]);
            start.wait();
            let start = Instant::now();
            let report = Ran::of(&mut command).json();
            (start.elapsed(), report)
        };
        let threads: Vec<_> = dirs.iter().map(|dir| scope.spawn(move || push(dir))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let slowest = took.iter().map(|(took, _)| *took).max().unwrap();
    let inboxes = took.iter().filter(|(_, report)| report["inbox"].is_string()).count();
    let attempts: u64 = took.iter().map(|(_, report)| report["attempts"].as_u64().unwrap()).sum();
    println!("{clones} pushes: the slowest took {slowest:?}; {inboxes} into inboxes, {attempts} attempts");
    for (_, report) in &took {
        assert_eq!(report["sent"]["new"].as_u64().unwrap_or(0), 1, "{report}");
    }
    // Whoever comes next has them all.
    let begin = Instant::now();
    sync(&env, &dirs[clones / 2]);
    println!("the sync after it took {:?}", begin.elapsed());
    assert_eq!(ids(&env, &dirs[clones / 2]).len(), clones);
    assert_eq!(refs(&env, &hub), format!("{RUNS}\n"), "no inbox is left");
    for dir in &dirs {
        env.agentv_in(dir, ["pull"]).ok();
    }
    // Those pulled without having runs of their own that the remote lacks.
    all_the_same(&env, &hub, &dirs, clones);
    // On a machine that does nothing else.
    if size(0, 1) == 1 {
        assert!(slowest < Duration::from_secs(30), "{slowest:?}");
    }
}

/// Makes the remote's ref move during each push, so that every race is lost.
fn always_faster(env: &TestEnv, hub: &Path) -> PathBuf {
    let hook = hub.join("hooks/update");
    std::fs::create_dir_all(hub.join("hooks")).unwrap();
    let text = format!(
        "#!/bin/sh\n\
         [ \"$1\" = {RUNS} ] || exit 0\n\
         old=$(git rev-parse {RUNS}) && tree=$(git rev-parse {RUNS}^{{tree}}) || exit 1\n\
         new=$(printf 'seal: 0 runs leave the tree\\n\\nAgentv-Op: seal\\n' | git commit-tree \"$tree\" -p \"$old\")\n\
         git update-ref {RUNS} \"$new\" \"$old\"\n"
    );
    std::fs::write(&hook, text).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let _ = env;
    hook
}

#[test]
fn who_always_loses_leaves_its_runs_in_an_inbox() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let (a, b, c) = (clone(&env, "a", &[]), clone(&env, "b", &[]), clone(&env, "c", &[]));
    record(&env, &a, "one");
    sync(&env, &a);
    let hook = always_faster(&env, &hub);
    for (dir, name) in [(&b, "two"), (&c, "three")] {
        record(&env, dir, name);
        let said = env.agentv_in(dir, ["push", "--yes"]).ok();
        assert!(said.contains("sent 1 run, about ") && said.contains(" into refs/agentv/inbox/"), "{said}");
        assert!(said.contains("others kept being faster"), "{said}");
    }
    // The same clone again, while its inbox still waits.
    record(&env, &b, "four");
    let report = env.agentv_in(&b, ["sync", "--format", "json"]).json();
    assert_eq!(report["sent"]["new"], 1, "what its inbox has needs not be sent again: {report}");
    assert!(report["inbox"].as_str().unwrap().starts_with("refs/agentv/inbox/"), "{report}");
    assert_eq!(refs(&env, &hub).matches("refs/agentv/inbox/").count(), 2);
    // They are seen by whoever only looks.
    let said = env.agentv_in(&a, ["pull"]).ok();
    assert!(said.starts_with("received 3 runs"), "{said}");
    assert_eq!(ids(&env, &a).len(), 4);
    std::fs::remove_file(hook).unwrap();
    let said = sync(&env, &a);
    assert!(said.contains("took in 2 inboxes of origin"), "{said}");
    for dir in [&b, &c] {
        sync(&env, dir);
    }
    assert_eq!(refs(&env, &hub), format!("{RUNS}\n"));
    all_the_same(&env, &hub, &[a, b, c], 4);
}

#[test]
fn a_copy_of_a_clone_has_the_same_inbox() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    record(&env, &b, "base");
    sync(&env, &b);
    let hook = always_faster(&env, &hub);
    record(&env, &a, "one");
    env.agentv_in(&a, ["push", "--yes"]).ok();
    let copy = env.root().join("copy");
    crate::env::copy_dir(&a, &copy);
    for (dir, name) in [(&a, "two"), (&copy, "three"), (&a, "four")] {
        record(&env, dir, name);
        env.agentv_in(dir, ["push"]).ok();
    }
    assert_eq!(refs(&env, &hub).matches("refs/agentv/inbox/").count(), 1);
    std::fs::remove_file(hook).unwrap();
    sync(&env, &b);
    assert_eq!(ids(&env, &b).len(), 5);
    assert_eq!(refs(&env, &hub), format!("{RUNS}\n"));
}

#[test]
fn nothing_but_inboxes() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let (a, b, c) = (clone(&env, "a", &[]), clone(&env, "b", &[]), clone(&env, "c", &[]));
    for (dir, inbox) in [(&a, "0a"), (&b, "0b")] {
        record(&env, dir, inbox);
        env.git_in(dir, ["push", "-q", "origin", &format!("{RUNS}:refs/agentv/inbox/{inbox}")]).ok();
    }
    let said = env.agentv_in(&c, ["sync", "-n"]).ok();
    assert!(said.contains("would have received 2 runs"), "{said}");
    // Who pushes and is alone takes them in, too.
    record(&env, &a, "one more");
    let said = env.agentv_in(&a, ["push", "--yes"]).ok();
    assert!(said.contains("took in 2 inboxes"), "{said}");
    env.git_in(&hub, ["update-ref", "refs/agentv/inbox/0c", RUNS]).ok();
    env.git_in(&hub, ["update-ref", "-d", RUNS]).ok();
    assert!(sync(&env, &c).contains("took in 1 inbox"));
    assert_eq!(ids(&env, &c).len(), 3);
    assert_eq!(ids(&env, &hub).len(), 3);
}
