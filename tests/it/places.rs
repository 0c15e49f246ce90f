//! Runs of remotes: `list --from` and `--all`, and finding what is only elsewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::env::{NOW, Ran, TestEnv, write_small_bundle};

/// A hub, and two clones of it called `ann` and `bob`.
fn two() -> (TestEnv, PathBuf, PathBuf) {
    let env = TestEnv::without_repo();
    env.git_in(env.root(), ["init", "-q", "--bare", "hub.git"]).ok();
    let clone = |name: &str| {
        let dir = env.root().join(name);
        env.git_in(env.root(), ["clone", "-q", "hub.git", name]).ok();
        env.git_in(&dir, ["commit", "-q", "--allow-empty", "-m", "first"]).ok();
        dir
    };
    let (ann, bob) = (clone("ann"), clone("bob"));
    (env, ann, bob)
}

/// Records a run `seconds` after the usual moment; its id.
fn record(env: &TestEnv, dir: &Path, name: &str, seconds: i64) -> String {
    let bundle = env.root().join(format!("bundles/{name}"));
    write_small_bundle(&bundle, name, "2026-07-04T10:00:00.000Z");
    let date = format!("@{} +0000", NOW + seconds);
    let mut command = env.command("git", dir);
    command.args(["agentv", "record"]).arg(&bundle).env("GIT_COMMITTER_DATE", &date);
    Ran::of(&mut command).ok().split(' ').nth(1).unwrap().to_owned()
}

/// Names and places of what `list` gives.
fn listed(env: &TestEnv, dir: &Path, args: &[&str]) -> Vec<(String, String)> {
    let all = [&["list", "-n", "0", "--format", "json"], args].concat();
    let list = env.agentv_in(dir, all).json();
    let text = |run: &serde_json::Value| {
        let places = run["where"].as_array().map(|all| all.iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>());
        (run["run_id"].as_str().unwrap().to_owned(), places.unwrap_or_default().join(" "))
    };
    list["runs"].as_array().unwrap().iter().map(text).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

/// `both` is in the hub and with ann, `theirs` only in the hub, `mine` only with ann.
fn apart() -> (TestEnv, PathBuf, [String; 3]) {
    let (env, ann, bob) = two();
    let both = record(&env, &ann, "both", 0);
    env.agentv_in(&ann, ["push", "--yes"]).ok();
    let theirs = record(&env, &bob, "theirs", 10);
    env.agentv_in(&bob, ["push", "--yes"]).ok();
    let mine = record(&env, &ann, "mine", 20);
    env.agentv_in(&ann, ["fetch"]).ok();
    (env, ann, [both, theirs, mine])
}

#[test]
fn one_list_over_all_places() {
    let (env, ann, _) = apart();
    assert_eq!(listed(&env, &ann, &[]), pairs(&[("mine", ""), ("both", "")]));
    assert_eq!(listed(&env, &ann, &["--from", "origin"]), pairs(&[("theirs", "origin"), ("both", "origin")]));
    assert_eq!(listed(&env, &ann, &["--from", "local"]), pairs(&[("mine", "local"), ("both", "local")]));
    let all = pairs(&[("mine", "local"), ("theirs", "origin"), ("both", "local origin")]);
    assert_eq!(listed(&env, &ann, &["--all"]), all);
    assert_eq!(listed(&env, &ann, &["--from", "origin", "--from", "local"]), all);
    // The same through the projection as through the log.
    assert_eq!(listed(&env, &ann, &["--from", "origin", "small"]), listed(&env, &ann, &["--from", "origin"]));
    let table = env.agentv_in(&ann, ["list", "--all"]).ok();
    assert!(table.lines().next().unwrap().contains("WHERE") && table.contains("local origin"), "{table}");
    assert!(!env.agentv_in(&ann, ["list"]).ok().contains("WHERE"));
    let csv = env.agentv_in(&ann, ["list", "--all", "--format", "csv"]).ok();
    assert!(csv.lines().next().unwrap().ends_with(",where") && csv.contains(",local origin\n"), "{csv}");
    let jsonl = env.agentv_in(&ann, ["list", "--from", "origin", "--format", "jsonl"]).ok();
    assert!(jsonl.lines().all(|line| line.contains("\"where\":[\"origin\"]")), "{jsonl}");
}

#[test]
fn the_query_language_over_all_places() {
    let (env, ann, [_, theirs, _]) = apart();
    let names = |args: &[&str]| {
        let all = [&["--all", "--sort", "run_id"], args].concat();
        listed(&env, &ann, &all).into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&[]), "both mine theirs");
    assert_eq!(names(&["where:origin"]), "both theirs");
    assert_eq!(names(&["-where:origin"]), "mine");
    assert_eq!(names(&["-is:local"]), "theirs");
    assert_eq!(names(&["where:o*", "is:local"]), "both");
    assert_eq!(names(&["is:unpushed"]), "mine");
    assert_eq!(names(&["case:only", "theirs"]), "theirs");
    assert_eq!(names(&["case:only"]), "both mine theirs");
    let count = |args: &[&str]| env.agentv_in(&ann, [&["list", "--count"], args].concat()).ok();
    assert_eq!(count(&["--all"]), "3\n");
    assert_eq!(count(&["--from", "origin"]), "2\n");
    // Without --all, places can be asked for as well.
    assert_eq!(count(&["-where:origin"]), "1\n");
    assert_eq!(count(&["is:local"]), "2\n");
    assert_eq!(count(&["--from", "origin", "is:unpushed"]), "0\n");
    assert_eq!(count(&["is:unpushed"]), "1\n");
    let groups = env.agentv_in(&ann, ["list", "--all", "--group-by", "experiment", "--format", "json"]).json();
    assert_eq!(groups["groups"][0]["runs"], 3);
    let said = env.agentv_in(&ann, ["list", "where:orgin"]).fails(2);
    assert!(said.contains("no runs of 'orgin' are known here") && said.contains("local, origin"), "{said}");
    // A run that was deleted here is not there, wherever else it is; what another deleted stays.
    env.agentv_in(&ann, ["delete", "both"]).ok();
    assert_eq!(names(&[]), "mine theirs");
    assert_eq!(names(&["--deleted"]), "both mine theirs");
    assert_eq!(count(&["--from", "origin"]), "2\n");
    assert_eq!(theirs.len(), 16);
}

#[test]
fn the_row_of_this_clone_holds() {
    let (env, ann, [both, ..]) = apart();
    env.agentv_in(&ann, ["tag", &both, "+mine"]).ok();
    assert_eq!(listed(&env, &ann, &["--all", "tag:mine"]), pairs(&[("both", "local origin")]));
    assert_eq!(listed(&env, &ann, &["--from", "origin", "tag:mine"]), []);
    assert_eq!(listed(&env, &ann, &["--from", "origin", "both"]), pairs(&[("both", "origin")]));
}

#[test]
fn pages_over_all_places_give_every_run_once_while_runs_move() {
    let (env, ann, bob) = two();
    for n in 0..6 {
        record(&env, &ann, &format!("ann-{n}"), n * 2);
        record(&env, &bob, &format!("bob-{n}"), n * 2 + 1);
    }
    env.agentv_in(&bob, ["push", "--yes"]).ok();
    env.agentv_in(&ann, ["fetch"]).ok();
    let before: BTreeSet<String> = listed(&env, &ann, &["--all"]).into_iter().map(|(name, _)| name).collect();
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let mut args = vec!["list", "--all", "-n", "5", "--format", "json"];
        args.extend(cursor.iter().flat_map(|cursor| ["--cursor", cursor]));
        let page = env.agentv_in(&ann, args).json();
        let runs = page["runs"].as_array().unwrap();
        seen.extend(runs.iter().map(|run| run["run_id"].as_str().unwrap().to_owned()));
        pages += 1;
        // In between what was only with bob comes over, and a new run arrives.
        env.agentv_in(&ann, ["pull"]).ok();
        record(&env, &ann, &format!("late-{pages}"), 100 + pages);
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    let once: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!((once, seen.len(), pages), (before, 12, 3));
    // A cursor of one place is none of another.
    let page = env.agentv_in(&ann, ["list", "--from", "origin", "-n", "2", "--format", "json"]).json();
    let next = page["next"].as_str().unwrap();
    let second =
        env.agentv_in(&ann, ["list", "--from", "origin", "-n", "2", "--cursor", next, "--format", "json"]).json();
    assert_eq!(second["runs"][0]["run_id"], "bob-3");
    let said = env.agentv_in(&ann, ["list", "--all", "--cursor", next]).fails(2);
    assert!(said.contains("from another query"), "{said}");
}

#[test]
fn what_is_in_an_inbox_is_in_the_list() {
    let (env, ann, [_, _, mine]) = apart();
    // Somebody who kept losing left a run there; for the hub it is a ref like any other.
    env.git_in(&ann, ["push", "-q", "origin", "refs/agentv/runs/v1:refs/agentv/inbox/00ff"]).ok();
    let carl = env.root().join("carl");
    env.git_in(env.root(), ["clone", "-q", "hub.git", "carl"]).ok();
    env.agentv_in(&carl, ["fetch"]).ok();
    let names: Vec<String> = listed(&env, &carl, &["--from", "origin"]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["mine", "theirs", "both"]);
    assert!(env.agentv_in(&carl, ["show", &mine]).ok().contains("in origin"));
}

#[test]
fn places_that_are_not_there() {
    let (env, ann, bob) = two();
    let said = env.agentv_in(&ann, ["list", "--from", "origin"]).fails(128);
    assert!(
        said.contains("no runs of 'origin' are known here yet") && said.contains("git agentv fetch origin"),
        "{said}"
    );
    let said = env.agentv_in(&ann, ["list", "--from", "nowhere"]).fails(128);
    assert!(said.contains("'nowhere'") && said.contains("known are local"), "{said}");
    assert!(env.agentv_in(&ann, ["list", "--from", "x", "--all"]).fails(2).contains("--all"));
    assert_eq!(env.agentv_in(&ann, ["list", "--all", "--count"]).ok(), "0\n");
    // A ref that is none of ours spoils only the list that asks for it.
    record(&env, &ann, "mine", 0);
    env.git_in(&ann, ["update-ref", "refs/agentv/remotes/odd/runs/v1", "HEAD"]).ok();
    let all = env.agentv_in(&ann, ["list", "--all", "--format", "json"]);
    assert!(all.stderr.contains("'odd' is left out"), "{all:?}");
    assert_eq!(all.json()["runs"].as_array().unwrap().len(), 1);
    assert!(env.agentv_in(&ann, ["list", "--from", "odd"]).fails(128).contains("not made by git agentv"));
    assert!(env.agentv_in(&ann, ["show", "feed5eed"]).fails(128).contains("no run matches"));
    drop(bob);
}

#[test]
fn a_run_that_is_only_elsewhere_is_found() {
    let (env, ann, [both, theirs, _]) = apart();
    let shown = env.agentv_in(&ann, ["show", &theirs[..8]]).ok();
    assert!(shown.contains("found") && shown.contains("in origin, not in this clone's own runs"), "{shown}");
    assert_eq!(env.agentv_in(&ann, ["show", &theirs, "--format", "json"]).json()["where"], "origin");
    let own = env.agentv_in(&ann, ["show", &both, "--format", "json"]).json();
    assert!(own.get("where").is_none(), "{own}");
    assert_eq!(env.agentv_in(&ann, ["cat", "theirs", "only/answer.md"]).ok(), "answer of theirs\n");
    assert!(env.agentv_in(&ann, ["files", &theirs]).ok().contains("only/answer.md"));
    let out = env.root().join("out");
    env.agentv_in(&ann, ["export", &theirs, out.to_str().unwrap()]).ok();
    assert_eq!(std::fs::read_to_string(out.join("only/answer.md")).unwrap(), "answer of theirs\n");
    let tip = env.git_in(&ann, ["rev-parse", "refs/agentv/runs/v1"]).ok();
    let theirs = theirs.as_str();
    for args in
        [&["tag", theirs, "+x"][..], &["note", theirs, "-m", "x"], &["delete", theirs], &["link", theirs, "HEAD"]]
    {
        let said = env.agentv_in(&ann, args).fails(128);
        assert!(said.contains("is in 'origin'") && said.contains("git agentv pull origin"), "{args:?}: {said}");
    }
    assert_eq!(env.git_in(&ann, ["rev-parse", "refs/agentv/runs/v1"]).ok(), tip, "nothing was changed");
    env.agentv_in(&ann, ["pull"]).ok();
    env.agentv_in(&ann, ["tag", theirs, "+x"]).ok();
}

#[test]
fn runs_of_a_commit_that_are_only_elsewhere() {
    let (env, ann, bob) = two();
    env.git_in(&ann, ["push", "-q", "origin", "main"]).ok();
    env.git_in(&bob, ["pull", "-q", "--rebase", "origin", "main"]).ok();
    let bundle = env.root().join("bundle");
    write_small_bundle(&bundle, "judge", "2026-07-04T10:00:00.000Z");
    let id = env.agentv_in(&bob, ["record", "--commit", "HEAD", bundle.to_str().unwrap()]).ok();
    let id = id.split(' ').nth(1).unwrap().to_owned();
    env.agentv_in(&bob, ["push", "--yes"]).ok();
    env.agentv_in(&ann, ["fetch"]).ok();
    let found = env.agentv_in(&ann, ["runs-of", "HEAD", "--format", "json"]).json();
    assert_eq!((found["runs"][0]["id"].as_str(), found["runs"][0]["where"].as_str()), (Some(&*id), Some("origin")));
    env.agentv_in(&ann, ["pull"]).ok();
    let found = env.agentv_in(&ann, ["runs-of", "HEAD", "--format", "json"]).json();
    assert!(found["runs"].as_array().unwrap().len() == 1 && found["runs"][0].get("where").is_none(), "{found}");
    // Deleted here, it does not come back from there.
    env.agentv_in(&ann, ["delete", &id]).ok();
    let found = env.agentv_in(&ann, ["runs-of", "HEAD", "--format", "json"]).json();
    assert_eq!(found["runs"].as_array().unwrap().len(), 0);
}

#[test]
fn rows_that_tell_the_repository() {
    let (env, ann, _) = apart();
    // As a results repository has them.
    let message = env.git_in(&ann, ["log", "-1", "--format=%B", "refs/agentv/runs/v1"]).ok();
    let message = message.trim().trim_end_matches('}').to_owned() + ",\"repo\":\"acme/app\"}";
    let commit = env.git_in(&ann, ["commit-tree", "refs/agentv/runs/v1^{tree}", "-m", &message]).ok();
    env.git_in(&ann, ["update-ref", "refs/agentv/remotes/evals/runs/v1", commit.trim()]).ok();
    assert_eq!(listed(&env, &ann, &["--from", "evals", "repo:acme/*"]), pairs(&[("mine", "evals")]));
    assert_eq!(listed(&env, &ann, &["--all", "has:repo"]), [], "the row of this clone holds, and tells none");
    let table = env.agentv_in(&ann, ["list", "--from", "evals"]).ok();
    assert!(table.lines().next().unwrap().contains("REPO") && table.contains("acme/app"), "{table}");
    let csv = env.agentv_in(&ann, ["list", "--from", "evals", "--format", "csv"]).ok();
    assert!(csv.lines().next().unwrap().ends_with(",repo,where") && csv.ends_with(",acme/app,evals\n"), "{csv}");
    let groups = env.agentv_in(&ann, ["list", "--from", "evals", "--group-by", "repo", "--format", "json"]).json();
    assert_eq!(groups["groups"][0]["key"], "acme/app");
    assert!(!env.agentv_in(&ann, ["list"]).ok().contains("REPO"));
}
