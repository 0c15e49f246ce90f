//! `index/runs.jsonl`: a store that has it keeps it, whatever happens to its runs.

use std::collections::BTreeMap;

use git_agentv::git::{ConfigScope, Repo};
use git_agentv::run::DirBundle;
use git_agentv::run::formats::generic::Given;
use git_agentv::store::{BulkItem, Provenance, RUNS_REF, RecordOptions, Store};

use crate::env::{NOW, TestEnv};

/// The index of a ref: file name and lines, oldest rows first.
pub fn index(env: &TestEnv, name: &str) -> Vec<(String, Vec<String>)> {
    let files = env.git(["ls-tree", "--name-only", name, "index/"]).ok();
    let mut files: Vec<_> = files.lines().map(str::to_owned).collect();
    files.sort();
    let read = |file: String| {
        let text = env.git(["cat-file", "blob", &format!("{name}:{file}")]).ok();
        assert!(text.is_empty() || text.ends_with('\n'), "{file}");
        (file["index/".len()..].to_owned(), text.lines().map(str::to_owned).collect())
    };
    files.into_iter().map(read).collect()
}

/// The rows of the log that hold, by run: the text of the newest trailer of each.
pub fn rows_of_log(env: &TestEnv, name: &str) -> BTreeMap<String, String> {
    let format = "--format=%(trailers:key=Agentv-Row,valueonly)";
    let log = env.git(["log", "--topo-order", "--reverse", format, name]).ok();
    let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    log.lines().filter(|line| !line.is_empty()).map(|line| (id(line), line.to_owned())).collect()
}

/// Fails unless the files read together are every run once, to the byte, no file too long and none too short.
#[track_caller]
fn assert_whole(env: &TestEnv) -> Vec<(String, Vec<String>)> {
    let files = index(env, RUNS_REF);
    let mut found: Vec<&String> = files.iter().flat_map(|(_, lines)| lines).collect();
    let expected = rows_of_log(env, RUNS_REF);
    let mut expected: Vec<&String> = expected.values().collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let (newest, sealed) = files.split_last().unwrap();
    assert_eq!(newest.0, "runs.jsonl");
    assert!(newest.1.len() <= 1000);
    for (n, (name, lines)) in sealed.iter().enumerate() {
        assert_eq!((name, lines.len()), (&format!("runs-{:04}.jsonl", n + 1), 1000));
    }
    files
}

fn reindex(env: &TestEnv) -> String {
    env.agentv(["reindex", "--repo", ".", "--branch", RUNS_REF]).ok()
}

/// Records runs `from..to` in one transaction, a second apart if `apart`.
fn record(env: &TestEnv, numbers: std::ops::Range<i64>, apart: bool) {
    let repo = Repo::discover(&env.repo, ConfigScope::Full, None).unwrap();
    let options =
        RecordOptions { given: Given::default(), partial: false, provenance: Provenance::Unknown, source_diff: None };
    let mut next = numbers.clone();
    let bundle = |n: i64| {
        let summary = format!(
            r#"{{"run_id": "n-{n}", "metadata": {{"timestamp": "2026-07-04T10:00:00.{:03}Z", "tests_run": ["t"], "experiment": "e"}}, "run_summary": {{"t": 1}}}}"#,
            n % 1000
        );
        let row = r#"{"test_id": "t", "score": 1, "target": "t"}"#;
        let files = vec![("index.jsonl".into(), row.into()), ("summary.json".into(), summary.into_bytes())];
        let committed = Some(if apart { NOW + n } else { NOW });
        Ok(BulkItem { bundle: DirBundle::from_files("bundle", files), committed })
    };
    let items = |again: bool| {
        next = if again { numbers.clone() } else { next.clone() };
        next.next().map(bundle)
    };
    Store::new(&repo, RUNS_REF).record_bulk(&options, items, |result| drop(result.unwrap())).unwrap();
}

fn changed_files(env: &TestEnv) -> Vec<String> {
    let names = env.git(["diff-tree", "-r", "--name-only", &format!("{RUNS_REF}~1"), RUNS_REF, "--", "index/"]).ok();
    names.lines().map(str::to_owned).collect()
}

#[test]
fn every_change_is_in_the_commit_that_makes_it() {
    let env = TestEnv::new();
    for n in 1..=3 {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    assert!(index(&env, RUNS_REF).is_empty(), "who has no index gets none");
    assert!(reindex(&env).starts_with("indexed refs/agentv/runs/v1: 3 rows"));
    assert_whole(&env);
    let subject = env.git(["log", "-1", "--format=%s|%(trailers)", RUNS_REF]).ok();
    assert_eq!(subject.trim(), "reindex: 3 rows|Agentv-Op: reindex");
    assert_eq!(env.runs().len(), 3, "a list passes over that commit");

    env.small_bundle(4);
    for (args, kept) in [
        (&["record"][..], "n"),
        (&["tag", "small-1", "+a"], "\"tags\":[\"a\"]"),
        (&["note", "small-2", "-m", "seen"], "n"),
        (&["delete", "small-3"], "\"status\":\"pruned\""),
        (&["delete", "small-1"], "\"status\":\"pruned\""),
        (&["restore", "small-3"], "\"status\":\"complete\""),
        (&["link", "small-4", "HEAD"], "small-4"),
    ] {
        let before = index(&env, RUNS_REF);
        let at = |files: &[(String, Vec<String>)]| {
            files[0].1.iter().map(|line| line.split("\"timestamp\"").next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        env.agentv(args).ok();
        let files = assert_whole(&env);
        assert!(files[0].1.iter().any(|line| line.contains(kept)), "{args:?}");
        let places = at(&files);
        assert_eq!(places[..at(&before).len()], at(&before), "a changed row stays where it is: {args:?}");
    }
    assert!(reindex(&env).starts_with("nothing to do"), "a rebuilt index would be no other");
    env.fsck();
}

#[test]
fn a_thousand_rows_a_file() {
    let env = TestEnv::new();
    env.git(["config", "agentv.window", "0"]).ok();
    record(&env, 0..999, true);
    reindex(&env);
    record(&env, 999..1000, true);
    assert_eq!(assert_whole(&env).len(), 1, "a full file is sealed when the next row comes");
    record(&env, 1000..1001, true);
    assert_eq!(assert_whole(&env).len(), 2);
    assert_eq!(changed_files(&env), ["index/runs-0001.jsonl", "index/runs.jsonl"]);
    record(&env, 1001..3100, true);
    let files = assert_whole(&env);
    assert_eq!(files.iter().map(|(_, lines)| lines.len()).collect::<Vec<_>>(), [1000, 1000, 1000, 100]);
    let order: Vec<i64> = files.iter().flat_map(|(_, lines)| lines).map(|line| number(line)).collect();
    let wrong = order.iter().zip(0..).filter(|(found, expected)| *found != expected).take(5).collect::<Vec<_>>();
    assert!(wrong.is_empty() && order.len() == 3100, "oldest first: {wrong:?}");

    // What changes is in one file, whichever that is.
    record(&env, 3100..3101, true);
    assert_eq!(changed_files(&env), ["index/runs.jsonl"]);
    env.agentv(["tag", "n-1500", "+old"]).ok();
    assert_eq!(changed_files(&env), ["index/runs-0002.jsonl"]);
    let files = assert_whole(&env);
    assert!(files[1].1[500].contains("\"tags\":[\"old\"]"), "{}", files[1].1[500]);
    assert!(reindex(&env).starts_with("nothing to do"));

    // Built anew it is the same, file by file.
    let tree = env.git(["rev-parse", &format!("{RUNS_REF}:index")]).ok();
    let root = env.git(["ls-tree", RUNS_REF]).ok();
    let kept = root.lines().filter(|line| !line.ends_with("\tindex")).collect::<Vec<_>>().join("\n") + "\n";
    let root = env.git_stdin(["mktree"], kept.as_bytes());
    let commit = env.git(["commit-tree", &root, "-p", RUNS_REF, "-m", "x\n\nAgentv-Op: other"]).ok();
    env.git(["update-ref", RUNS_REF, commit.trim()]).ok();
    reindex(&env);
    assert_eq!(env.git(["rev-parse", &format!("{RUNS_REF}:index")]).ok(), tree);
    env.fsck();
}

fn number(line: &str) -> i64 {
    line.strip_prefix("{\"run_id\":\"n-").unwrap().split('"').next().unwrap().parse().unwrap()
}

#[test]
fn runs_of_one_moment_stand_as_in_a_list() {
    let env = TestEnv::new();
    record(&env, 0..1, false);
    reindex(&env);
    record(&env, 1..200, false);
    let files = assert_whole(&env);
    let list: Vec<String> = env.runs().iter().rev().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    let ids: Vec<String> =
        files[0].1.iter().map(|line| line.split("\"id\":\"").nth(1).unwrap()[..16].to_owned()).collect();
    assert_eq!(ids, list);
}

#[test]
fn with_runs_leaving_the_tree_in_the_same_transaction() {
    let env = TestEnv::new();
    env.git(["config", "agentv.window", "100"]).ok();
    record(&env, 0..150, true);
    reindex(&env);
    record(&env, 150..1777, true);
    assert_whole(&env);
    record(&env, 1777..1800, true);
    env.agentv(["tag", "n-3", "+sealed"]).ok();
    env.agentv(["delete", "n-1100"]).ok();
    assert_whole(&env);
    assert!(reindex(&env).starts_with("nothing to do"));
    // Also the commit before each seal has them all: nobody who stops there is misled.
    let seal = env.git(["log", "-1", "--format=%H", "--grep=^Agentv-Op: seal", RUNS_REF]).ok();
    let parent = format!("{}~1", seal.trim());
    let rows: usize = index(&env, &parent).iter().map(|(_, lines)| lines.len()).sum();
    assert_eq!(rows, rows_of_log(&env, &parent).len());
    env.fsck();
}

#[test]
fn many_writers() {
    let env = TestEnv::new();
    env.small_bundle(0);
    env.agentv(["record"]).ok();
    reindex(&env);
    std::thread::scope(|scope| {
        for writer in 1..=4_u32 {
            let env = &env;
            scope.spawn(move || {
                for n in 0..6 {
                    let dir = env.small_bundle(writer * 100 + n);
                    let said = env.agentv(["record".as_ref(), dir.as_os_str()]).ok();
                    env.agentv(["tag", said.split(' ').nth(1).unwrap(), &format!("+w{writer}")]).ok();
                }
            });
        }
    });
    assert_eq!(assert_whole(&env)[0].1.len(), 25);
    env.fsck();
}

/// Puts `text` in place of `index/runs.jsonl`.
fn tamper(env: &TestEnv, text: &str) {
    let blob = env.git_stdin(["hash-object", "-w", "--stdin"], text.as_bytes());
    let dir = env.git_stdin(["mktree"], format!("100644 blob {blob}\truns.jsonl\n").as_bytes());
    let root = env.git(["ls-tree", RUNS_REF]).ok();
    let kept = root.lines().filter(|line| !line.ends_with("\tindex")).collect::<Vec<_>>().join("\n");
    let root = env.git_stdin(["mktree"], format!("{kept}\n040000 tree {dir}\tindex\n").as_bytes());
    let commit = env.git(["commit-tree", &root, "-p", RUNS_REF, "-m", "x\n\nAgentv-Op: other"]).ok();
    env.git(["update-ref", RUNS_REF, commit.trim()]).ok();
}

#[test]
fn a_damaged_index_never_keeps_a_run_from_being_recorded() {
    let env = TestEnv::new();
    for n in 1..=3 {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    reindex(&env);
    let lines = index(&env, RUNS_REF).remove(0).1;
    tamper(&env, &format!("nonsense\n{}\n{}", lines[0], &lines[1][..40]));
    env.small_bundle(4);
    env.agentv(["record"]).ok();
    let after = index(&env, RUNS_REF).remove(0).1;
    assert_eq!((after.len(), &after[..2]), (4, &["nonsense".to_owned(), lines[0].clone()][..]));
    assert!(after[3].contains("small-4"), "on a line of its own: {after:?}");
    // One that it lacks is added when it changes.
    let lacking = &lines[2].split("\"id\":\"").nth(1).unwrap()[..16];
    env.agentv(["tag", lacking, "+x"]).ok();
    assert!(index(&env, RUNS_REF)[0].1[4].contains(lacking));
    let check = ["reindex", "--repo", ".", "--branch", RUNS_REF, "--check", "--format", "json"];
    let ran = env.agentv(check);
    assert_eq!(ran.code, 1, "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["differences"]["bad_lines"], serde_json::json!(["index/runs.jsonl:1", "index/runs.jsonl:3"]));
    assert_eq!(report["differences"]["missing"].as_array().unwrap().len(), 1);
    reindex(&env);
    assert_whole(&env);
    assert_eq!(env.agentv(check).code, 0);
}
