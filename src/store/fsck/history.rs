//! Walking the log: of each run the commit that holds, and what is wrong with the commits.

use std::collections::HashMap;

use crate::git::{CommitInfo, Kind, Oid, Repo, trailers};
use crate::run::{Row, RunId};
use crate::store::Result;
use crate::store::message::{self, Op};

use super::problem::{self, Place, Problem};

/// After so many commits mapped packs are given back.
const RELEASE: usize = 1000;

/// A run of the log.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: RunId,
    /// The commit whose row holds.
    pub(super) commit: Oid,
    /// The directory that this row names; none if it names none.
    pub(super) tree: Option<Oid>,
    /// Whether a commit records it.
    pub(super) recorded: bool,
    /// Its directory in the tip's tree.
    pub(super) window: Option<Oid>,
    /// Its directory by the list of its shard.
    pub(super) listed: Option<Oid>,
    /// A directory of it stands where another run belongs.
    pub(super) misplaced: bool,
    /// A commit has files of it.
    pub(super) has_files: bool,
}

/// All that the log says.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Newest first.
    pub(super) runs: Vec<Entry>,
    by_id: HashMap<RunId, u32>,
    pub(super) commits: usize,
    /// The history ends early, and may.
    pub(super) shallow: bool,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<String>,
}

impl History {
    /// Walks the history of `tip`. `progress` is told how many commits were read.
    pub(super) fn read(repo: &Repo, tip: &Oid, progress: &mut dyn FnMut(usize)) -> Result<Self> {
        let mut history = Self::default();
        // Parents that were named and not met yet, with the oldest child of each.
        let mut owed: HashMap<Oid, (i64, Oid)> = HashMap::new();
        for commit in repo.log_of_what_is_here(tip)? {
            let commit = commit?;
            history.commits += 1;
            if history.commits.is_multiple_of(RELEASE) {
                repo.release_packs();
            }
            progress(history.commits);
            if let Some((date, child)) = owed.remove(&commit.id) {
                history.check_date(&commit, date, &child);
            }
            for parent in &commit.parents {
                let child = (commit.committed, commit.id);
                owed.entry(*parent).and_modify(|oldest| *oldest = child.min(*oldest)).or_insert(child);
            }
            history.add(repo, &commit);
        }
        let mut owed: Vec<_> = owed.into_iter().collect();
        owed.sort_unstable();
        for (parent, (date, child)) in owed {
            history.explain(repo, &parent, date, &child);
        }
        Ok(history)
    }

    /// The run called `id`.
    pub(super) fn get(&self, id: &RunId) -> Option<&Entry> {
        self.by_id.get(id).map(|at| &self.runs[*at as usize])
    }

    pub(super) fn get_mut(&mut self, id: &RunId) -> Option<&mut Entry> {
        self.by_id.get(id).map(|at| &mut self.runs[*at as usize])
    }

    fn add(&mut self, repo: &Repo, commit: &CommitInfo) {
        let Some(op) = message::op(commit) else {
            self.notes.push(format!("commit {} was not made by git agentv; it says nothing of runs", commit.id));
            return;
        };
        if op == Op::Other {
            let word = trailers(&commit.message, "Agentv-Op").next().unwrap_or_default();
            self.notes.push(format!("commit {}: '{word}' is what a newer version does", commit.id));
        }
        let rows = match message::rows(commit) {
            Ok(rows) => rows,
            Err(err) => {
                let text = err.to_string();
                let text = text.split_once(" is damaged: ").map_or(text.as_str(), |(_, reason)| reason);
                self.problems.push(Problem::new(Place::Commit(commit.id), problem::Kind::Commit, text));
                return;
            }
        };
        for row in rows {
            self.add_row(repo, commit, op, row);
        }
    }

    fn add_row(&mut self, repo: &Repo, commit: &CommitInfo, op: Op, row: Row) {
        let (recorded, has_files) = (op == Op::Record, row.status.has_files());
        if let Some(entry) = self.get_mut(&row.id) {
            entry.recorded |= recorded;
            entry.has_files |= has_files;
            if recorded && !has_files && entry.has_files {
                let id = row.id;
                self.notes.push(format!("run {id}: it was compacted, but history has files of it; 'git agentv delete' and 'compact' take them out"));
            }
            return;
        }
        let at = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
        self.by_id.insert(row.id.clone(), at);
        let tree = repo.parse_oid(&row.tree);
        let (id, commit) = (row.id, commit.id);
        self.runs.push(Entry { id, commit, tree, recorded, window: None, listed: None, misplaced: false, has_files });
    }

    fn check_date(&mut self, commit: &CommitInfo, date: i64, child: &Oid) {
        if commit.committed > date {
            let text = format!("it is {} s older than its parent {}", commit.committed - date, commit.id);
            self.problems.push(Problem::new(Place::Commit(*child), problem::Kind::Date, text));
        }
    }

    /// Why a parent was not met by the walk, or not when it should have been.
    fn explain(&mut self, repo: &Repo, parent: &Oid, date: i64, child: &Oid) {
        let broken = match repo.try_read(parent, Kind::Commit) {
            Ok(Some(bytes)) => match CommitInfo::decode(*parent, &bytes) {
                Ok(commit) => return self.check_date(&commit, date, child),
                Err(_) => (problem::Kind::Corrupt, "is no valid commit"),
            },
            Ok(None) if repo.is_shallow_boundary(child) => {
                self.shallow = true;
                return;
            }
            Ok(None) => (problem::Kind::Missing, "is missing"),
            Err(_) => (problem::Kind::Corrupt, "is corrupt"),
        };
        let text = format!("its parent {parent} {}: the runs before it are lost to lists", broken.1);
        self.problems.push(Problem::new(Place::Commit(*child), broken.0, text));
    }

    /// Whether runs of which nothing was read may be all right.
    pub(super) fn is_cut(&self) -> bool {
        let is_cut = |problem: &Problem| {
            matches!(problem.kind, problem::Kind::Missing | problem::Kind::Corrupt | problem::Kind::Commit)
        };
        self.shallow || self.problems.iter().any(is_cut)
    }
}

/// Who the commit says that its rows are of, if that is not so.
pub(super) fn misnamed(commit: &CommitInfo, rows: &[Row]) -> Option<String> {
    let named: Vec<&str> = trailers(&commit.message, "Agentv-Run").collect();
    if !named.iter().eq(rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().iter()) {
        let named = if named.is_empty() { "nothing".into() } else { named.join(", ") };
        return Some(format!("the trailer Agentv-Run of commit {} names {named}", commit.id));
    }
    let [row] = rows else { return None };
    // `run <id>: …`, `tag <id>: …`. Whatever else a subject says is for people.
    let word = commit.subject().split(' ').nth(1)?.strip_suffix(':')?;
    let id: RunId = word.parse().ok()?;
    (id != row.id).then(|| format!("the subject of commit {} names {id}", commit.id))
}
