//! From the log to the tables: all of it, or what is new.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::git::Oid;
use crate::run::Row;
use crate::store::{Listed, Store};

use super::{Result, known, known_tip, schema};

/// Reads what the tables lack of the store, whose tip is `tip`. Returns the store's number.
pub(super) fn bring_up_to_date(
    db: &mut Connection,
    store: &Store<'_>,
    tip: Option<Oid>,
    progress: &mut dyn FnMut(usize),
) -> Result<i64> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // While we waited for our turn somebody else may have done it.
    let before = known(&tx, store.name())?;
    let number = if let Some((number, _)) = &before {
        *number
    } else {
        tx.execute("INSERT INTO stores(name) VALUES (?1)", [store.name()])?;
        tx.last_insert_rowid()
    };
    let at = known_tip(store, before.as_ref());
    let news = match (at, tip) {
        (Some(at), Some(tip)) if at == tip => return Ok(number),
        (Some(at), Some(tip)) => store.changes(&tip, &at)?,
        _ => None,
    };
    if let Some(changes) = news {
        for change in &changes {
            apply(&tx, store, number, change)?;
        }
    } else {
        rebuild(&tx, store, number, progress)?;
    }
    let tip = tip.map(|tip| tip.to_string());
    tx.execute("UPDATE stores SET tip = ?2 WHERE id = ?1", params![number, tip])?;
    tx.commit()?;
    Ok(number)
}

fn rebuild(tx: &Transaction<'_>, store: &Store<'_>, number: i64, progress: &mut dyn FnMut(usize)) -> Result<()> {
    let mut runs = Vec::new();
    for run in store.rows(true)? {
        let run = run?;
        runs.push(run);
        progress(runs.len());
    }
    for table in ["tags", "links", "notes", "cases", "read_cases"] {
        tx.execute(&format!("DELETE FROM {table} WHERE seq IN (SELECT seq FROM runs WHERE store = ?1)"), [number])?;
    }
    tx.execute("DELETE FROM runs WHERE store = ?1", [number])?;
    let mut seq: i64 = tx.query_row("SELECT coalesce(max(seq), 0) FROM runs", [], |row| row.get(0))?;
    // The log is read newest first; numbers grow with age the other way.
    for run in runs.iter().rev() {
        seq += 1;
        insert(tx, store, number, seq, run)?;
    }
    schema::add_indexes(tx)
}

/// Applies one row of a new commit. Commits come parents first, so it supersedes what is there.
fn apply(tx: &Transaction<'_>, store: &Store<'_>, number: i64, change: &Listed) -> Result<()> {
    let mut find = tx.prepare_cached("SELECT seq, recorded FROM runs WHERE store = ?1 AND id = ?2")?;
    let id = change.row.id.as_str();
    let known: Option<(i64, i64)> =
        find.query_row(params![number, id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((seq, recorded)) = known else {
        // Without the commit that recorded it a run is in no list.
        if !change.is_record {
            return Ok(());
        }
        let seq: i64 = tx.query_row("SELECT coalesce(max(seq), 0) + 1 FROM runs", [], |row| row.get(0))?;
        return insert(tx, store, number, seq, change);
    };
    for table in ["runs", "tags", "links", "notes"] {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE seq = ?1"))?.execute([seq])?;
    }
    let recorded = if change.is_record { recorded.max(change.recorded) } else { recorded };
    insert(tx, store, number, seq, &Listed { recorded, ..change.clone() })
}

fn insert(tx: &Transaction<'_>, store: &Store<'_>, number: i64, seq: i64, run: &Listed) -> Result<()> {
    let row = &run.row;
    let ms = row.timestamp.as_deref().and_then(|time| time.parse::<Timestamp>().ok()).map(Timestamp::as_millisecond);
    let status = serde_json::to_value(row.status).ok();
    let status = status.as_ref().and_then(serde_json::Value::as_str).unwrap_or("other");
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    tx.prepare_cached(
        "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, \
         ?21, ?22, ?23, ?24)",
    )?
    .execute(params![
        seq,
        number,
        row.id.as_str(),
        row.run_id,
        ms,
        run.recorded,
        run.author,
        row.experiment,
        row.target,
        whole(row.test_count),
        whole(row.passed),
        whole(row.errors),
        row.pass_rate,
        row.avg_score,
        row.duration_ms.map(whole),
        row.cost_usd,
        row.tokens.map(whole),
        row.sha,
        row.tree,
        row.format,
        status,
        row.source_tree,
        row.patch_id,
        row.to_line(),
    ])?;
    for tag in &row.tags {
        tx.prepare_cached("INSERT INTO tags VALUES (?1, ?2)")?.execute(params![seq, tag])?;
    }
    for link in &row.links {
        tx.prepare_cached("INSERT INTO links VALUES (?1, ?2)")?.execute(params![seq, link])?;
    }
    if run.is_record {
        return Ok(());
    }
    if let Some(note) = note(store, row) {
        tx.prepare_cached("INSERT INTO notes VALUES (?1, ?2)")?.execute(params![seq, note])?;
    }
    Ok(())
}

/// The note of a run that was changed. A row does not tell it; what can't be read has none.
fn note(store: &Store<'_>, row: &Row) -> Option<String> {
    let tree = store.repo().parse_oid(&row.tree)?;
    store.open(&tree).ok()?.overlay.note
}
