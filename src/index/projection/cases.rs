//! The cases of the runs, read from their bundles when they are first asked for, and kept.

use rusqlite::{TransactionBehavior, params};

use crate::run::{CaseRow, RunStatus};
use crate::store::Store;

use super::{Projection, Result};

/// So many runs are read before what was found is kept.
const BATCH: usize = 1000;

impl Projection {
    /// Reads the cases of all runs of the store that were not read yet. `progress` is told how many of how many are done.
    pub fn fill_cases(&mut self, store: &Store<'_>, progress: &mut dyn FnMut(usize, usize)) -> Result<()> {
        let waiting: Vec<(i64, String)> = {
            let mut found = self.db.prepare(
                "SELECT seq, tree FROM runs WHERE store = ?1 AND seq NOT IN (SELECT seq FROM read_cases) AND status <> ?2",
            )?;
            let pruned = serde_json::to_value(RunStatus::Pruned).unwrap_or_default();
            let rows = found.query_map(params![self.store, pruned.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<std::result::Result<_, _>>()?
        };
        for (batch, runs) in waiting.chunks(BATCH).enumerate() {
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (at, (seq, tree)) in runs.iter().enumerate() {
                progress(batch * BATCH + at, waiting.len());
                // Another process may have read it meanwhile.
                if tx.prepare_cached("INSERT OR IGNORE INTO read_cases VALUES (?1)")?.execute([seq])? == 0 {
                    continue;
                }
                let cases = store.repo().parse_oid(tree).map(|tree| store.open(&tree)?.cases()).transpose();
                // A run whose files can't be read has no cases that anybody could ask for.
                for case in cases.ok().flatten().unwrap_or_default() {
                    insert(&tx, *seq, &case)?;
                }
            }
            tx.commit()?;
        }
        Ok(())
    }
}

fn insert(db: &rusqlite::Connection, seq: i64, case: &CaseRow) -> Result<()> {
    db.prepare_cached("INSERT INTO cases VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(params![
        seq,
        case.key,
        case.suite,
        case.status.as_str(),
        case.score,
        case.duration_ms,
        case.cost_usd,
        case.target,
    ])?;
    Ok(())
}
