//! `GET /api/index`: the runs in short.

use axum::response::Response;
use serde::Serialize;

use crate::index::{Ask, Filter};

use super::super::super::asked::Asked;
use super::super::super::project::Desk;
use super::super::super::site::Lane;
use super::super::error::Problem;

/// So many of the newest runs.
const RUNS: usize = 1000;

#[derive(Debug, Serialize)]
struct Index {
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    run_filename: String,
    display_name: String,
    test_count: u64,
    pass_rate: f64,
    avg_score: f64,
    execution_error_count: u64,
    total_cost_usd: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
}

/// `GET /api/index`
pub(super) async fn show(asked: Asked) -> Response {
    let work = |desk: &mut Desk| -> Result<Index, Problem> {
        let (_, projection) = desk.rows()?;
        let ask = Ask { filter: Filter::all(false), limit: Some(RUNS), ..Ask::default() };
        let entry = |(row, _): (crate::run::Row, i64)| Entry {
            run_filename: row.id.to_string(),
            display_name: row.run_id,
            test_count: row.test_count,
            pass_rate: row.pass_rate.unwrap_or_default(),
            avg_score: row.avg_score.unwrap_or_default(),
            execution_error_count: row.errors,
            total_cost_usd: row.cost_usd.unwrap_or_default(),
            timestamp: row.timestamp,
        };
        Ok(Index { entries: projection.page(&ask)??.runs.into_iter().map(entry).collect() })
    };
    asked.json(Lane::Rows, work).await
}
