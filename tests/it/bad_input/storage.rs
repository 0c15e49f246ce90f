//! A repository that can't be written to, and a disk that is full.

use std::path::{Path, PathBuf};

use super::{Before, tip};
use crate::env::TestEnv;

/// A mount that ends with the test.
struct Mount(PathBuf);

impl Mount {
    /// Mounts with `mount <args> <dir>`; none, and the reason printed, where that is not allowed.
    fn new(env: &TestEnv, args: &[&str], dir: &Path) -> Option<Self> {
        std::fs::create_dir_all(dir).unwrap();
        let ran = env.run("mount", env.root(), [args, &[dir.to_str().unwrap()]].concat());
        if ran.code != 0 {
            eprintln!("skipped: mounting is not allowed here: {}", ran.stderr.trim());
            return None;
        }
        Some(Self(dir.to_owned()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let ended = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(std::thread::panicking() || ended.is_ok_and(|status| status.success()), "cannot unmount");
    }
}

#[test]
fn a_read_only_repository() {
    let env = TestEnv::new();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    std::fs::write(env.repo.join("code"), "x\n").unwrap();
    env.git(["add", "code"]).ok();
    let outside = env.root().join("bundle");
    crate::env::write_small_bundle(&outside, "other", "2026-07-04T10:00:00.000Z");
    env.agentv(["reindex"]).ok();
    let before = Before::of(&env);
    let git_dir = env.repo.join(".git");
    let Some(mount) = Mount::new(&env, &["--bind", git_dir.to_str().unwrap()], &git_dir) else { return };
    env.run("mount", env.root(), ["-o", "remount,ro,bind", git_dir.to_str().unwrap()]).ok();
    assert_eq!(env.runs(), before.rows, "reading works");
    env.agentv(["show"]).ok();
    env.agentv(["status"]).ok();
    for args in [&["record", "../bundle"][..], &["tag", "@{0}", "+x"], &["delete", "@{0}"]] {
        let said = env.agentv(args).fails(128);
        assert!(said.starts_with("error: cannot write an object in "), "{args:?}: {said}");
        assert!(said.to_lowercase().contains("read-only file system"), "{args:?}: {said}");
        assert!(said.contains("hint: nothing was recorded; check permissions and free space"), "{said}");
    }
    for args in [&["reindex", "--repo", ".", "--branch", "refs/agentv/runs/v1"][..], &["reindex"]] {
        let said = env.agentv(args).fails(128);
        assert!(said.to_lowercase().contains("read-only file system"), "{args:?}: {said}");
    }
    env.agentv(["reindex", "--repo", ".", "--branch", "refs/agentv/runs/v1", "--check"]).fails(1);
    env.agentv(["reindex", "--check"]).ok();
    let said = env.agentv(["run", "--", "touch", "../ran"]).fails(128);
    assert!(said.contains("cannot write to '") && said.to_lowercase().contains("read-only"), "{said}");
    assert!(!env.root().join("ran").exists(), "a command whose results could not be kept is not run");
    let again = env.agentv(["record", ".agentv/results/small-1"]).ok();
    assert!(again.starts_with("already recorded"), "nothing needs to be written for that: {again}");
    drop(mount);
    before.still_holds(&env);
}

/// With no projection, with one that is behind, and with one that is garbage, queries are answered.
fn queries_are_answered(env: &TestEnv, runs: usize) {
    let count = env.agentv(["list", "small", "--count"]);
    assert_eq!((count.code, count.stdout.as_str()), (0, format!("{runs}\n").as_str()), "{count:?}");
    let sorted = env.agentv(["list", "--sort", "run_id", "--format", "json"]).json();
    assert_eq!(sorted["runs"].as_array().unwrap().len(), runs);
    assert_eq!(env.agentv(["list", "case:only", "--count"]).ok(), format!("{runs}\n"), "cases are read each time");
}

#[test]
fn queries_on_a_read_only_disk() {
    for state in ["no projection", "one that is behind", "garbage"] {
        let env = TestEnv::new();
        env.small_bundle(1);
        env.agentv(["record"]).ok();
        let file = env.repo.join(".git/agentv/index-v4.sqlite");
        match state {
            "one that is behind" => drop(env.agentv(["list", "--count", "small"]).ok()),
            "garbage" => std::fs::write(&file, "garbage ".repeat(1000)).unwrap(),
            _ => {}
        }
        env.small_bundle(2);
        env.agentv(["record"]).ok();
        let before = std::fs::read(&file).ok();
        let git_dir = env.repo.join(".git");
        let Some(mount) = Mount::new(&env, &["--bind", git_dir.to_str().unwrap()], &git_dir) else { return };
        env.run("mount", env.root(), ["-o", "remount,ro,bind", git_dir.to_str().unwrap()]).ok();
        queries_are_answered(&env, 2);
        assert_eq!(std::fs::read(&file).ok(), before, "{state}");
        drop(mount);
        queries_are_answered(&env, 2);
    }
}

#[test]
fn queries_on_a_full_disk() {
    for (state, room) in [("no projection", 0), ("no projection", 20 << 10), ("one that is behind", 0)] {
        let Some((env, mount)) = on_a_small_disk("4m") else { return };
        env.small_bundle(1);
        env.agentv(["record"]).ok();
        if state == "one that is behind" {
            env.agentv(["list", "--count", "small"]).ok();
        }
        env.small_bundle(2);
        env.agentv(["record"]).ok();
        let filler = fill(&env, room);
        queries_are_answered(&env, 2);
        std::fs::remove_file(filler).unwrap();
        queries_are_answered(&env, 2);
        super::nothing_left_over(&env);
        assert!(env.agentv(["fsck"]).ok().contains("no problems"), "{state}, room {room}");
        drop(mount);
    }
}

/// A repository on a disk of its own of `size`.
fn on_a_small_disk(size: &str) -> Option<(TestEnv, Mount)> {
    let mut env = TestEnv::without_repo();
    let disk = env.root().join("disk");
    let mount = Mount::new(&env, &["-t", "tmpfs", "-o", &format!("size={size},mode=755"), "tmpfs"], &disk)?;
    env.repo = disk.join("repo");
    env.git_in(&disk, ["init", "-q", "repo"]).ok();
    env.git(["commit", "-q", "--allow-empty", "-m", "first"]).ok();
    Some((env, mount))
}

/// Fills the disk up to the last `room` bytes.
fn fill(env: &TestEnv, room: u64) -> PathBuf {
    let path = env.repo.join("filler");
    let mut file = std::fs::File::create(&path).unwrap();
    while std::io::Write::write_all(&mut file, &[b'x'; 4096]).is_ok() {}
    let len = file.metadata().unwrap().len();
    file.set_len(len.saturating_sub(room)).unwrap();
    path
}

#[test]
fn a_full_disk() {
    // How much room is left decides where the writing stops: objects, pack, ref.
    for room in [0, 4 << 10, 16 << 10, 32 << 10, 64 << 10] {
        let Some((env, mount)) = on_a_small_disk("4m") else { return };
        env.small_bundle(1);
        env.agentv(["record"]).ok();
        // Outside the disk: bytes that don't compress, so that they need the room.
        let bundle = env.root().join("bundle");
        crate::env::write_small_bundle(&bundle, "big", "2026-07-04T10:00:00.000Z");
        for n in 0..20_u8 {
            std::fs::write(bundle.join(format!("only/{n}.bin")), noise(n, 10 << 10)).unwrap();
        }
        let before = Before::of(&env);
        let filler = fill(&env, room);
        let said = env.agentv(["record", bundle.to_str().unwrap()]).fails(128);
        assert!(said.starts_with("error: ") && said.contains("No space left on device"), "room {room}: {said}");
        assert_eq!(tip(&env), before.tip, "room {room}");
        assert_eq!(env.runs(), before.rows, "room {room}");
        std::fs::remove_file(filler).unwrap();
        assert!(env.agentv(["record", bundle.to_str().unwrap()]).ok().starts_with("recorded "), "room {room}");
        env.agentv(["export", "big", "../../out"]).ok();
        assert_eq!(crate::env::read_dir(&env.root().join("out")), crate::env::read_dir(&bundle));
        super::nothing_left_over(&env);
        env.fsck();
        drop(mount);
    }
}

#[test]
fn a_full_disk_under_a_pack() {
    let Some((env, mount)) = on_a_small_disk("16m") else { return };
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    let bundle = env.root().join("bundle");
    crate::env::write_small_bundle(&bundle, "many", "2026-07-04T10:00:00.000Z");
    for n in 0..600_u32 {
        std::fs::write(bundle.join(format!("only/{n}.bin")), noise(n as u8, 4096 + n as usize)).unwrap();
    }
    let before = Before::of(&env);
    // Enough for a part of the pack.
    for room in [1 << 20, 2 << 20] {
        let filler = fill(&env, room);
        let said = env.agentv(["record", bundle.to_str().unwrap()]).fails(128);
        assert!(said.starts_with("error: ") && said.contains("No space left on device"), "room {room}: {said}");
        assert_eq!(tip(&env), before.tip);
        std::fs::remove_file(filler).unwrap();
    }
    env.git(["prune", "--expire=now"]).ok();
    super::walk(&env.repo.join(".git/objects"), &mut |path| {
        assert!(!path.file_name().unwrap().to_string_lossy().contains("tmp"), "git does not clean {}", path.display());
    });
    before.still_holds(&env);
    drop(mount);
}

/// Bytes that do not compress, always the same.
fn noise(seed: u8, len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ (u64::from(seed) << 32 | len as u64);
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(len)
    .collect()
}
