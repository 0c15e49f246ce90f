//! Changing a store: commits on top of a tip, which no ref names yet.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::git::{Commit, CommitInfo, Keep, Kind, ObjectSink, Oid, Repo, Signature, Signer, SmallPack};
use crate::run::{Row, RunId};

use super::index_files::{DIR, IndexFiles, News};
use super::list::Rows;
use super::message::{self, Op};
use super::tip_tree::TipTree;
use super::{Result, Store};

/// What `agentv.window` is if it is not set; 0 is no limit.
const DEFAULT_WINDOW: u64 = 2000;

/// New commits on top of a tip, not yet reachable.
pub(super) struct Draft<'d> {
    repo: &'d Repo,
    tip: Option<CommitInfo>,
    tree: TipTree,
    sink: &'d mut dyn ObjectSink,
    committer: Signature,
    /// Who signs the commits, if they are to be signed.
    signer: Option<Signer>,
    head: Option<(Oid, i64)>,
    /// What the draft itself put there: not readable from the repository yet.
    rows: HashMap<RunId, Row>,
    /// Runs that the draft recorded, oldest first.
    recorded: Vec<RunId>,
    /// How many of the newest runs stay when the tree is full; none if it never is.
    window: Option<usize>,
    /// The last commit. It is made when the next one comes or the draft ends: only then it is known
    /// whether its tree is to have the index of all that was done.
    pending: Option<Pending>,
    /// `index/runs.jsonl` and its companions, if the store keeps them.
    index: Option<IndexFiles>,
    /// Rows that the index lacks.
    news: Vec<News>,
    /// Protects what was stored besides, until the ref is moved.
    keep: Option<Keep>,
}

/// A commit of which only the tree is missing.
struct Pending {
    author: Signature,
    seconds: i64,
    message: String,
}

/// How the new objects of a transaction are stored.
pub(super) enum Storage<'r> {
    /// In one small pack, which may hold some of them already.
    Small(Box<SmallPack<'r>>),
    /// There are very many, or only git knows the right file modes.
    Bulk,
}

impl<'r> Storage<'r> {
    /// For a handful of objects, or some hundred shards, which are stored as they are.
    pub(super) fn for_few(repo: &'r Repo) -> Self {
        if repo.is_shared() { Self::Bulk } else { Self::Small(Box::new(SmallPack::new(repo))) }
    }

    /// For a run and its files.
    pub(super) fn for_run(repo: &'r Repo) -> Self {
        if repo.is_shared() { Self::Bulk } else { Self::Small(Box::new(SmallPack::threaded(repo))) }
    }
}

/// What a draft came to.
pub(super) struct Built {
    /// The last commit; none if there was nothing to do.
    pub(super) head: Option<Oid>,
    /// The tip that it was built on.
    pub(super) old: Option<Oid>,
    _keep: Option<Keep>,
}

/// One commit to be made.
pub(super) struct Change<'a> {
    pub(super) subject: &'a str,
    pub(super) op: Op,
    pub(super) row: &'a Row,
    /// The run's directory.
    pub(super) run: Oid,
    pub(super) author: &'a Signature,
    /// Earliest commit date, in seconds since 1970; now if not given.
    pub(super) committed: Option<i64>,
}

impl<'d> Draft<'d> {
    /// A draft on the tip of this moment.
    pub(super) fn open(store: &Store<'d>, sink: &'d mut dyn ObjectSink) -> Result<Self> {
        Self::on(store.repo, store.source(), store.tip()?, sink)
    }

    /// A draft on a commit that no ref need name.
    ///
    /// `source` says who commits, and whether that is signed.
    pub(super) fn on(
        repo: &'d Repo,
        source: &Repo,
        tip: Option<CommitInfo>,
        sink: &'d mut dyn ObjectSink,
    ) -> Result<Self> {
        let tree = tip.as_ref().map(|tip| TipTree::open(repo, &tip.tree)).transpose()?.unwrap_or_default();
        let window = window(repo)?;
        let committer = source.committer()?;
        let signer = source.signer(&committer)?;
        let index = IndexFiles::open(repo, &tree)?;
        Ok(Self {
            repo,
            tip,
            tree,
            sink,
            committer,
            signer,
            head: None,
            rows: HashMap::new(),
            recorded: Vec::new(),
            window,
            pending: None,
            index,
            news: Vec::new(),
            keep: None,
        })
    }

    /// Where new objects go.
    pub(super) fn sink(&mut self) -> &mut dyn ObjectSink {
        self.sink
    }

    /// The directory of a run as the draft stands.
    pub(super) fn run(&mut self, id: &RunId) -> Result<Option<Oid>> {
        self.tree.get(self.repo, id)
    }

    /// The row of a run that this draft changed.
    pub(super) fn committed(&self, id: &RunId) -> Option<Row> {
        self.rows.get(id).cloned()
    }

    /// Makes a commit.
    pub(super) fn commit(&mut self, change: &Change<'_>) -> Result<()> {
        self.flush(false)?;
        self.tree.set(self.repo, self.sink, &change.row.id, change.run)?;
        let seconds = self.date(change.committed);
        let message = message::encode(change.subject, change.op, change.row);
        self.pending = Some(Pending { author: change.author.clone(), seconds, message });
        self.rows.insert(change.row.id.clone(), change.row.clone());
        let is_record = change.op == Op::Record;
        if is_record {
            self.recorded.push(change.row.id.clone());
        }
        if self.index.is_some() {
            self.news.push(News { row: change.row.clone(), is_record, committed: seconds });
        }
        if self.is_full(&change.row.id)? {
            self.flush(true)?;
            self.seal()?;
        }
        Ok(())
    }

    /// The commit that the draft is built on.
    pub(super) fn base(&self) -> Option<&CommitInfo> {
        self.tip.as_ref()
    }

    /// The tip's tree as the draft stands.
    pub(super) fn tree(&mut self) -> &mut TipTree {
        &mut self.tree
    }

    /// Protects a pack until the ref is moved.
    pub(super) fn keep(&mut self, keep: Option<Keep>) {
        self.keep = keep;
    }

    /// The last commit of the draft.
    pub(super) fn head(&self) -> Option<Oid> {
        self.head.map(|(id, _)| id)
    }

    /// Makes a commit that changes no run: with other lists of sealed runs, and without the directories
    /// `misplaced` (shard and name).
    pub(super) fn correct(
        &mut self,
        lists: BTreeMap<String, BTreeMap<String, Oid>>,
        misplaced: &[(String, Vec<u8>)],
    ) -> Result<()> {
        self.flush(true)?;
        let tree = self.tree.correct(self.repo, self.sink, lists, misplaced)?;
        let (author, date) = (self.committer.clone(), self.date(None));
        self.add(tree, &author, date, &message::encode_correction())
    }

    /// Puts a commit of another history on top, as it is. What it has must contain what the draft is built on.
    pub(super) fn fast_forward(&mut self, tip: &CommitInfo) {
        self.head = Some((tip.id, tip.committed));
    }

    /// Makes a commit on top of one of another history, that changes no run and has the tree `tree`.
    pub(super) fn follow(&mut self, other: &CommitInfo, tree: Oid, message: &str) -> Result<()> {
        self.fast_forward(other);
        let (author, date) = (self.committer.clone(), self.date(None));
        self.add(tree, &author, date, message)
    }

    /// Makes a commit that joins `ours`, which is the draft's base or what stands in for it, and `other`, and has the tree `tree`.
    pub(super) fn join(&mut self, ours: &CommitInfo, other: &CommitInfo, tree: Oid, message: &str) -> Result<()> {
        let seconds = self.committer.seconds.max(ours.committed).max(other.committed);
        let dated = Signature { seconds, ..self.committer.clone() };
        let author = Signature { seconds: self.committer.seconds, ..self.committer.clone() };
        let commit = Commit { tree, parents: &[ours.id, other.id], author: &author, committer: &dated, message };
        self.head = Some((self.sink.put(Kind::Commit, &commit.encode_by(self.signer.as_ref())?)?, seconds));
        Ok(())
    }

    /// Makes the last commit. The objects are where they should go, but in no place of their own yet.
    pub(super) fn finish(mut self) -> Result<Built> {
        self.flush(true)?;
        Ok(Built { head: self.head(), old: self.tip.map(|tip| tip.id), _keep: self.keep })
    }

    /// Makes the commit that waits, with an index that has all rows if `with_index`: once in a
    /// transaction is enough for whoever sees the ref move.
    fn flush(&mut self, with_index: bool) -> Result<()> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        if let Some(index) = self.index.as_mut().filter(|_| with_index) {
            let dir = index.update(self.repo, self.sink, std::mem::take(&mut self.news))?;
            self.tree.set_directory(DIR, dir);
        }
        let tree = self.tree.store(self.sink)?;
        self.add(tree, &pending.author, pending.seconds, &pending.message)
    }

    /// The date of a commit on top. Dates never go back along a line of history: a list may stop at the first older one.
    fn date(&self, wanted: Option<i64>) -> i64 {
        let wanted = wanted.unwrap_or(self.committer.seconds);
        self.parent().map_or(wanted, |(_, date)| wanted.max(date))
    }

    fn parent(&self) -> Option<(Oid, i64)> {
        self.head.or_else(|| self.tip.as_ref().map(|tip| (tip.id, tip.committed)))
    }

    /// Puts a commit on top.
    fn add(&mut self, tree: Oid, author: &Signature, seconds: i64, message: &str) -> Result<()> {
        let dated = Signature { seconds, ..self.committer.clone() };
        let parents = self.parent().map(|(id, _)| id).into_iter().collect::<Vec<_>>();
        let commit = Commit { tree, parents: &parents, author, committer: &dated, message };
        self.head = Some((self.sink.put(Kind::Commit, &commit.encode_by(self.signer.as_ref())?)?, seconds));
        Ok(())
    }

    /// Whether the tree holds twice the window, after `changed` was put into it. In a large tree all shards are only
    /// counted if that one is much fuller than they are expected to be: to count them takes as long as recording a
    /// run, and of a full tree's shards one in fifty is so full. A few dozen runs more do no harm.
    fn is_full(&mut self, changed: &RunId) -> Result<bool> {
        let Some(limit) = self.window.map(|window| window.saturating_mul(2)) else { return Ok(false) };
        let few = limit / 160;
        if few > 0 && self.tree.neighbours(self.repo, changed)? < few {
            return Ok(false);
        }
        Ok(self.tree.count(self.repo)? >= limit)
    }

    /// Takes all but the newest runs out of the tree.
    fn seal(&mut self) -> Result<()> {
        let window = self.window.unwrap_or(usize::MAX);
        let mut keep: HashSet<RunId> = self.recorded.iter().rev().take(window).cloned().collect();
        if keep.len() < window
            && let Some(tip) = &self.tip
        {
            for run in Rows::of(Some(self.repo.log(&tip.id)?), true) {
                if keep.len() >= window {
                    break;
                }
                keep.insert(run?.row.id);
            }
        }
        let (tree, left) = self.tree.seal(self.repo, self.sink, &keep)?;
        if left == 0 {
            return Ok(());
        }
        let (author, date) = (self.committer.clone(), self.date(Some(0)));
        self.add(tree, &author, date, &message::encode_seal(left))
    }
}

/// How many of the newest runs stay in the tip's tree when it is full: when it holds twice as many.
fn window(repo: &Repo) -> Result<Option<usize>> {
    let set = repo.setting_u64("agentv.window")?.unwrap_or(DEFAULT_WINDOW);
    Ok(usize::try_from(set).ok().filter(|&window| window > 0))
}

/// The first digits of an id, for people.
pub(super) fn short(id: &Oid) -> String {
    id.to_string()[..10].to_owned()
}
