//! Taking turns with other processes of ours.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::git::Repo;

/// Waits for the turn of those who lock the file at `path`, which is made if need be, but not longer than `limit`; none then.
/// The turn ends when what is returned is dropped, or with the process.
pub(super) fn wait(repo: &Repo, path: &Path, limit: Duration) -> Option<File> {
    let file = File::options().create(true).append(true).open(path).ok()?;
    repo.share(path);
    let start = Instant::now();
    while let Err(TryLockError::WouldBlock) = file.try_lock() {
        if start.elapsed() > limit {
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Some(file)
}
