//! Where nothing is rewritten, and the link is kept with the run.

use super::*;

/// Fails unless HEAD stays and the link is kept with the run, for a reason that contains `reason`.
#[track_caller]
fn is_kept(env: &TestEnv, reason: &str) {
    let (at, status) = (head(env), env.git(["status", "--porcelain=v2", "--branch"]).ok());
    let run = env.runs()[0]["id"].as_str().unwrap().to_owned();
    let said = env.agentv(["link", &run]).ok();
    assert!(
        said.contains("kept with the run, the commit was not changed") && said.contains(reason),
        "{reason}: {said}"
    );
    assert_eq!((head(env), links(env)), (at.clone(), vec![at.clone()]), "{reason}");
    assert_eq!(env.git(["status", "--porcelain=v2", "--branch"]).ok(), status, "{reason}");
    env.agentv(["unlink", &run]).ok();
    assert_eq!((head(env), links(env).len()), (at, 0), "{reason}");
}

#[test]
fn commits_that_somebody_else_has() {
    let mut env = TestEnv::new();
    with_run(&mut env);
    let table = [
        (
            "update-ref refs/remotes/origin/main HEAD",
            "update-ref -d refs/remotes/origin/main",
            "refs/remotes/origin/main has it",
        ),
        (
            "update-ref refs/remotes/origin/topic HEAD",
            "update-ref -d refs/remotes/origin/topic",
            "refs/remotes/origin/topic",
        ),
        ("tag v1", "tag -d v1", "refs/tags/v1"),
        ("tag -a v2 -m v2", "tag -d v2", "refs/tags/v2"),
        ("branch other", "branch -D other", "refs/heads/other"),
        ("update-ref refs/pull/1 HEAD", "update-ref -d refs/pull/1", "refs/pull/1"),
        ("worktree add -q --detach ../other", "worktree remove ../other", "the worktree "),
    ];
    for (make, unmake, reason) in table {
        env.git(make.split(' ')).ok();
        is_kept(&env, reason);
        env.git(unmake.split(' ')).ok();
    }
    // They contain it.
    env.git(["checkout", "-q", "-b", "ahead"]).ok();
    env.git(["commit", "-q", "--allow-empty", "-m", "ahead"]).ok();
    env.git(["checkout", "-q", "main"]).ok();
    is_kept(&env, "refs/heads/ahead");
    env.git(["worktree", "add", "-q", "--detach", "../other", "ahead"]).ok();
    env.git(["branch", "-D", "ahead"]).ok();
    is_kept(&env, "the worktree ");
    env.git(["worktree", "remove", "../other"]).ok();

    // A stash, another name of the branch and our own refs are no publication.
    std::fs::write(env.repo.join("file"), "x").unwrap();
    env.git(["add", "file"]).ok();
    env.git(["stash", "-q"]).ok();
    env.git(["symbolic-ref", "refs/heads/alias", "refs/heads/main"]).ok();
    env.git(["update-ref", "refs/agentv/other", "HEAD"]).ok();
    let before = head(&env);
    assert!(env.agentv(["link"].iter().chain(&["@{0}"])).ok().contains("its message now ends in"));
    assert_ne!(head(&env), before);
}

#[test]
fn in_the_middle_of_something() {
    let table: [(&[&str], &[&str], &str); 6] = [
        (&["merge --no-commit --no-ff side"], &["merge --abort"], "a merge is in progress"),
        (&["merge --squash side"], &["reset -q --hard"], "a squash merge is in progress"),
        (&["cherry-pick -n side"], &["reset -q --hard"], "in progress"),
        (&["cherry-pick clash"], &["cherry-pick --abort"], "a cherry-pick is in progress"),
        (&["revert --no-edit old"], &["revert --abort"], "a revert is in progress"),
        (&["rebase clash"], &["rebase --abort"], "a rebase is in progress"),
    ];
    for format in ["files", "reftable"] {
        if format == "reftable" && !env_has_reftables() {
            eprintln!("skipped: this git has no reftables");
            continue;
        }
        let env = TestEnv::with_init(if format == "files" { &[] } else { &["--ref-format=reftable"] });
        let put = |name: &str, text: &str| {
            std::fs::write(env.repo.join(name), text).unwrap();
            env.git(["add", name]).ok();
            env.git(["commit", "-qm", &format!("{name} {text}")]).ok();
        };
        put("file", "0");
        put("file", "1");
        env.git(["update-ref", "refs/old", "HEAD"]).ok();
        env.git(["checkout", "-q", "-b", "side", "HEAD~1"]).ok();
        put("beside", "1");
        env.git(["checkout", "-q", "-b", "clash", "HEAD~1"]).ok();
        put("file", "2");
        env.git(["checkout", "-q", "main"]).ok();
        put("file", "3");
        env.git(["update-ref", "refs/heads/old", "refs/old"]).ok();
        env.small_bundle(1);
        env.agentv(["record"]).ok();
        let base = head(&env);
        for (begin, end, reason) in table {
            for line in begin {
                let _ = env.git(line.split(' '));
            }
            is_kept(&env, reason);
            for line in end {
                env.git(line.split(' ')).ok();
            }
            assert_eq!(head(&env), base, "{reason}");
        }
        // Bisecting is no reason.
        env.git(["bisect", "start", "HEAD", "HEAD~1"]).ok();
        assert!(env.agentv(["link", "@{0}"]).ok().contains("ends in"));
    }
}

fn env_has_reftables() -> bool {
    let env = TestEnv::without_repo();
    env.git_in(env.root(), ["init", "-q", "--ref-format=reftable", "probe"]).code == 0
}

#[test]
fn commits_that_would_lose_something() {
    let mut env = TestEnv::new();
    with_run(&mut env);
    let base = head(&env);
    let table: [(&str, &[u8], &str); 5] = [
        ("", b"caf\xe9\n", "not in the encoding"),
        ("", b"a\0b\n", "not in the encoding"),
        ("", b"", "has no message"),
        ("", b"\n \n", "has no message"),
        (
            "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n",
            b"signed\n",
            "commit.gpgSign is not set",
        ),
    ];
    for (headers, message, reason) in table {
        commit_raw(&env, headers, message);
        is_kept(&env, reason);
        env.git(["reset", "-q", "--hard", &base]).ok();
    }
    // The end of a shallow clone would become a first commit.
    env.git_in(env.root(), ["clone", "-q", "--depth=1", &format!("file://{}", env.repo.display()), "shallow"]).ok();
    let shallow = env.root().join("shallow");
    for name in ["refs/remotes/origin/main", "refs/remotes/origin/HEAD"] {
        env.git_in(&shallow, ["update-ref", "--no-deref", "-d", name]).ok();
    }
    env.git_in(&shallow, ["fetch", "-q", "origin", &format!("{RUNS}:{RUNS}")]).ok();
    let said = env.agentv_in(&shallow, ["link", "@{0}"]).ok();
    assert!(said.contains("the history of this shallow clone ends there"), "{said}");
    assert_eq!(env.git_in(&shallow, ["rev-parse", "HEAD"]).ok().trim(), base);
    // A bare one has no HEAD that is anybody's.
    env.git_in(env.root(), ["clone", "-q", "--mirror", &env.repo.display().to_string(), "bare"]).ok();
    let said = env.agentv_in(env.root().join("bare"), ["link", "@{0}"]).ok();
    assert!(said.contains("the repository has no working tree"), "{said}");
}

#[test]
fn git_refuses() {
    let mut env = TestEnv::new();
    with_run(&mut env);
    hook(&env, "prepare-commit-msg", "echo 'not today' >&2; exit 1");
    is_kept(&env, "git would not amend it");
    std::fs::remove_file(env.repo.join(".git/hooks/prepare-commit-msg")).unwrap();
    let lock = env.repo.join(".git/index.lock");
    std::fs::write(&lock, "").unwrap();
    let (at, said) = (head(&env), env.agentv(["link", "@{0}"]).ok());
    std::fs::remove_file(lock).unwrap();
    assert!(said.contains("git would not amend it") && said.contains("index.lock"), "{said}");
    assert_eq!((head(&env), links(&env)), (at.clone(), vec![at]));
}

#[test]
fn published_trailers_stay() {
    let mut env = TestEnv::new();
    let run = with_run(&mut env);
    env.agentv(["link", &run]).ok();
    let at = head(&env);
    env.git(["update-ref", "refs/remotes/origin/main", "HEAD"]).ok();
    let said = env.agentv(["unlink", &run]).fails(1);
    assert!(said.contains("still cites") && said.contains("refs/remotes/origin/main has it, too"), "{said}");
    assert!(said.contains("the link kept with the run was removed") && links(&env).is_empty(), "{said}");
    let said = env.agentv(["unlink", &run]).fails(1);
    assert!(!said.contains("was removed"), "{said}");
    env.git(["commit", "-q", "--allow-empty", "-m", "next"]).ok();
    let said = env.agentv(["unlink", &run, "HEAD~1"]).fails(1);
    assert!(said.contains("the commit is not HEAD"), "{said}");
    assert_eq!(rev(&env, "HEAD~1"), at);
    // What is only quoted is no link.
    commit_raw(&env, "", format!("s\n\nAgentv-Run: {run}\n\nquoted above\n").as_bytes());
    assert!(env.agentv(["unlink", &run]).ok().contains("is not linked to"));
}
