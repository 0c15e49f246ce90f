//! `git agentv sync` of one new run between two clones and a bare repository (`file://`), whole processes: the side that
//! pushes it and the side that receives it, in repositories of 1,000 and of more runs.
//!
//! ```text
//! cargo bench --bench sync                       # 1,000 and 100,000 runs
//! cargo bench --bench sync -- 1000 10000         # other sizes
//! AGENTV_BENCH_DIR=DIR cargo bench --bench sync  # keeps the repositories in DIR for the next time
//! ```
//!
//! Each round measures all sizes once, in turn. Medians and minima of 15 rounds.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "a tool for developers")]
#![allow(dead_code, reason = "the other benchmarks need more of what they share")]

#[path = "support/measure.rs"]
mod measure;
mod support;

use std::path::{Path, PathBuf};

use measure::{Bench, Samples, run, time};
use support::Kind;

const ROUNDS: usize = 15;
const WARM_UPS: usize = 2;
/// Runs that are recorded while measuring are numbered from here.
const FRESH: u64 = 20_000_000;

/// A bare repository, and two clones that share runs through it.
struct Trio {
    size: u64,
    clones: [PathBuf; 2],
    push: Samples,
    pull: Samples,
    nothing: Samples,
}

impl Trio {
    fn new(bench: &Bench, size: u64) -> Self {
        let hub = bench.repo(&format!("hub-{size}"), size, Kind::Whole);
        let clones = ["a", "b"].map(|name| {
            let clone = bench.repo(&format!("{name}-{size}"), size, Kind::Whole);
            connect(bench, &clone, &hub);
            clone
        });
        Self { size, clones, push: Samples::default(), pull: Samples::default(), nothing: Samples::default() }
    }
}

/// Makes `hub` the remote of a mirror.
fn connect(bench: &Bench, clone: &Path, hub: &Path) {
    let url = format!("file://{}", hub.display());
    run(&mut bench.git(clone, &["remote", "set-url", "origin", &url]));
    run(&mut bench.git(clone, &["config", "remote.origin.mirror", "false"]));
    run(&mut bench.agentv(clone, &["sync", "--yes"]));
}

fn main() {
    // cargo passes `--bench`.
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 100_000] } else { sizes };
    let (bench, template) = (Bench::new(), support::Template::load());
    let mut trios: Vec<Trio> = sizes.iter().map(|&size| Trio::new(&bench, size)).collect();
    let mut fresh = FRESH;
    for round in 0..ROUNDS + WARM_UPS {
        for trio in &mut trios {
            let bundle = template.write(fresh, bench.scratch());
            fresh += 1;
            // Each is the sender in turn.
            let [from, to] = if round % 2 == 0 { [0, 1] } else { [1, 0] }.map(|at| &trio.clones[at]);
            run(bench.agentv(from, &["record"]).arg(&bundle));
            let push = time(&mut bench.agentv(from, &["sync"]));
            let pull = time(&mut bench.agentv(to, &["sync"]));
            let nothing = time(&mut bench.agentv(to, &["sync"]));
            if round >= WARM_UPS {
                trio.push.add(push);
                trio.pull.add(pull);
                trio.nothing.add(nothing);
            }
        }
    }
    println!("sync of one run, ms: median (minimum) of {ROUNDS}");
    println!("{:>10}  {:>18}  {:>18}  {:>18}", "runs", "push side", "pull side", "nothing new");
    let cell = |samples: &Samples| format!("{:.1} ({:.1})", samples.median(), samples.min());
    for trio in &trios {
        println!("{:>10}  {:>18}  {:>18}  {:>18}", trio.size, cell(&trio.push), cell(&trio.pull), cell(&trio.nothing));
    }
    if let [first, .., last] = &trios[..] {
        let ratio = |a: &Samples, b: &Samples| b.median() / a.median();
        let ratios = [(&first.push, &last.push), (&first.pull, &last.pull), (&first.nothing, &last.nothing)];
        let ratios = ratios.map(|(a, b)| format!("{:.2}", ratio(a, b)));
        println!("{:>10}  {:>18}  {:>18}  {:>18}", "ratio", ratios[0], ratios[1], ratios[2]);
    }
}
