//! Making a history anew without the files of some runs.
//!
//! What comes out depends on nothing but the commits and the ids of these runs: two clones that take the same runs out of the
//! same history get the same commits, and taking out some first and others later ends where taking out all at once does. Merging
//! relies on that (`docs/format.md`, section 8).

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::git::{CommitInfo, EntryKind, Kind, ObjectSink, Oid, Repo, Tree, rewrite_commit};
use crate::run::{Row, RunId, RunStatus};

use crate::store::message::{ROW, rows};
use crate::store::run_files::{ARTIFACTS, COMPACTED, SOURCE_DIFF};
use crate::store::{Error, Result};

/// Rewrites commits, parents first.
pub(super) struct Rewriter<'r, 'i> {
    repo: &'r Repo,
    ids: &'i HashSet<RunId>,
    /// What the ids are in the tree: names by shard.
    shards: BTreeMap<&'i str, Vec<&'i str>>,
    /// What became of directories of runs, shards and roots.
    directories: HashMap<Oid, Oid>,
    trees: HashMap<Oid, Oid>,
    /// What became of the commits that changed.
    commits: HashMap<Oid, Oid>,
    /// Each place's last tree: the next one is much like it.
    last: HashMap<String, (Oid, Vec<u8>)>,
}

impl<'r, 'i> Rewriter<'r, 'i> {
    /// For a history without the files of the runs `ids`.
    pub(super) fn new(repo: &'r Repo, ids: &'i HashSet<RunId>) -> Self {
        let mut shards: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (shard, rest) in ids.iter().map(RunId::shard) {
            shards.entry(shard).or_default().push(rest);
        }
        let (directories, trees) = (HashMap::new(), HashMap::new());
        Self { repo, ids, shards, directories, trees, commits: HashMap::new(), last: HashMap::new() }
    }

    /// Fetches what a partial clone lacks of the directories that `commits` have of these runs, in a batch for each level. Some may be
    /// gone everywhere: what is missing in the end is told by who reads it.
    pub(super) fn fetch_directories(&self, commits: &[CommitInfo]) {
        if self.ids.is_empty() || !self.repo.is_partial() {
            return;
        }
        let _ = self.repo.ensure_alone(&commits.iter().map(|commit| commit.tree).collect::<Vec<_>>(), &mut |_| {});
        let roots = commits.iter().filter_map(|commit| self.repo.tree_alone(&commit.tree).ok());
        let entries = |root: Tree| {
            let entries = self.shards.keys().filter_map(|shard| Some(root.get(shard.as_bytes())?.id));
            entries.collect::<Vec<_>>()
        };
        let _ = self.repo.ensure_alone(&roots.flat_map(entries).collect::<Vec<_>>(), &mut |_| {});
        let rows = commits.iter().flat_map(|commit| rows(commit).unwrap_or_default());
        let rows = rows.filter(|row| self.ids.contains(&row.id));
        let trees: Vec<Oid> = rows.filter_map(|row| self.repo.parse_oid(&row.tree)).collect();
        let _ = self.repo.ensure_present(&trees);
    }

    /// What became of a commit.
    pub(super) fn now(&self, commit: &Oid) -> Oid {
        self.commits.get(commit).copied().unwrap_or(*commit)
    }

    /// How many commits changed.
    pub(super) fn changed(&self) -> usize {
        self.commits.len()
    }

    /// Rewrites a commit, whose parents were done before. One that says and has nothing of these runs stays, with all
    /// that it is signed with, unless a parent of it changed.
    pub(super) fn commit(&mut self, sink: &mut dyn ObjectSink, commit: &CommitInfo) -> Result<()> {
        if self.repo.is_shallow_boundary(&commit.id) {
            return Err(Error::Shallow);
        }
        let message = self.message(sink, commit)?;
        let parents: Vec<Oid> = commit.parents.iter().map(|parent| self.now(parent)).collect();
        if message.is_none() && parents == commit.parents {
            return Ok(());
        }
        let tree = self.root(sink, &commit.tree)?;
        let data = self.repo.read(&commit.id, Kind::Commit)?;
        let new = sink.put(Kind::Commit, &rewrite_commit(&data, &tree, &parents, message.as_deref()))?;
        self.commits.insert(commit.id, new);
        Ok(())
    }

    /// The message with other rows; none if they are the same.
    fn message(&mut self, sink: &mut dyn ObjectSink, commit: &CommitInfo) -> Result<Option<String>> {
        let end = commit.message.trim_end().rfind("\n\n").map(|at| at + 2);
        let Some((before, trailers)) = end.map(|at| commit.message.split_at(at)) else { return Ok(None) };
        let (mut text, mut changed) = (before.to_owned(), false);
        for line in trailers.split_inclusive('\n') {
            let value =
                line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(ROW)).map(|(_, row)| row.trim());
            let row =
                value.and_then(|row| serde_json::from_str::<Row>(row).ok()).filter(|row| self.ids.contains(&row.id));
            let tree = row.as_ref().and_then(|row| self.repo.parse_oid(&row.tree));
            let (Some(value), Some(row), Some(tree)) = (value, row, tree) else {
                text.push_str(line);
                continue;
            };
            let new = self.directory(sink, &tree)?;
            changed |= new != tree;
            text.push_str(&if new == tree { line.to_owned() } else { line.replace(value, &renewed(value, row, &new)) });
        }
        Ok(changed.then_some(text))
    }

    /// The directory of a run without its files. One that has none stays as it is.
    fn directory(&mut self, sink: &mut dyn ObjectSink, id: &Oid) -> Result<Oid> {
        if let Some(new) = self.directories.get(id) {
            return Ok(*new);
        }
        // What is missing has no files that could be reached.
        let mut tree = if self.repo.has(id) || self.repo.is_partial() { self.repo.tree(id)? } else { Tree::default() };
        let files = [ARTIFACTS, SOURCE_DIFF].map(|name| tree.remove(name.as_bytes()));
        let new = if files.contains(&true) {
            tree.insert(COMPACTED.as_bytes(), EntryKind::File, sink.put(Kind::Blob, b"")?);
            sink.put(Kind::Tree, &tree.encode())?
        } else {
            *id
        };
        self.directories.insert(*id, new);
        Ok(new)
    }

    fn shard(&mut self, sink: &mut dyn ObjectSink, shard: &'i str, id: &Oid) -> Result<Oid> {
        if let Some(new) = self.trees.get(id) {
            return Ok(*new);
        }
        let mut tree = self.repo.tree(id)?;
        let mut changed = false;
        for name in self.shards[shard].clone() {
            let entry = tree.get(name.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir).map(|entry| entry.id);
            let Some(old) = entry else { continue };
            let new = self.directory(sink, &old)?;
            if new != old {
                tree.insert(name.as_bytes(), EntryKind::Dir, new);
                changed = true;
            }
        }
        self.tree(sink, shard, id, &tree, changed)
    }

    fn root(&mut self, sink: &mut dyn ObjectSink, id: &Oid) -> Result<Oid> {
        if let Some(new) = self.trees.get(id) {
            return Ok(*new);
        }
        let mut tree = self.repo.tree(id)?;
        let mut changed = false;
        for shard in self.shards.keys().copied().collect::<Vec<_>>() {
            let entry = tree.get(shard.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir).map(|entry| entry.id);
            let Some(old) = entry else { continue };
            let new = self.shard(sink, shard, &old)?;
            if new != old {
                tree.insert(shard.as_bytes(), EntryKind::Dir, new);
                changed = true;
            }
        }
        self.tree(sink, "", id, &tree, changed)
    }

    /// Stores the tree that `id` became.
    fn tree(&mut self, sink: &mut dyn ObjectSink, place: &str, id: &Oid, tree: &Tree, changed: bool) -> Result<Oid> {
        let mut new = *id;
        if changed {
            let data = tree.encode();
            new = match self.last.get(place) {
                Some((base, base_data)) => sink.put_similar(Kind::Tree, &data, base, base_data)?,
                None => sink.put(Kind::Tree, &data)?,
            };
            self.last.insert(place.to_owned(), (new, data));
        }
        self.trees.insert(*id, new);
        Ok(new)
    }
}

/// The row with another directory, as a deleted run's. All else in it stays, byte for byte, also what this version does not know.
fn renewed(line: &str, row: Row, tree: &Oid) -> String {
    let old = format!("\"tree\":\"{}\"", row.tree);
    let status = line.find("\"status\":\"").map(|at| at + "\"status\":\"".len());
    let status = status.and_then(|at| Some((at, at + line[at..].find('"')?)));
    let (true, Some((from, to))) = (line.matches(&old).count() == 1, status) else {
        // Somebody wrote it in another form.
        return Row { tree: tree.to_string(), ..row }.compacted(true).to_line();
    };
    let mut line = line.to_owned();
    if row.status.has_files() {
        let word = serde_json::to_value(RunStatus::Pruned).unwrap_or_default();
        line.replace_range(from..to, word.as_str().unwrap_or_default());
    }
    line.replace(&old, &format!("\"tree\":\"{tree}\""))
}
