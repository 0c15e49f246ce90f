//! `git agentv remote`

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use crate::git::{Remote, Repo, light_name, without_credentials};
use crate::run::format_time;
use crate::store::Traffic;
use crate::sync::{self, Fetching};

use super::args::DocumentFormat;
use super::context::Context;
use super::failure::Failure;
use super::human::ago;
use super::output::{DIM, Out, YELLOW, sanitize};
use super::records::{JSON_VERSION, print_json};
use super::sync::told;

/// The setting that names the remote.
const SETTING: &str = "agentv.remote";

/// `git agentv remote`
#[derive(Debug, Args)]
#[command(after_help = "\
Runs are shared with one remote: the one that the setting agentv.remote names, else that of the
current branch, else origin. Without NAME it is shown, with the runs that are not the same there and
here as of the last fetch: nothing is asked over the network. With NAME it is set.

What is fetched are commits and directories. For the files of runs there is an entry beside the
remote, remote.agentv-NAME, which 'git remote' lists, too: git fetches by it what is opened. It
follows the address of NAME, has no refspec, and 'git fetch --all' skips it, so that fetching from NAME
is what it was. It is there as long as files of runs are missing here; 'git agentv fetch --full'
fetches them all. 'git remote remove agentv-NAME' makes what is missing unreachable.

Examples:
  git agentv remote
  git agentv remote upstream             share runs with that one
  git agentv remote --unset              as if it was never set")]
pub struct RemoteArgs {
    /// The remote to share runs with from now on
    #[arg(value_name = "NAME", conflicts_with = "unset")]
    pub remote: Option<String>,
    /// Take the setting back
    #[arg(long)]
    pub unset: bool,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// What `remote --format json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct RemoteReport {
    /// Version of this document.
    version: u32,
    /// The remote's name.
    name: String,
    /// Its address, without credentials.
    url: String,
    /// Where pushing goes, if that is elsewhere.
    push_urls: Vec<String>,
    /// The setting that names it; absent if none does, so that it is origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    named_by: Option<String>,
    /// What is fetched from it.
    fetches: Fetching,
    /// The entry of the configuration by which files of runs are fetched when they are opened, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    /// Runs were pushed to that address before, so that the next push does not ask.
    pushed_before: bool,
    /// When it was last fetched from that address; RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched_at: Option<String>,
    /// What it lacks, as of then.
    to_send: Traffic,
    /// What it has that is not here, as of then.
    to_receive: Traffic,
}

pub(super) fn run(context: &mut Context, args: &RemoteArgs) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    if let Some(name) = &args.remote {
        let remote = sync::elect(&repo, Some(name))?;
        repo.set_setting(SETTING, name)?;
        // What was read of the configuration is of the past.
        return show(context, &report(&repo, remote, Some(SETTING.into()))?, args.format);
    }
    if args.unset {
        if !repo.unset_setting(SETTING)? {
            let hint = "it may be set for all your repositories: git config --show-origin agentv.remote";
            return Err(Failure { code: 1, ..Failure::new("this repository does not set agentv.remote") }.hint(hint));
        }
        let repo = context.repo()?;
        let mut out = context.ui.out(None);
        let now = match repo.elected_remote()? {
            Some(remote) => format!("runs are shared with '{}' now", sanitize(&remote.name)),
            None => "runs are shared with no remote now".into(),
        };
        writeln!(out, "{now}")?;
        out.finish()?;
        return Ok(ExitCode::SUCCESS);
    }
    let (remote, named_by) = repo.elected_remote_by()?.ok_or(sync::Error::NoRemote)?;
    show(context, &report(&repo, remote, named_by)?, args.format)
}

fn report(repo: &Repo, remote: Remote, named_by: Option<String>) -> Result<RemoteReport, Failure> {
    let destinations = sync::destinations(repo, &remote)?;
    let (to_send, to_receive) = sync::difference(repo, &remote)?;
    let fetched = sync::last_fetch(repo, &remote).and_then(|seconds| Timestamp::from_second(seconds).ok());
    let push_urls = if destinations == [remote.url.clone()] {
        Vec::new()
    } else {
        destinations.iter().map(|url| without_credentials(url)).collect()
    };
    Ok(RemoteReport {
        version: JSON_VERSION,
        url: without_credentials(&remote.url),
        push_urls,
        named_by,
        fetches: sync::fetching(repo, &remote)?,
        entry: repo.is_light(&remote.name).then(|| light_name(&remote.name)),
        pushed_before: sync::is_known(repo, &destinations),
        fetched_at: fetched.map(format_time),
        to_send,
        to_receive,
        name: remote.name,
    })
}

fn show(context: &Context, report: &RemoteReport, format: DocumentFormat) -> Result<ExitCode, Failure> {
    let mut out = context.ui.out(None);
    match format {
        DocumentFormat::Json => print_json(&mut out, report)?,
        DocumentFormat::Text => text(&mut out, report)?,
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn text(out: &mut Out, report: &RemoteReport) -> std::io::Result<()> {
    let name = out.paint(YELLOW, &sanitize(&report.name));
    writeln!(out, "{name} {}", sanitize(&report.url))?;
    let mut line = |name: &str, value: &str| {
        let name = out.paint(DIM, &format!("{name:<9}"));
        writeln!(out, "{name} {}", sanitize(value))
    };
    match &report.named_by {
        Some(key) => line("because", &format!("{key} names it"))?,
        None => line("because", "it is origin, and nothing names another")?,
    }
    if !report.push_urls.is_empty() {
        line("pushes to", &report.push_urls.join(" and "))?;
    }
    line(
        "fetches",
        match report.fetches {
            Fetching::Light => "commits and directories; the files of a run when it is opened",
            Fetching::Full => "everything (agentv.fetch=full)",
            Fetching::Unfiltered => "everything: it can't leave the files of runs out",
            Fetching::Bitmaps => {
                "everything: 'git gc' writes bitmaps here, for which nothing may be missing (repack.writeBitmaps)"
            }
            Fetching::NameTaken => "everything: there is a remote of yours by the name of the entry that it would take",
        },
    )?;
    let fetched = report.fetched_at.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
    line("fetched", &fetched.map_or_else(|| "never".into(), |then| ago(then, Timestamp::now())))?;
    let nothing = Traffic::default();
    let amount = |traffic: Traffic| if traffic == nothing { "nothing".into() } else { told(traffic) };
    let first = if report.pushed_before { "" } else { "; the first push to that address asks" };
    line("to send", &format!("{}{first}", amount(report.to_send)))?;
    line("to get", &amount(report.to_receive))
}
