//! Measuring whole processes, side by side.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{Kind, base, programs};

/// Where a benchmark works: a home of its own, a scratch directory, and where repositories are kept for the next time.
pub(crate) struct Bench {
    scratch: TempDir,
    home: PathBuf,
    keep: PathBuf,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let keep = std::env::var_os("AGENTV_BENCH_DIR").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
        let home = scratch.path().join("home");
        std::fs::create_dir_all(&home).expect("it is writable");
        let identity = "[user]\n\tname = Bench\n\temail = bench@example.com\n";
        std::fs::write(home.join(".gitconfig"), identity).expect("it is writable");
        Self { scratch, home, keep }
    }

    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// A bare repository called `name` that begins as one with `size` runs: that is generated once, and cloned by hard links.
    pub(crate) fn repo(&self, name: &str, size: u64, kind: Kind) -> PathBuf {
        let origin = base(&self.keep, size, kind);
        let repo = self.scratch().join(format!("{name}.git"));
        run(self.command("git").args(["clone", "-q", "--mirror", "--local"]).arg(origin).arg(&repo));
        repo
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", &self.home).env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null());
        command
    }

    /// `git agentv …` in a repository.
    pub(crate) fn agentv(&self, repo: &Path, args: &[&str]) -> Command {
        let mut command = self.command(programs().join("git-agentv"));
        command.current_dir(repo).args(args);
        command
    }

    /// `git …` in a repository.
    pub(crate) fn git(&self, repo: &Path, args: &[&str]) -> Command {
        let mut command = self.command("git");
        command.current_dir(repo).args(args);
        command
    }
}

/// Runs a command, which must succeed.
pub(crate) fn run(command: &mut Command) {
    time(command);
}

/// How long a command takes, from start to exit.
pub(crate) fn time(command: &mut Command) -> Duration {
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output().expect("the program is there");
    let took = start.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    took
}

/// The most memory that a command has at a time, in MB: its own, and with the parts of files that it maps. Linux only;
/// looked at every millisecond.
#[allow(dead_code, reason = "not every benchmark looks at memory")]
pub(crate) fn memory(command: &mut Command) -> Option<(f64, f64)> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program is there");
    let path = format!("/proc/{}/status", child.id());
    let (mut own, mut all) = (0.0_f64, 0.0_f64);
    while child.try_wait().expect("it is our child").is_none() {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let kib = |name: &str| -> Option<f64> {
            text.lines().find_map(|line| line.strip_prefix(name))?.trim().trim_end_matches(" kB").parse().ok()
        };
        own = own.max(kib("RssAnon:").unwrap_or_default() / 1024.0);
        all = all.max(kib("VmHWM:").unwrap_or_default() / 1024.0);
        std::thread::sleep(Duration::from_millis(1));
    }
    (own > 0.0).then_some((own, all))
}

/// How long something took, again and again.
#[derive(Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// In milliseconds.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted.get(sorted.len() / 2).map_or(f64::NAN, Duration::as_secs_f64) * 1e3
    }

    /// In milliseconds.
    pub(crate) fn min(&self) -> f64 {
        self.0.iter().min().map_or(f64::NAN, Duration::as_secs_f64) * 1e3
    }
}
