//! The files of a git tree, as a bundle reader sees them, looked up when they are asked for: a reader needs two or
//! three of a dozen.

use std::cell::RefCell;

use crate::git::{EntryKind, Kind, Oid, Repo, Tree};
use crate::run::{BundleError, Files};

use super::Result;

/// The files below a tree. None of them is in parts.
pub(super) struct LazyFiles<'r> {
    repo: &'r Repo,
    root: Tree,
    /// Directories that were opened.
    opened: RefCell<Vec<(String, Tree)>>,
    /// What a reader could not be told in the language of bundles.
    failure: RefCell<Option<super::Error>>,
}

impl<'r> LazyFiles<'r> {
    pub(super) fn open(repo: &'r Repo, id: &Oid) -> Result<Self> {
        let root = repo.tree(id)?;
        Ok(Self { repo, root, opened: RefCell::default(), failure: RefCell::default() })
    }

    /// The top of the tree.
    pub(super) fn root(&self) -> &Tree {
        &self.root
    }

    /// Whether there is anything at `path`.
    pub(super) fn has_entry(&self, path: &str) -> bool {
        super::import::at_path(self.repo, &self.root, path).is_ok_and(|found| found.is_some())
    }

    /// The error of the store behind a reader's error, if there is one.
    pub(super) fn explain(&self, err: BundleError) -> super::Error {
        self.failure.take().unwrap_or(super::Error::Bundle(err))
    }

    /// The blob at `path`.
    fn find(&self, path: &str) -> Result<Option<Oid>> {
        let file = |tree: &Tree, name: &str| {
            let entry = tree.get(name.as_bytes())?;
            matches!(entry.kind, EntryKind::File | EntryKind::Executable).then_some(entry.id)
        };
        let Some((dir, name)) = path.rsplit_once('/') else { return Ok(file(&self.root, path)) };
        if let Some((_, tree)) = self.opened.borrow().iter().find(|(known, _)| known == dir) {
            return Ok(file(tree, name));
        }
        let mut tree = self.root.clone();
        for part in dir.split('/') {
            let Some(entry) = tree.get(part.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir) else {
                return Ok(None);
            };
            tree = self.repo.tree(&entry.id)?;
        }
        let found = file(&tree, name);
        self.opened.borrow_mut().push((dir.to_owned(), tree));
        Ok(found)
    }

    /// Keeps an error for [`LazyFiles::explain`].
    fn fail(&self, path: &str, err: super::Error) -> BundleError {
        let reason = err.to_string();
        *self.failure.borrow_mut() = Some(err);
        BundleError::Unreadable { path: path.into(), reason }
    }
}

impl Files for LazyFiles<'_> {
    /// Nobody asks a tree of this kind for all that is in it.
    fn paths(&self) -> &[String] {
        &[]
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, BundleError> {
        let Some(id) = self.find(path).map_err(|err| self.fail(path, err))? else { return Ok(None) };
        let data = self.repo.read(&id, Kind::Blob).map_err(|err| self.fail(path, err.into()))?;
        Ok(Some(data))
    }

    fn has(&self, path: &str) -> bool {
        self.find(path).map_err(|err| self.fail(path, err)).is_ok_and(|found| found.is_some())
    }
}
