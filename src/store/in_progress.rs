//! Evals that are running: bundles in the working tree that are not complete yet, and grow.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::run::{Below, Counts, DirBundle, formats, look_below};

use super::record::{self, RecordOptions};
use super::unrecorded::{modified, signature};
use super::{Provenance, Store};

/// A bundle that nothing was written to for so long is not of a running eval.
const ABANDONED: Duration = Duration::from_secs(30 * 60);

/// An eval that is running.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct InProgress {
    /// Its bundle, as a path below `.agentv/results`.
    pub path: String,
    /// What is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// The agents under test, as far as they are known.
    pub targets: Vec<String>,
    /// The cases that are done.
    pub counts: Counts,
    /// What is missing, in words.
    pub missing: String,
}

/// What was seen when somebody last looked: only what changed since is looked at.
#[derive(Debug, Default)]
pub struct Lookout {
    /// The directories in which bundles would appear, and when each of them was changed.
    containers: Vec<(PathBuf, Option<Duration>)>,
    bundles: Vec<PathBuf>,
    /// What each bundle that was lately written to looked like, and what it was.
    seen: HashMap<PathBuf, (String, Option<InProgress>)>,
}

impl Store<'_> {
    /// The evals that are running in this working tree, by path. What is broken is none.
    pub fn in_progress(&self, lookout: &mut Lookout) -> Vec<InProgress> {
        let Some(dir) = self.results_dir() else { return Vec::new() };
        let unchanged = |(path, then): &(PathBuf, Option<Duration>)| modified(path) == *then;
        if lookout.containers.is_empty() || !lookout.containers.iter().all(unchanged) {
            // A directory that changes while it is read is read again next time.
            let Below { bundles, containers } = look_below(&dir);
            lookout.containers =
                containers.into_iter().map(|path| (modified(&path), path)).map(|(at, path)| (path, at)).collect();
            lookout.bundles = bundles;
        }
        let mut found = Vec::new();
        let mut seen = HashMap::new();
        for path in lookout.bundles.iter().filter(|path| is_recent(path)) {
            let sign = signature(path);
            let known = lookout.seen.remove(path).filter(|(then, _)| *then == sign);
            let (sign, state) = known.unwrap_or_else(|| (sign, look(&dir, path)));
            found.extend(state.clone());
            seen.insert(path.clone(), (sign, state));
        }
        lookout.seen = seen;
        found
    }
}

/// Whether an eval may still be writing to a bundle.
fn is_recent(path: &Path) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let inside = ["", ".internal", ".internal/index.jsonl", "index.jsonl", "run_manifest.jsonl"];
    let last = inside.iter().filter_map(|name| modified(&path.join(name))).max();
    last.is_some_and(|last| last + ABANDONED > now)
}

fn look(dir: &Path, path: &Path) -> Option<InProgress> {
    let bundle = DirBundle::load(path).ok()?;
    let options = RecordOptions {
        given: formats::generic::Given::default(),
        partial: true,
        provenance: Provenance::Unknown,
        source_diff: None,
    };
    let reading = record::read(&bundle.name, &bundle, &options).ok()?;
    Some(InProgress {
        path: path.strip_prefix(dir).unwrap_or(path).to_string_lossy().replace('\\', "/"),
        missing: reading.facts.incomplete.clone()?,
        experiment: reading.facts.experiment,
        targets: reading.facts.targets,
        counts: reading.numbers.counts,
    })
}
