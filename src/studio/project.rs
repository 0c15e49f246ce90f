//! A repository as a project, and the desks at which questions about it are answered.
//!
//! An open repository stays in its thread, so each working thread keeps a desk of its own for each project: the store,
//! and the projection that is brought up to date for each question. A desk is given up when settings or remotes change.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::index::projection::Projection;
use crate::index::{Counts, FoundRun, StoreSet, projection};
use crate::run::Row;
use crate::store::{Home, OpenHome, Result, Store, StoredRun};
use crate::sync::places;

use super::api::error::Problem;
use super::api::runs::RunItem;
use super::api::watch::Watch;
use super::shown::Shown;

/// How long a desk is kept. Settings and packs that came where none were are seen then.
const KEEP: Duration = Duration::from_secs(60);

/// What was written lately is moved into the projection's file this often, if it is much.
const TIDY: Duration = Duration::from_secs(2);

/// A repository.
#[derive(Debug)]
pub(super) struct Project {
    /// What it is called in addresses.
    pub(super) id: String,
    /// What it is called for people.
    pub(super) title: String,
    /// What happens in it.
    pub(super) watch: Watch,
    number: usize,
    home: Home,
    /// Who brings the projection up to date: one does it, the others find it done.
    turn: Mutex<()>,
    /// How many runs questions came to.
    counts: Arc<Counts>,
    /// Lists as they were answered lately.
    pub(super) shown: Shown,
    /// When what was written lately was moved into the projection's file.
    moved: Mutex<Option<Instant>>,
}

/// An open project.
#[derive(Debug)]
pub(super) struct Desk {
    project: Arc<Project>,
    opened: OpenHome,
    projection: Option<Projection>,
    since: Instant,
}

thread_local! {
    static DESKS: RefCell<HashMap<usize, Desk>> = RefCell::default();
}

impl Project {
    pub(super) fn open(number: usize, home: Home, taken: &dyn Fn(&str) -> bool) -> Result<Self> {
        let opened = home.open()?;
        // What isn't a store of runs is told at the start, not to the first who asks.
        opened.store().tip_id()?;
        let title = opened.title();
        let plain: String =
            title.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
        let plain = plain.trim_matches(['.', '-']);
        let plain = if plain.is_empty() { "project" } else { plain };
        let mut id = plain.to_owned();
        for n in 2.. {
            if !taken(&id) {
                break;
            }
            id = format!("{plain}-{n}");
        }
        let (turn, counts, moved, shown) = (Mutex::default(), Arc::default(), Mutex::default(), Shown::default());
        Ok(Self { id, title, watch: Watch::default(), number, home, turn, counts, shown, moved })
    }

    /// Does `work` at a desk of this thread. It may block.
    pub(super) fn at_desk<T>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Desk) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let kept = DESKS.with_borrow_mut(|desks| desks.remove(&self.number));
        let mut desk = match kept.filter(Desk::is_current) {
            Some(desk) => desk,
            None => self.new_desk().map_err(Problem::from)?,
        };
        let result = work(&mut desk);
        // Whatever is wrong may be wrong with the desk.
        if !result.as_ref().is_err_and(Problem::is_ours) {
            DESKS.with_borrow_mut(|desks| desks.insert(self.number, desk));
        }
        result
    }

    /// Opens the project, for a piece of work that should see all settings as they are.
    pub(super) fn new_desk(self: &Arc<Self>) -> Result<Desk> {
        Ok(Desk { project: Arc::clone(self), opened: self.home.open()?, projection: None, since: Instant::now() })
    }
}

impl Project {
    /// Keeps the projection's file in order, where no reader waits for it.
    fn tidy(&self, projection: &Projection) {
        let Ok(mut moved) = self.moved.try_lock() else { return };
        if moved.is_some_and(|then| then.elapsed() < TIDY) {
            return;
        }
        *moved = Some(Instant::now());
        if let Some(path) = projection.long_log() {
            std::thread::spawn(move || {
                if let Err(err) = projection::move_long(&path) {
                    tracing::debug!(%err, path = %path.display(), "what was written lately stays beside the projection");
                }
            });
        }
    }
}

impl Desk {
    fn is_current(&self) -> bool {
        self.since.elapsed() < KEEP && self.opened.is_current()
    }

    /// Whose desk it is.
    pub(super) fn project(&self) -> &Arc<Project> {
        &self.project
    }

    /// The runs.
    pub(super) fn store(&self) -> Store<'_> {
        self.opened.store()
    }

    /// The runs, and the projection as of their tip now. It knows what remotes have, too, as of the last time somebody looked.
    pub(super) fn rows(&mut self) -> Result<(Store<'_>, &mut Projection), projection::Error> {
        let store = self.opened.store();
        let home = store.repo();
        // What a remote has that can't be read is no reason to show nothing.
        let remotes = places::remote_places(home).unwrap_or_default();
        let mut sets = vec![StoreSet::own(store)];
        sets.extend(remotes.iter().filter(|place| place.store().tip_id().is_ok()).map(|place| StoreSet {
            name: place.name.clone(),
            stores: vec![place.store()],
            asked: false,
        }));
        let turn = || self.project.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = self.projection.take();
        if let Some(projection) = &mut kept
            && !projection.is_fresh(home, &sets).unwrap_or(false)
        {
            let _turn = turn();
            if projection.refresh(home, &sets, &mut |_| {}).is_err() {
                kept = None;
            }
        }
        let projection = if let Some(projection) = kept {
            projection
        } else {
            let _turn = turn();
            let mut projection = Projection::open_sets(home, &sets, &mut |_| {})?;
            projection.remember_counts(Arc::clone(&self.project.counts));
            projection.leave_log();
            projection
        };
        self.project.tidy(&projection);
        Ok((store, self.projection.insert(projection)))
    }

    /// The run that `name` means, as it is in lists, and when it was recorded in seconds since 1970.
    pub(super) fn row(&mut self, name: &str) -> Result<(Row, i64), Problem> {
        let (_, projection) = self.rows()?;
        match projection.find(name)? {
            FoundRun::One(row, recorded) => Ok((*row, recorded)),
            FoundRun::Several(candidates) => Err(Problem::ambiguous(name, &candidates)),
            FoundRun::None => Err(Problem::no_run(name)),
        }
    }

    /// The run of a list, with where it is.
    pub(super) fn listed(&mut self, row: Row, recorded: i64) -> Result<RunItem, Problem> {
        let (_, projection) = self.rows()?;
        let places = projection.places_of(&row.id)?;
        Ok(RunItem::new(row, recorded, places))
    }

    /// The run that `name` means, with its documents.
    pub(super) fn run(&mut self, name: &str) -> Result<(Row, i64, StoredRun<'_>), Problem> {
        let (row, recorded) = self.row(name)?;
        let store = self.store();
        let run = store.open_row(&row)?;
        Ok((row, recorded, run))
    }
}
