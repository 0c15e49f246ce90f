//! Git trees as lists of entries, in git's order.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Error, Oid, Result};

/// What a tree entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A file with the executable bit.
    Executable,
    /// A directory.
    Dir,
    /// Anything else that git can hold: symlinks and submodules. Never written by us.
    Other(u32),
}

impl EntryKind {
    /// Its mode as it stands in a tree: octal, without zeros before it.
    fn mode(self) -> Cow<'static, str> {
        match self {
            Self::File => "100644".into(),
            Self::Executable => "100755".into(),
            Self::Dir => "40000".into(),
            Self::Other(mode) => format!("{mode:o}").into(),
        }
    }

    fn from_mode(mode: u32) -> Self {
        match mode {
            0o40_000 => Self::Dir,
            0o120_000 | 0o160_000 => Self::Other(mode),
            _ if mode & 0o170_000 == 0o100_000 => {
                if mode & 0o100 == 0 {
                    Self::File
                } else {
                    Self::Executable
                }
            }
            _ => Self::Other(mode),
        }
    }
}

/// One entry of a [`Tree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// File name: bytes, as git has it. UTF-8 in nearly all cases.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// The object that it names.
    pub id: Oid,
}

impl Entry {
    fn encode_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.kind.mode().as_bytes());
        out.push(b' ');
        out.extend_from_slice(&self.name);
        out.push(0);
        out.extend_from_slice(self.id.as_slice());
    }

    /// Which of two entries git has first in a tree.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        order((&self.name, self.kind), (&other.name, other.kind))
    }
}

/// A directory as git stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    entries: Vec<Entry>,
}

impl Tree {
    /// The entries, in git's order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether it has no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry called `name`.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&Entry> {
        // A name can stand in two places of git's order, as file or directory.
        [EntryKind::File, EntryKind::Dir].into_iter().find_map(|kind| {
            let at = self.position(name, kind).ok()?;
            Some(&self.entries[at])
        })
    }

    /// Adds an entry, or replaces the one of that name.
    pub fn insert(&mut self, name: &[u8], kind: EntryKind, id: Oid) {
        // Nearly always it is there, and as what it is to be.
        if let Ok(at) = self.position(name, kind) {
            (self.entries[at].kind, self.entries[at].id) = (kind, id);
            return;
        }
        self.remove(name);
        let at = self.position(name, kind).unwrap_or_else(|at| at);
        self.entries.insert(at, Entry { name: name.to_vec(), kind, id });
    }

    /// Adds entries whose names it has not, in git's order.
    pub fn insert_all(&mut self, more: Vec<Entry>) {
        let mut merged = Vec::with_capacity(self.entries.len() + more.len());
        let (mut own, mut more) =
            (std::mem::take(&mut self.entries).into_iter().peekable(), more.into_iter().peekable());
        while let Some(next) = own.peek().zip(more.peek()).map(|(one, other)| one.order(other)) {
            merged.extend(if next == Ordering::Greater { more.next() } else { own.next() });
        }
        merged.extend(own);
        merged.extend(more);
        self.entries = merged;
    }

    /// Removes the entry called `name`; says whether it was there.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        for kind in [EntryKind::File, EntryKind::Dir] {
            if let Ok(at) = self.position(name, kind) {
                self.entries.remove(at);
                return true;
            }
        }
        false
    }

    fn position(&self, name: &[u8], kind: EntryKind) -> std::result::Result<usize, usize> {
        self.entries.binary_search_by(|entry| order((&entry.name, entry.kind), (name, kind)))
    }

    /// The object's bytes, format of `git cat-file tree`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.entries.len() * 48);
        self.entries.iter().for_each(|entry| entry.encode_to(&mut out));
        out
    }

    /// The object's bytes as it would be without the directories called `without` and with the entries `more`, names that it has
    /// not. Both are in git's order.
    #[must_use]
    pub fn encode_with(&self, without: &[&str], more: &[Entry]) -> Vec<u8> {
        let mut out = Vec::with_capacity((self.entries.len() + more.len()) * 48);
        let (mut without, mut more) = (without.iter().peekable(), more.iter().peekable());
        for entry in &self.entries {
            if entry.kind == EntryKind::Dir && without.next_if(|name| name.as_bytes() == entry.name).is_some() {
                continue;
            }
            while let Some(new) = more.next_if(|new| new.order(entry) == Ordering::Less) {
                new.encode_to(&mut out);
            }
            entry.encode_to(&mut out);
        }
        more.for_each(|new| new.encode_to(&mut out));
        out
    }

    /// Reads the bytes of the tree object `id`.
    pub fn decode(id: &Oid, data: &[u8]) -> Result<Self> {
        let invalid = || Error::Invalid { id: *id, expected: "tree", reason: String::new() };
        let (mut rest, mut entries) = (data, Vec::with_capacity(data.len() / 40));
        while !rest.is_empty() {
            let space = rest.iter().position(|&b| b == b' ').ok_or_else(invalid)?;
            let nul = rest.iter().position(|&b| b == 0).filter(|&nul| nul > space).ok_or_else(invalid)?;
            let mode = std::str::from_utf8(&rest[..space]).ok().and_then(|m| u32::from_str_radix(m, 8).ok());
            let end = nul + 1 + id.as_slice().len();
            let oid = rest.get(nul + 1..end).and_then(|raw| Oid::try_from(raw).ok()).ok_or_else(invalid)?;
            entries.push(Entry {
                name: rest[space + 1..nul].to_vec(),
                kind: EntryKind::from_mode(mode.ok_or_else(invalid)?),
                id: oid,
            });
            rest = &rest[end..];
        }
        Ok(Self { entries })
    }
}

/// Git orders a directory as if its name ended with a slash.
fn order(one: (&[u8], EntryKind), other: (&[u8], EntryKind)) -> Ordering {
    let common = one.0.len().min(other.0.len());
    let rest = |(name, kind): (&[u8], EntryKind)| {
        let end = if kind == EntryKind::Dir { [b'/'].as_slice() } else { &[] };
        (name.get(common).or(end.first()).copied(), name.len())
    };
    one.0[..common].cmp(&other.0[..common]).then_with(|| rest(one).cmp(&rest(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_gits_order_and_round_trips() {
        let id = Oid::null(gix::hash::Kind::Sha1);
        let mut tree = Tree::default();
        for (name, kind) in
            [("a", EntryKind::Dir), ("a.b", EntryKind::File), ("a-b", EntryKind::File), ("a0", EntryKind::File)]
        {
            tree.insert(name.as_bytes(), kind, id);
        }
        let names: Vec<_> = tree.entries().iter().map(|e| String::from_utf8_lossy(&e.name).into_owned()).collect();
        assert_eq!(names, ["a-b", "a.b", "a", "a0"], "a directory sorts as 'a/'");
        assert_eq!(Tree::decode(&id, &tree.encode()).unwrap(), tree);
        tree.insert(b"a", EntryKind::File, id);
        assert_eq!(tree.entries().len(), 4, "a file replaces the directory of its name");
        assert!(tree.remove(b"a") && tree.get(b"a").is_none() && tree.get(b"a0").is_some());
    }

    #[test]
    fn many_entries_at_once_are_where_each_alone_would_be() {
        let id = Oid::null(gix::hash::Kind::Sha1);
        let names = ["a", "a-b", "a.b", "a0", "b", "ba", "c"];
        for mask in 0..1_u32 << names.len() {
            let (mut one, mut all, mut more) = (Tree::default(), Tree::default(), Tree::default());
            for (at, name) in names.iter().enumerate() {
                let kind = if at % 2 == 0 { EntryKind::Dir } else { EntryKind::File };
                one.insert(name.as_bytes(), kind, id);
                if mask & (1 << at) == 0 { &mut all } else { &mut more }.insert(name.as_bytes(), kind, id);
            }
            assert_eq!(all.encode_with(&[], &more.entries), one.encode());
            // Directories that are taken out, and the others put in.
            let is_dir = |entry: &&Entry| entry.kind == EntryKind::Dir;
            let gone: Vec<String> = more
                .entries
                .iter()
                .filter(is_dir)
                .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
                .collect();
            let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
            let mut left = one.clone();
            assert!(gone.iter().all(|name| left.remove(name.as_bytes())));
            assert_eq!(one.encode_with(&gone, &[]), left.encode());
            all.insert_all(more.entries);
            assert_eq!(all, one);
        }
    }
}
