//! `GET /api/query`: what a search box asks while somebody types.

use axum::response::Response;
use jiff::Zoned;
use serde::{Deserialize, Serialize};

use crate::index::query::Query;

use super::super::asked::{Asked, Params};
use super::super::site::Lane;
use super::error::Problem;

/// An unfinished query.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct QueryParams {
    q: Option<String>,
}

/// What is known of a query.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct QueryCheck {
    /// What is wrong with it as it is; absent if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    /// Words that could stand in place of its last one.
    completions: Vec<String>,
}

/// `GET /api/query`
pub(in crate::studio) async fn check(asked: Asked, Params(params): Params<QueryParams>) -> Response {
    let text = params.q.unwrap_or_default();
    let work = move |_: &mut _| {
        let problem = Query::parse(&text, &Zoned::now()).err().map(|err| Problem::query(&err, &text));
        Ok(QueryCheck { problem, completions: Query::completions(&text) })
    };
    asked.json(Lane::Rows, work).await
}
