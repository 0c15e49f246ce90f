//! What upstream's front end can start: evals. Here nothing is started, so there is nothing to choose from.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::super::super::asked::Asked;
use super::super::super::site::Lane;
use super::super::error::Problem;

/// `GET /api/eval/discover`
pub(super) async fn discover(asked: Asked) -> Response {
    asked.json(Lane::Rows, |_| Ok(json!({"eval_files": []}))).await
}

/// `GET /api/eval/targets`
pub(super) async fn targets(asked: Asked) -> Response {
    asked.json(Lane::Rows, |_| Ok(json!({"targets": []}))).await
}

/// `GET /api/eval/runs`
pub(super) async fn runs(asked: Asked) -> Response {
    asked.json(Lane::Rows, |_| Ok(json!({"runs": []}))).await
}

/// Everything that would start or stop an eval, or change what is configured.
pub(super) async fn refuse() -> Problem {
    Problem::new(StatusCode::NOT_IMPLEMENTED, "unavailable", "evals can't be started here")
        .hint("'git agentv run -- COMMAND' runs one and records it")
}
