//! `git agentv tag`, `note`, `delete` and `restore`

use std::io::Write;
use std::process::ExitCode;

use crate::run::RunId;
use crate::store::{Edit, Edited, Store};

use super::args::{Note, Runs, Tag};
use super::context::{Context, store};
use super::failure::Failure;
use super::output::{sanitize, sanitize_lines};
use super::places::find_own;

pub(super) fn tag(context: &mut Context, args: &Tag) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let store = store(&repo);
    let run = find_own(context, &store, &args.run)?;
    let tags = if args.edits.is_empty() {
        run.overlay.effective_tags(&run.manifest.tags)
    } else {
        store.edit(run.id(), &Edit::Tags(args.edits.clone()))?.row.tags
    };
    let mut out = context.ui.out(None);
    writeln!(out, "{}  {}", run.id(), sanitize(&tags.join(" ")))?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn note(context: &mut Context, args: &Note) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let store = store(&repo);
    let run = find_own(context, &store, &args.run)?;
    let mut out = context.ui.out(None);
    match (&args.message, args.remove) {
        (None, false) => {
            if let Some(note) = &run.overlay.note {
                writeln!(out, "{}", sanitize_lines(note).trim_end())?;
            }
        }
        (message, _) => {
            let note = message.clone().filter(|message| !message.trim().is_empty());
            let edited = store.edit(run.id(), &Edit::Note(note.clone()))?;
            let word = if note.is_some() { "noted" } else { "removed the note of" };
            writeln!(out, "{}", said(word, "the note is the same on", &edited))?;
        }
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn delete(context: &mut Context, args: &Runs) -> Result<ExitCode, Failure> {
    change(context, args, &Edit::Delete, "deleted", "was deleted before:")
}

pub(super) fn restore(context: &mut Context, args: &Runs) -> Result<ExitCode, Failure> {
    change(context, args, &Edit::Restore, "restored", "is not deleted:")
}

/// Applies one change to several runs. All names are looked up first: a typo changes nothing.
fn change(context: &mut Context, args: &Runs, edit: &Edit, done: &str, nothing: &str) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let store = store(&repo);
    let ids = args.runs.iter().map(|spec| find(context, &store, spec)).collect::<Result<Vec<_>, _>>()?;
    let mut out = context.ui.out(None);
    for id in ids {
        let edited = store.edit(&id, edit)?;
        writeln!(out, "{}", said(done, nothing, &edited))?;
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn find(context: &Context, store: &Store<'_>, spec: &str) -> Result<RunId, Failure> {
    Ok(find_own(context, store, spec)?.id().clone())
}

fn said(done: &str, nothing: &str, edited: &Edited) -> String {
    let word = if edited.changed { done } else { nothing };
    format!("{word} {}  {}", edited.row.id, sanitize(&edited.row.headline()))
}
