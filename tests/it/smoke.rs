//! The main job, from end to end.

use crate::env::{TestEnv, read_dir};

#[test]
fn record_list_show_cat_export() {
    let env = TestEnv::new();
    let bundle = env.bundle("agentv-5.3.1", ".agentv/results/2026-11-22T07-05-03-446Z");
    let said = env.agentv(["record"]).ok();
    assert!(said.starts_with("recorded "), "{said}");
    let runs = env.runs();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["passed"], 1);
    assert_eq!(runs[0]["test_count"], 3);
    assert_eq!(runs[0]["errors"], 1);
    assert_eq!(runs[0]["pass_rate"], 0.5);
    assert_eq!(runs[0]["avg_score"], 0.75);
    let id = runs[0]["id"].as_str().unwrap();
    let shown = env.agentv(["show", &id[..4], "--format", "json"]).json();
    let order: Vec<_> =
        shown["cases"].as_array().unwrap().iter().map(|case| case["status"].as_str().unwrap()).collect();
    assert_eq!(order, ["fail", "error", "pass"]);
    let answer = env.agentv(["cat", &id[..6], "france--8961d65dee3d/sample-1/outputs/answer.md"]).ok();
    assert_eq!(answer, "Paris is the capital of France.\n");
    env.agentv(["export", id, "../out"]).ok();
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&bundle));
    assert!(env.agentv(["record"]).ok().contains("nothing to record"));
    env.fsck();
}
