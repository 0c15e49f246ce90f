//! Reading at 1,000, 100,000 and 1,000,000 runs, and writing and pushing one run there: whole processes, each beside its
//! rival on the same repository, in one run.
//!
//! ```text
//! AGENTV_BENCH_DIR=DIR cargo bench --bench index   # keeps the repositories in DIR for the next time: 5 GB
//! cargo bench --bench index -- list push           # only these parts
//! ```
//!
//! Rounds measure all candidates in turn, so that whatever else the machine does meets them alike. Medians, and minima
//! in parentheses, in milliseconds.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "a tool for developers")]

#[path = "support/measure.rs"]
mod measure;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use measure::{Bench, Samples, memory, run, time};
use support::{Kind, Template};

const REF: &str = "refs/agentv/runs/v1";
/// Runs that are recorded while measuring are numbered from here.
const FRESH: u64 = 10_000_000;
/// Experiment and target, the best first: one run of sixteen matches.
const QUERY: [&str; 6] = ["list", "experiment:checkout-flow target:gpt-5", "--sort", "score:desc", "-n", "50"];
/// A number, by another number: one of four matches.
const SCAN: [&str; 6] = ["list", "pass_rate<0.9", "--sort", "duration:desc", "-n", "50"];
/// The newest of those that failed somewhere.
const FAILED: [&str; 4] = ["list", "pass_rate<0.9", "-n", "50"];
/// What upstream's dashboard does for any list: the summaries of all runs.
const MANIFESTS: &str =
    "git ls-tree -r results | awk -F '[ \\t]' '/summary.json$/ { print $3 }' | git cat-file --batch --buffer";
/// What is in the branch that `reindex` reads: the summary and the list of cases of each run.
const SUMMARIES: &str = "git ls-tree -r results | awk -F '[ \\t]' '/(summary.json|index.jsonl)$/ { print $3 }' | git cat-file --batch --buffer";

type Part = fn(&Bench);

fn main() {
    // cargo passes `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|one| one == part);
    let bench = Bench::new();
    let parts: [(&str, Part); 6] =
        [("list", list), ("query", query), ("record", record), ("push", push), ("reindex", reindex), ("memory", peaks)];
    for (name, part) in parts {
        if is_wanted(name) {
            part(&bench);
        }
    }
}

/// The newest page at three sizes.
fn list(bench: &Bench) {
    let sizes = [(1_000, Kind::Whole), (100_000, Kind::Whole), (1_000_000, Kind::Small)];
    let repos: Vec<PathBuf> =
        sizes.iter().map(|&(size, kind)| bench.repo(&format!("list-{size}"), size, kind)).collect();
    let mut samples: Vec<[Samples; 2]> = sizes.iter().map(|_| Default::default()).collect();
    for round in 0..64 {
        for (repo, [ours, theirs]) in repos.iter().zip(&mut samples) {
            let took = [
                time(&mut bench.agentv(repo, &["list", "-n", "50"])),
                time(&mut bench.git(repo, &["log", "-50", "--format=%B", REF])),
            ];
            if round >= 3 {
                ours.add(took[0]);
                theirs.add(took[1]);
            }
        }
    }
    heading("list", "list -n 50", "git log -50 --format=%B");
    for ((size, _), [ours, theirs]) in sizes.iter().zip(&samples) {
        row(&format!("{size} runs"), ours, theirs, ours.median() / theirs.median(), 1.2);
    }
    for at in [1, 2] {
        let ratio = samples[at][0].median() / samples[0][0].median();
        row(&format!("{} against {}", sizes[at].0, sizes[0].0), &samples[at][0], &samples[0][0], ratio, 1.2);
    }
}

/// A filtered and sorted page, the projection it comes from, and the next query after a new run.
fn query(bench: &Bench) {
    let repo = bench.repo("query", 100_000, Kind::Whole);
    let template = Template::load();
    let [mut build, mut log, mut next, mut page, mut scan, mut manifests] = <[Samples; 6]>::default();
    for round in 0..5 {
        for entry in std::fs::read_dir(repo.join("agentv")).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("index-") {
                std::fs::remove_file(entry.path()).expect("it is ours");
            }
        }
        build.add(time(&mut bench.agentv(&repo, &["list", "--count"])));
        log.add(time(&mut bench.git(&repo, &["log", "--format=%B", REF])));
        for fresh in 0..9 {
            run(bench.agentv(&repo, &["record"]).arg(template.write(FRESH + round * 9 + fresh, bench.scratch())));
            next.add(time(&mut bench.agentv(&repo, &FAILED)));
            page.add(time(&mut bench.agentv(&repo, &QUERY)));
            scan.add(time(&mut bench.agentv(&repo, &SCAN)));
        }
        manifests.add(time(&mut shell(bench, &repo, MANIFESTS)));
    }
    heading("query", "git agentv, 100,000 runs", "rival");
    let tell = |what: &str, ours: &Samples, theirs: &Samples, goal: f64| {
        row(what, ours, theirs, ours.median() / theirs.median(), goal);
    };
    tell(&format!("`{}`, against all summaries", QUERY.join(" ")), &page, &manifests, 0.01);
    tell(&format!("`{}`, against all summaries", SCAN.join(" ")), &scan, &manifests, 0.01);
    tell("first build of the projection, against `git log --format=%B`", &build, &log, 2.5);
    tell(&format!("one new run, then `{}`, against the first build", FAILED.join(" ")), &next, &build, 1.0 / 200.0);
}

/// Recording one run where there are very many, and where there are few.
fn record(bench: &Bench) {
    let few = bench.repo("record-few", 1_000, Kind::Whole);
    let many = bench.repo("record-many", 1_000_000, Kind::Small);
    let template = Template::load();
    let [mut at_few, mut at_many] = <[Samples; 2]>::default();
    for round in 0..44 {
        let run = template.write(FRESH + 1000 + round, bench.scratch());
        let took = [&few, &many].map(|repo| time(bench.agentv(repo, &["record"]).arg(&run)));
        if round >= 3 {
            at_few.add(took[0]);
            at_many.add(took[1]);
        }
    }
    heading("record", "record one run at 1,000,000", "at 1,000");
    row("1,000,000 against 1,000", &at_many, &at_few, at_many.median() / at_few.median(), 1.5);
}

/// Pushing one run to a bare repository.
fn push(bench: &Bench) {
    let template = Template::load();
    let pairs = [1_000, 100_000].map(|size| {
        let name = |role: &str| format!("push-{role}-{size}");
        (bench.repo(&name("from"), size, Kind::Whole), bench.repo(&name("to"), size, Kind::Whole))
    });
    let mut samples = <[Samples; 2]>::default();
    for round in 0..18 {
        let run_dir = template.write(FRESH + 2000 + round, bench.scratch());
        for ((from, to), samples) in pairs.iter().zip(&mut samples) {
            run(bench.agentv(from, &["record"]).arg(&run_dir));
            let took = time(bench.git(from, &["push", "-q"]).arg(to).arg(REF));
            if round >= 3 {
                samples.add(took);
            }
        }
    }
    heading("push", "git push of one run at 100,000", "at 1,000");
    row("100,000 against 1,000", &samples[1], &samples[0], samples[1].median() / samples[0].median(), 3.0);
}

/// The index of a results repository with AgentV's layout.
fn reindex(bench: &Bench) {
    let [mut ours, mut theirs] = <[Samples; 2]>::default();
    for round in 0..5 {
        let repo = bench.repo(&format!("reindex-{round}"), 100_000, Kind::Whole);
        ours.add(time(&mut bench.agentv(&repo, &["reindex", "--repo", ".", "--branch", "results"])));
        theirs.add(time(&mut shell(bench, &repo, SUMMARIES)));
        std::fs::remove_dir_all(repo).expect("it is ours");
    }
    heading("reindex", "reindex of 100,000 runs", "ls-tree and cat-file --batch of the same blobs");
    row("reindex", &ours, &theirs, ours.median() / theirs.median(), 2.0);
}

/// Memory at 100,000 runs.
fn peaks(bench: &Bench) {
    let repo = bench.repo("memory", 100_000, Kind::Whole);
    let run_dir = Template::load().write(FRESH + 3000, bench.scratch());
    println!("\n### memory at 100,000 runs: MB of its own, goal 150; with mapped files\n");
    println!("| work | own | with files |\n| --- | ---: | ---: |");
    let works: [(&str, Command); 7] = [
        ("list -n 50", bench.agentv(&repo, &["list", "-n", "50"])),
        ("list -n 0 --format jsonl", bench.agentv(&repo, &["list", "-n", "0", "--format", "jsonl"])),
        ("first build of the projection", bench.agentv(&repo, &["list", "--count"])),
        ("filtered and sorted page", bench.agentv(&repo, &QUERY)),
        ("record", {
            let mut command = bench.agentv(&repo, &["record"]);
            command.arg(&run_dir);
            command
        }),
        ("list --group-by experiment", bench.agentv(&repo, &["list", "--group-by", "experiment"])),
        ("reindex", bench.agentv(&repo, &["reindex", "--repo", ".", "--branch", "results"])),
    ];
    for (name, mut command) in works {
        match memory(&mut command) {
            Some((own, all)) => println!("| `{name}` | {own:.0} | {all:.0} |"),
            None => println!("| `{name}` | not to be seen here | |"),
        }
    }
}

fn shell(bench: &Bench, repo: &Path, line: &str) -> Command {
    let mut command = bench.command("sh");
    command.current_dir(repo).args(["-c", line]);
    command
}

fn heading(part: &str, ours: &str, theirs: &str) {
    println!("\n### {part}: `{ours}` against `{theirs}`\n");
    println!("| work | ours, ms | theirs, ms | ours / theirs | goal | |\n| --- | ---: | ---: | ---: | ---: | --- |");
}

fn row(what: &str, ours: &Samples, theirs: &Samples, ratio: f64, goal: f64) {
    let met = if ratio <= goal { "met" } else { "**missed**" };
    let digits = if goal < 0.1 { 4 } else { 2 };
    println!(
        "| {what} | {:.2} ({:.2}) | {:.2} ({:.2}) | {ratio:.digits$} | {goal:.digits$} | {met} |",
        ours.median(),
        ours.min(),
        theirs.median(),
        theirs.min()
    );
}
