//! The files of a git tree, as a bundle reader sees them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::git::{EntryKind, Oid, Repo};
use crate::run::{BundleError, Files};

use super::{Error, Result, parts};

/// A run of more files and directories is none of ours.
const MOST_ENTRIES: usize = 500_000;
/// What systems take for a path at most.
const LONGEST_PATH: usize = 4096;
/// What readers of bundles take into memory at most.
const LARGEST_READ: u64 = 1 << 30;

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
    failure: RefCell<Option<Error>>,
}

impl<'r> TreeFiles<'r> {
    /// Lists the tree `id`; `split` names the directories that are files in parts.
    pub(super) fn open(repo: &'r Repo, id: &Oid, split: &[String]) -> Result<Self> {
        let mut files = BTreeMap::new();
        collect(repo, id, split, &mut files)?;
        let paths = files.keys().filter_map(|path| String::from_utf8(path.clone()).ok()).collect();
        Ok(Self { repo, files, paths, failure: RefCell::new(None) })
    }

    pub(super) fn files(&self) -> &BTreeMap<Vec<u8>, TreeFile> {
        &self.files
    }

    /// The error of the store behind a reader's error, if there is one.
    pub(super) fn explain(&self, err: BundleError) -> Error {
        self.failure.take().unwrap_or(Error::Bundle(err))
    }
}

/// Lists what is below the tree `top`. A tree that names itself many times, level upon level, holds billions of
/// files in a few bytes.
fn collect(repo: &Repo, top: &Oid, split: &[String], files: &mut BTreeMap<Vec<u8>, TreeFile>) -> Result<()> {
    let too_much = |reason: &str| Error::Damaged { what: format!("the directory {top}"), reason: reason.into() };
    let (mut waiting, mut seen) = (vec![(*top, Vec::new())], 0_usize);
    while let Some((id, prefix)) = waiting.pop() {
        let tree = repo.tree(&id)?;
        seen += tree.entries().len();
        if seen > MOST_ENTRIES {
            return Err(too_much(&format!("it has more than {MOST_ENTRIES} entries")));
        }
        for entry in tree.entries() {
            let mut path = prefix.clone();
            path.extend_from_slice(&entry.name);
            let in_parts = entry.kind == EntryKind::Dir && split.iter().any(|part| part.as_bytes() == path.as_slice());
            match entry.kind {
                EntryKind::Dir if !in_parts => {
                    path.push(b'/');
                    if path.len() > LONGEST_PATH {
                        return Err(too_much(&format!("it has paths of more than {LONGEST_PATH} bytes")));
                    }
                    waiting.push((entry.id, path));
                }
                EntryKind::Other(_) => {}
                kind => drop(files.insert(path, TreeFile { kind, id: entry.id, split: in_parts })),
            }
        }
    }
    Ok(())
}

/// Gives the content of a file to `each`, in pieces.
pub(super) fn read(repo: &Repo, file: &TreeFile, each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> Result<()> {
    if file.split { parts::read(repo, &file.id, each) } else { Ok(repo.stream(&file.id, each)?) }
}

fn size(repo: &Repo, file: &TreeFile) -> Result<u64> {
    if file.split { Ok(parts::describe(repo, &file.id)?.0) } else { Ok(repo.size(&file.id)?) }
}

impl Files for TreeFiles<'_> {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, BundleError> {
        let Some(file) = self.files.get(path.as_bytes()) else { return Ok(None) };
        let mut data = Vec::new();
        let result = size(self.repo, file).and_then(|size| {
            if size > LARGEST_READ {
                let what = format!("the file '{path}'");
                return Err(Error::Damaged {
                    what,
                    reason: format!("its {size} bytes are too many to be read at once"),
                });
            }
            read(self.repo, file, &mut |piece| {
                data.extend_from_slice(piece);
                Ok(())
            })
        });
        result.map(|()| Some(data)).map_err(|err| {
            let reason = err.to_string();
            *self.failure.borrow_mut() = Some(err);
            BundleError::Unreadable { path: path.into(), reason }
        })
    }
}
