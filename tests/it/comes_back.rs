//! What was stored comes back as it was.

use crate::env::{TestEnv, read_dir};

#[test]
fn a_file_in_more_than_ten_thousand_parts() {
    let env = TestEnv::new();
    let dir = env.repo.join("many");
    std::fs::create_dir(&dir).unwrap();
    let content: Vec<u8> = (0..10_050_u32).map(|n| (n * 7 % 251) as u8).collect();
    std::fs::write(dir.join("data.bin"), &content).unwrap();
    env.git(["-c", "agentv.maxBlobSize=1", "agentv", "record", "many", "--name", "many"]).ok();
    env.agentv(["export", "many", "../out"]).ok();
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&dir));
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_file_whose_name_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let env = TestEnv::new();
    let dir = env.repo.join("odd");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join(std::ffi::OsStr::from_bytes(b"caf\xe9")), [7; 3000]).unwrap();
    std::fs::write(dir.join("plain"), [8; 3000]).unwrap();
    env.git(["-c", "agentv.maxBlobSize=1k", "agentv", "record", "odd", "--name", "odd"]).ok();
    env.agentv(["export", "odd", "../out"]).ok();
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&dir));
}

#[test]
fn the_uncommitted_changes_of_a_run_that_was_deleted() {
    let env = TestEnv::new();
    std::fs::write(env.repo.join("code"), "one\n").unwrap();
    env.git(["add", "code"]).ok();
    env.git(["commit", "-q", "-m", "code"]).ok();
    std::fs::write(env.repo.join("code"), "two\n").unwrap();
    let eval = "echo ok > $AGENTV_RESULTS_DIR/log";
    env.git(["-c", "agentv.captureDiff=true", "agentv", "run", "--name", "changed", "--", "sh", "-c", eval]).ok();
    let before = env.runs();
    let diff = env.agentv(["show", "changed", "--diff"]).ok();
    assert!(diff.contains("+two"), "{diff}");
    env.agentv(["delete", "changed"]).ok();
    env.agentv(["delete", "changed"]).ok();
    env.agentv(["restore", "changed"]).ok();
    assert_eq!(env.agentv(["show", "changed", "--diff"]).ok(), diff);
    assert_eq!(env.runs(), before, "its directory is the same tree again");
    env.fsck();
}

#[test]
fn the_exit_code_of_a_command_that_removes_its_results_directory() {
    let env = TestEnv::new();
    let ran = env.agentv(["run", "--", "sh", "-c", "rmdir $AGENTV_RESULTS_DIR; exit 3"]);
    let said = ran.fails(3);
    assert!(said.contains("the command left no run"), "{said}");
}
