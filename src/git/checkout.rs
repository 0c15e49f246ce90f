//! Moving a branch forward that may be checked out in a working tree.

use std::path::{Path, PathBuf};

use super::{CommitInfo, Error, Git, Moved, Oid, Repo, Result};

impl Repo {
    /// Moves the ref `name` (a full name) from the commit `old` to `new`, and with it the index and files of each
    /// working tree that has it checked out: what the two commits have in common stays as it is there, also if
    /// it was changed. Fails before anything is changed if a change is in the way. Returns the working trees
    /// that were brought along.
    pub fn advance(&self, name: &str, old: &CommitInfo, new: &Oid, reason: &str) -> Result<(Moved, Vec<PathBuf>)> {
        let worktrees = self.worktrees_on(name)?;
        for dir in &worktrees {
            switch(dir, &["--dry-run"], &old.id, new)?;
        }
        // As git does: files first. Who is killed in between has staged what is not committed yet, and nothing lost.
        for (done, dir) in worktrees.iter().enumerate() {
            if let Err(err) = switch(dir, &[], &old.id, new) {
                undo(&worktrees[..done], &old.id, new);
                return Err(err);
            }
        }
        let moved = self.start_ref_move(name, reason).and_then(|waiting| waiting.finish(self, new, Some(&old.id)));
        if !matches!(moved, Ok(Moved::Done)) {
            undo(&worktrees, &old.id, new);
        }
        Ok((moved?, worktrees))
    }

    /// The working trees whose HEAD is the branch `name` (a full name).
    fn worktrees_on(&self, name: &str) -> Result<Vec<PathBuf>> {
        // The environment may name a working tree of another repository.
        let listed = Git::in_dir(self.common_dir(), "worktree").args(["list", "--porcelain", "-z"]).run()?;
        let (mut found, mut dir, mut bare) = (Vec::new(), None, false);
        for line in listed.split(|&b| b == 0) {
            let line = String::from_utf8_lossy(line).into_owned();
            if let Some(path) = line.strip_prefix("worktree ") {
                (dir, bare) = (Some(PathBuf::from(path)), false);
            } else if line == "bare" {
                bare = true;
            } else if line.strip_prefix("branch ") == Some(name) && !bare {
                // One that was deleted by hand is still listed.
                found.extend(dir.take().filter(|dir| dir.is_dir()));
            }
        }
        Ok(found)
    }
}

/// Changes index and files from those of `old` to those of `new`.
fn switch(dir: &Path, options: &[&str], old: &Oid, new: &Oid) -> Result<()> {
    let (old, new) = (old.to_string(), new.to_string());
    let git = Git::in_dir(dir, "read-tree").args(["-m", "-u"]).args(options).args([&old, &new]);
    git.run().map(drop).map_err(|err| match err {
        Error::Command { stderr, .. } => Error::InTheWay { dir: dir.to_owned(), reason: stderr },
        err => err,
    })
}

/// Takes [`switch`] back. What fails here can't be helped: the files stay, staged.
fn undo(worktrees: &[PathBuf], old: &Oid, new: &Oid) {
    for dir in worktrees {
        if let Err(err) = switch(dir, &[], new, old) {
            tracing::warn!(%err, "left as it is");
        }
    }
}
