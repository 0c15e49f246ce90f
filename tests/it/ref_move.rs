//! A ref of ours that is one plain file is moved without git. Wherever more than that has to happen, git does it.

use std::path::Path;

use crate::env::{Ran, TestEnv, bin_dir};

const REF: &str = "refs/agentv/runs/v1";

/// Runs `git-agentv` in `dir`. Whether it let git move the ref.
#[track_caller]
pub fn asks_git(env: &TestEnv, dir: &Path, args: &[&str]) -> bool {
    let mut command = env.command(bin_dir().join("git-agentv"), dir);
    let ran = Ran::of(command.env("AGENTV_LOG", "debug").args(args));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.is_empty() || ran.stderr.contains("DEBUG"), "{}", ran.stderr);
    ran.stderr.contains("update-ref")
}

/// Whether refs are moved by file here. If not, says why a test is skipped.
pub fn moves_files(env: &TestEnv) -> bool {
    let mut var = env.command("git", &env.repo);
    let path = Ran::of(var.env_remove("GIT_CONFIG_NOSYSTEM").args(["var", "GIT_CONFIG_SYSTEM"])).stdout;
    let path = path.trim();
    let usual = path == "/etc/gitconfig" || (!path.is_empty() && !Path::new(path).exists());
    let can = cfg!(unix) && usual;
    if !can {
        eprintln!("skipped: all refs are moved by git here, its settings are at '{path}'");
    }
    can
}

/// Records a bundle. Whether git moved the ref.
#[track_caller]
fn records_by_git(env: &TestEnv, n: u32) -> bool {
    let bundle = env.small_bundle(n);
    let by_git = asks_git(env, &env.repo, &["record", bundle.to_str().unwrap()]);
    assert_eq!(env.runs().len(), n as usize);
    env.git(["rev-parse", "--verify", REF]).ok();
    assert!(!env.repo.join(".git").join(format!("{REF}.lock")).exists());
    by_git
}

#[test]
fn a_plain_file_is_moved_without_git() {
    let env = TestEnv::new();
    if !moves_files(&env) {
        return;
    }
    assert!(records_by_git(&env, 1), "a new ref may be in the way of others");
    assert!(!records_by_git(&env, 2));
    env.git(["pack-refs", "--all"]).ok();
    assert!(records_by_git(&env, 3), "a packed ref has no file");
    assert!(!records_by_git(&env, 4));
    env.fsck();
}

/// Whatever needs more than a file: how it is brought about, and what must be seen once it is there.
#[test]
#[cfg(unix)]
fn all_else_is_for_git() {
    use std::os::unix::fs::PermissionsExt;
    let hook = |dir: &Path| {
        std::fs::create_dir_all(dir).unwrap();
        let path = dir.join("reference-transaction");
        std::fs::write(&path, "#!/bin/sh\necho \"$1\" >>\"$(git rev-parse --git-common-dir)/called\"\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let called = |env: &TestEnv| std::fs::read_to_string(env.repo.join(".git/called")).unwrap();
    let logged = |env: &TestEnv| env.git(["reflog", "show", REF]).ok();

    let env = TestEnv::new();
    if !moves_files(&env) {
        return;
    }
    assert!(records_by_git(&env, 1));
    let log = env.repo.join(".git/logs").join(REF);
    std::fs::create_dir_all(log.parent().unwrap()).unwrap();
    std::fs::write(&log, "").unwrap();
    assert!(records_by_git(&env, 2), "a ref with a log");
    assert!(logged(&env).contains("agentv: record"));
    std::fs::remove_file(&log).unwrap();
    assert!(!records_by_git(&env, 3));

    env.git(["config", "core.logAllRefUpdates", "always"]).ok();
    assert!(records_by_git(&env, 4), "a log is to be made");
    assert!(logged(&env).contains("agentv: record"));
    env.git(["config", "--unset", "core.logAllRefUpdates"]).ok();
    std::fs::remove_file(&log).unwrap();

    hook(&env.repo.join(".git/hooks"));
    assert!(records_by_git(&env, 5), "a hook is to be called");
    assert!(called(&env).contains("committed"));
    std::fs::remove_file(env.repo.join(".git/hooks/reference-transaction")).unwrap();
    std::fs::remove_file(env.repo.join(".git/called")).unwrap();

    hook(&env.repo.join("my-hooks"));
    env.git(["config", "core.hooksPath", "my-hooks"]).ok();
    assert!(records_by_git(&env, 6), "a hook elsewhere");
    assert!(called(&env).contains("committed"));
    std::fs::remove_file(env.repo.join("my-hooks/reference-transaction")).unwrap();
    assert!(!records_by_git(&env, 7));

    let settings = [("core.fsync", "reference"), ("core.sharedRepository", "group"), ("hook.mine.command", "true")];
    for (n, (key, value)) in (8..).zip(settings) {
        env.git(["config", key, value]).ok();
        assert!(records_by_git(&env, n), "{key}={value}");
        env.git(["config", "--unset", key]).ok();
    }
    assert!(!records_by_git(&env, 11));
    env.fsck();
}

#[test]
fn a_ref_that_somebody_moved_is_built_upon() {
    let env = TestEnv::new();
    if !moves_files(&env) {
        return;
    }
    records_by_git(&env, 1);
    let first = env.git(["rev-parse", REF]).ok();
    assert!(!records_by_git(&env, 2));
    let second = env.git(["rev-parse", REF]).ok();
    // git reads what we wrote as the old value, and the other way round.
    env.git(["update-ref", REF, first.trim(), second.trim()]).ok();
    let bundle = env.small_bundle(3);
    assert!(!asks_git(&env, &env.repo, &["record", bundle.to_str().unwrap()]));
    assert_eq!(env.git(["rev-parse", &format!("{REF}^")]).ok(), first);
    assert_ne!(env.git(["update-ref", REF, first.trim(), second.trim()]).code, 0);
}
