//! The JSON API. What is documented is made from the types here, see `openapi.rs`.

pub(super) mod compare;
pub(super) mod edit;
pub(super) mod error;
pub(super) mod events;
pub(super) mod files;
pub(super) mod groups;
pub(super) mod openapi;
pub(super) mod projects;
pub(super) mod query;
pub(super) mod remote;
pub(super) mod run;
pub(super) mod runs;
pub(super) mod status;
pub(super) mod upstream;
pub(super) mod watch;

use error::Problem;

/// Of addresses below `/api` that do not exist.
pub(super) async fn nothing_there() -> Problem {
    Problem::not_found("there is nothing at this address").hint("/api/openapi.json tells what there is")
}
