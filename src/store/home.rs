//! Where a repository with runs is, for those who open it many times and in several threads.

use std::path::{Path, PathBuf};

use crate::git::{ConfigScope, Repo, SettingsState};

use super::{RUNS_REF, Result, Store};

/// A place where a repository was found. It can be opened again from any thread; what was opened stays in its thread.
#[derive(Debug, Clone)]
pub struct Home {
    dir: PathBuf,
    parameters: Option<String>,
    by_environment: bool,
}

/// An open repository with runs.
#[derive(Debug)]
pub struct OpenHome {
    repo: Repo,
    settings: SettingsState,
}

impl Home {
    /// The repository that git would use in `dir`; `parameters` as for [`Repo::discover`].
    #[must_use]
    pub fn here(dir: &Path, parameters: Option<&str>) -> Self {
        Self { dir: dir.to_owned(), parameters: parameters.map(str::to_owned), by_environment: true }
    }

    /// The repository at or above `dir`, whichever the environment names.
    #[must_use]
    pub fn at(dir: &Path, parameters: Option<&str>) -> Self {
        Self { by_environment: false, ..Self::here(dir, parameters) }
    }

    /// Opens it, with all of git's configuration.
    pub fn open(&self) -> Result<OpenHome> {
        let discover = if self.by_environment { Repo::discover } else { Repo::discover_at };
        let repo = discover(&self.dir, ConfigScope::Full, self.parameters.as_deref())?;
        let settings = repo.settings_state();
        Ok(OpenHome { repo, settings })
    }
}

impl OpenHome {
    /// Whether git's configuration is what it was. A file of it that has come since is not seen.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.settings.is_current()
    }

    /// The runs of the repository.
    #[must_use]
    pub fn store(&self) -> Store<'_> {
        Store::new(&self.repo, RUNS_REF)
    }

    /// The name that people know it by: of its top directory, without `.git`.
    #[must_use]
    pub fn title(&self) -> String {
        let dir = self.repo.work_dir().map_or_else(|| self.repo.common_dir().to_owned(), Path::to_owned);
        let dir = dir.canonicalize().unwrap_or(dir);
        let is_dot_git = dir.file_name().is_some_and(|name| name == ".git");
        let dir = if is_dot_git { dir.parent().map(Path::to_owned).unwrap_or(dir) } else { dir };
        let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.strip_suffix(".git").filter(|name| !name.is_empty()).unwrap_or(&name).to_owned()
    }
}
