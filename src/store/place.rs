//! Where the runs of a repository are.

use crate::git::Repo;

use super::message::is_of_runs;
use super::{RUNS_REF, Store};

/// The branch of a clone that was made by way of `git-remote-agentv`.
const CLONED: &str = "refs/heads/runs";

impl<'r> Store<'r> {
    /// The runs of `repo`: at the ref that is meant for them, if it exists. Else on the branch that is checked out, if that is a history
    /// of runs, as in a clone of a results repository or of `agentv::URL`. In a clone of the latter kind that has
    /// no runs yet they will be on the branch `runs`.
    #[must_use]
    pub fn of(repo: &'r Repo) -> Self {
        if matches!(repo.read_ref(RUNS_REF), Ok(None)) {
            if let Some(branch) = repo.branch().filter(|branch| holds_runs(repo, branch).unwrap_or(false)) {
                return Self::new(repo, branch);
            }
            if repo.is_through_helper("origin") {
                return Self::new(repo, CLONED);
            }
        }
        Self::new(repo, RUNS_REF)
    }
}

/// Whether a branch is a history of runs, or what git made of two of them: nothing can be recorded on that, and
/// whoever tries is told so.
fn holds_runs(repo: &Repo, branch: &str) -> super::Result<bool> {
    let Some(tip) = repo.read_ref(branch)? else { return Ok(false) };
    let commit = repo.commit(&tip)?;
    if is_of_runs(&commit.message) {
        return Ok(true);
    }
    let mut parents = commit.parents.iter().filter(|_| commit.parents.len() > 1);
    Ok(parents.any(|parent| repo.commit(parent).is_ok_and(|parent| is_of_runs(&parent.message))))
}
