//! The query language, against its specification and a real database.

use git_agentv::index::query::{Error, Query};
use jiff::Zoned;

mod database;
mod docs;
mod props;
mod rows;
mod sql;
mod wrong;

/// A Wednesday, in a zone with summer time.
fn now() -> Zoned {
    "2026-07-15T14:30:00+02:00[Europe/Berlin]".parse().unwrap()
}

fn parse(text: &str) -> Result<Query, Error> {
    Query::parse(text, &now())
}
