//! Whole processes, side by side, in one run: `git agentv record` against git's
//! plumbing (`mktree.sh`), and `git agentv list -n 50` against `git log -50`, in
//! repositories of 1,000 and of more runs.
//!
//! ```text
//! cargo bench --bench process                       # 1,000 and 100,000 runs
//! cargo bench --bench process -- 1000 10000         # other sizes
//! AGENTV_BENCH_DIR=DIR cargo bench --bench process  # keeps the repositories in DIR for the next time
//! ```
//!
//! Each round measures all candidates once, in turn, so that whatever else the
//! machine does meets them alike. Medians and minima of 21 rounds.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "a tool for developers")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 21;
const WARM_UPS: usize = 3;
/// Runs that are recorded while measuring are numbered from here.
const FRESH: u64 = 10_000_000;

fn main() {
    // cargo passes `--bench`.
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 100_000] } else { sizes };
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let keep = std::env::var_os("AGENTV_BENCH_DIR").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let home = scratch.path().join("home");
    std::fs::create_dir_all(&home).expect("it is writable");
    std::fs::write(home.join(".gitconfig"), "[user]\n\tname = Bench\n\temail = bench@example.com\n")
        .expect("it is writable");
    let template = support::Template::load();
    let mut fresh = FRESH;
    let mut repos = Vec::new();
    for &size in &sizes {
        repos.push((size, prepare(&keep, &home, scratch.path(), size)));
    }
    let mut record: Vec<(Samples, Samples)> = sizes.iter().map(|_| Default::default()).collect();
    let mut list: Vec<(Samples, Samples)> = sizes.iter().map(|_| Default::default()).collect();
    for round in 0..ROUNDS + WARM_UPS {
        for (at, (_, repo)) in repos.iter().enumerate() {
            let ours = template.write(fresh, scratch.path());
            let theirs = template.write(fresh + 1, scratch.path());
            let id = format!("{:016x}", fresh.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            fresh += 2;
            let plumbing = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/mktree.sh");
            let samples = [
                time(command(&home, env!("CARGO_BIN_EXE_git-agentv")).current_dir(repo).arg("record").arg(&ours)),
                time(command(&home, "bash").arg(plumbing).arg(repo).arg(&theirs).arg(id)),
                time(command(&home, env!("CARGO_BIN_EXE_git-agentv")).current_dir(repo).args(["list", "-n", "50"])),
                time(command(&home, "git").current_dir(repo).args(["log", "-50", "refs/agentv/runs/v1"])),
            ];
            if round >= WARM_UPS {
                record[at].0.0.push(samples[0]);
                record[at].1.0.push(samples[1]);
                list[at].0.0.push(samples[2]);
                list[at].1.0.push(samples[3]);
            }
        }
    }
    report(&sizes, "record one run", "git agentv record", "git plumbing", &record);
    report(&sizes, "list the newest 50", "git agentv list -n 50", "git log -50", &list);
}

#[derive(Default)]
struct Samples(Vec<Duration>);

impl Samples {
    fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted[sorted.len() / 2].as_secs_f64() * 1e3
    }

    fn min(&self) -> f64 {
        self.0.iter().min().map_or(0.0, Duration::as_secs_f64) * 1e3
    }
}

/// A repository with `size` runs: generated once, then cloned by hard links, so that each bench begins with the same.
fn prepare(keep: &Path, home: &Path, scratch: &Path, size: u64) -> PathBuf {
    let base = support::base(keep, size, support::Kind::Whole);
    let repo = scratch.join(format!("repo-{size}.git"));
    let cloned = command(home, "git").args(["clone", "-q", "--mirror", "--local"]).arg(&base).arg(&repo).status();
    assert!(cloned.is_ok_and(|status| status.success()), "git clone failed");
    repo
}

fn command(home: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null());
    command
}

fn time(command: &mut Command) -> Duration {
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output().expect("the program is there");
    let took = start.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    took
}

fn report(sizes: &[u64], what: &str, ours: &str, theirs: &str, samples: &[(Samples, Samples)]) {
    println!("\n{what}, whole process, ms: median (minimum) of {ROUNDS}\n");
    println!("| runs in the ref | `{ours}` | `{theirs}` | theirs / ours |");
    println!("| ---: | ---: | ---: | ---: |");
    for (size, (a, b)) in sizes.iter().zip(samples) {
        let ratio = b.median() / a.median();
        println!("| {size} | {:.2} ({:.2}) | {:.2} ({:.2}) | {ratio:.2} |", a.median(), a.min(), b.median(), b.min());
    }
    if let (Some((first, _)), Some((last, _))) = (samples.first(), samples.last()) {
        println!("\nours at {} runs / at {}: {:.2}", sizes[sizes.len() - 1], sizes[0], last.median() / first.median());
    }
}
