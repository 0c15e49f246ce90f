//! What each of two histories did that the other does not know: read from their logs alone.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use crate::git::{Apart, CommitInfo, Entry, EntryKind, Oid};
use crate::run::RunId;

use crate::store::Result;
use crate::store::message::{self, Line, Op};

/// So few commits are read before a thread has started.
const FEW: usize = 64;

/// The commits that only one history has.
#[derive(Debug)]
pub(super) struct Side<'c> {
    /// What they did to each run.
    pub(super) runs: HashMap<RunId, Deeds<'c>>,
    /// Whether one of the commits announces a compaction.
    pub(super) compacts: bool,
    /// The commits, children before parents.
    pub(super) commits: &'c [CommitInfo],
    /// Where each of them is, once somebody asks.
    places: OnceCell<HashMap<Oid, usize>>,
}

/// What one history did to a run.
///
/// Of nearly all runs nobody wants to know more than whose row it is, so that is all that was read of them.
#[derive(Debug)]
pub(super) struct Deeds<'c> {
    /// The row that holds there.
    pub(super) row: Line<'c>,
    /// The run's directory by that row.
    pub(super) directory: Option<Oid>,
    /// The rows of commits that recorded or changed the run, merges left out: these only repeat what others did.
    pub(super) touches: Vec<Line<'c>>,
    /// Whether one of them recorded it.
    pub(super) recorded: bool,
}

/// Two histories since they parted.
#[derive(Debug)]
pub(super) struct Parted<'c> {
    /// The tip of the first one.
    pub(super) tip: Oid,
    /// What each of them did.
    pub(super) sides: (Side<'c>, Side<'c>),
    /// Their newest common ancestor.
    pub(super) base: Option<Oid>,
}

impl Deeds<'_> {
    /// The directory of a run that was recorded there, and nothing else.
    fn just_recorded(&self) -> Option<Oid> {
        self.directory.filter(|_| self.recorded && self.touches.len() == 1)
    }
}

/// What was recorded in one shard since two histories parted, by both of them.
#[derive(Debug, Default)]
pub(super) struct News<'s> {
    /// The names of ours, sorted.
    pub(super) ours: Vec<&'s str>,
    /// What theirs has to have more than what both had, in git's order.
    pub(super) theirs: Vec<Entry>,
}

/// What was recorded in each shard, without those in which anything else was done to a run.
pub(super) fn news<'s>(sides: (&'s Side<'_>, &'s Side<'_>)) -> HashMap<&'s str, News<'s>> {
    let (mut news, mut others) = (HashMap::<&str, News<'_>>::new(), HashSet::new());
    for (side, other, is_ours) in [(sides.0, sides.1, true), (sides.1, sides.0, false)] {
        for (id, deeds) in &side.runs {
            let (shard, name) = id.shard();
            let directory = deeds.just_recorded().filter(|_| !other.runs.contains_key(id));
            let Some(directory) = directory else {
                others.insert(shard);
                continue;
            };
            let news = news.entry(shard).or_default();
            if is_ours {
                news.ours.push(name);
            } else {
                news.theirs.push(Entry { name: name.as_bytes().to_vec(), kind: EntryKind::Dir, id: directory });
            }
        }
    }
    news.retain(|shard, _| !others.contains(shard));
    for news in news.values_mut() {
        news.ours.sort_unstable();
        // All names are of the same length.
        news.theirs.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    }
    news
}

impl<'c> Parted<'c> {
    /// Reads what is told apart in `apart`; `tip` is that of the first history.
    pub(super) fn new(tip: Oid, apart: &'c Apart) -> Result<Self> {
        let (ours, theirs) = if apart.ours.len().min(apart.theirs.len()) < FEW {
            (Side::read(&apart.ours), Side::read(&apart.theirs))
        } else {
            std::thread::scope(|scope| {
                let ours = scope.spawn(|| Side::read(&apart.ours));
                let theirs = Side::read(&apart.theirs);
                (ours.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), theirs)
            })
        };
        Ok(Self { tip, sides: (ours?, theirs?), base: apart.base })
    }

    /// Whether one of them was compacted.
    pub(super) fn compacts(&self) -> bool {
        self.sides.0.compacts || self.sides.1.compacts
    }
}

impl<'c> Side<'c> {
    /// Reads `commits`, children before parents.
    pub(super) fn read(commits: &'c [CommitInfo]) -> Result<Self> {
        let mut runs: HashMap<RunId, Deeds<'c>> = HashMap::with_capacity(commits.len());
        let mut compacts = false;
        for commit in commits {
            let (Some(op), lines) = message::lines(commit)? else { continue };
            compacts |= op == Op::Compact;
            for row in lines {
                // The first row met is the one that holds.
                let (id, directory) = row.place()?;
                let new = || Deeds { row, directory, touches: Vec::new(), recorded: false };
                let deeds = runs.entry(id).or_insert_with(new);
                deeds.recorded |= op == Op::Record;
                deeds.touches.extend((op != Op::Merge).then_some(row));
            }
        }
        Ok(Self { runs, compacts, commits, places: OnceCell::new() })
    }

    /// Whether somebody changed the run here.
    pub(super) fn touched(&self, id: &RunId) -> bool {
        self.runs.get(id).is_some_and(|deeds| !deeds.touches.is_empty())
    }

    /// The runs that were recorded here.
    pub(super) fn recorded(&self) -> impl Iterator<Item = &RunId> {
        self.runs.iter().filter(|(_, deeds)| deeds.recorded).map(|(id, _)| id)
    }

    /// Whether `older` is an ancestor of `newer`, both commits of this side.
    pub(super) fn is_ancestor(&self, older: &Oid, newer: &Oid) -> bool {
        let number = || self.commits.iter().enumerate().map(|(at, commit)| (commit.id, at)).collect();
        let places = self.places.get_or_init(number);
        let (mut waiting, mut seen) = (vec![*newer], HashSet::new());
        while let Some(at) = waiting.pop() {
            for parent in places.get(&at).into_iter().flat_map(|at| &self.commits[*at].parents) {
                if parent == older {
                    return true;
                }
                if seen.insert(*parent) {
                    waiting.push(*parent);
                }
            }
        }
        false
    }
}
