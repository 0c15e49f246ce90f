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
