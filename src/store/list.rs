//! Listing runs from the commit log alone: no tree, no blob.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};

use crate::git::{CommitInfo, Log, Oid, Repo};
use crate::run::{Row, RunId, RunStatus};

use super::message::{self, Op};
use super::{Result, Store};

/// A run in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its row.
    pub row: Row,
    /// When it was recorded, in seconds since 1970.
    pub recorded: i64,
    /// Whether the row is of the commit that recorded the run; if not, the run was changed since.
    pub is_record: bool,
    /// Mail address of who recorded it.
    pub author: String,
}

/// The runs of a store, newest recorded first. Runs recorded in the same
/// second are ordered by when they began, then by id, so that the order is
/// the same in every clone.
///
/// What it costs depends on how many are taken.
pub struct Rows<'r> {
    log: Option<Log<'r>>,
    ahead: Option<CommitInfo>,
    /// Rows that were met above the commit which recorded their run: they supersede its row.
    newer: HashMap<RunId, Row>,
    /// Runs that were given out or passed over.
    done: std::collections::HashSet<RunId>,
    ready: VecDeque<Listed>,
    deleted: bool,
}

impl<'r> Store<'r> {
    /// Lists the runs; deleted ones only if `deleted`.
    pub fn rows(&self, deleted: bool) -> Result<Rows<'r>> {
        let log = self.tip()?.map(|tip| self.repo.log(&tip.id)).transpose()?;
        Ok(Rows::of(log, deleted))
    }
}

impl<'r> Store<'r> {
    /// Lists the runs as they were at the commit `tip`.
    pub fn rows_at(&self, tip: &Oid, deleted: bool) -> Result<Rows<'r>> {
        Ok(Rows::of(Some(self.repo.log(tip)?), deleted))
    }
}

impl Store<'_> {
    /// What the commits of `tip` that are not in `known` say, parents first: of each row, whether it
    /// is that of a new run. None if `known` is no ancestor of `tip`.
    pub fn changes(&self, tip: &Oid, known: &Oid) -> Result<Option<Vec<Listed>>> {
        let Some(commits) = self.repo.commits_between(tip, known)? else { return Ok(None) };
        let mut changes = Vec::new();
        for commit in commits {
            let Some(op) = message::op(&commit) else { continue };
            changes.extend(message::rows(&commit)?.into_iter().map(|row| Listed {
                row,
                recorded: commit.committed,
                is_record: op == Op::Record,
                author: commit.author.clone(),
            }));
        }
        Ok(Some(changes))
    }
}

impl<'r> Rows<'r> {
    /// The runs of the history of `tip`; deleted ones only if `deleted`.
    pub fn at(repo: &'r Repo, tip: &Oid, deleted: bool) -> Result<Self> {
        Ok(Self::of(Some(repo.log(tip)?), deleted))
    }

    /// The runs of a log.
    pub(super) fn of(log: Option<Log<'r>>, deleted: bool) -> Self {
        Self {
            log,
            ahead: None,
            newer: HashMap::new(),
            done: std::collections::HashSet::new(),
            ready: VecDeque::new(),
            deleted,
        }
    }

    /// Reads the commits of the next second that has any.
    fn fill(&mut self) -> Result<bool> {
        let Some(log) = &mut self.log else { return Ok(false) };
        let Some(first) = self.ahead.take().map(Ok).or_else(|| log.next()).transpose()? else { return Ok(false) };
        let date = first.committed;
        let mut commits = vec![first];
        for commit in log {
            let commit = commit?;
            if commit.committed != date {
                self.ahead = Some(commit);
                break;
            }
            commits.push(commit);
        }
        let mut group = Vec::new();
        for commit in commits {
            // A commit without an operation is not one of ours, whatever else it says.
            let Some(op) = message::op(&commit) else { continue };
            let is_record = op == Op::Record;
            for row in message::rows(&commit)? {
                if self.done.contains(&row.id) {
                    continue;
                }
                if !is_record {
                    // Children come before parents, so the first row met is the one that holds.
                    self.newer.entry(row.id.clone()).or_insert(row);
                    continue;
                }
                self.done.insert(row.id.clone());
                let newer = self.newer.remove(&row.id);
                let is_record = newer.is_none();
                let row = newer.unwrap_or(row);
                if self.deleted || row.status != RunStatus::Pruned {
                    group.push(Listed { row, recorded: date, is_record, author: commit.author.clone() });
                }
            }
        }
        group.sort_by_cached_key(|run| Reverse((run.row.timestamp.clone(), run.row.id.clone())));
        self.ready.extend(group);
        Ok(true)
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Listed>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(err) => {
                    self.log = None;
                    return Some(Err(err));
                }
            }
        }
        self.ready.pop_front().map(Ok)
    }
}
