//! Writing the index (`index/runs.jsonl`) of a results repository that has none, or a wrong one.

mod bundles;
mod rows;
mod tree;

use std::path::PathBuf;

use crate::git::{Commit, CommitInfo, EntryKind, Kind, Moved, ObjectSink, Oid, PackWriter, Signature, Tree};

use super::index_files::{self, Differences, Indexed};
use super::record::Hasher;
use super::turns::jitter;
use super::{Error, Result, Store, message};

pub use rows::Layout;

/// What a host shows to visitors.
const README: &str = "README.md";

/// How often we begin anew because somebody else moved the ref.
const ATTEMPTS: u32 = 5;

/// A bundle or run that the index can't have.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct LeftOut {
    /// Its path in the tree.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// The index that a ref should have, beside the one that it has.
#[derive(Debug)]
pub struct IndexPlan {
    /// How the ref keeps its runs.
    pub layout: Layout,
    /// What is wrong with its index; none if it has no index.
    pub differences: Option<Differences>,
    /// What can't be indexed.
    pub left_out: Vec<LeftOut>,
    tip: CommitInfo,
    rows: Vec<Indexed>,
}

impl IndexPlan {
    /// How many rows the index should have.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The commit that it is for.
    #[must_use]
    pub fn tip(&self) -> Oid {
        self.tip.id
    }

    /// Whether the ref has that index already.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.differences.as_ref().is_some_and(Differences::is_empty)
    }
}

/// What became of a plan.
#[derive(Debug)]
pub struct Reindexed {
    /// The plan.
    pub plan: IndexPlan,
    /// The commit that carries it out; none if there was nothing to do.
    pub commit: Option<Oid>,
    /// Working trees that were brought along.
    pub worktrees: Vec<PathBuf>,
}

impl Store<'_> {
    /// Finds out which index the ref should have. Objects are only read. `progress` is told how many runs of how
    /// many (0 if nobody knows) were read.
    pub fn plan_index(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<IndexPlan> {
        let nothing = || Error::NothingToIndex(self.name.to_owned());
        self.repo.expect_many_reads();
        let tip = self.repo.read_ref(self.name)?.ok_or_else(nothing)?;
        let tip = self.repo.commit(&tip)?;
        let root = self.repo.tree(&tip.tree)?;
        index_files::check_place(self.repo, &root)?;
        let (layout, mut rows, left_out) = self.rows_to_index(&tip, &root, progress)?;
        if rows.is_empty() && left_out.is_empty() {
            return Err(nothing());
        }
        rows.sort_by(|a, b| (&a.order, &a.id).cmp(&(&b.order, &b.id)));
        let differences = self.differences(&root, &rows)?;
        Ok(IndexPlan { layout, differences, left_out, tip, rows })
    }

    /// What is wrong with the index in the tree `root`; none if there is no index.
    fn differences(&self, root: &Tree, rows: &[Indexed]) -> Result<Option<Differences>> {
        if root.get(index_files::DIR.as_bytes()).is_none() {
            return Ok(None);
        }
        // Nearly always it is right to the byte, and then nothing of it has to be read.
        if index_files::build(self.repo, &mut Hasher(self), root, rows)? == *root {
            return Ok(Some(Differences::default()));
        }
        index_files::compare(self.repo, root, rows)
    }

    /// Writes the index that the ref should have, in one commit; nothing if it is there. Others may move the ref
    /// meanwhile. A working tree of the branch is brought along; what was changed there is never overwritten.
    pub fn reindex(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<Reindexed> {
        self.repo.ensure_git()?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let plan = self.plan_index(progress)?;
            if plan.is_done() {
                return Ok(Reindexed { plan, commit: None, worktrees: Vec::new() });
            }
            let queue = self.queue();
            let mut pack = PackWriter::new(self.repo)?;
            let commit = self.index_commit(&mut pack, &plan, None)?;
            let keep = pack.finish()?;
            let (moved, worktrees) = self.repo.advance(self.name, &plan.tip, &commit, "agentv: reindex")?;
            drop((keep, queue));
            let reason = match moved {
                Moved::Done => return Ok(Reindexed { plan, commit: Some(commit), worktrees }),
                Moved::Refused(reason) => reason,
            };
            if attempts == ATTEMPTS || self.repo.read_ref(self.name)? == Some(plan.tip.id) {
                return Err(Error::Contended { name: self.name.to_owned(), attempts, reason });
            }
            std::thread::sleep(jitter(attempts));
        }
    }

    /// Gives the branch of a results repository what it has beside runs, where it lacks that: the index, and `readme` as its
    /// README.md if there is none. Says whether that took a commit.
    pub fn dress(&self, readme: Option<&str>) -> Result<bool> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let Some(tip) = self.tip()? else { return Ok(false) };
            let root = self.repo.tree(&tip.tree)?;
            let readme = readme.filter(|_| root.get(README.as_bytes()).is_none());
            let index = root.get(index_files::DIR.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir);
            let index = index.map(|entry| self.repo.tree(&entry.id)).transpose()?;
            if readme.is_none() && index.is_some_and(|dir| dir.get(index_files::CURRENT.as_bytes()).is_some()) {
                return Ok(false);
            }
            let plan = self.plan_index(&mut |_, _| {})?;
            let queue = self.queue();
            let mut pack = PackWriter::new(self.repo)?;
            let commit = self.index_commit(&mut pack, &plan, readme)?;
            let keep = pack.finish()?;
            let (moved, _) = self.repo.advance(self.name, &plan.tip, &commit, "agentv: reindex")?;
            drop((keep, queue));
            let Moved::Refused(reason) = moved else { return Ok(true) };
            if attempts == ATTEMPTS || self.repo.read_ref(self.name)? == Some(plan.tip.id) {
                return Err(Error::Contended { name: self.name.to_owned(), attempts, reason });
            }
            std::thread::sleep(jitter(attempts));
        }
    }

    fn index_commit(&self, pack: &mut PackWriter<'_>, plan: &IndexPlan, readme: Option<&str>) -> Result<Oid> {
        let root = self.repo.tree(&plan.tip.tree)?;
        let mut root = index_files::build(self.repo, pack, &root, &plan.rows)?;
        if let Some(readme) = readme {
            root.insert(README.as_bytes(), EntryKind::File, pack.put(Kind::Blob, readme.as_bytes())?);
        }
        let tree = pack.put(Kind::Tree, &root.encode())?;
        let (author, committer) = (self.source().author()?, self.source().committer()?);
        let committer = Signature { seconds: committer.seconds.max(plan.tip.committed), ..committer };
        // Among commits of others a trailer of ours would make the branch look like a log of runs.
        let message = message::encode_reindex(plan.rows.len(), plan.layout == Layout::Log);
        let parents = [plan.tip.id];
        let commit = Commit { tree, parents: &parents, author: &author, committer: &committer, message: &message };
        Ok(pack.put(Kind::Commit, &commit.encode_by(self.repo.signer(&committer)?.as_ref())?)?)
    }
}
