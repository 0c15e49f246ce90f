//! Which code a run evaluated, and how we know.

use jiff::Timestamp;

use crate::git::{self, Oid, Repo};
use crate::run::{How, Source};

use super::message::is_of_runs;
use super::{Result, Store};

/// Where to take the source of a run from.
#[derive(Debug, Clone)]
pub enum Provenance {
    /// It was looked at before the eval began.
    Observed(Source),
    /// HEAD's reflog at the time when the eval began.
    Reflog,
    /// The user says which commit it was.
    Given(Oid),
    /// There is no way to know.
    Unknown,
}

/// Looks at HEAD and the working tree now, before an eval begins.
pub fn observe(repo: &Repo) -> Result<Source> {
    let state = repo.worktree_state()?;
    let Some(commit) = state.head.commit else {
        // Nothing to point at on an unborn branch: unknown, never guessed.
        return Ok(Source { branch: state.head.branch, ..Source::default() });
    };
    if is_history(repo, &commit) {
        return Ok(Source::default());
    }
    Ok(Source {
        tree: state.tree.map(|id| id.to_string()),
        branch: state.head.branch,
        dirty: state.dirty,
        how: How::Observed,
        ..of_commit(repo, &commit)
    })
}

/// The source of a run that began at `started`.
pub(super) fn source(store: &Store<'_>, provenance: &Provenance, started: Option<Timestamp>) -> Result<Source> {
    let source = in_repo(store.source(), provenance, started)?;
    Ok(Source { repo: store.source.map(|(_, called)| called.to_owned()), ..source })
}

fn in_repo(repo: &Repo, provenance: &Provenance, started: Option<Timestamp>) -> Result<Source> {
    match provenance {
        Provenance::Observed(source) => Ok(source.clone()),
        Provenance::Given(commit) => Ok(Source { how: How::Given, ..of_commit(repo, commit) }),
        Provenance::Unknown => Ok(Source::default()),
        Provenance::Reflog => {
            let Some(started) = started else { return Ok(Source::default()) };
            match git::head_at(repo, started.as_second())? {
                Some(commit) if repo.has(&commit) && !is_history(repo, &commit) => {
                    Ok(Source { how: How::Reflog, ..of_commit(repo, &commit) })
                }
                _ => Ok(Source::default()),
            }
        }
    }
}

/// Whether a commit is one of a run history: where that is checked out, HEAD names no code.
fn is_history(repo: &Repo, commit: &Oid) -> bool {
    repo.commit(commit).is_ok_and(|commit| is_of_runs(&commit.message))
}

fn of_commit(repo: &Repo, commit: &Oid) -> Source {
    // A patch id helps to find the commit again after a rebase. Not having one is no reason to fail.
    let patch_id = repo.patch_id(commit).unwrap_or_default();
    Source { commit: Some(commit.to_string()), patch_id, ..Source::default() }
}
