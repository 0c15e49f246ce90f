//! `git agentv hooks status` tries the hooks.

use std::path::Path;

use git_agentv::hooks::install::on_demand_script;

use super::{EVENTS, hooks_dir, put, snapshot};
use crate::env::{TestEnv, bin_dir};

/// Which of the checks hold, by hook.
fn checks(env: &TestEnv) -> Vec<(String, bool)> {
    let ran = env.agentv(["hooks", "status", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|err| panic!("{err}: {ran:?}"));
    let checks = report["checks"].as_array().unwrap();
    let found: Vec<_> =
        checks.iter().map(|check| (check["hook"].as_str().unwrap().to_owned(), check["ok"] == true)).collect();
    assert_eq!(ran.code, i32::from(found.iter().any(|(_, ok)| !ok)), "{ran:?}");
    found
}

fn failing(env: &TestEnv) -> Vec<String> {
    checks(env).into_iter().filter(|(_, ok)| !ok).map(|(hook, _)| hook).collect()
}

#[test]
fn each_hook_that_does_not_work_is_found() {
    let env = TestEnv::new();
    assert_eq!(failing(&env), ["prepare-commit-msg", "post-rewrite"], "without the first nothing has to be abandoned");
    env.agentv(["hooks", "install"]).ok();
    assert_eq!(failing(&env), [""; 0]);
    for event in EVENTS {
        let path = hooks_dir(&env).join(event);
        // The second one is there only while an editor is open; one that is there now is like the others.
        let script = std::fs::read(&path).unwrap_or_else(|_| on_demand_script().into());
        // It looks right, and isn't: the marks are there.
        put(&path, String::from_utf8_lossy(&script).replacen("#!/bin/sh\n", "#!/bin/sh\nexit 0\n", 1), 0o755);
        assert_eq!(failing(&env), [event]);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(failing(&env), if event == "commit-msg" { vec![] } else { vec![event] });
        put(&path, &script, 0o644);
        assert_eq!(failing(&env), [event]);
        put(&path, &script, 0o755);
    }
    assert_eq!(failing(&env), [""; 0]);
}

#[test]
fn it_says_why() {
    let mut env = TestEnv::new();
    env.agentv(["hooks", "install"]).ok();
    put(&hooks_dir(&env).join("commit-msg"), "#!/bin/sh\n", 0o755);
    let said = env.agentv(["hooks", "status"]);
    assert!(said.stdout.contains("nothing of ours would run after the editor"), "{said:?}");
    // These look as if they called us.
    let call = "git-agentv hook commit-msg \"$@\"\n";
    put(&hooks_dir(&env).join("commit-msg"), format!("#!/bin/sh\nexit 0\n{call}"), 0o755);
    let said = env.agentv(["hooks", "status"]);
    assert!(said.stdout.contains("it made a commit with nothing but our trailer"), "{said:?}");
    put(&hooks_dir(&env).join("commit-msg"), format!("#!/bin/sh\necho too short >&2\nexit 1\n{call}"), 0o755);
    let said = env.agentv(["hooks", "status"]);
    assert!(said.stdout.contains("another hook stopped it before ours saw it: too short"), "{said:?}");
    env.set("AGENTV_HOOK", "0");
    let said = env.agentv(["hooks", "status"]).fails(1);
    assert!(said.contains("AGENTV_HOOK=0"), "{said}");
}

#[test]
fn a_program_that_is_not_on_path_is_missed() {
    let mut env = TestEnv::new();
    env.agentv(["hooks", "install"]).ok();
    let system = std::env::var_os("PATH").unwrap();
    let without = std::env::split_paths(&system).filter(|dir| !dir.join("git-agentv").exists());
    env.set("PATH", std::env::join_paths(without).unwrap());
    let program = bin_dir().join("git-agentv");
    let ran = env.run(program.to_str().unwrap(), &env.repo, ["hooks", "status"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("git-agentv is not on PATH"), "{ran:?}");
    let ran = env.run(program.to_str().unwrap(), &env.repo, ["hooks", "install"]);
    assert!(ran.stderr.contains("warning: git-agentv is not on PATH"), "{ran:?}");
}

#[test]
fn it_touches_nothing_and_runs_no_other_hook() {
    let env = TestEnv::new();
    for event in ["pre-commit", "post-commit", "reference-transaction", "post-index-change", "post-checkout"] {
        put(&hooks_dir(&env).join(event), "#!/bin/sh\ntouch \"$HOME/ran\"\n", 0o755);
    }
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    env.agentv(["hooks", "install"]).ok();
    put(&env.repo.join("file"), "staged", 0o644);
    env.git(["add", "file"]).ok();
    let _ = std::fs::remove_file(env.root().join("home/ran"));
    let outside = env.root().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let before = snapshot(&env.repo);
    env.agentv(["hooks", "status"]).ok();
    // Also where the environment names this repository.
    let mut named = env.command("git", &outside);
    named.env("GIT_DIR", env.repo.join(".git")).env("GIT_WORK_TREE", &env.repo);
    named.env("GIT_INDEX_FILE", env.repo.join(".git/index")).args(["agentv", "hooks", "status"]);
    crate::env::Ran::of(&mut named).ok();
    assert_eq!(snapshot(&env.repo), before);
    assert!(!env.root().join("home/ran").exists());
    let left: Vec<_> = std::fs::read_dir(env.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("agentv-hooks-")), "{left:?}");
}

#[test]
fn a_hook_finds_its_neighbours() {
    let env = TestEnv::new();
    let dir = hooks_dir(&env);
    put(&dir.join("lib/common.sh"), "common() { :; }\n", 0o644);
    put(&env.root().join("tool"), "#!/bin/sh\nexit 0\n", 0o755);
    std::os::unix::fs::symlink("../../../tool", dir.join("tool")).unwrap();
    for event in ["prepare-commit-msg", "commit-msg"] {
        let text = "#!/bin/sh\nset -e\n. \"${0%/*}/lib/common.sh\"\ncommon\n\"${0%/*}/tool\"\n";
        put(&dir.join(event), text, 0o755);
    }
    env.agentv(["hooks", "install"]).ok();
    assert_eq!(failing(&env), [""; 0]);
    assert!(Path::new(&dir.join("tool")).is_symlink());
}

#[test]
fn settings_about_commits_do_not_matter() {
    let mut env = TestEnv::new();
    env.agentv(["hooks", "install"]).ok();
    put(&env.root().join("home/template"), "# write\n", 0o644);
    put(
        &env.root().join("home/.gitconfig"),
        "[commit]\n\tgpgSign = true\n\ttemplate = ~/template\n\tcleanup = scissors\n\tverbose = true\n[core]\n\tcommentChar = \";\"\n",
        0o644,
    );
    assert_eq!(failing(&env), [""; 0]);
    env.set("GIT_EDITOR", "false");
    assert_eq!(failing(&env), [""; 0]);
}
