//! `list` with a query, an order, a cursor, `--count` and `--group-by`.

use std::collections::BTreeSet;

use crate::env::{TestEnv, write_small_bundle};

/// Records runs `from..to`, each of another second.
fn record(env: &TestEnv, numbers: std::ops::Range<u32>) {
    for n in numbers {
        let dir = env.root().join(format!("small-{n}"));
        write_small_bundle(&dir, &format!("small-{n}"), &format!("2026-07-04T10:{:02}:{:02}.000Z", n / 60, n % 60));
        let tag = format!("third-{}", n % 3);
        env.agentv(["record".as_ref(), "--tag".as_ref(), tag.as_ref(), dir.as_os_str()]).ok();
    }
}

fn names(env: &TestEnv, args: &[&str]) -> Vec<String> {
    let listed = env.agentv([&["list", "-n", "0", "--format", "json"], args].concat()).json();
    listed["runs"].as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn queries_and_orders() {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", ".agentv/results/real");
    env.agentv(["record", "--commit", "HEAD"]).ok();
    record(&env, 0..6);
    assert_eq!(names(&env, &["tag:third-1"]), ["small-4", "small-1"]);
    assert_eq!(names(&env, &["not", "tag:third-*", "on:main"]).len(), 1);
    assert_eq!(
        names(&env, &["experiment:small", "not", "tag:third-1", "--sort", "run_id"]),
        ["small-0", "small-2", "small-3", "small-5"]
    );
    assert_eq!(names(&env, &["case.status:error"]).len(), 1);
    assert_eq!(names(&env, &["case:only", "small-3"]), ["small-3"]);
    assert_eq!(names(&env, &["--sort", "score:desc"]).last(), names(&env, &["not", "experiment:small"]).first());
    assert_eq!(env.agentv(["list", "--count", "small"]).ok(), "6\n");
    let groups = env.agentv(["list", "--group-by", "tag", "--format", "json"]).json();
    let groups: Vec<_> = groups["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["key"].as_str(), group["runs"].as_i64()))
        .collect();
    let third = [Some("third-0"), Some("third-1"), Some("third-2")];
    assert!(third.iter().all(|tag| groups.contains(&(*tag, Some(2)))), "{groups:?}");
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    env.agentv(["delete", &id]).ok();
    assert_eq!(env.agentv(["list", "--count"]).ok(), "6\n");
    assert_eq!(env.agentv(["list", "--count", "--deleted"]).ok(), "7\n");
    assert_eq!(names(&env, &["is:pruned"]).len(), 1);
    let table = env.agentv(["list", "nothing-is-called-so"]);
    assert_eq!((table.stdout.as_str(), table.stderr.as_str(), table.code), ("", "no run matches\n", 0));
}

#[test]
fn pages_give_every_run_once_while_runs_arrive() {
    let env = TestEnv::new();
    record(&env, 0..12);
    let before: BTreeSet<String> = names(&env, &[]).into_iter().collect();
    for args in [&[][..], &["small"], &["--sort", "run_id"], &["--sort", "score:desc"]] {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        for page in 0.. {
            let mut ask = [&["list", "-n", "5", "--format", "json"], args].concat();
            if let Some(cursor) = &cursor {
                ask.extend(["--cursor", cursor]);
            }
            let listed = env.agentv(ask).json();
            seen.extend(
                listed["runs"].as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()),
            );
            cursor = listed["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
            // The projection may go at any time, and somebody records.
            if page == 0 {
                let _ = std::fs::remove_file(env.repo.join(".git/agentv/index-v4.sqlite"));
                let n = 40 + u32::try_from(env.runs().len()).unwrap();
                record(&env, n..n + 1);
            }
        }
        let set: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(set.len(), seen.len(), "{args:?}: none twice");
        assert!(set.is_superset(&before), "{args:?}: none left out");
    }
}

#[test]
fn nonsense_is_told_where_it_stands() {
    let env = TestEnv::new();
    record(&env, 0..2);
    let said = env.agentv(["list", "experimnt:x"]).fails(2);
    assert!(said.contains("\n  experimnt:x\n  ^^^^^^^^^\n") && said.contains("did you mean 'experiment'"), "{said}");
    for (args, why) in [
        (&["pass_rate<x"][..], "not a number"),
        (&["on:nobranch"], "'nobranch' is not known here"),
        (&["--sort", "scor"], "did you mean 'score'"),
        (&["--sort", "score:up"], "no direction"),
        (&["--group-by", "note"], "by one of experiment, target, sha, tag, repo"),
        (&["--cursor", "zz"], "that is no cursor"),
        (&["--cursor", "é"], "that is no cursor"),
        (&["--count", "--sort", "id"], "cannot be used with"),
    ] {
        let said = env.agentv([&["list"], args].concat()).fails(2);
        assert!(said.contains(why), "{args:?}: {said}");
    }
    let next = env.agentv(["list", "-n", "1", "--format", "json"]).json()["next"].as_str().unwrap().to_owned();
    let said = env.agentv(["list", "small", "--cursor", &next]).fails(2);
    assert!(said.contains("from another query"), "{said}");
}

#[test]
fn a_query_may_begin_with_a_minus() {
    let env = TestEnv::new();
    record(&env, 0..3);
    env.agentv(["tag", "small-1", "+flaky"]).ok();
    assert_eq!(env.agentv(["list", "--count", "-tag:flaky"]).ok(), "2\n");
    assert_eq!(env.agentv(["list", "-has:tag", "--count"]).ok(), "0\n", "it is not -h: all of them brought tags");
    assert_eq!(env.agentv(["list", "--count", "-note:x small"]).ok(), "3\n", "it is not -n");
    assert_eq!(env.agentv(["-C", ".", "ls", "--count", "-(tag:flaky or run_id:small-2)"]).ok(), "1\n");
    assert_eq!(env.git(["agentv", "list", "-n", "1", "--format", "csv", "-tag:flaky"]).ok().lines().count(), 2);
    assert!(env.agentv(["list", "-nonsense:x"]).fails(2).contains("invalid value 'onsense:x'"));
    assert!(env.agentv(["list", "-h"]).ok().contains("Usage:"));
}

#[test]
fn a_moment_that_moves_is_the_same_question() {
    let env = TestEnv::new();
    record(&env, 0..5);
    let first = env.agentv(["list", "-n", "2", "--format", "json", "since:20y"]).json();
    let next = first["next"].as_str().unwrap();
    let second = env.agentv(["list", "-n", "2", "--format", "json", "since:20y", "--cursor", next]).json();
    assert_ne!(first["runs"][1], second["runs"][0]);
    assert_eq!(second["runs"].as_array().unwrap().len(), 2);
    assert!(env.agentv(["list", "since:19y", "--cursor", next]).fails(2).contains("from another query"));
}

#[test]
fn groups_are_as_many_as_asked_for() {
    let env = TestEnv::new();
    record(&env, 0..3);
    env.agentv(["tag", "small-1", "+a", "+b"]).ok();
    let groups = |n: &str| env.agentv(["list", "--group-by", "tag", "-n", n, "--format", "jsonl"]).ok().lines().count();
    assert_eq!((groups("2"), groups("0")), (2, 5));
}

/// A fetch of one object at a time would take as many fetches as there are runs.
#[test]
fn cases_of_a_partial_clone_are_fetched_at_once() {
    let env = TestEnv::new();
    record(&env, 0..8);
    env.git(["config", "uploadpack.allowFilter", "true"]).ok();
    env.git(["config", "uploadpack.allowAnySHA1InWant", "true"]).ok();
    let url = format!("file://{}", env.repo.display());
    env.git_in(env.root(), ["clone", "-q", "--bare", "--filter=blob:none", &url, "partial"]).ok();
    let partial = env.root().join("partial");
    env.git_in(&partial, ["fetch", "-q", "--filter=blob:none", "origin", "refs/agentv/runs/v1:refs/agentv/runs/v1"])
        .ok();
    let count = || env.agentv_in(&partial, ["list", "case:*", "--count"]);
    let moved = env.root().join("elsewhere");
    std::fs::rename(&env.repo, &moved).unwrap();
    let unreachable = count();
    assert!(
        unreachable.stdout == "0\n" && unreachable.stderr.contains("the cases of 8 runs can't be read"),
        "{unreachable:?}"
    );
    std::fs::rename(&moved, &env.repo).unwrap();
    let packs = || std::fs::read_dir(partial.join("objects/pack")).unwrap().count();
    let before = packs();
    let found = count();
    assert_eq!((found.stdout.as_str(), found.stderr.as_str()), ("8\n", ""), "{found:?}");
    assert!(packs() - before <= 2 * 4, "two fetches, each a pack with its index");
}

#[test]
fn cases_that_are_lost_are_told_and_not_forgotten() {
    let env = TestEnv::new();
    record(&env, 0..3);
    let index = env.git(["rev-parse", "refs/agentv/runs/v1~1^{tree}"]).ok();
    assert!(!index.is_empty());
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("refs/agentv/runs/v1:{}/{}/artifacts", &id[..2], &id[2..]);
    let listed = env.git(["ls-tree", "-r", &path]).ok();
    let blob = listed.lines().find(|line| line.ends_with("index.jsonl")).unwrap()[12..52].to_owned();
    let content = env.git(["cat-file", "blob", &blob]).ok();
    // All objects loose, then that one away.
    let packs: Vec<_> =
        std::fs::read_dir(env.repo.join(".git/objects/pack")).unwrap().map(|file| file.unwrap().path()).collect();
    for pack in packs.iter().filter(|path| path.extension().is_some_and(|ext| ext == "pack")) {
        let away = env.root().join(pack.file_name().unwrap());
        std::fs::rename(pack, &away).unwrap();
        std::fs::remove_file(pack.with_extension("idx")).unwrap();
        env.git_stdin(["unpack-objects", "-q"], &std::fs::read(away).unwrap());
    }
    std::fs::remove_file(env.repo.join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..]))).unwrap();
    let found = env.agentv(["list", "case:*", "--count"]);
    assert!(found.stdout == "2\n" && found.stderr.contains("the cases of 1 run can't be read"), "{found:?}");
    env.git_stdin(["hash-object", "-w", "--stdin"], content.as_bytes());
    let found = env.agentv(["list", "case:*", "--count"]);
    assert_eq!((found.stdout.as_str(), found.stderr.as_str()), ("3\n", ""));
}
