//! All stores that a clone knows: its own runs, what its remotes had, its results repository.

use std::collections::HashSet;

use crate::git::Repo;
use crate::run::RunId;
use crate::store::{self, Store, StoredRun};

use super::Result;
use super::results::{Dirs, Managed, called, configured};

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
    /// Whether its runs can only be read here.
    pub is_read_only: bool,
    /// What new runs say that the source repository is called.
    called: String,
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

impl<'r> Place<'r> {
    /// Its runs, to be changed by the user of `source`, whose commits are linked.
    #[must_use]
    pub fn store_of(&'r self, source: &'r Repo) -> Store<'r> {
        let store = self.store();
        match self.repo {
            Where::Here(_) => store,
            Where::Elsewhere(_) => store.for_source(source, &self.called),
        }
    }
}

/// All places that `repo` knows: its own runs, then the results repository, then the remotes in the order of their names. Nothing is
/// fetched. A remote is there once something was fetched from it, the results repository once its clone was made.
pub fn places<'r>(repo: &'r Repo, dirs: &Dirs) -> Result<Vec<Place<'r>>> {
    let mut places = default_places(repo, dirs)?;
    places.extend(remote_places(repo)?);
    Ok(places)
}

/// Where is looked when nobody says where: the own runs, and the results repository that new ones go to.
pub fn default_places<'r>(repo: &'r Repo, dirs: &Dirs) -> Result<Vec<Place<'r>>> {
    let own = Place {
        name: "local".into(),
        kind: Kind::Local,
        ref_name: Store::of(repo).name().to_owned(),
        is_default: true,
        is_read_only: false,
        called: String::new(),
        repo: Where::Here(repo),
    };
    let mut places = vec![own];
    if let Some(results) = configured(repo, dirs)?.results
        && let Some(managed) = Managed::open(dirs, &results)?
    {
        let ref_name = managed.readable_ref()?;
        places.push(Place {
            name: managed.name().to_owned(),
            kind: Kind::ResultsRepo,
            is_default: true,
            is_read_only: ref_name != managed.own_ref(),
            ref_name,
            called: called(repo),
            repo: Where::Elsewhere(Box::new(managed.into_repo())),
        });
    }
    Ok(places)
}

/// What the remotes of `repo` had when they were last looked at.
pub fn remote_places(repo: &Repo) -> Result<Vec<Place<'_>>> {
    let mut places = Vec::new();
    for (full, _) in repo.refs_below("refs/agentv/remotes/")? {
        let name = full.strip_prefix("refs/agentv/remotes/").and_then(|rest| rest.strip_suffix("/runs/v1"));
        let Some(name) = name.map(str::to_owned) else { continue };
        places.push(Place {
            name,
            kind: Kind::Remote,
            is_default: false,
            is_read_only: true,
            ref_name: full,
            called: String::new(),
            repo: Where::Here(repo),
        });
    }
    Ok(places)
}

/// The run that `spec` means in `places`, and the place. A run that several have is that of the results repository: changes go there.
/// Two runs of different places that are called so are ambiguous.
pub fn find<'p, 'r>(mut places: Vec<&'p Place<'r>>, spec: &str) -> store::Result<(&'p Place<'r>, StoredRun<'p>)> {
    places.sort_by_key(|place| place.kind != Kind::ResultsRepo);
    if let Some(number) = spec.strip_prefix("@{").and_then(|rest| rest.strip_suffix('}'))
        && places.len() > 1
    {
        let number = number.parse().map_err(|_| store::Error::BadSpec(spec.to_owned()))?;
        let (place, id) = nth(&places, number)?.ok_or_else(|| store::Error::NoRun(spec.to_owned()))?;
        return Ok((place, place.store().find(id.as_str())?));
    }
    let mut found: Option<(&Place<'r>, StoredRun<'p>)> = None;
    let mut missed = None;
    for place in places {
        match (place.store().find(spec), &found) {
            (Ok(run), None) => found = Some((place, run)),
            (Ok(run), Some((_, first))) if run.id() != first.id() => {
                let candidates = vec![first.id().to_string(), run.id().to_string()];
                return Err(store::Error::Ambiguous { spec: spec.to_owned(), candidates });
            }
            (Ok(_), Some(_)) => {}
            (Err(err @ store::Error::NoRun(_)), _) => missed = Some(err),
            (Err(err), _) => return Err(err),
        }
    }
    found.ok_or_else(|| missed.unwrap_or_else(|| store::Error::NoRun(spec.to_owned())))
}

/// What runs are listed by: when it was recorded, when it began, its id.
type ListKey = (i64, Option<String>, RunId);

/// The `number`th of the newest runs of all `places`, each run once.
fn nth<'p, 'r>(places: &[&'p Place<'r>], number: usize) -> store::Result<Option<(&'p Place<'r>, RunId)>> {
    let mut lists = Vec::new();
    for place in places {
        lists.push((*place, place.store().rows(false)?.peekable()));
    }
    let mut seen = HashSet::new();
    loop {
        let mut newest: Option<(usize, ListKey)> = None;
        for (at, (_, rows)) in lists.iter_mut().enumerate() {
            let Some(next) = rows.peek() else { continue };
            let Ok(run) = next else {
                rows.next().transpose()?;
                continue;
            };
            let key = (run.recorded, run.row.timestamp.clone(), run.row.id.clone());
            if newest.as_ref().is_none_or(|(_, best)| key > *best) {
                newest = Some((at, key));
            }
        }
        let Some((at, (.., id))) = newest else { return Ok(None) };
        lists[at].1.next();
        if seen.insert(id.clone()) && seen.len() == number + 1 {
            return Ok(Some((lists[at].0, id)));
        }
    }
}
