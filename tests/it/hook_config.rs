//! Hooks that git has in its configuration (git 2.54 and newer) go on beside ours.

use crate::env::TestEnv;
use crate::gits;

#[test]
fn hooks_of_the_configuration_run_once_beside_ours() {
    let new_enough = |git: &gits::Git| {
        git.name.contains("version") && git.version >= git_agentv::git::Version::parse("git version 2.54").unwrap()
    };
    let gits: Vec<_> = gits::all().into_iter().filter(new_enough).collect();
    if gits.is_empty() {
        eprintln!("skipped: none of these gits reads hooks from its configuration; AGENTV_TEST_GITS names others");
    }
    for git in gits {
        let mut env = TestEnv::new();
        env.set("PATH", git.path(true));
        let told = env.root().join("told");
        let command = format!("echo config \"$1\" >> '{}' #", told.display());
        env.git(["config", "hook.theirs.event", "prepare-commit-msg"]).ok();
        env.git(["config", "hook.theirs.command", &command]).ok();
        env.agentv(["hooks", "install"]).ok();
        let dir = env.small_bundle(1);
        env.agentv(["record".as_ref(), "--commit".as_ref(), "HEAD".as_ref(), dir.as_os_str()]).ok();
        env.git(["commit", "-q", "--allow-empty", "-m", "feat: one"]).ok();
        let told = std::fs::read_to_string(&told).unwrap();
        assert_eq!(told.lines().count(), 1, "{}: theirs ran once: {told}", git.name);
        let cited = env.git(["log", "-1", "--format=%(trailers:key=Agentv-Run,valueonly)"]).ok();
        assert_eq!(cited.trim(), env.runs()[0]["id"].as_str().unwrap(), "{}", git.name);
        env.agentv(["hooks", "status"]).ok();
        env.agentv(["hooks", "uninstall"]).ok();
        assert_eq!(env.git(["config", "hook.theirs.event"]).ok(), "prepare-commit-msg\n");
    }
}
