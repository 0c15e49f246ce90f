//! Bringing two histories on the same ground of which one was compacted: what was taken out of one is taken out of the other.

use std::collections::HashSet;

use crate::git::{Apart, CommitInfo, Keep, ObjectSink, Oid, PackWriter, Repo};
use crate::run::RunId;

use crate::store::message::{self, Op};
use crate::store::record::Hasher;
use crate::store::tip_tree::TipTree;
use crate::store::{Result, Store};

use super::rewrite::Rewriter;

/// Two histories that can be merged like any others.
pub(in crate::store) struct Ground {
    /// The tips, in place of those that were given.
    pub(in crate::store) ours: Oid,
    pub(in crate::store) theirs: Oid,
    /// The runs that were compacted in one of them.
    pub(in crate::store) compacted: HashSet<RunId>,
    /// Protects the new commits from a `git gc` until a ref reaches them.
    _keep: Option<Keep>,
}

/// What one tip is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Succession {
    /// The other is in its history.
    OnTop,
    /// All that is in the other's history is in its own, but for the files of compacted runs.
    Compacted,
    /// The other has something that it lacks.
    Lacks,
}

/// Whether one of the commits announces a compaction.
fn announces(commits: &[CommitInfo]) -> bool {
    commits.iter().any(|commit| message::op(commit) == Some(Op::Compact))
}

/// The runs whose files were taken out of the history that `commits` belong to: no other `record` commit adds a deleted run.
fn compacted(commits: &[CommitInfo]) -> Result<HashSet<RunId>> {
    let mut ids = HashSet::new();
    if announces(commits) {
        for commit in commits.iter().filter(|commit| message::op(commit) == Some(Op::Record)) {
            let rows = message::rows(commit)?.into_iter().filter(|row| !row.status.has_files());
            ids.extend(rows.map(|row| row.id));
        }
    }
    Ok(ids)
}

/// Takes out of a history what only `other` lacks. `commits` are those that only this history has, children before parents.
fn without<'r, 'i>(
    repo: &'r Repo,
    sink: &mut dyn ObjectSink,
    commits: &[CommitInfo],
    ids: &'i HashSet<RunId>,
) -> Result<Rewriter<'r, 'i>> {
    let mut rewriter = Rewriter::new(repo, ids);
    rewriter.fetch_directories(commits);
    for commit in commits.iter().rev().filter(|_| !ids.is_empty()) {
        rewriter.commit(sink, commit)?;
    }
    Ok(rewriter)
}

/// Runs that were compacted in one of two histories only: what each lacks of the other.
struct Uneven {
    /// Compacted in the first one only.
    left: HashSet<RunId>,
    /// In the second one only.
    right: HashSet<RunId>,
}

impl Uneven {
    fn of(left: &[CommitInfo], right: &[CommitInfo]) -> Result<Self> {
        let (left, right) = (compacted(left)?, compacted(right)?);
        Ok(Self { left: left.difference(&right).cloned().collect(), right: right.difference(&left).cloned().collect() })
    }
}

impl Store<'_> {
    /// The same ground for two tips, given what only each of them has; none if neither was compacted since they parted.
    pub(in crate::store) fn ground(
        &self,
        (ours, left): (&Oid, &[CommitInfo]),
        (theirs, right): (&Oid, &[CommitInfo]),
    ) -> Result<Option<Ground>> {
        if !announces(left) && !announces(right) {
            return Ok(None);
        }
        let uneven = Uneven::of(left, right)?;
        let mut pack = PackWriter::new(self.repo)?;
        let ours = without(self.repo, &mut pack, left, &uneven.right)?.now(ours);
        let theirs = without(self.repo, &mut pack, right, &uneven.left)?.now(theirs);
        let keep = pack.finish()?;
        let compacted = compacted(left)?.into_iter().chain(compacted(right)?).collect();
        Ok(Some(Ground { ours, theirs, compacted, _keep: keep }))
    }

    /// The commits of `tips` that say something which none of `known` does, children before parents.
    pub(in crate::store) fn unknown(&self, tips: &[Oid], known: &[Oid]) -> Result<Vec<CommitInfo>> {
        let mut news = self.repo.not_in(tips, known)?;
        let known: Vec<Oid> = known.iter().filter(|id| self.repo.has(id)).copied().collect();
        if !announces(&news) && !self.seems_stripped(&news, &known)? {
            return Ok(news);
        }
        for (tip, known) in tips.iter().flat_map(|tip| known.iter().map(move |known| (tip, known))) {
            let Apart { ours: left, theirs: right, .. } = self.repo.apart(known, tip)?;
            if !announces(&left) && !announces(&right) {
                continue;
            }
            let (uneven, sink) = (Uneven::of(&left, &right)?, &mut Hasher(self));
            let ours = without(self.repo, sink, &left, &uneven.right)?;
            let theirs = without(self.repo, sink, &right, &uneven.left)?;
            let said: HashSet<Oid> = left.iter().map(|commit| ours.now(&commit.id)).collect();
            news.retain(|commit| !said.contains(&theirs.now(&commit.id)));
        }
        Ok(news)
    }

    /// Whether the oldest run of `news` is known, as it is where `known` was compacted since. To look at all commits of `known`
    /// would cost each sync a git.
    fn seems_stripped(&self, news: &[CommitInfo], known: &[Oid]) -> Result<bool> {
        let oldest = news.iter().rev().find(|commit| message::op(commit) == Some(Op::Record));
        let row = oldest.map(message::rows).transpose()?.and_then(|rows| rows.into_iter().next());
        let Some(row) = row.filter(|_| !self.repo.is_partial()) else { return Ok(false) };
        for known in known {
            let mut tree = TipTree::open(self.repo, &self.repo.commit(known)?.tree)?;
            if tree.get(self.repo, &row.id)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether `tip` may take the place of `other`.
    pub fn succession(&self, tip: &Oid, other: &Oid) -> Result<Succession> {
        let Apart { ours: left, theirs: right, .. } = self.repo.apart(tip, other)?;
        if right.is_empty() {
            return Ok(Succession::OnTop);
        }
        let uneven = Uneven::of(&left, &right)?;
        let now = without(self.repo, &mut Hasher(self), &right, &uneven.left)?.now(other);
        let compacts = now != *other && left.iter().any(|commit| commit.id == now);
        Ok(if compacts { Succession::Compacted } else { Succession::Lacks })
    }
}
