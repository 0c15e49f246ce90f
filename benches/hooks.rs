//! What the hooks cost: `git commit` in a repository of 100,000 runs, without hooks, with hooks and two pending
//! runs, with hooks and none pending, and with hooks and our program not on `PATH`.
//!
//! ```text
//! cargo bench --bench hooks                       # 100,000 runs
//! cargo bench --bench hooks -- 1000               # another number
//! AGENTV_BENCH_DIR=DIR cargo bench --bench hooks  # keeps the repository in DIR for the next time
//! ```
//!
//! Each round makes one commit in each way, in turn, so that whatever else the machine does meets them alike.
//! Pending runs are recorded before each commit and are not measured. Medians and minima of 50 rounds.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "a tool for developers")]

#[allow(dead_code, reason = "shared with the other benchmarks")]
mod support;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 50;
const WARM_UPS: usize = 3;
/// Runs that are recorded while measuring are numbered from here.
const FRESH: u64 = 20_000_000;

/// A way to commit.
struct Way {
    name: &'static str,
    hooks: bool,
    pending: usize,
    with_us: bool,
    samples: Vec<Duration>,
}

impl Way {
    fn new(name: &'static str, hooks: bool, pending: usize, with_us: bool) -> Self {
        Self { name, hooks, pending, with_us, samples: Vec::new() }
    }

    fn median(&self) -> f64 {
        let mut sorted = self.samples.clone();
        sorted.sort();
        let middle = sorted.len() / 2;
        (sorted[middle - 1] + sorted[middle]).as_secs_f64() * 500.0
    }

    fn min(&self) -> f64 {
        self.samples.iter().min().map_or(0.0, Duration::as_secs_f64) * 1e3
    }
}

/// The repository, and the environment of all commands.
struct Bench {
    home: PathBuf,
    repo: PathBuf,
    /// Hooks that do nothing: both, and the first one alone.
    empty: [PathBuf; 2],
}

/// Names of ways that need other hooks than ours.
const NO_HOOKS: &str = "without hooks";
const EMPTY_HOOKS: &str = "two empty `sh` hooks";
const EMPTY_HOOK: &str = "one empty `sh` hook";

impl Bench {
    fn command(&self, program: impl AsRef<std::ffi::OsStr>, with_us: bool) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.repo).env("HOME", &self.home).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("PATH", path(with_us)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn commit(&self, way: &Way) -> Duration {
        let mut command = self.command("git", way.with_us);
        match way.name {
            NO_HOOKS => drop(command.args(["-c", "core.hooksPath=/dev/null"])),
            EMPTY_HOOKS => drop(command.arg("-c").arg(format!("core.hooksPath={}", self.empty[0].display()))),
            EMPTY_HOOK => drop(command.arg("-c").arg(format!("core.hooksPath={}", self.empty[1].display()))),
            _ => {}
        }
        command.args(["commit", "-q", "--allow-empty", "-m", "a subject"]);
        let start = Instant::now();
        run(&mut command);
        let took = start.elapsed();
        let message = run(self.command("git", true).args(["log", "-1", "--format=%B"]).stdout(Stdio::piped()));
        let cited = message.matches("Agentv-Run: ").count();
        let expected = if way.hooks && way.with_us { way.pending } else { 0 };
        assert_eq!(cited, expected, "{}: {message}", way.name);
        took
    }
}

fn main() {
    // cargo passes `--bench`.
    let size = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(100_000);
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let keep = std::env::var_os("AGENTV_BENCH_DIR").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let home = scratch.path().join("home");
    std::fs::create_dir_all(&home).expect("it is writable");
    std::fs::write(home.join(".gitconfig"), "[user]\n\tname = Bench\n\temail = bench@example.com\n")
        .expect("it is writable");
    let empty = ["empty-2", "empty-1"].map(|name| scratch.path().join(name));
    empty_hooks(&empty[0], &["prepare-commit-msg", "commit-msg"]);
    empty_hooks(&empty[1], &["prepare-commit-msg"]);
    let bench = Bench { repo: prepare(&keep, &home, scratch.path(), size), home, empty };
    let template = support::Template::load();
    let mut fresh = FRESH;
    let mut ways = [
        Way::new(NO_HOOKS, false, 0, true),
        Way::new(EMPTY_HOOKS, false, 0, true),
        Way::new(EMPTY_HOOK, false, 0, true),
        Way::new("hooks, two pending runs", true, 2, true),
        Way::new("hooks, none pending", true, 0, true),
        Way::new("hooks, git-agentv not on PATH", true, 2, false),
    ];
    for round in 0..ROUNDS + WARM_UPS {
        // Whoever comes first meets what the recording left in the caches: each in its turn.
        for turn in 0..ways.len() {
            let way = (round + turn) % ways.len();
            let way = &mut ways[way];
            for _ in 0..way.pending {
                let bundle = template.write(fresh, scratch.path());
                let mut record = bench.command(support::programs().join("git-agentv"), true);
                run(record.arg("record").arg("--commit").arg("HEAD").arg(&bundle));
                std::fs::remove_dir_all(bundle).expect("it is ours");
                fresh += 1;
            }
            let took = bench.commit(way);
            if round >= WARM_UPS {
                way.samples.push(took);
            }
        }
    }
    report(size, &ways);
}

fn report(size: u64, ways: &[Way]) {
    println!("\ngit commit in a repository of {size} runs, whole process, ms, {ROUNDS} rounds\n");
    println!("| | median | minimum | more than without hooks |");
    println!("| --- | ---: | ---: | ---: |");
    let usual = ways[0].median();
    for way in ways {
        println!("| {} | {:.2} | {:.2} | {:.2} |", way.name, way.median(), way.min(), way.median() - usual);
    }
}

/// Shell hooks that do nothing at all.
fn empty_hooks(dir: &Path, names: &[&str]) {
    std::fs::create_dir(dir).expect("it is writable");
    for name in names {
        let file = dir.join(name);
        std::fs::write(&file, "#!/bin/sh\n").expect("it is writable");
        run(Command::new("chmod").arg("+x").arg(file));
    }
}

/// A repository with a working tree, hooks and `size` runs. The runs are made once, then cloned by hard links.
fn prepare(keep: &Path, home: &Path, scratch: &Path, size: u64) -> PathBuf {
    let base = support::base(keep, size, support::Kind::Whole);
    let repo = scratch.join("repo");
    let git = |args: &[&str], dir: &Path| {
        let mut command = Command::new("git");
        command.current_dir(dir).env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").env("PATH", path(true));
        run(command.args(args).stdin(Stdio::null()).stderr(Stdio::piped()));
    };
    let text = |path: &Path| path.to_str().expect("a name of ASCII").to_owned();
    git(&["clone", "-q", "--mirror", "--local", &text(&base), &text(&repo.join(".git"))], scratch);
    git(&["config", "--unset", "core.bare"], &repo);
    git(&["symbolic-ref", "HEAD", "refs/heads/main"], &repo);
    git(&["commit", "-q", "--allow-empty", "-m", "first"], &repo);
    git(&["agentv", "hooks", "install"], &repo);
    repo
}

/// `PATH` with our programs, or without them wherever they are installed.
fn path(with_us: bool) -> OsString {
    let ours = support::programs().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).filter(|dir| !dir.join("git-agentv").exists());
    std::env::join_paths(with_us.then_some(ours).into_iter().chain(others)).expect("they came from PATH")
}

/// Runs a command that must succeed. Returns what it printed, if that was asked for.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program is there");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
