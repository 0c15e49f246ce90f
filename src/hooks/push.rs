//! What `pre-push` decides: whether runs are to follow the commits that are being pushed, and what shows that these arrived.
//!
//! A `pre-push` hook runs before git sends anything, also for a push that is only tried (`--dry-run`) or will be refused. So
//! runs follow when the ref that tracks the remote's branch has the commit that was pushed.

use crate::git::{Oid, Repo};
use crate::store::Store;
use crate::sync;

use super::Result;

/// A ref that is being pushed, as git tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The ref on the remote.
    pub to: String,
    /// What it is going to name; none if it is deleted.
    pub new: Option<Oid>,
}

/// A ref of this clone that will name a commit once the remote has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// The ref's full name.
    pub name: String,
    /// The commit.
    pub commit: Oid,
}

/// Why runs do not follow a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// `agentv.autoPush` is not set.
    Off,
    /// It goes to an address that has no name.
    NoRemote,
    /// git itself sends our refs, as with `--mirror`.
    ByGit,
    /// No commit is pushed of which can be seen that it arrived: refs are deleted, or only tags go.
    NoCommits,
    /// The remote has all runs, as far as is known.
    NothingNew,
    /// Runs were never pushed there, and the first time wants somebody's consent.
    NeverPushed,
}

/// Reads the lines that git gives the hook: `<local ref> <local object> <remote ref> <remote object>`.
#[must_use]
pub fn parse(repo: &Repo, lines: &str) -> Vec<Pushed> {
    let line = |line: &str| {
        let mut words = line.split(' ');
        let (_, new, to) = (words.next()?, words.next()?, words.next()?);
        let new = repo.parse_oid(new).filter(|id| *id != repo.null_id());
        Some(Pushed { to: to.to_owned(), new })
    };
    lines.lines().filter_map(line).collect()
}

/// Whether the runs of `store` are to follow a push to the remote called `remote`: the signs of which one must be seen.
pub fn decide(store: &Store<'_>, remote: &str, pushed: &[Pushed]) -> Result<Result<Vec<Sign>, No>> {
    let repo = store.repo();
    if repo.setting_bool("agentv.autoPush")? != Some(true) {
        return Ok(Err(No::Off));
    }
    let Ok(remote) = sync::elect(repo, Some(remote)) else { return Ok(Err(No::NoRemote)) };
    if pushed.iter().any(|pushed| pushed.to.starts_with("refs/agentv/")) {
        return Ok(Err(No::ByGit));
    }
    let sign = |pushed: &Pushed| {
        let (name, commit) = (repo.follower_of(&remote.name, &pushed.to)?, pushed.new?);
        Some(Sign { name, commit })
    };
    let signs: Vec<Sign> = pushed.iter().filter_map(sign).collect();
    if signs.is_empty() {
        return Ok(Err(No::NoCommits));
    }
    let there = repo.read_ref(&sync::tracking_ref(&remote.name))?;
    if store.tip_id()?.is_none_or(|tip| there == Some(tip)) {
        return Ok(Err(No::NothingNew));
    }
    Ok(if sync::was_pushed_to(repo, &remote)? { Ok(signs) } else { Err(No::NeverPushed) })
}

/// Whether one of the signs is there.
pub fn is_seen(repo: &Repo, signs: &[Sign]) -> Result<bool> {
    for sign in signs {
        if repo.read_ref(&sign.name)? == Some(sign.commit) {
            return Ok(true);
        }
    }
    Ok(false)
}
