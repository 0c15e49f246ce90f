//! What a clone derives: the index that answers queries, and the runs that wait for a commit.

use super::{Plumbing, RUNS, id, is_clean, problems, world};
use crate::env::TestEnv;

fn index(env: &TestEnv) -> std::path::PathBuf {
    env.repo.join(".git/agentv/index-v4.sqlite")
}

/// A world with an index that was used.
fn indexed() -> TestEnv {
    let env = world();
    env.agentv(["list", "tag:a"]).ok();
    assert!(index(&env).is_file());
    is_clean(&env, &env.repo);
    env
}

/// Damages the index, and sees it found and made anew.
#[track_caller]
fn found_and_rebuilt(env: &TestEnv, expected: &str) {
    let before = std::fs::read(index(env)).unwrap();
    let found = env.agentv(["fsck"]);
    assert!(found.code == 1 && problems(&found).len() == 1, "{found:?}");
    assert!(found.stdout.starts_with("index-v4.sqlite: ") && found.stdout.contains(expected), "{found:?}");
    assert_eq!(std::fs::read(index(env)).unwrap(), before, "a check changes nothing");
    let repaired = env.agentv(["fsck", "--repair"]).ok();
    assert!(repaired.contains("(repaired)"), "{repaired}");
    is_clean(env, &env.repo);
    assert_eq!(env.agentv(["list", "tag:a", "--count"]).ok(), "1\n");
}

#[test]
fn an_index_that_is_garbage_or_cut_off() {
    let env = indexed();
    let whole = std::fs::read(index(&env)).unwrap();
    std::fs::write(index(&env), "garbage, and not even short: ".repeat(400)).unwrap();
    found_and_rebuilt(&env, "it is damaged");
    std::fs::write(index(&env), &whole[..whole.len() / 2]).unwrap();
    found_and_rebuilt(&env, "it is damaged");
}

#[test]
fn an_index_that_says_something_else() {
    let env = indexed();
    let one = id(&env, 1);
    let changes = [
        (
            "UPDATE facts SET passed = 7 WHERE id = ?1",
            "of 8 runs 0 missing and 1 different, 0 that are none".to_owned(),
        ),
        (
            "UPDATE texts SET line = '{}' WHERE seq = (SELECT seq FROM facts WHERE id = ?1)",
            "of 8 runs 0 missing and 1 different, 0 that are none".to_owned(),
        ),
        ("DELETE FROM facts WHERE id = ?1", "of 8 runs 1 missing and 0 different, 0 that are none".to_owned()),
        (
            "INSERT INTO tags SELECT seq, 'z' FROM runs WHERE id = ?1",
            "of 8 runs 0 missing and 1 different, 0 that are none".to_owned(),
        ),
        ("UPDATE facts SET store = store, id = id WHERE id = ?1; ", String::new()),
        (
            "INSERT INTO facts SELECT 999, store, 'ff' || substr(id, 3), recorded, timestamp, pass_rate, avg_score, duration_ms, \
             cost_usd, tokens, test_count, passed, errors, status, experiment, target, repo FROM facts WHERE id = ?1",
            "of 8 runs 0 missing and 0 different, 1 that are none".to_owned(),
        ),
        ("PRAGMA user_version = 7", "it is none of ours".to_owned()),
    ];
    for (sql, expected) in changes {
        let db = rusqlite::Connection::open(index(&env)).unwrap();
        if sql.contains("?1") {
            db.execute(sql.trim_end_matches("; "), [&one]).unwrap();
        } else {
            db.execute_batch(sql).unwrap();
        }
        db.pragma_update(None, "wal_checkpoint", "truncate").unwrap_or_default();
        db.close().unwrap();
        if expected.is_empty() {
            is_clean(&env, &env.repo);
        } else {
            found_and_rebuilt(&env, &expected);
        }
    }
}

#[test]
fn an_index_that_is_behind_is_fine() {
    let env = indexed();
    env.agentv(["tag", "small-3", "+late"]).ok();
    is_clean(&env, &env.repo);
    // Its commit may even be gone.
    let p = Plumbing { env: &env };
    p.git(&["update-ref", RUNS, &format!("{}~4", RUNS)]);
    is_clean(&env, &env.repo);
}

#[test]
fn runs_that_wait_and_are_none() {
    let env = TestEnv::new();
    env.small_bundle(1);
    let said = env.agentv(["record", "--commit", "HEAD"]).ok();
    let id = said.split(' ').nth(1).unwrap().to_owned();
    let pending = env.repo.join(".git/agentv/pending");
    let good = format!("{id}\n");
    assert_eq!(std::fs::read_to_string(&pending).unwrap_or_default(), good, "it waits for a commit");
    is_clean(&env, &env.repo);
    std::fs::write(&pending, format!("nonsense\n{id}\n\nffffffffffffffff\n")).unwrap();
    let expected = [
        "pending: 'nonsense' is no run of this repository",
        "pending: '' is no run of this repository",
        "pending: 'ffffffffffffffff' is no run of this repository",
    ];
    let found = env.agentv(["fsck"]);
    assert_eq!((found.code, problems(&found)), (1, expected.map(str::to_owned).to_vec()), "{found:?}");
    env.agentv(["fsck", "--repair"]).ok();
    assert_eq!(std::fs::read_to_string(&pending).unwrap(), good, "what waits still does");
    is_clean(&env, &env.repo);
    // A run that waits and was deleted is nothing wrong.
    env.agentv(["delete", &id]).ok();
    is_clean(&env, &env.repo);
}

#[test]
fn a_results_index_that_lacks_a_run() {
    let env = world();
    env.agentv(["reindex", "--repo", ".", "--branch", RUNS]).ok();
    is_clean(&env, &env.repo);
    let p = Plumbing { env: &env };
    let text = env.git(["cat-file", "blob", &format!("{RUNS}:index/runs.jsonl")]).ok();
    let (first, rest) = text.split_once('\n').unwrap();
    let blob = env.git_stdin(["hash-object", "-w", "--stdin"], rest.as_bytes());
    let root = p.with(&p.root(), "index/runs.jsonl", Some(&format!("100644 blob {blob}")));
    p.commit(&root, "x\n\nAgentv-Op: seal\n");
    let found = env.agentv(["fsck"]);
    assert_eq!((found.code, problems(&found)), (1, vec!["index: rows: 1 missing".to_owned()]), "{found:?}");
    let repaired = env.agentv(["fsck", "--repair"]).ok();
    assert!(repaired.contains("index: rows: 1 missing (repaired)"), "{repaired}");
    is_clean(&env, &env.repo);
    assert!(env.git(["cat-file", "blob", &format!("{RUNS}:index/runs.jsonl")]).ok().lines().any(|line| line == first));
}
