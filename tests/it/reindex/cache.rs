//! Without a results repository: the cache of queries.

use git_agentv::index::projection::VERSION;
use serde_json::json;

use crate::env::TestEnv;

fn file(env: &TestEnv) -> std::path::PathBuf {
    env.repo.join(format!(".git/agentv/index-v{VERSION}.sqlite"))
}

fn with_runs() -> TestEnv {
    let env = TestEnv::new();
    for n in 1..=4 {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    env.agentv(["tag", "small-1", "+a"]).ok();
    env.agentv(["note", "small-2", "-m", "seen"]).ok();
    env.agentv(["delete", "small-3"]).ok();
    env
}

/// Changes the file behind our back.
fn tamper(env: &TestEnv, sql: &str) {
    rusqlite::Connection::open(file(env)).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn it_is_built_anew() {
    let env = with_runs();
    let said = env.agentv(["reindex"]).ok();
    assert!(said.starts_with("built the cache of queries anew: 4 runs in "), "{said}");
    let report = env.agentv(["reindex", "--format", "json"]).json();
    assert_eq!((&report["runs"], &report["ref"]), (&json!(4), &json!("refs/agentv/runs/v1")));
    assert_eq!(env.agentv(["reindex", "--check"]).ok(), "the cache of queries is right: 4 runs\n");
    // What comes later the next query reads.
    env.small_bundle(5);
    env.agentv(["record"]).ok();
    assert_eq!(env.agentv(["reindex", "--check"]).ok(), "the cache of queries is right: 4 runs\n");
    assert_eq!(env.agentv(["list", "--count", "small"]).ok(), "4\n");
    assert_eq!(env.agentv(["reindex", "--check"]).ok(), "the cache of queries is right: 5 runs\n");
}

#[test]
fn whatever_differs_is_found_and_mended() {
    let env = with_runs();
    let check = || {
        let ran = env.agentv(["reindex", "--check", "--format", "json"]);
        (ran.code, serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap())
    };
    env.agentv(["reindex"]).ok();
    for (sql, key) in [
        ("UPDATE facts SET passed = 7 WHERE seq = (SELECT seq FROM texts WHERE run_id = 'small-1')", "changed"),
        ("UPDATE facts SET avg_score = NULL WHERE seq = (SELECT seq FROM texts WHERE run_id = 'small-1')", "changed"),
        ("UPDATE texts SET line = '{}' WHERE run_id = 'small-4'", "changed"),
        ("DELETE FROM tags", "changed"),
        ("UPDATE notes SET note = 'other'", "changed"),
        ("DELETE FROM facts WHERE seq = (SELECT seq FROM texts WHERE run_id = 'small-2')", "missing"),
        ("UPDATE stores SET tip = '0123456789012345678901234567890123456789'", "unusable"),
        ("PRAGMA user_version = 99", "unusable"),
    ] {
        assert_eq!(check().0, 0, "before {sql}");
        tamper(&env, sql);
        let (code, report) = check();
        let found = &report["differences"][key];
        let found = found.as_array().map_or_else(|| found.is_string(), |runs| runs.len() == 1);
        assert!(code == 1 && found && report["equal"] == false, "{sql}: {report}");
        env.agentv(["reindex"]).ok();
    }
    tamper(
        &env,
        "INSERT INTO facts SELECT (SELECT max(seq) + 1 FROM facts), store, 'ffff' || id, recorded, timestamp, pass_rate, avg_score, duration_ms, \
         cost_usd, tokens, test_count, passed, errors, status, experiment, target, repo FROM facts LIMIT 1",
    );
    assert_eq!(check().1["differences"]["extra"], 1);
    let said = env.agentv(["reindex", "--check"]);
    assert_eq!((said.code, said.stdout.contains("1 that are none")), (1, true), "{said:?}");
    // No file at all, and one that is garbage: told, and not touched.
    for garbage in [None, Some("garbage ".repeat(2000))] {
        std::fs::remove_file(file(&env)).unwrap();
        if let Some(text) = &garbage {
            std::fs::write(file(&env), text).unwrap();
        }
        let (code, report) = check();
        assert!(code == 1 && report["differences"]["unusable"].is_string(), "{report}");
        assert_eq!(std::fs::read_to_string(file(&env)).ok(), garbage, "--check writes nothing");
        env.agentv(["reindex"]).ok();
        assert_eq!(check().0, 0);
    }
}
