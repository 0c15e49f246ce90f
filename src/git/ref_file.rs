//! Moving a ref that is a plain file, without starting git.
//!
//! A git takes as long to start as all else that recording a run does. Where a move comes down to what git's files
//! backend does with one file, it is done here, by git's own protocol: create `<ref>.lock` exclusively, compare the
//! ref, write the new value, rename. Whoever else moves or packs the ref, git or another of us, takes the same lock.
//! All that goes beyond that is left to git: other backends, packed, symbolic and new refs, logs, hooks, modes, syncing,
//! and whatever comes unexpected.

#![cfg_attr(not(unix), expect(dead_code, reason = "refs are moved by git there"))]

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{ConfigScope, Oid, Repo};

/// Where our own refs are. Nobody has them checked out, and every worktree has the same.
const OURS: &str = "refs/agentv/";

impl Repo {
    /// Whether nothing but the ref's file has to change when `name` is moved, as far as settings tell.
    pub(super) fn is_ref_only_a_file(&self, name: &str) -> bool {
        cfg!(unix)
            && name.starts_with(OURS)
            && !self.is_reftable()
            && self.sees_all_settings()
            // A new ref and a packed one may be in the way of others.
            && self.common_dir().join(name).is_file()
            // How it is synced and who may read it is then for git to know.
            && self.setting("core.fsync").is_none()
            && self.setting("core.sharedRepository").is_none()
            && !self.setting("core.logAllRefUpdates").is_some_and(|value| value.eq_ignore_ascii_case("always"))
            && is_absent(&self.common_dir().join("logs").join(name))
            && !self.may_have_hook("reference-transaction")
            && !self.is_head(name)
    }

    /// Moves `name` from `old` to `new`. False if nothing was changed: then git is to do it, or to say why not.
    pub(super) fn move_ref_file(&self, name: &str, new: &Oid, old: &Oid) -> bool {
        let path = self.common_dir().join(name);
        match replace(&path, &format!("{old}\n"), &format!("{new}\n")) {
            Ok(moved) => moved,
            Err(err) => {
                tracing::debug!(path = %path.display(), %err, "left to git");
                false
            }
        }
    }

    /// Whether all settings that git would read were read.
    fn sees_all_settings(&self) -> bool {
        self.scope() == ConfigScope::Full
            && self.installed_git().is_ok_and(super::process::Installed::has_usual_settings)
    }

    /// Whether git would call the hook `name`, or might.
    fn may_have_hook(&self, name: &str) -> bool {
        let snapshot = self.gix().config_snapshot();
        // Newer gits have hooks in their settings, too.
        if snapshot.sections_by_name("hook").is_some_and(|mut sections| sections.next().is_some()) {
            return true;
        }
        let dir = match self.setting("core.hooksPath") {
            // Only git knows what such a path stands for.
            Some(path) if path.starts_with(['~', '%']) => return true,
            Some(path) => self.work_dir().unwrap_or(self.git_dir()).join(path),
            None => self.common_dir().join("hooks"),
        };
        !is_absent(&dir.join(name))
    }

    /// Whether HEAD stands for the ref: its log then tells of moves of the ref.
    fn is_head(&self, name: &str) -> bool {
        let head = fs::read(self.git_dir().join("HEAD")).unwrap_or_default();
        head.strip_prefix(b"ref:").is_none_or(|target| target.trim_ascii() == name.as_bytes())
    }
}

/// Whether there is surely nothing at `path`.
fn is_absent(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|err| err.kind() == io::ErrorKind::NotFound)
}

/// Replaces what is in the file `path`, if it is `old`, by `new`.
fn replace(path: &Path, old: &str, new: &str) -> io::Result<bool> {
    let mut lock = Lock::take(path)?;
    // A link may be a symbolic ref of the kind that git once had.
    if !path.symlink_metadata()?.is_file() || fs::read(path)? != old.as_bytes() {
        return Ok(false);
    }
    lock.file.write_all(new.as_bytes())?;
    lock.commit(path)
}

/// A lock file as git makes them. It goes when this is dropped.
struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    fn take(of: &Path) -> io::Result<Self> {
        let mut name = of.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok(Self { path, file })
    }

    /// Puts the file that was locked in its place.
    fn commit(self, of: &Path) -> io::Result<bool> {
        // Who is stopped for seconds loses the lock to somebody who takes its owner for dead.
        if !self.is_held() {
            return Ok(false);
        }
        fs::rename(&self.path, of)?;
        Ok(true)
    }

    /// Whether the file is still the one that we made.
    #[cfg(unix)]
    fn is_held(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let (Ok(ours), Ok(there)) = (self.file.metadata(), self.path.symlink_metadata()) else { return false };
        (ours.dev(), ours.ino()) == (there.dev(), there.ino())
    }

    #[cfg(not(unix))]
    fn is_held(&self) -> bool {
        false
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Once renamed it is no lock any more, and another one may be there.
        if self.is_held() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_expected_value_is_replaced_and_no_lock_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (path, lock) = (dir.path().join("v1"), dir.path().join("v1.lock"));
        assert!(replace(&path, "a\n", "b\n").is_err(), "there is no ref");
        fs::write(&path, "a\n").unwrap();
        assert!(replace(&path, "a\n", "b\n").unwrap());
        assert!(!replace(&path, "a\n", "c\n").unwrap());
        assert!(!replace(&path, "b", "c\n").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"b\n");
        assert!(is_absent(&lock));
        fs::write(&lock, "").unwrap();
        assert!(replace(&path, "b\n", "c\n").is_err(), "somebody has the lock");
        assert!(!is_absent(&lock), "and keeps it");
        assert_eq!(fs::read(&path).unwrap(), b"b\n");
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_that_was_taken_away_moves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, lock) = (dir.path().join("v1"), dir.path().join("v1.lock"));
        fs::write(&path, "a\n").unwrap();
        let mut ours = Lock::take(&path).unwrap();
        ours.file.write_all(b"b\n").unwrap();
        fs::remove_file(&lock).unwrap();
        fs::write(&lock, "of somebody else").unwrap();
        assert!(!ours.commit(&path).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"a\n");
        assert_eq!(fs::read(&lock).unwrap(), b"of somebody else");
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_left_to_git() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("other"), "a\n").unwrap();
        std::os::unix::fs::symlink("other", dir.path().join("v1")).unwrap();
        assert!(!replace(&dir.path().join("v1"), "a\n", "b\n").unwrap());
        assert_eq!(fs::read(dir.path().join("other")).unwrap(), b"a\n");
    }
}
