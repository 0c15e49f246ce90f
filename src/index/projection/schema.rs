//! The tables of the projection.

use rusqlite::Connection;

use super::{Result, failed};

/// The version of the tables, part of the file's name: programs of different versions never share a file.
pub const VERSION: i32 = 4;

/// Says that a SQLite file is ours: `agtv`.
const APPLICATION_ID: i32 = 0x6167_7476;

/// The columns of the view `runs` that are not in `facts`.
pub(in crate::index) const OF_TEXTS: [&str; 8] =
    ["run_id", "author", "sha", "tree", "format", "source_tree", "patch_id", "line"];

/// A store has so many row ids to itself, as a power of two.
const ROWS_OF_STORE: u32 = 32;

/// The row ids of a store: the first, and the one behind the last. They are together, so that a scan of one store passes
/// over no other's rows.
pub(in crate::index) fn row_ids(store: i64) -> (i64, i64) {
    ((store - 1) << ROWS_OF_STORE, store << ROWS_OF_STORE)
}

/// Filters and sorting look at `facts`, whose rows are kept short for that, and begin with what is sorted by: SQLite finds a
/// column by counting up to it; `texts` has the rest of a run. A query that
/// asks for nothing of `texts` does not read it (SQLite leaves such a join out). The generation of a store is another
/// number whenever a row that was there before was changed or taken away.
const TABLES: &str = "
CREATE TABLE stores(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, tip TEXT, generation INTEGER);
CREATE TABLE facts(
    seq INTEGER PRIMARY KEY, store INTEGER NOT NULL, id TEXT NOT NULL, recorded INTEGER NOT NULL, timestamp INTEGER,
    pass_rate REAL, avg_score REAL, duration_ms INTEGER, cost_usd REAL, tokens INTEGER, test_count INTEGER NOT NULL,
    passed INTEGER NOT NULL, errors INTEGER NOT NULL, status TEXT NOT NULL, experiment TEXT, target TEXT, repo TEXT);
CREATE TABLE texts(
    seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, author TEXT, sha TEXT, tree TEXT NOT NULL, format TEXT NOT NULL,
    source_tree TEXT, patch_id TEXT, line TEXT NOT NULL);
CREATE VIEW runs AS SELECT
    f.seq AS seq, f.store AS store, f.id AS id, t.run_id AS run_id, f.timestamp AS timestamp, f.recorded AS recorded,
    t.author AS author, f.experiment AS experiment, f.target AS target, f.test_count AS test_count, f.passed AS passed,
    f.errors AS errors, f.pass_rate AS pass_rate, f.avg_score AS avg_score, f.duration_ms AS duration_ms,
    f.cost_usd AS cost_usd, f.tokens AS tokens, t.sha AS sha, t.tree AS tree, t.format AS format, f.status AS status,
    t.source_tree AS source_tree, t.patch_id AS patch_id, t.line AS line, f.repo AS repo
    FROM facts f LEFT JOIN texts t ON t.seq = f.seq;
CREATE TABLE targets(target TEXT NOT NULL COLLATE NOCASE, seq INTEGER NOT NULL);
CREATE TABLE tags(seq INTEGER NOT NULL, tag TEXT NOT NULL);
CREATE TABLE links(seq INTEGER NOT NULL, commit_id TEXT NOT NULL);
CREATE TABLE notes(seq INTEGER PRIMARY KEY, note TEXT NOT NULL);
CREATE TABLE cases(
    seq INTEGER NOT NULL, key TEXT NOT NULL, suite TEXT, status TEXT NOT NULL, score REAL, duration_ms REAL,
    cost_usd REAL, target TEXT);
CREATE TABLE read_cases(seq INTEGER PRIMARY KEY);
";

/// Made once the tables are filled: that takes half the time of keeping them up to date row by row. The index by
/// experiment has the time next, so that a page of its newest runs and the run before a run are found without looking at
/// all; and the target, so that the rows of other targets are not read.
const INDEXES: &str = "
CREATE UNIQUE INDEX IF NOT EXISTS facts_id ON facts(store, id);
CREATE INDEX IF NOT EXISTS facts_recorded ON facts(recorded, store) WHERE status <> 'pruned';
CREATE INDEX IF NOT EXISTS facts_deleted ON facts(store) WHERE status = 'pruned';
CREATE INDEX IF NOT EXISTS facts_experiment
    ON facts(experiment COLLATE NOCASE, recorded, target COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS texts_run_id ON texts(run_id COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS texts_sha ON texts(sha) WHERE sha IS NOT NULL;
CREATE INDEX IF NOT EXISTS texts_patch_id ON texts(patch_id) WHERE patch_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS texts_source_tree ON texts(source_tree) WHERE source_tree IS NOT NULL;
CREATE INDEX IF NOT EXISTS targets_target ON targets(target, seq);
CREATE INDEX IF NOT EXISTS targets_seq ON targets(seq);
CREATE INDEX IF NOT EXISTS tags_tag ON tags(tag COLLATE NOCASE, seq);
CREATE INDEX IF NOT EXISTS tags_seq ON tags(seq);
CREATE INDEX IF NOT EXISTS links_commit ON links(commit_id);
CREATE INDEX IF NOT EXISTS links_seq ON links(seq);
CREATE INDEX IF NOT EXISTS cases_seq ON cases(seq);
CREATE INDEX IF NOT EXISTS cases_key ON cases(key COLLATE NOCASE, seq);
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

/// Whether the tables of this version are there.
pub(super) fn is_ours(db: &Connection) -> Result<bool> {
    let read = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    Ok((read("application_id")?, read("user_version")?) == (APPLICATION_ID, VERSION))
}

/// Makes the indexes that are missing.
pub(super) fn add_indexes(db: &Connection) -> Result<()> {
    Ok(db.execute_batch(INDEXES)?)
}
