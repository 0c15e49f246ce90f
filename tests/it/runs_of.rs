//! Which runs judged a commit, and whether links still hold: `runs-of`, `links`, and what `status` says of
//! runs that wait for a commit.

use serde_json::Value;

use crate::env::TestEnv;

/// A repository with one commit and our hooks' work wired in by hand.
fn wired() -> TestEnv {
    let env = TestEnv::new();
    std::fs::write(env.repo.join(".gitignore"), ".agentv/\n").unwrap();
    commit(&env, "one");
    let hooks = env.repo.join(".git/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for name in ["prepare-commit-msg", "commit-msg", "post-rewrite"] {
        let file = hooks.join(name);
        std::fs::write(&file, format!("#!/bin/sh\nexec git-agentv hook {name} \"$@\"\n")).unwrap();
        executable(&file);
    }
    env
}

#[cfg(unix)]
fn executable(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn executable(_: &std::path::Path) {}

/// Commits the file `f` with `text` in it; the commit.
fn commit(env: &TestEnv, text: &str) -> String {
    std::fs::write(env.repo.join("f"), format!("{text}\n")).unwrap();
    env.git(["add", "-A"]).ok();
    env.git(["commit", "-q", "-m", text]).ok();
    head(env)
}

fn head(env: &TestEnv) -> String {
    env.git(["rev-parse", "HEAD"]).ok().trim().to_owned()
}

/// Runs something in the working tree as it is; the run's id.
fn evaluate(env: &TestEnv, name: &str) -> String {
    let script = format!("echo {name} > \"$AGENTV_RESULTS_DIR/out\"");
    env.agentv(["run", "--name", name, "--", "sh", "-c", &script]).ok();
    let run = env.runs().into_iter().find(|run| run["run_id"] == name).unwrap();
    run["id"].as_str().unwrap().to_owned()
}

/// `(run, by, exact)` of each run of `revision`.
fn runs_of(env: &TestEnv, revision: &str) -> Vec<(String, String, bool)> {
    let shown = env.agentv(["runs-of", revision, "--format", "json"]).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let runs = shown["runs"].as_array().unwrap().iter();
    runs.map(|run| (text(&run["id"]), text(&run["by"]), run["exact"].as_bool().unwrap())).collect()
}

#[test]
fn a_commit_finds_its_runs_in_each_way() {
    let env = wired();
    let first = evaluate(&env, "clean");
    assert_eq!(runs_of(&env, "HEAD"), [(first.clone(), "commit".into(), true)]);
    // What was evaluated with changes is exactly what is committed then.
    std::fs::write(env.repo.join("f"), "two\n").unwrap();
    let dirty = evaluate(&env, "dirty");
    let before = head(&env);
    let two = commit(&env, "two");
    assert_eq!(
        runs_of(&env, "HEAD"),
        [(dirty.clone(), "trailer".into(), true), (first.clone(), "trailer".into(), false)]
    );
    assert_eq!(runs_of(&env, &before), [(dirty.clone(), "commit".into(), false), (first, "commit".into(), true)]);
    // Without the trailer the tree tells.
    env.git(["commit", "-q", "--amend", "--no-verify", "-m", "no trailer"]).ok();
    let tree = env.git(["commit-tree", "-m", "squashed by the host", &format!("{two}^{{tree}}")]).ok();
    assert_eq!(runs_of(&env, tree.trim())[0], (dirty, "tree".into(), true));
    // A rebase changes the tree and keeps the change.
    let three = commit(&env, "three");
    let third = evaluate(&env, "third");
    env.git(["checkout", "-q", "-b", "elsewhere", &before]).ok();
    std::fs::write(env.repo.join("f"), "two\n").unwrap();
    std::fs::write(env.repo.join("g"), "another file\n").unwrap();
    env.git(["add", "-A"]).ok();
    env.git(["commit", "-q", "-m", "two and more"]).ok();
    env.git(["cherry-pick", &three]).ok();
    assert_eq!(runs_of(&env, "HEAD"), [(third, "patch".into(), false)]);
}

#[test]
fn ranges_lines_and_formats() {
    let env = wired();
    let base = head(&env);
    let first = evaluate(&env, "first");
    commit(&env, "two");
    let second = evaluate(&env, "second");
    let ids: Vec<_> = runs_of(&env, &format!("{base}..HEAD")).into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, [second.clone(), first.clone()]);
    assert_eq!(runs_of(&env, "f:1"), runs_of(&env, "HEAD"), "the commit that last changed the line");
    assert_eq!(runs_of(&env, ".gitignore:1,1"), runs_of(&env, &base));
    env.git(["tag", "-a", "-m", "a tag", "v1"]).ok();
    assert_eq!(runs_of(&env, "v1"), runs_of(&env, "HEAD"));
    let table = env.agentv(["runs-of"]).ok();
    assert!(table.contains("trailer  near") && table.contains(&first[..8]), "{table}");
    let csv = env.agentv(["runs-of", "--format", "csv"]).ok();
    assert!(csv.starts_with("commit,by,exact,id,run_id,"), "{csv}");
    assert_eq!(csv.lines().count(), 3);
    let sub = env.repo.join("sub");
    std::fs::create_dir(&sub).unwrap();
    let there = env.agentv_in(&sub, ["runs-of", "../f:1", "--format", "jsonl"]).ok();
    assert_eq!(there.lines().count(), 2);
}

#[test]
fn bad_revisions() {
    let env = wired();
    evaluate(&env, "first");
    std::fs::write(env.repo.join("f"), "one\nnot committed\n").unwrap();
    for (revision, why) in [
        ("nope", "'nope' is not a commit"),
        ("--all", "unexpected argument"),
        ("HEAD:f", "is not a commit"),
        ("a..b", "is not a commit"),
        ("", "is not a commit"),
        ("f:0", "names no lines"),
        ("f:9", "has only"),
        ("f:2", "is not committed yet"),
    ] {
        let said = env.agentv(["runs-of", revision]);
        let code = if matches!(revision, "--all" | "f:0") { 2 } else { 128 };
        let said = said.fails(code);
        assert!(said.contains(why), "{revision}: {said}");
    }
    assert_eq!(env.agentv(["runs-of", "HEAD", "-C", "/"]).fails(128).lines().count(), 2);
    commit(&env, "two");
    commit(&env, "no run judged this");
    assert_eq!(env.agentv(["runs-of"]).ok(), "");
    env.agentv(["runs-of", "--exit-code"]).fails(1);
}

#[test]
fn links_are_checked_from_both_ends() {
    let env = wired();
    let state = |id: &str| {
        let report = env.agentv(["links", "--format", "json"]).json();
        let run = report["runs"].as_array().unwrap().iter().find(|run| run["id"] == id).unwrap().clone();
        (run["state"].as_str().unwrap().to_owned(), run["by"].as_str().map(str::to_owned))
    };
    let first = evaluate(&env, "first");
    let two = commit(&env, "two");
    assert_eq!(state(&first), ("reachable".into(), None));
    assert!(env.agentv(["links", "--check"]).ok().contains("every trailer names one"));

    // Nothing but the run knows the commit any more.
    let second = evaluate(&env, "second");
    env.git(["reset", "-q", "--hard", "HEAD~1"]).ok();
    assert_eq!(state(&second), ("unreachable".into(), None));
    let said = env.agentv(["links", "--check"]);
    assert_eq!(said.code, 1);
    let said = said.stdout;
    assert!(said.contains("no ref has any more") && said.contains(&second) && !said.contains(&first), "{said}");
    // The same change elsewhere is what became of it.
    env.git(["commit", "-q", "--allow-empty", "-m", "in between"]).ok();
    env.git(["cherry-pick", &two]).ok();
    env.git(["commit", "-q", "--amend", "-m", "without a trailer"]).ok();
    let (found, by) = state(&second);
    assert_eq!(found, "rewritten");
    assert!(matches!(by.as_deref(), Some("tree" | "patch")), "{by:?}");

    // A trailer that names a run which is gone, or never was there.
    env.git(["commit", "-q", "--allow-empty", "-m", "x", "-m", "Agentv-Run: 0123456789abcdef"]).ok();
    let third = evaluate(&env, "third");
    commit(&env, "four");
    env.agentv(["delete", &third]).ok();
    let report = env.agentv(["links", "--check", "--format", "json"]);
    assert_eq!(report.code, 1);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let missing: Vec<_> =
        report["missing"].as_array().unwrap().iter().map(|run| (run["run"].clone(), run["deleted"].clone())).collect();
    assert_eq!(missing, [(third.into(), true.into()), ("0123456789abcdef".into(), false.into())]);
}

#[test]
fn status_tells_what_waits_and_what_was_dropped() {
    let env = wired();
    let ids = |name: &str| -> Vec<String> {
        let status = env.agentv(["status", "--format", "json"]).json();
        status[name].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    };
    let base = head(&env);
    assert!(ids("pending").is_empty());
    let first = evaluate(&env, "first");
    assert_eq!(ids("pending"), [first.clone()]);
    assert!(env.agentv(["status"]).ok().contains(&format!("pending  {}: the next commit names it", &first[..8])));
    commit(&env, "two");
    assert!(ids("pending").is_empty() && ids("discarded").is_empty(), "it was linked");
    let second = evaluate(&env, "second");
    env.git(["checkout", "-q", &base]).ok();
    assert_eq!(ids("discarded"), [second.clone()]);
    assert!(env.agentv(["status"]).ok().contains("HEAD moved on without"));
    // Looking changes nothing: back on its commit it waits again.
    env.git(["checkout", "-q", "-"]).ok();
    assert_eq!(ids("pending"), [second.clone()]);
    env.agentv(["delete", &second]).ok();
    assert!(ids("pending").is_empty() && ids("discarded").is_empty());
}
