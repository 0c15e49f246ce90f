//! Server-sent events.

use std::io::{BufRead, BufReader, Write};

use serde_json::Value;

use super::client::{Studio, read_head};
use crate::env::TestEnv;

/// Reads events until one of this name has data that `is_it`.
fn wait_for(from: &mut impl BufRead, name: &str, is_it: impl Fn(&Value) -> bool) {
    let mut last = String::new();
    loop {
        let mut line = String::new();
        assert!(from.read_line(&mut line).unwrap() > 0, "the stream ended");
        if let Some(event) = line.strip_prefix("event: ") {
            last = event.trim().to_owned();
        }
        if let Some(data) = line.strip_prefix("data: ").filter(|_| last == name)
            && is_it(&serde_json::from_str(data).unwrap())
        {
            return;
        }
    }
}

#[test]
fn runs_and_running_evals_are_told() {
    let env = TestEnv::new();
    let studio = Studio::start(&env, &[]);
    let mut stream = studio.connect();
    stream.write_all(format!("GET /api/events HTTP/1.1\r\nHost: {}\r\n\r\n", studio.host()).as_bytes()).unwrap();
    let mut stream = BufReader::new(stream);
    let head = read_head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{head}");
    wait_for(&mut stream, "runs", |data| data.get("tip").is_none());
    wait_for(&mut stream, "progress", |data| *data == serde_json::json!([]));
    // An eval begins: it has one of two cases.
    let dir = env.small_bundle(1);
    let summary = std::fs::read_to_string(dir.join("summary.json")).unwrap();
    let stub = summary.replace("\"only\"", "\"only\", \"second\"");
    assert_ne!(stub, summary);
    std::fs::write(dir.join("summary.json"), stub).unwrap();
    wait_for(&mut stream, "progress", |data| data[0]["counts"]["test_count"] == 1 && data[0]["path"] == "small-1");
    assert_eq!(studio.json("/api/status")["in_progress"][0]["experiment"], "small");
    // It ends, and is recorded.
    std::fs::write(dir.join("summary.json"), summary).unwrap();
    wait_for(&mut stream, "progress", |data| *data == serde_json::json!([]));
    env.agentv(["record"]).ok();
    let tip = env.git(["rev-parse", "refs/agentv/runs/v1"]).ok();
    wait_for(&mut stream, "runs", |data| data["tip"] == tip.trim());
}
