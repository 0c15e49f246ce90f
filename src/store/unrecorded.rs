//! Bundles in the working tree that are not recorded yet.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::run::{Below, BundleError, DirBundle, RunId, find_bundles, formats, look_below};

use super::record::RecordOptions;
use super::tip_tree::TipTree;
use super::{Error, Provenance, Result, Store};

/// Where eval tools put bundles, below the top of the working tree.
pub const RESULTS_DIR: &str = ".agentv/results";
/// Files that tell by size and time whether a bundle is still the one we saw.
const TELLTALES: [&str; 7] = [
    "summary.json",
    "benchmark.json",
    ".internal/index.jsonl",
    "index.jsonl",
    "run_manifest.jsonl",
    "timing.json",
    "tags.json",
];

/// A bundle that is not recorded.
#[derive(Debug)]
pub struct Found {
    /// Its directory.
    pub path: PathBuf,
    /// Whether it can be.
    pub state: State,
}

/// Whether a bundle can be recorded.
#[derive(Debug)]
pub enum State {
    /// It is complete.
    Ready,
    /// An eval is still writing it, or was interrupted; says what is missing.
    Incomplete(String),
    /// It can't be read.
    Broken(BundleError),
}

/// Which bundles are in the working tree, and what they look like from outside.
#[derive(Debug, Default)]
pub struct Snapshot(HashMap<PathBuf, String>);

impl Snapshot {
    /// Looks at the bundles in and below `dirs`. One that is seen by two ways is there once.
    #[must_use]
    pub fn take(dirs: impl IntoIterator<Item = PathBuf>) -> Self {
        let found = dirs.into_iter().flat_map(|dir| find_bundles(&dir));
        let mut seen = HashSet::new();
        let found = found.filter(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
        Self(found.map(|path| (path.clone(), signature(&path))).collect())
    }

    /// The bundles that are new or different since `before`, sorted.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Vec<PathBuf> {
        let mut changed: Vec<_> = self
            .0
            .iter()
            .filter(|(path, now)| before.0.get(*path) != Some(*now))
            .map(|(path, _)| path.clone())
            .collect();
        changed.sort();
        changed
    }
}

impl Store<'_> {
    /// Where bundles are looked for; none in a bare repository.
    #[must_use]
    pub fn results_dir(&self) -> Option<PathBuf> {
        self.source().work_dir().map(|dir| dir.join(RESULTS_DIR))
    }

    /// The bundles of this working tree that are not recorded, sorted by path.
    /// What was seen before is remembered, so that only new bundles are read.
    pub fn unrecorded(&self) -> Result<Vec<Found>> {
        let Some(dir) = self.results_dir() else { return Ok(Vec::new()) };
        self.unrecorded_of(find_bundles(&dir), None)
    }

    /// The complete bundles of this working tree that are not recorded, as far as they can be
    /// found until `deadline`. As long as nothing changed in the directories that hold bundles,
    /// none of these is looked at, however many there are.
    pub fn new_bundles(&self, deadline: Instant) -> Result<Vec<PathBuf>> {
        let Some(dir) = self.results_dir().filter(|dir| dir.is_dir()) else { return Ok(Vec::new()) };
        let memory = self.source().git_dir().join("agentv/swept");
        let swept = std::fs::read_to_string(&memory).unwrap_or_default();
        let unchanged = |line: &str| line.split_once(' ').is_some_and(|(sign, path)| sign == mark(Path::new(path)));
        if !swept.is_empty() && swept.lines().all(unchanged) {
            return Ok(Vec::new());
        }
        let Below { bundles, containers } = look_below(&dir);
        // Signed before the bundles are read: what changes meanwhile is looked at next time.
        let mut signed: Vec<_> = containers.into_iter().map(|path| (mark(&path), path)).collect();
        signed.extend(bundles.iter().map(|path| (mark(path), path.clone())));
        let recorded = bundles.len();
        let found = self.unrecorded_of(bundles, Some(deadline))?;
        let (ready, waiting): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|found| matches!(found.state, State::Ready));
        let containers = signed.len() - recorded;
        let rest = signed.split_off(containers);
        let kept = rest.into_iter().filter(|(_, path)| waiting.iter().any(|found| found.path == *path));
        signed.extend(kept);
        // A directory that changed just now may change again without its time telling.
        let settled = signed.iter().all(|(_, path)| is_settled(path) && !path.to_string_lossy().contains('\n'));
        if ready.is_empty() && settled && Instant::now() < deadline {
            let line = |(sign, path): &(String, PathBuf)| format!("{sign} {}", path.display());
            let text = signed.iter().map(line).collect::<Vec<_>>().join("\n");
            let _ = memory.parent().map(|dir| self.source().create_dir(dir));
            let _ = std::fs::write(&memory, text);
        } else if !swept.is_empty() {
            let _ = std::fs::remove_file(&memory);
        }
        Ok(ready.into_iter().map(|found| found.path).collect())
    }

    fn unrecorded_of(&self, bundles: Vec<PathBuf>, deadline: Option<Instant>) -> Result<Vec<Found>> {
        let mut tree = match self.tip()? {
            Some(tip) => TipTree::open(self.repo, &tip.tree)?,
            None => TipTree::default(),
        };
        let known = self.remembered();
        let mut found = Vec::new();
        for path in bundles {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break;
            }
            let sign = signature(&path);
            if let Some(id) = known.get(&key(&path, &sign))
                && tree.get(self.repo, id)?.is_some()
            {
                continue;
            }
            let (id, state) = self.inspect(&path)?;
            if let Some(id) = id
                && tree.get(self.repo, &id)?.is_some()
            {
                self.remember_as(&path, &sign, &id);
                continue;
            }
            // It only has a file that is called like one of a bundle.
            if matches!(state, State::Broken(BundleError::NotABundle { .. })) {
                continue;
            }
            found.push(Found { path, state });
        }
        Ok(found)
    }

    fn inspect(&self, path: &Path) -> Result<(Option<RunId>, State)> {
        let bundle = match DirBundle::load(path) {
            Ok(bundle) => bundle,
            Err(err) => return Ok((None, State::Broken(err))),
        };
        let options = RecordOptions {
            given: formats::generic::Given::default(),
            partial: false,
            provenance: Provenance::Unknown,
            source_diff: None,
        };
        match self.id_of(&bundle, &options) {
            Ok(id) => Ok((Some(id), State::Ready)),
            Err(Error::Bundle(BundleError::Incomplete { reason, .. })) => Ok((None, State::Incomplete(reason))),
            Err(Error::Bundle(err)) => Ok((None, State::Broken(err))),
            Err(err) => Err(err),
        }
    }

    /// Remembers that the bundle at `path` was recorded as the run `id`, so that
    /// it is not picked up once more under what it calls itself.
    pub fn remember(&self, path: &Path, id: &RunId) {
        self.remember_as(path, &signature(path), id);
    }

    fn memory(&self) -> PathBuf {
        self.source().git_dir().join("agentv/recorded")
    }

    fn remembered(&self) -> HashMap<String, RunId> {
        let text = std::fs::read_to_string(self.memory()).unwrap_or_default();
        let line = |line: &str| {
            let (id, key) = line.split_once(' ')?;
            Some((key.to_owned(), id.parse().ok()?))
        };
        text.lines().filter_map(line).collect()
    }

    /// Only a cache: a line more or less costs or saves reading a bundle again.
    fn remember_as(&self, path: &Path, signature: &str, id: &RunId) {
        use std::io::Write as _;
        let key = key(path, signature);
        if key.contains('\n') {
            return;
        }
        let memory = self.memory();
        let _ = memory.parent().map(|dir| self.source().create_dir(dir));
        if let Ok(mut file) = std::fs::File::options().create(true).append(true).open(&memory) {
            let _ = file.write_all(format!("{id} {key}\n").as_bytes());
            self.source().share(&memory);
        }
    }
}

fn key(path: &Path, signature: &str) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    format!("{signature} {}", path.display())
}

/// What a directory looks like from outside, without a space.
fn mark(path: &Path) -> String {
    format!("{}/{}", modified(path).map_or(0, |time| time.as_nanos()), signature(path))
}

pub(super) fn modified(path: &Path) -> Option<Duration> {
    path.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()
}

/// Whether a directory has not changed for a while: file systems count time in steps of up to two seconds.
fn is_settled(path: &Path) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    modified(path).zip(now).is_some_and(|(then, now)| then + Duration::from_secs(2) < now)
}

/// Size and time of the files that an eval writes last.
pub(super) fn signature(path: &Path) -> String {
    let mut text = String::new();
    for name in TELLTALES {
        let Ok(meta) = path.join(name).metadata() else { continue };
        let modified = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let _ = write!(text, "{}:{}/", meta.len(), modified.map_or(0, |time| time.as_nanos()));
    }
    text
}
