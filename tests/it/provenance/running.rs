//! `run` as a wrapper: environment, output, exit codes, signals.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::{LEAVES_A_RUN, run};
use crate::env::{Ran, TestEnv, bin_dir};

#[test]
fn the_command_is_told_where_to_write() {
    let env = TestEnv::new();
    let script = "echo \"$AGENTV_RUN_ID\"; echo \"$AGENTV_RESULTS_DIR\"; test -d \"$AGENTV_RESULTS_DIR\" && test -w \"$AGENTV_RESULTS_DIR\" && ls -A \"$AGENTV_RESULTS_DIR\"";
    let said = run(&env, script).ok();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 2, "the directory is there and empty: {said}");
    assert!(lines[0].len() == 24 && lines[0].ends_with('Z'), "{said}");
    assert!(lines[1].starts_with('/'), "{said}");
    assert!(!std::path::Path::new(lines[1]).exists(), "what stayed empty is removed");
}

#[test]
fn the_command_runs_where_dash_c_says() {
    let env = TestEnv::new();
    std::fs::create_dir(env.repo.join("sub")).unwrap();
    let said = env.agentv_in(env.root(), ["-C", "repo/sub", "run", "--", "pwd"]).ok();
    assert_eq!(said.trim(), env.repo.join("sub").to_str().unwrap());
}

#[test]
fn standard_output_is_the_commands_alone() {
    let env = TestEnv::new();
    let ran = run(&env, &format!("{LEAVES_A_RUN}; printf 'a\\000b\\377\\r\\n no newline at the end'"));
    assert_eq!(ran.raw, b"a\0b\xff\r\n no newline at the end");
    assert!(ran.stderr.contains("recorded "), "{}", ran.stderr);
    let mut command = env.command("git", &env.repo);
    command.args(["agentv", "run", "--", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"standard input too").unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(out, "standard input too");
}

#[test]
fn exit_codes_are_passed_on_and_the_run_is_recorded_all_the_same() {
    let env = TestEnv::new();
    for (n, (end, code)) in
        [("exit 0", 0), ("exit 3", 3), ("exit 128", 128), ("kill -KILL $$", 137), ("kill -TERM $$", 143)]
            .into_iter()
            .enumerate()
    {
        let ran = run(&env, &format!("echo {n} > \"$AGENTV_RESULTS_DIR/log\"; {end}"));
        assert_eq!(ran.code, code, "{end}: {ran:?}");
        assert_eq!(env.runs().len(), n + 1, "{end}");
    }
}

#[test]
fn what_cannot_be_run() {
    let env = TestEnv::new();
    let said = env.agentv(["run", "--", "no-such-command-anywhere"]).fails(127);
    assert!(said.contains("'no-such-command-anywhere' is not a command"), "{said}");
    std::fs::write(env.repo.join("plain"), "text\n").unwrap();
    let said = env.agentv(["run", "--", "./plain"]).fails(126);
    assert!(said.contains("cannot run './plain'"), "{said}");
    assert!(env.agentv(["run", "--"]).fails(2).contains("COMMAND"));
    assert!(env.runs().is_empty());
    let kept = std::fs::read_dir(env.repo.join(".git/agentv/results")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "no directory stays for a command that never ran");
}

#[test]
fn options_of_the_command_are_its_own() {
    let env = TestEnv::new();
    let said = env.agentv(["run", "echo", "--help", "-C", "x", "--name", "y", "--", "--version"]).ok();
    assert_eq!(said, "--help -C x --name y -- --version\n");
}

#[test]
fn a_signal_to_us_reaches_the_command_and_its_answer_is_recorded() {
    for (signal, script_signal) in [("TERM", "TERM"), ("HUP", "HUP")] {
        let env = TestEnv::new();
        let script = format!(
            "trap 'kill $!; echo cleaned > \"$AGENTV_RESULTS_DIR/log\"; exit 7' {script_signal}; sleep 600 & echo ready; wait"
        );
        let mut command = env.command(bin_dir().join("git-agentv"), &env.repo);
        command.args(["run", "--", "sh", "-c", &script]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Ran::of(env.command("sh", &env.repo).args(["-c", &format!("kill -{signal} {}", child.id())])).ok();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(7), "{signal}: {}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(env.runs().len(), 1, "{signal}: what it had written is recorded");
        assert_eq!(env.agentv(["cat", "@{0}", "log"]).ok(), "cleaned\n");
    }
}

#[test]
fn outside_a_repository_nothing_is_run() {
    let env = TestEnv::without_repo();
    let said = env.agentv_in(env.root(), ["run", "--", "touch", "ran"]).fails(128);
    assert!(said.contains("not a git repository"), "{said}");
    assert!(!env.root().join("ran").exists());
}
