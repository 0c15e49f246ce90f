//! `git agentv link` and `unlink`

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

use crate::git::{RawCommit, Repo};
use crate::hooks::{self, LinkState, Linked, TRAILER, Unlinked};
use crate::store::StoredRun;

use super::args::{DocumentFormat, Link, Unlink};
use super::context::Context;
use super::failure::Failure;
use super::output::sanitize;
use super::places::Places;
use super::records::{JSON_VERSION, print_json};
use super::source::short;
use super::target::changed;

/// What `link` and `unlink` print with `--format json`.
#[derive(Debug, Serialize)]
struct Report {
    version: u32,
    run: String,
    /// The commit as it is now.
    commit: String,
    /// What it was before it was amended.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    subject: String,
    /// Whether the commit's message cites the run now.
    cited: bool,
    /// Whether the run keeps a link to the commit now.
    kept: bool,
    /// Whether anything was changed.
    changed: bool,
    /// Why the message was left as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Report {
    fn new(run: &StoredRun<'_>, commit: &RawCommit) -> Self {
        Self {
            version: JSON_VERSION,
            run: run.id().to_string(),
            commit: commit.id.to_string(),
            was: None,
            subject: commit.subject(),
            cited: false,
            kept: false,
            changed: true,
            reason: None,
        }
    }

    /// It was amended into another.
    fn amended(&mut self, new: &impl ToString) {
        self.was = Some(std::mem::replace(&mut self.commit, new.to_string()));
    }

    fn print(&self, context: &Context, format: DocumentFormat, text: &str) -> Result<(), Failure> {
        let mut out = context.ui.out(None);
        match format {
            DocumentFormat::Json => print_json(&mut out, self)?,
            DocumentFormat::Text => writeln!(out, "{text}")?,
        }
        Ok(out.finish()?)
    }

    /// `1a2b3c4d5e subject`
    fn name(&self) -> String {
        format!("{} {}", short(&self.commit), sanitize(&self.subject))
    }
}

pub(super) fn link(context: &mut Context, args: &Link) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let places = Places::of(context, &repo);
    let (store, run) = places.find_to_change(&args.run)?;
    let commit = find_commit(&repo, args.commit.as_deref())?;
    let mut report = Report::new(&run, &commit);
    let text = match hooks::link(&store, &run, &commit)? {
        Linked::Already(LinkState { cited, kept }) => {
            (report.cited, report.kept, report.changed) = (cited, kept, false);
            let how = if cited { "its message cites the run" } else { "the link is kept with the run" };
            format!("{} is linked to {} already: {how}", run.id(), report.name())
        }
        Linked::Amended(new) => {
            report.amended(&new);
            (report.cited, report.kept) = (true, true);
            format!("linked {} to {}: its message now ends in '{TRAILER}: {0}'", run.id(), report.name())
        }
        Linked::Kept(why) => {
            report.kept = true;
            report.reason = Some(why.to_string());
            let name = report.name();
            format!(
                "linked {} to {name}: kept with the run, the commit was not changed ({})",
                run.id(),
                sanitize(&why.to_string())
            )
        }
    };
    report.print(context, args.format, &text)?;
    changed(&context.ui, &repo, &[store])?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn unlink(context: &mut Context, args: &Unlink) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let places = Places::of(context, &repo);
    let (store, run) = places.find_to_change(&args.run)?;
    let commit = find_commit(&repo, args.commit.as_deref())?;
    let mut report = Report::new(&run, &commit);
    let linked_before = run.overlay.is_linked(&report.commit);
    match hooks::unlink(&store, &run, &commit)? {
        Unlinked::Never => {
            report.changed = false;
            let text = format!("{} is not linked to {}", run.id(), report.name());
            report.print(context, args.format, &text)?;
        }
        Unlinked::Done(new) => {
            let about = if new.is_some() { ": its message no longer cites the run" } else { "" };
            if let Some(new) = new {
                report.amended(&new);
            }
            let text = format!("unlinked {} from {}{about}", run.id(), report.name());
            report.print(context, args.format, &text)?;
        }
        Unlinked::StillCited(why) => {
            (report.cited, report.changed) = (true, linked_before);
            report.reason = Some(why.to_string());
            if args.format == DocumentFormat::Json {
                report.print(context, args.format, "")?;
            }
            let kept = if linked_before { "; the link kept with the run was removed" } else { "" };
            let message =
                format!("the message of {} still cites {}, and was not changed: {why}{kept}", report.name(), run.id());
            changed(&context.ui, &repo, &[store])?;
            return Err(Failure { code: 1, ..Failure::new(message) });
        }
    }
    changed(&context.ui, &repo, &[store])?;
    Ok(ExitCode::SUCCESS)
}

/// The commit that the user named; that of HEAD if none.
fn find_commit(repo: &Repo, revision: Option<&str>) -> Result<RawCommit, Failure> {
    let id = match revision {
        Some(revision) => repo.resolve_commit(revision)?,
        None => repo.head()?.commit.ok_or_else(|| {
            Failure::new("there is no commit yet").hint("make one first, or name another: git agentv link RUN COMMIT")
        })?,
    };
    Ok(repo.raw_commit(&id)?)
}
