//! Many readers at once, while runs are recorded by other processes: no error, no stale page, no run twice.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use super::client::Studio;
use crate::env::{TestEnv, write_small_bundle};

/// So many read at once.
const READERS: usize = 64;
/// So many runs are there before.
const BEFORE: u32 = 40;
/// So many come while they read.
const COMING: u32 = 12;

#[test]
fn readers_and_writers_at_once() {
    let env = TestEnv::new();
    for n in 0..BEFORE {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    let studio = Studio::start(&env, &[]);
    let before: BTreeSet<String> = env.runs().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for reader in 0..READERS {
            let (studio, before, done) = (&studio, &before, &done);
            scope.spawn(move || {
                loop {
                    let last = done.load(Ordering::Acquire);
                    let (mut seen, mut cursor, mut total) = (Vec::new(), String::new(), 0);
                    loop {
                        let page = studio.json(&format!("/api/runs?limit=25{cursor}"));
                        total = total.max(page["total"].as_u64().unwrap());
                        seen.extend(
                            page["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()),
                        );
                        let Some(next) = page["next_cursor"].as_str() else { break };
                        cursor = format!("&cursor={next}");
                    }
                    let once: BTreeSet<String> = seen.iter().cloned().collect();
                    assert_eq!(once.len(), seen.len(), "no run twice");
                    assert!(before.is_subset(&once), "no run lost");
                    let id = &seen[reader % seen.len()];
                    assert_eq!(studio.get(&format!("/api/runs/{id}/files/summary.json")).status, 200);
                    if last {
                        assert_eq!(
                            (seen.len() as u64, total),
                            (u64::from(BEFORE + COMING), u64::from(BEFORE + COMING))
                        );
                        return;
                    }
                }
            });
        }
        for n in 0..COMING {
            let dir = env.root().join(format!("coming-{n}"));
            write_small_bundle(&dir, &format!("coming-{n}"), "2026-07-04T11:00:00.000Z");
            env.agentv(["record", dir.to_str().unwrap()]).ok();
            // Who is told that a run was recorded finds it at once.
            assert_eq!(studio.json("/api/runs?limit=1")["total"], BEFORE + n + 1);
            assert_eq!(studio.json(&format!("/api/runs/coming-{n}"))["run"]["run_id"], format!("coming-{n}"));
        }
        done.store(true, Ordering::Release);
    });
}
