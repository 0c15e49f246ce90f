//! Where hooks are.

use std::os::unix::fs::PermissionsExt;

use super::{EVENTS, hooks_dir, links_a_commit, put, snapshot};
use crate::env::{Ran, TestEnv};

#[test]
fn a_repository_without_a_hooks_directory() {
    let env = TestEnv::with_init(&["--template="]);
    assert!(!hooks_dir(&env).exists());
    env.agentv(["hooks", "install"]).ok();
    for event in ["prepare-commit-msg", "post-rewrite"] {
        let mode = hooks_dir(&env).join(event).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755, "{event}");
    }
    assert!(links_a_commit(&env, &env.repo, 1));
    env.agentv(["hooks", "uninstall"]).ok();
    assert!(snapshot(&hooks_dir(&env)).is_empty());
}

#[test]
fn a_repository_that_is_shared_shares_its_hooks() {
    let env = TestEnv::with_init(&["--shared=group"]);
    env.agentv(["hooks", "install"]).ok();
    let is_shared = |event: &str| {
        let mode = hooks_dir(&env).join(event).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o070, 0o070, "{event}: {mode:o}");
    };
    is_shared("prepare-commit-msg");
    is_shared("post-rewrite");
    // The editor is gone before it was looked at.
    env.small_bundle(1);
    env.agentv(["record", "--commit", "HEAD"]).ok();
    let mut commit = env.command("git", &env.repo);
    Ran::of(commit.env("GIT_EDITOR", "false").args(["commit", "--allow-empty"])).fails(1);
    is_shared("commit-msg");
}

#[test]
fn linked_worktrees_have_the_hooks_of_the_main_one() {
    let env = TestEnv::new();
    env.git(["worktree", "add", "-q", "-b", "side", "../side"]).ok();
    let side = env.root().join("side");
    env.agentv_in(&side, ["hooks", "install"]).ok();
    assert!(hooks_dir(&env).join("prepare-commit-msg").is_file());
    assert!(links_a_commit(&env, &side, 1));
    assert!(links_a_commit(&env, &env.repo, 2));
    env.agentv_in(&side, ["hooks", "status"]).ok();
    env.agentv(["hooks", "uninstall"]).ok();
    assert!(!links_a_commit(&env, &side, 3));
}

#[test]
fn a_submodule_has_hooks_of_its_own() {
    let env = TestEnv::new();
    let library = env.root().join("library");
    env.git_in(env.root(), ["init", "-q", "library"]).ok();
    env.git_in(&library, ["commit", "-q", "--allow-empty", "-m", "library"]).ok();
    env.git(["submodule", "--quiet", "add", "../library", "lib"]).ok();
    let sub = env.repo.join("lib");
    env.agentv_in(&sub, ["hooks", "install"]).ok();
    assert!(env.repo.join(".git/modules/lib/hooks/prepare-commit-msg").is_file());
    assert!(!hooks_dir(&env).join("prepare-commit-msg").exists());
    env.agentv_in(&sub, ["hooks", "status"]).ok();
    assert!(links_a_commit(&env, &sub, 1));
}

#[test]
fn a_path_of_the_repository_s_own_is_taken() {
    let env = TestEnv::new();
    let elsewhere = env.root().join("elsewhere");
    let places = [(".githooks", env.repo.join(".githooks")), (elsewhere.to_str().unwrap(), elsewhere.clone())];
    for (n, (path, dir)) in (1..).zip(places) {
        env.git(["config", "core.hooksPath", path]).ok();
        // From below the top, too: a relative path is relative to the top.
        let sub = env.repo.join("sub/dir");
        std::fs::create_dir_all(&sub).unwrap();
        let ran = env.agentv_in(&sub, ["hooks", "install"]);
        assert_eq!(ran.stderr.contains("is in the working tree"), path == ".githooks", "{ran:?}");
        assert!(dir.join("commit-msg").is_file(), "{path}");
        env.agentv(["hooks", "status"]).ok();
        assert!(links_a_commit(&env, &env.repo, n), "{path}");
        env.agentv(["hooks", "uninstall"]).ok();
        assert!(snapshot(&dir).is_empty(), "{path}");
    }
}

#[test]
fn what_git_tracks_is_not_changed() {
    let env = TestEnv::new();
    let dir = env.repo.join(".githooks");
    put(&dir.join("commit-msg"), "#!/bin/sh\nexit 0\n", 0o755);
    env.git(["config", "core.hooksPath", ".githooks"]).ok();
    env.git(["add", "."]).ok();
    env.git(["commit", "-q", "-m", "hooks"]).ok();
    let ran = env.agentv(["hooks", "install"]);
    assert!(ran.stdout.contains("git tracks .githooks/commit-msg"), "{ran:?}");
    let line = "command -v git-agentv >/dev/null 2>&1 && git-agentv hook commit-msg \"$@\" || :";
    assert!(ran.stdout.contains(&format!("\n{line}\n")), "{ran:?}");
    assert_eq!(env.git(["status", "--porcelain", "--untracked-files=no"]).ok(), "");
    assert!(dir.join("post-rewrite").is_file(), "the others are new");
    let said = env.agentv(["hooks", "status"]).fails(1);
    assert!(said.is_empty() || said.starts_with("hint: "), "{said}");
    // With that line it is wired.
    put(&dir.join("commit-msg"), format!("#!/bin/sh\n{line}\nexit 0\n"), 0o755);
    env.agentv(["hooks", "status"]).ok();
    // Ours, once the user has committed them, are everybody's.
    env.git(["add", "."]).ok();
    env.git(["commit", "-q", "-m", "more hooks"]).ok();
    let said = env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(said.matches("wired by hand").count(), 3, "{said}");
    assert_eq!(env.git(["status", "--porcelain"]).ok(), "");
}

#[test]
fn a_path_for_more_than_this_repository_is_refused() {
    let env = TestEnv::new();
    let hooks = env.root().join("home/hooks");
    put(&hooks.join("commit-msg"), "#!/bin/sh\n", 0o755);
    let before = snapshot(&env.root().join("home/hooks"));
    env.git(["config", "--global", "core.hooksPath", "~/hooks"]).ok();
    let said = env.agentv(["hooks", "install"]).fails(128);
    assert!(said.contains("'~/hooks' in the global configuration") && said.contains("--print"), "{said}");
    assert_eq!(snapshot(&hooks), before);
    assert!(!hooks_dir(&env).join("prepare-commit-msg").exists());
    // The hint does it.
    let hint = "git config core.hooksPath \"$(git rev-parse --git-common-dir)/hooks\"";
    assert!(said.contains(hint), "{said}");
    env.run("sh", &env.repo, ["-c", hint]).ok();
    env.agentv(["hooks", "install"]).ok();
    env.agentv(["hooks", "status"]).ok();
    assert!(links_a_commit(&env, &env.repo, 1));
    env.git(["config", "--unset", "core.hooksPath"]).ok();
    let ran = env.agentv(["hooks", "status"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stdout.matches("hidden by core.hooksPath").count(), 2, "{ran:?}");
    assert!(ran.stdout.contains("another hook, which does not call us"), "{ran:?}");
    // They go, also from where git does not look.
    env.agentv(["hooks", "uninstall"]).ok();
    assert!(!hooks_dir(&env).join("prepare-commit-msg").exists());
    assert_eq!(snapshot(&hooks), before);
    let mut once = env.command("git", &env.repo);
    let said = Ran::of(once.args(["-c", "core.hooksPath=x", "agentv", "hooks", "install"])).fails(128);
    assert!(said.contains("for this command only"), "{said}");
}

#[test]
fn hooks_that_are_switched_off_stay_off() {
    let env = TestEnv::new();
    for scope in ["--local", "--global"] {
        env.git(["config", scope, "core.hooksPath", "/dev/null"]).ok();
        let said = env.agentv(["hooks", "install"]).fails(128);
        assert!(said.contains("hooks are switched off") && said.contains("--show-origin"), "{said}");
        assert_eq!(env.agentv(["hooks", "status"]).code, 1);
        env.git(["config", scope, "--unset", "core.hooksPath"]).ok();
    }
    env.agentv(["hooks", "install"]).ok();
}

#[test]
fn things_in_the_way() {
    let env = TestEnv::new();
    std::fs::create_dir(hooks_dir(&env).join("commit-msg")).unwrap();
    let before = snapshot(&hooks_dir(&env));
    let said = env.agentv(["hooks", "install"]).fails(128);
    assert!(said.contains("commit-msg' is not a file"), "{said}");
    assert_eq!(snapshot(&hooks_dir(&env)), before);
    std::fs::remove_dir_all(hooks_dir(&env)).unwrap();
    std::fs::write(hooks_dir(&env), "a file").unwrap();
    let said = env.agentv(["hooks", "install"]).fails(128);
    assert!(said.contains("hooks' is not a directory"), "{said}");
    assert_eq!(std::fs::read(hooks_dir(&env)).unwrap(), b"a file");
    // A directory that others use, too.
    std::fs::remove_file(hooks_dir(&env)).unwrap();
    let shared = env.root().join("shared");
    std::fs::create_dir(&shared).unwrap();
    std::os::unix::fs::symlink(&shared, hooks_dir(&env)).unwrap();
    let said = env.agentv(["hooks", "install"]).fails(128);
    assert!(said.contains("outside of this repository"), "{said}");
    assert!(snapshot(&shared).is_empty());
}

#[test]
fn a_hooks_directory_that_cannot_be_written_to() {
    let env = TestEnv::new();
    put(&hooks_dir(&env).join("commit-msg"), "binary", 0o755);
    let closed = |mode| std::fs::set_permissions(hooks_dir(&env), std::fs::Permissions::from_mode(mode)).unwrap();
    closed(0o555);
    if std::fs::write(hooks_dir(&env).join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write anywhere");
        return;
    }
    let before = snapshot(&hooks_dir(&env));
    let said = env.agentv(["hooks", "install"]).fails(128);
    assert!(said.contains("cannot write") && said.contains("nothing was changed"), "{said}");
    assert_eq!(snapshot(&hooks_dir(&env)), before);
    closed(0o755);
}

#[test]
fn without_a_repository_the_scripts_can_be_printed() {
    let env = TestEnv::without_repo();
    let said = env.agentv_in(env.root(), ["hooks", "install", "--print"]).ok();
    for event in EVENTS {
        assert!(said.contains(&format!("git-agentv hook {event} \"$@\" </dev/null &")) || event == "post-rewrite");
        assert!(said.contains(&format!("&& git-agentv hook {event} \"$@\" || :\n")), "{said}");
        assert!(said.contains(&format!("git-agentv hook {event} {{0}}\n")), "{said}");
    }
    assert!(said.contains("use_stdin: true") && said.contains("- repo: local"), "{said}");
    env.agentv_in(env.root(), ["hooks", "install"]).fails(128);
    let env = TestEnv::new();
    assert!(env.agentv(["hooks", "status", "--print"]).fails(2).contains("--print"));
    assert!(env.agentv(["hooks"]).fails(2).contains("<ACTION>"));
    env.agentv(["hooks", "install", "--print"]).ok();
    assert!(!hooks_dir(&env).join("prepare-commit-msg").exists());
}
