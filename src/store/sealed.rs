//! The runs that left the tip's tree: where their directories are.
//!
//! `sealed/<id[:2]>` in the tip's tree has a line for each sealed run of that shard, sorted:
//! `<id[2:]> <object id of the run's directory>`. The directories themselves are reachable through
//! history, from the parent of the commit that sealed them.
//!
//! A list that grew long is not written anew for each few lines that are added to it: these wait in a second,
//! short list, `sealed/new/<id[:2]>`. At a million runs that is a fifteenth of the bytes.

use std::collections::{BTreeMap, HashMap};

use crate::git::{EntryKind, Kind, ObjectSink, Oid, Repo};

use super::tip_tree::Node;
use super::{Error, Result};

/// The directory of these lists in the tip's tree.
pub(super) const SEALED: &str = "sealed";
/// The directory of the short lists in it.
const NEW: &str = "new";
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
            *lists = Shard { long: List::new(&lists.long, &long), short: List::new(&lists.short, &BTreeMap::new()) };
            let id = sink.put(Kind::Blob, &lists.long.text)?;
            self.dir.tree.insert(shard.as_bytes(), EntryKind::File, id);
            self.new_dir.tree.remove(shard.as_bytes());
        } else {
            lists.short = List::new(&lists.short, &short);
            let id = sink.put(Kind::Blob, &lists.short.text)?;
            self.new_dir.tree.insert(shard.as_bytes(), EntryKind::File, id);
        }
        Ok(())
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
            let open = |dir: &Node, path: String| match dir.tree.get(shard.as_bytes()) {
                Some(entry) => Ok(List { text: repo.read(&entry.id, Kind::Blob)?, path }),
                None => Ok::<_, Error>(List { text: Vec::new(), path }),
            };
            let long = open(&self.dir, format!("{SEALED}/{shard}"))?;
            let short = open(&self.new_dir, format!("{SEALED}/{NEW}/{shard}"))?;
            self.shards.insert(shard.to_owned(), Shard { long, short });
        }
        Ok(self.shards.get_mut(shard).expect("it was just put there"))
    }
}

/// A list as it is stored. One line is wanted of thousands, so it is searched, not parsed.
#[derive(Debug, Default)]
struct List {
    text: Vec<u8>,
    path: String,
}

impl List {
    /// With other runs than `before`.
    fn new(before: &Self, runs: &BTreeMap<String, Oid>) -> Self {
        use std::io::Write;
        let mut text = Vec::new();
        for (rest, tree) in runs {
            let _ = writeln!(text, "{rest} {tree}");
        }
        Self { text, path: before.path.clone() }
    }

    /// How many runs are in it.
    #[expect(clippy::naive_bytecount, reason = "a few hundred kilobytes at a million runs")]
    fn len(&self) -> usize {
        self.text.iter().filter(|&&byte| byte == b'\n').count()
    }

    /// Where the first line begins that is not less than `wanted`.
    fn find(&self, wanted: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.text.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = self.text[low..middle].iter().rposition(|&byte| byte == b'\n').map_or(low, |at| low + at + 1);
            let line = self.line(start);
            if &line[..line.len().min(wanted.len())] < wanted { low = start + line.len() + 1 } else { high = start }
        }
        low.min(self.text.len())
    }

    /// The line that begins at `start`.
    fn line(&self, start: usize) -> &[u8] {
        self.text[start..].split(|&byte| byte == b'\n').next().unwrap_or_default()
    }

    fn get(&self, repo: &Repo, rest: &str) -> Result<Option<Oid>> {
        let start = self.find(format!("{rest} ").as_bytes());
        if start == self.text.len() {
            return Ok(None);
        }
        let (found, tree) = self.parse(repo, self.line(start))?;
        Ok((found == rest).then_some(tree))
    }

    fn starting_with(&self, repo: &Repo, rest: &str) -> Result<BTreeMap<String, Oid>> {
        let mut found = BTreeMap::new();
        for line in self.text[self.find(rest.as_bytes())..].split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
        {
            let (name, tree) = self.parse(repo, line)?;
            if !name.starts_with(rest) {
                break;
            }
            found.insert(name, tree);
        }
        Ok(found)
    }

    fn parse(&self, repo: &Repo, line: &[u8]) -> Result<(String, Oid)> {
        let text = String::from_utf8_lossy(line);
        let parsed = text.split_once(' ').and_then(|(rest, hex)| Some((rest.to_owned(), repo.parse_oid(hex)?)));
        parsed.ok_or_else(|| Error::Damaged {
            what: self.path.clone(),
            reason: format!("'{}' is no line of it", text.escape_debug()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_wherever_it_stands() {
        let id = Oid::from_hex("0123456789".repeat(4).as_bytes()).unwrap();
        for count in [0_usize, 1, 2, 3, 100] {
            let runs: BTreeMap<String, Oid> = (0..count).map(|n| (format!("{:06x}", n * 7), id)).collect();
            let list = List::new(&List::default(), &runs);
            assert_eq!(list.len(), count);
            for (place, rest) in runs.keys().enumerate() {
                let start = list.find(format!("{rest} ").as_bytes());
                assert!(list.line(start).starts_with(rest.as_bytes()));
                assert_eq!(start, place * (6 + 1 + 40 + 1));
            }
            assert_eq!(list.find(b"g"), list.text.len());
            assert_eq!(list.find(b""), 0);
        }
    }
}
