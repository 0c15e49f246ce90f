//! Walking commits, newest first.

use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};

use super::{CommitInfo, Kind, Oid, Repo, Result};

/// The commits that can be reached from a tip, by commit date, newest first;
/// a child always before its parents, as long as dates never go back along a
/// line of history. What it costs depends on how many are taken, not on how
/// many there are.
pub struct Log<'r> {
    repo: &'r Repo,
    queue: BinaryHeap<Queued>,
    /// Commits of one second, in their order; only once the history has a merge.
    ready: VecDeque<CommitInfo>,
    /// Ids that were queued; only needed once the history has a merge.
    seen: HashSet<Oid>,
    linear: bool,
    /// Goes on where a parent can't be read.
    lenient: bool,
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
        let mut log = Log {
            repo: self,
            queue: BinaryHeap::new(),
            ready: VecDeque::new(),
            seen: HashSet::new(),
            linear: true,
            lenient: false,
        };
        log.queue.push(Queued(self.commit(tip)?));
        Ok(log)
    }

    /// Walks the history of `tip` as far as it is here: commits that are missing or broken are passed
    /// over together with what only they lead to, and nothing is fetched.
    pub fn log_of_what_is_here(&self, tip: &Oid) -> Result<Log<'_>> {
        Ok(Log { lenient: true, ..self.log(tip)? })
    }

    /// Whether history ends at `id` because this clone is shallow.
    #[must_use]
    pub fn is_shallow_boundary(&self, id: &Oid) -> bool {
        self.gix().shallow_commits().ok().flatten().is_some_and(|commits| commits.iter().any(|commit| commit == id))
    }
}

impl Repo {
    /// The commits of `tip` that are not in `known`, parents first. None if `known` is no ancestor of `tip`.
    pub fn commits_between(&self, tip: &Oid, known: &Oid) -> Result<Option<Vec<CommitInfo>>> {
        let (mut commits, mut at) = (Vec::new(), *tip);
        // Nearly always there is one line of commits.
        while at != *known {
            let commit = self.commit(&at)?;
            let [parent] = commit.parents[..] else { return self.commits_between_lines(tip, known) };
            at = parent;
            commits.push(commit);
        }
        commits.reverse();
        Ok(Some(commits))
    }

    fn commits_between_lines(&self, tip: &Oid, known: &Oid) -> Result<Option<Vec<CommitInfo>>> {
        let ancestor = self.git("merge-base").args(["--is-ancestor", &known.to_string(), &tip.to_string()]).output()?.0;
        if !ancestor.status.success() {
            return Ok(None);
        }
        let (tip, known) = (tip.to_string(), format!("^{known}"));
        let listed = self.git("rev-list").args(["--topo-order", "--reverse", &tip, &known]).run()?;
        let ids = String::from_utf8_lossy(&listed);
        ids.lines().filter_map(|id| self.parse_oid(id)).map(|id| self.commit(&id)).collect::<Result<_>>().map(Some)
    }
}

impl Log<'_> {
    /// Queues the parents of a commit that were not met before.
    fn queue_parents(&mut self, commit: &CommitInfo) -> Result<()> {
        self.linear &= commit.parents.len() < 2;
        for parent in &commit.parents {
            if !self.linear && !self.seen.insert(*parent) {
                continue;
            }
            if self.lenient {
                let data = self.repo.try_read(parent, Kind::Commit).ok().flatten();
                self.queue.extend(data.and_then(|data| CommitInfo::from_vec(*parent, data).ok()).map(Queued));
                continue;
            }
            match self.repo.try_read(parent, Kind::Commit)? {
                Some(data) => self.queue.push(Queued(CommitInfo::from_vec(*parent, data)?)),
                None if self.repo.is_shallow_boundary(&commit.id) => {}
                None => self.queue.push(Queued(self.repo.commit(parent)?)),
            }
        }
        Ok(())
    }

    /// `first` and what else there is of its second: where lines of history
    /// meet, only all of them together show which commit is whose parent.
    fn second_of(&mut self, first: CommitInfo) -> Result<Vec<CommitInfo>> {
        let date = first.committed;
        let mut group = vec![first];
        while self.queue.peek().is_some_and(|next| next.0.committed >= date)
            && let Some(Queued(commit)) = self.queue.pop()
        {
            self.queue_parents(&commit)?;
            group.push(commit);
        }
        Ok(children_first(group))
    }

    fn advance(&mut self) -> Result<Option<CommitInfo>> {
        if let Some(commit) = self.ready.pop_front() {
            return Ok(Some(commit));
        }
        let Some(Queued(commit)) = self.queue.pop() else { return Ok(None) };
        self.queue_parents(&commit)?;
        if self.linear {
            return Ok(Some(commit));
        }
        self.ready = self.second_of(commit)?.into();
        Ok(self.ready.pop_front())
    }
}

impl Iterator for Log<'_> {
    type Item = Result<CommitInfo>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

/// Sorts commits so that each stands before its parents; otherwise newest first, then by id.
pub(super) fn children_first(commits: Vec<CommitInfo>) -> Vec<CommitInfo> {
    // Nearly always it is one line of commits, and they came in that order.
    if commits.windows(2).all(|two| two[0].parents == [two[1].id]) {
        return commits;
    }
    let mut children: HashMap<Oid, usize> = HashMap::new();
    for parent in commits.iter().flat_map(|commit| &commit.parents) {
        *children.entry(*parent).or_default() += 1;
    }
    let (mut free, mut waiting) = (BinaryHeap::new(), HashMap::new());
    for commit in commits {
        if children.contains_key(&commit.id) {
            waiting.insert(commit.id, commit);
        } else {
            free.push(Queued(commit));
        }
    }
    let mut sorted = Vec::with_capacity(free.len() + waiting.len());
    while let Some(Queued(commit)) = free.pop() {
        for parent in &commit.parents {
            let left = children.get_mut(parent).expect("it was counted");
            *left -= 1;
            if *left == 0 {
                free.extend(waiting.remove(parent).map(Queued));
            }
        }
        sorted.push(commit);
    }
    sorted
}
