//! A bundle as its readers see it: some files.

/// The files of a bundle, wherever they are: in a directory, or in a git tree.
/// Files whose path is not UTF-8 are stored but not shown here.
pub trait Files {
    /// The paths of all files inside the bundle, with `/`, sorted.
    fn paths(&self) -> &[String];

    /// The content of a file; none if there is no such file.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, BundleError>;

    /// Whether there is a file at `path`.
    fn has(&self, path: &str) -> bool {
        self.paths().binary_search_by(|known| known.as_str().cmp(path)).is_ok()
    }
}

/// A bundle that can't be recorded as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Nothing there that any reader knows.
    #[error("'{path}' is not a run bundle: {reason}")]
    NotABundle {
        /// What was named.
        path: String,
        /// What is missing.
        reason: String,
    },
    /// The eval that writes it has not finished, or was interrupted.
    #[error("'{path}' is incomplete: {reason}")]
    Incomplete {
        /// The bundle.
        path: String,
        /// What is missing.
        reason: String,
    },
    /// A file that a reader needs is broken.
    #[error("{path}:{line}:{column}: {reason}")]
    Malformed {
        /// Path inside the bundle.
        path: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A file changed or vanished while it was read.
    #[error("'{path}' {what} while it was being read")]
    Changed {
        /// The file.
        path: String,
        /// `changed`, `vanished`.
        what: &'static str,
    },
    /// A file could not be read.
    #[error("cannot read '{path}': {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
}

impl BundleError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotABundle { .. } => {
                "name a directory that an eval tool wrote, or give '--name NAME' to record any directory as a run"
            }
            Self::Incomplete { .. } => "wait until the eval has finished, or record what is there with '--partial'",
            Self::Malformed { .. } => "nothing was recorded; '--partial' records the bundle without the broken entries",
            Self::Changed { .. } => "nothing was recorded; record it again when nothing writes to it",
            Self::Unreadable { .. } => "nothing was recorded; check the permissions of the file",
        })
    }
}
