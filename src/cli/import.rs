//! `git agentv import`

use std::io::Write;
use std::process::ExitCode;

use crate::store::{ImportOptions, Imported};

use super::args::{DocumentFormat, Import};
use super::context::{Context, store};
use super::failure::{FATAL, Failure};
use super::human::plural;
use super::output::sanitize;
use super::progress::Progress;
use super::records::{JSON_VERSION, print_json};

pub(super) fn run(context: &mut Context, args: &Import) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let tip = repo.resolve_commit(&args.from_ref)?;
    let mut progress = Progress::new(&context.ui, "reading bundles");
    let options = ImportOptions { all_versions: args.all_versions, partial: args.partial };
    let imported = store(&repo).import(&tip, &args.from_ref, options, &mut |done, total| progress.set(done, total))?;
    drop(progress);
    let mut out = context.ui.out(None);
    match args.format {
        DocumentFormat::Json => print_json(&mut out, &document(&imported))?,
        DocumentFormat::Text => {
            let Imported { recorded, already, deleted, .. } = &imported;
            write!(out, "imported {} from {}", plural(recorded.len(), "run"), sanitize(&args.from_ref))?;
            if *already > 0 {
                write!(out, ", {already} already recorded")?;
            }
            if *deleted > 0 {
                write!(out, ", {deleted} deleted before")?;
            }
            writeln!(out)?;
            for replaced in &imported.replaced {
                let published = &replaced.published.to_string()[..10];
                let what = match replaced.by {
                    Some(by) => format!("was published again: {published} is replaced by {}", &by.to_string()[..10]),
                    None => format!("was removed after {published} had published it"),
                };
                let done = if args.all_versions { "imported too" } else { "--all-versions imports it too" };
                writeln!(out, "  {} {what}; {done}", sanitize(&replaced.path))?;
            }
        }
    }
    out.finish()?;
    for skipped in &imported.skipped {
        context.ui.warning(&format!("left out of {skipped} (symlinks, submodules or names that git refuses)"));
    }
    for (path, reason) in &imported.failed {
        context.ui.error(&format!("not imported: {path}: {reason}"));
    }
    if imported.failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    context
        .ui
        .hint("all others were imported; --partial imports incomplete and broken ones as far as they can be read");
    Ok(ExitCode::from(FATAL))
}

fn document(imported: &Imported) -> serde_json::Value {
    let replaced = imported.replaced.iter().map(|replaced| {
        serde_json::json!({
            "path": replaced.path,
            "published": replaced.published.to_string(),
            "replaced_by": replaced.by.map(|by| by.to_string()),
        })
    });
    let failed = imported.failed.iter().map(|(path, reason)| serde_json::json!({ "path": path, "reason": reason }));
    serde_json::json!({
        "version": JSON_VERSION,
        "recorded": imported.recorded,
        "already": imported.already,
        "deleted": imported.deleted,
        "replaced": replaced.collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(),
        "skipped": imported.skipped,
    })
}
