//! Checking a store against `docs/format.md`, and repairing what can be derived.
//!
//! What is the truth of what: a manifest and its files of themselves (the id follows from them), the
//! directory in the tip's tree of a run's newest state, the log of everything else. Derived, and so to
//! be repaired: rows and lists of sealed runs, and where in the tip's tree a directory stands.
//! Nothing is fetched but the files of runs that are named: what else a partial clone does not have is counted and is no problem.

mod artifacts;
mod directory;
mod history;
mod objects;
mod problem;
mod repair;
mod rows;
mod runs;
mod tip;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::git::{Oid, Repo};
use crate::run::RunId;

use super::{Error, Result, Store};

use history::{Entry, History};
use objects::Objects;
use runs::{Checker, Found};
use tip::Tip;

pub use problem::{Kind as ProblemKind, Place, Problem};

/// So many runs are taken at once.
const CHUNK: usize = 64;
/// Fewer runs than this are not worth a second thread.
const FEW: usize = 500;

/// A store that was checked.
#[derive(Debug)]
pub struct Checked {
    /// What is wrong, grouped by place.
    pub problems: Vec<Problem>,
    /// What is unusual, and allowed.
    pub notes: Vec<String>,
    /// How many runs were checked.
    pub runs: usize,
    /// How many commits were read.
    pub commits: usize,
    /// How many files of runs were seen to be there.
    pub files: usize,
    /// How often something could not be looked at because this partial clone does not have it.
    pub not_fetched: usize,
    /// The history ends early, because the clone is shallow.
    pub shallow: bool,
    tip: Option<Oid>,
    /// Whether the tip has a results index.
    pub has_index: bool,
    history: History,
}

impl Checked {
    /// Whether the log knows a run.
    #[must_use]
    pub fn knows(&self, id: &RunId) -> bool {
        self.history.get(id).is_some()
    }

    /// Whether all runs must be known: neither is the clone shallow nor the log broken.
    #[must_use]
    pub fn knows_all(&self) -> bool {
        !self.history.is_cut()
    }
}

impl Store<'_> {
    /// Checks the store; if `specs` are given only what is about those runs. `progress` is told how many
    /// commits were read (of 0: nobody knows), then how many of how many runs.
    pub fn fsck(&self, specs: &[String], progress: &mut dyn FnMut(usize, usize)) -> Result<Checked> {
        let tip = self.tip()?;
        let mut history = match &tip {
            Some(tip) => History::read(self.repo, &tip.id, &mut |done| progress(done, 0))?,
            None => History::default(),
        };
        let objects = Objects::new(self.repo);
        let found_at = match &tip {
            Some(tip) => tip::look(&objects, &tip.tree, &mut history),
            None => Tip::default(),
        };
        let only = self.chosen(specs, &history, &found_at)?;
        if only.is_some() {
            self.fetch_checked(&history, only.as_ref());
        }
        let mut found = strays(objects, &mut history, &found_at, only.as_ref());
        let todo: Vec<&Entry> =
            history.runs.iter().filter(|run| only.as_ref().is_none_or(|only| only.contains(&run.id))).collect();
        for more in self.check_all(&history, &found_at, &todo, progress) {
            found.problems.extend(more.problems);
            found.files += more.files;
            found.not_fetched += more.not_fetched;
        }
        let runs = todo.len() + found_at.strays.iter().filter(|stray| !stray.in_list && only.is_none()).count();
        let Tip { mut problems, mut notes, has_index, .. } = found_at;
        problems.extend(history.problems.iter().cloned());
        if let Some(only) = &only {
            found.problems.retain(|problem| matches!(&problem.place, Place::Run(id) if only.contains(id)));
            problems.clear();
            notes.clear();
        } else {
            notes.append(&mut history.notes);
        }
        found.problems.extend(problems);
        found.problems.sort_by(|a, b| a.place.cmp(&b.place));
        Ok(Checked {
            problems: found.problems,
            notes,
            runs,
            commits: history.commits,
            files: found.files,
            not_fetched: found.not_fetched,
            shallow: history.shallow,
            tip: tip.map(|tip| tip.id),
            has_index,
            history,
        })
    }

    /// Fetches what is to be checked, where somebody named it. What can't be fetched is told as not here.
    fn fetch_checked(&self, history: &History, only: Option<&HashSet<RunId>>) {
        let runs = history.runs.iter().filter(|run| only.is_some_and(|only| only.contains(&run.id)));
        let trees: Vec<Oid> = runs.filter_map(|run| run.window.or(run.listed).or(run.tree)).collect();
        if let Err(err) = self.fetch_whole(&trees) {
            tracing::debug!(%err, "files of runs not fetched");
        }
    }

    /// The runs that `specs` mean; none for all. A damaged run is found by its id, too.
    fn chosen(&self, specs: &[String], history: &History, tip: &Tip) -> Result<Option<HashSet<RunId>>> {
        let one = |spec: &String| {
            let known = history.runs.iter().map(|run| &run.id).chain(tip.strays.iter().map(|stray| &stray.id));
            let mut found = known.filter(|id| spec.len() >= 4 && id.as_str().starts_with(&spec.to_ascii_lowercase()));
            match (found.next(), found.next()) {
                (None, _) => self.find(spec).map(|run| run.id().clone()),
                (Some(id), None) => Ok(id.clone()),
                (Some(one), Some(other)) => {
                    let candidates = vec![one.to_string(), other.to_string()];
                    Err(Error::Ambiguous { spec: spec.clone(), candidates })
                }
            }
        };
        if specs.is_empty() { Ok(None) } else { specs.iter().map(one).collect::<Result<_>>().map(Some) }
    }

    /// Checks runs, with two threads if there are many.
    fn check_all(
        &self,
        history: &History,
        tip: &Tip,
        todo: &[&Entry],
        progress: &mut dyn FnMut(usize, usize),
    ) -> Vec<Found> {
        let next = AtomicUsize::new(0);
        let work = |repo: &Repo, progress: &mut dyn FnMut(usize)| {
            let checker = Checker { objects: Objects::new(repo), history, tip };
            let mut found = Found::default();
            loop {
                let from = next.fetch_add(CHUNK, Ordering::Relaxed);
                let Some(runs) = todo.get(from..).filter(|runs| !runs.is_empty()) else { break };
                progress(from);
                repo.release_packs();
                runs.iter().take(CHUNK).for_each(|run| checker.run(run, &mut found));
            }
            found.not_fetched = checker.objects.not_fetched();
            found
        };
        let (git_dir, work) = (self.repo.git_dir().to_owned(), &work);
        std::thread::scope(|scope| {
            // A repository belongs to a thread, so the other one opens its own.
            let other = (todo.len() >= FEW)
                .then(|| scope.spawn(move || Repo::at(&git_dir).ok().map(|repo| work(&repo, &mut |_| {}))));
            let mine = work(self.repo, &mut |done| progress(done, todo.len()));
            // A panic of its own has been told already; there is nothing to add.
            let theirs = other.and_then(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            std::iter::once(mine).chain(theirs).collect()
        })
    }
}

/// Checks directories of which no commit tells.
fn strays(objects: Objects<'_>, history: &mut History, tip: &Tip, only: Option<&HashSet<RunId>>) -> Found {
    let (mut found, mut elsewhere) = (Found::default(), Vec::new());
    let checker = Checker { objects, history, tip };
    for stray in &tip.strays {
        if only.is_none_or(|only| only.contains(&stray.id)) || tip.strays.len() < FEW {
            elsewhere.extend(checker.stray(stray, &mut found));
        }
    }
    found.not_fetched += checker.objects.not_fetched();
    for id in elsewhere {
        if let Some(run) = history.get_mut(&id) {
            run.misplaced = true;
        }
    }
    found
}
