//! The examples of `docs/results-index.md`, run as they stand there.

use std::path::Path;

use super::reindex;
use crate::env::{Ran, TestEnv};

/// The examples in one language.
fn examples(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/results-index.md")).unwrap();
    let blocks = text.split("\n```").skip(1).step_by(2);
    let found = blocks.filter_map(|block| block.split_once('\n')).filter(|(found, _)| *found == language);
    found.map(|(_, code)| code.to_owned()).collect()
}

/// A results repository of 1,003 runs: two files, and rows with different keys.
fn results() -> TestEnv {
    let env = TestEnv::new();
    for n in 0..1003 {
        let dir = env.repo.join(format!("runs/e{}/r-{n}", n % 2));
        std::fs::create_dir_all(&dir).unwrap();
        let (score, status) = if n % 4 == 0 { (0, "quality_failure") } else { (1, "ok") };
        let cost = if n > 1000 { ", \"cost_usd\": 0.5" } else { "" };
        let row = format!(
            "{{\"test_id\": \"a\", \"score\": {score}, \"execution_status\": \"{status}\", \"target\": \"t\"{cost}}}\n"
        );
        let summary = format!(
            "{{\"run_id\": \"r-{n}\", \"metadata\": {{\"timestamp\": \"2026-07-04T10:{:02}:{:02}.000Z\", \"tests_run\": [\"a\"], \
             \"experiment\": \"e{}\"}}, \"run_summary\": {{\"t\": 1}}}}",
            n / 60,
            n % 60,
            n % 2
        );
        std::fs::write(dir.join("index.jsonl"), row).unwrap();
        std::fs::write(dir.join("summary.json"), summary).unwrap();
    }
    env.git(["add", "."]).ok();
    env.git(["commit", "-qm", "runs"]).ok();
    assert_eq!(reindex(&env, "repo", &[])["rows"], 1003);
    env
}

/// Whether a program is there; the reason is printed if not.
fn has(env: &TestEnv, program: &str, args: &[&str]) -> bool {
    let found = env.command(program, env.root()).args(args).output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: '{program} {}' does not work on this machine", args.join(" "));
    }
    found
}

#[test]
fn jq() {
    let env = results();
    let examples = examples("sh");
    assert_eq!(examples.len(), 2);
    if !has(&env, "jq", &["--version"]) {
        return;
    }
    let run = |code: &str| env.run("sh", &env.repo, ["-ec", code]).ok();
    let failed = run(&examples[0]);
    assert_eq!(failed.lines().count(), 251);
    assert_eq!(failed.lines().last(), Some("2026-07-04T10:16:40.000Z\te0\tr-1000\t0/1"));
    let newest = run(&examples[1]);
    // The file with the newest runs has three of them.
    assert_eq!(newest.lines().count(), 3);
    assert_eq!(newest.lines().last(), Some("{\"run_id\":\"r-1002\",\"pass_rate\":1,\"errors\":0}"));
}

#[test]
fn duckdb() {
    let env = results();
    let examples = examples("sql");
    assert_eq!(examples.len(), 1);
    let printed = if has(&env, "duckdb", &["--version"]) {
        env.run("duckdb", &env.repo, ["-csv", "-noheader", "-c", &examples[0]]).ok()
    } else if has(&env, "python3", &["-c", "import duckdb"]) {
        let code = "import duckdb, sys\nduckdb.sql(sys.argv[1].strip('; \\n')).write_csv('printed.csv', header=False)\nprint(open('printed.csv').read())";
        env.run("python3", &env.repo, ["-c", code, &examples[0]]).ok()
    } else {
        return;
    };
    assert_eq!(printed.trim().lines().count(), 2, "{printed}");
    assert!(printed.contains("e0,t,502,0.5,2026-07-04 10:16:42"), "{printed}");
    assert!(printed.contains("e1,t,501,1.0,2026-07-04 10:16:41"), "{printed}");
}

#[test]
fn pandas() {
    let env = results();
    let examples = examples("python");
    assert_eq!(examples.len(), 1);
    if !has(&env, "python3", &["-c", "import pandas"]) {
        return;
    }
    let printed = Ran::of(env.command("python3", &env.repo).args(["-c", &examples[0]])).ok();
    let words: Vec<Vec<&str>> = printed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(words.contains(&vec!["e1", "501", "1.0", "1.0"]), "{printed}");
    assert!(words.iter().any(|line| line.starts_with(&["e0", "502", "0.5"])), "{printed}");
}
