//! Fills a repository with runs made from a real bundle, straight into packs.
//!
//! ```text
//! cargo run --release --example generate -- REPOSITORY NUMBER
//! ```
//!
//! Makes a bare repository if there is none. 100,000 runs take minutes and 2 GB.

#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "a tool for developers")]

#[path = "../benches/support/mod.rs"]
#[allow(dead_code, reason = "shared with the benchmarks")]
mod support;

use std::path::Path;
use std::process::Command;

use git_agentv::git::{ConfigScope, Repo};
use git_agentv::run::formats::generic::Given;
use git_agentv::store::{BulkItem, Provenance, RUNS_REF, RecordOptions, Store};

/// Runs a pack: more of them would make the pack's memory the limit.
const BATCH: u64 = 25_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, number] = args.as_slice() else {
        eprintln!("usage: generate REPOSITORY NUMBER");
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
    let template = support::Template::load();
    let options =
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
        store.record_bulk(&options, next, each).expect("the repository is writable");
        eprintln!("{last} of {number}");
    }
}
