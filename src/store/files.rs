//! The files of a git tree, as a bundle reader sees them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::git::{EntryKind, Kind, Oid, Repo};
use crate::run::{BundleError, Files};

use super::{Result, parts};

/// A file in a tree of artifacts.
#[derive(Debug, Clone, Copy)]
pub(super) struct TreeFile {
    pub(super) kind: EntryKind,
    pub(super) id: Oid,
    /// Stored in parts: `id` is the directory of parts.
    pub(super) split: bool,
}

/// All files below a tree, by path. No blob is opened.
#[derive(Debug)]
pub(super) struct TreeFiles<'r> {
    repo: &'r Repo,
    files: BTreeMap<Vec<u8>, TreeFile>,
    paths: Vec<String>,
    /// What a reader could not be told in the language of bundles.
    failure: RefCell<Option<super::Error>>,
}

impl<'r> TreeFiles<'r> {
    /// Lists the tree `id`; `split` names the directories that are files in parts.
    pub(super) fn open(repo: &'r Repo, id: &Oid, split: &[String]) -> Result<Self> {
        let mut files = BTreeMap::new();
        collect(repo, id, &mut Vec::new(), split, &mut files)?;
        let paths = files.keys().filter_map(|path| String::from_utf8(path.clone()).ok()).collect();
        Ok(Self { repo, files, paths, failure: RefCell::new(None) })
    }

    pub(super) fn files(&self) -> &BTreeMap<Vec<u8>, TreeFile> {
        &self.files
    }

    /// The error of the store behind a reader's error, if there is one.
    pub(super) fn explain(&self, err: BundleError) -> super::Error {
        self.failure.take().unwrap_or(super::Error::Bundle(err))
    }
}

fn collect(
    repo: &Repo,
    id: &Oid,
    prefix: &mut Vec<u8>,
    split: &[String],
    files: &mut BTreeMap<Vec<u8>, TreeFile>,
) -> Result<()> {
    for entry in repo.tree(id)?.entries() {
        let length = prefix.len();
        prefix.extend_from_slice(&entry.name);
        let in_parts = entry.kind == EntryKind::Dir && split.iter().any(|path| path.as_bytes() == prefix.as_slice());
        match entry.kind {
            EntryKind::Dir if !in_parts => {
                prefix.push(b'/');
                collect(repo, &entry.id, prefix, split, files)?;
            }
            EntryKind::Other(_) => {}
            kind => drop(files.insert(prefix.clone(), TreeFile { kind, id: entry.id, split: in_parts })),
        }
        prefix.truncate(length);
    }
    Ok(())
}

/// Gives the content of a file to `each`, in pieces.
pub(super) fn read(repo: &Repo, file: &TreeFile, each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> Result<()> {
    if file.split {
        return parts::read(repo, &file.id, each);
    }
    let data = repo.read(&file.id, Kind::Blob)?;
    Ok(each(&data).map_err(crate::git::Error::io("the output"))?)
}

impl Files for TreeFiles<'_> {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, BundleError> {
        let Some(file) = self.files.get(path.as_bytes()) else { return Ok(None) };
        let mut data = Vec::new();
        let result = read(self.repo, file, &mut |piece| {
            data.extend_from_slice(piece);
            Ok(())
        });
        result.map(|()| Some(data)).map_err(|err| {
            let reason = err.to_string();
            *self.failure.borrow_mut() = Some(err);
            BundleError::Unreadable { path: path.into(), reason }
        })
    }
}
