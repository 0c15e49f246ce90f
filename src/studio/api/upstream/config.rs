//! `GET /api/config`: what upstream's front end is set to.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::super::super::asked::Asked;
use super::super::super::site::Lane;
use super::super::error::Problem;

/// From this score on upstream counts a case as passed where it has no verdict.
const THRESHOLD: f64 = 0.8;

/// What the front end is set to.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Config {
    threshold: f64,
    app_name: &'static str,
    read_only: bool,
    project_name: String,
    project_dashboard: bool,
}

/// `GET /api/config`
pub(in crate::studio) async fn show(asked: Asked) -> Response {
    let config = Config {
        threshold: THRESHOLD,
        app_name: "git agentv",
        read_only: asked.site.read_only,
        project_name: asked.project.title.clone(),
        project_dashboard: false,
    };
    asked.json(Lane::Rows, move |_| Ok(config)).await
}

/// `POST /api/config`
pub(in crate::studio) async fn refuse() -> Problem {
    Problem::new(StatusCode::NOT_IMPLEMENTED, "unavailable", "settings can't be changed here")
        .hint("'git config agentv.*' holds them")
}
