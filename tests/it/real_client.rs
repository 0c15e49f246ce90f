//! The real AgentV CLI, from the npm registry, on a suite whose agent is a shell script.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::env::{TestEnv, bin_dir, copy_dir, data};

const VERSION: &str = "4.42.4";
const EVAL: [&str; 4] = ["eval", "evals/capital.eval.yaml", "--target", "local_cli"];

/// The directory of the client's program, installed once for this checkout; none, and why, where that can't be done.
pub fn client() -> Option<PathBuf> {
    static INSTALLED: std::sync::OnceLock<Option<PathBuf>> = std::sync::OnceLock::new();
    INSTALLED.get_or_init(install).clone()
}

fn install() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("agentv-{VERSION}"));
    let bin = dir.join("node_modules/.bin");
    if bin.join("agentv").exists() {
        return Some(bin);
    }
    let part = dir.with_extension(format!("part-{}", std::process::id()));
    std::fs::create_dir_all(&part).unwrap();
    let mut npm = Command::new("npm");
    npm.current_dir(&part).stdin(Stdio::null()).args([
        "install",
        "--no-audit",
        "--no-fund",
        "--silent",
        "--prefix",
        ".",
    ]);
    let installed = npm.arg(format!("agentv@{VERSION}")).output();
    match installed {
        Ok(output) if output.status.success() && part.join("node_modules/.bin/agentv").exists() => {
            let _ = std::fs::rename(&part, &dir);
        }
        Ok(output) => {
            eprintln!("skipped: npm cannot install agentv: {}", String::from_utf8_lossy(&output.stderr).trim())
        }
        Err(err) => eprintln!("skipped: npm cannot be run: {err}"),
    }
    let _ = std::fs::remove_dir_all(&part);
    bin.join("agentv").exists().then_some(bin)
}

/// The suite in a repository of its own, with our programs first on PATH, then the client.
fn project(client: &Path) -> TestEnv {
    let mut env = TestEnv::new();
    copy_dir(&data().join("eval-project"), &env.repo);
    env.git(["add", "-A"]).ok();
    env.git(["commit", "-q", "-m", "An agent and its suite"]).ok();
    let path = std::env::var_os("PATH").unwrap();
    let ours = [bin_dir(), client.to_owned()];
    env.set("PATH", std::env::join_paths(ours.into_iter().chain(std::env::split_paths(&path))).unwrap());
    env
}

/// One run, of the commit that HEAD names, with the numbers that the suite is made for.
#[track_caller]
fn check_newest(env: &TestEnv, runs: usize) {
    let head = env.git(["rev-parse", "HEAD"]).ok();
    let listed = env.runs();
    assert_eq!(listed.len(), runs);
    let shown = env.agentv(["show", listed[0]["id"].as_str().unwrap(), "--format", "json"]).json();
    let row = &shown["row"];
    assert_eq!((&row["test_count"], &row["passed"], &row["errors"]), (&3.into(), &1.into(), &1.into()), "{row}");
    let source = &shown["manifest"]["source"];
    assert_eq!(source["commit"], head.trim());
    assert_eq!(source["how"], "observed");
    assert_eq!(source["dirty"], false);
    assert_eq!(source["tree"], env.git(["rev-parse", "HEAD^{tree}"]).ok().trim());
}

#[test]
fn through_the_front_and_through_run() {
    let Some(client) = client() else { return };
    let env = project(&client);
    let front = env.run("agentv", &env.repo, EVAL);
    assert!(front.stderr.contains("recorded "), "{front:?}");
    front.ok();
    check_newest(&env, 1);
    env.git(["commit", "-q", "--allow-empty", "-m", "second"]).ok();
    let run = env.agentv([&["run", "--", "agentv"][..], &EVAL].concat());
    assert!(run.stderr.contains("recorded "), "{run:?}");
    run.ok();
    check_newest(&env, 2);
    assert!(env.agentv(["record"]).ok().contains("nothing to record"));
    env.fsck();
}
