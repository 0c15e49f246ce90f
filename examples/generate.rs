//! Fills a repository with runs made from a real bundle, straight into packs.
//!
//! ```text
//! cargo run --release --example generate -- REPOSITORY NUMBER [--small] [--branch]
//! ```
//!
//! Makes a bare repository if there is none. 100,000 runs take minutes and 2 GB. With `--small` a run has only the two
//! files with its numbers. With `--branch` the branch `results` holds the files of all runs, too, as AgentV lays them out.

#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "a tool for developers")]

#[path = "../benches/support/mod.rs"]
#[allow(dead_code, reason = "shared with the benchmarks")]
mod support;

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use git_agentv::git::{ConfigScope, Repo};
use git_agentv::run::formats::generic::Given;
use git_agentv::store::{BulkItem, Provenance, RUNS_REF, RecordOptions, Store};

/// Runs a pack: more of them would make the pack's memory the limit.
const BATCH: u64 = 25_000;

fn main() {
    let (options, args): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let known = options.iter().all(|option| option == "--small" || option == "--branch");
    let ([dir, number], true) = (args.as_slice(), known) else {
        eprintln!("usage: generate REPOSITORY NUMBER [--small] [--branch]");
        std::process::exit(2);
    };
    let number: u64 = number.parse().expect("NUMBER is a number");
    let dir = Path::new(dir);
    if !dir.exists() {
        let made = Command::new("git").args(["init", "-q", "--bare"]).arg(dir).status();
        assert!(made.is_ok_and(|status| status.success()), "git init failed");
    }
    let repo = Repo::discover(dir, ConfigScope::Full, None).expect("a repository");
    let store = Store::new(&repo, RUNS_REF);
    let is_small = options.iter().any(|option| option == "--small");
    let template = if is_small { support::Template::small() } else { support::Template::load() };
    let record =
        RecordOptions { given: Given::default(), partial: false, provenance: Provenance::Unknown, source_diff: None };
    for first in (0..number).step_by(usize::try_from(BATCH).expect("it is small")) {
        let last = number.min(first + BATCH);
        let mut i = first;
        let next = |again: bool| {
            i = if again { first } else { i };
            let item = (i < last).then(|| template.bundle(i));
            i += 1;
            item.map(|(bundle, start)| Ok(BulkItem { bundle, committed: Some(start) }))
        };
        let each = |result: Result<_, git_agentv::store::Error>| drop(result.expect("a generated run is complete"));
        store.record_bulk(&record, next, each).expect("the repository is writable");
        eprintln!("{last} of {number}");
    }
    if options.iter().any(|option| option == "--branch") {
        branch(dir, &store);
    }
}

/// Makes the branch `results` of the trees that are there.
fn branch(dir: &Path, store: &Store<'_>) {
    let mut git = Command::new("git");
    git.args(["fast-import", "--quiet"]).current_dir(dir).stdin(Stdio::piped());
    let mut git = git.spawn().expect("git is there");
    let mut orders = BufWriter::new(git.stdin.take().expect("it is piped"));
    let mut order = |text: String| orders.write_all(text.as_bytes()).expect("git reads");
    order(
        "commit refs/heads/results\ncommitter Bench <bench@example.com> 1767225600 +0000\ndata 8\nresults\n\n".into(),
    );
    for run in store.rows(true).expect("the log is readable") {
        let row = run.expect("the log is readable").row;
        let tree = store.repo().parse_oid(&row.tree).expect("a row names its tree");
        let digest = store.open(&tree).expect("the run is there").manifest.files.digest;
        let (_, artifacts) = digest.split_once(':').expect("the kind of the digest stands before it");
        let experiment = row.experiment.unwrap_or_default();
        order(format!("M 040000 {artifacts} runs/{experiment}/{}\n", row.run_id));
    }
    drop(orders);
    assert!(git.wait().is_ok_and(|status| status.success()), "git fast-import failed");
}
