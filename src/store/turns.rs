//! Taking turns: writers of one clone queue at a lock file, and wait for git's own locks.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::Store;

/// How long we go on while others keep winning.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// A ref lock that nobody touches for so long was left by a process that died.
const STALE_LOCK: Duration = Duration::from_secs(5);

impl Store<'_> {
    /// Waits for our turn among the writers of this clone. Where files can't
    /// be locked there is no queue, and the compare-and-swap does all the work.
    pub(super) fn queue(&self) -> Option<File> {
        let path = self.repo.agentv_dir().join("write.lock");
        let _ = self.repo.create_dir(&self.repo.agentv_dir());
        let file = File::options().create(true).append(true).open(&path).ok()?;
        self.repo.share(&path);
        let start = Instant::now();
        // Somebody who was stopped in the middle must not stop all others.
        while start.elapsed() < PATIENCE / 4 {
            match file.try_lock() {
                Ok(()) => return Some(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
                Err(TryLockError::Error(_)) => return None,
            }
        }
        None
    }

    /// If somebody holds the ref's lock file, waits until it is released, and
    /// takes it away once nobody has touched it for [`STALE_LOCK`]: git holds
    /// it for milliseconds, so its owner was killed. False if there was none.
    pub(super) fn wait_for_lock(&self) -> bool {
        if self.repo.is_reftable() {
            return false;
        }
        let path = self.repo.common_dir().join(format!("{}.lock", self.name));
        let Some(seen) = lock_state(&path) else { return false };
        let start = Instant::now();
        while start.elapsed() < STALE_LOCK {
            std::thread::sleep(Duration::from_millis(20));
            if lock_state(&path) != Some(seen) {
                return true;
            }
        }
        tracing::warn!(path = %path.display(), "removing a lock that a killed process left");
        let _ = std::fs::remove_file(&path);
        true
    }
}

/// What changes when a lock file is another one.
fn lock_state(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    let meta = path.metadata().ok()?;
    Some((meta.len(), meta.modified().ok()))
}

/// A pause that grows and differs between processes, so that they do not meet again.
pub(super) fn jitter(attempt: u32) -> Duration {
    let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
    let spread = u64::from((nanos ^ std::process::id().wrapping_mul(0x9e37_79b9)) % 1000);
    Duration::from_micros(spread * u64::from(attempt.min(32)) + 200)
}
