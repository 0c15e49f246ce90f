//! Locks that a killed git left behind.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::Repo;

/// A ref's lock that nobody touches for so long was left by a process that died: git holds it for milliseconds.
const STALE: Duration = Duration::from_secs(5);
/// The lock of all packed refs, or of a reftable, is held for as long as they are written.
const STALE_WHOLE: Duration = Duration::from_secs(15);

impl Repo {
    /// If a ref below `prefix` is locked, or all refs are, waits until that ends, and takes locks away that nobody
    /// touches. False if there were none: then something else was the matter.
    pub fn wait_for_locks(&self, prefix: &str) -> bool {
        let dir = self.common_dir();
        let mut locks = Vec::new();
        find(&dir.join(prefix), &mut locks);
        let mut found = false;
        for lock in locks {
            found |= wait(&lock, &lock, STALE);
        }
        let packed = dir.join("packed-refs");
        found |= wait(&packed.with_extension("lock"), &packed.with_extension("new"), STALE_WHOLE);
        let tables = dir.join("reftable/tables.list.lock");
        found | wait(&tables, &dir.join("reftable"), STALE_WHOLE)
    }
}

/// Waits for one lock. While its owner lives, it or `work` changes.
fn wait(lock: &Path, work: &Path, patience: Duration) -> bool {
    let Some(seen) = state(lock) else { return false };
    let (mut start, mut before) = (Instant::now(), state(work));
    while start.elapsed() < patience {
        std::thread::sleep(Duration::from_millis(20));
        if state(lock) != Some(seen) {
            return true;
        }
        if state(work) != before {
            (start, before) = (Instant::now(), state(work));
        }
    }
    tracing::warn!(path = %lock.display(), "removing a lock that a killed process left");
    let _ = std::fs::remove_file(lock);
    true
}

/// What changes when a file is written, or is another one.
fn state(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    let meta = path.metadata().ok()?;
    Some((meta.len(), meta.modified().ok()))
}

fn find(dir: &Path, locks: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => find(&path, locks),
            Ok(_) if path.extension().is_some_and(|extension| extension == "lock") => locks.push(path),
            _ => {}
        }
    }
}
