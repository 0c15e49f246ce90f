//! `git agentv links`

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

use crate::hooks::TRAILER;
use crate::store::{By, Cited, LinkCheck, LinkState, RunLink};

use super::args::{DocumentFormat, Links};
use super::context::{Context, store};
use super::failure::Failure;
use super::human::plural;
use super::output::{DIM, GREEN, Out, RED, YELLOW, sanitize};
use super::progress::Progress;
use super::records::{JSON_VERSION, print_json};
use super::runs_of::word;

/// What `links --format json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct LinksReport {
    /// Version of this document.
    version: u32,
    /// Commits that name runs which are not in this repository.
    missing: Vec<MissingRun>,
    /// Runs and their source commits; with `--check` only those whose commit is lost.
    runs: Vec<LinkedRun>,
}

/// A trailer that names a run which is not there.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct MissingRun {
    commit: String,
    subject: String,
    run: String,
    /// It was here and was deleted.
    deleted: bool,
}

/// A run and its source commit.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct LinkedRun {
    id: String,
    run_id: String,
    /// Its source commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha: Option<String>,
    /// `reachable`, `rewritten`, `unreachable`, `unknown`; absent if it never had a source commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// The commit that took the place of the source commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    rewritten_to: Option<String>,
    /// How that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<By>,
    /// Commits that name it in a trailer.
    cited_by: Vec<String>,
    /// Commits that it was linked to.
    links: Vec<String>,
}

pub(super) fn run(context: &mut Context, args: &Links) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let mut progress = Progress::new(&context.ui, "reading runs");
    let mut check = store(&repo).check_links(TRAILER, |done| progress.set(done, 0))?;
    drop(progress);
    let lost = |run: &RunLink| matches!(run.state, Some(LinkState::Unreachable | LinkState::Unknown));
    let problems = check.missing.len() + check.runs.iter().filter(|run| lost(run)).count();
    let total = check.runs.len();
    if args.check {
        check.runs.retain(lost);
    }
    let mut out = context.ui.out(Some(&repo));
    match args.format {
        DocumentFormat::Json => print_json(&mut out, &report(&check))?,
        DocumentFormat::Text => text(&mut out, &check)?,
    }
    if args.check && problems == 0 && args.format == DocumentFormat::Text {
        writeln!(out, "{}: every trailer names one, every source commit is known", plural(total, "run"))?;
    }
    out.finish()?;
    Ok(ExitCode::from(u8::from(args.check && problems > 0)))
}

fn report(check: &LinkCheck) -> LinksReport {
    let missing = check.missing.iter().map(|cited| MissingRun {
        commit: cited.commit.to_string(),
        subject: cited.subject.clone(),
        run: cited.run.clone(),
        deleted: cited.deleted,
    });
    let runs = check.runs.iter().map(|run| {
        let rewritten = match &run.state {
            Some(LinkState::Rewritten { to, by }) => Some((to, *by)),
            _ => None,
        };
        LinkedRun {
            id: run.row.id.to_string(),
            run_id: run.row.run_id.clone(),
            sha: run.row.sha.clone(),
            state: run.state.as_ref().map(state_word),
            rewritten_to: rewritten.map(|(to, _)| to.to_string()),
            by: rewritten.map(|(_, by)| by),
            cited_by: run.cited_by.iter().map(ToString::to_string).collect(),
            links: run.row.links.clone(),
        }
    });
    LinksReport { version: JSON_VERSION, missing: missing.collect(), runs: runs.collect() }
}

fn state_word(state: &LinkState) -> &'static str {
    match state {
        LinkState::Reachable => "reachable",
        LinkState::Rewritten { .. } => "rewritten",
        LinkState::Unreachable => "unreachable",
        LinkState::Unknown => "unknown",
    }
}

fn text(out: &mut Out, check: &LinkCheck) -> std::io::Result<()> {
    for Cited { commit, subject, run, deleted } in &check.missing {
        let commit = out.paint(YELLOW, &commit.to_string()[..10]);
        let why = if *deleted { "which was deleted" } else { "which is not in this repository" };
        writeln!(out, "commit {commit} {} names run {}, {}", sanitize(subject), sanitize(run), out.paint(RED, why))?;
    }
    for run in &check.runs {
        let id = out.paint(YELLOW, run.row.id.as_str());
        let sha = run.row.sha.as_deref().map_or("", |sha| &sha[..sha.len().min(10)]);
        let fate = match &run.state {
            None => out.paint(DIM, "has no source commit"),
            Some(LinkState::Reachable) => format!("judged {sha}"),
            Some(LinkState::Rewritten { to, by }) => {
                let to = out.paint(GREEN, &to.to_string()[..10]);
                format!("judged {sha}, which is {to} now (by {})", word(*by))
            }
            Some(LinkState::Unreachable) => format!("judged {sha}, {}", out.paint(RED, "which no ref has any more")),
            Some(LinkState::Unknown) => format!("judged {sha}, {}", out.paint(RED, "which is not in this repository")),
        };
        let named = match run.cited_by.as_slice() {
            [] => String::new(),
            commits => {
                let short: Vec<_> = commits.iter().map(|id| id.to_string()[..10].to_owned()).collect();
                format!("; named by {}", short.join(", "))
            }
        };
        writeln!(
            out,
            "run {id} {}: {fate}{named}",
            sanitize(run.row.experiment.as_deref().unwrap_or(&run.row.run_id))
        )?;
    }
    Ok(())
}
