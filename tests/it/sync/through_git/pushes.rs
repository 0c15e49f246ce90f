//! What `git push` does, and what it says.

use super::*;

#[test]
fn the_range_and_the_tracking_ref_are_those_of_the_merge() {
    let env = TestEnv::without_repo();
    let (hub, _) = world(&env, &[]);
    let (b, c) = (git_clone(&env, "b", &[]), git_clone(&env, "c", &[]));
    let start = tip(&env, &hub);
    record(&env, &b, "from-b");
    record(&env, &c, "from-c");
    let said = env.git_in(&b, ["push"]);
    let between = |from: &str, to: &str| format!("{}..{}  runs -> runs", &from[..7], &to[..7]);
    assert!(said.code == 0 && said.stderr.contains(&between(&start, &head(&env, &b))), "{said:?}");
    assert!(!said.stderr.contains("merged"), "{said:?}");
    // git knows nothing of the other push. It still asks us, and we merge.
    let said = env.git_in(&c, ["push"]);
    let merged = tip(&env, &hub);
    assert!(said.code == 0 && said.stderr.contains(&between(&head(&env, &b), &merged)), "{said:?}");
    assert!(said.stderr.contains("merged with what is there; 'git pull' brings it here"), "{said:?}");
    assert_eq!(env.git_in(&c, ["rev-parse", "origin/runs"]).ok().trim(), merged);
    assert_eq!(env.git_in(&c, ["rev-list", "--count", "origin/runs..runs"]).ok(), "0\n");
    env.git_in(&c, ["pull", "-q", "--ff-only"]).ok();
    clean(&env, &c);
    assert_eq!((runs(&env, &c), head(&env, &c)), (4, merged.clone()));
    // The same after a fetch, when git could tell by itself that it is no fast-forward.
    record(&env, &b, "more");
    env.git_in(&b, ["fetch", "-q"]).ok();
    let said = env.git_in(&b, ["push", "--porcelain"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(runs(&env, &hub), 5);
    let said = env.git_in(&c, ["push"]);
    assert!(said.code == 0 && said.stderr.contains("Everything up-to-date"), "{said:?}");
    whole(&env, &hub);
}

#[test]
fn the_first_push_makes_the_ref() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let address = address(&env);
    let said = env.git_in(env.root(), ["clone", &address, "b"]);
    assert!(said.code == 0 && said.stderr.contains("agentv: there are no runs yet"), "{said:?}");
    let b = env.root().join("b");
    record(&env, &b, "one");
    let refs = env.git_in(&b, ["for-each-ref", "--format=%(refname)"]).ok();
    assert_eq!(refs, "refs/heads/runs\n");
    env.git_in(&b, ["switch", "-q", "runs"]).ok();
    clean(&env, &b);
    let said = env.git_in(&b, ["push", "-u", "origin", "runs"]);
    assert!(said.code == 0 && said.stderr.contains("[new branch]"), "{said:?}");
    assert_eq!(tip(&env, &hub), head(&env, &b));
    // From a repository of code, by address.
    let a = clone(&env, "a", &[]);
    record(&env, &a, "two");
    env.git_in(&a, ["push", "-q", &address, &format!("{RUNS}:refs/heads/runs")]).ok();
    assert_eq!(runs(&env, &hub), 2);
    whole(&env, &hub);
}

#[test]
fn nothing_but_runs_is_taken() {
    let env = TestEnv::without_repo();
    let (hub, _) = world(&env, &[]);
    let b = git_clone(&env, "b", &[]);
    env.git_in(&b, ["tag", "v1"]).ok();
    env.git_in(&b, ["branch", "other"]).ok();
    let before = env.git_in(&hub, ["for-each-ref"]).ok();
    for args in [
        &["push", "origin", "other"][..],
        &["push", "origin", "runs:other"],
        &["push", "origin", "v1"],
        &["push", "origin", "runs:refs/agentv/runs/v1"],
        &["push", "origin", "--delete", "runs"],
        &["push", "origin", ":runs"],
        &["push", "--mirror"],
        &["push", "--all"],
        &["push", "--tags"],
    ] {
        let said = env.git_in(&b, args);
        assert!(said.code == 1 && said.stderr.contains("! [remote rejected]"), "{args:?} {said:?}");
        let why = ["only the branch 'runs' can be pushed", "a run history is not deleted by a push"];
        assert!(why.iter().any(|why| said.stderr.contains(why)), "{args:?} {said:?}");
        assert_eq!(env.git_in(&hub, ["for-each-ref"]).ok(), before);
    }
    // What is asked for beside it goes through, unless it is all or nothing.
    record(&env, &b, "three");
    let said = env.git_in(&b, ["push", "--atomic", "origin", "runs", "other"]);
    assert!(said.code == 1 && said.stderr.contains("atomic push failed"), "{said:?}");
    assert_eq!(env.git_in(&hub, ["for-each-ref"]).ok(), before);
    let said = env.git_in(&b, ["push", "origin", "runs", "other"]);
    assert!(said.code == 1 && said.stderr.contains("runs -> runs"), "{said:?}");
    assert_eq!(runs(&env, &hub), 3);
}

#[test]
fn what_is_no_run_history_is_not_pushed() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env, &[]);
    env.git_in(&a, ["commit", "-q", "--allow-empty", "-m", "secret code"]).ok();
    let before = tip(&env, &hub);
    let said = env.git_in(&a, ["push", &address(&env), "main:runs"]);
    assert!(said.code == 1 && said.stderr.contains("'secret code' was not made by git agentv"), "{said:?}");
    // Nor a commit by hand on top of one.
    let b = git_clone(&env, "b", &[]);
    std::fs::write(b.join("README"), "by hand\n").unwrap();
    env.git_in(&b, ["add", "."]).ok();
    env.git_in(&b, ["commit", "-q", "-m", "by hand"]).ok();
    let said = env.git_in(&b, ["push"]);
    assert!(said.code == 1 && said.stderr.contains("'by hand' was not made by git agentv"), "{said:?}");
    let said = env.git_in(&b, ["push", "origin", "HEAD^{tree}:refs/heads/runs"]);
    assert!(said.code != 0, "{said:?}");
    assert_eq!(tip(&env, &hub), before);
}

#[test]
fn a_host_that_refuses_is_quoted() {
    let env = TestEnv::without_repo();
    let (hub, _) = world(&env, &[]);
    let b = git_clone(&env, "b", &[]);
    record(&env, &b, "three");
    env.git_in(&hub, ["config", "receive.hideRefs", "refs/agentv"]).ok();
    let said = env.git_in(&b, ["push"]);
    assert!(said.code == 1 && said.stderr.contains("and not to those who push"), "{said:?}");
    env.git_in(&hub, ["config", "--unset", "receive.hideRefs"]).ok();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::create_dir_all(hub.join("hooks")).unwrap();
        let hook = hub.join("hooks/pre-receive");
        std::fs::write(&hook, "#!/bin/sh\necho 'no transcripts here, says the boss' >&2\nexit 1\n").unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
        let said = env.git_in(&b, ["push"]);
        let wanted = "(pre-receive hook declined; no transcripts here, says the boss)";
        assert!(said.code == 1 && said.stderr.contains(wanted), "{said:?}");
        std::fs::remove_file(hook).unwrap();
    }
    let lock = hub.join("refs/agentv/runs/v1.lock");
    std::fs::write(&lock, "").unwrap();
    let said = env.git_in(&b, ["push"]);
    assert!(said.code == 1 && said.stderr.contains("! [remote rejected] runs -> runs"), "{said:?}");
    std::fs::remove_file(&lock).unwrap();
    env.git_in(&b, ["push", "-q"]).ok();
    assert_eq!(runs(&env, &hub), 3);
}

#[cfg(unix)]
#[test]
fn the_hook_runs_once_and_not_for_our_own_push() {
    use std::os::unix::fs::PermissionsExt;
    let env = TestEnv::without_repo();
    let (hub, _) = world(&env, &[]);
    let b = git_clone(&env, "b", &[]);
    record(&env, &b, "three");
    let hook = b.join(".git/hooks/pre-push");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, format!("#!/bin/sh\ncat >>{}/pushes\n", env.root().display())).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    env.git_in(&b, ["push", "-q"]).ok();
    let seen = std::fs::read_to_string(env.root().join("pushes")).unwrap();
    let wanted = format!("refs/heads/runs {} refs/heads/runs {}\n", head(&env, &b), "0".repeat(40));
    assert_eq!(seen, wanted, "git does not know what the remote has");
    // And it can stop a push.
    std::fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    record(&env, &b, "four");
    assert_ne!(env.git_in(&b, ["push", "-q"]).code, 0);
    assert_eq!(runs(&env, &hub), 3);
}

#[test]
fn two_that_push_at_once_lose_nothing() {
    let env = TestEnv::without_repo();
    let (hub, _) = world(&env, &[]);
    let dirs: Vec<PathBuf> = (0..6).map(|n| git_clone(&env, &format!("c{n}"), &[])).collect();
    for round in 0..2 {
        let barrier = std::sync::Barrier::new(dirs.len());
        std::thread::scope(|scope| {
            for (n, dir) in dirs.iter().enumerate() {
                let (env, barrier) = (&env, &barrier);
                scope.spawn(move || {
                    record(env, dir, &format!("{n}-{round}"));
                    barrier.wait();
                    let said = env.git_in(dir, ["push"]);
                    assert_eq!(said.code, 0, "{said:?}");
                });
            }
        });
        for dir in &dirs {
            env.git_in(dir, ["pull", "-q", "--ff-only"]).ok();
        }
    }
    assert_eq!(runs(&env, &hub), 2 + 2 * dirs.len());
    for dir in &dirs {
        assert_eq!(ids(&env, dir), ids(&env, &hub));
        clean(&env, dir);
    }
    let refs = env.git_in(&hub, ["for-each-ref", "--format=%(refname)"]).ok();
    assert_eq!(refs, format!("{RUNS}\n"));
    whole(&env, &hub);
    whole(&env, &dirs[0]);
}
