//! Taking turns: writers of one clone queue at a lock file.

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant, SystemTime};

use super::Store;

/// How long we go on while others keep winning.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

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
}

/// A pause that grows and differs between processes, so that they do not meet again.
pub(super) fn jitter(attempt: u32) -> Duration {
    let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
    let spread = u64::from((nanos ^ std::process::id().wrapping_mul(0x9e37_79b9)) % 1000);
    Duration::from_micros(spread * u64::from(attempt.min(32)) + 200)
}
