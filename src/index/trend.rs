//! Runs, and one case, in the course of time.

use std::fmt::Write;

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use super::Filter;
use super::projection::{Projection, Result};

/// A run in the course of time.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendPoint {
    /// Its id.
    pub id: String,
    /// When it began, in milliseconds since 1970; when it was recorded, where that is unknown.
    pub at: i64,
    /// What was tried.
    pub experiment: Option<String>,
    /// The agents under test.
    pub target: Option<String>,
    /// The source commit.
    pub sha: Option<String>,
    /// Cases that passed, and all of them.
    pub passed: (i64, i64),
    /// Passed of those that were judged, a fraction.
    pub pass_rate: Option<f64>,
    /// Mean score.
    pub avg_score: Option<f64>,
}

/// A case of a run in the course of time.
#[derive(Debug, Clone, PartialEq)]
pub struct CasePoint {
    /// The run. Rate and score are of the whole run; the target is that of the case, where it has one.
    pub run: TrendPoint,
    /// The suite that it belongs to.
    pub suite: Option<String>,
    /// How it ended: `pass`, `fail`, `error`, `skip`, `timeout`, `cancelled`.
    pub status: String,
    /// Its score.
    pub score: Option<f64>,
    /// Milliseconds.
    pub duration_ms: Option<f64>,
}

const OF_RUN: &str = "r.id, coalesce(r.timestamp, r.recorded * 1000), r.experiment, r.target, r.sha, r.passed, r.test_count, \
                      r.pass_rate, r.avg_score";

impl Projection {
    /// The runs of `filter` that were recorded last, at most `limit`; the oldest first.
    pub fn trend(&self, filter: &Filter, limit: usize) -> Result<Vec<TrendPoint>> {
        let mut params: Vec<Value> = Vec::new();
        let mut sql = format!("SELECT {OF_RUN} FROM runs r WHERE {}", self.asked(true));
        filter.push(&mut sql, &mut params, true);
        let _ = write!(sql, " ORDER BY r.recorded DESC, r.timestamp DESC, r.id DESC LIMIT {limit}");
        let mut found = self.db().prepare(&sql)?;
        let points = found.query_map(params_from_iter(params), point)?;
        let mut points = points.collect::<std::result::Result<Vec<_>, _>>()?;
        points.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(points)
    }

    /// The case `key` in the runs of `filter`, at most `limit` of the last; the oldest first. Cases that were not read are not
    /// found ([`Projection::fill_cases`]).
    pub fn history(&self, filter: &Filter, key: &str, limit: usize) -> Result<Vec<CasePoint>> {
        // There is an index of the first condition; the second is what is meant.
        let mut params: Vec<Value> = vec![key.to_owned().into(), key.to_owned().into()];
        let mut sql = format!(
            "SELECT {OF_RUN}, c.suite, c.status, c.score, c.duration_ms, c.target FROM cases c JOIN runs r ON r.seq = c.seq \
             WHERE c.key = ? COLLATE NOCASE AND c.key = ? AND {}",
            self.asked(false)
        );
        filter.push(&mut sql, &mut params, false);
        let _ = write!(sql, " ORDER BY r.recorded DESC, r.timestamp DESC, r.id DESC LIMIT {limit}");
        let mut found = self.db().prepare(&sql)?;
        let points = found.query_map(params_from_iter(params), |row| {
            let mut run = point(row)?;
            run.target = row.get::<_, Option<String>>(13)?.or(run.target);
            Ok(CasePoint {
                run,
                suite: row.get(9)?,
                status: row.get(10)?,
                score: row.get(11)?,
                duration_ms: row.get(12)?,
            })
        })?;
        let mut points = points.collect::<std::result::Result<Vec<_>, _>>()?;
        points.sort_by(|a, b| (a.run.at, &a.run.id).cmp(&(b.run.at, &b.run.id)));
        Ok(points)
    }
}

fn point(row: &Row<'_>) -> rusqlite::Result<TrendPoint> {
    Ok(TrendPoint {
        id: row.get(0)?,
        at: row.get(1)?,
        experiment: row.get(2)?,
        target: row.get(3)?,
        sha: row.get(4)?,
        passed: (row.get(5)?, row.get(6)?),
        pass_rate: row.get(7)?,
        avg_score: row.get(8)?,
    })
}
