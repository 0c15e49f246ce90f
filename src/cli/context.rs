//! What every command starts from: the repository and how to print.

use std::path::{Path, PathBuf};

use crate::git::{ConfigScope, Repo};
use crate::store::Store;

use super::failure::Failure;
use super::output::Ui;

/// Where and how a command runs.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) ui: Ui,
    /// The directory that the command was started in, or told by `-C`.
    pub(crate) dir: PathBuf,
}

impl Context {
    /// Opens the repository, with all of git's configuration.
    pub(crate) fn repo(&mut self) -> Result<Repo, Failure> {
        let repo = self.open(ConfigScope::Full)?;
        self.ui.adopt(&repo);
        Ok(repo)
    }

    /// Opens the repository to read from it. On a terminal the user's settings
    /// are needed, to know the pager; a program waits half a millisecond less without.
    pub(crate) fn repo_to_read(&mut self) -> Result<Repo, Failure> {
        if self.ui.is_terminal() {
            return self.repo();
        }
        self.open(ConfigScope::Repository)
    }

    fn open(&self, scope: ConfigScope) -> Result<Repo, Failure> {
        Ok(Repo::discover(&self.dir, scope, self.ui.env.git_config_parameters.as_deref())?)
    }

    /// A path of the command line, from where the command was started.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.dir.join(path)
    }
}

/// The runs of a repository.
pub(crate) fn store(repo: &Repo) -> Store<'_> {
    Store::of(repo)
}
