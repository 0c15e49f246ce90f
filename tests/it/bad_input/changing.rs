//! Files that change, vanish or appear while they are read: refused, or
//! recorded as they were at one moment; never a mix.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::{Before, sh, with_a_run};
use crate::env::{Ran, TestEnv};

/// Above what is kept in memory when a bundle is scanned, so that it is read a second time.
const LARGE: usize = 5 << 20;

/// Records the bundle `small-2` again and again while `disturb` runs. Returns how often it was
/// recorded and how often refused; each time `check` sees the recorded content of `large.bin`, if it has one.
fn record_while(env: &TestEnv, disturb: impl Fn(u32) + Sync, check: impl Fn(Option<&[u8]>)) -> (u32, u32) {
    let (stop, turns) = (AtomicBool::new(false), AtomicU32::new(0));
    let (mut recorded, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                disturb(turns.fetch_add(1, Ordering::Relaxed));
            }
        });
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..8 {
                let ran = env.agentv(["record", ".agentv/results/small-2"]);
                if ran.code == 0 {
                    recorded += 1;
                    let id = ran.stdout.split("recorded ").nth(1).unwrap()[..16].to_owned();
                    let cat = env.agentv(["cat", &id, "large.bin"]);
                    assert!(cat.code == 0 || cat.stderr.contains("has no file 'large.bin'"), "{}", cat.stderr);
                    check((cat.code == 0).then_some(&cat.raw));
                } else {
                    refused += 1;
                    refusal(&ran);
                }
            }
        }));
        stop.store(true, Ordering::Relaxed);
        ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    assert!(turns.load(Ordering::Relaxed) > 0, "nothing was disturbed");
    (recorded, refused)
}

/// The only reasons for which a bundle that is being changed may be refused.
#[track_caller]
fn refusal(ran: &Ran) {
    let said = &ran.stderr;
    assert_eq!(ran.code, 128, "{ran:?}");
    assert!(
        said.contains("large.bin' changed while it was being read")
            || said.contains("large.bin' vanished while it was being read"),
        "{said}"
    );
    assert!(said.contains("hint: nothing was recorded; record it again when nothing writes to it"), "{said}");
    assert!(ran.stdout.is_empty(), "{ran:?}");
}

fn prepare(content: &[u8]) -> (TestEnv, Before) {
    let (env, before) = with_a_run();
    std::fs::write(env.small_bundle(2).join("large.bin"), content).unwrap();
    (env, before)
}

fn large(env: &TestEnv) -> std::path::PathBuf {
    env.repo.join(".agentv/results/small-2/large.bin")
}

/// Every run that is listed is whole.
fn all_whole(env: &TestEnv) {
    for row in env.runs() {
        let id = row["id"].as_str().unwrap();
        env.agentv(["export", id, &format!("../out-{id}")]).ok();
    }
    super::nothing_left_over(env);
    env.fsck();
}

#[test]
fn a_file_that_grows() {
    let (env, before) = prepare(&vec![b'x'; LARGE]);
    let file = large(&env);
    let grow = |_| {
        std::fs::File::options().append(true).open(&file).unwrap().write_all(b"more").unwrap();
    };
    let (recorded, refused) = record_while(&env, grow, |content| {
        let content = content.expect("it was there all the time");
        assert!(content[..LARGE].iter().all(|&b| b == b'x') && (content.len() - LARGE).is_multiple_of(4));
        assert!(content[LARGE..].chunks(4).all(|piece| piece == b"more"));
    });
    assert!(refused > 0, "recorded {recorded} times while it grew all the time");
    assert_eq!(env.runs().len() as u32, before.rows.len() as u32 + recorded);
    all_whole(&env);
}

#[test]
fn a_file_that_is_replaced() {
    let (env, _) = prepare(&vec![b'a'; LARGE]);
    let (file, next) = (large(&env), env.root().join("next"));
    let replace = |turn: u32| {
        // The same size, and mostly the same second: only the content differs.
        std::fs::write(&next, vec![[b'a', b'b'][turn as usize % 2]; LARGE]).unwrap();
        std::fs::rename(&next, &file).unwrap();
    };
    record_while(&env, replace, |content| {
        let content = content.expect("it was there all the time");
        assert_eq!(content.len(), LARGE);
        assert!(content.iter().all(|&b| b == content[0]), "a mix of two files was recorded");
    });
    all_whole(&env);
}

#[test]
fn a_file_that_comes_and_goes() {
    let (env, _) = prepare(&vec![b'x'; LARGE]);
    let (file, away) = (large(&env), env.root().join("away"));
    let there = AtomicBool::new(true);
    let come_and_go = |_| {
        let (from, to) = if there.fetch_xor(true, Ordering::Relaxed) { (&file, &away) } else { (&away, &file) };
        std::fs::rename(from, to).unwrap();
    };
    record_while(&env, come_and_go, |content| {
        assert!(content.is_none_or(|content| content == vec![b'x'; LARGE]), "half a file was recorded");
    });
    // With the file and without it are two bundles; each is recorded at most once.
    assert!(env.runs().len() <= 3);
    all_whole(&env);
}

#[test]
fn a_file_that_is_cut_while_it_is_read() {
    let (env, before) = prepare(&vec![b'x'; LARGE]);
    let file = large(&env);
    let cut = |turn: u32| {
        let length = if turn.is_multiple_of(2) { 0 } else { LARGE as u64 };
        std::fs::File::options().write(true).open(&file).unwrap().set_len(length).unwrap();
    };
    record_while(&env, cut, |content| {
        let content = content.expect("it was there all the time");
        assert!(content.is_empty() || content.len() == LARGE, "{} bytes", content.len());
    });
    assert!(env.runs().len() > before.rows.len() || super::tip(&env) == before.tip);
    all_whole(&env);
}

#[test]
fn a_bundle_that_is_removed_is_refused() {
    let (env, before) = with_a_run();
    let dir = env.small_bundle(2);
    std::fs::remove_dir_all(&dir).unwrap();
    let said = env.agentv(["record", ".agentv/results/small-2"]).fails(128);
    assert!(said.contains("there is no such directory"), "{said}");
    assert!(!Path::new(&dir).exists());
    before.still_holds(&env);
}

#[test]
fn a_writer_that_never_comes_does_not_hold_us_up() {
    let (env, _) = with_a_run();
    let bundle = env.small_bundle(2);
    sh(&env, "mkfifo .agentv/results/small-2/only/live.log").ok();
    let ran = env.agentv(["record"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("only/live.log: special file"), "{}", ran.stderr);
    // In the place of a file that a reader needs it is not waited for either.
    std::fs::remove_file(bundle.join("summary.json")).unwrap();
    sh(&env, "mkfifo .agentv/results/small-2/summary.json").ok();
    let said = env.agentv(["record", ".agentv/results/small-2"]).fails(128);
    assert!(said.contains("is incomplete: it has no run summary yet"), "{said}");
}
