//! `git agentv promote`

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use serde::Serialize;

use crate::git::{HostCli, Repo, Visibility, create_command, host_cli, init_bare};
use crate::sync::promote::{Load, Promotion};
use crate::sync::results::{DEFAULT_BRANCH, ResultsRepo, configured, locate};
use crate::sync::{self, Synced};

use super::args::DocumentFormat;
use super::context::{Context, store};
use super::failure::Failure;
use super::human::{bytes, plural};
use super::output::{Out, sanitize};
use super::records::{JSON_VERSION, print_json};
use super::sync::{Terminal, told};
use super::target::can_ask;

/// `git agentv promote`
#[derive(Debug, Args)]
#[command(after_help = "\
Takes the runs of this repository to a results repository, with their whole history: to the branch
main of a repository of its own, with an index (index/runs.jsonl) and a README.md for visitors of
the host's page. Run again, it sends what is new. Histories are merged, nothing is ever forced.

DEST is a path, an address, or ORG/REPO: a repository on the host of the setting agentv.host, else
of this repository's remote, else GitHub, reached as that remote is. From then on new runs are
recorded for DEST (agentv.resultsRepo), and 'git agentv push' sends them; the runs that are here
stay here, too.

The first time it says how much will go and asks; without a terminal it wants --yes.

Examples:
  git agentv promote --to acme/evals --create
  git agentv promote --to https://git.example.com/acme/evals.git --dry-run
  git agentv promote --to ../evals.git --create --yes")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Promote {
    /// Where to: ORG/REPO, an address, or a path
    #[arg(long, value_name = "DEST", value_hint = ValueHint::AnyPath, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub to: String,
    /// The branch there; main if not given
    #[arg(long, value_name = "BRANCH", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub branch: Option<String>,
    /// Make the repository if there is none: a bare one at a path, a private one on a host, by gh or glab
    #[arg(long)]
    pub create: bool,
    /// Only say what would go
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Send without a question, also for the first time
    #[arg(short, long)]
    pub yes: bool,
    /// Go on recording new runs in this repository
    #[arg(long)]
    pub no_switch: bool,
    /// Delete the runs of this repository once they are there
    #[arg(long = "move", conflicts_with_all = ["no_switch", "dry_run"])]
    pub move_there: bool,
    /// How to print what was done
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// What `promote --format json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
pub(super) struct PromoteReport {
    /// Version of this document.
    version: u32,
    /// What the results repository is called.
    name: String,
    /// Its address, without credentials.
    url: String,
    /// Its branch.
    branch: String,
    /// Nothing was changed: it says what would be done.
    dry_run: bool,
    /// The repository was made, or would be.
    created: bool,
    /// New runs of this repository go there from now on.
    switched: bool,
    /// The runs of this repository were deleted here.
    moved: bool,
    #[serde(flatten)]
    synced: Synced,
}

pub(super) fn run(context: &mut Context, args: &Promote) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let dirs = context.ui.env.dirs();
    let place = absolute(context, &args.to);
    let Some(url) = locate(&repo, &place, &dirs)? else {
        return Err(Failure::usage("that is this repository itself").hint("name another one with --to"));
    };
    let before = configured(&repo, &dirs)?.results;
    let same = before.as_ref().filter(|before| before.url == url);
    let branch = args.branch.clone().or_else(|| same.and_then(|same| same.branch.clone()));
    let (auto_push, agreed) = before.as_ref().map_or((false, false), |before| (before.auto_push, before.agreed));
    let to = ResultsRepo { url, branch, auto_push, agreed, format: repo.object_format() };
    let is_here = |to: &ResultsRepo| !to.url.contains("://") && Path::new(&to.url).is_absolute();
    let host = if is_here(&to) { None } else { host_cli(&to.url) };
    let visibility = host.as_ref().and_then(HostCli::visibility);
    let missing = if is_here(&to) { !Path::new(&to.url).exists() } else { visibility == Some(Visibility::Missing) };
    if missing && !args.create {
        let failure = Failure::new(format!("there is no repository '{}'", to.shown()));
        let how = if is_here(&to) || host.is_some() { Some("--create makes it".to_owned()) } else { None };
        return Err(failure.hint(how.unwrap_or_else(|| by_hand(&to, &args.to))));
    }
    let store = store(&repo);
    let tip = store.tip_id()?.ok_or(sync::Error::NothingToPromote)?;
    let mut agreed = args.yes;
    if missing {
        // Nothing is there, so all goes.
        let plan = Load { sent: store.traffic(&tip, &[])?, bytes: repo.bytes_not_in(&[tip], &[]) };
        if args.dry_run {
            return would_make(context, args, &to, plan);
        }
        if !agreed {
            agree(context, &to, plan, Some(Visibility::Restricted).filter(|_| host.is_some()))?;
            agreed = true;
        }
        make(context, &repo, &to, host.as_ref())?;
    }
    let mut terminal = Terminal::new(&context.ui, args.yes);
    let prepared = Promotion::prepare(&repo, &dirs, &to, &mut terminal);
    terminal.clear();
    let promotion = prepared.map_err(|err| unreachable(err, args, &to, host.is_some()))?;
    let plan = promotion.plan();
    let nothing = plan.sent == crate::store::Traffic::default();
    if !args.dry_run && !nothing && promotion.is_first() && !agreed {
        agree(context, &to, plan, visibility)?;
    }
    let synced = if args.dry_run {
        Synced { sent: plan.sent, sent_bytes: plan.bytes, ..Synced::default() }
    } else {
        let synced = promotion.carry_out(&mut terminal);
        terminal.clear();
        synced?
    };
    let switched = !args.dry_run && !args.no_switch;
    if switched {
        repo.set("agentv.resultsRepo", &to.shown())?;
        if promotion.managed().branch() != DEFAULT_BRANCH {
            repo.set("agentv.resultsBranch", promotion.managed().branch())?;
        }
    }
    if args.move_there {
        promotion.forget_local()?;
    }
    let report = PromoteReport {
        version: JSON_VERSION,
        name: to.name(),
        url: to.shown(),
        branch: promotion.managed().branch().to_owned(),
        dry_run: args.dry_run,
        created: missing,
        switched,
        moved: args.move_there,
        synced,
    };
    print(context, args, &report)?;
    if switched && before.is_none_or(|before| before.url != to.url) && !to.auto_push {
        context.ui.hint(
            "'git agentv push' sends what is recorded from now on; 'git config agentv.autoPush true' does it at once",
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// A path is one from where the command was started.
fn absolute(context: &Context, place: &str) -> String {
    let is_path =
        place.starts_with(['/', '.']) || !place.contains([':', '/', '~']) || context.path(Path::new(place)).is_dir();
    if is_path { context.path(Path::new(place)).to_string_lossy().into_owned() } else { place.to_owned() }
}

/// Makes the repository.
fn make(context: &Context, repo: &Repo, to: &ResultsRepo, host: Option<&HostCli>) -> Result<(), Failure> {
    if let Some(host) = host {
        host.create().map_err(|said| {
            Failure::new(format!("{} could not make '{}': {}", host.name(), to.name(), sanitize(&said)))
                .hint("nothing was sent; make it on the host's page, and do this again without --create")
        })?;
        context.ui.tell(&format!("made {} on its host, private", sanitize(&to.name())));
        return Ok(());
    }
    let dir = Path::new(&to.url);
    let failed = |err: std::io::Error| Failure::new(format!("cannot make '{}': {err}", to.url));
    std::fs::create_dir_all(dir).map_err(failed)?;
    init_bare(dir, repo.object_format())?;
    let branch = to.branch.as_deref().unwrap_or(DEFAULT_BRANCH);
    std::fs::write(dir.join("HEAD"), format!("ref: refs/heads/{branch}\n")).map_err(failed)
}

/// What a dry run says of a repository that does not exist.
fn would_make(context: &Context, args: &Promote, to: &ResultsRepo, plan: Load) -> Result<ExitCode, Failure> {
    let synced = Synced { sent: plan.sent, sent_bytes: plan.bytes, ..Synced::default() };
    let report = PromoteReport {
        version: JSON_VERSION,
        name: to.name(),
        url: to.shown(),
        branch: to.branch.clone().unwrap_or_else(|| DEFAULT_BRANCH.into()),
        dry_run: true,
        created: true,
        switched: false,
        moved: false,
        synced,
    };
    print(context, args, &report)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks before anything goes to a place for the first time.
fn agree(context: &Context, to: &ResultsRepo, plan: Load, visibility: Option<Visibility>) -> Result<(), Failure> {
    let size = plan.bytes.map_or_else(String::new, |n| format!(", about {}", bytes(n)));
    let what = format!("{}{size}, to {} ({})", told(plan.sent), sanitize(&to.name()), sanitize(&to.shown()));
    context.ui.tell(&format!("this is the first time that runs go to that address: {what}"));
    context.ui.tell(match visibility {
        Some(Visibility::Public) => "that repository is PUBLIC: everybody can read them, transcripts included",
        Some(Visibility::Restricted) => {
            "whoever was let into that private repository can read them, transcripts included"
        }
        _ => "whoever can read that repository can read them, transcripts included",
    });
    if can_ask(&context.ui) {
        let _ = write!(std::io::stderr(), "send them? [y/N] ");
        let mut answer = String::new();
        let _ = std::io::stdin().lock().read_line(&mut answer);
        if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
    }
    Err(sync::Error::NotAgreed.into())
}

/// Whoever wants the repository made is told how, if it seems that there is none.
fn unreachable(err: sync::Error, args: &Promote, to: &ResultsRepo, asked: bool) -> Failure {
    let failure = Failure::from(err);
    if asked || !args.create || create_command(&to.url).is_none() {
        return failure;
    }
    failure.hint(by_hand(to, &args.to))
}

/// The two commands to type where nobody makes the repository for the user.
fn by_hand(to: &ResultsRepo, place: &str) -> String {
    let make = create_command(&to.url).unwrap_or_else(|| "make an empty repository on its host".into());
    format!("if there is no such repository yet: {make}\nthen: git agentv promote --to {}", sanitize(place))
}

fn print(context: &Context, args: &Promote, report: &PromoteReport) -> Result<(), Failure> {
    let mut out = context.ui.out(None);
    match args.format {
        DocumentFormat::Json => print_json(&mut out, report)?,
        DocumentFormat::Text => text(&mut out, report)?,
    }
    Ok(out.finish()?)
}

fn text(out: &mut Out, report: &PromoteReport) -> std::io::Result<()> {
    let PromoteReport { name, url, branch, dry_run, created, synced, .. } = report;
    let would = if *dry_run { "would have " } else { "" };
    let place = format!("{} ({}), branch {}", sanitize(name), sanitize(url), sanitize(branch));
    if *created {
        writeln!(out, "{would}made {}", sanitize(url))?;
    }
    let received = synced.received.new;
    if received > 0 {
        writeln!(out, "took in {} that others had sent there", plural(received, "run"))?;
    }
    if synced.sent == crate::store::Traffic::default() && synced.attempts == 0 {
        return writeln!(out, "nothing new: {place} has all runs of this repository");
    }
    let size = synced.sent_bytes.filter(|&n| n > 0).map_or_else(String::new, |n| format!(", about {}", bytes(n)));
    writeln!(out, "{would}sent {}{size} to {place}", told(synced.sent))?;
    if report.moved {
        writeln!(out, "the runs of this repository were deleted here")?;
    }
    if report.switched {
        writeln!(out, "new runs of this repository are recorded for it from now on (agentv.resultsRepo)")?;
    }
    Ok(())
}
