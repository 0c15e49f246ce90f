//! `git agentv record`

use std::io::Write;
use std::process::ExitCode;

use crate::run::formats::generic::Given;
use crate::store::{Provenance, RecordOptions, State};

use super::args::{About, DocumentFormat, Record};
use super::bundles::{self, Report};
use super::context::{Context, store};
use super::failure::{FATAL, Failure};
use super::records::{JSON_VERSION, print_json};

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

pub(super) fn run(context: &mut Context, args: Record) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let store = store(&repo);
    let provenance = match &args.commit {
        Some(revision) => Provenance::Given(repo.resolve_commit(revision)?),
        None => Provenance::Reflog,
    };
    let given = Given { started_at: args.started_at, ..args.about.given()? };
    let options = RecordOptions { given, partial: args.about.partial, provenance, source_diff: None };
    let mut reports = Vec::new();
    let mut failures = Vec::new();
    let mut waiting = Vec::new();
    if args.paths.is_empty() {
        if repo.work_dir().is_none() {
            return Err(Failure::usage("a bare repository has no .agentv/results to look in").hint("name the bundle"));
        }
        if args.about.name.is_some() {
            return Err(Failure::usage("--name needs the PATH that it names"));
        }
        for found in store.unrecorded()? {
            match found.state {
                State::Incomplete(reason) if !args.about.partial => waiting.push((found.path, reason)),
                State::Ready(_) | State::Incomplete(_) => {
                    keep(bundles::record(&store, &found.path, &options), &mut reports, &mut failures)
                }
                State::Broken(_) => keep(bundles::record(&store, &found.path, &options), &mut reports, &mut failures),
            }
        }
    }
    for path in &args.paths {
        match bundles::resolve(&context.path(path), args.about.name.is_some()) {
            Ok(found) => {
                for path in found {
                    keep(bundles::record(&store, &path, &options), &mut reports, &mut failures);
                }
            }
            Err(err) => failures.push(err.into()),
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
    // The last failure ends the command in the usual way, those before it are told here.
    let last = failures.pop();
    for failure in &failures {
        failure.report(&context.ui);
    }
    match last {
        Some(failure) => Err(Failure { code: failure.code.max(if reports.is_empty() { 0 } else { FATAL }), ..failure }),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn keep(result: Result<Report, Failure>, reports: &mut Vec<Report>, failures: &mut Vec<Failure>) {
    match result {
        Ok(report) => reports.push(report),
        Err(failure) => failures.push(failure),
    }
}
