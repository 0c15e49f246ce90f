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

#[path = "support/measure.rs"]
mod measure;
mod support;

use std::path::Path;

use measure::{Bench, Samples, time};
use support::Kind;

const ROUNDS: usize = 21;
const WARM_UPS: usize = 3;
/// Runs that are recorded while measuring are numbered from here.
const FRESH: u64 = 10_000_000;

fn main() {
    // cargo passes `--bench`.
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 100_000] } else { sizes };
    let bench = Bench::new();
    let template = support::Template::load();
    let mut fresh = FRESH;
    let repos: Vec<_> = sizes.iter().map(|&size| bench.repo(&format!("repo-{size}"), size, Kind::Whole)).collect();
    let mut record: Vec<(Samples, Samples)> = sizes.iter().map(|_| Default::default()).collect();
    let mut list: Vec<(Samples, Samples)> = sizes.iter().map(|_| Default::default()).collect();
    for round in 0..ROUNDS + WARM_UPS {
        for (at, repo) in repos.iter().enumerate() {
            let ours = template.write(fresh, bench.scratch());
            let theirs = template.write(fresh + 1, bench.scratch());
            let id = format!("{:016x}", fresh.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            fresh += 2;
            let plumbing = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/mktree.sh");
            let samples = [
                time(bench.agentv(repo, &["record"]).arg(&ours)),
                time(bench.command("bash").arg(plumbing).arg(repo).arg(&theirs).arg(id)),
                time(&mut bench.agentv(repo, &["list", "-n", "50"])),
                time(&mut bench.git(repo, &["log", "-50", "refs/agentv/runs/v1"])),
            ];
            if round >= WARM_UPS {
                record[at].0.add(samples[0]);
                record[at].1.add(samples[1]);
                list[at].0.add(samples[2]);
                list[at].1.add(samples[3]);
            }
        }
    }
    report(&sizes, "record one run", "git agentv record", "git plumbing", &record);
    report(&sizes, "list the newest 50", "git agentv list -n 50", "git log -50", &list);
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
