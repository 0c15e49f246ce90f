//! What a commit with hooks touches, as the kernel sees it: no network, no database.

use crate::env::TestEnv;

/// System calls of `git <args>` and all that it starts, or none where they can't be watched.
fn trace(env: &TestEnv, args: &[&str]) -> Option<String> {
    let file = env.root().join("trace");
    let mut command = env.command("strace", &env.repo);
    command
        .args(["-f", "-qq", "-s", "4096", "-e", "trace=%file,%network,execve", "-o"])
        .arg(&file)
        .arg("git")
        .args(args);
    match command.output() {
        Err(err) => {
            eprintln!("skipped: strace is not here ({err})");
            return None;
        }
        Ok(output) if String::from_utf8_lossy(&output.stderr).contains("Operation not permitted") => {
            eprintln!("skipped: strace may not watch: {}", String::from_utf8_lossy(&output.stderr));
            return None;
        }
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
    }
    Some(std::fs::read_to_string(file).unwrap())
}

/// Fails the test if a line of the trace is about a network or a database.
#[track_caller]
fn nothing_but_files(trace: &str) {
    assert!(trace.contains("git-agentv"), "our program was started");
    let network = ["socket(", "connect(", "bind(", "sendto(", "socketpair("];
    for line in trace.lines() {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        assert!(!network.iter().any(|name| call.starts_with(name)), "{line}");
        for name in ["sqlite", ".db\"", "index-v", "resolv.conf", "/etc/hosts", "nsswitch"] {
            assert!(!line.contains(name), "{line}");
        }
    }
}

#[test]
fn a_commit_opens_no_network_and_no_database() {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", ".agentv/results/a");
    env.agentv(["hooks", "install"]).ok();
    env.agentv(["record"]).ok();
    // What a tempting answer would look like, and a remote that nobody asked for.
    std::fs::write(env.repo.join(".git/agentv/index-v4.sqlite"), "not for hooks").unwrap();
    env.git(["remote", "add", "origin", "https://example.com/nobody.git"]).ok();
    env.git(["config", "agentv.remote", "origin"]).ok();
    let Some(commit) = trace(&env, &["commit", "-q", "--allow-empty", "-m", "a subject"]) else { return };
    nothing_but_files(&commit);
    assert!(env.git(["log", "-1", "--format=%B"]).ok().contains("Agentv-Run: 4d6673011bd803d1"));
    // A bundle that the hook picks up itself.
    env.bundle("agentv-4.42.4", ".agentv/results/b");
    nothing_but_files(&trace(&env, &["commit", "-q", "--allow-empty", "-m", "another"]).unwrap());
    nothing_but_files(&trace(&env, &["commit", "-q", "--amend", "--allow-empty", "-m", "amended"]).unwrap());
}

#[test]
fn the_check_sees_a_database_and_a_network() {
    for line in ["12 openat(AT_FDCWD, \"x/index-v4.sqlite\", O_RDONLY) = 3", "12 socket(AF_INET, SOCK_STREAM, 0) = 3"] {
        let trace = format!("execve(\"git-agentv\")\n{line}\n");
        assert!(std::panic::catch_unwind(|| nothing_but_files(&trace)).is_err(), "{line}");
    }
}

/// How many processes a commit costs: one hook's shell, our program, and one git that places the trailers.
#[test]
fn few_programs_are_started() {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", ".agentv/results/a");
    env.agentv(["hooks", "install"]).ok();
    env.agentv(["record"]).ok();
    let Some(trace) = trace(&env, &["commit", "-q", "--allow-empty", "-m", "a subject"]) else { return };
    let started: Vec<_> = trace.lines().filter(|line| line.contains("execve(") && !line.contains("= -1 ")).collect();
    eprintln!("{}", started.join("\n"));
    let ours = started.iter().filter(|line| line.contains("/git-agentv\"")).count();
    assert_eq!(ours, 1, "where no editor opens there is nothing for commit-msg to do");
    assert_eq!(hooks(&started), ["prepare-commit-msg"]);
    assert!(started.len() <= 10, "{}", started.join("\n"));
}

/// The hooks of git that were started.
fn hooks<'a>(started: &[&'a str]) -> Vec<&'a str> {
    let name = |line: &&'a str| line.split_once("execve(\".git/hooks/")?.1.split('"').next();
    started.iter().filter_map(name).collect()
}

/// Without our program a commit costs the one shell that looks for it; git may have work of its own.
#[test]
fn without_the_program_one_shell_is_started() {
    let mut env = TestEnv::new();
    env.bundle("agentv-5.3.1", ".agentv/results/a");
    env.agentv(["hooks", "install"]).ok();
    env.agentv(["record"]).ok();
    env.set("PATH", crate::gits::first().path(false));
    let started = |env: &TestEnv, args: &[&str]| {
        let trace = trace(env, &[args, &["commit", "-q", "--allow-empty", "-m", "a subject"]].concat())?;
        let lines = trace.lines().filter(|line| line.contains("execve(") && !line.contains("= -1 "));
        let names: Vec<_> = lines.filter_map(|line| line.split('"').nth(1).map(str::to_owned)).collect();
        Some(names)
    };
    let Some(mut with) = started(&env, &["-c", "gc.auto=0"]) else { return };
    let without = started(&env, &["-c", "core.hooksPath=/dev/null"]).unwrap();
    eprintln!("with hooks: {with:?}\nwithout: {without:?}");
    assert_eq!(with.len(), without.len() + 1);
    with.retain(|name| name == ".git/hooks/prepare-commit-msg");
    assert_eq!(with.len(), 1);
}

/// It appears whole, is run once, and goes.
#[test]
fn commit_msg_is_never_half_written() {
    let mut env = TestEnv::new();
    env.bundle("agentv-5.3.1", ".agentv/results/a");
    env.agentv(["hooks", "install"]).ok();
    env.agentv(["record"]).ok();
    env.set("GIT_EDITOR", "sed -i '1s/^/typed/'");
    let Some(trace) = trace(&env, &["commit", "-q", "--allow-empty"]) else { return };
    let started: Vec<_> = trace.lines().filter(|line| line.contains("execve(") && !line.contains("= -1 ")).collect();
    assert_eq!(hooks(&started), ["prepare-commit-msg", "commit-msg"]);
    let about: Vec<_> = trace.lines().filter(|line| line.contains("hooks/commit-msg\"")).collect();
    let count = |call: &str| about.iter().filter(|line| line.contains(call)).count();
    assert_eq!(count("O_WRONLY") + count("O_RDWR") + count("O_CREAT") + count("chmod"), 0, "{}", about.join("\n"));
    assert_eq!((count("rename") + count("link("), count("unlink")), (2, 1), "{}", about.join("\n"));
}
