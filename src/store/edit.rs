//! Changing what people say about a run: tags, note, links, deleting and restoring it.

use jiff::Timestamp;

use crate::git::{EntryKind, Kind, ObjectSink, Oid, Tree};
use crate::run::{Overlay, Pruned, Row, RunId, TagEdit, canonical, format_time};

use super::draft::{Change, Draft, Storage, short};
use super::message::Op;
use super::run_files::{ARTIFACTS, COMPACTED, MANIFEST, OVERLAY, SOURCE_DIFF};
use super::{Error, Result, Store, StoredRun};

/// More edits than this make more objects than a small pack is meant for.
const MANY: usize = 100;

/// A change to a run.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Add and remove tags.
    Tags(Vec<TagEdit>),
    /// Set the note; none removes it.
    Note(Option<String>),
    /// Link it to a source commit.
    Link {
        /// The commit.
        commit: Oid,
        /// The commit that was rewritten into it, if that is the reason.
        from: Option<Oid>,
    },
    /// Take the link to a source commit away.
    Unlink {
        /// The commit.
        commit: Oid,
    },
    /// Take the run's files out of the tree, and the run out of lists.
    Delete,
    /// Take the run's files out of the tree; lists show it still.
    Strip,
    /// Bring a deleted run back.
    Restore,
}

/// A run after an [`Edit`].
#[derive(Debug, Clone)]
pub struct Edited {
    /// Its row now.
    pub row: Row,
    /// Whether anything is different.
    pub changed: bool,
}

impl Store<'_> {
    /// Changes a run. Someone else's change to it at the same time is kept.
    pub fn edit(&self, id: &RunId, edit: &Edit) -> Result<Edited> {
        let edits = std::slice::from_ref(edit);
        self.transact(None, Storage::for_few(self.repo), |draft| self.edit_in(draft, id, edits))
    }

    /// Changes several runs, each once, all or none.
    pub fn edit_all(&self, edits: &[(RunId, Vec<Edit>)]) -> Result<Vec<Edited>> {
        let storage = if edits.len() > MANY { Storage::Bulk } else { Storage::for_few(self.repo) };
        self.transact(None, storage, |draft| edits.iter().map(|(id, edits)| self.edit_in(draft, id, edits)).collect())
    }

    fn edit_in(&self, draft: &mut Draft<'_>, id: &RunId, edits: &[Edit]) -> Result<Edited> {
        let tree = draft.run(id)?.ok_or_else(|| Error::NoRun(id.to_string()))?;
        let run = StoredRun::open(self.repo, &tree)?;
        let author = self.source().author()?;
        let now = Timestamp::from_second(author.seconds).map(format_time).unwrap_or_default();
        let mut overlay = run.overlay.clone();
        // The last change names the commit.
        let subjects = edits.iter().filter_map(|edit| apply(edit, &mut overlay, &run.manifest.tags, &now));
        let Some(subject) = subjects.collect::<Vec<_>>().pop() else {
            return Ok(Edited { row: run.row(), changed: false });
        };
        if edits.iter().any(|edit| matches!(edit, Edit::Restore)) && (run.compacted || self.was_compacted(draft, id)?) {
            return Err(Error::Compacted(id.clone()));
        }
        if let Some(pruned) = &mut overlay.pruned
            && pruned.source_diff.is_none()
        {
            pruned.source_diff = run.source_diff.map(|id| id.to_string());
        }
        let artifacts = self.artifacts(&run, &overlay)?;
        let source_diff = self.source_diff(&run, &overlay)?;
        let new = self.rebuild(draft.sink(), &run, &overlay, artifacts.as_ref(), source_diff.as_ref())?;
        let row = Row::new(&run.manifest, &overlay, new.to_string()).compacted(run.compacted);
        let op =
            if edits.iter().any(|edit| matches!(edit, Edit::Delete | Edit::Strip)) { Op::Prune } else { Op::Overlay };
        let subject = format!("{} {id}: {}", subject.0, subject.1.unwrap_or_else(|| row.headline()));
        draft.commit(&Change { subject: &subject, op, row: &row, run: new, author: &author, committed: None })?;
        Ok(Edited { row, changed: true })
    }

    /// The tree of files that the run is to have.
    fn artifacts(&self, run: &StoredRun<'_>, overlay: &Overlay) -> Result<Option<Oid>> {
        if overlay.pruned.is_some() || run.compacted || run.artifacts.is_some() {
            return Ok(run.artifacts.filter(|_| overlay.pruned.is_none()));
        }
        // The manifest remembers which files they were; history keeps them until it is compacted.
        let digest = &run.manifest.files.digest;
        let id = digest.split_once(':').and_then(|(_, hex)| self.repo.parse_oid(hex));
        match id.filter(|id| self.repo.tree(id).is_ok()) {
            Some(id) => Ok(Some(id)),
            None => Err(Error::Gone(run.id().clone())),
        }
    }

    /// The uncommitted changes that the run is to have.
    fn source_diff(&self, run: &StoredRun<'_>, overlay: &Overlay) -> Result<Option<Oid>> {
        if overlay.pruned.is_some() {
            return Ok(None);
        }
        let Some(hex) = run.overlay.pruned.as_ref().and_then(|pruned| pruned.source_diff.as_deref()) else {
            return Ok(run.source_diff);
        };
        let id = self.repo.parse_oid(hex).filter(|id| self.repo.ensure_present(&[*id]).is_ok());
        id.map(Some).ok_or_else(|| Error::Gone(run.id().clone()))
    }

    /// Stores the directory of a run with another overlay.
    pub(super) fn rebuild(
        &self,
        sink: &mut dyn ObjectSink,
        run: &StoredRun<'_>,
        overlay: &Overlay,
        artifacts: Option<&Oid>,
        source_diff: Option<&Oid>,
    ) -> Result<Oid> {
        let old = self.repo.tree(&run.tree)?;
        let mut tree = Tree::default();
        for entry in old.entries() {
            // What a newer version keeps there stays.
            if ![ARTIFACTS, OVERLAY, SOURCE_DIFF, COMPACTED].iter().any(|name| entry.name == name.as_bytes()) {
                tree.insert(&entry.name, entry.kind, entry.id);
            }
        }
        debug_assert!(tree.get(MANIFEST.as_bytes()).is_some());
        if let Some(id) = artifacts {
            tree.insert(ARTIFACTS.as_bytes(), EntryKind::Dir, *id);
        }
        // A deleted run has its mark in the overlay.
        if run.compacted && overlay.pruned.is_none() {
            tree.insert(COMPACTED.as_bytes(), EntryKind::File, sink.put(Kind::Blob, b"")?);
        }
        if let Some(id) = source_diff {
            tree.insert(SOURCE_DIFF.as_bytes(), EntryKind::File, *id);
        }
        if *overlay != Overlay::default() {
            tree.insert(OVERLAY.as_bytes(), EntryKind::File, sink.put(Kind::Blob, canonical(overlay).as_bytes())?);
        }
        Ok(sink.put(Kind::Tree, &tree.encode())?)
    }
}

/// Changes the overlay. Returns the first word of the commit's subject and,
/// unless it is the run's headline, the rest; none if nothing is different.
fn apply(edit: &Edit, overlay: &mut Overlay, bundled: &[String], now: &str) -> Option<(&'static str, Option<String>)> {
    match edit {
        Edit::Tags(edits) => overlay.edit_tags(bundled, edits).then(|| {
            let words = edits.iter().map(|edit| match edit {
                TagEdit::Add(tag) => format!("+{tag}"),
                TagEdit::Remove(tag) => format!("-{tag}"),
            });
            ("tag", Some(words.collect::<Vec<_>>().join(" ")))
        }),
        Edit::Note(note) => {
            let changed = overlay.note != *note;
            overlay.note.clone_from(note);
            let first = |note: &str| note.lines().map(printable).find(|line| !line.trim().is_empty());
            changed.then(|| ("note", note.as_deref().and_then(first)))
        }
        Edit::Link { commit, from } => {
            let from = from.map(|from| from.to_string());
            let changed = overlay.link(&commit.to_string(), from.as_deref(), now);
            changed.then(|| ("link", Some(format!("+{}", short(commit)))))
        }
        Edit::Unlink { commit } => {
            let changed = overlay.unlink(&commit.to_string());
            changed.then(|| ("link", Some(format!("-{}", short(commit)))))
        }
        Edit::Delete => {
            let changed = overlay.pruned.as_ref().is_none_or(|pruned| pruned.listed);
            pruned(overlay, now).listed = false;
            changed.then_some(("delete", None))
        }
        Edit::Strip => {
            let changed = overlay.pruned.is_none();
            if changed {
                pruned(overlay, now).listed = true;
            }
            changed.then_some(("strip", None))
        }
        Edit::Restore => overlay.pruned.take().map(|_| ("restore", None)),
    }
}

fn pruned<'o>(overlay: &'o mut Overlay, now: &str) -> &'o mut Pruned {
    let new = || Pruned { at: now.to_owned(), source_diff: None, listed: false, extra: serde_json::Map::new() };
    overlay.pruned.get_or_insert_with(new)
}

fn printable(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).take(60).collect()
}
