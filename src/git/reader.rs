//! Reading very many objects on another thread: what a repository has in packs and files of its own, and no more.
//!
//! A [`Repo`] can't be used by two threads, and to open one once more takes as long as to read a hundred commits.

use std::path::PathBuf;

use super::pack::Packs;
use super::{Kind, Oid, Repo, loose};

/// Where the objects of a repository are.
#[derive(Debug, Clone)]
pub struct ObjectsDir {
    path: PathBuf,
    hash: gix::hash::Kind,
}

/// Reads objects; never fetches. What alternates have, or packs in formats that we do not read, is not there for it.
pub struct Reader {
    objects: PathBuf,
    packs: Packs,
}

impl Repo {
    /// Where its objects are, for a thread that reads very many of them.
    #[must_use]
    pub fn objects(&self) -> ObjectsDir {
        ObjectsDir { path: self.objects_dir(), hash: self.hash_kind() }
    }
}

impl ObjectsDir {
    /// Opens it.
    #[must_use]
    pub fn open(&self) -> Reader {
        let packs = Packs::open(&self.path, self.hash);
        packs.expect_many();
        Reader { objects: self.path.clone(), packs }
    }
}

impl Reader {
    /// Reads a `kind`; none where there is no such object to be had here.
    #[must_use]
    pub fn read(&self, id: &Oid, kind: Kind) -> Option<Vec<u8>> {
        let found = self.packs.read(id, kind).or_else(|| loose::read(&self.objects, id));
        found.filter(|(found, _)| *found == kind).map(|(_, data)| data)
    }
}
