//! Which runs judged which commits.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use crate::git::{Oid, SourceCommit};
use crate::run::{Row, RunStatus};

use super::message;
use super::{Result, Store};

/// How it is known that a run judged a commit; the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// A trailer of the commit names the run.
    Trailer,
    /// The run was linked to the commit afterwards.
    Link,
    /// The run was recorded on the commit.
    Commit,
    /// The commit has the tree that was evaluated.
    Tree,
    /// The commit makes the same change as the one that the run was recorded on.
    Patch,
}

/// A run that judged a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The commit's place among those that were asked for.
    pub commit: usize,
    /// The run.
    pub row: Row,
    /// How it is known.
    pub by: By,
    /// Whether the commit's tree is just what was evaluated; if not, or if that isn't known, it is near.
    pub exact: bool,
}

impl Store<'_> {
    /// The rows that the log has since `seconds` (since 1970), of each run the one that holds.
    /// Reading ends at `deadline`.
    pub fn rows_since(&self, seconds: i64, deadline: Instant) -> Result<Vec<Row>> {
        let Some(tip) = self.tip()? else { return Ok(Vec::new()) };
        let (mut seen, mut rows) = (HashSet::new(), Vec::new());
        for commit in self.repo.log(&tip.id)? {
            let commit = commit?;
            if commit.committed < seconds || Instant::now() >= deadline {
                break;
            }
            if message::op(&commit).is_some() {
                rows.extend(message::rows(&commit)?.into_iter().filter(|row| seen.insert(row.id.clone())));
            }
        }
        Ok(rows)
    }

    /// The runs that judged any of `commits`: each run once for a commit, in the order of the
    /// commits, the newest run first. `progress` is told how many runs were looked at.
    pub fn runs_of(&self, commits: &[SourceCommit], mut progress: impl FnMut(usize)) -> Result<Vec<Judged>> {
        let index = Index::new(commits);
        let mut found = Vec::new();
        for (done, run) in self.rows(false)?.enumerate() {
            let row = run?.row;
            if row.status != RunStatus::Pruned {
                index.find(&row, &mut found);
            }
            progress(done + 1);
        }
        // The sort is stable: newest first among those of a commit.
        found.sort_by_key(|judged| judged.commit);
        Ok(found)
    }
}

/// The commits by all that a run may know of them.
struct Index<'a> {
    commits: &'a [SourceCommit],
    by_run: HashMap<&'a str, Vec<usize>>,
    by_id: HashMap<String, usize>,
    by_tree: HashMap<String, Vec<usize>>,
    by_patch: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(commits: &'a [SourceCommit]) -> Self {
        let (mut by_run, mut by_tree, mut by_patch) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (at, commit) in commits.iter().enumerate() {
            for run in &commit.cites {
                by_run.entry(run.as_str()).or_insert_with(Vec::new).push(at);
            }
            by_tree.entry(commit.tree.to_string()).or_insert_with(Vec::new).push(at);
            if let Some(patch) = &commit.patch_id {
                by_patch.entry(patch.as_str()).or_insert_with(Vec::new).push(at);
            }
        }
        let by_id = commits.iter().enumerate().map(|(at, commit)| (commit.id.to_string(), at)).collect();
        Self { commits, by_run, by_id, by_tree, by_patch }
    }

    fn find(&self, row: &Row, found: &mut Vec<Judged>) {
        let mut hits: HashMap<usize, By> = HashMap::new();
        let mut hit = |at: usize, by: By| {
            hits.entry(at).and_modify(|known| *known = by.min(*known)).or_insert(by);
        };
        for &at in self.by_run.get(row.id.as_str()).into_iter().flatten() {
            hit(at, By::Trailer);
        }
        for at in row.links.iter().filter_map(|link| self.by_id.get(link)) {
            hit(*at, By::Link);
        }
        if let Some(&at) = row.sha.as_ref().and_then(|sha| self.by_id.get(sha)) {
            hit(at, By::Commit);
        }
        for &at in row.source_tree.as_ref().and_then(|tree| self.by_tree.get(tree)).into_iter().flatten() {
            hit(at, By::Tree);
        }
        for &at in row.patch_id.as_deref().and_then(|patch| self.by_patch.get(patch)).into_iter().flatten() {
            hit(at, By::Patch);
        }
        for (commit, by) in hits {
            let tree: Oid = self.commits[commit].tree;
            let exact = row.source_tree.as_deref() == Some(tree.to_string().as_str());
            found.push(Judged { commit, row: row.clone(), by, exact });
        }
    }
}
