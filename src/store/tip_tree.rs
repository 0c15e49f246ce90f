//! The tree of the ref's tip, opened where it is going to change.
//!
//! It is a window: the newest runs are in it, and lists of where the older ones are ([`SealedRuns`]).

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::git::{EntryKind, Kind, ObjectSink, Oid, Repo, Tree};
use crate::run::RunId;

use super::Result;
use super::sealed::{SEALED, SealedRuns};

/// Root and those shards that were looked at. What it costs to change a run
/// is one shard and the root, however many runs there are.
#[derive(Debug, Default)]
pub(super) struct TipTree {
    root: Node,
    shards: HashMap<String, Node>,
    sealed: Option<SealedRuns>,
}

/// A directory that may be changed.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) tree: Tree,
    /// As it was last stored.
    stored: Option<(Oid, Vec<u8>)>,
}

impl Node {
    pub(super) fn open(repo: &Repo, id: &Oid) -> Result<Self> {
        let data = repo.read_tree_alone(id)?;
        Ok(Self { tree: Tree::decode(id, &data)?, stored: Some((*id, data)) })
    }

    /// As [`Node::open`], from what was read; none if it is no tree.
    pub(super) fn decode(id: &Oid, data: Vec<u8>) -> Option<Self> {
        Some(Self { tree: Tree::decode(id, &data).ok()?, stored: Some((*id, data)) })
    }

    /// The directory `name` of this one; empty if there is none.
    pub(super) fn child(&self, repo: &Repo, name: &str) -> Result<Self> {
        let entry = self.tree.get(name.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir);
        Ok(entry.map(|entry| Self::open(repo, &entry.id)).transpose()?.unwrap_or_default())
    }

    /// The runs in a shard.
    fn runs(&self) -> impl Iterator<Item = (&[u8], Oid)> {
        let dirs = self.tree.entries().iter().filter(|entry| entry.kind == EntryKind::Dir);
        dirs.map(|entry| (entry.name.as_slice(), entry.id))
    }

    /// Stores it as it is now.
    pub(super) fn store(&mut self, sink: &mut dyn ObjectSink) -> Result<Oid> {
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
        Ok(Self { root: Node::open(repo, root)?, ..Self::default() })
    }

    /// As [`TipTree::open`]; none if it can't be read without fetching.
    pub(super) fn open_if_here(repo: &Repo, root: &Oid) -> Option<Self> {
        let data = repo.try_read(root, Kind::Tree).ok()??;
        Some(Self { root: Node::decode(root, data)?, ..Self::default() })
    }

    /// The directory of a run, whether it is sealed or not.
    pub(super) fn get(&mut self, repo: &Repo, id: &RunId) -> Result<Option<Oid>> {
        let (shard, name) = id.shard();
        let node = self.shard(repo, shard)?;
        let entry = node.tree.get(name.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir);
        match entry.map(|entry| entry.id) {
            Some(tree) => Ok(Some(tree)),
            None => self.sealed(repo)?.get(repo, shard, name),
        }
    }

    /// The runs whose id begins with `prefix`, of two digits at least: id and directory.
    pub(super) fn starting_with(&mut self, repo: &Repo, prefix: &str) -> Result<Vec<(String, Oid)>> {
        let (shard, rest) = prefix.split_at(2);
        let mut found = self.sealed(repo)?.starting_with(repo, shard, rest)?;
        // A sealed run that was changed is in the window again.
        let node = self.shard(repo, shard)?;
        let current = node.runs().filter(|(name, _)| name.starts_with(rest.as_bytes()));
        found.extend(current.map(|(name, tree)| (String::from_utf8_lossy(name).into_owned(), tree)));
        Ok(found.into_iter().map(|(name, tree)| (format!("{shard}{name}"), tree)).collect())
    }

    /// The directory `name` at the top.
    pub(super) fn directory(&self, name: &str) -> Option<Oid> {
        self.root.tree.get(name.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir).map(|entry| entry.id)
    }

    /// Puts a directory at the top.
    pub(super) fn set_directory(&mut self, name: &str, id: Oid) {
        self.root.tree.insert(name.as_bytes(), EntryKind::Dir, id);
    }

    /// Stores the root.
    pub(super) fn store(&mut self, sink: &mut dyn ObjectSink) -> Result<Oid> {
        self.root.store(sink)
    }

    /// Puts a run in its place and stores its shard, but not the root.
    pub(super) fn set(&mut self, repo: &Repo, sink: &mut dyn ObjectSink, id: &RunId, run: Oid) -> Result<()> {
        let (shard, name) = id.shard();
        let node = self.shard(repo, shard)?;
        node.tree.insert(name.as_bytes(), EntryKind::Dir, run);
        let shard_id = node.store(sink)?;
        self.root.tree.insert(shard.as_bytes(), EntryKind::Dir, shard_id);
        Ok(())
    }

    /// How many runs the shard of `id` holds that are not sealed: a guess at all, divided by 256.
    pub(super) fn neighbours(&mut self, repo: &Repo, id: &RunId) -> Result<usize> {
        Ok(self.shard(repo, id.shard().0)?.runs().count())
    }

    /// How many runs are not sealed.
    pub(super) fn count(&mut self, repo: &Repo) -> Result<usize> {
        self.shard_names().into_iter().map(|name| Ok(self.shard(repo, &name)?.runs().count())).sum()
    }

    /// Takes all runs but `keep` out of the tree and notes where they are. Returns the new root
    /// and how many runs left it.
    pub(super) fn seal(
        &mut self,
        repo: &Repo,
        sink: &mut dyn ObjectSink,
        keep: &HashSet<RunId>,
    ) -> Result<(Oid, usize)> {
        let kept: HashSet<(&str, &str)> = keep.iter().map(RunId::shard).collect();
        let mut left = 0;
        for shard in self.shard_names() {
            let runs: Vec<(String, Oid)> = {
                let node = self.shard(repo, &shard)?;
                node.runs().map(|(name, tree)| (String::from_utf8_lossy(name).into_owned(), tree)).collect()
            };
            let leaving: Vec<_> =
                runs.into_iter().filter(|(name, _)| !kept.contains(&(shard.as_str(), name.as_str()))).collect();
            if leaving.is_empty() {
                continue;
            }
            left += leaving.len();
            let node = self.shard(repo, &shard)?;
            for (name, _) in &leaving {
                node.tree.remove(name.as_bytes());
            }
            if node.tree.entries().is_empty() {
                self.root.tree.remove(shard.as_bytes());
            } else {
                let id = node.store(sink)?;
                self.root.tree.insert(shard.as_bytes(), EntryKind::Dir, id);
            }
            self.sealed(repo)?.add(repo, sink, &shard, leaving)?;
        }
        let id = self.sealed(repo)?.store(sink)?;
        self.root.tree.insert(SEALED.as_bytes(), EntryKind::Dir, id);
        Ok((self.root.store(sink)?, left))
    }

    /// The directory of a run that is not sealed.
    pub(super) fn unsealed(&mut self, repo: &Repo, shard: &str, name: &str) -> Result<Option<Oid>> {
        let entry = self.shard(repo, shard)?.tree.get(name.as_bytes());
        Ok(entry.filter(|entry| entry.kind == EntryKind::Dir).map(|entry| entry.id))
    }

    /// The sealed runs of a shard that can be read.
    pub(super) fn readable_list(&mut self, repo: &Repo, shard: &str) -> Result<BTreeMap<String, Oid>> {
        self.sealed(repo)?.readable(repo, shard)
    }

    /// Replaces lists, takes directories out, and returns the new root.
    pub(super) fn correct(
        &mut self,
        repo: &Repo,
        sink: &mut dyn ObjectSink,
        corrected: BTreeMap<String, BTreeMap<String, Oid>>,
        misplaced: &[(String, Vec<u8>)],
    ) -> Result<Oid> {
        for (shard, list) in corrected {
            self.sealed(repo)?.replace(repo, sink, &shard, &list)?;
        }
        let sealed = self.sealed(repo)?;
        if sealed.is_empty() {
            self.root.tree.remove(SEALED.as_bytes());
        } else {
            let id = sealed.store(sink)?;
            self.root.tree.insert(SEALED.as_bytes(), EntryKind::Dir, id);
        }
        for (shard, name) in misplaced {
            let node = self.shard(repo, shard)?;
            node.tree.remove(name);
            let id = (!node.tree.is_empty()).then(|| node.store(sink)).transpose()?;
            match id {
                Some(id) => self.root.tree.insert(shard.as_bytes(), EntryKind::Dir, id),
                None => drop(self.root.tree.remove(shard.as_bytes())),
            }
        }
        self.root.store(sink)
    }

    /// The root, for those who change more than runs.
    pub(super) fn root(&mut self) -> &mut Tree {
        &mut self.root.tree
    }

    /// Has a shard that was read already, if it was.
    pub(super) fn hold(&mut self, shard: &str, read: Option<Node>) {
        if let Some(node) = read {
            self.shards.entry(shard.to_owned()).or_insert(node);
        }
    }

    /// The runs of a shard that are not sealed, by name.
    pub(super) fn window(&mut self, repo: &Repo, shard: &str) -> Result<Vec<(&[u8], Oid)>> {
        let mut runs: Vec<(&[u8], Oid)> = self.shard(repo, shard)?.runs().collect();
        // They are; but the tree may be somebody else's work.
        runs.sort();
        Ok(runs)
    }

    /// The lines of a shard's lists, by name.
    pub(super) fn lines(&mut self, repo: &Repo, shard: &str) -> Result<Vec<(String, Oid)>> {
        Ok(self.sealed(repo)?.starting_with(repo, shard, "")?.into_iter().collect())
    }

    /// The line of a run in its shard's lists.
    pub(super) fn line(&mut self, repo: &Repo, shard: &str, name: &str) -> Result<Option<Oid>> {
        self.sealed(repo)?.get(repo, shard, name)
    }

    /// The tree of a shard, to be changed.
    pub(super) fn shard_tree(&mut self, repo: &Repo, shard: &str) -> Result<&mut Tree> {
        Ok(&mut self.shard(repo, shard)?.tree)
    }

    /// Stores a shard that was changed, but not the root.
    pub(super) fn store_shard(&mut self, repo: &Repo, sink: &mut dyn ObjectSink, shard: &str) -> Result<()> {
        let node = self.shard(repo, shard)?;
        if node.tree.is_empty() {
            self.root.tree.remove(shard.as_bytes());
        } else {
            let id = node.store(sink)?;
            self.root.tree.insert(shard.as_bytes(), EntryKind::Dir, id);
        }
        Ok(())
    }

    /// The shards of the tree.
    pub(super) fn shard_names(&self) -> Vec<String> {
        let dirs = self.root.tree.entries().iter().filter(|entry| entry.kind == EntryKind::Dir);
        let names = dirs.filter(|entry| entry.name.len() == 2 && entry.name.iter().all(u8::is_ascii_hexdigit));
        names.map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect()
    }

    fn shard(&mut self, repo: &Repo, name: &str) -> Result<&mut Node> {
        if !self.shards.contains_key(name) {
            self.shards.insert(name.to_owned(), self.root.child(repo, name)?);
        }
        Ok(self.shards.get_mut(name).expect("it was just put there"))
    }

    /// The lists of sealed runs.
    pub(super) fn sealed(&mut self, repo: &Repo) -> Result<&mut SealedRuns> {
        if self.sealed.is_none() {
            self.sealed = Some(SealedRuns::open(repo, &self.root)?);
        }
        Ok(self.sealed.as_mut().expect("it was just put there"))
    }
}
