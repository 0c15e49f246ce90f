//! Repositories with many runs, made at once.

use git_agentv::git::{ConfigScope, Repo};
use git_agentv::run::DirBundle;
use git_agentv::run::formats::generic::Given;
use git_agentv::store::{BulkItem, Provenance, RecordOptions, Store};
use serde_json::json;

use crate::env::TestEnv;

/// Seconds from one run to the next.
const STEP: i64 = 1_900;

/// Records `number` runs, the last of them half an hour ago.
pub fn record(env: &TestEnv, number: u32) {
    let repo = Repo::discover_at(&env.repo, ConfigScope::Full, None).unwrap();
    let store = Store::of(&repo);
    let commit = env.git(["rev-parse", "HEAD"]).ok().trim().to_owned();
    let provenance = Provenance::Given(repo.parse_oid(&commit).unwrap());
    let record = RecordOptions { given: Given::default(), partial: false, provenance, source_diff: None };
    let last = jiff::Timestamp::now().as_second() - 1_800;
    let mut i = 0;
    let next = |again: bool| {
        i = if again { 0 } else { i };
        let start = last - STEP * i64::from(number - 1 - i.min(number - 1));
        let item = (i < number).then(|| bundle(i, start));
        i += 1;
        item.map(|bundle| Ok(BulkItem { bundle, committed: Some(start) }))
    };
    store.record_bulk(&record, next, |recorded| drop(recorded.unwrap())).unwrap();
}

/// Run number `i`: of its cases some fail, and few can't be judged.
fn bundle(i: u32, start: i64) -> DirBundle {
    // Numbers that look like chance, and are the same each time.
    let mut state = u64::from(i).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut below = |end: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % end
    };
    let time = jiff::Timestamp::from_second(start).unwrap().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
    let name = format!("{}-{i:05}", time.replace([':', '.'], "-"));
    let experiment = ["checkout-flow", "search-rank", "refund-agent", "onboarding"][below(4) as usize];
    let target = ["gpt-5", "claude-opus", "gemini-pro", "local-llama"][below(4) as usize];
    let cases = 1 + below(9);
    let names: Vec<String> = (0..cases).map(|case| format!("case-{case}")).collect();
    let mut lines = String::new();
    for name in &names {
        let (status, score) = match below(12) {
            0 => ("execution_error", 0.0),
            1 | 2 => ("quality_failure", 0.5),
            more => ("ok", if more < 6 { 0.9 } else { 1.0 }),
        };
        let line = json!({
            "timestamp": time, "test_id": name, "suite": experiment, "score": score, "target": target,
            "execution_status": status, "duration_ms": 1_000 + below(60_000), "cost_usd": 0.000_1 * below(900) as f64,
            "experiment": experiment, "result_dir": name,
        });
        lines += &format!("{line}\n");
    }
    let summary = json!({
        "run_id": name,
        "metadata": {"timestamp": time, "targets": [target], "tests_run": names, "experiment": experiment, "planned_test_count": cases},
    });
    let mut files = vec![
        ("index.jsonl".to_owned(), lines.into_bytes()),
        ("summary.json".to_owned(), summary.to_string().into_bytes()),
    ];
    files.extend(
        names.iter().map(|name| (format!("{name}/answer.md"), format!("The answer of {name}.\n").into_bytes())),
    );
    DirBundle::from_files(&name, files)
}
