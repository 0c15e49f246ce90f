//! `index/runs.jsonl` of a results repository: every row as a line of JSON, for programs that know no git.
//!
//! The newest rows are in `index/runs.jsonl`. When it holds [`ROWS`] rows and another comes, these become
//! `index/runs-<n>.jsonl`, so that nothing that is appended rewrites more than [`ROWS`] rows.
//! Specified in `docs/format.md`, section 14.

mod compare;
mod write;

use std::collections::HashMap;

use crate::git::{EntryKind, Kind, ObjectSink, Oid, Repo, Tree};
use crate::run::{Row, RunId};

use super::Result;
use super::tip_tree::TipTree;

pub use compare::Differences;
pub(super) use compare::{check_place, compare};
pub(super) use write::{Indexed, build};

/// The directory of the index in the tip's tree.
pub(super) const DIR: &str = "index";
/// The file with the newest rows.
pub(super) const CURRENT: &str = "runs.jsonl";
/// Rows of a sealed file.
pub(super) const ROWS: usize = 1000;

/// A row that a transaction wrote, until the index has it, too.
#[derive(Debug, Clone)]
pub(super) struct News {
    pub(super) row: Row,
    /// Whether the run is new.
    pub(super) is_record: bool,
    /// The date of the commit that recorded it, in seconds since 1970.
    pub(super) committed: i64,
}

/// The name of the `n`th sealed file. Zeros keep the order of names that of the rows.
pub(super) fn sealed_name(n: usize) -> String {
    format!("runs-{n:04}.jsonl")
}

/// Which sealed file a name means.
fn sealed_number(name: &[u8]) -> Option<usize> {
    let digits = name.strip_prefix(b"runs-")?.strip_suffix(b".jsonl")?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The sealed files of the directory, the oldest first.
pub(super) fn sealed_files(dir: &Tree) -> Vec<(usize, Vec<u8>, Oid)> {
    let files = dir.entries().iter().filter(|entry| matches!(entry.kind, EntryKind::File | EntryKind::Executable));
    let mut found: Vec<_> =
        files.filter_map(|entry| Some((sealed_number(&entry.name)?, entry.name.clone(), entry.id))).collect();
    found.sort();
    found
}

/// The index of a store that has one, opened to be changed.
#[derive(Debug)]
pub(super) struct IndexFiles {
    dir: Tree,
    /// The newest rows, as they stand in the file.
    current: Vec<u8>,
    /// Sealed files that this transaction stored: they can't be read from the repository yet.
    fresh: HashMap<Oid, Vec<u8>>,
}

impl IndexFiles {
    /// Opens the index; none if the store keeps none.
    pub(super) fn open(repo: &Repo, tree: &TipTree) -> Result<Option<Self>> {
        let Some(dir) = tree.directory(DIR) else { return Ok(None) };
        let dir = repo.tree(&dir)?;
        let Some(current) = dir.get(CURRENT.as_bytes()).filter(|entry| entry.kind == EntryKind::File) else {
            return Ok(None);
        };
        let mut current = repo.read(&current.id, Kind::Blob)?;
        if current.last().is_some_and(|&b| b != b'\n') {
            current.push(b'\n');
        }
        Ok(Some(Self { dir, current, fresh: HashMap::new() }))
    }

    /// Brings the index up to date with what a transaction wrote, in its order. Returns the directory.
    ///
    /// A damaged index never stops a run from being recorded: what is no row in it stays as it is, and a changed
    /// run that is not in it is added.
    pub(super) fn update(&mut self, repo: &Repo, sink: &mut dyn ObjectSink, news: Vec<News>) -> Result<Oid> {
        let (mut new, mut changed) = split(news);
        if !changed.is_empty() {
            replace(&mut self.current, &mut changed);
            if !changed.is_empty() && repo.is_partial() {
                let sealed = sealed_files(&self.dir).into_iter().map(|(.., id)| id);
                repo.ensure_present(&sealed.filter(|id| !self.fresh.contains_key(id)).collect::<Vec<_>>())?;
            }
            for (_, name, id) in sealed_files(&self.dir).into_iter().rev() {
                if changed.is_empty() {
                    break;
                }
                let mut text = match self.fresh.get(&id) {
                    Some(text) => text.clone(),
                    None => repo.read(&id, Kind::Blob)?,
                };
                if replace(&mut text, &mut changed) {
                    self.put_sealed(sink, &name, text)?;
                }
            }
        }
        new.extend(changed.into_iter().map(|news| news.row));
        self.append(sink, &new)
    }

    fn append(&mut self, sink: &mut dyn ObjectSink, rows: &[Row]) -> Result<Oid> {
        let mut held = self.current.split_inclusive(|&b| b == b'\n').count();
        for row in rows {
            if held >= ROWS {
                let last = sealed_files(&self.dir).last().map_or(0, |(n, ..)| *n);
                let full = std::mem::take(&mut self.current);
                self.put_sealed(sink, sealed_name(last + 1).as_bytes(), full)?;
                held = 0;
            }
            self.current.extend(row.to_line().bytes());
            self.current.push(b'\n');
            held += 1;
        }
        self.dir.insert(CURRENT.as_bytes(), EntryKind::File, sink.put(Kind::Blob, &self.current)?);
        Ok(sink.put(Kind::Tree, &self.dir.encode())?)
    }

    fn put_sealed(&mut self, sink: &mut dyn ObjectSink, name: &[u8], text: Vec<u8>) -> Result<()> {
        let id = sink.put(Kind::Blob, &text)?;
        self.dir.insert(name, EntryKind::File, id);
        self.fresh.insert(id, text);
        Ok(())
    }
}

/// The new runs in the order of the index, each with the last of its rows, and the changed ones, each once.
fn split(news: Vec<News>) -> (Vec<Row>, Vec<News>) {
    let mut places: HashMap<RunId, (bool, usize)> = HashMap::new();
    let (mut new, mut changed): (Vec<News>, Vec<News>) = (Vec::new(), Vec::new());
    for one in news {
        let id = one.row.id.clone();
        let list = if one.is_record { &mut new } else { &mut changed };
        match places.get(&id) {
            Some(&(true, at)) => new[at].row = one.row,
            Some(&(false, at)) => changed[at].row = one.row,
            None => {
                places.insert(id, (one.is_record, list.len()));
                list.push(one);
            }
        }
    }
    new.sort_by_cached_key(|one: &News| (one.committed, one.row.timestamp.clone(), one.row.id.clone()));
    (new.into_iter().map(|one| one.row).collect(), changed)
}

/// Puts those of `changed` that have a line in `text` in place of it and takes them out of the list. Says whether
/// any has.
fn replace(text: &mut Vec<u8>, changed: &mut Vec<News>) -> bool {
    let Ok(old) = std::str::from_utf8(text) else { return false };
    // Most files have none of them, and reading every line takes ten times as long.
    if !changed.iter().any(|news| old.contains(news.row.id.as_str())) {
        return false;
    }
    let (mut new, before) = (String::with_capacity(old.len() + 256), changed.len());
    for line in old.split_inclusive('\n') {
        let id = id_of(line);
        let at = changed.iter().position(|news| id.as_ref() == Some(&news.row.id));
        match at.map(|at| changed.swap_remove(at)) {
            Some(news) => {
                new.push_str(&news.row.to_line());
                new.push('\n');
            }
            None => new.push_str(line),
        }
    }
    let found = changed.len() < before;
    if found {
        *text = new.into_bytes();
    }
    found
}

/// The run of a line; none if it is no row.
pub(super) fn id_of(line: &str) -> Option<RunId> {
    #[derive(serde::Deserialize)]
    struct Id {
        id: RunId,
    }
    serde_json::from_str::<Id>(line).ok().map(|row| row.id)
}

#[cfg(test)]
mod tests {
    use super::{sealed_name, sealed_number};

    #[test]
    fn names_sort_as_their_numbers() {
        assert_eq!(sealed_name(7), "runs-0007.jsonl");
        assert!(sealed_name(999) < sealed_name(1000) && sealed_name(1000).as_str() < "runs.jsonl");
        assert_eq!(sealed_number(b"runs-0007.jsonl"), Some(7));
        assert_eq!(sealed_number(b"runs-12345.jsonl"), Some(12_345));
        for other in ["runs.jsonl", "runs-.jsonl", "runs-+1.jsonl", "cases-0001.jsonl"] {
            assert_eq!(sealed_number(other.as_bytes()), None, "{other}");
        }
    }
}
