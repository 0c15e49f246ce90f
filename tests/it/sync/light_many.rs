//! The first fetch of many runs: without the directories of runs, which come when they are opened.

use git_agentv::git::{ConfigScope, Repo};
use git_agentv::run::DirBundle;
use git_agentv::run::formats::generic::Given;
use git_agentv::store::{BulkItem, Provenance, RUNS_REF, RecordOptions, Store};

use super::light::{agentv, counted, light_hub, missing, offline};
use super::*;
use crate::env::{data, read_dir};

/// More than are fetched with their directories.
const MANY: i64 = 230;

/// Records `MANY` runs in one go, a second apart, with half of them sealed.
fn fill(env: &TestEnv, dir: &Path) {
    for (key, value) in [("agentv.window", "60"), ("user.name", "A"), ("user.email", "a@example.com")] {
        env.git_in(dir, ["config", key, value]).ok();
    }
    let repo = Repo::discover(dir, ConfigScope::Full, None).unwrap();
    let options =
        RecordOptions { given: Given::default(), partial: false, provenance: Provenance::Unknown, source_diff: None };
    let mut next = 0..MANY;
    let bundle = |n: i64| {
        let summary = format!(
            r#"{{"run_id": "n-{n}", "metadata": {{"timestamp": "2026-07-04T10:00:00.{n:03}Z", "tests_run": ["t"], "experiment": "e"}}, "run_summary": {{"t": 1}}}}"#
        );
        let row = r#"{"test_id": "t", "score": 1, "target": "t"}"#;
        let answer = format!("answer of n-{n}\n");
        let files = vec![
            ("index.jsonl".into(), row.into()),
            ("summary.json".into(), summary.into_bytes()),
            ("t/answer.md".into(), answer.into_bytes()),
        ];
        Ok(BulkItem { bundle: DirBundle::from_files("bundle", files), committed: Some(NOW + n) })
    };
    let items = |again: bool| {
        next = if again { 0..MANY } else { next.clone() };
        next.next().map(bundle)
    };
    Store::new(&repo, RUNS_REF).record_bulk(&options, items, |result| drop(result.unwrap())).unwrap();
}

/// A light hub with many runs of `a`, the empty `b`, and the runs of a list, newest first.
fn world(env: &TestEnv, args: &[&str]) -> (PathBuf, PathBuf, PathBuf, Vec<String>) {
    let hub = light_hub(env, args);
    let a = clone(env, "a", args);
    fill(env, &a);
    let runs = ordered(env, &a);
    at(env, &a, 500, &["tag", &runs[200], "+old"]).ok();
    at(env, &a, 501, &["note", &runs[3], "-m", "the needle"]).ok();
    at(env, &a, 502, &["delete", &runs[150]]).ok();
    sync(env, &a);
    let b = clone(env, "b", args);
    (hub, a, b, runs)
}

fn ordered(env: &TestEnv, dir: &Path) -> Vec<String> {
    let list = list(env, dir);
    list["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
}

/// How many top directories are not here, in all of the history.
fn missing_above(env: &TestEnv, dir: &Path) -> usize {
    let above = ["rev-list", "--objects", "--missing=print", "--filter=tree:1", "--filter=blob:none", "--all"];
    env.git_in(dir, above).ok().lines().filter(|line| line.starts_with('?')).count()
}

#[test]
fn what_lists_and_writers_need_is_here_and_the_rest_comes_when_it_is_opened() {
    let env = TestEnv::without_repo();
    let (_, a, b, runs) = world(&env, &[]);
    let (ran, count) = agentv(&env, &b, &["pull"]);
    assert!(ran.ok().starts_with("received 230 runs, about "));
    assert!(count <= 6, "as many for 100,000 runs: {count}");
    assert_eq!(missing_above(&env, &b), 0);
    let lacking = missing(&env, &b);
    assert!(lacking > 200, "the directories of runs: {lacking}");
    env.git_in(&b, ["config", "agentv.window", "20"]).ok();
    offline(&env, || {
        assert_eq!(list(&env, &b), list(&env, &a));
        for query in ["tag:old", "note:needle", "is:pruned"] {
            let (ran, count) = agentv(&env, &b, &["list", "--deleted", query, "--format", "json"]);
            assert_eq!((ran.json()["runs"].as_array().unwrap().len(), count), (1, 0), "{query}");
        }
        let said = env.agentv_in(&b, ["fsck"]);
        assert!(said.code == 0 && said.stdout.contains("could not be checked"), "{said:?}");
        let (ran, count) = counted(&env, &b, &["log", "--all", "--oneline", "--", "src/main.rs"]);
        assert_eq!((ran.ok(), count), (String::new(), 0), "git looks through the history by itself");
        for n in 0..5 {
            record_at(&env, &b, &format!("own-{n}"), 600 + n).ok();
        }
        for args in [&["gc", "-q", "--prune=now"][..], &["repack", "-q", "-a", "-d"]] {
            env.git_in(&b, args).ok();
            env.fsck_in(&b);
            assert_eq!(missing(&env, &b), lacking);
        }
        let said = env.agentv_in(&b, ["cat", &runs[9], "t/answer.md"]).fails(128);
        assert!(said.contains("fetch agentv-origin") && said.contains("hub.git"), "{said}");
    });
    for run in [&runs[0], &runs[229]] {
        let (ran, count) = agentv(&env, &b, &["show", run, "--format", "json"]);
        assert_eq!(ran.json(), env.agentv_in(&a, ["show", run, "--format", "json"]).json());
        assert!(count <= 2, "its directories, and what is shown of it: {count}");
    }
    let out = [&a, &b].map(|dir| {
        let out = dir.join("out");
        env.agentv_in(dir, ["export", &runs[100], "out"]).ok();
        read_dir(&out)
    });
    assert_eq!(out[0], out[1]);
    let (ran, count) = agentv(&env, &b, &["list", "case:t", "--format", "json"]);
    assert!(count <= 2, "of all runs at once: {count}");
    ran.ok();
    sync(&env, &b);
    sync(&env, &a);
    assert_eq!((list(&env, &b), tip(&env, &b)), (list(&env, &a), tip(&env, &a)));
    whole(&env, &a);
    env.agentv_in(&b, ["fetch", "--full"]).ok();
    assert_eq!(missing(&env, &b), 0);
    whole(&env, &b);
}

/// A host takes for granted that a clone has the directories of all commits that it has.
#[test]
fn a_later_fetch_gets_what_builds_on_directories_that_are_not_here() {
    for packed in [false, true] {
        let env = TestEnv::without_repo();
        let (hub, a, b, runs) = world(&env, &[]);
        env.agentv_in(&b, ["pull"]).ok();
        // A run whose directory is large, so that a host sends the new one as what is different from the old.
        let big = data().join("bundles/agentv-5.3.1");
        for run in &runs[..15] {
            env.agentv_in(&a, ["tag", run, "+changed"]).ok();
        }
        env.agentv_in(&a, ["record", big.to_str().unwrap()]).ok();
        sync(&env, &a);
        if packed {
            env.git_in(&hub, ["repack", "-q", "-a", "-d", "-f", "--write-bitmap-index"]).ok();
        }
        env.agentv_in(&b, ["pull"]).ok();
        assert_eq!((list(&env, &b), tip(&env, &b)), (list(&env, &a), tip(&env, &a)));
        assert_eq!(missing_above(&env, &b), 0);
        let (ran, count) = agentv(&env, &b, &["list", "tag:changed", "--format", "json"]);
        assert_eq!((ran.json()["runs"].as_array().unwrap().len(), count), (15, 0));
        assert_eq!(env.agentv_in(&b, ["cat", &runs[1], "t/answer.md"]).ok(), "answer of n-228\n");
        env.fsck_in(&b);
    }
}

#[test]
fn both_sides_change_runs_that_are_not_here() {
    let env = TestEnv::without_repo();
    let (_, a, b, runs) = world(&env, &[]);
    env.agentv_in(&b, ["pull"]).ok();
    for (n, run) in runs.iter().step_by(23).enumerate() {
        at(&env, &a, 700 + n as u64, &["tag", run, "+a"]).ok();
        at(&env, &b, 800 + n as u64, &["tag", run, "+b"]).ok();
    }
    env.agentv_in(&a, ["restore", &runs[150]]).ok();
    env.agentv_in(&b, ["delete", &runs[151]]).ok();
    sync(&env, &a);
    sync(&env, &b);
    sync(&env, &a);
    assert_eq!((list(&env, &b), tip(&env, &b)), (list(&env, &a), tip(&env, &a)));
    let tags = env.agentv_in(&b, ["list", "tag:a", "tag:b", "--format", "json"]).json();
    assert_eq!(tags["runs"].as_array().unwrap().len(), 10);
    whole(&env, &a);
    whole(&env, &b);
}

/// The history that a clone has without directories is compacted, by it and by another.
#[test]
fn compacted_where_directories_are_not_here() {
    for own in [false, true] {
        let env = TestEnv::without_repo();
        let (_, a, b, runs) = world(&env, &[]);
        env.agentv_in(&b, ["pull"]).ok();
        let deleted = runs[40..70].iter().map(String::as_str);
        env.agentv_in(&a, std::iter::once("delete").chain(deleted)).ok();
        sync(&env, &a);
        env.agentv_in(&b, ["pull"]).ok();
        record(&env, &b, "own");
        let by = if own { &b } else { &a };
        let (ran, count) = agentv(&env, by, &["compact", "--yes"]);
        ran.ok();
        assert!(count <= 2, "all directories at once: {count}");
        let (ran, count) = agentv(&env, by, &["sync", "--yes"]);
        ran.ok();
        assert!(count <= 4, "{count}");
        let other = if own { &a } else { &b };
        let (ran, count) = agentv(&env, other, &["sync", "--yes"]);
        ran.ok();
        assert!(count <= 5, "{count}");
        sync(&env, by);
        assert_eq!((list(&env, &b), tip(&env, &b)), (list(&env, &a), tip(&env, &a)));
        assert_eq!(ids(&env, &b).len(), 231);
        assert_eq!(env.agentv_in(&b, ["cat", &runs[1], "t/answer.md"]).ok(), "answer of n-228\n");
        whole(&env, &a);
        whole(&env, &b);
    }
}

#[test]
fn a_host_that_sends_no_commits_alone_sends_directories() {
    let env = TestEnv::without_repo();
    let (hub, a, b, runs) = world(&env, &[]);
    env.git_in(&hub, ["config", "uploadpackfilter.tree.allow", "false"]).ok();
    let ran = env.agentv_in(&b, ["pull"]);
    assert_eq!(ran.stderr, "");
    ran.ok();
    assert!(missing(&env, &b) > 0, "files are left out");
    offline(&env, || assert_eq!(list(&env, &b), list(&env, &a)));
    let (ran, count) = agentv(&env, &b, &["show", &runs[3]]);
    ran.ok();
    assert_eq!(count, 1, "its directories are here");
    whole(&env, &b);
}

#[test]
fn other_places_get_all_of_it() {
    let env = TestEnv::without_repo();
    let (_, a, b, _) = world(&env, &[]);
    env.agentv_in(&b, ["pull"]).ok();
    env.git_in(env.root(), ["init", "-q", "--bare", "other.git"]).ok();
    let other = env.root().join("other.git");
    env.git_in(&b, ["remote", "add", "other", other.to_str().unwrap()]).ok();
    let (ran, count) = agentv(&env, &b, &["push", "--yes", "other"]);
    ran.ok();
    assert_eq!(count, 2, "from the other, and what is missing at once");
    assert_eq!(list(&env, &other), list(&env, &a));
    whole(&env, &other);
    let c = clone(&env, "c", &[]);
    env.agentv_in(&c, ["pull"]).ok();
    let promoted = env.root().join("promoted.git");
    env.agentv_in(&c, ["promote", "--create", "--to", promoted.to_str().unwrap(), "--yes"]).ok();
    whole_in(&env, &promoted, "main");
}

fn whole_in(env: &TestEnv, dir: &Path, branch: &str) {
    env.fsck_in(dir);
    let all = env.git_in(dir, ["rev-list", "--objects", "--missing=print", branch]).ok();
    assert!(!all.lines().any(|line| line.starts_with('?')));
}

/// What git's own part of a first fetch left, before any directory came.
#[test]
fn a_first_fetch_that_was_killed_is_completed_by_the_next() {
    let env = TestEnv::without_repo();
    let (hub, a, b, runs) = world(&env, &["--object-format=sha256"]);
    std::fs::create_dir_all(b.join(".git/agentv")).unwrap();
    std::fs::write(b.join(".git/agentv/fetching"), "").unwrap();
    let url = format!("remote.agentv-origin.url=file://{}", hub.display());
    let entry = ["-c", &url, "-c", "remote.agentv-origin.promisor=true"];
    let rest = ["-c", "remote.agentv-origin.partialclonefilter=tree:0", "fetch", "-q", "agentv-origin"];
    let refspec = format!("+{RUNS}:refs/agentv/remotes/origin/runs/v1");
    env.git_in(&b, [&entry[..], &rest, &[&refspec]].concat()).ok();
    env.agentv_in(&b, ["pull"]).ok();
    assert_eq!(missing_above(&env, &b), 0);
    offline(&env, || {
        assert_eq!(list(&env, &b), list(&env, &a));
        record(&env, &b, "own");
    });
    assert_eq!(env.agentv_in(&b, ["cat", &runs[1], "t/answer.md"]).ok(), "answer of n-228\n");
    sync(&env, &b);
    whole(&env, &b);
}
