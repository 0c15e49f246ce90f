//! `post-rewrite`: keeps what is known of commits that an amend or a rebase replaced.
//!
//! Trailers travel with messages, but a squash keeps only the last block of them and a fixup
//! none, and a run that no commit names yet only knows a commit that is gone now. For these
//! the new commit is noted in the run's overlay, which others see, too.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use crate::git::{CommitInfo, Oid, cited};
use crate::run::RunId;
use crate::store::{Edit, Result, Store};

use super::{TRAILER, pending};

/// Clocks differ between machines: how much older than the commit that it judged a run may seem.
const SKEW: i64 = 24 * 3600;

/// Reads what git writes to the hook: `<old> <new>` and perhaps more on each line.
#[must_use]
pub fn parse(repo: &crate::git::Repo, input: &str) -> Vec<(Oid, Oid)> {
    let pair = |line: &str| {
        let mut words = line.split(' ');
        Some((repo.parse_oid(words.next()?)?, repo.parse_oid(words.next()?)?))
    };
    input.lines().filter_map(pair).filter(|(old, new)| old != new).collect()
}

/// Carries the links of the old commits over to the new ones. Looking for runs ends at `deadline`.
pub fn run(store: &Store<'_>, pairs: &[(Oid, Oid)], deadline: Instant) -> Result<()> {
    let repo = store.source();
    let read = |id: &Oid| repo.commit(id).ok();
    let ids = |commit: &CommitInfo| -> Vec<RunId> {
        cited(&commit.message, TRAILER).filter_map(|id| id.parse().ok()).collect()
    };
    let named: HashSet<RunId> = pairs.iter().filter_map(|(_, new)| read(new)).flat_map(|new| ids(&new)).collect();
    let rewritten: HashMap<Oid, Oid> = pairs.iter().copied().collect();
    let mut wanted: BTreeMap<RunId, Vec<(Oid, Oid)>> = BTreeMap::new();
    let mut want = |id: RunId, old: Oid, new: Oid| {
        let links = wanted.entry(id).or_default();
        if !links.contains(&(old, new)) {
            links.push((old, new));
        }
    };
    let mut oldest = i64::MAX;
    for (old, new) in pairs {
        let Some(commit) = read(old) else { continue };
        oldest = oldest.min(commit.committed);
        for id in ids(&commit).into_iter().filter(|id| !named.contains(id)) {
            want(id, *old, *new);
        }
    }
    // A run that judged one of these commits was recorded, or linked to it, after the commit was made.
    for row in store.rows_since(oldest.saturating_sub(SKEW), deadline)? {
        let source = row.sha.iter().filter(|_| !named.contains(&row.id));
        for hex in source.chain(&row.links) {
            if let Some((old, new)) = repo.parse_oid(hex).and_then(|old| Some((old, *rewritten.get(&old)?))) {
                want(row.id.clone(), old, new);
            }
        }
    }
    let ids: Vec<RunId> = wanted.keys().cloned().collect();
    let there = store.present(&ids)?;
    let there = ids.into_iter().zip(there).filter(|(_, run)| run.as_ref().is_some_and(|run| !run.is_deleted()));
    let mut edits = Vec::new();
    for id in there.map(|(id, _)| id) {
        let links = wanted.remove(&id).unwrap_or_default();
        let links = links.into_iter().map(|(old, new)| Edit::Link { commit: new, from: Some(old) });
        edits.push((id, links.collect()));
    }
    if edits.is_empty() {
        return Ok(());
    }
    store.edit_all(&edits)?;
    let linked: Vec<RunId> = edits.into_iter().map(|(id, _)| id).collect();
    pending::forget(store, &linked)
}
