//! What a remote offers, and from where it is asked.

use super::*;

#[test]
fn the_run_history_is_all_that_there_is() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env, &[]);
    env.git_in(&a, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
    env.git_in(&a, ["tag", "v1"]).ok();
    env.git_in(&a, ["push", "-q", "origin", "main", "v1"]).ok();
    // With the end of the name only, it is another ref.
    env.git_in(&hub, ["update-ref", "refs/heads/x/refs/agentv/runs/v1", "refs/heads/main"]).ok();
    let tip = tip(&env, &hub);
    let wanted = format!("{tip}\trefs/heads/runs\n{tip}\tHEAD\n");
    // Outside of a repository, and inside of one.
    for dir in [env.root(), a] {
        let listed = env.git_in(dir, ["ls-remote", &address(&env)]).ok();
        let mut lines: Vec<&str> = listed.lines().collect();
        lines.sort_by_key(|line| line.ends_with("HEAD"));
        assert_eq!(lines.join("\n") + "\n", wanted);
    }
}

#[test]
fn a_results_repository_is_served_from_its_branch() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::without_repo();
        let args = [&format!("--object-format={format}")[..]];
        let hub = hub(&env, &args);
        let a = clone(&env, "a", &args);
        record(&env, &a, "one");
        env.git_in(&a, ["push", "-q", "origin", &format!("{RUNS}:refs/heads/main")]).ok();
        let b = git_clone(&env, "b", &[]);
        assert_eq!(runs(&env, &b), 1);
        record(&env, &b, "two");
        env.git_in(&a, ["push", "-q", "origin", &format!("{RUNS}:refs/heads/other")]).ok();
        let c = git_clone(&env, "c", &["--depth=1"]);
        record(&env, &c, "three");
        env.git_in(&b, ["push", "-q"]).ok();
        env.git_in(&c, ["push", "-q"]).ok();
        env.git_in(&b, ["pull", "-q", "--ff-only"]).ok();
        let refs = env.git_in(&hub, ["for-each-ref", "--format=%(refname)"]).ok();
        assert_eq!(refs, "refs/heads/main\nrefs/heads/other\n");
        assert_eq!(env.git_in(&hub, ["rev-parse", "main"]).ok().trim(), head(&env, &b));
        // There is one place for runs in it, which git agentv does not make two.
        let said = env.agentv_in(&b, ["sync", "--yes"]).fails(128);
        assert!(said.contains("on the branch 'main'") && said.contains("git push"), "{said}");
        // A plain clone of it is one of runs, too: the branch that is checked out says so.
        env.git_in(env.root(), ["clone", "-q", hub.to_str().unwrap(), "plain"]).ok();
        let plain = env.root().join("plain");
        assert_eq!(runs(&env, &plain), 3);
        record(&env, &plain, "four");
        clean(&env, &plain);
        env.git_in(&plain, ["push", "-q"]).ok();
        assert_eq!(runs(&env, &hub), 4);
        let said = env.agentv_in(&plain, ["push", "--yes"]).fails(128);
        assert!(said.contains("on the branch 'main'"), "{said}");
        let refs = env.git_in(&hub, ["for-each-ref", "--format=%(refname)"]).ok();
        assert_eq!(refs, "refs/heads/main\nrefs/heads/other\n");
        whole(&env, &plain);
    }
}

#[test]
fn code_is_no_run_history() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let a = clone(&env, "a", &[]);
    env.git_in(&a, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
    env.git_in(&a, ["push", "-q", "origin", "main"]).ok();
    assert_eq!(env.git_in(env.root(), ["ls-remote", &address(&env)]).ok(), "");
    let b = git_clone(&env, "b", &[]);
    record(&env, &b, "one");
    env.git_in(&b, ["push", "-q", "origin", "runs"]).ok();
    assert_eq!(runs(&env, &hub), 1, "runs go to their own ref, and the branch of the code is left alone");
    assert_eq!(env.git_in(&hub, ["log", "--format=%s", "main"]).ok(), "code\n");
}

#[test]
fn git_agentv_goes_to_the_same_place() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env, &[]);
    let b = git_clone(&env, "b", &[]);
    record(&env, &b, "three");
    record(&env, &a, "four");
    sync(&env, &a);
    let said = env.agentv_in(&b, ["sync", "--yes"]).ok();
    assert!(said.contains("received 1 run") && said.contains("sent 1 run"), "{said}");
    assert_eq!(tip(&env, &hub), head(&env, &b));
    clean(&env, &b);
    assert_eq!(runs(&env, &b), 4);
    env.git_in(&b, ["pull", "-q", "--ff-only"]).ok();
    let said = env.agentv_in(&b, ["sync"]).ok();
    assert!(said.contains("nothing new"), "{said}");
    let told = env.agentv_in(&b, ["sync", "--format", "json"]).json();
    assert_eq!(told["url"], hub.to_str().unwrap());
}

#[test]
fn a_run_that_is_recorded_there_has_no_source_commit() {
    let env = TestEnv::without_repo();
    world(&env, &[]);
    let b = git_clone(&env, "b", &[]);
    let bundle = b.join(".agentv/results/three");
    write_small_bundle(&bundle, "three", "2099-07-04T10:00:00.000Z");
    env.agentv_in(&b, ["record"]).ok();
    let source = &env.agentv_in(&b, ["show", "three", "--format", "json"]).json()["manifest"]["source"];
    assert!(source["commit"].is_null(), "{source}");
    env.agentv_in(&b, ["run", "--name", "x", "--", "sh", "-c", "echo x > $AGENTV_RESULTS_DIR/log"]).ok();
    let source = &env.agentv_in(&b, ["show", "@{0}", "--format", "json"]).json()["manifest"]["source"];
    assert!(source["commit"].is_null(), "{source}");
}

#[test]
fn changes_in_the_working_tree_stay_or_stop_it() {
    let env = TestEnv::without_repo();
    world(&env, &[]);
    let b = git_clone(&env, "b", &[]);
    let id = ids(&env, &b)[0].clone();
    std::fs::write(b.join("mine"), "untracked\n").unwrap();
    env.agentv_in(&b, ["note", &id, "-m", "fine"]).ok();
    assert_eq!(env.git_in(&b, ["status", "--porcelain"]).ok(), "?? mine\n");
    let overlay = b.join(format!("{}/{}/overlay.json", &id[..2], &id[2..]));
    std::fs::write(&overlay, "mine\n").unwrap();
    let before = head(&env, &b);
    let said = env.agentv_in(&b, ["note", &id, "-m", "other"]).fails(128);
    assert!(said.contains("hint: nothing was changed"), "{said}");
    assert_eq!(head(&env, &b), before);
    assert_eq!(std::fs::read_to_string(&overlay).unwrap(), "mine\n");
}
