//! The runs that left the tip's tree: where their directories are.
//!
//! `sealed/<id[:2]>` in the tip's tree has a line for each sealed run of that shard, sorted:
//! `<id[2:]> <object id of the run's directory>`. The directories themselves are reachable through
//! history, from the parent of the commit that sealed them.
//!
//! A list that grew long is not written anew for each few lines that are added to it: these wait in a second,
//! short list, `sealed/new/<id[:2]>`. At a million runs that is a fifteenth of the bytes.

mod list;

use std::collections::{BTreeMap, HashMap};

use crate::git::{EntryKind, Kind, ObjectSink, Oid, Repo, Tree};

use super::Result;
use super::tip_tree::Node;

use list::List;
pub(super) use list::decode_leniently;

/// The directory of these lists in the tip's tree.
pub(super) const SEALED: &str = "sealed";
/// The directory of the short lists in it.
pub(super) const NEW: &str = "new";
/// A short list may have one line for so many of the long one. A greater number writes the short
/// lists less often and the long ones more often; at a million runs both cost the same.
const SHARE: usize = 16;

/// The sealed runs of a store, opened where they are asked for.
#[derive(Debug, Default)]
pub(super) struct SealedRuns {
    dir: Node,
    new_dir: Node,
    shards: HashMap<String, Shard>,
}

/// The lists of one shard.
#[derive(Debug, Default)]
struct Shard {
    long: List,
    short: List,
}

impl SealedRuns {
    /// Those of the tip's tree `root`.
    pub(super) fn open(repo: &Repo, root: &Node) -> Result<Self> {
        let dir = root.child(repo, SEALED)?;
        let new_dir = dir.child(repo, NEW)?;
        Ok(Self { dir, new_dir, shards: HashMap::new() })
    }

    /// All of those of the tip's tree `root`: ids and directories. In a partial clone missing lists are fetched in one batch.
    pub(super) fn all(repo: &Repo, root: &Tree) -> Result<BTreeMap<String, Oid>> {
        let child = |tree: &Tree, name: &str| -> Result<Tree> {
            let entry = tree.get(name.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir);
            Ok(entry.map(|entry| repo.tree_alone(&entry.id)).transpose()?.unwrap_or_default())
        };
        let dir = child(root, SEALED)?;
        let new_dir = child(&dir, NEW)?;
        let lists = || dir.entries().iter().chain(new_dir.entries()).filter(|entry| entry.kind == EntryKind::File);
        repo.ensure_present(&lists().map(|entry| entry.id).collect::<Vec<_>>())?;
        let mut found = BTreeMap::new();
        for entry in lists() {
            let shard = String::from_utf8_lossy(&entry.name);
            let list = List { text: repo.read(&entry.id, Kind::Blob)?, path: format!("{SEALED}/{shard}") };
            let runs = list.starting_with(repo, "")?;
            found.extend(runs.into_iter().map(|(rest, tree)| (format!("{shard}{rest}"), tree)));
        }
        Ok(found)
    }

    /// The directory of a run.
    pub(super) fn get(&mut self, repo: &Repo, shard: &str, rest: &str) -> Result<Option<Oid>> {
        let lists = self.shard(repo, shard)?;
        // A run that was changed and sealed again is in both.
        match lists.short.get(repo, rest)? {
            Some(tree) => Ok(Some(tree)),
            None => lists.long.get(repo, rest),
        }
    }

    /// The runs of a shard whose id goes on with `rest`: what goes on, and the directory.
    pub(super) fn starting_with(&mut self, repo: &Repo, shard: &str, rest: &str) -> Result<BTreeMap<String, Oid>> {
        let lists = self.shard(repo, shard)?;
        let mut found = lists.long.starting_with(repo, rest)?;
        found.extend(lists.short.starting_with(repo, rest)?);
        Ok(found)
    }

    /// Adds runs of a shard and stores its lists.
    pub(super) fn add(
        &mut self,
        repo: &Repo,
        sink: &mut dyn ObjectSink,
        shard: &str,
        runs: Vec<(String, Oid)>,
    ) -> Result<()> {
        let lists = self.shard(repo, shard)?;
        let mut short = lists.short.starting_with(repo, "")?;
        short.extend(runs);
        if short.len() > lists.long.len() / SHARE {
            let mut long = lists.long.starting_with(repo, "")?;
            long.extend(short);
            self.replace(repo, sink, shard, &long)?;
        } else {
            lists.short = List::new(&lists.short, &short);
            let id = sink.put(Kind::Blob, &lists.short.text)?;
            self.new_dir.tree.insert(shard.as_bytes(), EntryKind::File, id);
        }
        Ok(())
    }

    /// The lines of both lists of a shard that can be read, whatever else is in them.
    pub(super) fn readable(&mut self, repo: &Repo, shard: &str) -> Result<BTreeMap<String, Oid>> {
        let lists = self.shard(repo, shard)?;
        Ok(lists.long.readable(repo).into_iter().chain(lists.short.readable(repo)).collect())
    }

    /// Makes one list of a shard's two, with these runs.
    pub(super) fn replace(
        &mut self,
        repo: &Repo,
        sink: &mut dyn ObjectSink,
        shard: &str,
        runs: &BTreeMap<String, Oid>,
    ) -> Result<()> {
        let lists = self.shard(repo, shard)?;
        *lists = Shard { long: List::new(&lists.long, runs), short: List::new(&lists.short, &BTreeMap::new()) };
        let text = std::mem::take(&mut lists.long.text);
        self.new_dir.tree.remove(shard.as_bytes());
        if text.is_empty() {
            self.dir.tree.remove(shard.as_bytes());
        } else {
            self.dir.tree.insert(shard.as_bytes(), EntryKind::File, sink.put(Kind::Blob, &text)?);
        }
        self.shard(repo, shard)?.long.text = text;
        Ok(())
    }

    /// The blobs of a shard's two lists.
    pub(super) fn blobs(&self, shard: &str) -> [Option<Oid>; 2] {
        [&self.dir, &self.new_dir].map(|dir| dir.tree.get(shard.as_bytes()).map(|entry| entry.id))
    }

    /// The shards that have a list.
    pub(super) fn shard_names(&self) -> Vec<String> {
        let entries = self.dir.tree.entries().iter().chain(self.new_dir.tree.entries());
        let files = entries.filter(|entry| entry.kind == EntryKind::File);
        files.map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect()
    }

    /// Whether there is no list at all.
    pub(super) fn is_empty(&self) -> bool {
        self.dir.tree.is_empty() && self.new_dir.tree.is_empty()
    }

    /// Stores the directory of the lists.
    pub(super) fn store(&mut self, sink: &mut dyn ObjectSink) -> Result<Oid> {
        if self.new_dir.tree.entries().is_empty() {
            self.dir.tree.remove(NEW.as_bytes());
        } else {
            let id = self.new_dir.store(sink)?;
            self.dir.tree.insert(NEW.as_bytes(), EntryKind::Dir, id);
        }
        self.dir.store(sink)
    }

    fn shard(&mut self, repo: &Repo, shard: &str) -> Result<&mut Shard> {
        if !self.shards.contains_key(shard) {
            let open = |dir: &Node, path: String| -> Result<List> {
                let Some(entry) = dir.tree.get(shard.as_bytes()) else { return Ok(List { text: Vec::new(), path }) };
                if let Some(text) = repo.try_read(&entry.id, Kind::Blob)? {
                    return Ok(List { text, path });
                }
                if repo.is_partial() {
                    // Who needs one mostly needs the others, too.
                    let lists = self.dir.tree.entries().iter().chain(self.new_dir.tree.entries());
                    let lists = lists.filter(|entry| entry.kind == EntryKind::File).map(|entry| entry.id);
                    repo.ensure_present(&lists.collect::<Vec<_>>())?;
                }
                Ok(List { text: repo.read(&entry.id, Kind::Blob)?, path })
            };
            let long = open(&self.dir, format!("{SEALED}/{shard}"))?;
            let short = open(&self.new_dir, format!("{SEALED}/{NEW}/{shard}"))?;
            self.shards.insert(shard.to_owned(), Shard { long, short });
        }
        Ok(self.shards.get_mut(shard).expect("it was just put there"))
    }
}
