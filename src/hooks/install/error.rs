//! Why hooks can't be put in place or taken away.

use std::path::PathBuf;

use crate::git;

/// The result of looking at or changing the hooks of a repository.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Hooks could not be looked at or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// git failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// What a check needs could not be recorded.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// `core.hooksPath` is set for more than this repository.
    #[error("core.hooksPath is '{value}' in the {scope} configuration: hooks there run in other repositories, too")]
    NotOurs {
        /// `global`, `system` or `command`.
        scope: String,
        /// Its value.
        value: String,
    },
    /// `core.hooksPath` switches hooks off.
    #[error("core.hooksPath is '{value}' ({scope} configuration): hooks are switched off")]
    SwitchedOff {
        /// Where it is set.
        scope: String,
        /// Its value.
        value: String,
    },
    /// The hooks directory is a link that leads out of the repository.
    #[error("'{}' leads to '{}', outside of this repository: hooks there may run in other repositories, too", .dir.display(), .target.display())]
    LinkedDir {
        /// The hooks directory.
        dir: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// There is something else where the hooks directory should be, or a hook.
    #[error("'{}' is not a {wanted}", .path.display())]
    NotA {
        /// What is in the way.
        path: PathBuf,
        /// `directory`, `file`.
        wanted: &'static str,
    },
    /// A hook was chained before, and now there is another one that is not ours.
    #[error("'{}' was replaced by another hook, and '{}' still holds the one before it", .path.display(), .chained.display())]
    SecondHook {
        /// The new one.
        path: PathBuf,
        /// The one that we put aside.
        chained: PathBuf,
    },
    /// Both a chained hook and lines of the user in the file of ours that goes on to it.
    #[error("'{}' has lines of its own now, and '{}' belongs in its place", .path.display(), .chained.display())]
    Edited {
        /// Our file.
        path: PathBuf,
        /// The one that we put aside.
        chained: PathBuf,
    },
    /// Our marks are not as we wrote them.
    #[error("'{}': the marks around the part of git agentv are damaged", .0.display())]
    Damaged(PathBuf),
    /// An editor opens, and no `commit-msg` of ours would look at the message afterwards.
    #[error("no runs were named: '{}' does not call git agentv, and leaving the editor without a word must make no commit", .0.display())]
    Unguarded(PathBuf),
    /// A file could not be read or written.
    #[error("cannot {action} '{}': {source}", .path.display())]
    Io {
        /// `read`, `write` …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Git(err) => return err.hint(),
            Self::Store(err) => return err.hint(),
            Self::NotOurs { scope, .. } if scope == "command" => {
                "it is set for this command only; leave it out, or set it with 'git config core.hooksPath'".into()
            }
            Self::NotOurs { .. } | Self::LinkedDir { .. } => {
                "nothing was changed; 'git config core.hooksPath \"$(git rev-parse --git-common-dir)/hooks\"' gives this \
                 repository hooks of its own, or 'git agentv hooks install --print' shows what to add by hand"
                    .into()
            }
            Self::SwitchedOff { .. } => {
                "nothing was changed; 'git config --show-origin core.hooksPath' tells where to switch them on".into()
            }
            Self::NotA { .. } => "nothing was changed; move it out of the way".into(),
            Self::SecondHook { path, chained } => format!(
                "nothing was changed; make one hook of the two, leave it in '{}' and remove '{}'",
                path.display(),
                chained.display()
            ),
            Self::Edited { .. } => "nothing was changed; move your lines to the hook that belongs there".into(),
            Self::Damaged(_) => {
                "nothing was changed; remove what is left between '# >>> git agentv >>>' and '# <<< git agentv <<<' by hand"
                    .into()
            }
            Self::Unguarded(_) => "'git agentv hooks status' tells what to do".into(),
            Self::Io { action: "write", .. } => "nothing was changed; check permissions and free space".into(),
            Self::Io { .. } => return None,
        })
    }
}
