//! Where a command looks for runs: the own ones, those of remotes, a results repository.

use std::cell::OnceCell;

use crate::git::Repo;
use crate::index::StoreSet;
use crate::store::{self, Store, StoredRun};
use crate::sync::places::{self, Kind, Place};
use crate::sync::results::{self, Dirs};

use super::args::List;
use super::context::Context;
use super::failure::Failure;
use super::output::sanitize;

/// How many candidates an error names.
const SHOWN: usize = 5;

/// All places that this clone knows. It is looked for them when they are needed.
pub(super) struct Places<'r> {
    repo: &'r Repo,
    dirs: Dirs,
    known: OnceCell<Vec<Known<'r>>>,
}

/// One of them.
struct Known<'r> {
    place: Place<'r>,
    /// Its inboxes: refs beside the one that holds its runs.
    inboxes: Vec<String>,
}

impl Known<'_> {
    fn stores(&self) -> impl Iterator<Item = Store<'_>> {
        let inboxes = self.inboxes.iter().map(|name| Store::new(self.place.repo(), name));
        std::iter::once(self.place.store()).chain(inboxes)
    }
}

/// Which of them are asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// Those that are read when nobody says where.
    Usual,
    /// These.
    Named(&'a [String]),
    /// All.
    All,
}

impl<'a> Wanted<'a> {
    /// What the options of `list` say.
    pub(super) fn of(args: &'a List) -> Self {
        match args.from.as_slice() {
            _ if args.all => Self::All,
            [] => Self::Usual,
            names => Self::Named(names),
        }
    }

    /// Whether it is just the own runs of `repo`: nothing else needs to be looked at then.
    pub(super) fn is_own(self, context: &Context, repo: &Repo) -> Result<bool, Failure> {
        Ok(match self {
            Self::Usual => results::configured(repo, &context.ui.env.dirs())?.results.is_none(),
            Self::Named(_) | Self::All => false,
        })
    }

    /// In a word that tells it from others.
    pub(super) fn word(self) -> String {
        match self {
            Self::Usual => String::new(),
            Self::Named(names) => format!("from {}", names.join(" ")),
            Self::All => "all".into(),
        }
    }
}

impl<'r> Places<'r> {
    pub(super) fn of(context: &Context, repo: &'r Repo) -> Self {
        Self { repo, dirs: context.ui.env.dirs(), known: OnceCell::new() }
    }

    /// Looks which there are. Nothing is fetched.
    fn all(&self) -> Result<&[Known<'r>], Failure> {
        if let Some(known) = self.known.get() {
            return Ok(known);
        }
        let mut known = Vec::new();
        for place in places::places(self.repo, &self.dirs)? {
            let beside = place.ref_name.strip_suffix("runs/v1").filter(|_| place.kind == Kind::Remote);
            let below = beside.map(|beside| self.repo.refs_below(&format!("{beside}inbox/"))).transpose()?;
            known.push(Known { place, inboxes: below.into_iter().flatten().map(|(name, _)| name).collect() });
        }
        Ok(self.known.get_or_init(|| known))
    }

    /// The stores, by their names. Those that are not `wanted` are only there for queries that name them, if
    /// `others`. What can't be read is an error if it was named, and otherwise left out.
    pub(super) fn sets(
        &self,
        context: &Context,
        wanted: Wanted<'_>,
        others: bool,
    ) -> Result<Vec<StoreSet<'_>>, Failure> {
        let all = self.all()?;
        if let Wanted::Named(names) = wanted
            && let Some(unknown) = names.iter().find(|name| !all.iter().any(|known| known.place.name == **name))
        {
            return Err(self.unknown(unknown, all));
        }
        let mut sets = Vec::new();
        for known in all {
            let place = &known.place;
            let asked = match wanted {
                Wanted::Usual => place.is_default,
                Wanted::Named(names) => names.contains(&place.name),
                Wanted::All => true,
            };
            if !asked && !others {
                continue;
            }
            match place.store().tip_id() {
                Err(err) if place.kind != Kind::Local && !(asked && matches!(wanted, Wanted::Named(_))) => {
                    context.ui.warning(&format!("'{}' is left out: {err}", sanitize(&place.name)));
                    continue;
                }
                tip => tip?,
            };
            // Somebody else's inbox that can't be read is no reason to show nothing.
            let stores = known.stores().filter(|store| store.tip_id().is_ok()).collect();
            sets.push(StoreSet { name: place.name.clone(), stores, asked });
        }
        Ok(sets)
    }

    /// Why nothing can be listed from `name`.
    fn unknown(&self, name: &str, all: &[Known<'_>]) -> Failure {
        let shown = sanitize(name);
        let known: Vec<_> = all.iter().map(|known| sanitize(&known.place.name)).collect();
        if self.repo.remote_url(name).is_some() {
            return Failure::new(format!("no runs of '{shown}' are known here yet"))
                .hint(format!("'git agentv fetch {shown}' looks what it has"));
        }
        Failure::new(format!("there are no runs from '{shown}' here"))
            .hint(format!("known are {}; 'git agentv fetch REMOTE' looks what a remote has", known.join(", ")))
    }

    /// The run that `spec` means, and the name of where it was found, if it is not among the own ones.
    pub(super) fn find(&self, spec: &str) -> Result<(StoredRun<'_>, Option<&str>), Failure> {
        let missing = match self.find_as_usual(self.usual()?, spec) {
            Ok((place, run)) => return Ok((run, place.map(|place| place.name.as_str()))),
            // What is counted from the newest is counted here.
            Err(store::Error::NoRun(missing)) if !spec.starts_with("@{") => missing,
            Err(err) => return Err(err.into()),
        };
        let mut found: Vec<(StoredRun<'_>, &str)> = Vec::new();
        for (place, store) in self.elsewhere()? {
            match store.find(spec) {
                Ok(run) if found.iter().any(|(known, _)| known.id() == run.id()) => {}
                Ok(run) => found.push((run, place)),
                Err(store::Error::NoRun(_)) => {}
                Err(err @ store::Error::Ambiguous { .. }) => return Err(err.into()),
                Err(err) => tracing::debug!(%err, place, "not looked for there"),
            }
        }
        if found.len() > 1 {
            let candidates = found.iter().take(SHOWN).map(|(run, place)| format!("{} ({place})", run.id()));
            let candidates = candidates.collect();
            return Err(store::Error::Ambiguous { spec: spec.to_owned(), candidates }.into());
        }
        let (run, place) = found.pop().ok_or(store::Error::NoRun(missing))?;
        Ok((run, Some(place)))
    }

    /// Where runs are read when nobody says where, if that is more than the own ones: these, and the results repository.
    fn usual(&self) -> Result<Vec<&Place<'r>>, Failure> {
        if results::configured(self.repo, &self.dirs)?.results.is_none() {
            return Ok(Vec::new());
        }
        Ok(self.all()?.iter().map(|known| &known.place).filter(|place| place.is_default).collect())
    }

    /// Looks in `usual` places. No place means the own runs.
    fn find_as_usual<'p>(
        &'p self,
        usual: Vec<&'p Place<'r>>,
        spec: &str,
    ) -> store::Result<(Option<&'p Place<'r>>, StoredRun<'p>)> {
        if usual.len() < 2 {
            return Ok((None, Store::of(self.repo).find(spec)?));
        }
        let (place, run) = places::find(usual, spec)?;
        Ok((Some(place).filter(|place| place.kind != Kind::Local), run))
    }

    /// The run that the user means, and the store to change it in. Of one that can't be changed here it is told where it is.
    pub(super) fn find_to_change(&self, spec: &str) -> Result<(Store<'_>, StoredRun<'_>), Failure> {
        let (run, name) = self.find(spec)?;
        let Some(name) = name else { return Ok((Store::of(self.repo), run)) };
        let place = self.all()?.iter().map(|known| &known.place).find(|place| place.name == name);
        let shown = sanitize(name);
        let hint = match place {
            Some(place) if !place.is_read_only => return Ok((place.store_of(self.repo), run)),
            Some(place) if place.kind == Kind::ResultsRepo => {
                "upstream's tools write it: its runs can be read here, and changed with what published them".into()
            }
            _ => format!("'git agentv pull {shown}' takes it over; then it can be changed"),
        };
        Err(Failure::new(format!("run {} is in '{shown}', not among the runs of this clone", run.id())).hint(hint))
    }

    /// All stores but that of the own runs, and what they are called.
    pub(super) fn elsewhere(&self) -> Result<impl Iterator<Item = (&str, Store<'_>)>, Failure> {
        let others = self.all()?.iter().filter(|known| known.place.kind != Kind::Local);
        Ok(others.flat_map(|known| known.stores().map(|store| (known.place.name.as_str(), store))))
    }
}
