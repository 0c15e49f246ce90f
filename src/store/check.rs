//! Checking the links between runs and commits, from both ends.

use std::collections::{HashMap, HashSet};

use crate::git::{Oid, SourceCommit};
use crate::run::{Row, RunId, RunStatus};

use super::links::By;
use super::{Listed, Result, Store};

/// Clocks differ between machines: how much older than the rewriting of its commit a run may seem.
const SKEW: i64 = 24 * 3600;

/// What became of a run's source commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// A ref has it.
    Reachable,
    /// It is gone, but this commit took its place.
    Rewritten {
        /// The commit that is there now.
        to: Oid,
        /// How that is known.
        by: By,
    },
    /// No ref has it.
    Unreachable,
    /// It is not in this repository.
    Unknown,
}

/// A run and its source commit.
#[derive(Debug, Clone, PartialEq)]
pub struct RunLink {
    /// The run.
    pub row: Row,
    /// What became of its source commit; none if it never had one.
    pub state: Option<State>,
    /// The commits that name it in a trailer.
    pub cited_by: Vec<Oid>,
}

/// A trailer that names a run which is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited {
    /// The commit.
    pub commit: Oid,
    /// The first line of its message.
    pub subject: String,
    /// What its trailer says.
    pub run: String,
    /// The run was here and was deleted.
    pub deleted: bool,
}

/// The links of a repository.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinkCheck {
    /// Trailers that name runs which are not here.
    pub missing: Vec<Cited>,
    /// The runs, newest first.
    pub runs: Vec<RunLink>,
}

impl Store<'_> {
    /// Looks at all commits that name runs in trailers called `key`, and at all runs.
    /// `progress` is told how many runs were read.
    pub fn check_links(&self, key: &str, mut progress: impl FnMut(usize)) -> Result<LinkCheck> {
        let mut runs = Vec::new();
        for run in self.rows(true)? {
            runs.push(run?);
            progress(runs.len());
        }
        let citing = self.source().citing_commits(key)?;
        let known: HashMap<&RunId, RunStatus> = runs.iter().map(|run| (&run.row.id, run.row.status)).collect();
        let mut check = LinkCheck::default();
        let mut cited_by: HashMap<RunId, Vec<Oid>> = HashMap::new();
        for commit in &citing {
            for run in &commit.cites {
                let id: Option<RunId> = run.parse().ok();
                let status = id.as_ref().and_then(|id| known.get(id)).copied();
                if !matches!(status, Some(RunStatus::Complete | RunStatus::Partial | RunStatus::Other)) {
                    let (subject, deleted) = (commit.subject.clone(), status == Some(RunStatus::Pruned));
                    check.missing.push(Cited { commit: commit.id, subject, run: run.clone(), deleted });
                } else if let Some(id) = id {
                    cited_by.entry(id).or_default().push(commit.id);
                }
            }
        }
        runs.retain(|run| run.row.status != RunStatus::Pruned);
        let fates = self.fates(&runs, &cited_by)?;
        check.runs = runs
            .into_iter()
            .zip(fates)
            .map(|(run, state)| RunLink {
                cited_by: cited_by.remove(&run.row.id).unwrap_or_default(),
                state,
                row: run.row,
            })
            .collect();
        Ok(check)
    }

    /// What became of the source commits of `runs`, in their order.
    fn fates(&self, runs: &[Listed], cited_by: &HashMap<RunId, Vec<Oid>>) -> Result<Vec<Option<State>>> {
        let source = |run: &Listed| run.row.sha.as_deref().and_then(|sha| self.source().parse_oid(sha));
        let links =
            |run: &Listed| run.row.links.iter().filter_map(|link| self.source().parse_oid(link)).collect::<Vec<_>>();
        let mentioned: HashSet<Oid> = runs.iter().flat_map(|run| source(run).into_iter().chain(links(run))).collect();
        let here: Vec<Oid> = mentioned.into_iter().filter(|id| self.source().has(id)).collect();
        let lost = self.source().unreachable(&here)?;
        let here: HashSet<Oid> = here.into_iter().collect();
        let reachable = |id: &Oid| here.contains(id) && !lost.contains(id);
        let by_hand = |run: &Listed| {
            let cited = cited_by.get(&run.row.id).and_then(|commits| commits.last());
            let linked = || links(run).into_iter().rfind(|id| reachable(id));
            cited.map(|&to| (to, By::Trailer)).or_else(|| linked().map(|to| (to, By::Link)))
        };
        let is_lost = |run: &Listed| source(run).is_some_and(|id| !reachable(&id)) && by_hand(run).is_none();
        // A commit is replaced after it was evaluated, and its successor is committed then.
        let since = runs.iter().filter(|run| is_lost(run)).map(|run| run.recorded).min();
        let recent = since.map(|since| self.source().recent_commits(since.saturating_sub(SKEW))).transpose()?;
        let successors = Successors::new(recent.as_deref().unwrap_or_default());
        let fate = |run: &Listed| {
            let id = source(run)?;
            Some(if reachable(&id) {
                State::Reachable
            } else if let Some((to, by)) = by_hand(run).or_else(|| successors.of(&run.row)) {
                State::Rewritten { to, by }
            } else if here.contains(&id) {
                State::Unreachable
            } else {
                State::Unknown
            })
        };
        Ok(runs.iter().map(fate).collect())
    }
}

/// Commits that may have taken the place of others.
struct Successors<'a> {
    by_tree: HashMap<String, Oid>,
    by_patch: HashMap<&'a str, Oid>,
}

impl<'a> Successors<'a> {
    fn new(commits: &'a [SourceCommit]) -> Self {
        Self {
            by_tree: commits.iter().map(|commit| (commit.tree.to_string(), commit.id)).collect(),
            by_patch: commits.iter().filter_map(|commit| Some((commit.patch_id.as_deref()?, commit.id))).collect(),
        }
    }

    fn of(&self, row: &Row) -> Option<(Oid, By)> {
        let tree = row.source_tree.as_ref().and_then(|tree| self.by_tree.get(tree)).map(|&id| (id, By::Tree));
        let patch = || Some((*self.by_patch.get(row.patch_id.as_deref()?)?, By::Patch));
        tree.or_else(patch)
    }
}
