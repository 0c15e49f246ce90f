//! The union merge: one history out of two, with all runs of both.
//!
//! Runs never conflict. What people said about a run is merged field by field ([`overlay`]); the result is the same whichever
//! of the two is merged into the other, and whatever the order in which several are.
//! Specified in `docs/format.md`, section 8.

mod ahead;
mod index;
mod light;
mod overlay;
mod sides;
mod tree;

use std::collections::{HashMap, HashSet};
use std::thread::Scope;

use crate::git::{CommitInfo, ObjectSink, Oid, Repo, Tree};
use crate::run::{Row, RunId};

use super::compact::Ground;
use super::draft::{Draft, Storage};
use super::tip_tree::TipTree;
use super::{Error, Result, Store, StoredRun, message};

use ahead::Ahead;
use overlay::{Change, Fields};
use sides::{Deeds, News, Parted, Side};
use tree::Place;

/// To tell how many bytes more runs than this take, one by one, takes longer than to tell it of all.
const MANY: usize = 200;
/// More runs than this that both changed make more objects than a small pack is meant for.
const MANY_CHANGED: usize = 2000;

/// The end of the year 9999, in seconds since 1970.
const LAST_SECOND: i64 = 253_402_300_799;

/// What a merge came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The other history was in ours.
    Nothing,
    /// Ours was in the other, which is ours now.
    FastForward,
    /// A commit joins both.
    Joined,
}

/// Runs of which one side knows more than the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Traffic {
    /// Runs that are new there.
    pub new: usize,
    /// Other runs of which something new is said.
    pub changed: usize,
}

/// A merge that was done.
#[derive(Debug, Clone, Copy)]
pub struct Merged {
    /// What it came to.
    pub how: How,
    /// What the other history brought.
    pub came: Traffic,
    /// Runs that both had changed.
    pub both: usize,
    /// The own tip before, if the history that came was compacted and took its place: the new tip is not on top of it.
    pub replaced: Option<Oid>,
    /// Whether the other history has files that the own one, which was compacted, has not: it is merged, and the own tip is not on top of it.
    pub stripped: bool,
}

impl Store<'_> {
    /// Merges the history of `theirs` into the store. Its tip must have been [checked](Store::tip_id).
    pub fn merge(&self, theirs: &Oid) -> Result<Merged> {
        let theirs = self.repo.commit(theirs)?;
        // Whatever comes on top of it would be dated so, too.
        if !(0..=LAST_SECOND).contains(&theirs.committed) {
            return Err(Error::damaged_commit(&theirs.id, "its date is no date"));
        }
        loop {
            // None: the own ref moved meanwhile, and the ground with it.
            if let Some(merged) = std::thread::scope(|scope| self.try_merge(scope, &theirs))? {
                return Ok(merged);
            }
        }
    }

    /// Merges a history into the tip of this moment; no result if another one comes in between, and that matters.
    fn try_merge<'s>(&self, scope: &'s Scope<'s, '_>, theirs: &CommitInfo) -> Result<Option<Merged>> {
        // Nearly always it still holds when the draft is open.
        let tip = self.tip()?;
        let ahead = tip.as_ref().and_then(|tip| Ahead::start(scope, self.repo, [&tip.tree, &theirs.tree]));
        let apart = tip.as_ref().map(|tip| self.repo.apart(&tip.id, &theirs.id)).transpose()?;
        if apart.as_ref().is_some_and(|apart| apart.theirs.is_empty()) {
            let came = Traffic::default();
            return Ok(Some(Merged { how: How::Nothing, came, both: 0, replaced: None, stripped: false }));
        }
        let parted = tip.zip(apart.as_ref()).map(|(tip, apart)| Parted::new(tip.id, apart)).transpose()?;
        let ground = parted.as_ref().map(|parted| self.ground_of(parted, &theirs.id)).transpose()?.flatten();
        let many = apart.as_ref().is_some_and(|apart| apart.ours.len().min(apart.theirs.len()) > MANY_CHANGED);
        let storage = if many { Storage::Bulk } else { Storage::for_few(self.repo) };
        self.transact(None, storage, |draft| {
            self.merge_in(draft, theirs, parted.as_ref(), ground.as_ref(), ahead.as_ref())
        })
    }

    /// The same ground for both lines of history, if one of them was compacted since they parted.
    fn ground_of(&self, parted: &Parted<'_>, theirs: &Oid) -> Result<Option<Ground>> {
        if !parted.compacts() {
            return Ok(None);
        }
        let (left, right) = &parted.sides;
        self.ground((&parted.tip, left.commits), (theirs, right.commits))
    }

    /// A commit that has all of `ours` and `theirs`, commits of run histories both, and is one of them if possible. No ref is moved.
    pub fn union(repo: &Repo, ours: &Oid, theirs: &Oid) -> Result<Oid> {
        let (base, theirs) = (repo.commit(ours)?, repo.commit(theirs)?);
        // The history is in the commits, whatever the store is called.
        let store = Store::new(repo, super::RUNS_REF);
        let apart = repo.apart(&base.id, &theirs.id)?;
        let parted = Parted::new(base.id, &apart)?;
        let ground = store.ground_of(&parted, &theirs.id)?;
        std::thread::scope(|scope| {
            let ahead = Ahead::start(scope, repo, [&base.tree, &theirs.tree]);
            Store::build_on(repo, base, |draft| {
                store.merge_in(draft, &theirs, Some(&parted), ground.as_ref(), ahead.as_ref()).map(drop)
            })
        })
    }

    /// A commit with the runs of `ours` on top of `ours` and of `foreign`, a merge that git made of what `ours` has. No ref is moved.
    pub fn adopt(repo: &Repo, ours: &Oid, foreign: &Oid) -> Result<Oid> {
        let (base, foreign) = (repo.commit(ours)?, repo.commit(foreign)?);
        let tree = base.tree;
        Store::build_on(repo, base.clone(), |draft| draft.join(&base, &foreign, tree, &message::encode_merge(0, &[])))
    }

    /// What the commits of `tip` say that none of `known` has.
    pub fn traffic(&self, tip: &Oid, known: &[Oid]) -> Result<Traffic> {
        Ok(traffic(&Side::read(&self.unknown(&[*tip], known)?)?))
    }

    /// What the commits of `tips` say that none of `known` has, and about how many bytes that is; no bytes if
    /// that can't be told.
    pub fn news(&self, tips: &[Oid], known: &[Oid]) -> Result<(Traffic, Option<u64>)> {
        let commits = self.unknown(tips, known)?;
        let side = Side::read(&commits)?;
        let trees = side.runs.values().map(|deeds| Ok(self.repo.parse_oid(&deeds.row.row()?.tree)));
        let runs: Vec<Oid> = trees.filter_map(Result::transpose).collect::<Result<_>>()?;
        // To tell what is new in a tree, git reads the whole tree that was there before.
        let few = runs.len() <= MANY && runs.iter().all(|id| self.repo.is_tree(id));
        let bytes = if few { self.repo.bytes_not_in(&runs, &[]) } else { self.repo.bytes_not_in(tips, known) };
        Ok((traffic(&side), bytes))
    }

    /// Merges into the draft. `parted` is how some tip of ours and theirs differ, and `ground` the ground on which both were brought, if
    /// they were; no result if the draft has another tip and that matters.
    fn merge_in(
        &self,
        draft: &mut Draft<'_>,
        theirs: &CommitInfo,
        parted: Option<&Parted<'_>>,
        ground: Option<&Ground>,
        ahead: Option<&Ahead>,
    ) -> Result<Option<Merged>> {
        let merged = |how, came, both, (replaced, stripped)| Ok(Some(Merged { how, came, both, replaced, stripped }));
        let Some(base) = draft.base().cloned() else {
            draft.fast_forward(theirs);
            return merged(How::FastForward, self.traffic(&theirs.id, &[])?, 0, (None, false));
        };
        let none = HashSet::new();
        let given = theirs.id;
        let (mut ours, mut theirs, mut compacted) = (base.clone(), theirs.clone(), &none);
        let mut parted = parted.filter(|parted| parted.tip == base.id);
        if let Some(ground) = ground {
            if parted.take().is_none() {
                return Ok(None);
            }
            (ours, theirs) = (self.repo.commit(&ground.ours)?, self.repo.commit(&ground.theirs)?);
            compacted = &ground.compacted;
        }
        let theirs = &theirs;
        let replaced = ((ours.id != base.id).then_some(base.id), theirs.id != given);
        let apart;
        let now;
        let parted = if let Some(parted) = parted {
            parted
        } else {
            apart = self.repo.apart(&ours.id, &theirs.id)?;
            now = Parted::new(ours.id, &apart)?;
            if ground.is_none() && now.compacts() {
                return Ok(None);
            }
            &now
        };
        let (our_side, their_side) = &parted.sides;
        let came = traffic(their_side);
        if their_side.commits.is_empty() {
            if replaced.0.is_none() {
                return merged(How::Nothing, came, 0, replaced);
            }
            draft.fast_forward(&ours);
            return merged(How::FastForward, came, 0, replaced);
        }
        if our_side.commits.is_empty() {
            draft.fast_forward(theirs);
            return merged(How::FastForward, came, 0, replaced);
        }
        let base = parted.base.map(|base| self.repo.tree_alone(&self.repo.commit(&base)?.tree)).transpose()?;
        let sides = (our_side, their_side);
        self.fetch_for_merge([&ours.tree, &theirs.tree], sides)?;
        let (tree, rows) = self.join(draft.sink(), (&ours, theirs), base.as_ref(), sides, compacted, ahead)?;
        let text = message::encode_merge(came.new, &rows);
        draft.join(&ours, theirs, tree, &text)?;
        merged(How::Joined, came, rows.len(), replaced)
    }

    /// The tree of both, and the rows of the runs that both changed.
    fn join(
        &self,
        sink: &mut dyn ObjectSink,
        (ours, theirs): (&CommitInfo, &CommitInfo),
        base: Option<&Tree>,
        sides: (&Side<'_>, &Side<'_>),
        compacted: &HashSet<RunId>,
        ahead: Option<&Ahead>,
    ) -> Result<(Oid, Vec<Row>)> {
        let (mut a, mut b) = (TipTree::open(self.repo, &ours.tree)?, TipTree::open(self.repo, &theirs.tree)?);
        let mut runs = Known { store: self, sides, compacted, made: HashMap::new() };
        tree::merge(self.repo, sink, &mut a, &mut b, base, &mut runs, ahead)?;
        let mut made = runs.made;
        let mut rows = Vec::new();
        let mut both: Vec<&RunId> = sides.0.runs.keys().filter(|id| sides.1.runs.contains_key(*id)).collect();
        both.sort();
        for id in both {
            let row = match made.remove(id) {
                Some((_, row)) => Some(row),
                None => a.get(self.repo, id)?.map(|directory| self.row_on_a_side(&directory, sides, id)).transpose()?,
            };
            rows.extend(row);
        }
        index::merge(self.repo, sink, &mut a, &mut b, sides, &rows)?;
        Ok((a.store(sink)?, rows))
    }

    /// The row of a run that is as one of the sides has it.
    fn row_on_a_side(&self, directory: &Oid, sides: (&Side<'_>, &Side<'_>), id: &RunId) -> Result<Row> {
        let hex = directory.to_string();
        for deeds in [sides.0, sides.1].into_iter().filter_map(|side| side.runs.get(id)) {
            let row = deeds.row.row()?;
            if row.tree == hex {
                return Ok(row);
            }
        }
        Ok(StoredRun::open(self.repo, directory)?.row())
    }

    /// Merges a run that both changed. Returns its directory and its row; no row if that is one of theirs.
    fn merge_run(
        &self,
        sink: &mut dyn ObjectSink,
        id: &RunId,
        (ours, theirs): (Option<Oid>, Option<Oid>),
        sides: (&Side<'_>, &Side<'_>),
        compacted: &HashSet<RunId>,
    ) -> Result<(Oid, Option<Row>)> {
        let (ours, theirs) = match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours != theirs => (ours, theirs),
            (one, other) => return Ok((one.or(other).unwrap_or_else(|| self.repo.null_id()), None)),
        };
        let (ours, theirs) = (StoredRun::open(self.repo, &ours)?, StoredRun::open(self.repo, &theirs)?);
        let gone = compacted.contains(id) || ours.compacted || theirs.compacted;
        let changes = |side: &Side<'_>| side.runs.get(id).map_or(Ok(Vec::new()), |deeds| self.changes_of(id, deeds));
        let (our_changes, their_changes) = (changes(sides.0)?, changes(sides.1)?);
        let (our_fields, their_fields) = (fields_of(&ours), fields_of(&theirs));
        let merged = overlay::merge((&our_fields, &our_changes, sides.0), (&their_fields, &their_changes, sides.1));
        // Two that recorded the same bundle said different things about it. The first one holds; but not a run that
        // only claims to be this one.
        let age = |run: &StoredRun<'_>| {
            (!fits(run, id), run.manifest.recorded_at.clone(), crate::run::canonical(&run.manifest))
        };
        let (run, other) = if age(&ours) <= age(&theirs) { (&ours, &theirs) } else { (&theirs, &ours) };
        let mut overlay = overlay::overlay(&merged, &run.manifest);
        if gone {
            // It is on both sides without files, so whatever was said last, it has none.
            let mut run = StoredRun::open(self.repo, &run.tree)?;
            run.compacted = true;
            let directory = self.rebuild(sink, &run, &overlay, None, None)?;
            let row = Row::new(&run.manifest, &overlay, directory.to_string()).compacted(true);
            return Ok((directory, Some(row)));
        }
        let kept = |run: &StoredRun<'_>| {
            let named = run.overlay.pruned.as_ref().and_then(|pruned| pruned.source_diff.clone());
            run.source_diff.map(|id| id.to_string()).or(named)
        };
        let diff = kept(run);
        if let Some(pruned) = &mut overlay.pruned {
            pruned.source_diff.clone_from(&diff);
        }
        let live = overlay.pruned.is_none();
        let artifacts = run.artifacts.or(other.artifacts.filter(|_| fits(other, id))).filter(|_| live);
        let diff = diff.and_then(|hex| self.repo.parse_oid(&hex)).filter(|_| live);
        let directory = self.rebuild(sink, run, &overlay, artifacts.as_ref(), diff.as_ref())?;
        let row = Row::new(&run.manifest, &overlay, directory.to_string());
        Ok((directory, Some(row)))
    }

    /// What one side's commits changed of a run.
    fn changes_of(&self, id: &RunId, deeds: &Deeds<'_>) -> Result<Vec<Change>> {
        let read = |tree: &Oid| -> Result<Fields> { Ok(fields_of(&StoredRun::open(self.repo, tree)?)) };
        let mut changes = Vec::new();
        for touch in &deeds.touches {
            let Some(after) = self.repo.parse_oid(&touch.row()?.tree) else { continue };
            let parent = touch.commit.parents.first().copied().filter(|parent| self.repo.has(parent));
            let before = match parent {
                Some(parent) => TipTree::open(self.repo, &self.repo.commit(&parent)?.tree)?.get(self.repo, id)?,
                None => None,
            };
            let before = match before.map(|tree| read(&tree)) {
                // Compacted away: only a list of sealed runs names that directory still. The log names what became of it.
                Some(Err(err)) => match parent.map(|parent| self.logged(&parent, id)).transpose()?.flatten() {
                    Some(tree) => read(&tree).map_err(|_| err)?,
                    None => return Err(err),
                },
                before => before.transpose()?.unwrap_or_default(),
            };
            let at = (touch.commit.committed, touch.commit.id);
            changes.push(Change { at, before, after: read(&after)? });
        }
        Ok(changes)
    }

    /// The directory of a run by the row that holds at a commit.
    fn logged(&self, commit: &Oid, id: &RunId) -> Result<Option<Oid>> {
        for commit in self.repo.log(commit)? {
            if let Some(row) = message::rows(&commit?)?.into_iter().find(|row| row.id == *id) {
                return Ok(self.repo.parse_oid(&row.tree));
            }
        }
        Ok(None)
    }
}

/// What both sides did to the runs.
struct Known<'m> {
    store: &'m Store<'m>,
    sides: (&'m Side<'m>, &'m Side<'m>),
    compacted: &'m HashSet<RunId>,
    /// Directories and rows of runs that were merged.
    made: HashMap<RunId, (Oid, Row)>,
}

impl<'s> tree::Runs<'s> for Known<'s> {
    fn news(&self) -> HashMap<&'s str, News<'s>> {
        sides::news(self.sides)
    }

    fn is_new(&self, name: &str) -> (bool, bool) {
        let (ours, theirs) = (self.sides.0.runs.get(name), self.sides.1.runs.get(name));
        let new = |here: Option<&Deeds<'_>>, there: Option<&Deeds<'_>>| {
            here.is_some_and(|deeds| deeds.recorded) && there.is_none_or(|deeds| deeds.touches.is_empty())
        };
        (new(ours, theirs), new(theirs, ours))
    }

    fn decide(&mut self, sink: &mut dyn ObjectSink, name: &str, ours: Place, theirs: Place) -> Result<Place> {
        let id = tree::run_id(name);
        let touched = |side: &Side<'_>| id.as_ref().is_some_and(|id| side.touched(id));
        let (one, other) = (ours.directory(), theirs.directory());
        Ok(match (touched(self.sides.0), touched(self.sides.1), id) {
            (true, true, Some(id)) => {
                let (directory, row) = self.store.merge_run(sink, &id, (one, other), self.sides, self.compacted)?;
                self.made.extend(row.map(|row| (id, (directory, row))));
                Place::unsealed(Some(directory))
            }
            (true, false, _) if one.is_some() => ours.canonical(),
            (false, true, _) if other.is_some() => theirs.canonical(),
            _ if one == other || one.is_none() || other.is_none() => {
                // Nobody changed it. One of them sealed it, and may have known more than the other.
                let directory = one.or(other);
                let is_sealed = |place: &Place| place.directory().is_some() && place.window.is_none();
                let sealed = is_sealed(&ours) || is_sealed(&theirs);
                if sealed { Place::sealed(directory) } else { Place::unsealed(directory) }
            }
            _ => Place::unsealed(one.max(other)),
        })
    }
}

/// Whether a run is what its id says, as far as that can be told.
fn fits(run: &StoredRun<'_>, id: &RunId) -> bool {
    let (name, start) = (&run.manifest.run_id, run.manifest.started_at.as_deref());
    run.manifest.id == *id && run.artifacts.is_none_or(|artifacts| id.is_of(name, start, &artifacts.to_string()))
}

fn fields_of(run: &StoredRun<'_>) -> Fields {
    overlay::fields(&run.overlay, &run.manifest)
}

fn traffic(side: &Side<'_>) -> Traffic {
    let new = side.recorded().count();
    Traffic { new, changed: side.runs.len() - new }
}
