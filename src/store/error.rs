//! What can go wrong in a store.

use crate::git::{self, Oid};
use crate::run::{BundleError, RunId};

/// The result of an operation on a store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An operation on a store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// git or an object failed us.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The bundle can't be recorded.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The ref is there but holds something else.
    #[error("{name} does not hold runs: {reason}")]
    NotRuns {
        /// The ref.
        name: String,
        /// What it holds.
        reason: String,
    },
    /// A commit or document of the store is broken.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// A commit, or a file of a run.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No run is called so.
    #[error("no run matches '{0}'")]
    NoRun(String),
    /// Several runs are called so.
    #[error("'{spec}' is ambiguous: it matches {}", .candidates.join(", "))]
    Ambiguous {
        /// What was asked for.
        spec: String,
        /// Some of the runs that match.
        candidates: Vec<String>,
    },
    /// Text that can't name a run.
    #[error("'{0}' cannot name a run")]
    BadSpec(String),
    /// The run was deleted, so its files are not there.
    #[error("run {0} was deleted")]
    Deleted(RunId),
    /// A deleted run's files are gone for good.
    #[error("the files of run {0} are no longer in this repository")]
    Gone(RunId),
    /// A deleted run's files were compacted away.
    #[error("run {0} can't be restored: its files were compacted away")]
    Compacted(RunId),
    /// History is cut off where it would have to be read.
    #[error("this clone is shallow: the history of its runs is cut off")]
    Shallow,
    /// A run has no such file.
    #[error("run {id} has no file '{path}'")]
    NoFile {
        /// The run.
        id: RunId,
        /// What was asked for.
        path: String,
    },
    /// Others kept moving the ref, or its lock stayed taken.
    #[error("could not move {name} after {attempts} attempts: {reason}")]
    Contended {
        /// The ref.
        name: String,
        /// How often we tried.
        attempts: u32,
        /// What git said last.
        reason: String,
    },
    /// What is to be imported has no bundles.
    #[error("there are no run bundles in '{0}'")]
    NothingToImport(String),
    /// What is to be indexed has no runs.
    #[error("there are no runs in '{0}'")]
    NothingToIndex(String),
    /// Something that is not ours is where the index has its place.
    #[error("'{path}' is not an index of runs: {reason}")]
    ForeignIndex {
        /// Its path in the tree.
        path: String,
        /// What it is.
        reason: String,
    },
    /// A value that was given by hand makes no sense.
    #[error("{0}")]
    BadValue(String),
}

impl Error {
    pub(super) fn damaged_commit(commit: &Oid, reason: impl Into<String>) -> Self {
        Self::Damaged { what: format!("commit {commit}"), reason: reason.into() }
    }

    /// Whether something that is stored is missing or broken.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        use git::Error as Git;
        matches!(
            self,
            Self::Damaged { .. }
                | Self::Bundle(_)
                | Self::NotRuns { .. }
                | Self::Git(Git::Missing(_) | Git::Invalid { .. } | Git::Odb { .. })
        )
    }

    /// Whether it was a remote that failed.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Git(git::Error::Remote { .. }))
    }

    /// What the user can do about it, where we know.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Git(err) => return err.hint(),
            Self::Bundle(err) => return err.hint().map(str::to_owned),
            Self::NotRuns { name, .. } if name.starts_with("refs/heads/") => format!(
                "'git log {name}' shows it. If 'git pull' made it, 'git push' joins it to the runs and the next 'git pull' brings that here; else 'git reset' goes back to a commit of git agentv"
            ),
            Self::NotRuns { name, .. } => format!(
                "somebody pointed it elsewhere; 'git log {name}' shows where. If nothing else needs it: git update-ref --no-deref -d {name}"
            ),
            Self::Damaged { .. } => "'git agentv fsck' tells more; another clone may have it whole, and the ref's older commits are as they were (git log refs/agentv/runs/v1)".into(),
            Self::NoRun(_) => "'git agentv list' shows the runs; a prefix of an id takes 4 digits or more".into(),
            Self::Ambiguous { .. } => "give more digits of the id".into(),
            Self::BadSpec(_) => {
                "use 4 or more digits of its id, the bundle's own id, or @{0}, @{1} … for the newest".into()
            }
            Self::Deleted(id) => format!("'git agentv restore {id}' brings it back"),
            Self::Gone(_) => "a clone that was made before may still have them".into(),
            Self::Compacted(_) => "its numbers stay. A backup, or a clone that was not synced since, may still have the files".into(),
            Self::Shallow => "git fetch --unshallow, with the remote that the runs came from".into(),
            Self::NoFile { id, .. } => format!("'git agentv files {id}' lists them"),
            Self::Contended { .. } => "nothing was lost; try again. If it stays so, a killed git may have left a lock file in the git directory".into(),
            Self::NothingToImport(_) => "name the ref of a results branch, as refs/heads/agentv/results/v1".into(),
            Self::NothingToIndex(_) => {
                "name the branch of the results with --branch; there is nothing to index before the first run".into()
            }
            Self::ForeignIndex { .. } => {
                "nothing was changed; the index needs this place: move or remove what is there, and commit that".into()
            }
            Self::BadValue(_) => return None,
        })
    }
}
