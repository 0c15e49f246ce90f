//! The rows of a branch that upstream's tools wrote, from its tree: what an import of the branch would record.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;

use crate::git::{CommitInfo, ConfigScope, EntryKind, Oid, Repo, Tree};
use crate::run::{Overlay, Row, Source, formats};

use super::LeftOut;
use crate::store::import::{MAX_DEPTH, READ_BY_READERS, RESERVED, at_path, storable, unstorable};
use crate::store::index_files::Indexed;
use crate::store::lazy_files::LazyFiles;
use crate::store::record::{self, Hasher, Reading, RecordOptions};
use crate::store::snapshot::Artifacts;
use crate::store::{Error, Provenance, Result, Store};

/// Directories are read by so many threads, once there are enough of them.
const THREADS: usize = 2;
const ENOUGH: usize = 256;
/// Directories that a thread takes at once.
const BATCH: usize = 64;

/// A directory that is, or holds, bundles.
struct Dir {
    path: String,
    tree: Oid,
}

/// What was found in some directories.
#[derive(Default)]
struct Found {
    rows: Vec<Indexed>,
    left_out: Vec<LeftOut>,
    /// Bundles that do not say when they began.
    undated: Vec<(Dir, Reading)>,
    /// Directories in those that are no bundles.
    inside: Vec<Dir>,
}

impl Found {
    fn add(&mut self, mut other: Self) {
        self.rows.append(&mut other.rows);
        self.left_out.append(&mut other.left_out);
        self.undated.append(&mut other.undated);
        self.inside.append(&mut other.inside);
    }
}

impl Store<'_> {
    /// The rows of all bundles in the tree `root` of `tip`.
    pub(super) fn rows_of_bundles(
        &self,
        tip: &CommitInfo,
        root: &Tree,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(Vec<Indexed>, Vec<LeftOut>)> {
        let mut found = Found { inside: directories("", root), ..Found::default() };
        found.inside.retain(|dir| !RESERVED.contains(&dir.path.as_bytes()));
        for _ in 0..=MAX_DEPTH {
            let level = std::mem::take(&mut found.inside);
            self.fetch_documents(root, &level)?;
            found.add(self.look_into(level, root, progress)?);
        }
        let published = self.published(tip, &found.undated)?;
        for (bundle, mut reading) in found.undated {
            reading.facts.started_at = published.get(&bundle.path).and_then(|&date| Timestamp::from_second(date).ok());
            let root = self.repo().tree(&bundle.tree)?;
            found.rows.push(self.row_of_bundle(&bundle, &root, &reading)?);
        }
        // The same bundle at two paths is one run.
        let mut seen = HashSet::new();
        found.rows.retain(|row| seen.insert(row.id.clone()));
        found.left_out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok((found.rows, found.left_out))
    }

    /// In a blobless clone: what the readers will ask for, in one fetch.
    fn fetch_documents(&self, top: &Tree, level: &[Dir]) -> Result<()> {
        if !self.repo().is_partial() {
            return Ok(());
        }
        let mut needed = Vec::new();
        for dir in level {
            let tree = self.repo().tree(&dir.tree)?;
            for path in READ_BY_READERS {
                needed.extend(at_path(self.repo(), &tree, path)?);
            }
            needed.extend(at_path(self.repo(), top, &format!("metadata/{}/tags.json", dir.path))?);
        }
        Ok(self.repo().ensure_present(&needed)?)
    }

    /// Looks into directories of one depth.
    fn look_into(&self, level: Vec<Dir>, top: &Tree, progress: &mut dyn FnMut(usize, usize)) -> Result<Found> {
        let mut all = Found::default();
        if level.len() < ENOUGH {
            for (done, dir) in level.into_iter().enumerate() {
                progress(done, 0);
                self.look(dir, top, &mut all)?;
            }
            return Ok(all);
        }
        let (next, place, name) = (AtomicUsize::new(0), self.repo().git_dir(), self.name());
        // A repository belongs to the thread that opened it.
        let work = |progress: &mut dyn FnMut(usize, usize)| -> Result<Found> {
            let repo = Repo::discover_at(place, ConfigScope::Full, None)?;
            repo.expect_many_reads();
            let (store, mut found) = (Store::new(&repo, name), Found::default());
            loop {
                let from = next.fetch_add(BATCH, Ordering::Relaxed);
                let Some(batch) = level.get(from..(from + BATCH).min(level.len())).filter(|batch| !batch.is_empty())
                else {
                    return Ok(found);
                };
                progress(from, level.len());
                for dir in batch {
                    store.look(Dir { path: dir.path.clone(), tree: dir.tree }, top, &mut found)?;
                }
            }
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..THREADS).map(|_| scope.spawn(|| work(&mut |_, _| {}))).collect();
            all.add(work(progress)?);
            for other in others {
                all.add(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(all)
        })
    }

    /// Reads a bundle, or lists the directories of what is none.
    fn look(&self, dir: Dir, top: &Tree, found: &mut Found) -> Result<()> {
        let files = LazyFiles::open(self.repo(), &dir.tree)?;
        if !formats::is_root(&|path| files.has_entry(path)) {
            found.inside.extend(directories(&dir.path, files.root()));
            return Ok(());
        }
        match self.reading(top, &dir.path, &files) {
            Ok(reading) if reading.facts.started_at.is_some() => {
                found.rows.push(self.row_of_bundle(&dir, files.root(), &reading)?);
            }
            Ok(reading) => found.undated.push((dir, reading)),
            Err(Error::Bundle(err)) => found.left_out.push(LeftOut { path: dir.path, reason: err.to_string() }),
            Err(err) => return Err(err),
        }
        Ok(())
    }

    fn reading(&self, top: &Tree, path: &str, files: &LazyFiles<'_>) -> Result<Reading> {
        let options = RecordOptions {
            given: formats::generic::Given::default(),
            partial: false,
            provenance: Provenance::Unknown,
            source_diff: None,
        };
        let mut reading =
            record::read(path.rsplit('/').next().unwrap_or_default(), files, &options).map_err(|err| match err {
                Error::Bundle(err) => files.explain(err),
                err => err,
            })?;
        reading.facts.add_tags(self.old_tags(top, path)?);
        Ok(reading)
    }

    fn row_of_bundle(&self, bundle: &Dir, root: &Tree, reading: &Reading) -> Result<Indexed> {
        // An import leaves out what can't be stored, and the id is that of what is left.
        let tree = if unstorable(self.repo(), root)? == 0 {
            bundle.tree
        } else {
            storable(self.repo(), &mut Hasher(self), &bundle.tree)?
        };
        let artifacts = Artifacts { tree, count: 0, bytes: None, split: Vec::new() };
        let manifest = self.manifest_at(reading, &artifacts, Source::default(), Timestamp::UNIX_EPOCH);
        // Nobody recorded these runs, so they stand in the order in which they began.
        Ok(Indexed::new(&Row::new(&manifest, &Overlay::default(), bundle.tree.to_string()), 0))
    }

    /// When bundles were published that do not say when they began: the date of the first commit that has them.
    fn published(&self, tip: &CommitInfo, undated: &[(Dir, Reading)]) -> Result<HashMap<String, i64>> {
        let (mut dates, mut waiting) = (HashMap::new(), undated.iter().map(|(dir, _)| dir).collect::<Vec<_>>());
        if waiting.is_empty() {
            return Ok(dates);
        }
        let mut commits = Vec::new();
        for commit in self.repo().log(&tip.id)? {
            let commit = commit?;
            commits.push((commit.tree, commit.committed));
        }
        for (tree, committed) in commits.into_iter().rev() {
            let root = self.repo().tree(&tree)?;
            let mut left = Vec::with_capacity(waiting.len());
            for bundle in waiting {
                if at_path(self.repo(), &root, &bundle.path)? == Some(bundle.tree) {
                    dates.insert(bundle.path.clone(), committed);
                } else {
                    left.push(bundle);
                }
            }
            waiting = left;
            if waiting.is_empty() {
                break;
            }
        }
        Ok(dates)
    }
}

/// The directories of a tree, which is at `path`.
fn directories(path: &str, tree: &Tree) -> Vec<Dir> {
    let dirs = tree.entries().iter().filter(|entry| entry.kind == EntryKind::Dir);
    let named = dirs.map(|entry| {
        let name = String::from_utf8_lossy(&entry.name);
        let path = if path.is_empty() { name.into_owned() } else { format!("{path}/{name}") };
        Dir { path, tree: entry.id }
    });
    named.collect()
}
