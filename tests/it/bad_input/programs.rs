//! A git that is too old or missing, and a user whom git does not know.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::{nothing_left_over, tip, with_a_run};
use crate::env::{Ran, TestEnv, bin_dir};

/// `git-agentv` itself: `git agentv` would put the directory of the real git first.
fn direct(env: &TestEnv) -> Command {
    env.command(bin_dir().join("git-agentv"), &env.repo)
}

/// A directory with a `git` that says it has another version.
fn git_with_version(env: &TestEnv, version: &str) -> std::ffi::OsString {
    let bin = env.root().join(format!("bin-{version}"));
    std::fs::create_dir(&bin).unwrap();
    let real = env.run("sh", env.root(), ["-c", "command -v git"]).ok();
    let script = format!(
        "#!/bin/sh\nfor word; do if [ \"$word\" = version ]; then echo 'git version {version}'; exit; fi; done\nexec '{}' \"$@\"\n",
        real.trim()
    );
    std::fs::write(bin.join("git"), script).unwrap();
    std::fs::set_permissions(bin.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path))).unwrap()
}

#[test]
fn a_git_that_is_too_old() {
    let (env, before) = with_a_run();
    let path = git_with_version(&env, "2.20.1");
    env.small_bundle(2);
    for args in [&["record"][..], &["tag", "@{0}", "+x"], &["delete", "@{0}"]] {
        let said = Ran::of(direct(&env).env("PATH", &path).args(args)).fails(128);
        assert!(said.contains("error: git 2.20 is too old: git agentv needs git 2.38 or newer"), "{args:?}: {said}");
        assert!(said.contains("hint: install a newer git"), "{said}");
    }
    assert_eq!(tip(&env), before.tip);
    nothing_left_over(&env);
    assert_eq!(env.agentv(["record"]).ok().lines().count(), 1, "the answer about one git is not used for another");
    let new_enough = git_with_version(&env, "2.38.0");
    env.small_bundle(3);
    Ran::of(direct(&env).env("PATH", new_enough).arg("record")).ok();
    let strange = git_with_version(&env, "something else");
    env.small_bundle(4);
    let said = Ran::of(direct(&env).env("PATH", strange).arg("record")).fails(128);
    assert!(said.contains("it printed 'git version something else'"), "{said}");
}

#[test]
fn no_git_at_all() {
    let (env, before) = with_a_run();
    env.small_bundle(2);
    let ran = |args: &[&str]| Ran::of(direct(&env).env("PATH", bin_dir()).args(args));
    for args in [&["record"][..], &["run", "--", "/bin/true"], &["tag", "@{0}", "+x"]] {
        let said = ran(args).fails(128);
        assert!(said.contains("error: git is not installed, or not on PATH"), "{args:?}: {said}");
        assert!(said.contains("hint: install git"), "{said}");
    }
    let listed = ran(&["list", "--format", "json"]).json();
    assert_eq!(listed["runs"].as_array().unwrap(), &before.rows, "reading needs no git");
    std::fs::remove_dir_all(env.repo.join(".agentv/results/small-2")).unwrap();
    before.still_holds(&env);
}

#[test]
fn git_does_not_know_who_the_user_is() {
    for known in ["", "[user]\n\tname = Only Name\n", "[user]\n\temail = only@example.com\n"] {
        let mut env = TestEnv::new();
        std::fs::write(env.root().join("home/.gitconfig"), format!("[user]\n\tuseConfigOnly = true\n{known}")).unwrap();
        env.small_bundle(1);
        let git = env.git(["var", "GIT_COMMITTER_IDENT"]);
        let ran = env.agentv(["record"]);
        if git.code == 0 {
            // Without a name git takes that of the account.
            assert_eq!(ran.code, 0, "{known:?}: {ran:?}");
            continue;
        }
        assert_eq!(ran.code, 128, "{known:?}: {ran:?}");
        assert!(ran.stderr.contains("error: git does not know who you are: "), "{known:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: git config --global user.name"), "{known:?}: {}", ran.stderr);
        assert!(tip(&env).is_empty());
        nothing_left_over(&env);
        env.fsck();
        for (name, value) in [
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@b"),
            ("GIT_COMMITTER_NAME", "C"),
            ("GIT_COMMITTER_EMAIL", "c@d"),
        ] {
            env.set(name, value);
        }
        env.agentv(["record"]).ok();
        let who = env.git(["log", "--format=%an <%ae> %cn <%ce>", "refs/agentv/runs/v1"]).ok();
        assert_eq!(who, "A <a@b> C <c@d>\n");
    }
}

#[test]
fn a_guessed_identity_is_gits_guess() {
    let env = TestEnv::new();
    std::fs::remove_file(env.root().join("home/.gitconfig")).unwrap();
    env.small_bundle(1);
    let git = env.git(["var", "GIT_COMMITTER_IDENT"]);
    let ran = env.agentv(["record"]);
    assert_eq!(ran.code == 0, git.code == 0, "git: {git:?}\nus: {ran:?}");
    if git.code == 0 {
        let who = env.git(["log", "--format=%cn <%ce>", "refs/agentv/runs/v1"]).ok();
        assert!(git.stdout.starts_with(who.trim()), "{who} {}", git.stdout);
    }
}

#[test]
fn names_that_would_break_a_commit() {
    let mut env = TestEnv::new();
    env.set("GIT_AUTHOR_NAME", "Eve <eve@x> 0 +0000\ncommitter Mallory");
    env.set("GIT_COMMITTER_EMAIL", "<a@b>\n");
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    env.fsck();
    let who = env.git(["log", "--format=%an|%cn|%ce", "refs/agentv/runs/v1"]).ok();
    assert!(who.ends_with("|Ada Tester|a@b\n") && who.lines().count() == 1, "{who}");
}

#[test]
fn without_a_home() {
    let (env, before) = with_a_run();
    for (name, value) in [("user.name", "Local"), ("user.email", "local@example.com")] {
        env.git(["config", name, value]).ok();
    }
    env.small_bundle(2);
    let homeless = |args: &[&str]| Ran::of(env.command("git", &env.repo).env_remove("HOME").arg("agentv").args(args));
    homeless(&["record"]).ok();
    homeless(&["list"]).ok();
    homeless(&["status"]).ok();
    homeless(&["show"]).ok();
    assert_eq!(env.runs().len(), before.rows.len() + 1);
    let said = homeless(&["man", "--install"]);
    assert!(said.code == 0 || said.stderr.starts_with("error: "), "{said:?}");
}

#[test]
fn bad_dates_in_the_environment() {
    let (env, before) = with_a_run();
    env.small_bundle(2);
    let mut record = env.command("git", &env.repo);
    let ran = Ran::of(record.env("GIT_COMMITTER_DATE", "not a date").args(["agentv", "record"]));
    assert_eq!(ran.code, 128, "{ran:?}");
    assert!(ran.stderr.contains("not a date"), "{}", ran.stderr);
    std::fs::remove_dir_all(env.repo.join(".agentv/results/small-2")).unwrap();
    before.still_holds(&env);
}
