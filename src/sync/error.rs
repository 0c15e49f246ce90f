//! What can go wrong between this clone and a remote.

use crate::{git, store};

/// The result of sharing runs.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Runs could not be shared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store, or git.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is no remote at all.
    #[error("there is no remote to share runs with")]
    NoRemote,
    /// A remote that was named does not exist.
    #[error("there is no remote '{0}'")]
    Unknown(String),
    /// A remote that only git can use, by way of our helper.
    #[error("the remote '{0}' has the setting vcs=agentv")]
    ThroughHelper(String),
    /// The runs are on a branch, which is git's to share.
    #[error("the runs are on the branch '{0}', which this does not share")]
    OnBranch(String),
    /// The host does not take it.
    #[error("'{remote}' refused the runs: {reason}")]
    Refused {
        /// The remote.
        remote: String,
        /// The ref that was pushed.
        name: String,
        /// What the host said.
        reason: String,
    },
    /// The host does not let a compacted history take the place of the old one.
    #[error("'{remote}' refused the compacted history: {reason}")]
    NotRewritten {
        /// The remote.
        remote: String,
        /// What the host said.
        reason: String,
    },
    /// The own runs were changed by something else than us, so that they lack what the remote has.
    #[error("the runs of this clone were set back while they were synced")]
    Moved,
    /// A results repository has something else where runs should be.
    #[error("'{place}' holds something else than runs: {reason}")]
    Unrelated {
        /// The repository.
        place: String,
        /// What it holds.
        reason: String,
    },
    /// There is nothing to take to a results repository.
    #[error("this repository has no runs of its own")]
    NothingToPromote,
    /// Objects of one can't be in the other.
    #[error("'{place}' is a repository of the format {theirs}, this one is {ours}")]
    OtherFormat {
        /// The repository.
        place: String,
        /// `sha1` or `sha256`.
        theirs: &'static str,
        /// The other one.
        ours: &'static str,
    },
    /// Nobody agreed to the first push.
    #[error("nothing was pushed")]
    NotAgreed,
    /// Something that names no repository.
    #[error("'{place}' names no repository: {reason}")]
    BadPlace {
        /// What was given.
        place: String,
        /// Why not.
        reason: &'static str,
    },
    /// Nobody says where data of programs is kept.
    #[error("there is no place for the clone of a results repository: neither XDG_DATA_HOME nor HOME is set")]
    NoDataDir,
    /// The clone of a results repository can't be made.
    #[error("cannot make the clone of a results repository in '{}': {source}", .path.display())]
    DataDir {
        /// The directory for it.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another sync of this clone goes on for too long.
    #[error("another sync of this clone is running")]
    Busy,
}

impl From<git::Error> for Error {
    fn from(err: git::Error) -> Self {
        Self::Store(err.into())
    }
}

impl Error {
    /// What the user can do about it, where we know.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Store(store::Error::NotRuns { name, .. }) if name.starts_with("refs/agentv/remotes/") => {
                "the remote's refs/agentv/runs/v1 is somebody else's; it was left as it is, and so were your runs".into()
            }
            Self::Store(store::Error::Git(git::Error::Remote { .. })) => {
                "nothing was lost; try again when it can be reached. 'git config agentv.timeout SECONDS' sets how long to wait".into()
            }
            Self::Store(err) => return err.hint(),
            Self::NoRemote => "git remote add origin URL, or name one: git agentv sync REMOTE".into(),
            Self::Unknown(_) => "'git remote' lists them; 'git remote add NAME URL' adds one".into(),
            Self::ThroughHelper(name) => {
                format!("'git pull' and 'git push' share its runs. With the address agentv::URL and without remote.{name}.vcs this works, too")
            }
            Self::OnBranch(_) => "'git pull' and 'git push' do; in a clone of agentv::URL they merge what others pushed".into(),
            Self::Refused { name, .. } => {
                let what = if name.starts_with("refs/heads/") { name.as_str() } else { "refs/agentv/*" };
                format!("nothing was lost: your runs are in this clone. Ask who runs the host to allow pushes to {what}")
            }
            Self::Unrelated { .. } => "nothing was sent, and nothing is changed there. Take an empty repository, or another branch (--branch)".into(),
            Self::NotRewritten { .. } => "nothing was lost, here or there; the remote keeps the deleted files until its host allows refs/agentv/runs/v1 to be rewritten (a protected ref, a hook)".into(),
            Self::Moved => "nothing was pushed; try again".into(),
            Self::NotAgreed => "your runs stay here. With --yes they are pushed without a question".into(),
            Self::BadPlace { .. } => "name it as acme/evals, by its address, or by a path".into(),
            Self::NoDataDir => "set XDG_DATA_HOME to a directory that is yours".into(),
            Self::DataDir { .. } => "XDG_DATA_HOME names another place for it".into(),
            Self::NothingToPromote => "'git agentv record' or 'git agentv run' make some; 'git agentv push' sends what was recorded for a results repository".into(),
            Self::OtherFormat { ours, .. } => format!("make one of the same format: git init --bare --object-format={ours} PATH"),
            Self::Busy => "wait for it to end".into(),
        })
    }
}
