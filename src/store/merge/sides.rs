//! What each of two histories did that the other does not know: read from their logs alone.

use std::collections::{HashMap, HashSet};

use crate::git::{CommitInfo, Oid};
use crate::run::{Row, RunId};

use crate::store::Result;
use crate::store::message::{self, Op};

/// The commits that only one history has.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// What they did to each run.
    pub(super) runs: HashMap<RunId, Deeds>,
    parents: HashMap<Oid, Vec<Oid>>,
}

/// What one history did to a run.
#[derive(Debug)]
pub(super) struct Deeds {
    /// The row that holds there.
    pub(super) row: Row,
    /// Commits that recorded or changed the run, merges left out: these only repeat what others did.
    pub(super) touches: Vec<Touch>,
    /// Whether one of them recorded it.
    pub(super) recorded: bool,
}

/// A commit that changed a run.
#[derive(Debug, Clone)]
pub(super) struct Touch {
    /// When it was, and the commit.
    pub(super) at: (i64, Oid),
    /// The run's directory as the commit left it.
    pub(super) tree: String,
    /// The commit before, if there is one.
    pub(super) parent: Option<Oid>,
}

impl Side {
    /// Reads `commits`, children before parents.
    pub(super) fn read(commits: &[CommitInfo]) -> Result<Self> {
        // Rows are large, and moving them each time that a map grows takes longer than to read them.
        let (runs, parents) = (HashMap::with_capacity(commits.len()), HashMap::with_capacity(commits.len()));
        let mut side = Self { runs, parents };
        for commit in commits {
            side.parents.insert(commit.id, commit.parents.clone());
            let Some(op) = message::op(commit) else { continue };
            for row in message::rows(commit)? {
                let touch = (op != Op::Merge).then(|| Touch {
                    at: (commit.committed, commit.id),
                    tree: row.tree.clone(),
                    parent: commit.parents.first().copied(),
                });
                // The first row met is the one that holds.
                let new = |row| Deeds { row, touches: Vec::new(), recorded: false };
                let deeds = side.runs.entry(row.id.clone()).or_insert_with(|| new(row));
                deeds.recorded |= op == Op::Record;
                deeds.touches.extend(touch);
            }
        }
        Ok(side)
    }

    /// Whether somebody changed the run here.
    pub(super) fn touched(&self, id: &RunId) -> bool {
        self.runs.get(id).is_some_and(|deeds| !deeds.touches.is_empty())
    }

    /// Whether the run was recorded here.
    pub(super) fn recorded_run(&self, id: &RunId) -> bool {
        self.runs.get(id).is_some_and(|deeds| deeds.recorded)
    }

    /// The runs that were recorded here.
    pub(super) fn recorded(&self) -> impl Iterator<Item = &RunId> {
        self.runs.iter().filter(|(_, deeds)| deeds.recorded).map(|(id, _)| id)
    }

    /// Whether `older` is an ancestor of `newer`, both commits of this side.
    pub(super) fn is_ancestor(&self, older: &Oid, newer: &Oid) -> bool {
        let (mut waiting, mut seen) = (vec![*newer], HashSet::new());
        while let Some(at) = waiting.pop() {
            for parent in self.parents.get(&at).into_iter().flatten() {
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
