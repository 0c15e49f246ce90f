//! What the front end of upstream's dashboard asks for beyond our own API, in its words.
//!
//! Where it asks for something that we have, too, the answer has the fields of both: the types here are flattened into
//! those of `api/`. The rest has routes of its own.

pub(in crate::studio) mod compare;
mod config;
mod evals;
mod feedback;
mod index;
pub(in crate::studio) mod remote;
pub(in crate::studio) mod results;
pub(in crate::studio) mod rows;
mod start;
mod suites;
mod tags;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post, put};

use super::super::site::Site;

pub(in crate::studio) use config::Config;

/// The routes that only upstream's front end asks for.
pub(in crate::studio) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/config", get(config::show).post(config::refuse))
        .route("/index", get(index::show))
        .route("/feedback", get(feedback::list).post(feedback::refuse))
        .route("/runs/{run}/tags", put(tags::replace).delete(tags::clear))
        .route("/runs/{run}/log", get(evals::log))
        .route("/runs/{run}/suites", get(suites::suites))
        .route("/runs/{run}/categories", get(suites::categories))
        .route("/runs/{run}/categories/{category}/suites", get(suites::suites_of))
        .route("/runs/{run}/evals/{case}", get(evals::show))
        .route("/runs/{run}/evals/{case}/files", get(evals::list))
        .route("/runs/{run}/evals/{case}/files/{*path}", get(evals::content))
        .route("/runs/{run}/evals/{case}/transcript", get(evals::transcript))
        .route("/eval/discover", get(start::discover))
        .route("/eval/targets", get(start::targets))
        .route("/eval/runs", get(start::runs))
        .route("/eval/{*what}", any(start::refuse))
        .route("/runs/combine", post(start::refuse))
}
