//! The table of all addresses. Every address of the API is there twice: of the first project, and below
//! `/api/projects/{project}`; so is every page, below `/p/{project}`.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::site::Site;
use super::{api, assets, guard, pages, ui};

/// Bytes of what a change may say.
const MAX_BODY: usize = 256 << 10;

/// Everything that is served.
pub(super) fn router(site: &Arc<Site>) -> Router {
    let router = Router::new()
        .nest(
            "/api",
            api().route("/projects", get(api::projects::list)).route("/openapi.json", get(api::openapi::show)),
        )
        .nest("/api/projects/{project}", api())
        // Whatever else is asked of the API gets JSON, too.
        .route("/api/{*rest}", axum::routing::any(api::nothing_there));
    let router = if site.ui.is_some() {
        router.route("/-/{asset}", get(assets::serve)).fallback(ui::serve)
    } else {
        router
            .merge(pages())
            .nest("/p/{project}", pages())
            // A nest does not take its own root with a slash.
            .route("/p/{project}/", get(pages::runs::show))
            .route("/-/{asset}", get(assets::serve))
            .fallback(pages::error::nothing_there)
    };
    router
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(site), guard::guard))
        .with_state(Arc::clone(site))
}

fn api() -> Router<Arc<Site>> {
    Router::new()
        .route("/runs", get(api::runs::list))
        .route("/runs/{run}", get(api::run::show).delete(api::edit::delete))
        .route("/runs/{run}/cases", get(api::run::cases))
        .route("/runs/{run}/case", get(api::run::case))
        .route("/runs/{run}/files", get(api::files::list))
        .route("/runs/{run}/files/{*path}", get(api::files::content))
        .route("/runs/{run}/tags", post(api::edit::tags))
        .route("/runs/{run}/note", post(api::edit::note))
        .route("/runs/{run}/restore", post(api::edit::restore))
        .route("/tags", post(api::edit::tags_of_many))
        .route("/experiments", get(api::groups::experiments))
        .route("/targets", get(api::groups::targets))
        .route("/groups", get(api::groups::list))
        .route("/compare", get(api::compare::show))
        .route("/query", get(api::query::check))
        .route("/status", get(api::status::show))
        .route("/remote/status", get(api::remote::status))
        .route("/remote/sync", post(api::remote::sync))
        .route("/events", get(api::events::stream))
        .merge(api::upstream::routes())
}

fn pages() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(pages::runs::show))
        .route("/rows", get(pages::rows::show))
        .route("/runs/{run}", get(pages::run::show))
        .route("/runs/{run}/against", get(pages::compare::against))
        .route("/runs/{run}/case/{case}", get(pages::case::show))
        .route("/runs/{run}/changes", get(pages::file::changes))
        .route("/runs/{run}/files", get(pages::file::top))
        .route("/runs/{run}/files/{*path}", get(pages::file::show))
        .route("/runs/{run}/search", get(pages::search::show))
        .route("/compare", get(pages::compare::show))
        .route("/trends", get(pages::trends::show))
        .route("/sync", get(pages::sync::show))
}
