//! Upstream's comments on cases, which it keeps in a file of the working tree. Here runs have notes.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::super::super::asked::Asked;
use super::super::super::site::Lane;
use super::super::error::Problem;

/// `GET /api/feedback`
pub(super) async fn list(asked: Asked) -> Response {
    asked.json(Lane::Rows, |_| Ok(json!({"reviews": []}))).await
}

/// `POST /api/feedback`
pub(super) async fn refuse() -> Problem {
    Problem::new(StatusCode::NOT_IMPLEMENTED, "unavailable", "comments on cases can't be kept here")
        .hint("'git agentv note RUN' writes a note on the run")
}
