//! Reading objects without fetching any, and telling why one can't be read.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use crate::git::{Error, Kind, Oid, Repo, Tree};

use super::problem;

/// So many trees are remembered as checked; then all are forgotten, to stay within bounds.
const REMEMBERED: usize = 1 << 17;

/// The objects of a repository, as far as they are here.
pub(super) struct Objects<'r> {
    pub(super) repo: &'r Repo,
    partial: bool,
    not_fetched: Cell<usize>,
    seen: RefCell<HashSet<Oid>>,
}

/// Why there is no object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Lack {
    /// The remote of this partial clone has it.
    NotFetched,
    /// Something is wrong.
    Bad(problem::Kind, String),
}

impl<'r> Objects<'r> {
    pub(super) fn new(repo: &'r Repo) -> Self {
        let seen = RefCell::new(HashSet::new());
        Self { repo, partial: repo.is_partial(), not_fetched: Cell::new(0), seen }
    }

    /// How often an object was asked for that this partial clone did not fetch.
    pub(super) fn not_fetched(&self) -> usize {
        self.not_fetched.get()
    }

    pub(super) fn read(&self, id: &Oid, kind: Kind) -> Result<Vec<u8>, Lack> {
        match self.repo.try_read(id, kind) {
            Ok(Some(data)) => Ok(data),
            Ok(None) => Err(self.lack(id)),
            Err(Error::Invalid { reason, .. }) => {
                Err(Lack::Bad(problem::Kind::Corrupt, format!("object {id}: {reason}")))
            }
            Err(_) => Err(Lack::Bad(problem::Kind::Corrupt, format!("object {id} is corrupt"))),
        }
    }

    pub(super) fn tree(&self, id: &Oid) -> Result<Tree, Lack> {
        let data = self.read(id, Kind::Tree)?;
        Tree::decode(id, &data).map_err(|_| Lack::Bad(problem::Kind::Corrupt, format!("object {id} is no valid tree")))
    }

    /// Whether the object is here; its content is not looked at.
    pub(super) fn require(&self, id: &Oid) -> Result<(), Lack> {
        if self.repo.has(id) { Ok(()) } else { Err(self.lack(id)) }
    }

    /// Notes that all below a tree is here.
    pub(super) fn note_whole(&self, id: &Oid) {
        let mut seen = self.seen.borrow_mut();
        if seen.len() >= REMEMBERED {
            seen.clear();
        }
        seen.insert(*id);
    }

    /// Whether [`Objects::note_whole`] was told of it, as far as that is remembered.
    pub(super) fn is_known_whole(&self, id: &Oid) -> bool {
        self.seen.borrow().contains(id)
    }

    fn lack(&self, id: &Oid) -> Lack {
        if self.partial {
            self.not_fetched.set(self.not_fetched.get() + 1);
            return Lack::NotFetched;
        }
        Lack::Bad(problem::Kind::Missing, format!("object {id} is missing"))
    }
}
