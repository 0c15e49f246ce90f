//! Signed commits, for who sets `agentv.sign`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::env::TestEnv;

const RUNS: &str = "refs/agentv/runs/v1";

/// A key of ssh, and git told to sign by it. None, and why printed, where there is no ssh-keygen.
fn with_ssh_key(env: &TestEnv) -> bool {
    let key = env.root().join("key");
    let mut command = env.command("ssh-keygen", env.root());
    let made = command.args(["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no ssh-keygen here");
        return false;
    }
    let public = std::fs::read_to_string(env.root().join("key.pub")).unwrap();
    std::fs::write(env.root().join("signers"), format!("ada@example.com {public}")).unwrap();
    for (name, value) in [
        ("gpg.format", "ssh".to_owned()),
        ("user.signingKey", key.display().to_string()),
        ("gpg.ssh.allowedSignersFile", env.root().join("signers").display().to_string()),
    ] {
        env.git_in(env.root(), ["config", "--global", name, &value]).ok();
    }
    true
}

fn set(env: &TestEnv, name: &str, value: &str) {
    env.git_in(env.root(), ["config", "--global", name, value]).ok();
}

/// Whether each commit of the runs of `dir` has a good signature.
fn signed(env: &TestEnv, dir: &Path) -> Vec<bool> {
    let commits = env.git_in(dir, ["rev-list", RUNS]).ok();
    commits.lines().map(|commit| env.git_in(dir, ["verify-commit", commit]).code == 0).collect()
}

#[test]
fn all_that_is_written_is_signed() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::with_init(&[&format!("--object-format={format}")]);
        if !with_ssh_key(&env) {
            return;
        }
        // Commits of the user are another matter.
        set(&env, "commit.gpgSign", "true");
        env.agentv(["record", env.small_bundle(1).to_str().unwrap()]).ok();
        assert_eq!(signed(&env, &env.repo), [false]);
        set(&env, "agentv.sign", "true");
        env.agentv(["record", env.small_bundle(2).to_str().unwrap()]).ok();
        env.agentv(["tag", "@{0}", "+good"]).ok();
        assert_eq!(signed(&env, &env.repo), [true, true, false]);
        // A merge, and what a seal leaves.
        let other = env.root().join("other");
        env.git_in(env.root(), ["init", "-q", &format!("--object-format={format}"), "other"]).ok();
        env.git_in(&other, ["remote", "add", "origin", env.repo.to_str().unwrap()]).ok();
        let args =
            ["record", env.small_bundle(3).to_str().unwrap(), env.small_bundle(4).to_str().unwrap()].map(str::to_owned);
        env.agentv_in(&other, args).ok();
        env.agentv_in(&other, ["pull"]).ok();
        assert_eq!(env.git_in(&other, ["log", "-1", "--format=%p", RUNS]).ok().split(' ').count(), 2);
        assert_eq!(signed(&env, &other).iter().filter(|good| !**good).count(), 1);
        let log = env.git_in(&other, ["log", "-1", "--show-signature", RUNS]).ok();
        assert!(log.contains("Good \"git\" signature for ada@example.com"), "{log}");
        set(&env, "agentv.window", "1");
        env.agentv_in(&other, ["record", env.small_bundle(5).to_str().unwrap()]).ok();
        assert_eq!(signed(&env, &other).iter().filter(|good| !**good).count(), 1);
        let said = env.agentv_in(&other, ["fsck"]);
        assert!(said.stdout.contains("no problems"), "{said:?}");
        env.fsck_in(&other);
        let list = env.agentv_in(&other, ["list", "-n", "0", "--format", "json"]).json();
        assert_eq!(list["runs"].as_array().unwrap().len(), 5);
    }
}

/// A program in the place of gpg.
fn stand_in(env: &TestEnv, text: &str) -> PathBuf {
    let path = env.root().join("my-gpg");
    std::fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn programs_that_speak_like_gpg() {
    let env = TestEnv::new();
    let log = env.root().join("log");
    let text = format!(
        "echo \"$0 $*\" >>'{0}'; cat >>'{0}'; echo '[GNUPG:] SIG_CREATED D' >&2\nprintf -- '-----BEGIN X-----\\r\\n\\r\\nabc\\n-----END X-----\\n'\n",
        log.display()
    );
    let program = stand_in(&env, &text);
    set(&env, "agentv.sign", "true");
    for (format, key, setting) in [
        ("openpgp", None, "gpg.program"),
        ("openpgp", Some("0xABCD"), "gpg.openpgp.program"),
        ("x509", Some("ada"), "gpg.x509.program"),
    ] {
        set(&env, "gpg.format", format);
        set(&env, setting, program.to_str().unwrap());
        if let Some(key) = key {
            set(&env, "user.signingKey", key);
        }
        let _ = std::fs::remove_file(&log);
        env.agentv(["record", env.small_bundle(setting.len() as u32).to_str().unwrap()]).ok();
        let said = std::fs::read_to_string(&log).unwrap();
        let key = key.unwrap_or("Ada Tester <ada@example.com>");
        assert!(said.starts_with(&format!("{} --status-fd=2 -bsau {key}\ntree ", program.display())), "{said}");
        let commit = env.git(["cat-file", "commit", RUNS]).ok();
        assert!(commit.contains("\ngpgsig -----BEGIN X-----\n \n abc\n -----END X-----\n\nrun "), "{commit}");
        // What was signed is the commit without its signature.
        assert!(said.ends_with(&commit[commit.find("\n\nrun ").unwrap() + 2..]), "{said}");
    }
    env.fsck();
}

#[test]
fn a_program_that_fails_loses_nothing() {
    let env = TestEnv::new();
    env.agentv(["record", env.small_bundle(1).to_str().unwrap()]).ok();
    set(&env, "agentv.sign", "true");
    set(&env, "agentv.signTimeout", "1");
    let tip = env.git(["rev-parse", RUNS]).ok();
    let bundle = env.small_bundle(2);
    let cases = [
        ("echo 'gpg: no secret key' >&2; exit 2\n", "no secret key"),
        ("cat >/dev/null\n", "it failed and did not say why"),
        ("exec tail -f /dev/null\n", "it took more than 1 seconds"),
        ("tail -f /dev/null & wait\n", "it took more than 1 seconds"),
    ];
    let fails = |args: &[&str], words: &str| {
        let said = env.agentv(args).fails(128);
        assert!(said.contains("cannot sign the commit with '") && said.contains(words), "{said}");
        assert!(said.contains("hint: nothing was written"), "{said}");
        assert_eq!(env.git(["rev-parse", RUNS]).ok(), tip);
        env.fsck();
    };
    for (text, words) in cases {
        set(&env, "gpg.program", stand_in(&env, text).to_str().unwrap());
        fails(&["record", bundle.to_str().unwrap()], words);
        fails(&["tag", "@{0}", "+x"], words);
    }
    set(&env, "gpg.program", "/nowhere/gpg");
    fails(&["record", bundle.to_str().unwrap()], "No such file");
    set(&env, "gpg.format", "ssh");
    fails(&["record", bundle.to_str().unwrap()], "neither user.signingKey nor gpg.ssh.defaultKeyCommand");
    set(&env, "gpg.format", "pigeon");
    let said = env.agentv(["record", bundle.to_str().unwrap()]).fails(128);
    assert!(said.contains("gpg.format") && said.contains("pigeon"), "{said}");
    // The bundle is where it was.
    set(&env, "agentv.sign", "false");
    env.agentv(["record", bundle.to_str().unwrap()]).ok();
    assert_eq!(env.runs().len(), 2);
}

/// A merge in the middle of a sync.
#[test]
fn a_sync_that_cannot_sign_completes_later() {
    let env = TestEnv::new();
    let hub = env.root().join("hub.git");
    env.git_in(env.root(), ["init", "-q", "--bare", "hub.git"]).ok();
    let other = env.root().join("other");
    env.git_in(env.root(), ["init", "-q", "other"]).ok();
    for (dir, bundle) in [(&other, env.small_bundle(1)), (&env.repo, env.small_bundle(2))] {
        env.git_in(dir, ["remote", "add", "origin", hub.to_str().unwrap()]).ok();
        env.agentv_in(dir, ["record", bundle.to_str().unwrap()]).ok();
    }
    env.agentv_in(&other, ["sync", "--yes"]).ok();
    set(&env, "agentv.sign", "true");
    set(&env, "gpg.program", stand_in(&env, "echo no >&2; exit 1\n").to_str().unwrap());
    let said = env.agentv(["sync", "--yes"]).fails(128);
    assert!(said.contains("cannot sign the commit"), "{said}");
    assert_eq!(env.runs().len(), 1);
    set(&env, "agentv.sign", "false");
    env.agentv(["sync", "--yes"]).ok();
    assert_eq!(env.runs().len(), 2);
}
