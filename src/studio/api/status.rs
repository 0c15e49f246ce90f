//! `GET /api/status`: what is served.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use crate::index::Filter;
use crate::run::format_time;
use crate::store::InProgress;

use super::super::asked::Asked;
use super::super::project::Desk;
use super::super::site::Lane;
use super::error::Problem;

/// What is served.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct StatusDocument {
    /// The version of the program.
    version: &'static str,
    /// The project, as addresses name it.
    project: String,
    /// The project, as people name it.
    name: String,
    /// The ref that holds the runs.
    #[serde(rename = "ref")]
    reference: String,
    /// The commit that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    tip: Option<String>,
    /// How many runs there are.
    runs: u64,
    /// How many were deleted.
    deleted: u64,
    /// Evals that are running in this working tree.
    in_progress: Vec<InProgress>,
    /// Whether every change is refused.
    read_only: bool,
    /// What time it is for the server; RFC 3339, UTC.
    now: String,
}

/// `GET /api/status`
pub(in crate::studio) async fn show(asked: Asked) -> Response {
    let (site, project) = (std::sync::Arc::clone(&asked.site), std::sync::Arc::clone(&asked.project));
    let work = move |desk: &mut Desk| -> Result<StatusDocument, Problem> {
        let (store, projection) = desk.rows()?;
        let runs = projection.count(&Filter::all(false))?;
        Ok(StatusDocument {
            version: env!("CARGO_PKG_VERSION"),
            project: project.id.clone(),
            name: project.title.clone(),
            reference: store.name().to_owned(),
            tip: store.tip_id()?.map(|tip| tip.to_string()),
            runs,
            deleted: projection.count(&Filter::all(true))? - runs,
            in_progress: project.watch.in_progress(&store),
            read_only: site.read_only,
            now: format_time(Timestamp::now()),
        })
    };
    asked.json(Lane::Rows, work).await
}
