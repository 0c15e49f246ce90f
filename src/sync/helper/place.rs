//! Where a remote has its run history.

use crate::git::{Heard, Oid, Peer, Repo};
use crate::store::{RUNS_REF, is_of_runs};
use crate::sync::Result;

/// Where the run history is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sync) struct Place {
    /// Full name of the ref.
    pub(in crate::sync) name: String,
    /// Its tip; none if there are no runs yet.
    pub(in crate::sync) tip: Option<Oid>,
}

/// Looks where the runs are: at the ref that is meant for them, else on the branch that a clone would check out, if
/// that is a history of runs. It is, in a results repository. The branch `known` is taken to be one.
pub(in crate::sync) fn find(
    peer: &Peer,
    repo: Option<&Repo>,
    known: Option<&str>,
    heard: &mut Heard<'_>,
) -> Result<Place> {
    let seen = peer.look(RUNS_REF, heard)?;
    let tip = seen.get(RUNS_REF);
    if let (None, Some(branch), Some(head)) = (tip, seen.head.as_deref(), seen.get("HEAD"))
        && (known == Some(branch) || is_history(peer, repo, (branch, &head), heard)?)
    {
        return Ok(Place { name: branch.to_owned(), tip: Some(head) });
    }
    Ok(Place { name: RUNS_REF.to_owned(), tip })
}

fn is_history(peer: &Peer, repo: Option<&Repo>, (branch, tip): (&str, &Oid), heard: &mut Heard<'_>) -> Result<bool> {
    // During a clone the repository may still have ids of the other kind.
    if let Some(repo) = repo.filter(|repo| repo.parse_oid(&tip.to_string()).is_some() && repo.has(tip)) {
        return Ok(is_of_runs(&repo.commit(tip)?.message));
    }
    let commit = peer.raw_commit(branch, tip, heard)?;
    Ok(commit.split_once("\n\n").is_some_and(|(_, message)| is_of_runs(message)))
}
