//! Writers while git repacks and prunes.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{all_there, record_together, size};
use crate::env::TestEnv;

#[test]
fn gc_at_the_same_moment() {
    let env = TestEnv::new();
    let (writers, each) = (size(4, 8), size(10, 50));
    let done = AtomicBool::new(false);
    let rounds = std::thread::scope(|scope| {
        let gc = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                for args in [["gc", "--quiet"].as_slice(), &["repack", "-adq"]] {
                    let ran = env.git(args);
                    // git itself may stumble over a pack that was rolled up under its feet; it must not break anything.
                    if ran.code != 0 {
                        eprintln!("git {args:?}: {}", ran.stderr.trim());
                    }
                }
                rounds += 1;
            }
            rounds
        });
        // The other thread must end even if this fails.
        let writing = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            record_together(&env, std::slice::from_ref(&env.repo), writers, each);
        }));
        done.store(true, Ordering::Relaxed);
        if let Err(panic) = writing {
            std::panic::resume_unwind(panic);
        }
        gc.join().unwrap()
    });
    assert!(rounds > 0);
    all_there(&env, writers, each);
    for run in env.runs().iter().step_by(7) {
        env.agentv(["show", run["id"].as_str().unwrap()]).ok();
    }
    env.git(["gc", "--quiet", "--prune=now"]).ok();
    all_there(&env, writers, each);
}
