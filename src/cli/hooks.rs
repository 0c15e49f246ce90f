//! `git agentv hooks`

mod report;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::hooks::Event;
use crate::hooks::install::{self, Addition, Change, Hook, How, Place, Proof, What};

use super::args::{DocumentFormat, Hooks, HooksAction};
use super::context::Context;
use super::failure::Failure;
use super::output::{DIM, GREEN, Out, RED, YELLOW, sanitize};
use super::records::print_json;

pub(super) use report::HooksReport;

/// The answer is no.
const NOT_WIRED: u8 = 1;

pub(super) fn run(context: &mut Context, args: &Hooks) -> Result<ExitCode, Failure> {
    if args.print {
        if args.action != HooksAction::Install {
            return Err(Failure::usage("--print is about what 'install' would write"));
        }
        return print(context);
    }
    let repo = context.repo()?;
    if args.action == HooksAction::Status {
        let (place, hooks) = install::inspect(&repo)?;
        let proof = install::prove(&repo)?;
        return status(context, args.format, &place, &hooks, &proof);
    }
    let (place, changes) = match args.action {
        HooksAction::Uninstall => install::uninstall(&repo)?,
        HooksAction::Install | HooksAction::Status => install::install(&repo)?,
    };
    let mut out = context.ui.out(None);
    if args.format == DocumentFormat::Json {
        print_json(&mut out, &report::changed(&place, &changes))?;
        out.finish()?;
        return Ok(ExitCode::SUCCESS);
    }
    for change in &changes {
        let said = what(&change.what, &change.path);
        writeln!(out, "{:<18} {}", change.event.name(), sanitize(&said))?;
    }
    for change in &changes {
        if let What::ToAdd(addition) = &change.what {
            add(&mut out, change.event, addition)?;
        }
    }
    out.finish()?;
    if args.action == HooksAction::Install {
        note(context, &place, &changes);
    }
    Ok(ExitCode::SUCCESS)
}

/// What is worth knowing about the place.
fn note(context: &Context, place: &Place, changes: &[Change]) {
    let written =
        |change: &Change| matches!(change.what, What::Installed | What::Updated | What::AddedPart | What::Chained(_));
    let ui = &context.ui;
    if place.in_work_tree && changes.iter().any(written) {
        ui.warning(&format!("'{}' is in the working tree: commit the hooks or ignore them", place.dir.display()));
    }
    if changes.iter().any(|change| change.what == What::SwitchedOff) {
        ui.warning("git skips a hook that is not executable; 'chmod +x' switches it on");
    }
    if crate::git::find_program("git-agentv", |_| true).is_none() {
        ui.warning("git-agentv is not on PATH: the hooks do nothing until it is");
    }
    if changes.iter().all(|change| !matches!(change.what, What::ToAdd(_))) {
        ui.hint("'git agentv hooks status' tries them");
    }
}

/// One line on what became of a hook.
fn what(what: &What, path: &Path) -> String {
    let at = path.display();
    match what {
        What::Installed => format!("installed: {at}"),
        What::Updated => format!("updated: {at}"),
        What::OnDemand => format!("is put in place when an editor opens: {at}"),
        What::AddedPart => format!("added a marked part to the script that is there: {at}"),
        What::Chained(aside) => format!("installed: {at}, which goes on to {}", aside.display()),
        What::Unchanged => format!("is installed: {at}"),
        What::Wired => format!("calls git agentv already: {at}"),
        What::ToAdd(addition) => addition.advice.clone(),
        What::SwitchedOff => format!("is there, but is not executable: {at}"),
        What::Removed => format!("removed: {at}"),
        What::RemovedPart => format!("removed our part from {at}"),
        What::Restored(_) => format!("removed; the hook that was there before is back: {at}"),
        What::Left(aside) => {
            format!("{at} is not ours; the hook that was there before is still {}", aside.display())
        }
        What::ByHand => format!("calls git agentv, wired by hand: {at} is yours to change"),
        What::Absent => "nothing of ours is there".into(),
    }
}

fn add(out: &mut Out, event: Event, addition: &Addition) -> Result<(), Failure> {
    if !addition.text.is_empty() {
        writeln!(out, "\n{}", out.paint(DIM, &format!("{}, in {}:", event.name(), addition.file.display())))?;
        write!(out, "{}", addition.text)?;
    }
    Ok(())
}

fn status(
    context: &Context,
    format: DocumentFormat,
    place: &Place,
    hooks: &[Hook],
    proof: &Proof,
) -> Result<ExitCode, Failure> {
    let mut out = context.ui.out(None);
    if format == DocumentFormat::Json {
        print_json(&mut out, &report::found(place, hooks, proof))?;
    } else {
        for hook in hooks {
            let word = if hook.current { how(hook.how) } else { format!("{}, of another version", how(hook.how)) };
            let style = if hook.how.is_wired() { GREEN } else { YELLOW };
            let path = sanitize(&hook.path.display().to_string()).into_owned();
            writeln!(out, "{:<18} {}  {path}", hook.event.name(), out.paint(style, &word))?;
        }
        writeln!(out)?;
        for check in &proof.checks {
            let mark = if check.ok { out.paint(GREEN, "works") } else { out.paint(RED, "fails") };
            writeln!(out, "{mark}  {}", check.what)?;
            if let Some(detail) = &check.detail {
                writeln!(out, "       {}", sanitize(detail))?;
            }
        }
        for hook in hooks {
            if let Some(addition) = &hook.addition {
                writeln!(out, "\n{}: {}", hook.event.name(), sanitize(&addition.advice))?;
                add(&mut out, hook.event, addition)?;
            }
        }
    }
    out.finish()?;
    if proof.holds() {
        return Ok(ExitCode::SUCCESS);
    }
    if context.ui.env.hooks_are_off {
        context.ui.hint("AGENTV_HOOK=0 is set: it switches the hooks off");
    } else if hooks.iter().any(|hook| matches!(hook.how, How::Missing | How::Foreign | How::Shadowed)) {
        context.ui.hint("'git agentv hooks install' puts them in place");
    }
    Ok(ExitCode::from(NOT_WIRED))
}

/// How a hook is wired, in words.
pub(super) fn how(how: How) -> String {
    match how {
        How::File => "installed".into(),
        How::Block => "part of a script".into(),
        How::Chained => "installed, goes on to another hook".into(),
        How::OnDemand => "put in place when an editor opens".into(),
        How::ByHand => "wired by hand".into(),
        How::Managed(manager) => format!("called by {}", manager.name()),
        How::Unmanaged(manager) => format!("belongs to {}, which does not call us", manager.name()),
        How::NotExecutable => "not executable: git skips it".into(),
        How::Shadowed => "hidden by core.hooksPath".into(),
        How::Damaged => "damaged: a mark around our part is missing".into(),
        How::Foreign => "another hook, which does not call us".into(),
        How::Missing => "missing".into(),
    }
}

/// For those who wire by hand, with or without a repository.
fn print(context: &Context) -> Result<ExitCode, Failure> {
    let mut out = context.ui.out(None);
    for event in Event::ALL {
        let when = if event == Event::CommitMsg { "; 'install' has it there only while an editor is open" } else { "" };
        writeln!(out, "{}", out.paint(DIM, &format!("==> {} (mode 755{when})", event.name())))?;
        writeln!(out, "{}", install::script(event))?;
    }
    writeln!(out, "{}", out.paint(DIM, "==> or one line in a shell script of your own"))?;
    for event in Event::ALL {
        writeln!(out, "{}", install::line(event))?;
    }
    for manager in [install::Manager::Lefthook, install::Manager::PreCommit] {
        writeln!(out, "\n{}", out.paint(DIM, &format!("==> {}", manager.name())))?;
        for event in Event::ALL {
            let addition = manager.addition(event, Path::new("."));
            let text = if addition.text.is_empty() { format!("# {}\n", addition.advice) } else { addition.text };
            write!(out, "{text}")?;
        }
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
