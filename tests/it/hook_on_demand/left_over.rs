//! Editors that never come back, and commits that skip `commit-msg`.

use git_agentv::hooks::install::on_demand_script;

use super::{EMPTY, LEAVES, TYPES, commit, hook, last, record, with_run};

/// Ends git, and with it the editor that it waits for.
const KILLS_GIT: &str = "kill -9 $PPID; :";

#[test]
fn the_next_commit_takes_away_what_a_killed_editor_left() {
    for again in [&["-m", "next"][..], &[]] {
        let env = with_run();
        assert_ne!(commit(&env, &env.repo, KILLS_GIT, &[]).code, 0);
        assert!(hook(&env).exists());
        commit(&env, &env.repo, TYPES, again).ok();
        assert_eq!(last(&env, &env.repo).1, 1);
        assert!(!hook(&env).exists());
        assert!(!env.repo.join(".git/agentv/template").exists());
    }
}

#[test]
fn and_does_its_work_before() {
    let env = with_run();
    assert_ne!(commit(&env, &env.repo, KILLS_GIT, &[]).code, 0);
    assert_eq!(commit(&env, &env.repo, LEAVES, &[]).fails(1), EMPTY);
    assert!(!hook(&env).exists());
}

#[test]
fn an_editor_that_fails_leaves_it_to_the_next_commit() {
    let env = with_run();
    commit(&env, &env.repo, "false", &[]).fails(1);
    assert!(hook(&env).exists());
    // Also one that is of no interest to us.
    std::fs::remove_file(env.repo.join(".git/agentv/pending")).unwrap();
    env.git(["commit", "-q", "--allow-empty", "-m", "next"]).ok();
    assert_eq!(last(&env, &env.repo), ("next".into(), 0));
    assert!(!hook(&env).exists());
}

#[test]
fn no_verify_leaves_it_to_the_next_commit() {
    let env = with_run();
    commit(&env, &env.repo, TYPES, &["--no-verify"]).ok();
    assert_eq!(last(&env, &env.repo), ("typed".into(), 1));
    assert!(hook(&env).exists());
    record(&env, &env.repo, 2);
    env.git(["commit", "-q", "--allow-empty", "-m", "next"]).ok();
    assert_eq!(last(&env, &env.repo), ("next".into(), 1));
    assert!(!hook(&env).exists());
}

#[test]
fn it_goes_with_the_others() {
    let env = with_run();
    commit(&env, &env.repo, "false", &[]).fails(1);
    let before = std::fs::read_to_string(hook(&env)).unwrap();
    assert_eq!(before, on_demand_script());
    // Installing again changes nothing: an editor may be open.
    env.agentv(["hooks", "install"]).ok();
    assert_eq!(std::fs::read_to_string(hook(&env)).unwrap(), before);
    assert!(env.agentv(["hooks", "status"]).ok().contains("put in place when an editor opens"));
    assert_eq!(env.agentv(["hooks", "uninstall"]).ok().matches(" removed: ").count(), 3);
    assert!(!hook(&env).exists());
}

/// What the user has added is not ours to take away.
#[test]
fn lines_that_somebody_added_stay() {
    let env = with_run();
    commit(&env, &env.repo, "false", &[]).fails(1);
    let mine = on_demand_script().replacen("#!/bin/sh\n", "#!/bin/sh\necho mine >>.git/mine\n", 1);
    std::fs::write(hook(&env), &mine).unwrap();
    for message in ["one", "two"] {
        env.git(["commit", "-q", "--allow-empty", "-m", message]).ok();
    }
    assert_eq!(std::fs::read_to_string(hook(&env)).unwrap(), mine);
    assert_eq!(std::fs::read_to_string(env.repo.join(".git/mine")).unwrap(), "mine\nmine\n");
    env.agentv(["hooks", "install"]).ok();
    assert_eq!(std::fs::read_to_string(hook(&env)).unwrap(), mine);
    env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(std::fs::read_to_string(hook(&env)).unwrap(), "#!/bin/sh\necho mine >>.git/mine\n");
}
