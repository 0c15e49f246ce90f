//! `git agentv record`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::run::formats::generic::Given;
use crate::store::{Provenance, RecordOptions, State, Store};

use super::args::{About, DocumentFormat, Record};
use super::bundles;
use super::context::Context;
use super::failure::Failure;
use super::progress::Progress;
use super::records::{JSON_VERSION, print_json};
use super::target::Target;

impl About {
    /// As the store takes it.
    pub(super) fn given(&self) -> Result<Given, Failure> {
        for tag in &self.tags {
            match tag.parse() {
                Ok(crate::run::TagEdit::Add(name)) if name == *tag => {}
                Ok(_) => return Err(Failure::usage(format!("'{tag}' cannot be a tag: it must not begin with + or -"))),
                Err(reason) => return Err(Failure::usage(reason)),
            }
        }
        for (option, value) in [("--name", &self.name), ("--experiment", &self.experiment), ("--target", &self.target)]
        {
            if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
                return Err(Failure::usage(format!("{option} must not be empty")));
            }
        }
        Ok(Given {
            name: self.name.clone(),
            experiment: self.experiment.clone(),
            target: self.target.clone(),
            started_at: None,
            tags: self.tags.clone(),
            metrics: self.metrics.iter().cloned().collect(),
        })
    }
}

pub(super) fn run(context: &mut Context, args: &Record) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let target = Target::open(&context.ui, &repo)?;
    let store = target.store();
    let provenance = match &args.commit {
        Some(revision) => Provenance::Given(repo.resolve_commit(revision)?),
        None => Provenance::Reflog,
    };
    let given = Given { started_at: args.started_at, ..args.about.given()? };
    let options = RecordOptions { given, partial: args.about.partial, provenance, source_diff: None };
    let (paths, waiting) = if args.paths.is_empty() {
        pending(&store, args)?
    } else {
        let named = args.about.name.is_some();
        (args.paths.iter().flat_map(|path| bundles::resolve(&context.path(path), named)).collect(), Vec::new())
    };
    let mut progress = Progress::new(&context.ui, "recording");
    let results = bundles::record_all(&store, &paths, &options, &mut |done| progress.set(done, paths.len()))?;
    drop(progress);
    let (mut reports, mut failures) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(report) => reports.push(report),
            Err(failure) => failures.push(failure),
        }
    }
    let mut out = context.ui.out(None);
    match args.format {
        DocumentFormat::Json => {
            print_json(&mut out, &serde_json::json!({ "version": JSON_VERSION, "recorded": reports }))?;
        }
        DocumentFormat::Text => {
            for report in &reports {
                writeln!(out, "{}", report.line())?;
            }
            if reports.is_empty() && failures.is_empty() && waiting.is_empty() {
                writeln!(out, "nothing to record: all bundles below .agentv/results are recorded")?;
            }
        }
    }
    out.finish()?;
    for report in &reports {
        report.warn(&context.ui);
    }
    for (path, reason) in &waiting {
        context.ui.warning(&format!("not recorded, it is incomplete: {} ({reason})", path.display()));
    }
    target.recorded(&context.ui, reports.iter().filter(|report| report.outcome == "recorded").count());
    // The last failure ends the command in the usual way, those before it are told here.
    let last = failures.pop();
    for failure in &failures {
        failure.report(&context.ui);
    }
    last.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// A bundle that is not complete, and what it lacks.
type Waiting = Vec<(PathBuf, String)>;

/// What is to be recorded when nobody says what: all that is not recorded, but what an eval still writes.
fn pending(store: &Store<'_>, args: &Record) -> Result<(Vec<PathBuf>, Waiting), Failure> {
    if store.source().work_dir().is_none() {
        return Err(Failure::usage("a bare repository has no .agentv/results to look in").hint("name the bundle"));
    }
    if args.about.name.is_some() || args.started_at.is_some() {
        return Err(Failure::usage("--name and --started-at are about one bundle").hint("name its PATH"));
    }
    let (mut paths, mut waiting) = (Vec::new(), Vec::new());
    for found in store.unrecorded()? {
        match found.state {
            State::Incomplete(reason) if !args.about.partial => waiting.push((found.path, reason)),
            // A broken one is refused with its reason when it is recorded.
            State::Ready | State::Incomplete(_) | State::Broken(_) => paths.push(found.path),
        }
    }
    Ok((paths, waiting))
}
