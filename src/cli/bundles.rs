//! From paths of the command line to recorded runs. Shared by `record`, `run` and `agentv eval`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::hooks::pending;
use crate::run::{BundleError, DirBundle, How, Row, find_bundles};
use crate::store::{self, BulkItem, Outcome, RecordOptions, Recorded, Store};

use super::failure::Failure;
use super::human::plural;
use super::output::{Ui, sanitize};

/// What became of one path.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The bundle's directory.
    pub(super) path: String,
    /// `recorded`, `already recorded`, `deleted`.
    pub(super) outcome: &'static str,
    /// The run's row.
    pub(super) row: Row,
    /// How the source commit is known.
    pub(super) source: crate::run::Source,
    /// What was not stored: `path: why`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) skipped: Vec<String>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) broken: Vec<String>,
}

/// Names of files by which people name their bundle.
const INSIDE: [&str; 4] = ["summary.json", "benchmark.json", "index.jsonl", "run_manifest.jsonl"];
/// How many skipped files a warning names.
const NAMED: usize = 5;

/// The bundles that `path` means: itself, the one it is in, or those below it.
/// With `named` a directory in no known format will do.
pub(super) fn resolve(path: &Path, named: bool) -> Vec<PathBuf> {
    if path.is_file() && path.file_name().is_some_and(|name| INSIDE.iter().any(|known| name == *known)) {
        let parent = path.parent().unwrap_or(path);
        let inside = parent.file_name().is_some_and(|name| name == ".internal");
        let root = if inside { parent.parent().unwrap_or(parent) } else { parent };
        return vec![root.to_owned()];
    }
    let found = if path.is_dir() { find_bundles(path) } else { Vec::new() };
    if found.is_empty() || named {
        // Loading it will tell best what it is.
        return vec![path.to_owned()];
    }
    found
}

/// From this many bundles on they go into one pack, and the ref is moved once.
const BULK: usize = 8;

/// Records bundles; each has a result of its own. `progress` is told how many are done.
pub(super) fn record_all(
    store: &Store<'_>,
    paths: &[PathBuf],
    options: &RecordOptions,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Result<Report, Failure>>, Failure> {
    if paths.len() < BULK {
        let one = |(done, path): (usize, &PathBuf)| {
            progress(done);
            record(store, path, options)
        };
        return Ok(paths.iter().enumerate().map(one).collect());
    }
    let mut at = 0;
    let next = |again: bool| {
        at = if again { 0 } else { at };
        progress(at);
        let bundle = DirBundle::load(paths.get(at)?);
        at += 1;
        Some(bundle.map(|bundle| BulkItem { bundle, committed: None }))
    };
    let mut results = Vec::new();
    store.record_bulk(options, next, |result| results.push(result))?;
    Ok(results.into_iter().zip(paths).map(|(result, path)| report(store, path, result)).collect())
}

/// Records one bundle.
pub(super) fn record(store: &Store<'_>, path: &Path, options: &RecordOptions) -> Result<Report, Failure> {
    let started = store.start()?;
    let bundle = DirBundle::load(path).map_err(store::Error::from);
    let result = bundle.and_then(|bundle| store.record(started, &bundle, options));
    report(store, path, result)
}

fn report(store: &Store<'_>, path: &Path, result: Result<Recorded, store::Error>) -> Result<Report, Failure> {
    let recorded = result.map_err(|err| explain(path, err))?;
    store.remember(path, &recorded.row.id);
    if recorded.outcome == Outcome::Recorded {
        // The run is safe; a link that the next commit lacks can be made later.
        if let Err(err) = pending::note(store, &recorded.row.id, recorded.source.commit.as_deref()) {
            tracing::warn!(%err, "not noted for the next commit");
        }
    }
    Ok(Report::new(path, recorded))
}

/// A reader knows the bundle by its last name only; the user typed more.
fn explain(path: &Path, err: store::Error) -> Failure {
    let shown = path.display().to_string();
    let store::Error::Bundle(err) = err else { return err.into() };
    Failure::from(match err {
        BundleError::Incomplete { reason, .. } => BundleError::Incomplete { path: shown, reason },
        BundleError::NotABundle { reason, .. } => BundleError::NotABundle { path: shown, reason },
        BundleError::Malformed { path: file, line, column, reason } => {
            let path = path.join(file).display().to_string();
            BundleError::Malformed { path, line, column, reason }
        }
        err => err,
    })
}

impl Report {
    fn new(path: &Path, recorded: Recorded) -> Self {
        let outcome = match recorded.outcome {
            Outcome::Recorded => "recorded",
            Outcome::Already => "already recorded",
            Outcome::Deleted => "deleted",
        };
        Self {
            path: path.display().to_string(),
            outcome,
            row: recorded.row,
            source: recorded.source,
            skipped: recorded.skipped.iter().map(|skipped| format!("{}: {}", skipped.path, skipped.why)).collect(),
            broken: recorded.broken,
        }
    }

    /// One line for people.
    pub(super) fn line(&self) -> String {
        let word = if self.outcome == "deleted" { "deleted before" } else { self.outcome };
        let source = match (&self.source.commit, self.outcome) {
            (Some(commit), "recorded") => format!("  [{}{}]", &commit[..10.min(commit.len())], self.dirty()),
            (None, "recorded") => "  [source commit unknown]".into(),
            _ => String::new(),
        };
        format!("{word} {}  {}{source}", self.row.id, sanitize(&self.row.headline()))
    }

    fn dirty(&self) -> &'static str {
        if self.source.dirty == Some(true) && self.source.how == How::Observed { ", changed" } else { "" }
    }

    /// Says what was left out.
    pub(super) fn warn(&self, ui: &Ui) {
        if !self.skipped.is_empty() {
            let mut names = self.skipped.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            if self.skipped.len() > NAMED {
                names.push_str(", …");
            }
            ui.warning(&format!("{} of {} not stored: {names}", plural(self.skipped.len(), "file"), self.path));
        }
        for broken in &self.broken {
            ui.warning(&format!("left out of the numbers: {broken}"));
        }
        if self.outcome == "deleted" {
            ui.hint(&format!("'git agentv restore {}' brings it back", self.row.id));
        }
    }
}
