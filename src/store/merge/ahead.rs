//! Reading the shards of both sides on a thread of their own, ahead of the one that merges them.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use crate::git::{Oid, Repo};
use crate::store::tip_tree::Node;

/// Few shards are read in less time than it takes to open a repository once more.
const FEW: usize = 32;
/// So many may wait.
const QUEUED: usize = 16;

/// A shard as each side has it; none if it could not be read here.
type Pair = [Option<Node>; 2];

/// Shards that are read ahead, in their order.
pub(super) struct Ahead(Receiver<Pair>);

impl Ahead {
    /// Begins to read the trees in `wanted`, if that pays.
    pub(super) fn start<'s>(scope: &'s Scope<'s, '_>, repo: &Repo, wanted: Vec<[Option<Oid>; 2]>) -> Option<Self> {
        if wanted.len() <= FEW {
            return None;
        }
        let (to, from) = sync_channel(QUEUED);
        let dir = repo.git_dir().to_owned();
        scope.spawn(move || read(&dir, wanted, &to));
        Some(Self(from))
    }

    /// The next shard.
    pub(super) fn next(&self) -> Pair {
        self.0.recv().unwrap_or_default()
    }
}

/// What can't be read here is read by who asks for it, who may have to fetch it, and tells what is wrong.
fn read(dir: &Path, wanted: Vec<[Option<Oid>; 2]>, to: &SyncSender<Pair>) {
    // What was opened by one thread can't be used by another.
    let Ok(repo) = Repo::at(dir) else { return };
    for pair in wanted {
        let nodes = pair.map(|id| id.and_then(|id| Node::open_if_here(&repo, &id)));
        if to.send(nodes).is_err() {
            return;
        }
    }
}
