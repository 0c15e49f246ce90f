//! The first fetch of 10,000 runs, without what is inside of runs and with it, and what fetching from the user's own remote costs then.
//!
//! ```text
//! AGENTV_BENCH_DIR=DIR cargo bench --bench light   # keeps the repository in DIR for the next time: 200 MB
//! ```
//!
//! Bytes are those that git says it received. Times are medians, and minima in parentheses, in milliseconds.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "a tool for developers")]
#![allow(dead_code, reason = "not every benchmark needs all that they share")]

#[path = "support/measure.rs"]
mod measure;
mod support;

use std::path::{Path, PathBuf};
use std::time::Instant;

use measure::{Bench, Samples, run, time};
use support::Kind;

const RUNS: u64 = 10_000;
/// At most this part of the bytes.
const GOAL: f64 = 1.0 / 20.0;

fn main() {
    let bench = Bench::new();
    let hub = bench.repo("hub", RUNS, Kind::Whole);
    run(&mut bench.git(&hub, &["config", "uploadpack.allowFilter", "true"]));
    // A source with a history of its own, for fetches that have nothing to do with runs.
    let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    run(&mut bench.git(&hub, &["update-ref", "-d", "refs/heads/results"]));
    let commit = bench.git(&hub, &["commit-tree", tree, "-m", "code"]).output().expect("git is there");
    let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
    run(&mut bench.git(&hub, &["update-ref", "refs/heads/main", &commit]));

    println!("\n### the first fetch of {RUNS} runs\n");
    println!("| fetch | bytes | ms |\n| --- | ---: | ---: |");
    let [light, full] = ["light", "full"].map(|kind| {
        let clone = clone(&bench, &hub, kind);
        let mut command = bench.agentv(&clone, &["pull", "--format", "json"]);
        if kind == "full" {
            command.arg("--full");
        }
        let start = Instant::now();
        let output = command.output().expect("it is built");
        let took = start.elapsed().as_secs_f64() * 1e3;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
        assert_eq!(report["received"]["new"], RUNS);
        let bytes = report["received_bytes"].as_f64().expect("git told");
        println!("| {kind} | {bytes} | {took:.0} |");
        (clone, bytes)
    });
    let ratio = light.1 / full.1;
    let met = if ratio <= GOAL { "met" } else { "**missed**" };
    println!("\nlight / full: {ratio:.4} (1/{:.1}), goal {GOAL:.4}: {met}", 1.0 / ratio);
    let sizes = [&light.0, &full.0].map(|clone| size_of(&clone.join(".git/objects")));
    println!("on disk: {} against {} bytes", sizes[0], sizes[1]);

    println!("\n### afterwards, in the clone without files against the one with them\n");
    println!("| work | light, ms | full, ms |\n| --- | ---: | ---: |");
    let works: [(&str, &[&str]); 3] = [
        ("git fetch origin, nothing new", &["fetch", "-q", "origin"]),
        ("git fetch origin, a new commit", &["fetch", "-q", "origin"]),
        ("git agentv fetch, nothing new", &["agentv", "fetch"]),
    ];
    for (name, args) in works {
        let mut samples = <[Samples; 2]>::default();
        for round in 0..12 {
            if name.ends_with("a new commit") {
                let text = format!("code {round}");
                let new = bench.git(&hub, &["commit-tree", tree, "-p", "refs/heads/main", "-m", &text]).output();
                let new = String::from_utf8_lossy(&new.expect("git is there").stdout).trim().to_owned();
                run(&mut bench.git(&hub, &["update-ref", "refs/heads/main", &new]));
            }
            for (clone, samples) in [&light.0, &full.0].into_iter().zip(&mut samples) {
                let mut command = match args {
                    ["agentv", rest @ ..] => bench.agentv(clone, rest),
                    _ => bench.git(clone, args),
                };
                let took = time(&mut command);
                if round >= 2 {
                    samples.add(took);
                }
            }
        }
        let cell = |samples: &Samples| format!("{:.1} ({:.1})", samples.median(), samples.min());
        println!("| `{name}` | {} | {} |", cell(&samples[0]), cell(&samples[1]));
    }
}

/// An empty repository with the hub as its `origin`.
fn clone(bench: &Bench, hub: &Path, name: &str) -> PathBuf {
    let dir = bench.scratch().join(name);
    run(bench.command("git").args(["init", "-q"]).arg(&dir));
    let url = format!("file://{}", hub.display());
    run(&mut bench.git(&dir, &["remote", "add", "origin", &url]));
    dir
}

fn size_of(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size_of(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
