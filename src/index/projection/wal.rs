//! The log that SQLite keeps beside the file, of what was written lately. Whoever opens the file reads all of it, so what
//! is in it is moved into the file itself when it has become much.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::{BUSY, Projection, Result};

/// Bytes of the log.
const MUCH: u32 = 1 << 20;
/// The same for a process that does not end soon, and has the log in its memory: to begin a new log takes a sync of the
/// disk, for which all wait who ask then.
const MUCH_WHILE_OPEN: u32 = 8 << 20;

/// Prepares a connection: the log stays when the connection ends, since to move the last few rows would take longer than
/// the question itself; and it gets no longer for good than is much.
pub(super) fn prepare(db: &Connection) {
    let _ = db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    let _ = db.pragma_update(None, "wal_autocheckpoint", 0);
    let _ = db.pragma_update(None, "journal_size_limit", MUCH);
}

/// Empties the log if it is long. Somebody else may be reading; then it is done next time, and nobody waits.
pub(super) fn shorten(db: &Connection) {
    if long(db, MUCH).is_some() {
        let _ = db.busy_timeout(Duration::ZERO);
        let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let _ = db.busy_timeout(BUSY);
    }
}

/// The file, if its log has more than `much` bytes.
fn long(db: &Connection, much: u32) -> Option<PathBuf> {
    let path = db.path().filter(|path| !path.is_empty())?;
    let size = std::fs::metadata(format!("{path}-wal")).map_or(0, |meta| meta.len());
    (size > u64::from(much)).then(|| path.into())
}

impl Projection {
    /// Leaves the log as it is from now on: for a process that does not end soon and has [`move_long`] called for what
    /// [`Self::long_log`] says, where it keeps nobody waiting. Such a process does not map the file either.
    pub fn leave_log(&mut self) {
        self.leaves_log = true;
        let _ = self.db.pragma_update(None, "journal_size_limit", MUCH_WHILE_OPEN);
        // Who cuts a mapped file short kills whoever looks at it then. A command is done in milliseconds, this process is not.
        let _ = self.db.pragma_update(None, "mmap_size", 0);
    }

    /// The file, if much was written lately that is not in it yet.
    #[must_use]
    pub fn long_log(&self) -> Option<PathBuf> {
        long(&self.db, MUCH_WHILE_OPEN)
    }
}

/// Moves what was written lately into the file at `path`. Others go on reading and writing meanwhile.
pub fn move_long(path: &Path) -> Result<()> {
    let db = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    prepare(&db);
    Ok(db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}
