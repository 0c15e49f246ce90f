//! Clones without file contents, and without the directories of runs: what writers and readers need of them, fetched in batches.

use std::collections::HashMap;

use crate::git::{EntryKind, Kind, Oid, Repo, Tree};
use crate::run::{Overlay, RunId};

use super::index_files::{CURRENT, DIR};
use super::message::Op;
use super::run_files::{ARTIFACTS, MANIFEST, OVERLAY};
use super::sealed::{NEW, SEALED};
use super::{Result, Store, message};

/// With so many commits or fewer the directories of their runs are fetched with them: it is one request less, now and when the
/// runs are opened. They are some 600 bytes a run.
const FEW: usize = 200;

impl Store<'_> {
    /// Fetches, of the histories that end at `tips`, what others need who write on top of them or search them: the directories of the
    /// tips down to those of runs, the lists of sealed runs, the newest file of the index, and what was said of runs by commits that
    /// none of `known` has.
    ///
    /// The top directories come of all these commits, though only those of the tips are needed: `git log --all -- PATH` reads them, and
    /// git would fetch each by itself, with all runs below it.
    pub fn fetch_basics(&self, tips: &[Oid], known: &[Oid], progress: &mut dyn FnMut(&str)) -> Result<()> {
        if tips.is_empty() || !self.repo.is_partial() {
            return Ok(());
        }
        let mut roots = tips.iter().map(|tip| Ok(self.repo.commit(tip)?.tree)).collect::<Result<Vec<Oid>>>()?;
        let tip_roots = roots.clone();
        let mut said: HashMap<RunId, Oid> = HashMap::new();
        for commit in self.repo.not_in(tips, known)? {
            roots.push(commit.tree);
            if message::op(&commit).is_none_or(|op| op == Op::Record) {
                continue;
            }
            // What can't be read is told by who needs it.
            for row in message::rows(&commit).unwrap_or_default() {
                if let Some(tree) = self.repo.parse_oid(&row.tree) {
                    said.entry(row.id).or_insert(tree);
                }
            }
        }
        let roots = self.repo.lacking(&roots);
        if roots.len() <= FEW {
            self.repo.ensure_present_with(&roots, progress)?;
        } else {
            self.repo.ensure_alone(&roots, progress)?;
        }
        let tip_roots: Vec<Tree> = tip_roots.iter().map(|root| self.repo.tree_alone(root)).collect::<Result<_, _>>()?;
        let dirs = tip_roots.iter().flat_map(Tree::entries).filter(|entry| entry.kind == EntryKind::Dir);
        self.repo.ensure_alone(&dirs.map(|entry| entry.id).collect::<Vec<_>>(), progress)?;
        let said: Vec<Oid> = said.into_values().collect();
        // Some may be gone everywhere, with what was compacted.
        let _ = self.repo.ensure_present_with(&said, progress);
        let mut wanted = Vec::new();
        for root in tip_roots {
            wanted.extend(lists(self.repo, &root, None)?);
            wanted.extend(directory(self.repo, &root, DIR)?.get(CURRENT.as_bytes()).map(|entry| entry.id));
        }
        for tree in said.iter().filter(|tree| self.repo.has(tree)) {
            wanted.extend(self.repo.tree(tree)?.get(OVERLAY.as_bytes()).map(|entry| entry.id));
        }
        Ok(self.repo.ensure_present_with(&wanted, progress)?)
    }

    /// Fetches the documents of the runs whose directories are `trees`.
    pub fn fetch_documents_of(&self, trees: &[Oid]) -> Result<()> {
        self.fetch_each(trees, |_, tree| Ok(documents(tree)))
    }

    /// Fetches what the cases of the runs whose directories are `trees` are read from.
    pub fn fetch_cases(&self, trees: &[Oid]) -> Result<()> {
        self.fetch_each(trees, near)
    }

    /// Fetches all that the directories `trees` of runs hold.
    pub fn fetch_whole(&self, trees: &[Oid]) -> Result<()> {
        self.fetch_each(trees, |repo, tree| {
            let mut found = documents(tree);
            if let Some(artifacts) = tree.get(ARTIFACTS.as_bytes()) {
                below(repo, &artifacts.id, &mut found)?;
            }
            Ok(found)
        })
    }

    fn fetch_each(&self, trees: &[Oid], of: impl Fn(&Repo, &Tree) -> Result<Vec<Oid>>) -> Result<()> {
        if !self.repo.is_partial() {
            return Ok(());
        }
        self.repo.ensure_present(trees)?;
        let mut wanted = Vec::new();
        for tree in trees {
            wanted.extend(of(self.repo, &self.repo.tree(tree)?)?);
        }
        Ok(self.repo.ensure_present(&wanted)?)
    }

    /// The note of the run whose directory is `tree`, if it has one that can be read.
    #[must_use]
    pub fn note_of(&self, tree: &Oid) -> Option<String> {
        let overlay = self.repo.tree(tree).ok()?.get(OVERLAY.as_bytes())?.id;
        let overlay = self.repo.read(&overlay, Kind::Blob).ok()?;
        serde_json::from_slice::<Overlay>(&overlay).ok()?.note
    }
}

/// The lists of sealed runs below the root of a tip's tree: all, or those of one shard.
pub(super) fn lists(repo: &Repo, root: &Tree, shard: Option<&str>) -> Result<Vec<Oid>> {
    let sealed = directory(repo, root, SEALED)?;
    let new = directory(repo, &sealed, NEW)?;
    let files = sealed.entries().iter().chain(new.entries()).filter(|entry| entry.kind == EntryKind::File);
    let wanted = files.filter(|entry| shard.is_none_or(|shard| entry.name == shard.as_bytes()));
    Ok(wanted.map(|entry| entry.id).collect())
}

/// The directory `name` in a tree; empty if there is none.
fn directory(repo: &Repo, tree: &Tree, name: &str) -> Result<Tree> {
    let entry = tree.get(name.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir);
    Ok(entry.map(|entry| repo.tree_alone(&entry.id)).transpose()?.unwrap_or_default())
}

/// The files at the top of a run's directory.
fn documents(directory: &Tree) -> Vec<Oid> {
    let documents = directory.entries().iter().filter(|entry| entry.kind == EntryKind::File);
    documents.map(|entry| entry.id).collect()
}

/// What a run is shown from: its documents, and summaries and lists of cases. These lie at the top of its files, or one directory below.
pub(super) fn near(repo: &Repo, directory: &Tree) -> Result<Vec<Oid>> {
    let document = |name: &str| directory.get(name.as_bytes()).map(|entry| entry.id);
    let mut found: Vec<Oid> = [MANIFEST, OVERLAY].into_iter().filter_map(document).collect();
    let Some(artifacts) = directory.get(ARTIFACTS.as_bytes()) else { return Ok(found) };
    let small = |name: &[u8]| name.ends_with(b".json") || name.ends_with(b".jsonl");
    let mut take = |tree: &Tree| {
        let files = tree.entries().iter().filter(|entry| is_file(entry.kind) && small(&entry.name));
        found.extend(files.map(|entry| entry.id));
    };
    let top = repo.tree(&artifacts.id)?;
    take(&top);
    for entry in top.entries().iter().filter(|entry| entry.kind == EntryKind::Dir) {
        take(&repo.tree(&entry.id)?);
    }
    Ok(found)
}

/// All files below a tree.
pub(super) fn below(repo: &Repo, tree: &Oid, found: &mut Vec<Oid>) -> Result<()> {
    for entry in repo.tree(tree)?.entries() {
        match entry.kind {
            EntryKind::Dir => below(repo, &entry.id, found)?,
            kind if is_file(kind) => found.push(entry.id),
            _ => {}
        }
    }
    Ok(())
}

fn is_file(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::File | EntryKind::Executable)
}
