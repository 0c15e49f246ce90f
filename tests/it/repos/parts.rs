//! Files above `agentv.maxBlobSize`, which are stored in parts.

use std::fmt::Write;

use crate::env::{TestEnv, read_dir, write_small_bundle};

const LIMIT: &str = "agentv.maxBlobSize=1k";

/// A bundle with files around the limit of 1 KiB; one of them executable.
fn bundle(env: &TestEnv) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let dir = env.repo.join(".agentv/results/parts");
    write_small_bundle(&dir, "parts", "2026-07-04T10:00:00.000Z");
    let text = (0..400).fold(String::new(), |mut text, n| {
        writeln!(text, "line {n}").unwrap();
        text
    });
    std::fs::write(dir.join("only/transcript.txt"), &text).unwrap();
    std::fs::write(dir.join("only/exact.bin"), &text.as_bytes()[..1024]).unwrap();
    std::fs::write(dir.join("only/one-more.bin"), &text.as_bytes()[..1025]).unwrap();
    std::fs::write(dir.join("only/tool.sh"), &text.as_bytes()[..3000]).unwrap();
    std::fs::set_permissions(dir.join("only/tool.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn recorded() -> (TestEnv, std::path::PathBuf) {
    let env = TestEnv::new();
    let dir = bundle(&env);
    env.git(["-c", LIMIT, "agentv", "record"]).ok();
    (env, dir)
}

#[test]
fn large_files_come_back_byte_for_byte() {
    use std::os::unix::fs::PermissionsExt;
    let (env, dir) = recorded();
    let blobs = env
        .git(["rev-list", "--objects", "--no-object-names", "--filter=object:type=blob", "refs/agentv/runs/v1"])
        .ok();
    for blob in blobs.lines().filter(|id| !id.is_empty()) {
        let shown = env.git(["cat-file", "-t", blob]).ok();
        let size: u64 = env.git(["cat-file", "-s", blob]).ok().trim().parse().unwrap();
        // run.json is ours and never split.
        let ours = env.git(["cat-file", "-p", blob]).ok().contains("agentv.run.v1");
        assert!(shown.trim() != "blob" || size <= 1024 || ours, "{blob} has {size} bytes");
    }
    let out = env.root().join("out");
    env.agentv(["export", "parts", "../out"]).ok();
    assert_eq!(read_dir(&out), read_dir(&dir));
    let mode = |name: &str| out.join(name).metadata().unwrap().permissions().mode() & 0o111;
    assert_ne!(mode("only/tool.sh"), 0);
    assert_eq!(mode("only/transcript.txt"), 0);
    for name in ["only/transcript.txt", "only/exact.bin", "only/one-more.bin", "only/tool.sh"] {
        assert_eq!(env.agentv(["cat", "parts", name]).raw, std::fs::read(dir.join(name)).unwrap(), "{name}");
    }
    let files = env.agentv(["files", "parts", "--format", "json"]).json();
    for file in files["files"].as_array().unwrap() {
        let meta = dir.join(file["path"].as_str().unwrap()).metadata().unwrap();
        assert_eq!(file["size"], meta.len(), "{file}");
    }
    let manifest = env.agentv(["show", "parts", "--format", "json"]).json()["manifest"].clone();
    let split = serde_json::json!(["only/one-more.bin", "only/tool.sh", "only/transcript.txt"]);
    assert_eq!(manifest["files"]["split"], split);
    env.fsck();
    assert!(env.git(["-c", LIMIT, "agentv", "record"]).ok().contains("nothing to record"));
}

#[test]
fn an_index_in_parts_is_still_read() {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", ".agentv/results/one");
    env.git(["-c", LIMIT, "agentv", "record"]).ok();
    let shown = env.agentv(["show", "--format", "json"]).json();
    assert!(shown["manifest"]["files"]["split"].as_array().unwrap().contains(&".internal/index.jsonl".into()));
    assert_eq!(shown["cases"].as_array().unwrap().len(), 3);
    env.fsck();
}

#[test]
fn a_damaged_part_is_noticed() {
    let (env, _) = recorded();
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    let top = format!("{}/{}", &id[..2], &id[2..]);
    let part = format!("{top}/artifacts/only/transcript.txt/0001");
    // The same size, other content: only the digest tells.
    let content = env.git(["cat-file", "blob", &format!("refs/agentv/runs/v1:{part}")]).ok().replace("line", "lime");
    replace(&env, &part, &content, &id, &top);
    for args in [&["cat", &id, "only/transcript.txt"][..], &["export", &id, "../out"]] {
        let said = env.agentv(args).fails(128);
        assert!(said.contains("is damaged: its parts are not the file that was recorded"), "{said}");
    }
    assert!(!env.root().join("out").exists(), "a damaged export leaves nothing behind");
    assert!(env.agentv(["cat", &id, "only/answer.md"]).ok().contains("answer"), "the other files are whole");
}

/// Commits the run with another content at `path`, by plumbing, with a row that names the changed tree.
fn replace(env: &TestEnv, path: &str, content: &str, id: &str, top: &str) {
    let file = env.root().join("content");
    std::fs::write(&file, content).unwrap();
    let blob = env.git(["hash-object", "-w", file.to_str().unwrap()]).ok();
    let with_index = |args: &[&str]| {
        let mut git = env.command("git", &env.repo);
        crate::env::Ran::of(git.env("GIT_INDEX_FILE", env.root().join("index")).args(args)).ok().trim().to_owned()
    };
    with_index(&["read-tree", "refs/agentv/runs/v1"]);
    with_index(&["update-index", "--cacheinfo", &format!("100644,{},{path}", blob.trim())]);
    let tree = with_index(&["write-tree"]);
    let run = env.git(["rev-parse", &format!("{tree}:{top}")]).ok();
    let old = env.runs()[0]["tree"].as_str().unwrap().to_owned();
    let message = env.git(["log", "-1", "--format=%B", "refs/agentv/runs/v1"]).ok().replace(&old, run.trim());
    let commit = env.git(["commit-tree", &tree, "-m", &message, "-p", "refs/agentv/runs/v1"]).ok();
    env.git(["update-ref", "refs/agentv/runs/v1", commit.trim()]).ok();
    assert_eq!(env.runs()[0]["id"], id);
}

#[test]
fn a_bad_limit_is_told() {
    let env = TestEnv::new();
    env.small_bundle(1);
    for value in ["lots", "-1"] {
        let said = env.git(["-c", &format!("agentv.maxBlobSize={value}"), "agentv", "record"]).fails(128);
        assert!(said.contains("agentv.maxBlobSize") && said.contains(value), "{said}");
    }
    assert!(env.agentv(["record"]).ok().starts_with("recorded "));
}
