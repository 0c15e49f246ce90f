//! `demo/run`, the first thing that a newcomer starts, and the transcript of it in README.md.

use std::path::{Path, PathBuf};

use unicode_width::UnicodeWidthStr;

use crate::env::{Ran, TestEnv, bin_dir};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the demo with the programs of `bin` instead of building some.
fn demo(env: &mut TestEnv, bin: &Path, columns: &str, args: &[&str]) -> Ran {
    env.set("AGENTV_BIN_DIR", bin);
    env.set("COLUMNS", columns);
    // Time is real: the demo looks back at runs of the past.
    let script = project().join("demo/run");
    let mut command = env.command("sh", env.root());
    command.arg(script).args(args).env_remove("GIT_AUTHOR_DATE").env_remove("GIT_COMMITTER_DATE");
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        raw: output.stdout,
    }
}

fn scratch(env: &TestEnv) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(env.root()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("agentv-demo.")).collect()
}

#[test]
fn the_demo_records_and_shows_real_runs() {
    for columns in [80, 160] {
        let mut env = TestEnv::without_repo();
        let ran = demo(&mut env, &bin_dir(), &columns.to_string(), &[]);
        assert!(ran.stderr.is_empty(), "{}", ran.stderr);
        let said = ran.ok();
        let recorded: Vec<_> =
            said.lines().filter(|line| line.starts_with("recorded ") && line.ends_with(']')).collect();
        assert_eq!(recorded.len(), 5, "{said}");
        assert!(!said.contains("unknown"), "every run has found its source commit: {said}");
        for part in [
            "3/8 passed (0.571), 1 error",
            "7/8 passed (0.938)",
            "(reflog, near: tree not observed)",
            "baseline",
            "runs     5",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains('\x1b'), "colour is for terminals");
        // The two paths may be longer.
        let wide = said.lines().filter(|line| !line.contains('/')).max_by_key(|line| line.width()).unwrap();
        assert!(wide.width() <= columns, "{wide}");
        assert!(scratch(&env).is_empty(), "nothing is left behind");
    }
}

#[test]
fn the_demo_can_be_kept() {
    let mut env = TestEnv::without_repo();
    let ran = demo(&mut env, &bin_dir(), "80", &["--keep"]);
    let dirs = scratch(&env);
    assert!(ran.stderr.starts_with("kept: "), "{}", ran.stderr);
    ran.ok();
    let repo = dirs[0].join("triage");
    env.git_in(&repo, ["fsck", "--strict"]).ok();
    let runs = env.agentv_in(&repo, ["list", "--format", "jsonl"]).ok();
    let commits = env.git_in(&repo, ["rev-list", "main"]).ok();
    let commits: Vec<_> = commits.lines().collect();
    let sources: Vec<_> = runs
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["sha"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(sources, [commits[0], commits[0], commits[1], commits[1], commits[2]]);
}

#[test]
fn the_demo_fails_when_a_step_fails() {
    let mut env = TestEnv::without_repo();
    let bin = env.root().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let program = bin.join("git-agentv");
    std::fs::write(&program, "#!/bin/sh\nexit 7\n").unwrap();
    make_executable(&program);
    let ran = demo(&mut env, &bin, "80", &[]);
    assert_eq!(ran.code, 7, "{ran:?}");
    assert!(scratch(&env).is_empty());
    let said = demo(&mut env, &bin, "80", &["--nonsense"]).fails(2);
    assert!(said.starts_with("usage: demo/run"), "{said}");
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A line without what differs from day to day: ages, and spaces that they move.
fn timeless(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_age = |at: usize| words.get(at + 1).is_some_and(|next| next.trim_end_matches(')') == "ago");
    let kept = words.iter().enumerate().map(|(at, word)| if is_age(at) { "AGE" } else { word });
    kept.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_transcript_of_the_readme_is_what_the_demo_prints() {
    let mut env = TestEnv::without_repo();
    let said = demo(&mut env, &bin_dir(), "100", &[]).ok();
    let lines: Vec<String> = said.lines().map(timeless).collect();
    let readme = std::fs::read_to_string(project().join("README.md")).unwrap();
    let transcript = readme.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(transcript.lines().filter(|line| line.starts_with("$ ")).count() >= 3);
    for line in transcript.lines().filter(|line| !line.is_empty()) {
        assert!(lines.contains(&timeless(line)), "README.md shows what the demo does not print: {line}\n{said}");
    }
}

#[test]
fn the_readme_names_the_test_command_that_ci_runs() {
    let readme = std::fs::read_to_string(project().join("README.md")).unwrap();
    let ci = std::fs::read_to_string(project().join(".ci/run")).unwrap();
    assert!(ci.contains("\nrun cargo test\n"), "{ci}");
    assert!(readme.contains("\n    cargo test\n"), "{readme}");
}
