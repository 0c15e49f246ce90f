//! Where git looks for the hooks of a repository, and whether we may write there.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::git::Repo;

use super::{Error, Result};

/// `core.hooksPath`, as it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HooksPath {
    /// `local`, `worktree`, `global`, `system` or `command`.
    pub scope: String,
    /// Its value.
    pub value: String,
}

/// Where the hooks of a repository are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The directory where git looks for hooks. It need not exist.
    pub dir: PathBuf,
    /// Where they would be without `core.hooksPath`.
    pub default_dir: PathBuf,
    /// `core.hooksPath`, if it is set.
    pub config: Option<HooksPath>,
    /// Whether the directory is part of the working tree: others may get its files.
    pub in_work_tree: bool,
}

impl Place {
    /// Where git looks for the hooks of `repo`.
    pub fn of(repo: &Repo) -> Result<Self> {
        let dir = repo.hooks_dir()?;
        let real = dir.canonicalize().unwrap_or_else(|_| dir.clone());
        let inside = |top: &Path| top.canonicalize().is_ok_and(|top| real.starts_with(top));
        let in_work_tree = repo.work_dir().is_some_and(inside) && !inside(repo.common_dir()) && !inside(repo.git_dir());
        Ok(Self { dir, default_dir: repo.common_dir().join("hooks"), config: hooks_path(repo)?, in_work_tree })
    }

    /// Fails where a hook would run in other repositories, or not at all.
    pub(super) fn check(&self, repo: &Repo) -> Result<()> {
        if let Some(HooksPath { scope, value }) = &self.config {
            let (scope, value) = (scope.clone(), value.clone());
            if value.is_empty() || self.dir == Path::new("/dev/null") {
                return Err(Error::SwitchedOff { scope, value });
            }
            if !matches!(scope.as_str(), "local" | "worktree") {
                return Err(Error::NotOurs { scope, value });
            }
        }
        let Ok(meta) = self.dir.symlink_metadata() else { return Ok(()) };
        if !self.dir.is_dir() {
            return Err(Error::NotA { path: self.dir.clone(), wanted: "directory" });
        }
        let target = self.dir.canonicalize().map_err(Error::io("read", &self.dir))?;
        let common = repo.common_dir().canonicalize().unwrap_or_else(|_| repo.common_dir().to_owned());
        if meta.is_symlink() && !self.in_work_tree && !target.starts_with(common) {
            return Err(Error::LinkedDir { dir: self.dir.clone(), target });
        }
        Ok(())
    }

    /// The directories in which there may be hooks of ours.
    pub(super) fn dirs(&self) -> Vec<PathBuf> {
        let mut dirs = vec![self.dir.clone()];
        if !same(&self.dir, &self.default_dir) {
            dirs.push(self.default_dir.clone());
        }
        dirs
    }

    /// Whether git tracks the file at `path`: then it is everybody's, and not ours to change.
    pub(super) fn is_tracked(&self, repo: &Repo, path: &Path) -> Result<bool> {
        if !self.in_work_tree {
            return Ok(false);
        }
        // git doesn't look behind a symlink on the way.
        let real = path.parent().and_then(|dir| dir.canonicalize().ok()).unwrap_or_else(|| self.dir.clone());
        let Some(name) = path.file_name() else { return Ok(false) };
        let real = real.join(name);
        let top = repo.work_dir().and_then(|top| top.canonicalize().ok()).unwrap_or_default();
        let Ok(inside) = real.strip_prefix(&top) else { return Ok(false) };
        let spec: OsString = [OsStr::new(":(top,literal)"), inside.as_os_str()].into_iter().collect();
        Ok(!repo.git("ls-files").args(["-z", "--"]).arg(spec).run()?.is_empty())
    }
}

/// Whether two paths are the same directory.
fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn hooks_path(repo: &Repo) -> Result<Option<HooksPath>> {
    let (output, _) = repo.git("config").args(["--null", "--show-scope", "--get", "core.hooksPath"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut parts = text.split('\0');
    let (Some(scope), Some(value), true) = (parts.next(), parts.next(), output.status.success()) else {
        return Ok(None);
    };
    Ok(Some(HooksPath { scope: scope.to_owned(), value: value.to_owned() }))
}
