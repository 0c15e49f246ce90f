//! HEAD that nobody else has: it gets the trailer, and nothing else of it changes.

use super::*;

/// Links the newest run to HEAD, and checks what a link must never change. Returns the new head and message.
#[track_caller]
fn is_amended(env: &TestEnv, what: &str) -> (String, Vec<u8>) {
    let run = env.runs()[0]["id"].as_str().unwrap().to_owned();
    let (before, (head_before, message)) = (head(env), raw(env, "HEAD"));
    let status = env.git(["status", "--porcelain=v2"]).ok();
    let staged = env.git(["diff", "--cached", "--raw", "--no-abbrev"]).ok();
    let said = env.agentv(["link", &run]).ok();
    assert!(said.contains(&format!("its message now ends in 'Agentv-Run: {run}'")), "{what}: {said}");
    let (head_after, after) = raw(env, "HEAD");
    let unsigned = |head: &str| head.split("\ngpgsig").next().unwrap().to_owned();
    assert_eq!(unsigned(&head_after), unsigned(&head_before), "{what}: tree, parents, author, dates, encoding");
    // Below a line of scissors git itself looks for nothing.
    if !what.contains(">8") {
        assert_eq!(cited(env, "HEAD").rsplit(',').next().unwrap(), run, "{what}");
    }
    assert!(env.agentv(["link", &run]).ok().contains("already: its message cites the run"), "{what}");
    assert_eq!(links(env), [head(env)], "{what}");
    assert_eq!(env.git(["status", "--porcelain=v2"]).ok(), status, "{what}");
    assert_eq!(env.git(["diff", "--cached", "--raw", "--no-abbrev"]).ok(), staged, "{what}");
    let log = env.git(["reflog", "-1", "--format=%gs"]).ok();
    assert!(log.starts_with("commit (amend):"), "{what}: {log}");

    // There and back: byte for byte.
    env.agentv(["unlink", &run]).ok();
    assert_eq!(String::from_utf8_lossy(&raw(env, "HEAD").1), String::from_utf8_lossy(&message), "{what}");
    if !head_before.contains("gpgsig") && !head_after.contains("gpgsig") {
        assert_eq!(head(env), before, "{what}: the same commit again");
    }
    assert!(links(env).is_empty(), "{what}");
    (head_after, after)
}

#[test]
fn messages() {
    let mut env = TestEnv::new();
    let run = with_run(&mut env);
    let base = head(&env);
    let t = format!("Agentv-Run: {run}");
    let latin = "encoding ISO-8859-1\n";
    let table: [(&str, &[u8], Vec<u8>); 23] = [
        ("", b"s\n", format!("s\n\n{t}\n").into()),
        ("", b"s", format!("s\n\n{t}").into()),
        ("", b"s\n\n\n", format!("s\n\n{t}\n\n\n").into()),
        ("", b"\n\ns  \n", format!("\n\ns  \n\n{t}\n").into()),
        ("", b"fix: word\n", format!("fix: word\n\n{t}\n").into()),
        ("", b"s\n\nbody\n", format!("s\n\nbody\n\n{t}\n").into()),
        ("", b"s\n\nbody: of one line\n", format!("s\n\nbody: of one line\n{t}\n").into()),
        ("", b"s\n\nb\n\nSigned-off-by: A <a@b>\n", format!("s\n\nb\n\nSigned-off-by: A <a@b>\n{t}\n").into()),
        ("", b"s\n\nAgentv-Run: 0123456789abcdef\n", format!("s\n\nAgentv-Run: 0123456789abcdef\n{t}\n").into()),
        ("", b"s\n\nb\n---\nmore\n", format!("s\n\nb\n---\nmore\n\n{t}\n").into()),
        ("", b"s\n\n# no comment\n#1 too\n", format!("s\n\n# no comment\n#1 too\n\n{t}\n").into()),
        ("", b"# s\n", format!("# s\n\n{t}\n").into()),
        ("", b"s\n\nb\n# at the end", format!("s\n\nb\n# at the end\n\n{t}").into()),
        ("", b"s\n\n;a\n@b\n\x01c\n", format!("s\n\n;a\n@b\n\x01c\n\n{t}\n").into()),
        (
            "",
            b"s\n\nb\n\n# ------------------------ >8 ------------------------\ndiff\n",
            format!("s\n\nb\n\n# ------------------------ >8 ------------------------\ndiff\n\n{t}\n").into(),
        ),
        ("", b"s\n\nb\n\nConflicts:\n\tfile\n", format!("s\n\nb\n\nConflicts:\n\tfile\n\n{t}\n").into()),
        ("", b"s\r\n\r\nbody\r\n", format!("s\r\n\r\nbody\r\n\r\n{t}\r\n").into()),
        ("", b"s\r\n\r\nSigned-off-by: A <a@b>\r\n", format!("s\r\n\r\nSigned-off-by: A <a@b>\r\n{t}\r\n").into()),
        ("", "süß\n\n本文\n".as_bytes(), format!("süß\n\n本文\n\n{t}\n").into()),
        ("x-other kept\n", b"s\n", format!("s\n\n{t}\n").into()),
        (latin, b"caf\xe9\n", [b"caf\xe9\n\n", t.as_bytes(), b"\n"].concat()),
        ("", b"s\n\nIssue: 1\n  folded\n", format!("s\n\nIssue: 1\n  folded\n{t}\n").into()),
        ("", b"-m $(x) `y` 'z' \"\\\n", format!("-m $(x) `y` 'z' \"\\\n\n{t}\n").into()),
    ];
    // However the user likes their commits, and whatever the environment says.
    let settings = [
        ("commit.cleanup", "scissors"),
        ("commit.verbose", "true"),
        ("core.commentChar", "auto"),
        ("core.editor", "false"),
        ("trailer.agentv-run.where", "start"),
        ("i18n.commitEncoding", "ISO-8859-15"),
        ("commit.template", "nowhere"),
    ];
    for with_settings in [false, true] {
        for (headers, message, expected) in &table {
            let what = format!("{:?}", String::from_utf8_lossy(message));
            commit_raw(&env, headers, message);
            if with_settings {
                for (key, value) in settings {
                    env.git(["config", key, value]).ok();
                }
            }
            // git leaves no mark of the encoding that it takes for granted.
            let (_, after) = is_amended(&env, &what);
            assert_eq!(String::from_utf8_lossy(&after), String::from_utf8_lossy(expected), "{what}");
            env.git(["reset", "-q", "--hard", &base]).ok();
        }
    }
    env.fsck();
}

#[test]
fn kinds_of_commits() {
    let mut env = TestEnv::new();
    with_run(&mut env);
    env.git(["checkout", "-q", "--detach"]).ok();
    env.git([
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "detached",
        "--author",
        "Bob <bob@example.com>",
        "--date",
        "@1 -0700",
    ])
    .ok();
    let (head_after, _) = is_amended(&env, "detached");
    assert!(head_after.contains("author Bob <bob@example.com> 1 -0700"), "{head_after}");

    env.git(["checkout", "-q", "--detach", "HEAD~1"]).ok();
    env.git(["commit", "-q", "--allow-empty", "-m", "side"]).ok();
    env.git(["merge", "-q", "-s", "ours", "-m", "merge", "HEAD@{2}"]).ok();
    let (head_after, _) = is_amended(&env, "merge");
    assert_eq!(head_after.matches("parent ").count(), 2);

    env.git(["checkout", "-q", "--orphan", "root"]).ok();
    env.git(["commit", "-q", "--allow-empty", "-m", "root"]).ok();
    let (head_after, _) = is_amended(&env, "root");
    assert!(!head_after.contains("parent "));
}

#[test]
fn staged_and_unstaged_changes_stay() {
    let mut env = TestEnv::new();
    for name in ["staged", "changed", "gone", "both"] {
        std::fs::write(env.repo.join(name), "1\n").unwrap();
    }
    env.git(["add", "staged", "changed", "gone", "both"]).ok();
    with_run(&mut env);
    for name in ["staged", "changed", "both", "new", "intended", "untracked"] {
        std::fs::write(env.repo.join(name), "2\n").unwrap();
    }
    env.git(["add", "staged", "both", "new"]).ok();
    env.git(["add", "-N", "intended"]).ok();
    env.git(["rm", "-q", "--cached", "gone"]).ok();
    std::fs::write(env.repo.join("both"), "3\n").unwrap();
    is_amended(&env, "changes");
    let status = env.git(["status", "--porcelain"]).ok();
    for line in ["M  staged", " M changed", "D  gone", "MM both", "A  new", " A intended", "?? untracked"] {
        assert!(status.lines().any(|found| found == line), "{line}: {status}");
    }
}

#[test]
fn other_places() {
    let mut env = TestEnv::new();
    let run = with_run(&mut env);
    let main = head(&env);
    env.git(["worktree", "add", "-q", "-b", "topic", "../it's a worktree"]).ok();
    let worktree = env.root().join("it's a worktree");
    env.git_in(&worktree, ["commit", "-q", "--allow-empty", "-m", "topic"]).ok();
    std::fs::create_dir(worktree.join("sub")).unwrap();
    let said = env.agentv_in(worktree.join("sub"), ["link", &run]).ok();
    assert!(said.contains("topic: its message now ends in"), "{said}");
    assert_eq!((cited(&env, "topic"), head(&env)), (run, main));

    let mut env = TestEnv::with_init(&["--object-format=sha256"]);
    with_run(&mut env);
    is_amended(&env, "sha256");
    env.fsck();
}

#[test]
fn hooks_run_as_in_any_amend() {
    let mut env = TestEnv::new();
    let run = with_run(&mut env);
    let before = head(&env);
    let log = env.root().join("log");
    // What they do to the text does not matter.
    hook(&env, "prepare-commit-msg", &format!("echo \"prepare $2 $3\" >> '{}'; echo changed > \"$1\"", log.display()));
    hook(&env, "post-rewrite", &format!("echo \"post $1 $(cat)\" >> '{}'", log.display()));
    hook(&env, "pre-commit", "exit 1");
    hook(&env, "commit-msg", "exit 1");
    env.agentv(["link", &run]).ok();
    let after = head(&env);
    assert_eq!(std::fs::read_to_string(&log).unwrap(), format!("prepare commit HEAD\npost amend {before} {after}\n"));
    assert_eq!(raw(&env, "HEAD").1, format!("work\n\nAgentv-Run: {run}\n").into_bytes());

    // One that carries links over an amend does not bring back what is taken away.
    hook(
        &env,
        "post-rewrite",
        &format!(
            "while read old new; do git tag kept $new; git agentv link {run} $new >> '{}'; git tag -d kept; done",
            log.display()
        ),
    );
    env.agentv(["unlink", &run]).ok();
    assert!(std::fs::read_to_string(&log).unwrap().contains("linked "), "the hook made a link");
    assert_eq!((cited(&env, "HEAD").as_str(), links(&env).len()), ("", 0));
}

/// Without any hook: what else is known of the old commit is known of the new one.
#[test]
fn other_runs_of_the_commit() {
    let mut env = TestEnv::new();
    let run = with_run(&mut env);
    let before = head(&env);
    env.small_bundle(2);
    env.agentv(["record", "--commit", "HEAD"]).ok();
    env.agentv(["link", &run]).ok();
    let after = head(&env);
    assert_eq!(cited(&env, "HEAD"), run, "the other one is not named");
    for name in ["small-1", "small-2"] {
        let shown = env.agentv(["show", name, "--format", "json"]).json();
        let link = serde_json::json!([shown["links"][0]["commit"], shown["links"][0]["from"]]);
        assert_eq!(link, serde_json::json!([after, before]), "{name}");
    }
}

#[test]
fn signatures() {
    let mut env = TestEnv::new();
    let run = with_run(&mut env);
    let key = env.root().join("home/key");
    let made = env
        .command("sh", env.root())
        .arg("-c")
        .arg(format!("ssh-keygen -q -t ed25519 -N '' -C ada -f '{}'", key.display()))
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        eprintln!("skipped: no ssh-keygen that makes a key");
        return;
    }
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    std::fs::write(env.root().join("home/allowed"), format!("ada@example.com {public}")).unwrap();
    env.git(["config", "--global", "gpg.format", "ssh"]).ok();
    env.git(["config", "--global", "user.signingKey", key.to_str().unwrap()]).ok();
    env.git(["config", "--global", "gpg.ssh.allowedSignersFile", env.root().join("home/allowed").to_str().unwrap()])
        .ok();
    let signed = |env: &TestEnv| env.git(["log", "-1", "--format=%G?"]).ok().trim().to_owned();

    // An unsigned commit is signed if that is what the user has set.
    env.git(["config", "--global", "commit.gpgSign", "true"]).ok();
    let (head_after, _) = is_amended(&env, "signs");
    assert!(head_after.contains("gpgsig -----BEGIN SSH SIGNATURE-----"));
    // A signed one is signed again, and the signature is good.
    env.git(["commit", "-q", "--allow-empty", "-m", "signed"]).ok();
    assert_eq!(signed(&env), "G");
    env.agentv(["link", &run]).ok();
    assert_eq!((signed(&env).as_str(), cited(&env, "HEAD")), ("G", run.clone()));
    env.agentv(["unlink", &run]).ok();
    assert_eq!((signed(&env).as_str(), cited(&env, "HEAD").as_str()), ("G", ""));

    // Where it would lose its signature it stays as it is.
    let at = head(&env);
    env.git(["config", "--global", "commit.gpgSign", "false"]).ok();
    let said = env.agentv(["link", &run]).ok();
    assert!(said.contains("kept with the run") && said.contains("the commit is signed"), "{said}");
    assert_eq!((head(&env), signed(&env), links(&env)), (at.clone(), "G".into(), vec![at.clone()]));
    env.agentv(["unlink", &run]).ok();
    env.git(["config", "--global", "commit.gpgSign", "true"]).ok();
    std::fs::remove_file(key).unwrap();
    std::fs::remove_file(env.root().join("home/key.pub")).unwrap();
    let said = env.agentv(["link", &run]).ok();
    assert!(said.contains("kept with the run") && said.contains("git would not amend it"), "{said}");
    assert_eq!((head(&env), links(&env)), (at.clone(), vec![at]));
}
