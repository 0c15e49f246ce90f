//! How the own runs and those of the remote stand to each other, as far as this clone knows. Nobody is asked.

use crate::git::{Remote, Repo};
use crate::store::{RUNS_REF, Store, Traffic};

use super::{Result, tracking_ref};

/// How the two sides stand to each other.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The remote that runs are shared with.
    pub remote: Remote,
    /// Whether anything is known of what it has.
    pub seen: bool,
    /// What it lacks.
    pub ahead: Traffic,
    /// What it has and is not merged here.
    pub behind: Traffic,
}

/// How the runs of `repo` stand to those of the remote that they are shared with; none if there is no remote.
pub fn standing(repo: &Repo) -> Result<Option<Standing>> {
    let Some(remote) = repo.elected_remote()? else { return Ok(None) };
    let own = Store::new(repo, RUNS_REF);
    let tracking = tracking_ref(&remote.name);
    let (ours, theirs) = (own.tip_id()?, Store::new(repo, &tracking).tip_id()?);
    let only = |tip, other: Option<_>| match tip {
        Some(tip) if Some(tip) != other => own.traffic(&tip, &other.into_iter().collect::<Vec<_>>()),
        _ => Ok(Traffic::default()),
    };
    let (ahead, behind) = (only(ours, theirs)?, only(theirs, ours)?);
    Ok(Some(Standing { remote, seen: theirs.is_some(), ahead, behind }))
}
