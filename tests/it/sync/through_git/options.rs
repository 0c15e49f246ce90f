//! Options of git commands that a helper has to understand.

use super::*;

#[test]
fn dry_run_changes_nothing_and_says_what_would_be() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env, &[]);
    let b = git_clone(&env, "b", &[]);
    record(&env, &b, "three");
    record(&env, &a, "four");
    sync(&env, &a);
    let (before, tracking) = (tip(&env, &hub), env.git_in(&b, ["rev-parse", "origin/runs"]).ok());
    let said = env.git_in(&b, ["push", "--dry-run"]);
    assert!(said.code == 0 && said.stderr.contains(&format!("{}..", &before[..7])), "{said:?}");
    assert_eq!(tip(&env, &hub), before);
    assert_eq!(env.git_in(&b, ["rev-parse", "origin/runs"]).ok(), tracking);
    let said = env.git_in(&b, ["push", "--dry-run", "--porcelain", "origin", ":runs"]);
    assert!(said.code == 1 && said.stdout.contains("not deleted by a push"), "{said:?}");
}

#[test]
fn force_merges_too_and_a_lease_is_stale() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env, &[]);
    let b = git_clone(&env, "b", &[]);
    // A run is dropped by hand, another one comes.
    env.git_in(&b, ["reset", "-q", "--hard", "HEAD^"]).ok();
    record(&env, &b, "three");
    record(&env, &a, "four");
    sync(&env, &a);
    let said = env.git_in(&b, ["push", "--force-with-lease"]);
    assert!(said.code == 1 && said.stderr.contains("stale info"), "{said:?}");
    let said = env.git_in(&b, ["push", "--force"]);
    assert!(said.code == 0 && said.stderr.contains("a history of runs is never forced"), "{said:?}");
    assert_eq!(runs(&env, &hub), 4);
    let said = env.git_in(&b, ["push", "origin", "+runs:runs"]);
    assert!(said.code == 0 && said.stderr.contains("up-to-date"), "{said:?}");
    env.git_in(&b, ["pull", "-q", "--ff-only"]).ok();
    whole(&env, &b);
}

#[cfg(unix)]
#[test]
fn options_for_the_host_reach_it() {
    use std::os::unix::fs::PermissionsExt;
    let env = TestEnv::without_repo();
    let (hub, _) = world(&env, &[]);
    env.git_in(&hub, ["config", "receive.advertisePushOptions", "true"]).ok();
    std::fs::create_dir_all(hub.join("hooks")).unwrap();
    let hook = hub.join("hooks/pre-receive");
    let text =
        "#!/bin/sh\nprintf '%s %s %s' $GIT_PUSH_OPTION_COUNT \"$GIT_PUSH_OPTION_0\" \"$GIT_PUSH_OPTION_1\" >seen\n";
    std::fs::write(&hook, text).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let b = git_clone(&env, "b", &[]);
    record(&env, &b, "three");
    let options =
        ["push", "-q", "--atomic", "-o", "ci.skip", "-o", "topic=\"ä\\b\"", "--force-if-includes", "origin", "runs"];
    env.git_in(&b, options).ok();
    assert_eq!(std::fs::read_to_string(hub.join("seen")).unwrap(), "2 ci.skip topic=\"ä\\b\"");
    assert_eq!(runs(&env, &hub), 3);
    // A host that can't check signatures says so; nothing is pushed unsigned.
    record(&env, &b, "four");
    assert_ne!(env.git_in(&b, ["push", "--signed"]).code, 0);
    env.git_in(&b, ["push", "--signed=if-asked"]).ok();
    assert_eq!(runs(&env, &hub), 4);
}

#[test]
fn quiet_is_quiet_and_progress_is_shown() {
    let env = TestEnv::without_repo();
    let (_, a) = world(&env, &[]);
    let address = address(&env);
    let said = env.git_in(env.root(), ["clone", "-q", &address, "b"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let said = env.git_in(env.root(), ["clone", &address, "c"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, "Cloning into 'c'...\n"));
    // What git says of the transfer itself, but nothing of the ref that it really is.
    let said = env.git_in(env.root(), ["clone", "--progress", &address, "d"]);
    assert!(said.stderr.contains("remote: Counting objects: 100%"), "{said:?}");
    assert!(!said.stderr.contains("From ") && !said.stderr.contains("refs/agentv"), "{said:?}");
    let b = env.root().join("b");
    record(&env, &a, "three");
    sync(&env, &a);
    record(&env, &b, "four");
    let said = env.git_in(&b, ["push", "-q"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let said = env.git_in(&b, ["fetch"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "the push told already");
}

#[test]
fn fetches_of_many_kinds() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env, &[]);
    let b = git_clone(&env, "b", &[]);
    record(&env, &a, "three");
    sync(&env, &a);
    let said = env.git_in(&b, ["fetch"]);
    assert!(said.stderr.contains("runs       -> origin/runs"), "{said:?}");
    for args in [
        &["fetch", "-q", "--refetch"][..],
        &["fetch", "-q", "--prune"],
        &["fetch", "-q", "--all"],
        &["fetch", "-q", "--tags"],
        &["fetch", "-q", "-4"],
        &["fetch", "-q", "origin", "runs:copy"],
        &["fetch", "-q", "origin", "HEAD"],
        &["fetch", "-q", "--shallow-since=2020-01-01"],
        &["remote", "update"],
        &["remote", "show", "origin"],
    ] {
        let said = env.git_in(&b, args);
        assert_eq!(said.code, 0, "{args:?} {said:?}");
    }
    assert_eq!(env.git_in(&b, ["rev-parse", "copy"]).ok().trim(), tip(&env, &hub));
    // Into a repository of code, by address, with a name of its own.
    let code = env.root().join("code");
    env.git_in(env.root(), ["init", "-q", "code"]).ok();
    env.git_in(&code, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
    env.git_in(&code, ["fetch", "-q", &address(&env), &format!("runs:{RUNS}")]).ok();
    assert_eq!(runs(&env, &code), 3);
    let said = env.git_in(&code, ["fetch", "-q", "--filter=blob:none", &address(&env), "runs"]);
    assert_eq!(said.code, 0, "{said:?}");
    env.fsck_in(&code);
}
