//! Again, in between and halfway.

use super::{EVENTS, hooks_dir, links_a_commit, put, snapshot};
use crate::env::TestEnv;

#[test]
fn again_changes_nothing() {
    let env = TestEnv::new();
    let before = snapshot(&hooks_dir(&env));
    let said = env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(said.matches("nothing of ours is there").count(), 3, "{said}");
    assert_eq!(snapshot(&hooks_dir(&env)), before);
    let said = env.agentv(["hooks", "install"]).ok();
    assert_eq!(said.matches(" installed: ").count(), 2, "{said}");
    assert!(said.contains("commit-msg         is put in place when an editor opens: "), "{said}");
    let installed = snapshot(&hooks_dir(&env));
    let again = env.agentv(["hooks", "install"]).ok();
    assert_eq!(again.matches("is installed: ").count(), 2, "{again}");
    assert!(again.contains("is put in place when an editor opens: "), "{again}");
    assert_eq!(snapshot(&hooks_dir(&env)), installed);
    assert_eq!(env.agentv(["hooks", "uninstall"]).ok().matches(" removed: ").count(), 2);
    assert_eq!(snapshot(&hooks_dir(&env)), before);
}

#[test]
fn what_the_user_wrote_in_between_stays() {
    let env = TestEnv::new();
    let [shell, _, own] = EVENTS.map(|event| hooks_dir(&env).join(event));
    put(&shell, "#!/bin/bash\necho one >/dev/null\n", 0o750);
    env.agentv(["hooks", "install"]).ok();
    // Above, below, and in a file that was only ours.
    let edited = std::fs::read_to_string(&shell).unwrap();
    put(&shell, edited.replace("#!/bin/bash\n", "#!/bin/bash\n# above\n") + "echo below >/dev/null", 0o755);
    let file = std::fs::read_to_string(&own).unwrap();
    put(&own, format!("{file}test -n \"$1\"\n"), 0o755);
    assert!(env.agentv(["hooks", "install"]).ok().matches("is installed: ").count() == 2);
    assert!(links_a_commit(&env, &env.repo, 1));
    let said = env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(said.matches("removed our part").count(), 2, "{said}");
    let left = std::fs::read_to_string(&shell).unwrap();
    assert_eq!(left, "#!/bin/bash\n# above\necho one >/dev/null\necho below >/dev/null");
    assert_eq!(std::fs::read_to_string(&own).unwrap(), "#!/bin/sh\ntest -n \"$1\"\n");
    assert!(!hooks_dir(&env).join("commit-msg").exists());
}

#[test]
fn another_version_is_replaced_where_it_stands() {
    let env = TestEnv::new();
    let path = hooks_dir(&env).join("commit-msg");
    put(&path, "#!/bin/sh\nexit 0\n", 0o755);
    env.agentv(["hooks", "install"]).ok();
    let current = snapshot(&hooks_dir(&env));
    for event in EVENTS {
        let path = hooks_dir(&env).join(event);
        let old = std::fs::read_to_string(&path).unwrap().replace("AGENTV_HOOK=0 switches it off", "of old");
        put(&path, old, 0o755);
    }
    let said = env.agentv(["hooks", "status"]).ok();
    assert_eq!(said.matches("of another version").count(), 3, "{said}");
    assert_eq!(env.agentv(["hooks", "install"]).ok().matches(" updated: ").count(), 3);
    assert_eq!(snapshot(&hooks_dir(&env)), current);
}

#[test]
fn a_second_foreign_hook_stops_it() {
    let env = TestEnv::new();
    let path = hooks_dir(&env).join("commit-msg");
    put(&path, "first", 0o755);
    env.agentv(["hooks", "install"]).ok();
    put(&path, "#!/bin/sh\n# second\n", 0o755);
    std::fs::remove_file(hooks_dir(&env).join("prepare-commit-msg")).unwrap();
    let before = snapshot(&hooks_dir(&env));
    let said = env.agentv(["hooks", "install"]).fails(128);
    assert!(said.contains("was replaced by another hook") && said.contains("nothing was changed"), "{said}");
    assert_eq!(snapshot(&hooks_dir(&env)), before, "the missing one isn't written either");
    let said = env.agentv(["hooks", "uninstall"]).ok();
    assert!(said.contains("is not ours; the hook that was there before is still"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "#!/bin/sh\n# second\n");
    assert_eq!(std::fs::read_to_string(path.with_extension("agentv-chained")).unwrap(), "first");
}

#[test]
fn a_chained_hook_comes_back_even_if_ours_is_gone() {
    let env = TestEnv::new();
    let path = hooks_dir(&env).join("commit-msg");
    put(&path, ": first\n", 0o755);
    let before = snapshot(&hooks_dir(&env));
    env.agentv(["hooks", "install"]).ok();
    std::fs::remove_file(&path).unwrap();
    env.agentv(["hooks", "install"]).ok();
    assert!(links_a_commit(&env, &env.repo, 1) && path.exists());
    std::fs::remove_file(&path).unwrap();
    env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(snapshot(&hooks_dir(&env)), before);
}

#[test]
fn lines_in_our_file_and_a_chained_hook_are_for_the_user_to_join() {
    let env = TestEnv::new();
    let path = hooks_dir(&env).join("commit-msg");
    put(&path, "exit 0\n", 0o755);
    env.agentv(["hooks", "install"]).ok();
    let file = std::fs::read_to_string(&path).unwrap();
    put(&path, file + "echo mine\n", 0o755);
    let before = snapshot(&hooks_dir(&env));
    let said = env.agentv(["hooks", "uninstall"]).fails(128);
    assert!(said.contains("has lines of its own now") && said.contains("nothing was changed"), "{said}");
    assert_eq!(snapshot(&hooks_dir(&env)), before);
}

#[test]
fn damaged_marks_are_left_to_the_user() {
    let env = TestEnv::new();
    env.agentv(["hooks", "install"]).ok();
    let path = hooks_dir(&env).join("post-rewrite");
    let file = std::fs::read_to_string(&path).unwrap();
    put(&path, file.replace("# <<< git agentv <<<\n", ""), 0o755);
    let before = snapshot(&hooks_dir(&env));
    for action in ["install", "uninstall"] {
        let said = env.agentv(["hooks", action]).fails(128);
        assert!(said.contains("damaged") && said.contains("by hand"), "{said}");
        assert_eq!(snapshot(&hooks_dir(&env)), before);
    }
    let ran = env.agentv(["hooks", "status", "--format", "json"]);
    assert!(ran.stdout.contains("\"state\": \"damaged\""), "{}", ran.stdout);
    assert_eq!(env.agentv(["status", "--format", "json"]).json()["hooks"].as_array().unwrap().len(), 2);
}

#[test]
fn a_hook_that_calls_us_already_is_left_alone() {
    let env = TestEnv::new();
    for event in EVENTS {
        put(&hooks_dir(&env).join(event), format!("#!/bin/sh\ngit-agentv hook {event} \"$@\"\n"), 0o755);
    }
    let before = snapshot(&hooks_dir(&env));
    let said = env.agentv(["hooks", "install"]).ok();
    assert_eq!(said.matches("calls git agentv already").count(), 3, "{said}");
    let said = env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(said.matches("wired by hand").count(), 3, "{said}");
    assert_eq!(snapshot(&hooks_dir(&env)), before);
    assert_eq!(env.agentv(["hooks", "status"]).ok().matches("wired by hand").count(), 3);
    // A comment does not.
    put(&hooks_dir(&env).join("commit-msg"), "#!/bin/sh\n# git-agentv hook commit-msg\n", 0o755);
    assert!(env.agentv(["hooks", "install"]).ok().contains("added a marked part"));
}

#[test]
fn a_hook_that_the_user_switched_off_stays_off() {
    let env = TestEnv::new();
    let path = hooks_dir(&env).join("prepare-commit-msg");
    put(&path, "#!/bin/sh\nexit 1\n", 0o755);
    env.agentv(["hooks", "install"]).ok();
    let text = std::fs::read(&path).unwrap();
    put(&path, &text, 0o644);
    let ran = env.agentv(["hooks", "install"]);
    assert!(ran.stdout.contains("is not executable") && ran.stderr.contains("chmod +x"), "{ran:?}");
    let said = env.agentv(["hooks", "status"]);
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("not executable: git skips it"), "{said:?}");
    env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "#!/bin/sh\nexit 1\n");
}
