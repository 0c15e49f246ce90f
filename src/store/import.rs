//! Importing the runs of upstream's results branch. Its trees are taken as
//! they are: no file is read that the run's numbers do not need, none is written again.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::git::{CommitInfo, Entry, EntryKind, Kind, ObjectSink, Oid, PackWriter, Repo, Tree};
use crate::run::{Row, formats, is_valid_name};

use super::draft::Storage;
use super::files::TreeFiles;
use super::message;
use super::record::{self, RecordOptions};
use super::snapshot::Artifacts;
use super::{Error, Outcome, Provenance, Result, Store};

/// How deep bundles are looked for: `.agentv/results/runs/<experiment>/<time>/<target>/<variant>`.
pub(super) const MAX_DEPTH: usize = 8;
/// Top directories that hold no bundles.
pub(super) const RESERVED: [&[u8]; 4] = [b".indexes", b".cache", b"metadata", b"export"];
/// The files of a bundle that readers want to see.
pub(super) const READ_BY_READERS: [&str; 6] =
    [".internal/index.jsonl", "index.jsonl", "run_manifest.jsonl", "summary.json", "benchmark.json", "tags.json"];

/// How to import.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// Also import bundles that a later commit replaced or removed.
    pub all_versions: bool,
    /// Also import incomplete and broken bundles.
    pub partial: bool,
}

/// What an import did.
#[derive(Debug, Default)]
pub struct Imported {
    /// The new runs, oldest first.
    pub recorded: Vec<Row>,
    /// How many were there already.
    pub already: usize,
    /// How many were there once and were deleted.
    pub deleted: usize,
    /// Bundles whose place was taken by a later one.
    pub replaced: Vec<Replaced>,
    /// Bundles that could not be imported, and why.
    pub failed: Vec<(String, String)>,
    /// Entries that were left out, by bundle: symlinks, submodules and names that git refuses.
    pub skipped: Vec<String>,
}

/// A bundle that is no longer at the tip of the branch.
#[derive(Debug, Clone)]
pub struct Replaced {
    /// Its path on the branch.
    pub path: String,
    /// The commit that published it.
    pub published: Oid,
    /// The commit whose bundle is there now; none if it was removed.
    pub by: Option<Oid>,
}

/// A bundle as one commit of the branch published it.
struct Version {
    path: String,
    tree: Oid,
    commit: Oid,
    committed: i64,
}

impl Store<'_> {
    /// Imports the bundles of the branch whose tip is the commit `tip`; each
    /// gets the date of the commit that published it. `name` is the branch as
    /// the user named it. `progress` is told how many of how many are read.
    pub fn import(
        &self,
        tip: &Oid,
        name: &str,
        options: ImportOptions,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Imported> {
        let tip = self.repo.commit(tip)?;
        if message::op(&tip).is_some() {
            // Our own format, whose bundles are all called `artifacts`: imported they would be other runs.
            return Err(Error::NothingToImport(name.to_owned()));
        }
        let mut imported = Imported::default();
        let versions = self.current(self.versions(&tip)?, &tip, options, &mut imported)?;
        if versions.is_empty() {
            return Err(Error::NothingToImport(name.to_owned()));
        }
        self.prefetch(&versions)?;
        let (mut ready, top) = (Vec::new(), self.repo.tree(&tip.tree)?);
        for (done, version) in versions.iter().enumerate() {
            progress(done, versions.len());
            match self.prepare(version, &top, options, &mut imported.skipped) {
                Ok(run) => ready.push((version, run)),
                Err(Error::Bundle(err)) => imported.failed.push((version.path.clone(), err.to_string())),
                Err(err) => return Err(err),
            }
        }
        progress(versions.len(), versions.len());
        let (recorded, already, deleted) = self.transact(None, Storage::Bulk, |draft| {
            let (mut recorded, mut already, mut deleted) = (Vec::new(), 0, 0);
            for (version, (manifest, artifacts)) in &ready {
                match self.place(draft, manifest, artifacts, None, Some(version.committed))? {
                    (Outcome::Recorded, row) => recorded.push(row),
                    (Outcome::Already, _) => already += 1,
                    (Outcome::Deleted, _) => deleted += 1,
                }
            }
            Ok((recorded, already, deleted))
        })?;
        Ok(Imported { recorded, already, deleted, ..imported })
    }

    /// All bundles that the branch ever held, oldest first.
    fn versions(&self, tip: &CommitInfo) -> Result<Vec<Version>> {
        let mut commits = self.repo.log(&tip.id)?.collect::<crate::git::Result<Vec<_>>>()?;
        commits.reverse();
        let trees: HashMap<Oid, Oid> = commits.iter().map(|commit| (commit.id, commit.tree)).collect();
        let (mut versions, mut seen) = (Vec::new(), HashSet::new());
        for commit in &commits {
            let before = commit.parents.first().and_then(|parent| trees.get(parent));
            let mut changed = Vec::new();
            changed_bundles(self.repo, before, &commit.tree, &mut String::new(), 0, &mut changed)?;
            for (path, tree) in changed {
                if seen.insert((path.clone(), tree)) {
                    versions.push(Version { path, tree, commit: commit.id, committed: commit.committed });
                }
            }
        }
        Ok(versions)
    }

    /// The versions to import; the others are told in `imported.replaced`.
    fn current(
        &self,
        versions: Vec<Version>,
        tip: &CommitInfo,
        options: ImportOptions,
        imported: &mut Imported,
    ) -> Result<Vec<Version>> {
        let root = self.repo.tree(&tip.tree)?;
        let last: HashMap<String, (Oid, Oid)> =
            versions.iter().map(|version| (version.path.clone(), (version.tree, version.commit))).collect();
        let mut current = Vec::new();
        for version in versions {
            let now = at_path(self.repo, &root, &version.path)?;
            if now == Some(version.tree) {
                current.push(version);
                continue;
            }
            imported.replaced.push(Replaced {
                path: version.path.clone(),
                published: version.commit,
                by: now.and_then(|tree| {
                    last.get(&version.path).filter(|(last, _)| *last == tree).map(|(_, commit)| *commit)
                }),
            });
            if options.all_versions {
                current.push(version);
            }
        }
        Ok(current)
    }

    /// In a blobless clone: what the readers will ask for, in one fetch.
    fn prefetch(&self, versions: &[Version]) -> Result<()> {
        let mut needed = Vec::new();
        for version in versions {
            let root = self.repo.tree(&version.tree)?;
            for path in READ_BY_READERS {
                needed.extend(at_path(self.repo, &root, path)?);
            }
        }
        Ok(self.repo.ensure_present(&needed)?)
    }

    fn prepare(
        &self,
        version: &Version,
        top: &Tree,
        options: ImportOptions,
        skipped: &mut Vec<String>,
    ) -> Result<(crate::run::Manifest, Oid)> {
        let mut tree = version.tree;
        let left_out = unstorable(self.repo, &self.repo.tree(&tree)?)?;
        if left_out > 0 {
            skipped.push(format!("{}: {left_out}", version.path));
            let mut pack = PackWriter::new(self.repo)?;
            tree = storable(self.repo, &mut pack, &tree)?;
            pack.finish()?;
        }
        let files = TreeFiles::open(self.repo, &tree, &[])?;
        let record = RecordOptions {
            given: formats::generic::Given::default(),
            partial: options.partial,
            provenance: Provenance::Unknown,
            source_diff: None,
        };
        let name = version.path.rsplit('/').next().unwrap_or_default();
        let mut reading = record::read(name, &files, &record).map_err(|err| match err {
            Error::Bundle(err) => files.explain(err),
            err => err,
        })?;
        reading.facts.add_tags(self.old_tags(top, &version.path)?);
        reading.facts.started_at = reading.facts.started_at.or_else(|| Timestamp::from_second(version.committed).ok());
        let sizes: Option<Vec<u64>> = files.files().values().map(|file| self.repo.size_if_here(&file.id)).collect();
        let artifacts = Artifacts {
            tree,
            count: files.files().len() as u64,
            bytes: sizes.map(|sizes| sizes.iter().sum()),
            split: Vec::new(),
        };
        let manifest = self.manifest(&reading, &artifacts, crate::run::Source::default())?;
        Ok((manifest, tree))
    }

    /// Tags that the first layouts kept beside the bundles: `metadata/<bundle>/tags.json` below the branch's tree `top`.
    pub(super) fn old_tags(&self, top: &Tree, path: &str) -> Result<Vec<String>> {
        let Some(blob) = at_path(self.repo, top, &format!("metadata/{path}/tags.json"))? else {
            return Ok(Vec::new());
        };
        let value: serde_json::Value = serde_json::from_slice(&self.repo.read(&blob, Kind::Blob)?).unwrap_or_default();
        let names = value.get("tags").unwrap_or(&value).as_array().cloned().unwrap_or_default();
        Ok(names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
    }
}

/// The bundles below `new` that are not the same below `old`.
fn changed_bundles(
    repo: &Repo,
    old: Option<&Oid>,
    new: &Oid,
    prefix: &mut String,
    depth: usize,
    found: &mut Vec<(String, Oid)>,
) -> Result<()> {
    let before = old.map(|id| repo.tree(id)).transpose()?.unwrap_or_default();
    for entry in repo.tree(new)?.entries().iter().filter(|entry| entry.kind == EntryKind::Dir) {
        let was = before.get(&entry.name).filter(|was| was.kind == EntryKind::Dir).map(|was| was.id);
        let reserved = depth == 0 && RESERVED.contains(&entry.name.as_slice());
        if was == Some(entry.id) || reserved {
            continue;
        }
        let length = prefix.len();
        prefix.push_str(&String::from_utf8_lossy(&entry.name));
        let tree = repo.tree(&entry.id)?;
        if formats::is_root(&|path| at_path(repo, &tree, path).is_ok_and(|found| found.is_some())) {
            found.push((prefix.clone(), entry.id));
        } else if depth < MAX_DEPTH {
            prefix.push('/');
            changed_bundles(repo, was.as_ref(), &entry.id, prefix, depth + 1, found)?;
        }
        prefix.truncate(length);
    }
    Ok(())
}

/// The object at a path below a tree.
pub(super) fn at_path(repo: &Repo, root: &Tree, path: &str) -> Result<Option<Oid>> {
    let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (root.get(first.as_bytes()), rest) {
        (Some(entry), None) => Ok(Some(entry.id)),
        (Some(entry), Some(rest)) if entry.kind == EntryKind::Dir => at_path(repo, &repo.tree(&entry.id)?, rest),
        _ => Ok(None),
    }
}

/// How many entries below a tree a run may not hold: symlinks, submodules, names that git refuses.
pub(super) fn unstorable(repo: &Repo, tree: &Tree) -> Result<usize> {
    let mut count = 0;
    for entry in tree.entries() {
        if !is_storable(entry) {
            count += 1;
        } else if entry.kind == EntryKind::Dir {
            count += unstorable(repo, &repo.tree(&entry.id)?)?;
        }
    }
    Ok(count)
}

/// Stores the tree without what a run may not hold.
pub(super) fn storable(repo: &Repo, sink: &mut dyn ObjectSink, id: &Oid) -> Result<Oid> {
    let mut clean = Tree::default();
    for entry in repo.tree(id)?.entries().iter().filter(|entry| is_storable(entry)) {
        let target = if entry.kind == EntryKind::Dir { storable(repo, sink, &entry.id)? } else { entry.id };
        clean.insert(&entry.name, entry.kind, target);
    }
    Ok(sink.put(Kind::Tree, &clean.encode())?)
}

fn is_storable(entry: &Entry) -> bool {
    !matches!(entry.kind, EntryKind::Other(_)) && is_valid_name(&entry.name)
}
