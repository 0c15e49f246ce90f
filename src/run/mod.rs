//! What a run is: its id, its manifest, what people say about it, its one-line
//! row, its cases, and the readers that get all this out of the bundles which
//! eval tools write. Knows files, knows nothing of git.

mod bundle;
mod case;
mod closeness;
mod detail;
mod dir;
pub mod formats;
mod id;
mod json;
mod manifest;
mod name;
mod overlay;
mod row;
mod row_id;
mod tally;
mod text;
pub mod transcript;

pub use bundle::{BundleError, Files};
pub use case::{CaseRow, Fault, Status};
pub use closeness::Closeness;
pub use detail::{Assertion, CaseDetail, CaseFile, Grader};
pub use dir::{Below, Content, DirBundle, ScannedFile, Skipped, find_bundles, look_below};
pub use formats::{Facts, Format};
pub use id::{InvalidId, RunId};
pub use json::canonical;
pub use manifest::{Counts, FilesDigest, Host, How, MANIFEST_SCHEMA, Manifest, Scores, Source, Tokens};
pub use name::is_valid_name;
pub use overlay::{Link, OVERLAY_SCHEMA, Overlay, Pruned, TagEdit};
pub use row::{Row, RunStatus};
pub use row_id::place_of_row;
pub use tally::Tally;
pub use text::is_unsafe;

/// A moment as everything here writes it: RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn format_time(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
