//! The tree of the ref's tip, opened where it is going to change.

use std::collections::HashMap;

use crate::git::{EntryKind, Kind, ObjectSink, Oid, Repo, Tree};
use crate::run::RunId;

use super::Result;

/// Root and those shards that were looked at. What it costs to change a run
/// is one shard and the root, however many runs there are.
#[derive(Debug, Default)]
pub(super) struct TipTree {
    root: Node,
    shards: HashMap<String, Node>,
}

#[derive(Debug, Default)]
struct Node {
    tree: Tree,
    /// As it was last stored.
    stored: Option<(Oid, Vec<u8>)>,
}

impl Node {
    fn open(repo: &Repo, id: &Oid) -> Result<Self> {
        let data = repo.read(id, Kind::Tree)?;
        Ok(Self { tree: Tree::decode(id, &data)?, stored: Some((*id, data)) })
    }

    fn store(&mut self, sink: &mut dyn ObjectSink) -> Result<Oid> {
        let data = self.tree.encode();
        let id = match &self.stored {
            Some((base, base_data)) => sink.put_similar(Kind::Tree, &data, base, base_data)?,
            None => sink.put(Kind::Tree, &data)?,
        };
        self.stored = Some((id, data));
        Ok(id)
    }
}

impl TipTree {
    pub(super) fn open(repo: &Repo, root: &Oid) -> Result<Self> {
        Ok(Self { root: Node::open(repo, root)?, shards: HashMap::new() })
    }

    /// The directory of a run.
    pub(super) fn get(&mut self, repo: &Repo, id: &RunId) -> Result<Option<Oid>> {
        let (shard, name) = id.shard();
        let node = self.shard(repo, shard)?;
        Ok(node.tree.get(name.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir).map(|entry| entry.id))
    }

    /// Puts a run in its place and stores the changed trees; returns the new root.
    pub(super) fn set(&mut self, repo: &Repo, sink: &mut dyn ObjectSink, id: &RunId, run: Oid) -> Result<Oid> {
        let (shard, name) = id.shard();
        let node = self.shard(repo, shard)?;
        node.tree.insert(name.as_bytes(), EntryKind::Dir, run);
        let shard_id = node.store(sink)?;
        self.root.tree.insert(shard.as_bytes(), EntryKind::Dir, shard_id);
        self.root.store(sink)
    }

    fn shard(&mut self, repo: &Repo, name: &str) -> Result<&mut Node> {
        if !self.shards.contains_key(name) {
            let entry = self.root.tree.get(name.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir);
            let node = entry.map(|entry| Node::open(repo, &entry.id)).transpose()?.unwrap_or_default();
            self.shards.insert(name.to_owned(), node);
        }
        Ok(self.shards.get_mut(name).expect("it was just put there"))
    }
}
