//! A `commit-msg` that is there only while an editor is open.
//!
//! git starts a shell for every hook that it finds, and `commit-msg` has something to do only where somebody leaves an
//! editor without a word. git looks for it after the editor, so `prepare-commit-msg` can put it in place when it is
//! about to add trailers, and it goes when it has run. Where that is not for us to do, because the hook is somebody else's
//! or the directory not the repository's own, one that calls us must be there already: without it no trailer
//! may be added, or leaving the editor would make a commit with nothing but that.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::git::Repo;
use crate::hooks::{Event, turn, waiting};

use super::inspect::{Found, chained, exists, found, hook};
use super::place::Place;
use super::script::{self, Part};
use super::{Error, MODE, Result};

/// How long those who put it in place or take it away wait for each other.
const TURN: Duration = Duration::from_millis(100);

/// Whether a hook of ours may come and go at `path`. It may only in a directory of the repository's own: elsewhere it would
/// be seen in the working tree, or other repositories might run it, too.
pub(super) fn is_possible(repo: &Repo, path: &Path) -> bool {
    let dir = path.with_file_name("");
    is_inside(&dir, repo.common_dir()) && !exists(&chained(path)) && is_writable(&dir)
}

/// Whether `dir`, which need not exist, is below `top`.
fn is_inside(dir: &Path, top: &Path) -> bool {
    let real = dir.ancestors().find_map(|above| above.canonicalize().ok());
    real.zip(top.canonicalize().ok()).is_some_and(|(real, top)| real.starts_with(top))
}

/// Sees to it that a message is looked at after the editor, which is about to open in this worktree. `template` is what a
/// template says. Fails where that can't be done; nothing is noted then.
pub(in crate::hooks) fn guard(repo: &Repo, template: &str) -> Result<()> {
    let place = Place::of(repo)?;
    let path = place.dir.join(Event::CommitMsg.name());
    let _turn = turn(repo)?;
    // Before anything else: whoever takes the hook away looks for it.
    waiting::note(repo, template).map_err(Error::io("write", repo.git_dir().join("agentv")))?;
    let guarded = match found(&place, &path, Event::CommitMsg) {
        Ok(Found::Nothing) if is_possible(repo, &path) => put(repo, &path),
        Ok(Found::Nothing) => Err(Error::Unguarded(path)),
        Ok(_) => hook(repo, &place, Event::CommitMsg)
            .and_then(|hook| if hook.how.is_wired() { Ok(()) } else { Err(Error::Unguarded(path)) }),
        Err(err) => Err(err),
    };
    if guarded.is_err() {
        waiting::forget(repo);
    }
    guarded
}

/// Takes the hook at `path` away after it has run in this worktree, if it is one that comes and goes and nobody else
/// waits for it.
pub fn release(repo: &Repo, path: &Path) -> Result<()> {
    let _turn = turn(repo)?;
    waiting::forget(repo);
    if !path.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
        return Ok(());
    }
    let text = fs::read(path).map_err(Error::io("read", path))?;
    let Part::Marked(marked) = script::find(&text, Event::CommitMsg) else { return Ok(()) };
    if !marked.on_demand || !marked.is_all_ours() {
        return Ok(());
    }
    // git looks for a hook and then starts it: one that vanishes in between stops the commit. So it stays while one may
    // be under way in another worktree; a later commit takes it away.
    if waiting::is_busy_elsewhere(repo) {
        return Ok(());
    }
    fs::remove_file(path).map_err(Error::io("remove", path))
}

fn turn(repo: &Repo) -> Result<fs::File> {
    let dir = repo.agentv_dir();
    repo.create_dir(&dir).map_err(Error::io("create", &dir))?;
    let path = dir.join("commit-msg.lock");
    let busy = || Error::io("lock", &path)(io::ErrorKind::TimedOut.into());
    turn::wait(repo, &path, TURN).ok_or_else(busy)
}

/// Writes the hook: whole and executable from the first moment, and over nothing.
fn put(repo: &Repo, path: &Path) -> Result<()> {
    let dir = path.with_file_name("");
    repo.create_dir(&dir).map_err(Error::io("create", &dir))?;
    let write = |staging: &Path| -> io::Result<()> {
        let file = tempfile::Builder::new().prefix(".agentv-").tempfile_in(staging)?;
        fs::write(file.path(), script::on_demand())?;
        super::files::set_mode(file.path(), MODE)?;
        repo.share(file.path());
        file.persist_noclobber(path).map(drop).map_err(|err| err.error)
    };
    // What a killed process leaves behind is better there than among the hooks.
    let written = match write(&repo.agentv_dir()) {
        Err(err) if err.kind() == io::ErrorKind::CrossesDevices => write(&dir),
        written => written,
    };
    written.map_err(Error::io("write", path))
}

#[cfg(unix)]
fn is_writable(dir: &Path) -> bool {
    // One that isn't there can be made.
    !exists(dir) || rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn is_writable(_dir: &Path) -> bool {
    true
}
