//! What the runs that have something in common come to together.

use rusqlite::params_from_iter;
use rusqlite::types::Value;
use serde::Serialize;

use super::Filter;
use super::projection::{Projection, Result};

/// What runs are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TotalsBy {
    /// What was tried.
    Experiment,
    /// The agents under test, as the row names them.
    Target,
}

/// The runs of an experiment or a target, together.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Totals {
    /// The experiment or the target; absent for runs of which it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many runs.
    pub run_count: u64,
    /// How many targets of an experiment, or experiments of a target, they are about.
    pub other_count: u64,
    /// Cases of all of them.
    pub eval_count: u64,
    /// Cases that passed.
    pub passed_count: u64,
    /// Cases that could not be judged.
    pub execution_error_count: u64,
    /// When the last one began, in milliseconds since 1970; when it was recorded, where that is unknown.
    pub last: i64,
}

impl Projection {
    /// The runs of `filter`, put together; the one with the newest run first.
    pub fn totals(&self, filter: &Filter, by: TotalsBy) -> Result<Vec<Totals>> {
        let (key, other) = match by {
            TotalsBy::Experiment => ("r.experiment", "r.target"),
            TotalsBy::Target => ("r.target", "r.experiment"),
        };
        let (mut params, asked): (Vec<Value>, _) = (Vec::new(), self.asked(false));
        let table = super::page::table(&[&filter.sql]);
        let mut sql = format!(
            "SELECT {key}, count(*), count(DISTINCT {other}), sum(r.test_count), sum(r.passed), sum(r.errors), \
             max(coalesce(r.timestamp, r.recorded * 1000)) AS last FROM {table} r WHERE {asked}"
        );
        filter.push(&mut sql, &mut params, false);
        sql.push_str(" GROUP BY 1 ORDER BY last DESC, 1");
        let mut found = self.db().prepare_cached(&sql)?;
        let count = |n: i64| u64::try_from(n).unwrap_or_default();
        let totals = found.query_map(params_from_iter(params), |row| {
            Ok(Totals {
                name: row.get(0)?,
                run_count: count(row.get(1)?),
                other_count: count(row.get(2)?),
                eval_count: count(row.get(3)?),
                passed_count: count(row.get(4)?),
                execution_error_count: count(row.get(5)?),
                last: row.get(6)?,
            })
        })?;
        Ok(totals.collect::<std::result::Result<_, _>>()?)
    }
}
