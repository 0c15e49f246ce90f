//! Studio as a server: how long its answers take beside upstream's dashboard, at more runs than that can serve, how it starts,
//! what memory it takes, and 64 readers while runs are recorded.
//!
//! ```text
//! AGENTV_BENCH_DIR=DIR AGENTV_CLI=node_modules/agentv/dist/cli.js cargo bench --bench studio
//! cargo bench --bench studio -- start crowd     # only these parts
//! ```
//!
//! `AGENTV_CLI` is upstream's program (`npm install agentv@4.42.4`, run by `node`); without it the part `beside` tells ours alone.
//! Both servers are asked over one connection that is kept. Rounds ask all of them in turn; medians, and minima in parentheses, in
//! milliseconds.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "a tool for developers")]
#![allow(dead_code, reason = "the other benchmarks need more of what they share")]

#[path = "studio/crowd.rs"]
mod crowd;
#[path = "support/http.rs"]
mod http;
#[path = "support/measure.rs"]
mod measure;
#[path = "studio/server.rs"]
mod server;
mod support;

use std::time::{Duration, Instant};

use http::Client;
use measure::{Bench, Samples, time};
use server::{Server, upstream};
use support::{Kind, Template};

const ROUNDS: usize = 31;
const WARM_UPS: usize = 3;
/// What is asked for.
const WORK: [&str; 4] = ["`GET /api/runs?limit=50`", "the next page", "one run", "one file"];

type Part = fn(&Bench);

fn main() {
    // cargo passes `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|one| one == part);
    let bench = Bench::new();
    let parts: [(&str, Part); 4] = [("beside", beside), ("large", large), ("start", start), ("crowd", crowd::crowd)];
    for (name, part) in parts {
        if is_wanted(name) {
            part(&bench);
        }
    }
}

/// What one server is asked again and again.
struct Asked {
    client: Client,
    paths: [String; 4],
    samples: [Samples; 4],
}

impl Asked {
    /// Looks up a run in the middle of the first page, and checks that the server knows all of them.
    fn new(server: &Server, runs: u64) -> Self {
        let mut client = Client::connect(server.port).expect("it listens");
        let all = client.get("/api/runs?limit=50").expect("it answers").json();
        let rows = all["runs"].as_array().expect("a list of runs");
        assert_eq!(rows.len(), 50, "of {runs} runs");
        let cursor = all["next_cursor"].as_str().expect("there is more");
        let name = rows[25]["filename"].as_str().expect("a run has a name");
        let paths = [
            "/api/runs?limit=50".to_owned(),
            format!("/api/runs?limit=50&cursor={}", escaped(cursor)),
            format!("/api/runs/{}", escaped(name)),
            format!("/api/runs/{}/evals/case/files/c0/answer.md", escaped(name)),
        ];
        for path in &paths {
            let answer = client.get(path).expect("it answers");
            assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        }
        Self { client, paths, samples: Default::default() }
    }

    fn round(&mut self, at: usize, keep: bool) {
        let answer = self.client.get(&self.paths[at]).expect("it answers");
        assert_eq!(answer.status, 200);
        if keep {
            self.samples[at].add(answer.took);
        }
    }
}

/// Beside upstream's dashboard, on the same runs.
fn beside(bench: &Bench) {
    let template = Template::load();
    println!("\n### beside upstream's dashboard\n");
    println!("| runs | work | ours, ms | upstream, ms | upstream / ours | goal | |");
    println!("| ---: | --- | ---: | ---: | ---: | ---: | --- |");
    for (runs, goal) in [(100, None), (1_000, Some(50.0)), (5_000, Some(200.0))] {
        let ours = Server::ours(bench, &bench.repo(&format!("beside-{runs}"), runs, Kind::Whole));
        let theirs = upstream(bench, &template, runs);
        let mut asked = Asked::new(&ours, runs);
        let mut rival = theirs.as_ref().map(|server| Asked::new(server, runs));
        for at in 0..WORK.len() {
            for round in 0..ROUNDS + WARM_UPS {
                asked.round(at, round >= WARM_UPS);
                // It takes seconds.
                if let Some(rival) = rival.as_mut().filter(|_| round % 4 == 0) {
                    rival.round(at, round >= WARM_UPS);
                }
            }
        }
        for (at, work) in WORK.iter().enumerate() {
            let ours = &asked.samples[at];
            let Some(theirs) = rival.as_ref().map(|rival| &rival.samples[at]) else {
                println!("| {runs} | {work} | {} | not asked | | | |", cell(ours));
                continue;
            };
            let ratio = theirs.median() / ours.median();
            let (goal, met) = match goal {
                Some(goal) => (format!("{goal}"), if ratio >= goal { "met" } else { "**missed**" }),
                None => Default::default(),
            };
            println!("| {runs} | {work} | {} | {} | {ratio:.0} | {goal} | {met} |", cell(ours), cell(theirs));
        }
    }
}

/// At 100,000 and 1,000,000 runs beside 1,000.
fn large(bench: &Bench) {
    let sizes = [(1_000, Kind::Whole), (100_000, Kind::Whole), (1_000_000, Kind::Small)];
    let servers = sizes.map(|(runs, kind)| Server::ours(bench, &bench.repo(&format!("large-{runs}"), runs, kind)));
    let mut asked: Vec<Asked> = Vec::new();
    for (server, (runs, kind)) in servers.iter().zip(sizes) {
        // The smallest runs have no other file.
        asked.push(if kind == Kind::Small { Asked::small(server, runs) } else { Asked::new(server, runs) });
    }
    for round in 0..ROUNDS + WARM_UPS {
        for at in 0..WORK.len() {
            for asked in &mut asked {
                asked.round(at, round >= WARM_UPS);
            }
        }
    }
    println!("\n### at more runs\n");
    println!("| work | 1,000 runs, ms | 100,000 | ratio | 1,000,000 | ratio | goal | |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    for (at, work) in WORK.iter().enumerate() {
        let [few, many, most] = [0, 1, 2].map(|size: usize| &asked[size].samples[at]);
        let ratios = [many, most].map(|more| more.median() / few.median());
        let met = if ratios.iter().all(|ratio| *ratio <= 2.0) { "met" } else { "**missed**" };
        let [few, many, most] = [few, many, most].map(cell);
        println!("| {work} | {few} | {many} | {:.2} | {most} | {:.2} | 2 | {met} |", ratios[0], ratios[1]);
    }
    println!("\nmemory, MB of its own (with the files that it maps), after all that:");
    for (server, (runs, _)) in servers.iter().zip(sizes) {
        match server.memory() {
            Some((own, all)) => println!("{runs} runs: {own:.0} ({all:.0})"),
            None => println!("{runs} runs: not to be seen here"),
        }
    }
}

impl Asked {
    fn small(server: &Server, runs: u64) -> Self {
        let mut client = Client::connect(server.port).expect("it listens");
        let all = client.get("/api/runs?limit=50").expect("it answers").json();
        assert_eq!(all["total"], runs);
        let name = all["runs"][25]["filename"].as_str().expect("a run has a name").to_owned();
        let cursor = all["next_cursor"].as_str().expect("there is more");
        let paths = [
            "/api/runs?limit=50".to_owned(),
            format!("/api/runs?limit=50&cursor={}", escaped(cursor)),
            format!("/api/runs/{}", escaped(&name)),
            format!("/api/runs/{}/files/summary.json", escaped(&name)),
        ];
        Self { client, paths, samples: Default::default() }
    }
}

/// From the start of the process to its first answer, with a projection that is up to date.
fn start(bench: &Bench) {
    let repo = bench.repo("start", 100_000, Kind::Whole);
    time(&mut bench.agentv(&repo, &["list", "--count"]));
    let (mut ours, mut git) = <(Samples, Samples)>::default();
    for round in 0..ROUNDS + WARM_UPS {
        let begun = Instant::now();
        let server = Server::ours(bench, &repo);
        let mut client = Client::connect(server.port).expect("it listens");
        let answer = client.get("/api/runs?limit=50").expect("it answers");
        let took = begun.elapsed();
        assert_eq!(answer.json()["total"], 100_000);
        let version = time(&mut bench.git(&repo, &["--version"]));
        if round >= WARM_UPS {
            ours.add(took);
            git.add(version);
        }
    }
    let most = 3.0 * git.median() + 20.0;
    let met = if ours.median() <= most { "met" } else { "**missed**" };
    println!("\n### start to first answer, 100,000 runs\n");
    println!("ours {} ms, `git --version` {} ms, at most {most:.1}: {met}", cell(&ours), cell(&git));
}

fn cell(samples: &Samples) -> String {
    format!("{:.2} ({:.2})", samples.median(), samples.min())
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The quantile `part` (0 to 1) of latencies, in milliseconds.
fn quantile(latencies: &mut [Duration], part: f64) -> f64 {
    latencies.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let at = (latencies.len() as f64 * part) as usize;
    latencies.get(at.min(latencies.len().saturating_sub(1))).map_or(f64::NAN, Duration::as_secs_f64) * 1e3
}
