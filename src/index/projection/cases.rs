//! The cases of the runs, read from their bundles when they are first asked for, and kept.

use rusqlite::{TransactionBehavior, params};

use crate::run::{CaseRow, RunStatus};
use crate::store::Store;

use super::{Projection, Result, StoreSet};

/// So many runs are read before what was found is kept.
const BATCH: usize = 1000;

impl Projection {
    /// Reads the cases of all runs that are asked for and were not read yet, of the stores that the projection was opened
    /// with. `progress` is told how many of how many are done. Returns how many runs could not be read; they are tried again next time.
    pub fn fill_cases(&mut self, sets: &[StoreSet<'_>], progress: &mut dyn FnMut(usize, usize)) -> Result<usize> {
        let (stores, mut unread) = (sets.iter().filter(|set| set.asked).flat_map(|set| &set.stores), 0);
        for (at, store) in stores.enumerate() {
            unread += self.fill_cases_of(at, store, progress)?;
        }
        Ok(unread)
    }

    /// Those of the store that was asked as number `at`.
    fn fill_cases_of(&mut self, at: usize, store: &Store<'_>, progress: &mut dyn FnMut(usize, usize)) -> Result<usize> {
        let waiting: Vec<(i64, String)> = {
            let mut found = self.db.prepare(&format!(
                "SELECT r.seq, r.tree FROM runs r WHERE {} AND r.seq NOT IN (SELECT seq FROM read_cases) AND r.status NOT IN (?1, ?2)",
                self.of_store(at)
            ))?;
            let word = |status| serde_json::to_value::<RunStatus>(status).unwrap_or_default();
            let (pruned, stripped) = (word(RunStatus::Pruned), word(RunStatus::Stripped));
            let rows =
                found.query_map(params![pruned.as_str(), stripped.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<std::result::Result<_, _>>()?
        };
        let mut unread = 0;
        for (batch, runs) in waiting.chunks(BATCH).enumerate() {
            let trees = runs.iter().filter_map(|(_, tree)| store.repo().parse_oid(tree)).collect::<Vec<_>>();
            if let Err(err) = store.fetch_cases(&trees) {
                // To try each run by itself would take as many tries to reach the remote.
                tracing::debug!(%err, "cases not fetched");
                return Ok(unread + waiting.len() - batch * BATCH);
            }
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (at, (seq, tree)) in runs.iter().enumerate() {
                progress(batch * BATCH + at, waiting.len());
                // Another process may have read it meanwhile.
                let mut is_read = tx.prepare_cached("SELECT 1 FROM read_cases WHERE seq = ?1")?;
                if is_read.exists([seq])? {
                    continue;
                }
                let Some(tree) = store.repo().parse_oid(tree) else { continue };
                match store.cases_here(&tree) {
                    Ok(cases) => {
                        tx.prepare_cached("INSERT INTO read_cases VALUES (?1)")?.execute([seq])?;
                        cases.iter().try_for_each(|case| insert(&tx, *seq, case))?;
                    }
                    Err(err) => {
                        tracing::debug!(%tree, %err, "cases not read");
                        unread += 1;
                    }
                }
            }
            tx.commit()?;
        }
        Ok(unread)
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
