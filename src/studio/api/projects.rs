//! `GET /api/projects`: the repositories that are served.

use axum::response::Response;
use serde::Serialize;

use super::super::asked::Asked;
use super::super::site::Lane;

/// The repositories that are served.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Projects {
    /// The first one is that of addresses without a project.
    projects: Vec<ProjectItem>,
}

/// A repository.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct ProjectItem {
    /// What it is called in addresses.
    id: String,
    /// What it is called for people.
    name: String,
}

/// `GET /api/projects`
pub(in crate::studio) async fn list(asked: Asked) -> Response {
    let projects =
        asked.site.projects.iter().map(|project| ProjectItem { id: project.id.clone(), name: project.title.clone() });
    let projects = Projects { projects: projects.collect() };
    asked.json(Lane::Rows, move |_| Ok(projects)).await
}
