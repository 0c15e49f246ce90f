//! Compacted histories: what they lose, what they keep, and how clones follow.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;

fn compact(env: &TestEnv, dir: &Path) -> Value {
    env.agentv_in(dir, ["compact", "--yes", "--format", "json"]).json()
}

/// The blob of a run's answer, which no other run has.
fn answer(env: &TestEnv, dir: &Path, name: &str) -> String {
    let file = env.root().join(format!("bundles/{name}/only/answer.md"));
    env.git_in(dir, ["hash-object", file.to_str().unwrap()]).ok().trim().to_owned()
}

/// Whether an object can be reached from a ref of a repository.
fn reaches(env: &TestEnv, dir: &Path, name: &str, id: &str) -> bool {
    env.git_in(dir, ["rev-list", "--objects", name]).ok().lines().any(|line| line.starts_with(id))
}

fn has(env: &TestEnv, dir: &Path, id: &str) -> bool {
    env.git_in(dir, ["cat-file", "-e", id]).code == 0
}

/// What each commit says of who made it when, and of runs other than `without`.
fn commits(env: &TestEnv, dir: &Path, without: &BTreeSet<String>) -> Vec<String> {
    let format = "--format=%an %ae %ad %cn %ce %cd%x00%B%x01";
    let log = env.git_in(dir, ["log", "--date=raw", "--topo-order", format, RUNS]).ok();
    let row = |line: &str| {
        let id = line.strip_prefix("Agentv-Row: ").map(|row| serde_json::from_str::<Value>(row).unwrap()["id"].clone());
        id.is_some_and(|id| without.contains(id.as_str().unwrap()))
    };
    let clean = |commit: &str| commit.trim().lines().filter(|line| !row(line)).collect::<Vec<_>>().join("\n");
    log.split('\u{1}').map(clean).filter(|commit| !commit.is_empty() && !commit.contains("Op: compact")).collect()
}

fn rows(env: &TestEnv, dir: &Path) -> Vec<Value> {
    list(env, dir)["runs"].as_array().unwrap().clone()
}

/// The keys of a run that a compaction must not change.
fn by_id(env: &TestEnv, dir: &Path) -> BTreeMap<String, Value> {
    rows(env, dir).into_iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row)).collect()
}

#[test]
fn files_are_gone_and_all_else_is_as_it_was() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::without_repo();
        hub(&env, &["--object-format", format]);
        let a = clone(&env, "a", &["--object-format", format]);
        env.git_in(&a, ["config", "agentv.window", "3"]).ok();
        let runs: Vec<String> = (0..10).map(|n| id_in(record_at(&env, &a, &format!("r{n}"), n * 10 + 1))).collect();
        at(&env, &a, 200, &["tag", &runs[1], "+kept"]).ok();
        at(&env, &a, 201, &["tag", &runs[2], "+t"]).ok();
        // One that is sealed, one that is not, one that was restored since.
        for (run, time) in [(2, 210), (8, 220), (4, 230)] {
            at(&env, &a, time, &["delete", &runs[run]]).ok();
        }
        at(&env, &a, 240, &["restore", &runs[4]]).ok();
        let gone: BTreeSet<String> = [2, 8].into_iter().map(|n| runs[n].clone()).collect();
        let (listed, said) = (rows(&env, &a), commits(&env, &a, &gone));
        let (old, old_tree) = (tip(&env, &a), tree(&env, &a));
        let first = env.git_in(&a, ["rev-list", "--max-parents=0", RUNS]).ok();

        let dry = env.agentv_in(&a, ["compact", "--dry-run", "--format", "json"]).json();
        assert_eq!(dry["runs"], 2);
        assert!(dry["bytes_after"].as_u64().unwrap() < dry["bytes_before"].as_u64().unwrap(), "{dry}");
        assert_eq!(tip(&env, &a), old, "only looked");
        let refused = env.agentv_in(&a, ["compact"]).fails(128);
        assert!(refused.contains("--yes") && tip(&env, &a) == old, "{refused}");

        let done = compact(&env, &a);
        assert_eq!((&done["runs"], &done["old"], &done["new"]), (&json!(2), &json!(old), &json!(tip(&env, &a))));
        assert!(done["bytes_after"].as_u64().unwrap() < done["bytes_before"].as_u64().unwrap(), "{done}");
        assert!(done["freed_bytes"].as_u64().unwrap() > 0 && done["left_bytes"] == 0, "{done}");
        assert_eq!(rows(&env, &a), listed);
        assert_eq!(commits(&env, &a, &gone), said, "who did what when");
        assert_eq!(tree(&env, &a), old_tree);
        assert_eq!(env.git_in(&a, ["rev-list", "--max-parents=0", RUNS]).ok(), first, "what is older is not touched");
        for (n, run) in runs.iter().enumerate() {
            let blob = answer(&env, &a, &format!("r{n}"));
            let lost = gone.contains(run);
            assert_eq!(reaches(&env, &a, RUNS, &blob), !lost, "{format} {n}");
            assert_eq!(has(&env, &a, &blob), !lost, "{format} {n}: its space is free");
            assert_eq!(env.agentv_in(&a, ["cat", run, "only/answer.md"]).code == 0, !lost);
        }
        let message = env.git_in(&a, ["log", "-1", "--format=%B", RUNS]).ok();
        let wanted =
            format!("compact: 2 deleted runs lose their files\n\nAgentv-Op: compact\nAgentv-Compacts: {old}\n");
        assert_eq!(message.trim_end(), wanted.trim_end());
        let said = env.agentv_in(&a, ["restore", &runs[2]]).fails(128);
        assert!(said.contains("its files were compacted away") && said.contains("hint: "), "{said}");
        let said = env.agentv_in(&a, ["record", env.root().join("bundles/r2").to_str().unwrap()]).ok();
        assert!(said.contains("deleted before"), "{said}");
        at(&env, &a, 300, &["tag", &runs[2], "+more"]).ok();
        assert_eq!(by_id(&env, &a)[&runs[2]]["tags"], json!(["more", "t"]));
        whole(&env, &a);
        crate::second_reader::both_agree_in(&env, &a);
        assert_eq!(compact(&env, &a)["new"], Value::Null, "nothing more to do");
    }
}

#[test]
fn clones_follow_and_bring_their_own() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let [a, b, c] = ["a", "b", "c"].map(|name| clone(&env, name, &[]));
    let (one, two, three) = (record(&env, &a, "one"), record(&env, &a, "two"), record(&env, &a, "three"));
    at(&env, &a, 1, &["tag", &three, "+early"]).ok();
    for dir in [&a, &b, &c] {
        sync(&env, dir);
    }
    // b does all sorts of things while a compacts.
    let four = id_in(record_at(&env, &b, "four", 5));
    at(&env, &b, 6, &["tag", &two, "+b"]).ok();
    at(&env, &b, 7, &["tag", &one, "+late"]).ok();
    at(&env, &b, 8, &["delete", &three]).ok();
    at(&env, &a, 9, &["delete", &one]).ok();
    let before = tip(&env, &a);
    let done = compact(&env, &a);
    assert_eq!(done["held_by"], json!(["refs/agentv/remotes/origin/runs/v1"]), "the remote is not told yet");
    let said = sync(&env, &a);
    assert!(said.contains("replaced ") && said.contains("by the compacted history"), "{said}");
    assert_eq!(tip(&env, &hub), tip(&env, &a));
    let done = compact(&env, &a);
    assert!(done["freed_bytes"].as_u64().unwrap() > 0 && done["held_by"] == json!([]), "{done}");
    assert!(!has(&env, &a, &before), "the old history is gone");
    let said = sync(&env, &b);
    assert!(said.contains("followed origin, whose runs were compacted"), "{said}");
    assert!(said.contains("sent 1 run and changes to 3 others"), "{said}");
    sync(&env, &a);
    assert_eq!(tip(&env, &a), tip(&env, &b));
    let rows = by_id(&env, &a);
    assert_eq!(rows.len(), 4);
    assert_eq!((&rows[&one]["status"], &rows[&one]["tags"]), (&json!("pruned"), &json!(["late"])));
    assert_eq!((&rows[&two]["status"], &rows[&two]["tags"]), (&json!("complete"), &json!(["b"])));
    assert_eq!((&rows[&three]["status"], &rows[&three]["tags"]), (&json!("pruned"), &json!(["early"])));
    assert_eq!(rows[&four]["status"], "complete");
    // Another compaction; c, which knows of neither, restored what is gone, and pushes to its inbox first.
    compact(&env, &a);
    sync(&env, &a);
    at(&env, &c, 20, &["delete", &one]).ok();
    at(&env, &c, 21, &["restore", &one]).ok();
    at(&env, &c, 22, &["note", &three, "-m", "from c"]).ok();
    let five = id_in(record_at(&env, &c, "five", 23));
    env.git_in(&c, ["push", "-q", "origin", &format!("{RUNS}:refs/agentv/inbox/0123456789abcdef")]).ok();
    sync(&env, &b);
    assert_eq!(by_id(&env, &b).len(), 5, "what was in the inbox is there");
    sync(&env, &c);
    for dir in [&a, &b] {
        sync(&env, dir);
    }
    for dir in [&a, &b, &c, &hub] {
        assert_eq!(tip(&env, dir), tip(&env, &a));
        for name in ["one", "three"] {
            assert!(!reaches(&env, dir, RUNS, &answer(&env, &a, name)), "{name} came back");
        }
        for name in ["two", "four", "five"] {
            assert!(reaches(&env, dir, RUNS, &answer(&env, &a, name)), "{name} is lost");
        }
        whole(&env, dir);
    }
    let rows = by_id(&env, &c);
    assert_eq!(rows[&one]["status"], "pruned", "nothing brings it back");
    assert_eq!(rows[&five]["status"], "complete");
    let shown = env.agentv_in(&c, ["show", &three, "--format", "json"]).json();
    assert_eq!(shown["overlay"]["note"], "from c");
    // The space of both is set free where somebody asks for it.
    compact(&env, &c);
    assert!(!has(&env, &c, &answer(&env, &a, "three")));
    whole(&env, &c);
}

#[test]
fn two_that_compact_at_the_same_time_end_with_one_history() {
    let env = TestEnv::without_repo();
    hub(&env, &[]);
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    let runs: Vec<String> = ["one", "two", "three"].into_iter().map(|name| record(&env, &a, name)).collect();
    sync(&env, &a);
    sync(&env, &b);
    at(&env, &a, 1, &["delete", &runs[0]]).ok();
    at(&env, &b, 2, &["delete", &runs[1]]).ok();
    at(&env, &b, 3, &["delete", &runs[0]]).ok();
    for (dir, name) in [(&a, "four"), (&b, "five")] {
        record_at(&env, dir, name, 4).ok();
        compact(&env, dir);
    }
    sync(&env, &a);
    sync(&env, &b);
    sync(&env, &a);
    assert_eq!(tip(&env, &a), tip(&env, &b));
    assert_eq!(by_id(&env, &a).len(), 5);
    for (name, there) in [("one", false), ("two", false), ("three", true), ("four", true), ("five", true)] {
        assert_eq!(reaches(&env, &a, RUNS, &answer(&env, &a, name)), there, "{name}");
    }
    whole(&env, &a);
    whole(&env, &b);
}

#[test]
fn a_host_that_lets_nothing_be_rewritten_is_heard() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    // receive.denyNonFastForwards is about branches only.
    let hook = hub.join("hooks/update");
    let refuse =
        "#!/bin/sh\ngit merge-base --is-ancestor \"$2\" \"$3\" && exit\necho 'no rewriting here' >&2\nexit 1\n";
    let set_hook = |text: &str| {
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, text).unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    let a = clone(&env, "a", &[]);
    let (one, two) = (record(&env, &a, "one"), record(&env, &a, "two"));
    sync(&env, &a);
    at(&env, &a, 1, &["delete", &one]).ok();
    let theirs = tip(&env, &hub);
    set_hook(refuse);
    compact(&env, &a);
    let ours = tip(&env, &a);
    let said = env.agentv_in(&a, ["sync", "--yes"]).fails(128);
    assert!(said.contains("'origin' refused the compacted history: ") && said.contains("no rewriting here"), "{said}");
    assert!(said.contains("hint: nothing was lost"), "{said}");
    assert_eq!((tip(&env, &hub), tip(&env, &a)), (theirs, ours));
    assert_eq!(ids(&env, &a).len(), 2);
    set_hook("#!/bin/sh\n");
    sync(&env, &a);
    assert_eq!(tip(&env, &hub), tip(&env, &a));
    assert!(env.agentv_in(&hub, ["show", &two]).code == 0);
}

/// A lease lets anything through. What the remote has must be in what is pushed.
#[test]
fn only_what_has_all_of_it_takes_the_place_of_the_remotes_history() {
    let env = TestEnv::without_repo();
    let hub = hub(&env, &[]);
    let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
    let one = record(&env, &a, "one");
    sync(&env, &a);
    sync(&env, &b);
    record(&env, &b, "two");
    sync(&env, &b);
    at(&env, &a, 1, &["delete", &one]).ok();
    compact(&env, &a);
    // It does not know of b's run when it compacts.
    sync(&env, &a);
    assert_eq!(ids(&env, &a).len(), 2);
    assert_eq!(ids(&env, &hub).len(), 2);
    // Somebody sets the remote back to the old history: nothing of it comes back to a, and it is replaced again.
    let old = tip(&env, &b);
    env.git_in(&b, ["push", "-q", "-f", "origin", &format!("{old}:{RUNS}")]).ok();
    let said = sync(&env, &a);
    assert!(said.contains("replaced "), "{said}");
    assert!(!reaches(&env, &hub, RUNS, &answer(&env, &a, "one")));
    assert_eq!(ids(&env, &hub).len(), 2);
    whole(&env, &hub);
}

#[test]
fn a_log_of_the_ref_keeps_the_old_history_and_is_named() {
    let env = TestEnv::without_repo();
    let a = clone(&env, "a", &[]);
    env.git_in(&a, ["config", "core.logAllRefUpdates", "always"]).ok();
    let one = record(&env, &a, "one");
    record(&env, &a, "two");
    at(&env, &a, 1, &["delete", &one]).ok();
    let said = env.agentv_in(&a, ["compact", "--yes"]).ok();
    assert!(said.contains(&format!("git reflog expire --expire=now {RUNS}")), "{said}");
    assert!(has(&env, &a, &answer(&env, &a, "one")));
    env.git_in(&a, ["reflog", "expire", "--expire=now", "--all"]).ok();
    compact(&env, &a);
    assert!(!has(&env, &a, &answer(&env, &a, "one")));
    whole(&env, &a);
}

#[test]
fn one_that_is_killed_loses_nothing() {
    let env = TestEnv::without_repo();
    let a = clone(&env, "a", &[]);
    let runs: Vec<String> = (0..12).map(|n| record(&env, &a, &format!("r{n}"))).collect();
    at(&env, &a, 1, &["delete", &runs[3]]).ok();
    let (old, listed) = (tip(&env, &a), rows(&env, &a));
    for attempt in 0..8 {
        let mut command = env.command("git-agentv", &a);
        let mut child = command.args(["compact", "--yes"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        // At another point each time, as far as the machine lets us choose.
        std::thread::sleep(std::time::Duration::from_millis(attempt * 12));
        let _ = child.kill();
        child.wait().unwrap();
        assert_eq!(rows(&env, &a), listed);
        whole(&env, &a);
    }
    compact(&env, &a);
    assert_ne!(tip(&env, &a), old);
    assert_eq!(rows(&env, &a), listed);
    whole(&env, &a);
}

#[test]
fn signatures_and_unknown_entries_of_what_is_older_stay() {
    let env = TestEnv::without_repo();
    let a = clone(&env, "a", &[]);
    let one = record(&env, &a, "one");
    let two = record(&env, &a, "two");
    let kept = env.git_in(&a, ["rev-parse", &format!("{RUNS}~1")]).ok();
    at(&env, &a, 1, &["delete", &two]).ok();
    compact(&env, &a);
    assert_eq!(
        env.git_in(&a, ["rev-parse", &format!("{RUNS}~3")]).ok(),
        kept,
        "the first run's commit is the same one"
    );
    env.agentv_in(&a, ["show", &one]).ok();
}
