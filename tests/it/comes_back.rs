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
