//! Editors that are open on a message with our trailers.
//!
//! `<git dir>/agentv/template` is there from before the editor opens until the message was looked at. It holds what a
//! template said before the user wrote, and nothing without one. The hooks' scripts look for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::git::Repo;

/// Who wrote a message longer ago than this has it looked at by now, unless an editor is open.
const QUIET: Duration = Duration::from_secs(3);

fn path(git_dir: &Path) -> PathBuf {
    git_dir.join("agentv/template")
}

/// Notes that an editor is about to open in this worktree, and what a template said.
pub(super) fn note(repo: &Repo, template: &str) -> io::Result<()> {
    let path = path(repo.git_dir());
    repo.create_dir(&path.with_file_name(""))?;
    fs::write(path, template)
}

/// Forgets the editor of a commit that was made or given up.
pub(super) fn forget(repo: &Repo) {
    let _ = fs::remove_file(path(repo.git_dir()));
}

/// What a template said in this worktree; none if no editor was opened.
pub(super) fn template(repo: &Repo) -> Option<String> {
    fs::read_to_string(path(repo.git_dir())).ok()
}

/// Whether somebody may be about to run the hooks in another worktree of this repository: an editor is open there,
/// or a message was just written.
pub(super) fn is_busy_elsewhere(repo: &Repo) -> bool {
    let own = repo.git_dir().canonicalize().ok();
    let linked = fs::read_dir(repo.common_dir().join("worktrees")).into_iter().flatten();
    let dirs = linked.filter_map(|entry| Some(entry.ok()?.path())).chain([repo.common_dir().to_owned()]);
    dirs.filter(|dir| dir.canonicalize().ok() != own)
        .any(|dir| path(&dir).exists() || ["COMMIT_EDITMSG", "MERGE_MSG"].iter().any(|name| is_recent(&dir.join(name))))
}

/// Whether the file was written a moment ago, or in the future.
fn is_recent(path: &Path) -> bool {
    let Ok(written) = path.metadata().and_then(|meta| meta.modified()) else { return false };
    SystemTime::now().duration_since(written).is_ok_and(|age| age < QUIET) || written > SystemTime::now()
}
