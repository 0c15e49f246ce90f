//! Many clones that push at once: nothing is lost.

use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::*;
use crate::random::Random;

const CLONES: usize = 12;
const RUNS_EACH: usize = 5;

#[test]
fn nothing_is_lost_when_all_push_and_one_is_killed() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let dirs: Vec<PathBuf> = (0..CLONES).map(|n| clone(&env, &format!("c{n}"), &[])).collect();
    std::thread::scope(|scope| {
        for (n, dir) in dirs.iter().enumerate() {
            let env = &env;
            scope.spawn(move || {
                let mut random = Random::new(n as u64);
                for run in 0..RUNS_EACH {
                    record(env, dir, &format!("{n}-{run}"));
                    if n == 0 {
                        let mut command = env.command("git", dir);
                        command.args(["agentv", "sync", "--yes"]).process_group(0);
                        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
                        // The moment of the kill is the subject here; nothing waits for anything by this.
                        std::thread::sleep(Duration::from_millis(random.below(300)));
                        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
                        child.wait().unwrap();
                    } else {
                        sync(env, dir);
                    }
                }
            });
        }
    });
    // What was killed may have left a lock on the remote, which only its owner can remove.
    for lock in ["refs/agentv/runs/v1.lock", "packed-refs.lock"] {
        let _ = std::fs::remove_file(hub.join(lock));
    }
    for dir in &dirs {
        sync(&env, dir);
    }
    let wanted = ids(&env, &hub);
    assert_eq!(wanted.len(), CLONES * RUNS_EACH);
    let refs = env.git_in(&hub, ["for-each-ref", "--format=%(refname)"]).ok();
    assert_eq!(refs, format!("{RUNS}\n"), "no inbox is left");
    for dir in &dirs {
        env.agentv_in(dir, ["pull"]).ok();
        assert_eq!(ids(&env, dir), wanted);
        assert_eq!(tip(&env, dir), tip(&env, &hub));
    }
    whole(&env, &dirs[0]);
    whole(&env, &dirs[CLONES - 1]);
}
