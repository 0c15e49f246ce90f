//! `git agentv sync`, `push`, `pull` and `fetch`

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::git::{Remote, Repo, without_credentials};
use crate::store::Traffic;
use crate::sync::results::{self, Outcome, ResultsRepo, configured};
use crate::sync::{self, Listener, Plan, Steps, Synced};

use super::args::DocumentFormat;
use super::context::Context;
use super::failure::Failure;
use super::human::{bytes, plural};
use super::output::{Out, Ui, sanitize};
use super::records::{JSON_VERSION, print_json};

/// `git agentv sync`, `push`, `pull` and `fetch`
#[derive(Debug, Args)]
#[command(after_help = "\
Runs are shared through refs/agentv/runs/v1 of a remote: the setting agentv.remote, else that of
the current branch, else origin. sync does all: it fetches, merges what both sides have, and
pushes. Runs never conflict. Tags, notes, links and deletions of the same run are merged one by
one. Nothing is ever forced, and other refs are not touched.

Fetched are commits and directories, by which runs are listed and searched. The files of a run come
when it is opened, all at once. --full fetches them all, and what was left out before; so does the
setting agentv.fetch=full from then on. From a host that can't leave anything out all is fetched.

The first push to a remote says how much will go and asks; without a terminal it wants --yes.
If others push at the same time it merges and tries again. Who keeps losing leaves its runs in
refs/agentv/inbox/ of the remote, and the next sync of anyone takes them in.

The runs alone, without the code: git clone agentv::URL, see git-remote-agentv(1).

Where runs go to a results repository (agentv.resultsRepo, .agentv/config.yaml), that one is meant
unless a REMOTE is named.

Examples:
  git agentv sync
  git agentv push --dry-run              what would go?
  git agentv fetch --full                all files, to work offline
  git agentv sync --yes upstream         from a script")]
pub struct Sync {
    /// The remote; the one that runs are shared with if none is given
    #[arg(value_name = "REMOTE")]
    pub remote: Option<String>,
    /// Only look, and say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Push without a question, also for the first time
    #[arg(short, long)]
    pub yes: bool,
    /// Fetch the files of all runs, too, also those that earlier fetches left out
    #[arg(long)]
    pub full: bool,
    /// How to print what was done
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// Which of the commands it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Sync,
    Push,
    Pull,
    Fetch,
}

/// What `sync`, `push`, `pull` and `fetch` print with `--format json`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct SyncReport {
    /// Version of this document.
    version: u32,
    /// The remote's name.
    remote: String,
    /// Its address, without credentials.
    url: String,
    /// Nothing was changed: it says what would be done.
    dry_run: bool,
    #[serde(flatten)]
    synced: Synced,
}

/// Asks at the terminal, and shows what git is doing.
pub(super) struct Terminal<'u> {
    ui: &'u Ui,
    yes: bool,
    start: std::time::Instant,
    shown: bool,
}

impl<'u> Terminal<'u> {
    pub(super) fn new(ui: &'u Ui, yes: bool) -> Self {
        Self { ui, yes, start: std::time::Instant::now(), shown: false }
    }

    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

impl Listener for Terminal<'_> {
    fn agree(&mut self, remote: &Remote, plan: &Plan<'_>) -> bool {
        self.clear();
        let urls: Vec<String> = plan.to.iter().map(|url| without_credentials(url)).collect();
        let url = urls.join(" and ");
        let size = plan.bytes.map_or_else(String::new, |n| format!(", about {}", bytes(n)));
        let what = format!("{}{size}, to '{}' ({})", told(plan.sent), sanitize(&remote.name), sanitize(&url));
        if self.yes {
            return true;
        }
        self.ui.tell(&format!("this is the first push of runs from this clone to that address: {what}"));
        self.ui.tell("whoever can read that repository can read them, transcripts included");
        if !std::io::stdin().is_terminal() || !self.ui.env.stderr_is_terminal {
            return false;
        }
        let _ = write!(std::io::stderr(), "push them? [y/N] ");
        let mut answer = String::new();
        let _ = std::io::stdin().lock().read_line(&mut answer);
        matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }

    fn progress(&mut self, line: &str) {
        let quick = self.start.elapsed() < std::time::Duration::from_secs(1);
        if quick || !self.ui.env.stderr_is_terminal || self.ui.env.dumb_terminal {
            return;
        }
        self.shown = true;
        let _ = write!(std::io::stderr(), "\r\x1b[K{}", sanitize(line));
    }

    fn notice(&mut self, line: &str) {
        self.clear();
        self.ui.tell(&sanitize(line));
    }
}

pub(super) fn run(context: &mut Context, args: &Sync, what: What) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    if let Some(results) = results_repo(context, &repo, args.remote.as_deref())? {
        return run_results(context, &repo, args, what, &results);
    }
    let remote = sync::elect(&repo, args.remote.as_deref())?;
    let steps = steps(args, what);
    let mut terminal = Terminal::new(&context.ui, args.yes);
    let synced = sync::sync(&repo, &remote, steps, &mut terminal);
    terminal.clear();
    let synced = synced?;
    for line in &synced.left {
        context.ui.warning(&format!("left alone: {}", sanitize(line)));
    }
    if let Some(old) = &synced.replaced {
        super::compact::note(&repo, old);
    }
    let mut out = context.ui.out(None);
    match args.format {
        DocumentFormat::Json => print_json(
            &mut out,
            &SyncReport {
                version: JSON_VERSION,
                remote: remote.name.clone(),
                url: without_credentials(&remote.url),
                dry_run: args.dry_run,
                synced,
            },
        )?,
        DocumentFormat::Text => text(&mut out, &remote.name, steps, &synced)?,
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn steps(args: &Sync, what: What) -> Steps {
    Steps {
        merge: what != What::Fetch,
        push: matches!(what, What::Sync | What::Push),
        fold: what != What::Push,
        dry_run: args.dry_run,
        full: args.full,
    }
}

/// The results repository, if it is what `name` means. Without a name it is meant where there is one: new runs go there.
fn results_repo(context: &Context, repo: &Repo, name: Option<&str>) -> Result<Option<ResultsRepo>, Failure> {
    let found = configured(repo, &context.ui.env.dirs())?.results;
    let is_meant = |results: &ResultsRepo| name.is_none_or(|name| name == results.name() || name == results.shown());
    Ok(found.filter(is_meant))
}

fn run_results(
    context: &Context,
    repo: &Repo,
    args: &Sync,
    what: What,
    results: &ResultsRepo,
) -> Result<ExitCode, Failure> {
    let steps = steps(args, what);
    // Who wants each run pushed at once agreed to it.
    let mut terminal = Terminal::new(&context.ui, args.yes || results.agreed);
    let done = results::sync(repo, &context.ui.env.dirs(), results, None, steps, &mut terminal);
    terminal.clear();
    let (managed, outcome) = done?;
    let name = managed.name().to_owned();
    let mut out = context.ui.out(None);
    let report = |synced| SyncReport {
        version: JSON_VERSION,
        remote: name.clone(),
        url: results.shown(),
        dry_run: args.dry_run,
        synced,
    };
    match (outcome, args.format) {
        (Outcome::Synced(synced), DocumentFormat::Json) => print_json(&mut out, &report(synced))?,
        (Outcome::Synced(synced), DocumentFormat::Text) => text(&mut out, &name, steps, &synced)?,
        (Outcome::Read { new, runs, failed }, format) => {
            for (path, reason) in &failed {
                context.ui.warning(&format!("left out: {}: {}", sanitize(path), sanitize(reason)));
            }
            if format == DocumentFormat::Json {
                let received = Traffic { new, changed: 0 };
                print_json(&mut out, &report(Synced { received, ..Synced::default() }))?;
            } else {
                let branch = sanitize(managed.branch());
                let name = sanitize(&name);
                writeln!(
                    out,
                    "read {} of {name}, {new} of them new; upstream's tools write its branch {branch}, nothing is sent",
                    plural(runs, "run")
                )?;
            }
        }
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn text(out: &mut Out, remote: &str, steps: Steps, synced: &Synced) -> std::io::Result<()> {
    let would = if steps.dry_run { "would have " } else { "" };
    let size = |n: Option<u64>| n.filter(|&n| n > 0).map_or_else(String::new, |n| format!(", about {}", bytes(n)));
    let remote = sanitize(remote);
    let nothing = Traffic::default();
    if synced.received != nothing {
        let word = if steps.merge || steps.push { "received" } else { "fetched" };
        writeln!(out, "{would}{word} {}{} from {remote}", told(synced.received), size(synced.received_bytes))?;
    }
    if synced.replaced.is_some() {
        writeln!(
            out,
            "followed {remote}, whose runs were compacted: deleted runs lost their files; 'git agentv compact' frees the space here"
        )?;
    }
    if synced.merged > 0 {
        writeln!(out, "merged {} that both sides had changed", plural(synced.merged, "run"))?;
    }
    if !synced.folded.is_empty() {
        let count = synced.folded.len();
        writeln!(out, "took in {count} {} of {remote}", if count == 1 { "inbox" } else { "inboxes" })?;
    }
    if let Some(old) = &synced.rewrote {
        writeln!(out, "replaced {} of {remote} by the compacted history", &old[..10.min(old.len())])?;
    }
    if synced.sent != nothing {
        let to = synced.inbox.as_ref().map_or_else(String::new, |inbox| {
            format!(": into {inbox}, because others kept being faster; the next sync of anyone takes them in")
        });
        writeln!(out, "{would}sent {}{} to {remote}{to}", told(synced.sent), size(synced.sent_bytes))?;
    }
    if synced.received == nothing && synced.sent == nothing && synced.rewrote.is_none() {
        writeln!(out, "nothing new: this clone and {remote} have the same runs")?;
    }
    Ok(())
}

/// `3 runs`, `3 runs and changes to 2 others`
pub(super) fn told(traffic: Traffic) -> String {
    let Traffic { new, changed } = traffic;
    match (new, changed) {
        (new, 0) => plural(new, "run"),
        (0, changed) => format!("changes to {}", plural(changed, "run")),
        (new, changed) => format!("{} and changes to {}", plural(new, "run"), plural(changed, "other")),
    }
}
