//! Nobody reads to the end; nothing from a run controls the terminal.

use std::process::Stdio;

use crate::env::{TestEnv, bin_dir, write_small_bundle};

/// A repository whose run has control characters wherever text can stand.
fn evil() -> TestEnv {
    let env = TestEnv::new();
    let dir = env.repo.join(".agentv/results/evil");
    let evil = |what: &str| format!("{what}\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}\r\u{7f}end");
    write_small_bundle(&dir, &evil("run"), "2026-07-04T10:00:00.000Z");
    let row = serde_json::json!({
        "timestamp": "2026-07-04T10:00:00.000Z", "test_id": evil("case"), "suite": evil("suite"), "score": 0, "target": evil("target"),
        "execution_status": "quality_failure", "error": evil("reason"), "scores": [{"name": evil("grader"), "score": 0.5}],
    });
    let summary = serde_json::json!({
        "run_id": evil("run"),
        "metadata": {
            "timestamp": "2026-07-04T10:00:00.000Z", "targets": [evil("target")], "tests_run": [evil("case")], "experiment": evil("experiment"),
            "tags": [evil("tag")],
        },
        "run_summary": {"t": {}},
    });
    std::fs::write(dir.join(".internal/index.jsonl"), format!("{row}\n")).unwrap();
    std::fs::write(dir.join("summary.json"), summary.to_string()).unwrap();
    std::fs::write(dir.join("only/c1-\u{9b}31m.txt"), "x").unwrap();
    env
}

/// Fails unless the text is safe to show: line breaks are the only control characters.
#[track_caller]
fn harmless(what: &str, text: &str) {
    let bad = text.chars().find(|&c| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c));
    assert_eq!(bad, None, "{what}: {text:?}");
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let env = evil();
    let note = "first\u{1b}[2J\nsecond\u{9b}5n\u{7}";
    let ran = env.agentv(["record"]);
    harmless("record", &ran.stdout);
    harmless("record", &ran.stderr);
    ran.ok();
    env.agentv(["note", "@{0}", "-m", note]).ok();
    for args in [
        &["list"][..],
        &["list", "--format", "csv"],
        &["list", "--format", "tsv"],
        &["show"],
        &["files"],
        &["tag", "@{0}"],
        &["tag", "@{0}", "+more"],
        &["note", "@{0}"],
        &["status"],
        &["delete", "@{0}"],
        &["list", "--deleted"],
        &["show", "@{0}"],
    ] {
        let ran = env.agentv(args);
        harmless(&format!("{args:?}"), &ran.stdout.replace('\t', " "));
        harmless(&format!("{args:?}"), &ran.stderr);
    }
    let id = env.agentv(["list", "--deleted", "--format", "json"]).json()["runs"][0]["id"].as_str().unwrap().to_owned();
    env.agentv(["restore", &id]).ok();
    let listed = env.agentv(["list"]).ok();
    assert!(listed.contains("experiment\u{fffd}]0;pwned\u{fffd}\u{fffd}31m\u{fffd}"), "{listed}");
    let shown = env.agentv(["show"]).ok();
    for word in ["experiment", "target", "tag", "reason", "case", "grader", "run"] {
        assert!(shown.contains(&format!("{word}\u{fffd}]0;pwned\u{fffd}")), "{word}: {shown}");
    }
    assert_eq!(env.agentv(["note", &id]).ok(), "first\u{fffd}[2J\nsecond\u{fffd}5n\u{fffd}\n");
}

#[test]
fn json_keeps_them_escaped() {
    let env = evil();
    let recorded = env.agentv(["record", "--format", "json"]).ok();
    env.agentv(["note", "@{0}", "-m", "note\u{1b}\u{9b}"]).ok();
    let outputs = [
        recorded,
        env.agentv(["list", "--format", "json"]).ok(),
        env.agentv(["list", "--format", "jsonl"]).ok(),
        env.agentv(["show", "--format", "json"]).ok(),
        env.agentv(["files", "--format", "json"]).ok(),
        env.agentv(["status", "--format", "json"]).ok(),
    ];
    for text in &outputs {
        harmless("JSON", text);
    }
    let shown = env.agentv(["show", "--format", "json"]).json();
    let experiment = shown["manifest"]["experiment"].as_str().unwrap();
    assert_eq!(experiment, "experiment\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}\r\u{7f}end", "nothing is lost");
    assert_eq!(shown["overlay"]["note"], "note\u{1b}\u{9b}");
}

#[test]
fn the_commit_message_stays_one_row() {
    let env = evil();
    env.agentv(["record"]).ok();
    let message = env.git(["log", "-1", "--format=%B", "refs/agentv/runs/v1"]).ok();
    let lines: Vec<_> = message.trim_end().lines().collect();
    assert_eq!(lines.len(), 5, "{message:?}");
    assert!(lines[0].starts_with("run ") && lines[1].is_empty(), "{message:?}");
    assert!(!lines[0].contains(char::is_control), "{message:?}");
    env.fsck();
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", ".agentv/results/one");
    env.agentv(["record"]).ok();
    let file = "france--8961d65dee3d/sample-1/result.json";
    for args in [
        &["list"][..],
        &["list", "--format", "json"],
        &["list", "--format", "csv"],
        &["show"],
        &["show", "--format", "json"],
        &["files"],
        &["cat", "@{0}", file],
        &["status"],
        &["record"],
        &["tag", "@{0}"],
        &["schema"],
        &["completions", "bash"],
        &["man", "list"],
        &["--help"],
    ] {
        // The reading end is closed before anything is written.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = env.command(bin_dir().join("git-agentv"), &env.repo);
        let child = command.args(args).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        drop(command);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{args:?}: {ended:?}");
        assert!(ended.stderr.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }
    let piped = env.run("sh", &env.repo, ["-c", "git agentv list | head -1"]);
    assert!(piped.code == 0 && piped.stderr.is_empty() && piped.stdout.lines().count() == 1, "{piped:?}");
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let env = TestEnv::new();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else {
        eprintln!("skipped: there is no /dev/full here");
        return;
    };
    for args in
        [&["list"][..], &["list", "--format", "json"], &["show"], &["cat", "@{0}", "only/answer.md"], &["status"]]
    {
        let mut command = env.command("git", &env.repo);
        let child =
            command.arg("agentv").args(args).stdout(full.try_clone().unwrap()).stderr(Stdio::piped()).spawn().unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(128), "{args:?}: {ended:?}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains("No space left on device"), "{args:?}: {ended:?}");
    }
}
