//! 64 readers, while other processes record ten runs a second.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::http::{Answer, Client};
use crate::measure::{Bench, run};
use crate::server::Server;
use crate::support::{Kind, Template};
use crate::{escaped, quantile};

const READERS: u64 = 64;
const RUNS: u64 = 100_000;
/// How long they read.
const LASTS: Duration = Duration::from_secs(30);
/// A reader looks at what it got for so long, on average, before it scrolls on.
const LOOKS: Duration = Duration::from_millis(250);
/// Between two runs that are recorded.
const BETWEEN: Duration = Duration::from_millis(100);
/// Pages that a reader scrolls down before it looks at the top again.
const PAGES: usize = 20;
/// Runs that are recorded while measuring are numbered from here.
const FRESH: u64 = 30_000_000;

/// Reading alone, then reading together while runs come.
pub(crate) fn crowd(bench: &Bench) {
    let repo = bench.repo("crowd", RUNS, Kind::Whole);
    let template = Template::load();
    let server = Server::ours(bench, &repo);
    let (done, told) = (AtomicBool::new(false), Mutex::new(Told::default()));
    // One reader, nobody else: what an answer takes when nothing happens.
    let mut alone = Told::default();
    let mut client = Client::connect(server.port).expect("it listens");
    for seed in 0..12 {
        scroll(&mut client, seed, &mut alone, &done, Duration::ZERO);
    }
    std::thread::scope(|scope| {
        for reader in 0..READERS {
            let (server, done, told) = (&server, &done, &told);
            scope.spawn(move || {
                let mut client = Client::connect(server.port).expect("it listens");
                let mut mine = Told::default();
                while !done.load(Ordering::Acquire) {
                    scroll(&mut client, reader, &mut mine, done, LOOKS);
                }
                told.lock().expect("nobody panicked").add(mine);
            });
        }
        // Records, and looks at once whether the run is there.
        let begun = Instant::now();
        let mut client = Client::connect(server.port).expect("it listens");
        let mut recorded = 0;
        let mut stale = 0;
        while begun.elapsed() < LASTS {
            let bundle = template.write(FRESH + recorded, bench.scratch());
            run(bench.agentv(&repo, &["record"]).arg(&bundle));
            recorded += 1;
            let page = client.get("/api/runs?limit=1").expect("it answers").json();
            stale += u64::from(page["total"] != RUNS + recorded);
            let due = BETWEEN * u32::try_from(recorded).expect("not so many");
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        let rate = f64::from(u32::try_from(recorded).expect("not so many")) / begun.elapsed().as_secs_f64();
        done.store(true, Ordering::Release);
        println!("\n### {READERS} readers of {RUNS} runs, {rate:.1} runs recorded a second\n");
        println!("{recorded} runs recorded; {stale} answers that came after one did not count it");
    });
    let mut told = told.into_inner().expect("nobody panicked");
    let idle = quantile(&mut alone.latencies, 0.5);
    let [median, p99, most] = [0.5, 0.99, 1.0].map(|part| quantile(&mut told.latencies, part));
    let ratio = p99 / idle;
    let of_kinds: Vec<_> =
        told.kinds.iter_mut().map(|(kind, all)| (*kind, all.len(), quantile(all, 0.5), quantile(all, 0.99))).collect();
    println!(
        "{} answers, {} errors, {} runs seen twice by one reader\n",
        told.latencies.len(),
        told.errors,
        told.twice
    );
    println!("| | ms |\n| --- | ---: |\n| idle, median of {} | {idle:.2} |", alone.latencies.len());
    println!("| together, median | {median:.2} |\n| p99 | {p99:.2} |\n| slowest | {most:.2} |");
    for (kind, count, median, p99) in of_kinds {
        println!("| {kind}, {count}: median, p99 | {median:.2}, {p99:.2} |");
    }
    let met = if ratio <= 10.0 && told.errors == 0 && told.twice == 0 { "met" } else { "**missed**" };
    println!("\np99 / idle median: {ratio:.1}, goal 10: {met}");
    if let Some((own, all)) = server.memory() {
        println!("memory: {own:.0} MB of its own, {all:.0} with the files that it maps");
    }
}

/// What readers saw.
#[derive(Default)]
struct Told {
    latencies: Vec<Duration>,
    /// The same, by what was asked for.
    kinds: BTreeMap<&'static str, Vec<Duration>>,
    errors: usize,
    twice: usize,
}

impl Told {
    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        for (kind, latencies) in other.kinds {
            self.kinds.entry(kind).or_default().extend(latencies);
        }
        self.errors += other.errors;
        self.twice += other.twice;
    }
}

/// Scrolls down a list from its top, and opens a run of each page.
fn scroll(client: &mut Client, reader: u64, told: &mut Told, done: &AtomicBool, looks: Duration) {
    let (kind, filter) = [
        ("page", ""),
        ("page of an experiment", "&q=experiment:search-rank"),
        ("page by pass rate", "&q=pass_rate%3C0.9"),
        ("page of a target", "&q=target:gpt-5"),
    ][usize::try_from(reader % 4).expect("it is small")];
    let (mut cursor, mut seen) = (String::new(), std::collections::HashSet::new());
    for page in 0..PAGES {
        if done.load(Ordering::Acquire) {
            return;
        }
        let Some(rows) = ask(client, kind, &format!("/api/runs?limit=50{filter}{cursor}"), told) else { return };
        let ids = rows.texts("filename");
        told.twice += ids.iter().filter(|id| !seen.insert((**id).to_owned())).count();
        let wait =
            looks.mul_f64(0.5 + f64::from(u32::try_from((reader * 37 + page as u64 * 11) % 100).unwrap_or(0)) / 100.0);
        std::thread::sleep(wait);
        let Some(id) = ids.get(page) else { return };
        let _ = ask(client, "run", &format!("/api/runs/{}", escaped(id)), told);
        std::thread::sleep(wait);
        let Some(next) = rows.texts("next_cursor").pop() else { return };
        cursor = format!("&cursor={}", escaped(next));
    }
}

fn ask(client: &mut Client, kind: &'static str, path: &str, told: &mut Told) -> Option<Answer> {
    let Ok(answer) = client.get(path) else {
        told.errors += 1;
        return None;
    };
    told.latencies.push(answer.took);
    told.kinds.entry(kind).or_default().push(answer.took);
    told.errors += usize::from(answer.status != 200);
    (answer.status == 200).then_some(answer)
}
