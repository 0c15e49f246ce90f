//! Whether the projection says what the log says, without changing it.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction};

use crate::run::RunId;
use crate::store::{Listed, Rows, Store};

use super::{BUSY, Error, Projection, Result, StoreSet, fill, is_damaged, known, known_tip, path, remove, schema};

/// All of a run but its numbers, which differ from file to file.
const RUN: &str = "SELECT id, run_id, timestamp, recorded, author, experiment, target, test_count, passed, errors, pass_rate, \
    avg_score, duration_ms, cost_usd, tokens, sha, tree, format, status, source_tree, patch_id, line, repo, \
    (SELECT group_concat(tag, char(10)) FROM (SELECT tag FROM tags WHERE tags.seq = runs.seq ORDER BY tag)), \
    (SELECT group_concat(commit_id) FROM (SELECT commit_id FROM links WHERE links.seq = runs.seq ORDER BY commit_id)) \
    FROM runs WHERE store = ?1 AND id = ?2";

/// After so many runs mapped packs are given back.
const RELEASE: usize = 1000;

/// How the file differs from the log, at the commit up to which it has read it: what came later the next query reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Drift {
    /// Runs of the log.
    #[serde(skip)]
    pub runs: usize,
    /// Whether there is nothing to compare and nothing wrong with that: the next query makes the file.
    #[serde(skip)]
    pub absent: bool,
    /// Why the file can't be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unusable: Option<String>,
    /// Runs that it lacks.
    pub missing: Vec<RunId>,
    /// How many runs it has that the log has not.
    pub extra: usize,
    /// Runs of which it says something else than the log.
    pub changed: Vec<RunId>,
}

impl Drift {
    fn unusable(reason: impl Into<String>) -> Self {
        Self { unusable: Some(reason.into()), ..Self::default() }
    }

    fn absent(reason: &str) -> Self {
        Self { absent: true, ..Self::unusable(reason) }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self { runs: self.runs, ..Self::default() }
    }

    /// In a few words.
    #[must_use]
    pub fn told(&self) -> String {
        if let Some(reason) = &self.unusable {
            return reason.clone();
        }
        let (missing, extra, changed) = (self.missing.len(), self.extra, self.changed.len());
        format!("of {} runs {missing} missing and {changed} different, {extra} that are none", self.runs)
    }
}

impl Projection {
    /// Compares the file with the log, and writes nothing. `progress` is told how many runs were compared.
    pub fn check(store: &Store<'_>, progress: &mut dyn FnMut(usize)) -> Result<Drift> {
        let path = path(store.repo());
        if path.symlink_metadata().is_err() {
            return Ok(Drift::absent("it is not there; the next query makes it"));
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
            Err(Error::Sqlite(err)) if is_damaged(&err) => Ok(Drift::unusable(format!("it is damaged: {err}"))),
            Err(Error::Sqlite(err)) => Ok(Drift::absent(&format!("somebody is at it: {err}"))),
            result => result,
        }
    }

    /// Throws the file away and makes it anew. Returns how many runs the store has.
    pub fn rebuild(store: &Store<'_>, progress: &mut dyn FnMut(usize)) -> Result<usize> {
        let path = path(store.repo());
        match std::fs::remove_file(&path) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
                return Err(crate::git::Error::io(path)(err).into());
            }
            _ => remove(&path),
        }
        // Somebody may take the file away while we are at it.
        let (home, sets) = (store.repo(), [StoreSet::own(*store)]);
        let built =
            Self::open_at(&path, home, &sets, progress).or_else(|_| Self::open_at(&path, home, &sets, progress))?;
        let count = "SELECT count(*) FROM facts WHERE store = ?1";
        let count: i64 = built.db.query_row(count, [built.store()], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
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

fn compare(db: rusqlite::Result<Connection>, store: &Store<'_>, progress: &mut dyn FnMut(usize)) -> Result<Drift> {
    let db = db?;
    db.busy_timeout(BUSY)?;
    if !schema::is_ours(&db)? {
        return Ok(Drift::unusable("it is none of ours"));
    }
    let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Ok(Drift::unusable(format!("it is damaged: {found}")));
    }
    // All of it as at one moment, whoever writes meanwhile.
    let _snapshot = db.unchecked_transaction()?;
    let known = known(&db, store.name())?;
    let Some(tip) = known_tip(store, known.as_ref()).filter(|tip| store.repo().has(tip)) else {
        return Ok(Drift::absent("it was made of another history; the next query makes it anew"));
    };
    let number = known.map_or(0, |(number, _)| number);
    // Notes are not in the log, and nothing is fetched only for this.
    let with_notes = !store.repo().is_partial();
    let mut scratch = Connection::open_in_memory()?;
    schema::prepare(&mut scratch)?;
    let mut drift = Drift::default();
    for run in Rows::at(store.repo(), &tip, true)? {
        let Ok(run) = run else { return Ok(Drift::absent("the log can't be read to its end")) };
        drift.runs += 1;
        progress(drift.runs);
        if drift.runs.is_multiple_of(RELEASE) {
            store.repo().release_packs();
        }
        let (id, tx) = (run.row.id.clone(), scratch.transaction()?);
        fill::insert(&tx, store, 1, 1, &Listed { is_record: true, ..run.clone() }, &run.row.to_line())?;
        let (right, found) = (read(&tx, 1, id.as_str())?, read(&db, number, id.as_str())?);
        Transaction::rollback(tx)?;
        let note_differs = || -> Result<bool> {
            Ok(with_notes && !run.is_record && note(&db, number, id.as_str())? != fill::note(store, &run.row))
        };
        if found.is_none() {
            drift.missing.push(id);
        } else if found != right || note_differs()? {
            drift.changed.push(id);
        }
    }
    let there: i64 = db.query_row("SELECT count(*) FROM facts WHERE store = ?1", [number], |row| row.get(0))?;
    drift.extra = usize::try_from(there).unwrap_or_default().saturating_sub(drift.runs - drift.missing.len());
    Ok(drift)
}

fn note(db: &Connection, store: i64, id: &str) -> Result<Option<String>> {
    let sql = "SELECT note FROM notes WHERE seq = (SELECT seq FROM facts WHERE store = ?1 AND id = ?2)";
    Ok(db.prepare_cached(sql)?.query_row((store, id), |row| row.get(0)).optional()?)
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
