//! What the front end of upstream's dashboard asks for beyond our own API, in its words.
//!
//! Where it asks for something that we have, too, the answer has the fields of both: the types here are flattened into
//! those of `api/`. The rest has routes of its own.

pub(in crate::studio) mod compare;
mod config;
pub(in crate::studio) mod remote;
pub(in crate::studio) mod results;
pub(in crate::studio) mod rows;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::super::site::Site;

pub(in crate::studio) use config::Config;

/// The routes that only upstream's front end asks for.
pub(in crate::studio) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/config", get(config::show).post(config::refuse))
}
