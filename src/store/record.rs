//! Recording a bundle as a run.

use jiff::Timestamp;

use crate::git::{EntryKind, Kind, ObjectSink, Oid, PackWriter, RefMove, Repo, Signature, Tree};
use crate::run::formats::generic::{Given, Numbers};
use crate::run::{
    BundleError, DirBundle, Facts, FilesDigest, Host, MANIFEST_SCHEMA, Manifest, Overlay, Row, RunId, Skipped, Source,
    Tally, canonical, format_time, formats,
};

use super::draft::{Change, Draft, Storage};
use super::message::Op;
use super::provenance::{self, Provenance};
use super::run_files::{ARTIFACTS, MANIFEST, SOURCE_DIFF};
use super::snapshot::{self, Artifacts};
use super::{DEFAULT_MAX_BLOB, Error, Result, Store, StoredRun};

/// Bundles of more files than this, or more bytes, do not fit the memory that a small pack takes.
const MANY_FILES: usize = 5000;
const MANY_BYTES: u64 = 64 << 20;

/// How to record a bundle.
#[derive(Debug, Clone)]
pub struct RecordOptions {
    /// What the user says about the run.
    pub given: Given,
    /// Also record an incomplete or broken bundle.
    pub partial: bool,
    /// Where to take the source commit from.
    pub provenance: Provenance,
    /// Uncommitted changes of the evaluated code, to be kept with the run.
    pub source_diff: Option<Vec<u8>>,
}

/// What became of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is a new run.
    Recorded,
    /// The run was there already; nothing was changed.
    Already,
    /// The run was there once and was deleted; nothing was changed.
    Deleted,
}

/// A bundle that was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Whether it is new.
    pub outcome: Outcome,
    /// The run's row.
    pub row: Row,
    /// How its source commit is known.
    pub source: Source,
    /// What of the bundle was not stored.
    pub skipped: Vec<Skipped>,
    /// What of the bundle could not be read; only with `partial`.
    pub broken: Vec<String>,
}

/// What a reader found, and what was given by hand.
pub(super) struct Reading {
    pub(super) facts: Facts,
    pub(super) numbers: Numbers,
}

impl Store<'_> {
    /// Starts the git that will move the ref, for [`Store::record`]: a process takes
    /// as long to start as the bundle takes to be read.
    pub fn start(&self) -> Result<RefMove> {
        self.repo.ensure_git()?;
        Ok(self.repo.start_ref_move(self.name, "agentv: record")?)
    }

    /// Records a bundle. Recording it again changes nothing.
    pub fn record(&self, started: RefMove, bundle: &DirBundle, options: &RecordOptions) -> Result<Recorded> {
        let mut storage = Storage::for_run(self.repo);
        let reading = read(&bundle.name, bundle, options)?;
        let max_blob = max_blob(self.source())?;
        let many = bundle.files.len() > MANY_FILES || bundle.bytes() > MANY_BYTES;
        let (artifacts, keep) = match &mut storage {
            Storage::Small(pack) if !many => (snapshot::store(pack.as_mut(), bundle, max_blob)?, None),
            Storage::Small(_) | Storage::Bulk => {
                let mut pack = PackWriter::new(self.repo)?;
                (snapshot::store(&mut pack, bundle, max_blob)?, pack.finish()?)
            }
        };
        let source = provenance::source(self, &options.provenance, reading.facts.started_at)?;
        let manifest = self.manifest(&reading, &artifacts, source)?;
        let (outcome, row) = self.transact(Some(started), storage, |draft| {
            self.place(draft, &manifest, &artifacts.tree, options.source_diff.as_deref(), None)
        })?;
        drop(keep);
        let source = manifest.source;
        Ok(Recorded { outcome, row, source, skipped: bundle.skipped.clone(), broken: reading.facts.broken })
    }

    /// Puts a run in its place and makes its commit, unless it is there.
    /// `committed` is the earliest commit date; now if not given.
    pub(super) fn place(
        &self,
        draft: &mut Draft<'_>,
        manifest: &Manifest,
        artifacts: &Oid,
        source_diff: Option<&[u8]>,
        committed: Option<i64>,
    ) -> Result<(Outcome, Row)> {
        if let Some(row) = draft.committed(&manifest.id) {
            return Ok((Outcome::Already, row));
        }
        if let Some(tree) = draft.run(&manifest.id)? {
            return self.existing(&tree);
        }
        let run = run_tree(draft.sink(), manifest, artifacts, source_diff)?;
        let row = Row::new(manifest, &Overlay::default(), run.to_string());
        let author = self.author_at(manifest.started_at.as_deref().and_then(|time| time.parse().ok()))?;
        let subject = format!("run {}: {}", row.id, row.headline());
        draft.commit(&Change { subject: &subject, op: Op::Record, row: &row, run, author: &author, committed })?;
        Ok((Outcome::Recorded, row))
    }

    /// The id that a bundle would get, without storing anything.
    pub fn id_of(&self, bundle: &DirBundle, options: &RecordOptions) -> Result<RunId> {
        let reading = read(&bundle.name, bundle, options)?;
        let max_blob = max_blob(self.source())?;
        let artifacts = snapshot::store(&mut Hasher(self), bundle, max_blob)?;
        Ok(RunId::new(&reading.facts.run_id, reading.facts.started_at, &artifacts.tree.to_string()))
    }

    /// The row of a run that is there.
    fn existing(&self, tree: &Oid) -> Result<(Outcome, Row)> {
        let run = StoredRun::open(self.repo, tree)?;
        let row = run.row();
        let outcome = if run.is_deleted() { Outcome::Deleted } else { Outcome::Already };
        Ok((outcome, row))
    }

    /// The user, at the time when the run began.
    pub(super) fn author_at(&self, started: Option<Timestamp>) -> Result<Signature> {
        let author = self.source().author()?;
        // Before 1970 is a broken clock, and git can't write it.
        Ok(match started.map(Timestamp::as_second).filter(|&seconds| seconds >= 0) {
            Some(seconds) => Signature { seconds, zone: "+0000".into(), ..author },
            None => author,
        })
    }

    pub(super) fn manifest(&self, reading: &Reading, artifacts: &Artifacts, source: Source) -> Result<Manifest> {
        let now = Timestamp::from_second(self.source().committer()?.seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(self.manifest_at(reading, artifacts, source, now))
    }

    /// The manifest of a run that is recorded at `now`.
    pub(super) fn manifest_at(
        &self,
        reading: &Reading,
        artifacts: &Artifacts,
        source: Source,
        now: Timestamp,
    ) -> Manifest {
        let Reading { facts, numbers } = reading;
        let wall =
            facts.started_at.zip(facts.finished_at).map(|(start, end)| end.as_millisecond() - start.as_millisecond());
        // A bundle that names one moment only says nothing about how long it took.
        let wall = wall.and_then(|ms| u64::try_from(ms).ok()).filter(|&ms| ms > 0);
        let several = facts.targets.len() > 1;
        Manifest {
            schema: MANIFEST_SCHEMA.into(),
            id: RunId::new(&facts.run_id, facts.started_at, &artifacts.tree.to_string()),
            run_id: facts.run_id.clone(),
            format: facts.format.clone(),
            started_at: facts.started_at.map(format_time),
            finished_at: facts.finished_at.map(format_time),
            recorded_at: format_time(now),
            experiment: facts.experiment.clone(),
            target: (!facts.targets.is_empty()).then(|| facts.targets.join(", ")),
            targets: if several { facts.targets.clone() } else { Vec::new() },
            tags: facts.tags.clone(),
            counts: numbers.counts,
            scores: numbers.scores.clone(),
            tokens: numbers.tokens,
            cost_usd: numbers.cost_usd,
            duration_ms: wall.or(numbers.duration_ms),
            source,
            host: Host {
                os: Some(std::env::consts::OS.into()),
                arch: Some(std::env::consts::ARCH.into()),
                tool: Some(concat!("git-agentv ", env!("CARGO_PKG_VERSION")).into()),
            },
            files: FilesDigest {
                count: artifacts.count,
                bytes: artifacts.bytes,
                digest: format!("{}:{}", self.repo.object_format(), artifacts.tree),
                split: artifacts.split.clone(),
            },
            partial: facts.incomplete.is_some() || !facts.broken.is_empty(),
            extra: serde_json::Map::new(),
        }
    }
}

/// Files above this many bytes are stored in parts.
pub(super) fn max_blob(repo: &Repo) -> Result<u64> {
    match repo.setting_u64("agentv.maxBlobSize")? {
        Some(0) => Err(Error::BadValue("agentv.maxBlobSize must not be 0".into())),
        set => Ok(set.unwrap_or(DEFAULT_MAX_BLOB)),
    }
}

/// Reads a bundle with whatever reader knows it, and sums up its cases.
pub(super) fn read(name: &str, files: &dyn crate::run::Files, options: &RecordOptions) -> Result<Reading> {
    let mut tally = Tally::default();
    let known = if let Some(format) = formats::detect(files) {
        format.read(name, files, options.partial, &mut |case| tally.add(&case))
    } else {
        let reason = "no reader knows the files in it".into();
        Err(BundleError::NotABundle { path: name.into(), reason })
    };
    let mut facts = match known {
        // Whoever names it says that it is a run.
        Err(BundleError::NotABundle { .. }) if options.given.name.is_some() => formats::generic::facts(name),
        known => known?,
    };
    if let Some(reason) = facts.incomplete.clone().filter(|_| !options.partial) {
        return Err(BundleError::Incomplete { path: name.into(), reason }.into());
    }
    options.given.correct(&mut facts);
    let mut numbers = Numbers {
        counts: tally.counts(),
        scores: tally.scores(),
        tokens: tally.tokens(),
        cost_usd: tally.cost_usd(),
        duration_ms: tally.duration_ms(),
    };
    options.given.fill(&mut numbers).map_err(Error::BadValue)?;
    Ok(Reading { facts, numbers })
}

/// Stores the directory of a run.
fn run_tree(sink: &mut dyn ObjectSink, manifest: &Manifest, artifacts: &Oid, diff: Option<&[u8]>) -> Result<Oid> {
    let mut tree = Tree::default();
    tree.insert(MANIFEST.as_bytes(), EntryKind::File, sink.put(Kind::Blob, canonical(manifest).as_bytes())?);
    tree.insert(ARTIFACTS.as_bytes(), EntryKind::Dir, *artifacts);
    if let Some(diff) = diff.filter(|diff| !diff.is_empty()) {
        tree.insert(SOURCE_DIFF.as_bytes(), EntryKind::File, sink.put(Kind::Blob, diff)?);
    }
    Ok(sink.put(Kind::Tree, &tree.encode())?)
}

/// Finds out ids and stores nothing.
pub(super) struct Hasher<'a, 'r>(pub(super) &'a Store<'r>);

impl ObjectSink for Hasher<'_, '_> {
    fn put(&mut self, kind: Kind, data: &[u8]) -> crate::git::Result<Oid> {
        self.0.repo.hash(kind, data)
    }
}
