//! What can go wrong between us and git.

use std::path::PathBuf;

use super::{Oid, Version};

/// The result of an operation on a git repository.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An operation on a git repository failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no repository at or above a directory.
    #[error("not a git repository (or any of the parent directories): {}", .0.display())]
    NotARepository(PathBuf),
    /// The repository belongs to somebody else, and git's `safe.directory` does not allow it.
    #[error("the repository at '{}' is owned by someone else", .0.display())]
    Untrusted(PathBuf),
    /// The repository could not be opened.
    #[error("cannot open the git repository: {0}")]
    Open(String),
    /// No `git` on `PATH`.
    #[error("git is not installed, or not on PATH")]
    GitMissing,
    /// The `git` on `PATH` is older than [`super::MINIMUM`].
    #[error("git {found} is too old: git agentv needs git {} or newer", super::MINIMUM)]
    GitTooOld {
        /// The version that was found.
        found: Version,
    },
    /// A git command ended with an error.
    #[error("'git {command}' failed{}", detail(.stderr))]
    Command {
        /// The command, without the flags that are always given.
        command: String,
        /// What it said.
        stderr: String,
    },
    /// An object is not in the repository.
    #[error("object {0} is missing from the repository")]
    Missing(Oid),
    /// An object is there but isn't what was expected.
    #[error("object {id} is not a valid {expected}{}", detail(.reason))]
    Invalid {
        /// The object.
        id: Oid,
        /// What it should have been.
        expected: &'static str,
        /// Why it is not, or empty.
        reason: String,
    },
    /// An object is so large that it is not read into memory.
    #[error("object {id} has {size} bytes, which is more than is read into memory")]
    TooLarge {
        /// The object.
        id: Oid,
        /// Its size in bytes.
        size: u64,
    },
    /// An object could not be read or written.
    #[error("cannot {action} an object in '{}': {reason}", .dir.display())]
    Odb {
        /// `read` or `write`.
        action: &'static str,
        /// The object directory.
        dir: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A ref could not be read or moved.
    #[error("cannot {action} ref '{name}': {reason}")]
    Ref {
        /// `read` or `update`.
        action: &'static str,
        /// Full ref name.
        name: String,
        /// What git said.
        reason: String,
    },
    /// A commit could not be signed.
    #[error("cannot sign the commit with '{program}': {reason}")]
    Sign {
        /// The program that was to sign it.
        program: String,
        /// What it said.
        reason: String,
    },
    /// Nobody told git who the user is.
    #[error("git does not know who you are{}", detail(.0))]
    NoIdentity(String),
    /// A setting has a value that makes no sense.
    #[error("bad value '{value}' for setting '{key}': {reason}")]
    Config {
        /// The setting.
        key: String,
        /// Its value.
        value: String,
        /// Why it is bad.
        reason: String,
    },
    /// HEAD was moved by somebody else in the middle of an amend.
    #[error("HEAD is {new} and not what {old} was to become: something else moved it, or a hook changed the commit")]
    HeadMoved {
        /// What was amended.
        old: Oid,
        /// What HEAD is now.
        new: Oid,
    },
    /// A setting names a remote that does not exist.
    #[error("{key} names '{name}', but there is no such remote")]
    NoRemote {
        /// The setting.
        key: String,
        /// What it says.
        name: String,
    },
    /// A repository has no such branch.
    #[error("{}", no_branch(.name, .place))]
    NoBranch {
        /// Its name; empty if there is no branch that could be meant.
        name: String,
        /// The repository.
        place: String,
    },
    /// Something in a working tree would be overwritten.
    #[error("changes in '{}' are in the way: {reason}", .dir.display())]
    InTheWay {
        /// The working tree.
        dir: PathBuf,
        /// What git said.
        reason: String,
    },
    /// Another repository can't be read or written.
    #[error("'{url}': {reason}")]
    Remote {
        /// Its address, without credentials.
        url: String,
        /// What git said.
        reason: String,
    },
    /// A revision that the user named does not exist.
    #[error("'{0}' is not a commit in this repository")]
    NoSuchCommit(String),
    /// A file could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

fn no_branch(name: &str, place: &str) -> String {
    if name.is_empty() { format!("'{place}' has no commits yet") } else { format!("'{place}' has no branch '{name}'") }
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// What the user can do about it, where we know.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotARepository(_) => {
                "run this inside the repository whose code was evaluated, or use 'git -C DIR agentv …'".into()
            }
            Self::Untrusted(dir) => {
                format!("if you trust it: git config --global --add safe.directory '{}'", dir.display())
            }
            Self::GitMissing => "install git, see https://git-scm.com/downloads".into(),
            Self::GitTooOld { .. } => "install a newer git, see https://git-scm.com/downloads".into(),
            Self::NoIdentity(_) => {
                "git config --global user.name 'Your Name' && git config --global user.email you@example.com".into()
            }
            Self::Missing(_) => {
                "'git fsck' tells more; in a partial clone, check that its remote can be reached".into()
            }
            Self::NoBranch { .. } => "name one with --branch; 'git branch' or 'git ls-remote' lists them".into(),
            Self::InTheWay { .. } => {
                "nothing was changed; commit, stash or move what is in the way, and try again".into()
            }
            Self::Remote { .. } => {
                "nothing was changed there; check the address, and whether you may write to it".into()
            }
            Self::HeadMoved { .. } => "'git reflog' shows both; nothing is lost".into(),
            Self::NoRemote { .. } => "'git remote' lists them; 'git config agentv.remote NAME' names one".into(),
            Self::Sign { .. } => {
                "nothing was written; see that 'git commit -S' works (gpg.format, user.signingKey), or do without: git config agentv.sign false".into()
            }
            Self::TooLarge { .. } => "git agentv does not write such objects: somebody else made it".into(),
            Self::Invalid { .. } => "'git fsck --full' tells more".into(),
            Self::Odb { action: "write", .. } => "nothing was recorded; check permissions and free space".into(),
            _ => return None,
        })
    }
}

/// `": text"` on one line, or nothing.
fn detail(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}
