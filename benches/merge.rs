//! The union merge of 1,000 and 1,000 new runs over 100,000, beside `git merge-tree --write-tree` on the same two commits, in one run.
//!
//! ```text
//! AGENTV_BENCH_DIR=DIR cargo bench --bench merge   # keeps the repositories in DIR for the next time
//! cargo bench --bench merge -- 10000               # over fewer runs
//! ```
//!
//! Twice: with the tip's tree as the product leaves it, a window on the newest runs with lists of the others (`window`), and with all
//! runs in the tip's tree (`all`, `agentv.window=0`). The new runs are recorded without sealing any, so that both merge the same thing.
//! Ours is all that a sync does between fetch and push: the logs of both sides, the tree, the commit, the pack, the move of the ref. It
//! is called in this process, and starts the gits that it needs; `git merge-tree` is one process. Medians, and minima in parentheses,
//! in milliseconds. The run directories of both results are compared.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "a tool for developers")]

#[path = "support/measure.rs"]
#[allow(dead_code, reason = "shared with other benchmarks")]
mod measure;
#[allow(dead_code, reason = "shared with other benchmarks")]
mod support;

use std::path::{Path, PathBuf};
use std::time::Instant;

use git_agentv::git::{ConfigScope, Oid, Repo};
use git_agentv::run::formats::generic::Given;
use git_agentv::store::{BulkItem, How, Provenance, RUNS_REF, RecordOptions, Store};

use measure::{Bench, Samples, run, time};
use support::{Kind, Template};

const NEW: u64 = 1000;
const ROUNDS: usize = 15;
/// The goal: ours by theirs.
const GOAL: f64 = 0.6;

fn main() {
    let size = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(100_000);
    let bench = Bench::new();
    println!("union merge of {NEW} + {NEW} new runs over {size} ({ROUNDS} rounds)");
    println!("{:<8} {:>20} {:>20} {:>7}  goal {GOAL}", "tree", "git agentv", "git merge-tree", "ratio");
    for all in [false, true] {
        measure(&bench, size, all);
    }
}

fn measure(bench: &Bench, size: u64, all: bool) {
    let dir = if all { with_all(bench, size) } else { bench.repo("merge-window", size, Kind::Small) };
    run(&mut bench.git(&dir, &["config", "agentv.window", "0"]));
    run(&mut bench.git(&dir, &["config", "user.name", "Bench"]));
    run(&mut bench.git(&dir, &["config", "user.email", "bench@example.com"]));
    let base = tip(bench, &dir);
    let sides = [20_000_000, 30_000_000].map(|first| {
        run(&mut bench.git(&dir, &["update-ref", RUNS_REF, &base]));
        record(&dir, first, NEW);
        tip(bench, &dir)
    });
    // As after a fetch: everything is in packs.
    run(&mut bench.git(&dir, &["update-ref", "refs/heads/a", &sides[0]]));
    run(&mut bench.git(&dir, &["update-ref", "refs/heads/b", &sides[1]]));
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for round in 0..=ROUNDS {
        run(&mut bench.git(&dir, &["update-ref", RUNS_REF, &sides[0]]));
        let took =
            [merge(&dir, &sides[1]), time(&mut bench.git(&dir, &["merge-tree", "--write-tree", &sides[0], &sides[1]]))];
        if round > 0 {
            ours.add(took[0]);
            theirs.add(took[1]);
        }
    }
    let text = |samples: &Samples| format!("{:.1} ({:.1})", samples.median(), samples.min());
    let ratio = ours.median() / theirs.median();
    let word = if ratio <= GOAL { "met" } else { "MISSED" };
    println!(
        "{:<8} {:>20} {:>20} {ratio:>7.2}  {word}",
        if all { "all" } else { "window" },
        text(&ours),
        text(&theirs)
    );
    let tree = output(bench, &dir, &["merge-tree", "--write-tree", &sides[0], &sides[1]]);
    let (one, other) = (entries(bench, &dir, RUNS_REF), entries(bench, &dir, tree.trim()));
    assert!(one == other, "the run directories differ");
    println!("         {} run directories, the same in both results", one.lines().count());
}

/// A repository whose tip's tree has all runs.
fn with_all(bench: &Bench, size: u64) -> PathBuf {
    let dir = bench.scratch().join("merge-all.git");
    run(bench.command("git").args(["init", "-q", "--bare"]).arg(&dir));
    run(&mut bench.git(&dir, &["config", "agentv.window", "0"]));
    run(&mut bench.git(&dir, &["config", "user.name", "Bench"]));
    run(&mut bench.git(&dir, &["config", "user.email", "bench@example.com"]));
    eprintln!("making {size} runs in {} …", dir.display());
    for first in (0..size).step_by(25_000) {
        record(&dir, first, (size - first).min(25_000));
    }
    dir
}

fn record(dir: &Path, first: u64, count: u64) {
    let repo = Repo::discover(dir, ConfigScope::Full, None).expect("a repository");
    let template = Template::small();
    let options =
        RecordOptions { given: Given::default(), partial: false, provenance: Provenance::Unknown, source_diff: None };
    let mut i = first;
    let next = |again: bool| {
        i = if again { first } else { i };
        let item = (i < first + count).then(|| template.bundle(i));
        i += 1;
        item.map(|(bundle, start)| Ok(BulkItem { bundle, committed: Some(start) }))
    };
    let each = |result: Result<_, git_agentv::store::Error>| drop(result.expect("a generated run is complete"));
    Store::new(&repo, RUNS_REF).record_bulk(&options, next, each).expect("the repository is writable");
}

fn merge(dir: &Path, theirs: &str) -> std::time::Duration {
    let start = Instant::now();
    let repo = Repo::discover(dir, ConfigScope::Full, None).expect("a repository");
    let theirs: Oid = repo.parse_oid(theirs).expect("an object id");
    let merged = Store::new(&repo, RUNS_REF).merge(&theirs).expect("they can be merged");
    let took = start.elapsed();
    assert!(merged.how == How::Joined && merged.came.new as u64 == NEW, "{merged:?}");
    took
}

fn entries(bench: &Bench, dir: &Path, tree: &str) -> String {
    let all = output(bench, dir, &["ls-tree", "-r", "-t", "-d", tree]);
    // Two digits, a slash, 14 digits.
    all.lines()
        .filter(|line| line.split('\t').nth(1).is_some_and(|path| path.len() == 17 && path.as_bytes()[2] == b'/'))
        .fold(String::new(), |text, line| text + line + "\n")
}

fn tip(bench: &Bench, dir: &Path) -> String {
    output(bench, dir, &["rev-parse", RUNS_REF]).trim().to_owned()
}

fn output(bench: &Bench, dir: &Path, args: &[&str]) -> String {
    let output = bench.git(dir, args).output().expect("git is there");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("git says it in UTF-8")
}
