//! A sync that is killed at any moment: the next one completes it.

use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::*;
use crate::env::bin_dir;
use crate::no_lost_runs::size;
use crate::random::Random;

#[test]
fn killed_at_random_moments() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    let mut random = Random::new(7);
    let rounds = size(8, 100);
    for round in 0..rounds {
        record(&env, &a, &format!("a-{round}"));
        record(&env, &b, &format!("b-{round}"));
        sync(&env, &b);
        if round % 3 == 0 {
            // So that an inbox is taken in, too.
            env.git_in(&b, ["push", "-q", "origin", &format!("{RUNS}:refs/agentv/inbox/0123abcd")]).ok();
        }
        let mut command = env.command(bin_dir().join("git-agentv"), &a);
        command.args(["sync", "--yes"]).process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // The moment of the kill is the subject here; nothing waits for anything by this.
        std::thread::sleep(Duration::from_millis(random.below(250)));
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        child.wait().unwrap();
        // A lock on the remote only its owner can remove.
        for lock in ["refs/agentv/runs/v1.lock", "packed-refs.lock", "refs/agentv/inbox/0123abcd.lock"] {
            let _ = std::fs::remove_file(hub.join(lock));
        }
        if round % 2 == 0 {
            sync(&env, &a);
        }
    }
    for dir in [&a, &b, &a] {
        sync(&env, dir);
    }
    assert_eq!(ids(&env, &hub).len(), 2 * rounds as usize);
    for dir in [&a, &b, &hub] {
        assert_eq!(list(&env, dir), list(&env, &hub));
        whole(&env, dir);
    }
    assert_eq!(env.git_in(&hub, ["for-each-ref", "--format=%(refname)"]).ok(), format!("{RUNS}\n"));
}

#[test]
fn locks_that_a_killed_sync_left() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    record(&env, &b, "one");
    env.git_in(&b, ["push", "-q", "origin", &format!("{RUNS}:refs/agentv/inbox/0123abcd")]).ok();
    record(&env, &a, "two");
    sync(&env, &a);
    sync(&env, &b);
    record(&env, &b, "three");
    env.git_in(&b, ["push", "-q", "origin", &format!("{RUNS}:refs/agentv/inbox/0123abcd")]).ok();
    env.agentv_in(&a, ["fetch"]).ok();
    sync(&env, &b);
    record(&env, &a, "four");
    // Of the ref that is fetched to, of the inbox that is to be forgotten, of the own runs, and of our own lock.
    for lock in ["remotes/origin/runs/v1.lock", "remotes/origin/inbox/0123abcd.lock", "runs/v1.lock"] {
        std::fs::write(a.join(".git/refs/agentv").join(lock), "").unwrap();
    }
    std::fs::write(a.join(".git/packed-refs.lock"), "").unwrap();
    std::fs::write(a.join(".git/agentv/sync.lock"), "").unwrap();
    let said = sync(&env, &a);
    assert!(said.contains("received 1 run") && said.contains("sent 1 run"), "{said}");
    assert_eq!(ids(&env, &hub).len(), 4);
    whole(&env, &a);
}
