//! `link` and `unlink`: what is rewritten, what is kept with the run, and that nothing else changes.

mod amended;
mod kept;

use serde_json::Value;

use crate::env::{NOW, TestEnv};

const RUNS: &str = "refs/agentv/runs/v1";

/// A repository whose second commit is on a branch that nobody else has, and a run; its id.
fn with_run(env: &mut TestEnv) -> String {
    env.git(["commit", "-q", "--allow-empty", "-m", "work"]).ok();
    // Whatever happens from now on happens a day later.
    for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
        env.set(name, format!("@{} +0000", NOW + 86400));
    }
    env.small_bundle(1);
    env.agentv(["record", "--commit", "HEAD"]).ok();
    env.runs()[0]["id"].as_str().unwrap().to_owned()
}

fn head(env: &TestEnv) -> String {
    rev(env, "HEAD")
}

fn rev(env: &TestEnv, revision: &str) -> String {
    env.git(["rev-parse", revision]).ok().trim().to_owned()
}

/// Head and message of a commit, byte for byte.
fn raw(env: &TestEnv, revision: &str) -> (String, Vec<u8>) {
    let data = env.git(["cat-file", "commit", revision]).raw;
    let split = data.windows(2).position(|pair| pair == b"\n\n").unwrap();
    (String::from_utf8(data[..split].to_vec()).unwrap(), data[split + 2..].to_vec())
}

/// What git itself finds of our trailer.
fn cited(env: &TestEnv, revision: &str) -> String {
    env.git(["log", "-1", "--format=%(trailers:key=Agentv-Run,valueonly,separator=%x2C)", revision])
        .ok()
        .trim()
        .to_owned()
}

/// The commits that the newest run keeps links to.
fn links(env: &TestEnv) -> Vec<String> {
    let links = env.runs()[0]["links"].clone();
    links.as_array().into_iter().flatten().map(|link| link.as_str().unwrap().to_owned()).collect()
}

/// Puts a commit with this message, byte for byte, on the branch.
fn commit_raw(env: &TestEnv, headers: &str, message: &[u8]) -> String {
    let tree = rev(env, "HEAD^{tree}");
    let who = format!("Ada Tester <ada@example.com> {NOW} +0200");
    let head = format!("tree {tree}\nparent {}\nauthor {who}\ncommitter {who}\n{headers}\n", head(env));
    let id = env.git_stdin(
        ["hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        &[head.as_bytes(), message].concat(),
    );
    env.git(["update-ref", "HEAD", &id]).ok();
    id
}

fn hook(env: &TestEnv, name: &str, script: &str) {
    let path = env.repo.join(".git/hooks").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn what_can_not_be_linked() {
    let mut env = TestEnv::new();
    let run = with_run(&mut env);
    let (at, runs) = (head(&env), rev(&env, RUNS));
    for command in ["link", "unlink"] {
        assert!(env.agentv([command, "ffff"]).fails(128).contains("no run matches 'ffff'"));
        assert!(env.agentv([command, &run, "nowhere"]).fails(128).contains("'nowhere' is not a commit"));
        assert!(env.agentv([command, &run, "--", "--all"]).fails(128).contains("'--all' is not a commit"));
        assert!(env.agentv([command, &run, "HEAD^{tree}"]).fails(128).contains("is not a commit"));
        env.git(["checkout", "-q", "--orphan", "empty"]).ok();
        assert!(env.agentv([command, &run]).fails(128).contains("there is no commit yet"));
        env.git(["checkout", "-q", "-f", "main"]).ok();
    }
    assert_eq!((head(&env), rev(&env, RUNS)), (at.clone(), runs));
    env.agentv(["delete", &run]).ok();
    let said = env.agentv(["link", &run]).fails(128);
    assert!(said.contains("was deleted") && said.contains("restore"), "{said}");
    assert_eq!(head(&env), at);
}

#[test]
fn linking_twice_and_unlinking_twice() {
    let mut env = TestEnv::new();
    let run = with_run(&mut env);
    let before = head(&env);
    let said = env.agentv(["link", &run[..6]]).ok();
    let after = head(&env);
    assert_eq!(said, format!("linked {run} to {} work: its message now ends in 'Agentv-Run: {run}'\n", &after[..10]));
    assert_eq!((cited(&env, "HEAD"), links(&env)), (run.clone(), vec![after.clone()]));
    let runs = rev(&env, RUNS);
    let said = env.agentv(["link", &run, "main"]).ok();
    assert_eq!(said, format!("{run} is linked to {} work already: its message cites the run\n", &after[..10]));
    assert_eq!((head(&env), rev(&env, RUNS)), (after.clone(), runs), "nothing was changed");

    // The source commit is gone from the branch; the run says what became of it.
    assert_eq!(env.runs()[0]["sha"], before);
    let said = env.agentv(["show", &run]).ok();
    let linked = format!("linked    {} work (near: tree not observed, rewritten from {})", &after[..10], &before[..10]);
    assert!(said.contains(&linked), "{said}");

    let said = env.agentv(["unlink", &run]).ok();
    assert_eq!(said, format!("unlinked {run} from {} work: its message no longer cites the run\n", &head(&env)[..10]));
    assert_eq!(head(&env), before, "author, dates and message are as before, so it is the same commit");
    assert!(links(&env).is_empty());
    assert_eq!(env.agentv(["unlink", &run]).ok(), format!("{run} is not linked to {} work\n", &before[..10]));

    // On another commit, likewise.
    let first = rev(&env, "HEAD~1");
    let said = env.agentv(["link", &run, "HEAD~1"]).ok();
    let kept = "kept with the run, the commit was not changed (the commit is not HEAD)";
    assert_eq!(said, format!("linked {run} to {} first: {kept}\n", &first[..10]));
    let said = env.agentv(["link", &run, &first[..8]]).ok();
    assert_eq!(said, format!("{run} is linked to {} first already: the link is kept with the run\n", &first[..10]));
    assert_eq!(links(&env), [first.as_str()]);
    assert!(env.agentv(["show", &run]).ok().contains(&format!("linked    {} first (near: ", &first[..10])));
    assert_eq!(env.agentv(["unlink", &run, &first]).ok(), format!("unlinked {run} from {} first\n", &first[..10]));
    assert_eq!((links(&env).len(), head(&env)), (0, before));
    env.fsck();
}

#[test]
fn for_programs() {
    let mut env = TestEnv::new();
    let run = with_run(&mut env);
    let before = head(&env);
    let json = |args: &[&str]| -> Value { env.agentv([args, &["--format", "json"]].concat()).json() };
    let said = json(&["link", &run]);
    let after = head(&env);
    let expected = serde_json::json!({"version": 1, "run": run, "commit": after, "was": before, "subject": "work",
        "cited": true, "kept": true, "changed": true});
    assert_eq!(said, expected);
    assert_eq!(json(&["link", &run])["changed"], false);
    let said = json(&["link", &run, "HEAD~1"]);
    assert_eq!(
        [&said["cited"], &said["kept"], &said["reason"]],
        [false.into(), true.into(), Value::from("the commit is not HEAD")].each_ref()
    );
    assert_eq!(json(&["unlink", &run, "HEAD~1"])["kept"], false);
    env.git(["tag", "v1"]).ok();
    let ran = env.agentv(["unlink", &run, "--format", "json"]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!([&document["cited"], &document["changed"]], [true, true].map(Value::from).each_ref());
    assert!(ran.fails(1).contains("refs/tags/v1 has it, too"));
}
