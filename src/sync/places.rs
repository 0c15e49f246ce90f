//! All stores that a clone knows: its own runs, what its remotes had, its results repository.

use crate::git::Repo;
use crate::store::Store;

use super::results::{Dirs, Managed, configured};
use super::{Result, tracking_ref};

/// What kind of store a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The runs of this repository.
    Local,
    /// What a remote of this repository had when it was last looked at.
    Remote,
    /// A results repository, as the managed clone of this machine has it.
    ResultsRepo,
}

/// A store that this clone knows.
#[derive(Debug)]
pub struct Place<'r> {
    /// What it is called: `local`, the name of a remote, `acme/evals`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The ref that holds its runs, in [`Place::repo`]. It need not exist.
    pub ref_name: String,
    /// Whether it is read when nobody says where to look: the own runs, and the results repository that new ones go to.
    pub is_default: bool,
    repo: Where<'r>,
}

#[derive(Debug)]
enum Where<'r> {
    Here(&'r Repo),
    Elsewhere(Box<Repo>),
}

impl Place<'_> {
    /// The repository that the ref is in.
    #[must_use]
    pub fn repo(&self) -> &Repo {
        match &self.repo {
            Where::Here(repo) => repo,
            Where::Elsewhere(repo) => repo,
        }
    }

    /// Its runs.
    #[must_use]
    pub fn store(&self) -> Store<'_> {
        Store::new(self.repo(), &self.ref_name)
    }
}

/// All places that `repo` knows: its own runs, then the results repository, then the remotes in the order of their names. Nothing is
/// fetched. A remote is there once something was fetched from it, the results repository once its clone was made.
pub fn places<'r>(repo: &'r Repo, dirs: &Dirs) -> Result<Vec<Place<'r>>> {
    let own = Place {
        name: "local".into(),
        kind: Kind::Local,
        ref_name: Store::of(repo).name().to_owned(),
        is_default: true,
        repo: Where::Here(repo),
    };
    let mut places = vec![own];
    if let Some(results) = configured(repo, dirs)?.results
        && let Some(managed) = Managed::open(dirs, &results)?
    {
        places.push(Place {
            name: managed.name().to_owned(),
            kind: Kind::ResultsRepo,
            ref_name: managed.readable_ref()?,
            is_default: true,
            repo: Where::Elsewhere(Box::new(managed.into_repo())),
        });
    }
    for (full, _) in repo.refs_below("refs/agentv/remotes/")? {
        let name = full.strip_prefix("refs/agentv/remotes/").and_then(|rest| rest.strip_suffix("/runs/v1"));
        let Some(name) = name else { continue };
        debug_assert_eq!(tracking_ref(name), full);
        places.push(Place {
            name: name.to_owned(),
            kind: Kind::Remote,
            is_default: false,
            ref_name: full.clone(),
            repo: Where::Here(repo),
        });
    }
    Ok(places)
}
