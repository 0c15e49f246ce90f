//! Linking a run and a commit afterwards, and taking the link away.

use std::fmt;
use std::time::{Duration, Instant};

use crate::git::{self, Oid, RawCommit, Repo, has_trailer, without_trailer};
use crate::run::RunId;
use crate::store::{Edit, Error, Result, Store, StoredRun};

use super::{TRAILER, pending, rewrite};

/// How long to look for other runs of a commit that is amended.
const CARRY: Duration = Duration::from_secs(2);

/// Why the message of a commit was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Only the commit that HEAD names can be amended.
    NotHead,
    /// It can also be reached by something else, which would keep the old one.
    Published(String),
    /// git is in the middle of something.
    Operation(&'static str),
    /// There is no working tree to amend in.
    Bare,
    /// What stands before it is not in this clone, and would be lost.
    Shallow,
    /// It has no message.
    NoMessage,
    /// Its message is not in the encoding that it says.
    NotText,
    /// It is signed, and `commit.gpgSign` is not set: it would lose its signature.
    Signed,
    /// git refused; these are its words.
    Refused(String),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHead => f.write_str("the commit is not HEAD"),
            Self::Published(holder) => write!(f, "the commit is published or shared: {holder} has it, too"),
            Self::Operation(what) => write!(f, "{what} is in progress"),
            Self::Bare => f.write_str("the repository has no working tree"),
            Self::Shallow => f.write_str("the history of this shallow clone ends there"),
            Self::NoMessage => f.write_str("the commit has no message"),
            Self::NotText => f.write_str("its message is not in the encoding that it says"),
            Self::Signed => f.write_str("the commit is signed, and commit.gpgSign is not set"),
            Self::Refused(words) if words.is_empty() => f.write_str("git would not amend it"),
            Self::Refused(words) => write!(f, "git would not amend it: {words}"),
        }
    }
}

/// How a run and a commit were linked when somebody asked to change that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkState {
    /// The commit's message cites the run.
    pub cited: bool,
    /// The run keeps a link to the commit.
    pub kept: bool,
}

/// What became of a wish to link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linked {
    /// They were linked before; nothing was changed.
    Already(LinkState),
    /// The commit cites the run now, which made it another commit. The run keeps the link, too.
    Amended(Oid),
    /// Only the run keeps the link.
    Kept(Kept),
}

/// What became of a wish to take a link away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlinked {
    /// They were not linked; nothing was changed.
    Never,
    /// Nothing links them now. The commit was amended into this one if its message cited the run.
    Done(Option<Oid>),
    /// The run keeps no link, but the commit's message still cites it.
    StillCited(Kept),
}

fn state(run: &StoredRun<'_>, commit: &RawCommit) -> LinkState {
    LinkState {
        cited: has_trailer(&commit.message, TRAILER, run.id().as_str()),
        kept: run.overlay.is_linked(&commit.id.to_string()),
    }
}

/// Links a run and a commit: by a trailer if the commit is HEAD and nobody else has it, otherwise in the run alone.
pub fn link(store: &Store<'_>, run: &StoredRun<'_>, commit: &RawCommit) -> Result<Linked> {
    if run.is_deleted() {
        return Err(Error::Deleted(run.id().clone()));
    }
    let state = state(run, commit);
    if state.cited || state.kept {
        return Ok(Linked::Already(state));
    }
    let repo = store.source();
    let amended = match obstacle(repo, commit)? {
        Some(kept) => Err(kept),
        None => amend(store, commit, &repo.with_trailer(&commit.message, TRAILER, run.id().as_str())?)?,
    };
    let (commit, from, linked) = match amended {
        // Its source commit went with the amend, so the new one stands in for it.
        Ok(new) => {
            let was_source = run.manifest.source.commit.as_deref() == Some(&*commit.id.to_string());
            (new, was_source.then_some(commit.id), Linked::Amended(new))
        }
        Err(kept) => (commit.id, None, Linked::Kept(kept)),
    };
    store.edit(run.id(), &Edit::Link { commit, from })?;
    if matches!(linked, Linked::Amended(_)) {
        // It waited for a commit that names it, and there is one.
        pending::forget(store, std::slice::from_ref(run.id()))?;
    }
    Ok(linked)
}

/// Takes the link between a run and a commit away.
pub fn unlink(store: &Store<'_>, run: &StoredRun<'_>, commit: &RawCommit) -> Result<Unlinked> {
    let state = state(run, commit);
    let id = run.id().as_str();
    let shorter = without_trailer(&commit.message, TRAILER, id);
    let amended = match shorter {
        None if !state.kept => return Ok(Unlinked::Never),
        None => Ok(None),
        Some(message) => match obstacle(store.source(), commit)? {
            Some(kept) => Err(kept),
            None => amend(store, commit, &message)?.map(Some),
        },
    };
    // Last, because a hook that carries links over an amend may just have made one.
    forget(store, run.id(), commit.id)?;
    match amended {
        Err(kept) => Ok(Unlinked::StillCited(kept)),
        Ok(new) => {
            new.map(|new| forget(store, run.id(), new)).transpose()?;
            Ok(Unlinked::Done(new))
        }
    }
}

fn forget(store: &Store<'_>, run: &RunId, commit: Oid) -> Result<()> {
    store.edit(run, &Edit::Unlink { commit }).map(drop)
}

/// Why the message of a commit can't be changed; none if it can.
fn obstacle(repo: &Repo, commit: &RawCommit) -> Result<Option<Kept>> {
    let head = repo.head()?;
    if head.commit != Some(commit.id) {
        return Ok(Some(Kept::NotHead));
    }
    if repo.work_dir().is_none() {
        return Ok(Some(Kept::Bare));
    }
    if let Some(what) = repo.operation()? {
        return Ok(Some(Kept::Operation(what)));
    }
    if repo.is_shallow_boundary(&commit.id) {
        return Ok(Some(Kept::Shallow));
    }
    if commit.message.trim_ascii().is_empty() {
        return Ok(Some(Kept::NoMessage));
    }
    if !commit.is_text() {
        return Ok(Some(Kept::NotText));
    }
    if commit.signed && repo.setting_bool("commit.gpgSign")? != Some(true) {
        return Ok(Some(Kept::Signed));
    }
    Ok(repo.other_holder(&commit.id, head.branch.as_deref())?.map(Kept::Published))
}

/// Amends HEAD. That git refuses is no failure: the link is kept elsewhere.
fn amend(store: &Store<'_>, commit: &RawCommit, message: &[u8]) -> Result<Result<Oid, Kept>> {
    let repo = store.source();
    match repo.amend_message(commit, message) {
        Ok(new) => {
            // Other runs of the old commit must find the new one, also where our hooks are not installed.
            rewrite::run(store, &[(commit.id, new)], Instant::now() + CARRY)?;
            Ok(Ok(new))
        }
        Err(git::Error::Command { stderr, .. }) => Ok(Err(Kept::Refused(stderr))),
        Err(err) => Err(err.into()),
    }
}
