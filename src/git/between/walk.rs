//! Where two lines of history part, from the commits alone.
//!
//! `git rev-list --left-right` says it, too, but only the ids: the commits would be read twice, and a process started.
//! And where dates go back along a line of history it leaves out some and has others that are of both.

use std::collections::BinaryHeap;

use gix::hashtable::HashMap;

use crate::git::log::children_first;
use crate::git::{CommitInfo, Kind, Oid, Repo, Result};

/// What was found.
pub(super) struct Walked {
    /// The commits that only the first line has, children before parents.
    pub(super) ours: Vec<CommitInfo>,
    /// The commits that only the second line has, children before parents.
    pub(super) theirs: Vec<CommitInfo>,
    /// The parents of these that both have.
    pub(super) edge: Vec<Oid>,
}

const OURS: u8 = 1;
const THEIRS: u8 = 2;
const BOTH: u8 = OURS | THEIRS;

/// So many commits of both lines are looked at, as git does, after there should be none of one line any more.
const SLOP: usize = 16;

/// So many commits are looked at in any case before [`super::lines`] is tried.
const FEW: usize = 48;

/// Walks both lines, newest commit first, until what is left is of both. Dates never go back along a line of the histories that
/// we write; where a child is met that is older than its parent, no date is relied on any more, and all is walked.
pub(super) fn apart(repo: &Repo, ours: &Oid, theirs: &Oid) -> Result<Walked> {
    let mut walk = Walk { repo, places: HashMap::default(), met: Vec::new(), queue: BinaryHeap::new(), open: 0 };
    for (tip, side) in [(ours, OURS), (theirs, THEIRS)].into_iter().filter(|_| ours != theirs) {
        walk.mark(tip, side, None)?;
    }
    // Of commits of one second a child may come after its parent, which then is met again: no older one can be its parent.
    let (mut oldest, mut slop) = (i64::MAX, SLOP);
    let mut many = false;
    while let Some((date, place)) = walk.queue.pop() {
        // So many more take longer than to open the repository once more.
        if !many && walk.met.len() > FEW {
            many = true;
            if let Some(walked) = super::lines::apart(repo, ours, theirs) {
                return Ok(walked);
            }
        }
        slop = if walk.open > 0 || date >= oldest { SLOP } else { slop - 1 };
        if slop == 0 {
            break;
        }
        let met = &mut walk.met[place];
        met.queued = false;
        let (sides, parents, id) = (met.sides, met.commit.parents.clone(), met.commit.id);
        if sides != BOTH {
            walk.open -= 1;
            oldest = oldest.min(date);
        }
        for parent in &parents {
            if walk.mark(parent, sides, Some(&id))?.is_some_and(|parent| parent > date) {
                oldest = i64::MIN;
            }
        }
    }
    Ok(walk.finish())
}

struct Walk<'r> {
    repo: &'r Repo,
    /// Where in `met` each commit is.
    places: HashMap<Oid, usize>,
    met: Vec<Met>,
    /// Dates and places of those whose parents are to be looked at.
    queue: BinaryHeap<(i64, usize)>,
    /// How many of them are of one line only.
    open: usize,
}

struct Met {
    commit: CommitInfo,
    /// The lines that have it, as far as is known.
    sides: u8,
    queued: bool,
}

impl Walk<'_> {
    /// Notes that a commit, which is the parent of `child`, is of these lines. Its date; none if a shallow clone ends before it.
    fn mark(&mut self, id: &Oid, sides: u8, child: Option<&Oid>) -> Result<Option<i64>> {
        let place = if let Some(place) = self.places.get(id) {
            *place
        } else {
            let commit = match self.repo.try_read(id, Kind::Commit)? {
                Some(data) => CommitInfo::from_vec(*id, data)?,
                None if child.is_some_and(|child| self.repo.is_shallow_boundary(child)) => return Ok(None),
                None => self.repo.commit(id)?,
            };
            self.met.push(Met { commit, sides: 0, queued: false });
            self.places.insert(*id, self.met.len() - 1);
            self.met.len() - 1
        };
        let met = &mut self.met[place];
        let (date, before) = (met.commit.committed, met.sides);
        met.sides |= sides;
        if met.sides == before {
            return Ok(Some(date));
        }
        if met.sides == BOTH {
            // Nobody asks for it, and there may be very many.
            met.commit.message = String::new();
        }
        match (met.queued, met.sides == BOTH) {
            (true, true) => self.open -= 1,
            (true, false) => {}
            (false, both) => {
                met.queued = true;
                self.queue.push((date, place));
                self.open += usize::from(!both);
            }
        }
        Ok(Some(date))
    }

    fn finish(self) -> Walked {
        let is_of_both = |id: &Oid| self.places.get(id).is_some_and(|place| self.met[*place].sides == BOTH);
        let of_one = || self.met.iter().filter(|met| met.sides != BOTH);
        let mut edge: Vec<Oid> = of_one().flat_map(|met| &met.commit.parents).copied().filter(is_of_both).collect();
        edge.sort();
        edge.dedup();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for met in self.met {
            match met.sides {
                OURS => ours.push(met.commit),
                THEIRS => theirs.push(met.commit),
                _ => {}
            }
        }
        Walked { ours: children_first(ours), theirs: children_first(theirs), edge }
    }
}
