//! Walking commits, newest first.

use std::collections::{BinaryHeap, HashSet};

use super::{CommitInfo, Kind, Oid, Repo, Result};

/// The commits that can be reached from a tip, by commit date, newest first;
/// a child always before its parents. What it costs depends on how many are
/// taken, not on how many there are.
pub struct Log<'r> {
    repo: &'r Repo,
    queue: BinaryHeap<Queued>,
    /// Ids that were queued; only needed once the history has a merge.
    seen: HashSet<Oid>,
    linear: bool,
}

struct Queued(CommitInfo);

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0.committed, self.0.id).cmp(&(other.0.committed, other.0.id))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Queued {}

impl Repo {
    /// Walks the history of `tip`.
    pub fn log(&self, tip: &Oid) -> Result<Log<'_>> {
        let mut log = Log { repo: self, queue: BinaryHeap::new(), seen: HashSet::new(), linear: true };
        log.queue.push(Queued(self.commit(tip)?));
        Ok(log)
    }

    /// Whether history ends at `id` because this clone is shallow.
    fn is_shallow_boundary(&self, id: &Oid) -> bool {
        self.gix().shallow_commits().ok().flatten().is_some_and(|commits| commits.iter().any(|commit| commit == id))
    }
}

impl Iterator for Log<'_> {
    type Item = Result<CommitInfo>;

    fn next(&mut self) -> Option<Self::Item> {
        let Queued(commit) = self.queue.pop()?;
        self.linear &= commit.parents.len() < 2;
        for parent in &commit.parents {
            if !self.linear && !self.seen.insert(*parent) {
                continue;
            }
            match self.repo.try_read(parent, Kind::Commit) {
                Ok(Some(data)) => match CommitInfo::decode(*parent, &data) {
                    Ok(info) => self.queue.push(Queued(info)),
                    Err(err) => return Some(Err(err)),
                },
                Ok(None) if self.repo.is_shallow_boundary(&commit.id) => {}
                Ok(None) => match self.repo.commit(parent) {
                    Ok(info) => self.queue.push(Queued(info)),
                    Err(err) => return Some(Err(err)),
                },
                Err(err) => return Some(Err(err)),
            }
        }
        Some(Ok(commit))
    }
}
