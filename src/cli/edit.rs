//! `git agentv tag`, `note`, `delete` and `restore`

use std::io::Write;
use std::process::ExitCode;

use crate::store::{Edit, Edited};

use super::args::{Note, Runs, Tag};
use super::context::Context;
use super::failure::Failure;
use super::output::{sanitize, sanitize_lines};
use super::places::Places;
use super::target::changed;

pub(super) fn tag(context: &mut Context, args: &Tag) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let places = Places::of(context, &repo);
    // Tags can be looked at wherever the run is.
    if args.edits.is_empty() {
        let (run, _) = places.find(&args.run)?;
        let mut out = context.ui.out(None);
        writeln!(out, "{}  {}", run.id(), sanitize(&run.overlay.effective_tags(&run.manifest.tags).join(" ")))?;
        out.finish()?;
        return Ok(ExitCode::SUCCESS);
    }
    let (store, run) = places.find_to_change(&args.run)?;
    let tags = store.edit(run.id(), &Edit::Tags(args.edits.clone()))?.row.tags;
    let mut out = context.ui.out(None);
    writeln!(out, "{}  {}", run.id(), sanitize(&tags.join(" ")))?;
    out.finish()?;
    changed(&context.ui, &repo, &[store])?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn note(context: &mut Context, args: &Note) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let places = Places::of(context, &repo);
    let mut out = context.ui.out(None);
    match (&args.message, args.remove) {
        (None, false) => {
            let (run, _) = places.find(&args.run)?;
            if let Some(note) = &run.overlay.note {
                writeln!(out, "{}", sanitize_lines(note).trim_end())?;
            }
        }
        (message, _) => {
            let note = message.clone().filter(|message| !message.trim().is_empty());
            let (store, run) = places.find_to_change(&args.run)?;
            let edited = store.edit(run.id(), &Edit::Note(note.clone()))?;
            let word = if note.is_some() { "noted" } else { "removed the note of" };
            writeln!(out, "{}", said(word, "the note is the same on", &edited))?;
            changed(&context.ui, &repo, &[store])?;
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
    let places = Places::of(context, &repo);
    let found = args.runs.iter().map(|spec| places.find_to_change(spec)).collect::<Result<Vec<_>, _>>()?;
    let mut out = context.ui.out(None);
    for (store, run) in &found {
        let edited = store.edit(run.id(), edit)?;
        writeln!(out, "{}", said(done, nothing, &edited))?;
    }
    out.finish()?;
    changed(&context.ui, &repo, &found.iter().map(|(store, _)| *store).collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}

fn said(done: &str, nothing: &str, edited: &Edited) -> String {
    let word = if edited.changed { done } else { nothing };
    format!("{word} {}  {}", edited.row.id, sanitize(&edited.row.headline()))
}
