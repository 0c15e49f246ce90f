//! What can't be indexed: a clear error, and nothing changed.

use serde_json::json;

use super::{bare, reindex, rows, tip, upstream};
use crate::env::TestEnv;

#[track_caller]
fn fails(env: &TestEnv, args: &[&str], words: &[&str]) {
    let said = env.agentv_in(env.root(), [&["reindex"], args].concat()).fails(128);
    for word in words.iter().chain(&["error: ", "hint: "]) {
        assert!(said.contains(word), "{args:?}: no '{word}' in: {said}");
    }
}

#[test]
fn no_such_place() {
    let env = TestEnv::new();
    upstream(&env, 0..1);
    std::fs::create_dir(env.root().join("plain")).unwrap();
    env.git_in(env.root(), ["init", "-q", "--bare", "empty.git"]).ok();
    env.git_in(env.root(), ["init", "-q", "unborn"]).ok();
    fails(&env, &["--repo", "plain"], &["not a git repository"]);
    let said = env.agentv_in(env.root(), ["reindex", "--repo", "gone"]).fails(128);
    assert!(said.contains("there is no directory") && said.contains("gone"), "{said}");
    fails(&env, &["--repo", "empty.git"], &["'empty.git' has no commits yet"]);
    fails(&env, &["--repo", "unborn"], &["'unborn' has no commits yet"]);
    fails(&env, &["--repo", "repo", "--branch", "gone"], &["'repo' has no branch 'gone'"]);
    fails(&env, &["--repo", "repo", "--branch", ""], &["'repo' has no"]);
    fails(&env, &["--repo", "repo", "--branch", "a..b"], &["'repo' has no branch 'a..b'"]);
    fails(&env, &["--repo", "file:///nowhere/at/all"], &["'file:///nowhere/at/all'", "check the address"]);
    let empty = format!("file://{}/empty.git", env.root().display());
    fails(&env, &["--repo", &empty], &["has no commits yet"]);
}

#[test]
fn credentials_are_never_told() {
    let env = TestEnv::new();
    for url in
        ["https://me:s3cret@localhost:1/a.git", "https://s3cret@localhost:1/a.git", "nonsense://me:s3cret@host/a"]
    {
        let mut command = env.command("git", env.root());
        let ran = crate::env::Ran::of(command.args(["agentv", "reindex", "--repo", url]).env("AGENTV_LOG", "debug"));
        assert!(!format!("{ran:?}").contains("s3cret"), "{ran:?}");
        assert!(ran.fails(128).contains("error: '"), "{url}");
    }
}

#[test]
fn nothing_to_index() {
    let env = TestEnv::new();
    std::fs::write(env.repo.join("README"), "x\n").unwrap();
    env.git(["add", "."]).ok();
    env.git(["commit", "-qm", "code"]).ok();
    let before = tip(&env, &env.repo, "main");
    for more in [&[][..], &["--check"]] {
        fails(&env, &[&["--repo", "repo"], more].concat(), &["there are no runs in 'refs/heads/main'"]);
    }
    assert_eq!(tip(&env, &env.repo, "main"), before);
    let said = env.agentv(["reindex"]).fails(128);
    assert!(said.contains("no runs are recorded in this repository") && said.contains("--repo"), "{said}");
}

#[test]
fn one_broken_bundle_of_many() {
    let env = TestEnv::new();
    upstream(&env, 0..4);
    std::fs::write(env.repo.join("runs/small/r-2/summary.json"), "{\"run_id\": ").unwrap();
    std::fs::write(env.repo.join("runs/small/r-3/.internal/index.jsonl"), "").unwrap();
    env.git(["commit", "-qam", "broken"]).ok();
    let ran = env.agentv_in(env.root(), ["reindex", "--repo", "repo"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("warning: not in the index: runs/small/r-2: summary.json:1:"), "{}", ran.stderr);
    assert!(ran.stderr.contains("warning: not in the index: runs/small/r-3: 'r-3' is incomplete"), "{}", ran.stderr);
    assert_eq!(rows(&env, &env.repo, "main").len(), 2);
    let report = reindex(&env, "repo", &["--check"]);
    assert_eq!((&report["equal"], report["left_out"].as_array().unwrap().len()), (&json!(true), 2));
}

#[test]
fn something_else_in_its_place() {
    let env = TestEnv::new();
    upstream(&env, 0..2);
    let top = tip(&env, &env.repo, "main");
    type Put<'a> = (&'a str, &'a dyn Fn());
    let write = |path: &'static str, text: &'static str| {
        let repo = env.repo.clone();
        move || {
            std::fs::create_dir_all(repo.join(path).parent().unwrap()).unwrap();
            std::fs::write(repo.join(path), text).unwrap();
        }
    };
    let cases: [Put<'_>; 4] = [
        ("'index' is not an index of runs: it is no directory", &write("index", "x\n")),
        (
            "'index/runs.jsonl' is not an index of runs: no line",
            &write("index/runs.jsonl", "{\"run_id\": \"theirs\"}\n"),
        ),
        ("'index/runs-0001.jsonl' is not an index of runs", &write("index/runs-0001.jsonl", "notes\n")),
        ("'index/runs.jsonl' is not an index of runs: it is no file", &write("index/runs.jsonl/x", "x\n")),
    ];
    for (words, put) in cases {
        put();
        env.git(["add", "."]).ok();
        env.git(["commit", "-qm", "theirs"]).ok();
        let before = tip(&env, &env.repo, "main");
        for more in [&[][..], &["--check"]] {
            fails(&env, &[&["--repo", "repo"], more].concat(), &[words, "nothing was changed"]);
        }
        assert_eq!(tip(&env, &env.repo, "main"), before);
        env.git(["reset", "-q", "--hard", &top]).ok();
    }
    // Other files beside it stay.
    write("index/README.md", "ours\n")();
    env.git(["add", "."]).ok();
    env.git(["commit", "-qm", "readme"]).ok();
    reindex(&env, "repo", &[]);
    assert_eq!(env.git(["ls-tree", "--name-only", "main", "index/"]).ok(), "index/README.md\nindex/runs.jsonl\n");
}

#[test]
fn what_differs() {
    let env = TestEnv::new();
    upstream(&env, 0..5);
    reindex(&env, "repo", &[]);
    let file = env.repo.join("index/runs.jsonl");
    let good = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let other = lines[0].replace("\"id\":\"", "\"id\":\"ffff");
    let changed = lines[1].replace("\"passed\":1", "\"passed\":0");
    let bad = [lines[0], &changed, lines[3], lines[3], "{", &other, lines[4]].join("\n") + "\n";
    std::fs::write(&file, &bad).unwrap();
    env.git(["commit", "-qam", "tampered"]).ok();
    let before = tip(&env, &env.repo, "main");
    let ran = env.agentv_in(env.root(), ["reindex", "--repo", "repo", "--check", "--format", "json"]);
    assert_eq!((ran.code, tip(&env, &env.repo, "main")), (1, before));
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].clone();
    assert_eq!(
        report["differences"],
        json!({
            "missing": [id(lines[2])],
            "extra": [id(&other)],
            "changed": [id(lines[1])],
            "repeated": [id(lines[3])],
            "bad_lines": ["index/runs.jsonl:5"],
        })
    );
    let said = env.agentv_in(env.root(), ["reindex", "--repo", "repo", "--check"]).stdout;
    for words in
        ["is wrong: it should have 5 rows", "1 row missing: ", "1 row of no run: ", "no rows: index/runs.jsonl:5"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    reindex(&env, "repo", &[]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), good);
    // The order of lines is nobody's business.
    let turned = good.lines().rev().collect::<Vec<_>>().join("\n") + "\n";
    std::fs::write(&file, turned).unwrap();
    env.git(["commit", "-qam", "turned"]).ok();
    assert_eq!(reindex(&env, "repo", &["--check"])["equal"], true);
}

/// Our commits are not signed, so a key that is not there is none of their business.
#[test]
fn signing_is_configured_and_broken() {
    let env = TestEnv::new();
    upstream(&env, 0..2);
    for setting in ["commit.gpgsign", "push.gpgsign"] {
        env.git(["config", "--global", setting, "true"]).ok();
    }
    env.git(["config", "--global", "user.signingkey", "no-such-key"]).ok();
    env.git(["config", "--global", "gpg.program", "/nonexistent"]).ok();
    let place = bare(&env);
    reindex(&env, "repo", &[]);
    assert_eq!(reindex(&env, &format!("file://{}", place.display()), &[])["rows"], 2);
}

#[test]
fn nobody_to_commit_as() {
    let env = TestEnv::new();
    upstream(&env, 0..2);
    let before = tip(&env, &env.repo, "main");
    env.git(["config", "--global", "--unset", "user.email"]).ok();
    env.git(["config", "--global", "user.useConfigOnly", "true"]).ok();
    fails(&env, &["--repo", "repo"], &["git does not know who you are"]);
    assert_eq!(tip(&env, &env.repo, "main"), before);
    assert_eq!(env.agentv(["reindex", "--repo", ".", "--check"]).code, 1, "looking needs no name");
}
