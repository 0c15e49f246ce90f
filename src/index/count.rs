//! How many runs there are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::Filter;
use super::page::table;
use super::projection::{self, Projection, Result};

/// How many questions are remembered.
const MANY: usize = 256;

/// Numbers that were counted before, for a process that is asked the same again and again: then only the runs that came
/// since are counted.
#[derive(Debug, Default)]
pub struct Counts(Mutex<HashMap<String, Counted>>);

/// A number, and what it was counted in.
#[derive(Debug, Clone)]
struct Counted {
    state: State,
    runs: i64,
}

/// What a store and its neighbours were when something was counted.
#[derive(Debug, Clone, PartialEq)]
struct State {
    /// A number that is another one whenever a row that was there before was changed.
    generation: i64,
    /// The tips of the other stores in the file: a query may ask for what they have.
    others: String,
    /// The last row.
    last: i64,
}

impl Projection {
    /// How many runs there are.
    pub fn count(&self, filter: &Filter) -> Result<u64> {
        let count = match (self.counts(), self.stores()) {
            // The cases of a run may be read at any time.
            (Some(counts), &[store]) if !filter.sql.contains("cases") => self.count_since(counts, store, filter)?,
            _ => self.counted(self.db(), filter, None)?,
        };
        Ok(u64::try_from(count).unwrap_or_default())
    }

    fn count_since(&self, counts: &Counts, store: i64, filter: &Filter) -> Result<i64> {
        let question = format!("{store} {} {:?} {}", filter.sql, filter.params, filter.without_deleted);
        let lock = || counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = lock().get(&question).cloned();
        // What is counted and what is remembered of it have to be of one moment.
        let tx = self.db().unchecked_transaction()?;
        let state = state(&tx, store)?;
        let known = before.filter(|before| {
            (before.state.generation, &before.state.others) == (state.generation, &state.others)
                && before.state.last <= state.last
        });
        let runs = match &known {
            Some(before) if before.state == state => return Ok(before.runs),
            Some(before) => before.runs + self.counted(&tx, filter, Some(before.state.last))?,
            None => self.counted(&tx, filter, None)?,
        };
        drop(tx);
        let mut counts = lock();
        if counts.len() >= MANY {
            counts.clear();
        }
        counts.insert(question, Counted { state, runs });
        Ok(runs)
    }

    /// Counts the runs, or those of the one store that is asked behind its row `since`.
    fn counted(&self, db: &Connection, filter: &Filter, since: Option<i64>) -> Result<i64> {
        let (mut params, table): (Vec<Value>, _) = (Vec::new(), table(&[&filter.sql]));
        let index = filter.sql.is_empty() && since.is_none();
        let mut sql = match since {
            None => format!("SELECT count(*) FROM {table} r WHERE {}", self.asked(index)),
            Some(since) => {
                // Few rows came since. By an index SQLite would look at all that match; and of two lower bounds it may take
                // the lower one.
                let hint = if table == "facts" { "NOT INDEXED" } else { "" };
                let (_, end) = projection::row_ids(self.store());
                format!("SELECT count(*) FROM {table} r {hint} WHERE r.seq > {since} AND r.seq < {end}")
            }
        };
        filter.push(&mut sql, &mut params, index);
        Ok(db.prepare(&sql)?.query_row(params_from_iter(params), |row| row.get(0))?)
    }
}

fn state(db: &Connection, store: i64) -> Result<State> {
    let (first, end) = projection::row_ids(store);
    let mut found = db.prepare_cached(
        "SELECT (SELECT generation FROM stores WHERE id = ?1), \
         (SELECT group_concat(id || coalesce(tip, '')) FROM (SELECT id, tip FROM stores WHERE id <> ?1 ORDER BY id)), \
         (SELECT max(seq) FROM facts WHERE seq >= ?2 AND seq < ?3)",
    )?;
    Ok(found.query_row([store, first, end], |row| {
        Ok(State {
            generation: row.get::<_, Option<i64>>(0)?.unwrap_or_default(),
            others: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            last: row.get::<_, Option<i64>>(2)?.unwrap_or_default(),
        })
    })?)
}
