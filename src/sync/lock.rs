//! One sync at a time in a clone: two would only make each other lose races.

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

use crate::git::Repo;

use super::{Error, Result};

/// How long to wait for another one.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for our turn. The lock ends with the process, however it ends. Where files can't be locked there is none,
/// and leases alone keep runs safe.
pub(super) fn take(repo: &Repo) -> Result<Option<File>> {
    let path = repo.agentv_dir().join("sync.lock");
    let _ = repo.create_dir(&repo.agentv_dir());
    let Ok(file) = File::options().create(true).append(true).open(&path) else { return Ok(None) };
    repo.share(&path);
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => return Err(Error::Busy),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}
