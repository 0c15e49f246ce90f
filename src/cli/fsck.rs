//! `git agentv fsck`

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::git::Repo;
use crate::hooks::pending;
use crate::index::projection::Projection;
use crate::store::{Checked, Place, Problem};

use super::context::{Context, store};
use super::failure::Failure;
use super::human::plural;
use super::output::{DIM, GREEN, Out, RED, Ui, YELLOW, sanitize};
use super::progress::Progress;
use super::records::{JSON_VERSION, print_json, print_line};

/// So many notes are shown to people.
const NOTES: usize = 10;

/// `git agentv fsck`
#[derive(Debug, Args)]
#[command(after_help = "\
Checks every run: that its id follows from what it is, run.json and overlay.json, that all its
files are there and those in parts fit together; the row of the log against all of that; the
commits of the log; where the tip's tree and the lists of sealed runs have it. Then what this
clone derived: the index that answers queries, and the runs that wait for a commit. With RUN
only those runs. Ends with 1 if there is a problem.

--repair makes what can be derived anew: rows, lists, places, in new commits on top of the
others, and what this clone derived. No file of a run is touched and no history rewritten, so
objects that are gone or files that are not what was recorded stay problems; you are told what
to do about them.

That the bytes of each object are what its name says is for 'git fsck' to check. What a partial
clone did not fetch is counted, is no problem, and is not fetched.

Examples:
  git agentv fsck
  git agentv fsck --repair
  git agentv fsck 3f9c --format json")]
pub struct Fsck {
    /// Check these only: 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN")]
    pub runs: Vec<String>,
    /// Put right what can be derived
    #[arg(long)]
    pub repair: bool,
    /// Print problems only
    #[arg(short, long)]
    pub quiet: bool,
    /// How to print what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: FsckFormat,
}

/// How to print what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FsckFormat {
    /// For people.
    Text,
    /// One document with a version.
    Json,
    /// One problem a line.
    Jsonl,
}

/// What `fsck --format json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct FsckReport {
    /// Version of this document.
    version: u32,
    /// How many runs were checked.
    runs: usize,
    /// How many commits of the log were read.
    commits: usize,
    /// How many files of runs were seen to be there.
    files: usize,
    /// How often something could not be looked at because this partial clone does not have it.
    not_fetched: usize,
    /// Whether the history ends early because the clone is shallow.
    shallow: bool,
    /// What is wrong, grouped by run.
    problems: Vec<FsckProblem>,
    /// What is unusual, and allowed.
    notes: Vec<String>,
}

/// Something that is wrong.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct FsckProblem {
    /// The run; absent if it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    /// What it is about: the run, a commit, a path in the tip's tree, a file of this clone.
    place: String,
    /// What sort of problem: `missing`, `corrupt`, `shape`, `id`, `manifest`, `digest`, `parts`, `overlay`, `row`, `trailer`,
    /// `commit`, `date`, `misplaced`, `lost`, `unlisted`, `sealed`, `index`, `projection`, `pending`.
    kind: &'static str,
    /// What is wrong.
    message: String,
    /// Whether `--repair` can put it right.
    repairable: bool,
    /// Whether `--repair` did.
    repaired: bool,
    /// What to do where it can't.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

pub(super) fn run(context: &mut Context, args: &Fsck) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let mut checked = check(&context.ui, &repo, args)?;
    let mut derived = if args.runs.is_empty() { derived(&context.ui, &repo, &checked)? } else { Vec::new() };
    // What was found is told even if it can't be repaired.
    let repaired = if args.repair { repair(&context.ui, &repo, &mut checked, &mut derived) } else { Ok(()) };
    let report = report(checked, derived);
    let mut out = context.ui.out(Some(&repo));
    match args.format {
        FsckFormat::Json => print_json(&mut out, &report)?,
        FsckFormat::Jsonl => report.problems.iter().try_for_each(|problem| print_line(&mut out, problem))?,
        FsckFormat::Text => text(&mut out, &report, args)?,
    }
    out.finish()?;
    if args.format == FsckFormat::Text && !args.quiet {
        advise(&context.ui, &report, args.repair);
    }
    repaired?;
    Ok(ExitCode::from(u8::from(report.problems.iter().any(|problem| !problem.repaired))))
}

fn check(ui: &Ui, repo: &Repo, args: &Fsck) -> Result<Checked, Failure> {
    let (mut reading, mut checking) = (Progress::new(ui, "reading commits"), None);
    let checked = store(repo).fsck(&args.runs, &mut |done, total| {
        if total == 0 {
            reading.set(done, 0);
        } else {
            reading.clear();
            checking.get_or_insert_with(|| Progress::new(ui, "checking runs")).set(done, total);
        }
    })?;
    Ok(checked)
}

/// What was made of the store, and can be made again: the results index, the projection, the list of runs that wait for a commit.
fn derived(ui: &Ui, repo: &Repo, checked: &Checked) -> Result<Vec<FsckProblem>, Failure> {
    let problem = |place: String, kind, message| {
        let (repairable, repaired) = (true, false);
        FsckProblem { run: None, place, kind, message, repairable, repaired, advice: None }
    };
    let mut found = Vec::new();
    let mut progress = Progress::new(ui, "comparing the index of runs");
    let drift = Projection::check(&store(repo), &mut |done| progress.set(done, 0))?;
    if !drift.is_none() && !drift.absent {
        found.push(problem(Projection::file_name(), "projection", drift.told()));
    }
    drop(progress);
    if checked.has_index && checked.knows_all() {
        let mut progress = Progress::new(ui, "comparing the results index");
        match store(repo).plan_index(&mut |done, total| progress.set(done, total)) {
            Ok(plan) => {
                if let Some(differences) = plan.differences.as_ref().filter(|_| !plan.is_done()) {
                    found.push(problem("index".into(), "index", differences.told()));
                }
            }
            Err(err @ crate::store::Error::ForeignIndex { .. }) => {
                let foreign = problem("index".into(), "index", err.to_string());
                let advice =
                    Some("nothing of ours overwrites it: take it out of the branch, then 'git agentv reindex'");
                found.push(FsckProblem { repairable: false, advice, ..foreign });
            }
            // Then something else is wrong, and told.
            Err(_) => {}
        }
    }
    if checked.knows_all() {
        for line in pending::stale(repo, |id| checked.knows(id)) {
            let message = format!("'{}' is no run of this repository", line.escape_debug());
            found.push(problem("pending".into(), "pending", message));
        }
    }
    Ok(found)
}

fn repair(ui: &Ui, repo: &Repo, checked: &mut Checked, derived: &mut [FsckProblem]) -> Result<(), Failure> {
    store(repo).repair(checked)?;
    for problem in derived.iter_mut().filter(|problem| problem.repairable) {
        if problem.kind == "projection" {
            let mut progress = Progress::new(ui, "reading runs");
            Projection::rebuild(&store(repo), &mut |done| progress.set(done, 0))?;
            problem.repaired = Projection::check(&store(repo), &mut |_| {})?.is_none();
        } else if problem.kind == "index" {
            let mut progress = Progress::new(ui, "reading runs");
            store(repo).reindex(&mut |done, total| progress.set(done, total))?;
            problem.repaired = true;
        } else {
            pending::drop_stale(repo, |id| checked.knows(id))?;
            problem.repaired = true;
        }
    }
    Ok(())
}

fn report(checked: Checked, derived: Vec<FsckProblem>) -> FsckReport {
    let problem = |problem: Problem| FsckProblem {
        run: if let Place::Run(id) = &problem.place { Some(id.to_string()) } else { None },
        place: problem.place.to_string(),
        kind: problem.kind.as_str(),
        repairable: problem.is_repairable(),
        advice: problem.advice(),
        repaired: problem.repaired,
        message: problem.text,
    };
    FsckReport {
        version: JSON_VERSION,
        runs: checked.runs,
        commits: checked.commits,
        files: checked.files,
        not_fetched: checked.not_fetched,
        shallow: checked.shallow,
        problems: checked.problems.into_iter().map(problem).chain(derived).collect(),
        notes: checked.notes,
    }
}

fn text(out: &mut Out, report: &FsckReport, args: &Fsck) -> std::io::Result<()> {
    for problem in &report.problems {
        let place = out.paint(YELLOW, &problem.place);
        let end = if problem.repaired { out.paint(GREEN, " (repaired)") } else { String::new() };
        writeln!(out, "{place}: {}{end}", sanitize(&problem.message))?;
    }
    if args.quiet {
        return Ok(());
    }
    for note in report.notes.iter().take(NOTES) {
        writeln!(out, "{}", out.paint(DIM, &format!("note: {}", sanitize(note))))?;
    }
    if report.notes.len() > NOTES {
        writeln!(out, "{}", out.paint(DIM, &format!("note: {} more, see --format json", report.notes.len() - NOTES)))?;
    }
    let count = |n: usize, one: &str| plural(n, one).replacen(&n.to_string(), &grouped(n), 1);
    let repaired = report.problems.iter().filter(|problem| problem.repaired).count();
    let result = match (report.problems.len(), repaired) {
        (0, _) => out.paint(GREEN, "no problems"),
        (n, 0) => out.paint(RED, &count(n, "problem")),
        (n, repaired) => out.paint(
            if n == repaired { GREEN } else { RED },
            &format!("{}, {} repaired", count(n, "problem"), grouped(repaired)),
        ),
    };
    let (runs, commits, files) =
        (count(report.runs, "run"), count(report.commits, "commit"), count(report.files, "file"));
    writeln!(out, "checked {runs}, {commits}, {files}: {result}")?;
    if report.not_fetched > 0 {
        let n = count(report.not_fetched, "object");
        let are = if report.not_fetched == 1 { "is" } else { "are" };
        writeln!(out, "{n} {are} not in this partial clone and could not be checked")?;
    }
    if report.shallow {
        writeln!(out, "the clone is shallow: runs before its oldest commit were not checked")?;
    }
    Ok(())
}

/// `1893` as `1,893`.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn advise(ui: &Ui, report: &FsckReport, repairing: bool) {
    let left = || report.problems.iter().filter(|problem| !problem.repaired);
    if left().any(|problem| problem.repairable) {
        let again = "somebody changed it meanwhile, or what it would be made from can't be read; run it again";
        ui.hint(if repairing { again } else { "'git agentv fsck --repair' puts right what can be derived" });
    }
    let mut told: Vec<&str> = Vec::new();
    for problem in left() {
        if let Some(advice) = problem.advice.filter(|advice| !told.contains(advice)) {
            ui.hint(&format!("{}: {advice}", problem.kind));
            told.push(advice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
