//! What upstream's list of runs has beside our row.

use serde::Serialize;

use crate::index::projection::LOCAL;
use crate::run::Row;

/// A run in upstream's words.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Extra {
    /// What addresses call it: its id.
    filename: String,
    /// What people call it.
    display_name: String,
    /// Where it is in the tree of the runs.
    path: String,
    /// Cases that could not be judged; `errors`.
    execution_error_count: u64,
    /// `local`: it is in this repository.
    source: &'static str,
    /// Whether a remote has it, as of the last time somebody looked.
    on_remote: bool,
}

impl Extra {
    pub(in crate::studio) fn of(row: &Row, places: &[String]) -> Self {
        let id = row.id.as_str();
        Self {
            filename: id.to_owned(),
            display_name: row.run_id.clone(),
            path: format!("{}/{}", &id[..2], &id[2..]),
            execution_error_count: row.errors,
            source: "local",
            on_remote: places.iter().any(|place| place != LOCAL),
        }
    }
}
