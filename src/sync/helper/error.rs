//! Why a helper gives up.

use crate::{git, store, sync};

/// The result of something that a helper does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The helper can't go on. git above it ends with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It was started by hand, or by something that is not git.
    #[error("git-remote-agentv is started by git, for addresses that begin with agentv::")]
    Usage,
    /// The address can't be used.
    #[error("cannot use the address 'agentv::{address}': {reason}")]
    Address {
        /// What stands behind `agentv::`.
        address: String,
        /// What is wrong with it.
        reason: String,
        /// Another one.
        hint: String,
    },
    /// The git that we started came back to us.
    #[error("the address '{0}' leads back to agentv:: itself")]
    Circle(String),
    /// git said something that we don't understand.
    #[error("git said '{line}' to its helper: {reason}")]
    Protocol {
        /// The line.
        line: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing at the address but the repository that asks.
    #[error("'{0}' is this repository itself, and it has no runs")]
    Itself(String),
    /// What was listed is not there any more.
    #[error("the run history of '{0}' was rewritten while it was being fetched")]
    Rewritten(String),
    /// git is gone, or stopped in the middle.
    #[error("git went away: {0}")]
    Gone(std::io::Error),
    /// Sharing runs failed.
    #[error(transparent)]
    Sync(#[from] sync::Error),
}

impl From<git::Error> for Error {
    fn from(err: git::Error) -> Self {
        Self::Sync(err.into())
    }
}

impl From<store::Error> for Error {
    fn from(err: store::Error) -> Self {
        Self::Sync(err.into())
    }
}

impl Error {
    /// What the user can do about it, where we know.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Usage => "git clone agentv::https://host/owner/repo runs".into(),
            Self::Address { hint, .. } => hint.clone(),
            Self::Circle(_) => {
                "'git config --get-regexp \"url.*insteadof\"' shows which setting rewrites it; it must not lead to agentv::".into()
            }
            Self::Protocol { .. } => "this git may be newer than git agentv; please report it".into(),
            Self::Itself(_) => "there is no repository of that name, or 'git agentv record' comes first".into(),
            Self::Rewritten(_) => "try again".into(),
            Self::Gone(_) => return None,
            Self::Sync(err) => return err.hint(),
        })
    }
}
