//! Whether the projection says what the log says, without changing it.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction};

use crate::store::{Listed, Rows, Store};

use super::{BUSY, Error, Projection, Result, fill, is_damaged, known, known_tip, path, remove, schema};

/// All of a run but its numbers, which differ from file to file.
const RUN: &str = "SELECT id, run_id, timestamp, recorded, author, experiment, target, test_count, passed, errors, pass_rate, \
    avg_score, duration_ms, cost_usd, tokens, sha, tree, format, status, source_tree, patch_id, line, \
    (SELECT group_concat(tag, char(10)) FROM (SELECT tag FROM tags WHERE tags.seq = runs.seq ORDER BY tag)), \
    (SELECT group_concat(commit_id) FROM (SELECT commit_id FROM links WHERE links.seq = runs.seq ORDER BY commit_id)) \
    FROM runs WHERE store = ?1 AND id = ?2";

/// After so many runs mapped packs are given back.
const RELEASE: usize = 1000;

/// The state of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// There is none, or it says nothing of this store: it is made when it is needed.
    Absent,
    /// It is as the log was when it was last brought up to date.
    Fine,
    /// It is not, for this reason.
    Wrong(String),
}

impl Projection {
    /// Compares the file with the log at the commit up to which it has read. `progress` is told how many runs were compared.
    pub fn check(store: &Store<'_>, progress: &mut dyn FnMut(usize)) -> Result<Health> {
        let path = path(store);
        if path.symlink_metadata().is_err() {
            return Ok(Health::Absent);
        }
        let checked =
            match compare(Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE), store, progress) {
                // Where nothing can be written SQLite can't even read, unless it is told that nobody else writes.
                Err(Error::Sqlite(err)) if is_read_only(&err) && path.is_file() => {
                    compare(open_immutable(&path), store, progress)
                }
                result => result,
            };
        match checked {
            Err(Error::Sqlite(err)) if is_damaged(&err) => Ok(Health::Wrong(format!("it is damaged: {err}"))),
            // Somebody is at it.
            Err(Error::Sqlite(_)) => Ok(Health::Absent),
            result => result,
        }
    }

    /// Makes the file anew.
    pub fn rebuild(store: &Store<'_>, progress: &mut dyn FnMut(usize)) -> Result<()> {
        let path = path(store);
        remove(&path);
        Self::open(store, progress).map(drop)
    }

    /// The name of the file.
    #[must_use]
    pub fn file_name() -> String {
        format!("index-v{}.sqlite", schema::VERSION)
    }
}

fn is_read_only(err: &rusqlite::Error) -> bool {
    matches!(err.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

fn open_immutable(path: &Path) -> rusqlite::Result<Connection> {
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)
}

fn compare(db: rusqlite::Result<Connection>, store: &Store<'_>, progress: &mut dyn FnMut(usize)) -> Result<Health> {
    let db = db?;
    db.busy_timeout(BUSY)?;
    if !schema::is_ours(&db)? {
        return Ok(Health::Wrong("it is none of ours".into()));
    }
    let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Ok(Health::Wrong(format!("it is damaged: {found}")));
    }
    let known = known(&db, store.name())?;
    let Some(tip) = known_tip(store, known.as_ref()).filter(|tip| store.repo().has(tip)) else {
        // At the next question it is made anew.
        return Ok(Health::Absent);
    };
    let number = known.map_or(0, |(number, _)| number);
    let mut scratch = Connection::open_in_memory()?;
    schema::prepare(&mut scratch)?;
    let mut count = 0;
    for run in Rows::at(store.repo(), &tip, true)? {
        // What is wrong with the log is told elsewhere.
        let Ok(run) = run else { return Ok(Health::Absent) };
        count += 1;
        progress(count);
        if count.is_multiple_of(RELEASE) {
            store.repo().release_packs();
        }
        let (id, tx) = (run.row.id.clone(), scratch.transaction()?);
        // Without its note, which is not in the log.
        fill::insert(&tx, store, 1, 1, &Listed { is_record: true, ..run.clone() }, &run.row.to_line())?;
        let right = read(&tx, 1, id.as_str())?;
        if read(&db, number, id.as_str())? != right {
            return Ok(Health::Wrong(format!("what it says of run {id} is not what the log says")));
        }
        Transaction::rollback(tx)?;
    }
    let there: i64 = db.query_row("SELECT count(*) FROM runs WHERE store = ?1", [number], |row| row.get(0))?;
    if usize::try_from(there).ok() != Some(count) {
        return Ok(Health::Wrong(format!("it has {there} runs, the log has {count}")));
    }
    Ok(Health::Fine)
}

/// A run as it stands in a database.
fn read(db: &Connection, store: i64, id: &str) -> Result<Option<Vec<Value>>> {
    let mut found = db.prepare_cached(RUN)?;
    let columns = found.column_count();
    let mut rows = found.query((store, id))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let values = (0..columns).map(|at| row.get::<_, Value>(at)).collect::<std::result::Result<_, _>>()?;
    Ok(Some(values))
}
