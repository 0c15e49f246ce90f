//! Files that are many, large, strange or not to be read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{nothing_left_over, sh, with_a_run};
use crate::env::{Ran, TestEnv, bin_dir, read_dir};

#[test]
fn two_hundred_megabytes() {
    let (env, _) = with_a_run();
    let bundle = env.small_bundle(2);
    let size = 200 << 20;
    // A sparse file; some bytes in the middle and at the end tell whether it came back right.
    let large = std::fs::File::create(bundle.join("large.bin")).unwrap();
    large.set_len(size).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&large, b"middle", size / 2).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&large, b"end", size - 3).unwrap();
    let peak = env.root().join("peak");
    let program = bin_dir().join("git-agentv");
    let ran = if Path::new("/usr/bin/time").exists() {
        let mut time = env.command("/usr/bin/time", &env.repo);
        Ran::of(time.args(["-f", "%M", "-o"]).arg(&peak).arg(&program).args(["record", ".agentv/results/small-2"]))
    } else {
        eprintln!("skipped: without /usr/bin/time the peak of memory is not looked at");
        Ran::of(env.command(&program, &env.repo).args(["record", ".agentv/results/small-2"]))
    };
    assert!(ran.ok().starts_with("recorded "));
    if let Ok(kib) = std::fs::read_to_string(&peak) {
        let kib: u64 = kib.trim().parse().unwrap();
        assert!(kib < 160 * 1024, "{kib} KiB for a file of {} KiB", size / 1024);
    }
    let row = env.agentv(["show", "small-2", "--format", "json"]).json();
    assert_eq!(row["manifest"]["files"]["split"], serde_json::json!(["large.bin"]));
    let largest = sh(&env, "git cat-file --batch-all-objects --batch-check='%(objectsize)' | sort -n | tail -1").ok();
    assert!(largest.trim().parse::<u64>().unwrap() <= 45 << 20, "no host refuses it: {largest}");
    assert_eq!(sh(&env, "git agentv cat small-2 large.bin | cmp - .agentv/results/small-2/large.bin").ok(), "");
    env.fsck();
}

#[test]
fn twenty_thousand_files() {
    let (env, before) = with_a_run();
    let bundle = env.small_bundle(2);
    for dir in 0..200 {
        let dir = bundle.join(format!("case-{dir}"));
        std::fs::create_dir(&dir).unwrap();
        for file in 0..100 {
            std::fs::write(dir.join(format!("{file}.txt")), format!("{}/{file}", dir.display())).unwrap();
        }
    }
    let loose = || env.git(["count-objects"]).ok().split(' ').next().unwrap().parse::<u32>().unwrap();
    let loose_before = loose();
    env.agentv(["record"]).ok();
    assert!(loose() - loose_before < 10, "they are in a pack: {} loose objects", loose() - loose_before);
    assert_eq!(env.runs().len(), before.rows.len() + 1);
    let shown = env.agentv(["show", "small-2", "--format", "json"]).json();
    assert_eq!(shown["manifest"]["files"]["count"], 20_003);
    env.agentv(["export", "small-2", "../out"]).ok();
    assert!(sh(&env, "diff -r ../out .agentv/results/small-2").ok().is_empty());
    nothing_left_over(&env);
    env.fsck();
}

#[test]
fn what_cannot_be_stored_is_skipped_and_told() {
    let (env, _) = with_a_run();
    let bundle = env.small_bundle(2);
    let stored = read_dir(&bundle);
    std::fs::write(env.root().join("secret"), "secret\n").unwrap();
    symlink(env.root().join("secret"), bundle.join("out")).unwrap();
    symlink("/", bundle.join("only/root")).unwrap();
    symlink("summary.json", bundle.join("inside")).unwrap();
    symlink("nowhere", bundle.join("dangling")).unwrap();
    symlink(".", bundle.join("loop")).unwrap();
    sh(&env, "mkfifo .agentv/results/small-2/fifo").ok();
    std::os::unix::net::UnixListener::bind(bundle.join("socket")).unwrap();
    std::fs::create_dir_all(bundle.join("workspace/.git/hooks")).unwrap();
    std::fs::write(bundle.join("workspace/.git/config"), "[core]\n").unwrap();
    std::fs::write(bundle.join("new\nline"), "x").unwrap();
    std::fs::write(bundle.join("bell\u{7}"), "x").unwrap();
    let ran = env.agentv(["record", "--format", "json"]);
    assert!(ran.stderr.contains("warning: 10 files of ") && ran.stderr.contains(" not stored: "), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{7}'), "{}", ran.stderr);
    let mut skipped: Vec<String> = serde_json::from_value(ran.json()["recorded"][0]["skipped"].clone()).unwrap();
    skipped.sort();
    assert_eq!(
        skipped,
        [
            "bell\\u{7}: name that git refuses",
            "dangling: symlink",
            "fifo: special file",
            "inside: symlink",
            "loop: symlink",
            "new\\nline: name that git refuses",
            "only/root: symlink",
            "out: symlink",
            "socket: special file",
            "workspace/.git: name that git refuses",
        ]
    );
    env.agentv(["export", "small-2", "../exported"]).ok();
    assert_eq!(read_dir(&env.root().join("exported")), stored, "all else is there");
    let all = sh(&env, "git log --format=%H refs/agentv/runs/v1 | xargs -n1 git ls-tree -r").ok();
    assert!(!all.contains("secret") && !all.contains("120000"), "{all}");
    env.fsck();
}

#[test]
fn names_that_are_not_utf8_come_back_as_they_were() {
    let (env, _) = with_a_run();
    let bundle = env.small_bundle(2);
    for (name, text) in [(&b"caf\xe9.txt"[..], "latin"), (b"\xff\xfe", "bytes"), (" ö\u{200b}\"\\ ".as_bytes(), "odd")]
    {
        std::fs::write(bundle.join(OsStr::from_bytes(name)), text).unwrap();
    }
    std::fs::create_dir(bundle.join(OsStr::from_bytes(b"dir\xe9"))).unwrap();
    std::fs::write(bundle.join(OsStr::from_bytes(b"dir\xe9/f")), "below").unwrap();
    let ran = env.agentv(["record"]);
    assert!(ran.code == 0 && ran.stderr.is_empty(), "{ran:?}");
    env.agentv(["export", "small-2", "../out"]).ok();
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&bundle));
    let mut cat = env.command("git", &env.repo);
    assert_eq!(Ran::of(cat.args(["agentv", "cat", "small-2"]).arg(OsStr::from_bytes(b"caf\xe9.txt"))).ok(), "latin");
    assert!(env.agentv(["record"]).ok().contains("nothing to record"));
    env.fsck();
}

#[test]
fn names_that_are_not_utf8_of_files_in_parts() {
    let (env, _) = with_a_run();
    let bundle = env.small_bundle(2);
    std::fs::write(bundle.join(OsStr::from_bytes(b"caf\xe9.bin")), "0123456789".repeat(500)).unwrap();
    std::fs::write(bundle.join(OsStr::from_bytes(b"caf\xe8.bin")), "9876543210".repeat(500)).unwrap();
    env.git(["-c", "agentv.maxBlobSize=1k", "agentv", "record"]).ok();
    env.agentv(["export", "small-2", "../out"]).ok();
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&bundle));
    env.fsck();
}

#[test]
fn a_file_that_may_not_be_read() {
    let (env, before) = with_a_run();
    let bundle = env.small_bundle(2);
    let closed = bundle.join("only/answer.md");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&closed).is_ok() {
        eprintln!("skipped: root can read any file");
        return;
    }
    let said = env.agentv(["record"]).fails(128);
    assert!(said.contains(&format!("cannot read '{}': ", closed.display())), "{said}");
    assert!(said.contains("check the permissions"), "{said}");
    before.still_holds(&env);
}

/// What root can be refused as well: a file whose reading fails.
#[test]
fn a_file_that_cannot_be_read_to_its_end() {
    let (env, before) = with_a_run();
    // Reading the memory of a process at address 0 fails for everybody.
    let said = env.agentv(["record", "/proc/self/mem", "--name", "n"]);
    if !Path::new("/proc/self/mem").exists() {
        eprintln!("skipped: there is no /proc here");
        return;
    }
    assert_eq!(said.code, 128, "{said:?}");
    assert!(said.stderr.contains("cannot read '/proc/self/mem'"), "{}", said.stderr);
    before.still_holds(&env);
}

#[test]
fn the_same_bundle_through_a_link_is_the_same_run() {
    let (env, before) = with_a_run();
    symlink("small-1", env.repo.join(".agentv/results/latest")).unwrap();
    assert!(env.agentv(["record"]).ok().contains("nothing to record"), "links below results are not followed");
    let named = env.agentv(["record", ".agentv/results/latest"]).ok();
    assert!(named.starts_with("already recorded"), "{named}");
    before.still_holds(&env);
}

#[test]
fn an_empty_file_and_a_deep_path() {
    let env = TestEnv::new();
    let bundle = env.small_bundle(1);
    let deep = bundle.join("d/".repeat(60));
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("empty"), "").unwrap();
    env.agentv(["record"]).ok();
    env.agentv(["export", "@{0}", "../out"]).ok();
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&bundle));
}
