//! Rewriting the ref so that the files of deleted runs can't be reached any more.
//!
//! Every commit from the first on that has such a file is made anew without it ([`rewrite`]), with the same author, committer,
//! dates and rows of all other runs. A commit on top announces it. A clone that has the old history brings its own commits on
//! the same ground before it merges ([`ground`]), so nothing of the old one comes back.
//! Specified in `docs/format.md`, section 8.

mod ground;
mod rewrite;

use std::collections::{HashMap, HashSet};

use crate::git::{Oid, PackWriter, Reclaimed};
use crate::run::{Row, RunId};

use super::draft::{Draft, Storage};
use super::edit::{Edit, Edited};
use super::message::{self, Op};
use super::{Result, Store};

pub(super) use ground::Ground;
pub use ground::Succession;
use rewrite::Rewriter;

/// A compaction that was done, or would be.
#[derive(Debug, Clone, Default)]
pub struct Compacted {
    /// Runs that lose their files.
    pub runs: usize,
    /// Commits of the history.
    pub commits: usize,
    /// Commits that are made anew.
    pub rewritten: usize,
    /// The tip before, if there is one.
    pub old: Option<Oid>,
    /// The tip that took its place; none if there was nothing to do.
    pub new: Option<Oid>,
}

/// What deleting runs would set free.
#[derive(Debug, Clone, Copy)]
pub struct Pruning {
    /// About how many bytes on disk a compaction would set free; none if that can't be told.
    pub bytes: Option<u64>,
}

/// What a history has of deleted runs.
#[derive(Default)]
struct Survey {
    /// Deleted runs that history has files of.
    ids: HashSet<RunId>,
    /// Directories of them.
    trees: Vec<Oid>,
    /// All commits, children before parents.
    commits: Vec<Oid>,
    /// How many of these are not older than the first that has something of such a run.
    since: usize,
}

impl Store<'_> {
    /// Rewrites the ref without the files of deleted runs. `progress` is told how many of how many commits are done. With
    /// `dry_run` nothing is changed, and no commit is counted as rewritten.
    pub fn compact(&self, dry_run: bool, progress: &mut dyn FnMut(usize, usize)) -> Result<Compacted> {
        if dry_run {
            let Some(tip) = self.tip_id()? else { return Ok(Compacted::default()) };
            let survey = self.survey(&tip)?;
            let (runs, commits) = (survey.ids.len(), survey.commits.len());
            return Ok(Compacted { runs, commits, old: Some(tip), ..Compacted::default() });
        }
        self.transact(None, Storage::for_few(self.repo), |draft| self.compact_in(draft, progress))
    }

    fn compact_in(&self, draft: &mut Draft<'_>, progress: &mut dyn FnMut(usize, usize)) -> Result<Compacted> {
        let Some(tip) = draft.base().cloned() else { return Ok(Compacted::default()) };
        let survey = self.survey(&tip.id)?;
        let nothing = Compacted { commits: survey.commits.len(), old: Some(tip.id), ..Compacted::default() };
        if survey.ids.is_empty() {
            return Ok(nothing);
        }
        let mut rewriter = Rewriter::new(self.repo, &survey.ids);
        if self.repo.is_partial() {
            let commits = survey.commits[..survey.since].iter().map(|id| self.repo.commit(id));
            rewriter.fetch_directories(&commits.collect::<Result<Vec<_>, _>>()?);
        }
        // What git says of a commit needs it in the repository, and so does what follows.
        let mut pack = PackWriter::new(self.repo)?;
        for (done, id) in survey.commits[..survey.since].iter().rev().enumerate() {
            rewriter.commit(&mut pack, &self.repo.commit(id)?)?;
            progress(done, survey.since);
        }
        draft.keep(pack.finish()?);
        let below = self.repo.commit(&rewriter.now(&tip.id))?;
        draft.follow(&below, below.tree, &message::encode_compact(survey.ids.len(), &tip.id))?;
        let (runs, rewritten) = (survey.ids.len(), rewriter.changed());
        Ok(Compacted { runs, rewritten, new: draft.head(), ..nothing })
    }

    /// Reads the log of `tip`.
    fn survey(&self, tip: &Oid) -> Result<Survey> {
        let mut survey = Survey::default();
        // Whether a run is deleted: the first row that is met holds.
        let mut deleted: HashMap<RunId, bool> = HashMap::new();
        for commit in self.repo.log(tip)? {
            let commit = commit?;
            survey.commits.push(commit.id);
            if message::op(&commit).is_none() {
                continue;
            }
            for row in message::rows(&commit)? {
                let has_files = row.status.has_files();
                if !*deleted.entry(row.id.clone()).or_insert(!has_files) || !has_files {
                    continue;
                }
                let tree = self.repo.parse_oid(&row.tree).filter(|id| self.repo.has(id));
                survey.trees.extend(tree);
                survey.ids.insert(row.id);
                survey.since = survey.commits.len();
            }
        }
        Ok(survey)
    }

    /// What a compaction would set free if the runs of `rows` were deleted, too.
    pub fn reclaimable(&self, rows: &[Row]) -> Result<Pruning> {
        let Some(tip) = self.tip_id()? else { return Ok(Pruning { bytes: Some(0) }) };
        let going: HashSet<&RunId> = rows.iter().map(|row| &row.id).collect();
        let mut trees = self.survey(&tip)?.trees;
        let mut kept = Vec::new();
        for run in self.rows(true)? {
            let row = run?.row;
            let Some(tree) = self.repo.parse_oid(&row.tree) else { continue };
            if going.contains(&row.id) { trees.push(tree) } else { kept.push(tree) }
        }
        Ok(Pruning { bytes: self.repo.bytes_of_trees(&trees, &kept) })
    }

    /// Deletes runs, all or none, in one go. `listed`: their files only, lists show them still.
    pub fn prune(&self, ids: &[RunId], listed: bool) -> Result<Vec<Edited>> {
        let edit = if listed { Edit::Strip } else { Edit::Delete };
        let edits: Vec<_> = ids.iter().map(|id| (id.clone(), vec![edit.clone()])).collect();
        self.edit_all(&edits)
    }

    /// Frees what only a former tip reaches, see [`Repo::reclaim`](crate::git::Repo::reclaim). Writers of this clone wait meanwhile.
    pub fn reclaim(&self, old: &Oid) -> Result<Reclaimed> {
        let _queue = self.queue();
        Ok(self.repo.reclaim(old)?)
    }

    /// Whether the files of a deleted run were compacted away: its `record` says so.
    pub(super) fn was_compacted(&self, draft: &Draft<'_>, id: &RunId) -> Result<bool> {
        let Some(tip) = draft.base() else { return Ok(false) };
        for commit in self.repo.log(&tip.id)? {
            let commit = commit?;
            if message::op(&commit) == Some(Op::Record)
                && let Some(row) = message::rows(&commit)?.into_iter().find(|row| row.id == *id)
            {
                return Ok(!row.status.has_files());
            }
        }
        Ok(false)
    }
}
