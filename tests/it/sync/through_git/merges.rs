//! What people do with git's own means in a clone of runs.

use super::*;

/// The clones `b` and `c` after both recorded a run, and `b` pushed its own.
fn diverged(env: &TestEnv) -> (PathBuf, PathBuf, PathBuf) {
    let (hub, _) = world(env, &[]);
    let (b, c) = (git_clone(env, "b", &[]), git_clone(env, "c", &[]));
    record(env, &b, "from-b");
    env.agentv_in(&b, ["tag", "one", "+b"]).ok();
    env.git_in(&b, ["push", "-q"]).ok();
    record(env, &c, "from-c");
    (hub, b, c)
}

#[test]
fn a_merge_that_git_made_is_taken_in() {
    let env = TestEnv::without_repo();
    let (hub, b, c) = diverged(&env);
    env.agentv_in(&c, ["note", "one", "-m", "c"]).ok();
    // Both wrote the overlay of the same run: git can't merge that, whoever pulls takes one side.
    let said = env.git_in(&c, ["pull", "-q", "--no-rebase", "--no-edit"]);
    assert!(said.code != 0 && said.stdout.contains("CONFLICT"), "{said:?}");
    env.git_in(&c, ["checkout", "-q", "--ours", "."]).ok();
    env.git_in(&c, ["add", "."]).ok();
    env.git_in(&c, ["commit", "-q", "--no-edit"]).ok();
    let merge = head(&env, &c);
    let said = env.agentv_in(&c, ["tag", "two", "+x"]).fails(128);
    assert!(said.contains("was not made by git agentv") && said.contains("'git push' joins it"), "{said}");
    let said = env.git_in(&c, ["push"]);
    assert_eq!(said.code, 0, "{said:?}");
    env.git_in(&c, ["pull", "-q", "--ff-only"]).ok();
    env.git_in(&c, ["merge-base", "--is-ancestor", &merge, "HEAD"]).ok();
    assert_eq!(head(&env, &c), tip(&env, &hub));
    // The runs are merged by us, from what each side did: nothing of either is lost.
    env.git_in(&b, ["pull", "-q", "--ff-only"]).ok();
    for dir in [&b, &c, &hub] {
        assert_eq!(runs(&env, dir), 4);
        let shown = env.agentv_in(dir, ["show", "one", "--format", "json"]).json();
        assert_eq!((&shown["overlay"]["tags"][0], &shown["overlay"]["note"]), (&"b".into(), &"c".into()), "{shown}");
        whole(&env, dir);
    }
    let said = env.git_in(&c, ["push"]);
    assert!(said.stderr.contains("up-to-date"), "{said:?}");
    let said = env.git_in(&c, ["push", "origin", &format!("{merge}:runs")]);
    assert!(said.stderr.contains("up-to-date"), "once is enough: {said:?}");
}

#[test]
fn a_merge_without_conflicts_after_others_pushed_again() {
    let env = TestEnv::without_repo();
    let (hub, b, c) = diverged(&env);
    env.git_in(&c, ["pull", "-q", "--no-rebase", "--no-edit"]).ok();
    record(&env, &b, "more");
    env.git_in(&b, ["push", "-q"]).ok();
    env.git_in(&c, ["push", "-q"]).ok();
    env.git_in(&c, ["pull", "-q", "--ff-only"]).ok();
    assert_eq!((runs(&env, &hub), runs(&env, &c)), (5, 5));
    whole(&env, &c);
}

#[test]
fn a_rebase_works() {
    let env = TestEnv::without_repo();
    let (hub, _, c) = diverged(&env);
    env.git_in(&c, ["pull", "-q", "--rebase"]).ok();
    env.git_in(&c, ["push", "-q"]).ok();
    assert_eq!(head(&env, &c), tip(&env, &hub));
    assert_eq!(runs(&env, &hub), 4);
    whole(&env, &c);
}
