//! Every kind of clone that git makes.

use super::*;

/// Clones, looks, records, pushes, and sees at the other end what came; then the other way round.
fn life(env: &TestEnv, (hub, a): (&Path, &Path), name: &str, args: &[&str]) {
    let dir = git_clone(env, name, args);
    let before = runs(env, hub);
    let bare = dir.join("HEAD").exists();
    if !bare {
        assert_eq!(env.git_in(&dir, ["branch", "--show-current"]).ok(), "runs\n");
        clean(env, &dir);
    }
    let id = record(env, &dir, &format!("from-{name}"));
    if !bare {
        clean(env, &dir);
    }
    assert!(env.agentv_in(&dir, ["show", &id]).ok().contains(&id[..8]));
    let pushed = push(env, &dir);
    assert_eq!(pushed.code, 0, "{pushed:?}");
    assert_eq!(tip(env, hub), head(env, &dir), "nobody else pushed: nothing is merged");
    assert_eq!(runs(env, hub), before + 1);
    sync(env, a);
    record(env, a, &format!("after-{name}"));
    sync(env, a);
    if bare {
        env.git_in(&dir, ["fetch", "-q", "origin", "+runs:runs"]).ok();
    } else {
        env.git_in(&dir, ["pull", "-q"]).ok();
        clean(env, &dir);
    }
    assert_eq!(head(env, &dir), tip(env, hub));
    if !args.iter().any(|arg| arg.starts_with("--depth")) {
        assert_eq!(ids(env, &dir), ids(env, hub), "{name}");
        assert!(list(env, &dir)["runs"].as_array().unwrap().iter().all(|run| run["commit"].is_null()));
    }
    env.fsck_in(&dir);
    let refs = env.git_in(&dir, ["for-each-ref", "--format=%(refname)", "refs/agentv"]).ok();
    assert_eq!(refs, "", "there is one place for runs in it");
    whole(env, hub);
}

#[test]
fn plain_bare_mirror_shallow_and_partial() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::without_repo();
        let (hub, a) = world(&env, &[&format!("--object-format={format}")]);
        let both = (hub.as_path(), a.as_path());
        life(&env, both, "plain", &[]);
        life(&env, both, "bare", &["--bare"]);
        life(&env, both, "mirror", &["--mirror"]);
        life(&env, both, "shallow", &["--depth=1"]);
        life(&env, both, "partial", &["--filter=blob:none"]);
        life(&env, both, "single", &["--single-branch", "--branch=runs", "--no-tags"]);
        whole(&env, &env.root().join("plain"));
    }
}

#[test]
fn reftable() {
    if !crate::repos::git_can(&["--ref-format=reftable"]) {
        return;
    }
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env, &["--ref-format=reftable"]);
    life(&env, (&hub, &a), "plain", &["--ref-format=reftable"]);
    life(&env, (&hub, &a), "bare", &["--ref-format=reftable", "--bare"]);
    life(&env, (&hub, &a), "files", &["--ref-format=files"]);
}

#[test]
fn a_shallow_clone_has_one_commit_and_deepens() {
    let env = TestEnv::without_repo();
    world(&env, &[]);
    let dir = git_clone(&env, "b", &["--depth=1"]);
    let count = || env.git_in(&dir, ["rev-list", "--count", "HEAD"]).ok().trim().to_owned();
    assert_eq!(count(), "1");
    assert_eq!(runs(&env, &dir), 1);
    env.git_in(&dir, ["fetch", "-q", "--deepen=1"]).ok();
    assert_eq!(count(), "2");
    env.git_in(&dir, ["fetch", "-q", "--unshallow"]).ok();
    assert_eq!(runs(&env, &dir), 2);
    assert!(!dir.join(".git/shallow").exists());
    env.fsck_in(&dir);
}

#[test]
fn a_partial_clone_fetches_files_when_they_are_looked_at() {
    let env = TestEnv::without_repo();
    world(&env, &[]);
    let dir = git_clone(&env, "b", &["--filter=blob:none", "--no-checkout"]);
    let missing = || {
        let listed = env.git_in(&dir, ["rev-list", "--objects", "--all", "--missing=print"]).ok();
        listed.lines().filter(|line| line.starts_with('?')).count()
    };
    let before = missing();
    assert!(before > 4, "files were not fetched");
    // A list needs none, a file needs that file.
    assert_eq!(runs(&env, &dir), 2);
    assert_eq!(missing(), before);
    assert_eq!(env.agentv_in(&dir, ["cat", "one", "only/answer.md"]).ok(), "answer of one\n");
    let after = missing();
    assert!(after < before && after > 0, "{before} {after}");
    env.git_in(&dir, ["checkout", "-q", "runs"]).ok();
    assert_eq!(missing(), 0, "all that is checked out came in one go");
    let config = env.git_in(&dir, ["config", "--get-regexp", "^remote[.]"]).ok();
    assert!(config.contains("remote.origin.promisor true"), "{config}");
    assert!(config.lines().all(|line| line.starts_with("remote.origin.")), "no remote was made up: {config}");
    env.fsck_in(&dir);
}

#[test]
fn a_remote_with_the_setting_vcs() {
    let env = TestEnv::without_repo();
    let (hub, _) = world(&env, &[]);
    env.git_in(env.root(), ["init", "-q", "b"]).ok();
    let dir = env.root().join("b");
    env.git_in(&dir, ["remote", "add", "origin", hub.to_str().unwrap()]).ok();
    env.git_in(&dir, ["config", "remote.origin.vcs", "agentv"]).ok();
    env.git_in(&dir, ["pull", "-q", "origin", "runs"]).ok();
    env.git_in(&dir, ["fetch", "-q"]).ok();
    env.git_in(&dir, ["switch", "-q", "runs"]).ok();
    assert_eq!(runs(&env, &dir), 2);
    record(&env, &dir, "three");
    env.git_in(&dir, ["push", "-q"]).ok();
    assert_eq!(tip(&env, &hub), head(&env, &dir));
    // What is left out could not be fetched later by that name, so nothing is.
    let said = env.git_in(
        env.root(),
        ["clone", "-c", "remote.origin.vcs=agentv", "--filter=blob:none", hub.to_str().unwrap(), "c"],
    );
    assert_eq!(said.code, 0, "{said:?}");
    env.fsck_in(env.root().join("c"));
    let said = env.agentv_in(&dir, ["sync"]).fails(128);
    assert!(said.contains("vcs=agentv") && said.contains("git pull"), "{said}");
    env.git_in(&dir, ["config", "--unset", "remote.origin.url"]).ok();
    assert_ne!(env.git_in(&dir, ["fetch"]).code, 0);
}

#[test]
fn linked_worktrees_and_directories_below() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env, &[]);
    let dir = git_clone(&env, "b", &[]);
    env.git_in(&dir, ["worktree", "add", "-q", "../tree", "-b", "other"]).ok();
    env.git_in(&dir, ["switch", "-q", "--detach"]).ok();
    let tree = env.root().join("tree");
    env.git_in(&tree, ["switch", "-q", "runs"]).ok();
    record(&env, &a, "three");
    sync(&env, &a);
    env.git_in(&tree, ["pull", "-q"]).ok();
    assert_eq!(runs(&env, &tree), 3);
    record(&env, &tree, "four");
    clean(&env, &tree);
    let shard =
        std::fs::read_dir(&tree).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    env.git_in(&shard, ["push", "-q"]).ok();
    assert_eq!(runs(&env, &hub), 4);
    env.git_in(&shard, ["fetch", "-q", "--all"]).ok();
    env.git_in(env.root(), ["--git-dir=b/.git", "fetch", "-q", "origin"]).ok();
    env.git_in(env.root(), ["-C", "b", "fetch", "-q", "origin"]).ok();
    assert_eq!(env.git_in(&dir, ["rev-parse", "origin/runs"]).ok().trim(), tip(&env, &hub));
}

#[test]
fn submodules_ask_first() {
    let env = TestEnv::new();
    let (_, _) = world(&env, &[]);
    // `protocol.<name>.allow` is "user" for what git does not know: no for a submodule.
    let address = address(&env);
    let said = env.git(["submodule", "add", &address, "runs"]);
    assert!(said.code != 0 && said.stderr.contains("transport 'agentv' not allowed"), "{said:?}");
    env.git(["-c", "protocol.agentv.allow=always", "submodule", "add", "-q", &address, "runs"]).ok();
    assert_eq!(runs(&env, &env.repo.join("runs")), 2);
    env.git(["commit", "-q", "-m", "runs beside the code"]).ok();
    let copy = env.root().join("copy");
    let allow = ["-c", "protocol.agentv.allow=always", "clone", "-q", "--recurse-submodules"];
    env.git_in(env.root(), [&allow[..], &[env.repo.to_str().unwrap(), "copy"]].concat()).ok();
    assert!(copy.join("runs/.git").exists());
    env.fsck_in(copy.join("runs"));
}

#[test]
fn with_other_gits() {
    for git in crate::gits::all() {
        let mut env = TestEnv::without_repo();
        env.set("PATH", git.path(true));
        let (hub, a) = world(&env, &[]);
        life(&env, (&hub, &a), "plain", &[]);
        life(&env, (&hub, &a), "partial", &["--filter=blob:none"]);
        life(&env, (&hub, &a), "shallow", &["--depth=1"]);
    }
}
