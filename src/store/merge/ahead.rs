//! Reading the shards of both sides on a thread of their own: it begins while the logs are walked, and stays ahead of who merges.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use crate::git::{Kind, Oid, Reader, Repo};
use crate::store::sealed::SEALED;
use crate::store::tip_tree::{Node, TipTree};

/// Few shards are read in less time than it takes to open a repository once more.
const FEW: usize = 32;
/// Bytes of trees that may wait.
const WAITING: u64 = 4 << 20;

/// The trees of a shard, as each side has it.
type Ids = [Option<Oid>; 2];
/// The same, read; none if it could not be read here.
type Pair = [Option<Node>; 2];

/// Shards that are read ahead, in their order. Theirs are read where lists of sealed runs differ; else it is mostly known what they
/// must be.
pub(super) struct Ahead {
    from: Receiver<(Ids, Pair)>,
    /// What comes next.
    next: RefCell<Option<(Ids, Pair)>>,
}

impl Ahead {
    /// Begins to read the shards in which two tips' trees differ, if that pays.
    pub(super) fn start<'s>(scope: &'s Scope<'s, '_>, repo: &Repo, tips: [&Oid; 2]) -> Option<Self> {
        // Whether the trees are needed at all is not known yet, so nothing is fetched.
        let (ours, theirs) = (TipTree::open_if_here(repo, tips[0])?, TipTree::open_if_here(repo, tips[1])?);
        let wanted: Vec<Ids> = super::tree::shards(&ours, &theirs)
            .iter()
            .map(|shard| [ours.directory(shard), theirs.directory(shard)])
            .filter(|[one, other]| one != other)
            .collect();
        if wanted.len() <= FEW {
            return None;
        }
        let both = ours.directory(SEALED) != theirs.directory(SEALED);
        let size = wanted[0].iter().flatten().filter_map(|id| repo.size_if_here(id)).max().unwrap_or(1).max(1);
        let most = usize::try_from(WAITING / size).unwrap_or(usize::MAX).clamp(16, 256);
        let (to, from) = sync_channel(most);
        let objects = repo.objects();
        scope.spawn(move || read(&objects.open(), wanted, both, &to));
        Some(Self { from, next: RefCell::new(None) })
    }

    /// The trees `ids` of the next shard; none of what was not read. Shards are asked for in their order.
    pub(super) fn take(&self, ids: Ids) -> Pair {
        let mut next = self.next.borrow_mut();
        if next.is_none() {
            *next = self.from.recv().ok();
        }
        next.take_if(|(read, _)| *read == ids).map(|(_, pair)| pair).unwrap_or_default()
    }
}

/// What can't be read here is read by who asks for it, who may have to fetch it, and tells what is wrong.
fn read(reader: &Reader, wanted: Vec<Ids>, both: bool, to: &SyncSender<(Ids, Pair)>) {
    for ids in wanted {
        let node = |id: Option<Oid>| id.and_then(|id| Node::decode(&id, reader.read(&id, Kind::Tree)?));
        let nodes = [node(ids[0]), node(ids[1].filter(|_| both))];
        if to.send((ids, nodes)).is_err() {
            return;
        }
    }
}
