//! The tables of the projection.

use rusqlite::Connection;

use super::{Result, failed};

/// The version of the tables, part of the file's name: programs of different versions never share a file.
pub const VERSION: i32 = 1;

/// Says that a SQLite file is ours: `agtv`.
const APPLICATION_ID: i32 = 0x6167_7476;

const TABLES: &str = "
CREATE TABLE stores(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, tip TEXT);
CREATE TABLE runs(
    seq INTEGER PRIMARY KEY, store INTEGER NOT NULL, id TEXT NOT NULL, run_id TEXT NOT NULL, timestamp INTEGER,
    recorded INTEGER NOT NULL, author TEXT, experiment TEXT, target TEXT, test_count INTEGER NOT NULL,
    passed INTEGER NOT NULL, errors INTEGER NOT NULL, pass_rate REAL, avg_score REAL, duration_ms INTEGER,
    cost_usd REAL, tokens INTEGER, sha TEXT, tree TEXT NOT NULL, format TEXT NOT NULL, status TEXT NOT NULL,
    source_tree TEXT, patch_id TEXT, line TEXT NOT NULL);
CREATE TABLE tags(seq INTEGER NOT NULL, tag TEXT NOT NULL);
CREATE TABLE links(seq INTEGER NOT NULL, commit_id TEXT NOT NULL);
CREATE TABLE notes(seq INTEGER PRIMARY KEY, note TEXT NOT NULL);
CREATE TABLE cases(
    seq INTEGER NOT NULL, key TEXT NOT NULL, suite TEXT, status TEXT NOT NULL, score REAL, duration_ms REAL,
    cost_usd REAL, target TEXT);
CREATE TABLE read_cases(seq INTEGER PRIMARY KEY);
";

/// Made once the tables are filled: that takes half the time of keeping them up to date row by row.
const INDEXES: &str = "
CREATE UNIQUE INDEX IF NOT EXISTS runs_id ON runs(store, id);
CREATE INDEX IF NOT EXISTS runs_order ON runs(store, recorded DESC, timestamp DESC, id DESC);
CREATE INDEX IF NOT EXISTS runs_experiment ON runs(store, experiment, target, avg_score);
CREATE INDEX IF NOT EXISTS runs_sha ON runs(sha) WHERE sha IS NOT NULL;
CREATE INDEX IF NOT EXISTS tags_tag ON tags(tag, seq);
CREATE INDEX IF NOT EXISTS tags_seq ON tags(seq);
CREATE INDEX IF NOT EXISTS links_seq ON links(seq);
CREATE INDEX IF NOT EXISTS cases_seq ON cases(seq);
";

/// Makes the tables in a new database. Anything else that isn't ours is an error.
pub(super) fn prepare(db: &mut Connection) -> Result<()> {
    let read = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    match (read("application_id")?, read("user_version")?) {
        (APPLICATION_ID, VERSION) => return Ok(()),
        (0, 0) => {}
        _ => return Err(failed(rusqlite::ErrorCode::NotADatabase).into()),
    }
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Somebody else may have been faster.
    if tx.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))? == 0 {
        tx.execute_batch(TABLES)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", VERSION)?;
    }
    tx.commit()?;
    Ok(())
}

/// Makes the indexes that are missing.
pub(super) fn add_indexes(db: &Connection) -> Result<()> {
    Ok(db.execute_batch(INDEXES)?)
}
