//! From the log to the tables: all of it, or what is new.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::git::{Oid, Repo};
use crate::run::{Row, RunStatus};
use crate::store::{Listed, Rows, Store};

use super::{Result, known, known_tip, schema};

/// Reads what the tables lack of the store, whose tip is `tip` and which they call `name`. Returns its number.
pub(super) fn bring_up_to_date(
    db: &mut Connection,
    name: &str,
    store: &Store<'_>,
    tip: Option<Oid>,
    progress: &mut dyn FnMut(usize),
) -> Result<i64> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // While we waited for our turn somebody else may have done it.
    let before = known(&tx, name)?;
    let number = if let Some((number, _)) = &before {
        *number
    } else {
        tx.execute("INSERT INTO stores(name) VALUES (?1)", [name])?;
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
        rebuild(&tx, store, number, tip.as_ref(), progress)?;
    }
    let tip = tip.map(|tip| tip.to_string());
    tx.execute("UPDATE stores SET tip = ?2 WHERE id = ?1", params![number, tip])?;
    tx.commit()?;
    Ok(number)
}

/// All tables that say something of a run.
const OF_RUN: [&str; 8] = ["texts", "targets", "tags", "links", "notes", "cases", "read_cases", "facts"];

fn rebuild(
    tx: &Transaction<'_>,
    store: &Store<'_>,
    number: i64,
    tip: Option<&Oid>,
    progress: &mut dyn FnMut(usize),
) -> Result<()> {
    for table in OF_RUN {
        tx.execute(&format!("DELETE FROM {table} WHERE seq >= ?1 AND seq < ?2"), schema::row_ids(number))?;
    }
    new_generation(tx, number)?;
    let mut seq = last(tx, number)?;
    let Some(tip) = tip else { return schema::add_indexes(tx) };
    let mut done = 0;
    // Reading takes longer than inserting, so each has a thread.
    let (rows, arrived) = std::sync::mpsc::sync_channel(QUEUED);
    let (used, back) = std::sync::mpsc::channel();
    let dir = store.repo().git_dir();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Err(err) = read(dir, tip, &rows, &back) {
                let _ = rows.send(Err(err));
            }
        });
        let mut arrived = arrived.into_iter();
        loop {
            let batches = arrived.by_ref().take(TOGETHER).collect::<Result<Vec<_>, _>>()?;
            if batches.is_empty() {
                break;
            }
            let runs = || (seq + 1..).zip(batches.iter().flatten());
            for (seq, run) in runs() {
                insert_facts(tx, number, seq, run)?;
            }
            for (seq, run) in runs() {
                insert_texts(tx, store, seq, run, &run.row.to_line())?;
            }
            let count: usize = batches.iter().map(Vec::len).sum();
            seq += i64::try_from(count).unwrap_or(i64::MAX);
            done += count;
            for used_up in batches {
                let _ = used.send(used_up);
            }
            progress(done);
        }
        Ok::<_, super::Error>(())
    })?;
    schema::add_indexes(tx)
}

/// Runs that are handed over at once.
const BATCH: usize = 256;
/// Batches whose facts are inserted before their texts: so they are side by side in the file, and the system maps
/// several of their pages at once for a scan.
const TOGETHER: usize = 16;
/// So many batches may wait.
const QUEUED: usize = TOGETHER;

/// Runs that are handed over.
type Batch = Result<Vec<Listed>, crate::store::Error>;

/// Reads the log of `tip` in the repository at `dir`, newest run first, until nobody listens any more. Runs that were used
/// come back: where the memory is from it is given back without waiting for each other.
fn read(
    dir: &Path,
    tip: &Oid,
    rows: &SyncSender<Batch>,
    back: &Receiver<Vec<Listed>>,
) -> Result<(), crate::store::Error> {
    // What was opened by one thread can't be used by another.
    let repo = Repo::at(dir)?;
    let mut runs = Rows::at(&repo, tip, true)?;
    loop {
        back.try_iter().for_each(drop);
        let batch = runs.by_ref().take(BATCH).collect::<Result<Vec<_>, _>>()?;
        if batch.is_empty() || rows.send(Ok(batch)).is_err() {
            return Ok(());
        }
    }
}

/// The highest row id of a store.
fn last(tx: &Transaction<'_>, number: i64) -> Result<i64> {
    let (first, end) = schema::row_ids(number);
    let mut found = tx.prepare_cached("SELECT coalesce(max(seq), ?1) FROM facts WHERE seq >= ?1 AND seq < ?2")?;
    Ok(found.query_row([first, end], |row| row.get(0))?)
}

/// Applies one row of a new commit. Commits come parents first, so it supersedes what is there.
fn apply(tx: &Transaction<'_>, store: &Store<'_>, number: i64, change: &Listed) -> Result<()> {
    let mut find = tx.prepare_cached(
        "SELECT seq, recorded, author FROM facts JOIN texts USING (seq) WHERE store = ?1 AND id = ?2",
    )?;
    let id = change.row.id.as_str();
    let known: Option<(i64, i64, String)> =
        find.query_row(params![number, id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((seq, recorded, author)) = known else {
        // Without the commit that recorded it a run is in no list.
        if !change.is_record {
            return Ok(());
        }
        let seq = last(tx, number)? + 1;
        return insert(tx, store, number, seq, change, &change.row.to_line());
    };
    for table in OF_RUN.iter().filter(|table| !table.ends_with("cases")) {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE seq = ?1"))?.execute([seq])?;
    }
    new_generation(tx, number)?;
    // A run is of whoever recorded it last, not of whoever changed it.
    let newer = change.is_record && change.recorded >= recorded;
    let (recorded, author) = if newer { (change.recorded, change.author.clone()) } else { (recorded, author) };
    insert(tx, store, number, seq, &Listed { recorded, author, ..change.clone() }, &change.row.to_line())
}

/// Says that not only rows were added.
pub(super) fn new_generation(db: &Connection, number: i64) -> Result<()> {
    db.prepare_cached("UPDATE stores SET generation = random() WHERE id = ?1")?.execute([number])?;
    Ok(())
}

pub(super) fn insert(
    tx: &Transaction<'_>,
    store: &Store<'_>,
    number: i64,
    seq: i64,
    run: &Listed,
    line: &str,
) -> Result<()> {
    insert_facts(tx, number, seq, run)?;
    insert_texts(tx, store, seq, run, line)
}

/// What is filtered and sorted by.
fn insert_facts(tx: &Transaction<'_>, number: i64, seq: i64, run: &Listed) -> Result<()> {
    let row = &run.row;
    let ms = row.timestamp.as_deref().and_then(|time| time.parse::<Timestamp>().ok()).map(Timestamp::as_millisecond);
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    tx.prepare_cached(
        "INSERT INTO facts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?
    .execute(params![
        seq,
        number,
        row.id.as_str(),
        run.recorded,
        ms,
        row.pass_rate,
        row.avg_score,
        row.duration_ms.map(whole),
        row.cost_usd,
        row.tokens.map(whole),
        whole(row.test_count),
        whole(row.passed),
        whole(row.errors),
        status(row.status),
        row.experiment,
        row.target,
        row.repo,
    ])?;
    Ok(())
}

/// All the rest of a run.
fn insert_texts(tx: &Transaction<'_>, store: &Store<'_>, seq: i64, run: &Listed, line: &str) -> Result<()> {
    let row = &run.row;
    tx.prepare_cached("INSERT INTO texts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?.execute(params![
        seq,
        row.run_id,
        run.author,
        row.sha,
        row.tree,
        row.format,
        row.source_tree,
        row.patch_id,
        line,
    ])?;
    // One target is found where it stands.
    let targets = row.target.iter().flat_map(|all| all.split(", ")).filter(|one| Some(*one) != row.target.as_deref());
    for target in targets {
        tx.prepare_cached("INSERT INTO targets VALUES (?1, ?2)")?.execute(params![target, seq])?;
    }
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

fn status(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Complete => "complete",
        RunStatus::Partial => "partial",
        RunStatus::Pruned => "pruned",
        RunStatus::Stripped => "stripped",
        RunStatus::Other => "other",
    }
}

/// The note of a run that was changed. A row does not tell it; what can't be read has none.
pub(super) fn note(store: &Store<'_>, row: &Row) -> Option<String> {
    let tree = store.repo().parse_oid(&row.tree)?;
    store.note_of(&tree)
}
