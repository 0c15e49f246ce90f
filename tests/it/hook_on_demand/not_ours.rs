//! Where it cannot be put in place no run is named when an editor opens: a commit with nothing but our trailer is worse.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{EMPTY, LEAVES, TYPES, commit, hook, last, record, with_run};
use crate::env::{Ran, TestEnv};

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// What the hooks have noted about their failures.
fn log(env: &TestEnv) -> String {
    std::fs::read_to_string(env.repo.join(".git/agentv/hook.log")).unwrap_or_default()
}

/// An editor names no run, and abandons a commit as ever; `-m` names it.
#[track_caller]
fn only_without_an_editor(env: &TestEnv) {
    assert_eq!(commit(env, &env.repo, LEAVES, &[]).fails(1), EMPTY);
    commit(env, &env.repo, TYPES, &[]).ok();
    assert_eq!(last(env, &env.repo), ("typed".into(), 0));
    assert!(log(env).contains("does not call git agentv"), "{}", log(env));
    assert!(!env.repo.join(".git/agentv/template").exists());
    record(env, &env.repo, 2);
    env.git(["commit", "-q", "--allow-empty", "-m", "plain"]).ok();
    assert_eq!(last(env, &env.repo), ("plain".into(), 1));
}

#[test]
fn a_hook_that_the_user_has_made_since_stays_and_runs() {
    for text in [
        "#!/bin/sh\necho theirs >>.git/theirs\n",
        "#!/usr/bin/env python3\nopen('.git/theirs', 'a').write('theirs\\n')\n",
    ] {
        let env = with_run();
        write(&hook(&env), text, 0o755);
        only_without_an_editor(&env);
        assert_eq!(std::fs::read_to_string(hook(&env)).unwrap(), text);
        assert_eq!(std::fs::read_to_string(env.repo.join(".git/theirs")).unwrap(), "theirs\n".repeat(3));
        let status = env.agentv(["hooks", "status"]);
        assert_eq!(status.code, 1);
        assert!(status.stdout.contains("another hook, which does not call us"), "{status:?}");
        // Installing again is all it takes.
        env.agentv(["hooks", "install"]).ok();
        record(&env, &env.repo, 3);
        assert_eq!(commit(&env, &env.repo, LEAVES, &[]).fails(1), EMPTY);
        commit(&env, &env.repo, TYPES, &[]).ok();
        assert_eq!(last(&env, &env.repo), ("typed".into(), 1));
        env.agentv(["hooks", "uninstall"]).ok();
        assert_eq!(std::fs::read_to_string(hook(&env)).unwrap(), text);
    }
}

/// Also if that happens while the editor is open.
#[test]
fn a_hook_that_replaces_ours_stays() {
    let env = with_run();
    let theirs = env.root().join("theirs");
    write(&theirs, "#!/bin/sh\ngrep -q typed \"$1\"\n", 0o755);
    let editor = format!("mv '{}' .git/hooks/commit-msg; {TYPES}", theirs.display());
    commit(&env, &env.repo, &editor, &[]).ok();
    assert_eq!(last(&env, &env.repo), ("typed".into(), 1));
    assert_eq!(std::fs::read_to_string(hook(&env)).unwrap(), "#!/bin/sh\ngrep -q typed \"$1\"\n");
}

#[test]
fn a_hook_that_git_skips_looks_at_nothing() {
    let env = with_run();
    env.git(["config", "advice.ignoredHook", "false"]).ok();
    write(&hook(&env), git_agentv::hooks::install::on_demand_script(), 0o644);
    only_without_an_editor(&env);
}

#[test]
fn things_in_the_way() {
    let env = with_run();
    std::os::unix::fs::symlink("nowhere", hook(&env)).unwrap();
    only_without_an_editor(&env);
    assert!(hook(&env).is_symlink());
}

/// Where nobody but this repository looks, our own may come and go; elsewhere not.
#[test]
fn a_directory_that_is_not_the_repository_s_own() {
    for name in ["outside", "repo/hooks"] {
        let env = with_run();
        let dir = env.root().join(name);
        write(&dir.join("prepare-commit-msg"), "#!/bin/sh\ngit-agentv hook prepare-commit-msg \"$@\"\n", 0o755);
        env.git(["config", "core.hooksPath", dir.to_str().unwrap()]).ok();
        only_without_an_editor(&env);
        assert!(!dir.join("commit-msg").exists());
        let status = env.agentv(["hooks", "status", "--format", "json"]);
        assert!(status.code == 1 && status.stdout.contains("\"state\": \"missing\""), "{status:?}");
        env.agentv(["hooks", "install"]).ok();
        assert!(dir.join("commit-msg").exists(), "it is there all the time");
        record(&env, &env.repo, 3);
        assert_eq!(commit(&env, &env.repo, LEAVES, &[]).fails(1), EMPTY);
        commit(&env, &env.repo, TYPES, &[]).ok();
        assert_eq!(last(&env, &env.repo), ("typed".into(), 1));
        assert!(dir.join("commit-msg").exists());
    }
}

/// root may write anywhere, unless that right is given away before.
#[test]
fn a_directory_that_cannot_be_written_to() {
    let env = with_run();
    let dir = env.repo.join(".git/hooks");
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o555)).unwrap();
    let may = |command: &[&str]| Ran::of(env.command(command[0], &env.repo).args(&command[1..])).code == 0;
    let probe = [".git/hooks/probe"];
    let drop = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"];
    let prefix: &[&str] = if !may(&[&["touch"], &probe[..]].concat()) {
        &[]
    } else if env.command("setpriv", &env.repo).arg("--version").output().is_ok()
        && may(&[&drop, &["true"][..]].concat())
        && !may(&[&drop, &["touch", ".git/hooks/probe2"][..]].concat())
    {
        &drop
    } else {
        eprintln!("skipped: this user may write anywhere, and cannot give that right away");
        return;
    };
    let run = |editor: &str, args: &[&str]| {
        let words = [prefix, &["git", "commit", "-q", "--allow-empty"], args].concat();
        Ran::of(env.command(words[0], &env.repo).args(&words[1..]).env("GIT_EDITOR", editor))
    };
    assert_eq!(run(LEAVES, &[]).fails(1), EMPTY);
    run(TYPES, &[]).ok();
    assert_eq!(last(&env, &env.repo), ("typed".into(), 0));
    assert!(log(&env).contains("does not call git agentv"), "{}", log(&env));
    let words = [prefix, &["git", "agentv", "hooks", "status"]].concat();
    let status = Ran::of(env.command(words[0], &env.repo).args(&words[1..]));
    assert!(status.code == 1 && status.stdout.contains("commit-msg         missing"), "{status:?}");
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    record(&env, &env.repo, 2);
    run(TYPES, &[]).ok();
    assert_eq!(last(&env, &env.repo), ("typed".into(), 1));
}
