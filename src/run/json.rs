//! JSON that is the same on every machine.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::BundleError;

/// The one form in which we store a document: sorted keys, two spaces, a final newline.
///
/// # Panics
///
/// Never for the documents of this crate: their keys are strings and their numbers finite.
#[must_use]
pub fn canonical<T: Serialize>(document: &T) -> String {
    // Going through a `Value` sorts the keys: its map is a BTreeMap.
    let value = serde_json::to_value(document).expect("documents are plain data");
    let mut text = serde_json::to_string_pretty(&value).expect("a value can be printed");
    text.push('\n');
    text
}

/// Reads JSON from the file `path` of a bundle; an error says where it broke.
pub(super) fn parse<T: DeserializeOwned>(path: &str, line_offset: usize, bytes: &[u8]) -> Result<T, BundleError> {
    serde_json::from_slice(bytes).map_err(|err| BundleError::Malformed {
        path: path.to_owned(),
        line: line_offset + err.line(),
        column: err.column(),
        reason: reason(&err),
    })
}

/// The error without the position that serde_json appends: we say it in our own words.
fn reason(err: &serde_json::Error) -> String {
    let text = err.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(head, _)| head.to_owned())
}
