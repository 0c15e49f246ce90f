//! Results repositories: a branch of a separate repository that holds the runs of one or many source repositories.
//!
//! Runs are written to a *managed clone* of it: a bare repository below the user's data directory, one for each address, however many
//! source repositories on this machine use it. From there they are synced like those of any clone, with another pair of refs.

mod clone;
mod config;

use std::path::PathBuf;

pub use clone::Managed;
pub use config::{Configured, ResultsRepo, configured, locate};

/// Directories of the user, from the environment.
#[derive(Debug, Clone, Default)]
pub struct Dirs {
    /// Where data of programs is kept: `$XDG_DATA_HOME`, or `~/.local/share`. None if nobody says.
    pub data: Option<PathBuf>,
    /// The home directory.
    pub home: Option<PathBuf>,
}

/// The branch that is used where nobody names one.
pub const DEFAULT_BRANCH: &str = "main";
/// And if the repository has no such branch but this one: where upstream's tools publish.
pub const UPSTREAM_BRANCH: &str = "agentv/results/v1";
