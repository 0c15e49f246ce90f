//! Where a page of a list ended: an opaque word that the next page is asked for with.

use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

/// The last row's place in the order. Runs that arrive meanwhile neither shift nor repeat what follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// What was asked, so that a cursor is not used with another question.
    #[serde(rename = "q")]
    pub(super) question: u64,
    /// The values that the row is sorted by, in the order of the sorting.
    #[serde(rename = "k")]
    pub(super) keys: Vec<Key>,
}

/// A value that rows are sorted by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Key {
    /// A whole number.
    Whole(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
    /// Unknown.
    Null,
}

/// The word is no cursor of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCursor {
    /// It is no cursor at all.
    #[error("that is no cursor")]
    Nonsense,
    /// It is from another query or order.
    #[error("that cursor is from another query or another order")]
    Foreign,
}

impl Cursor {
    /// The word.
    pub(super) fn encode(&self) -> String {
        use std::fmt::Write;
        let json = serde_json::to_string(self).unwrap_or_default();
        json.bytes().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The cursor of a word that was given out for the same question.
    pub(super) fn decode(word: &str, question: u64, keys: usize) -> Result<Self, BadCursor> {
        let digits = word.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
        let bytes: Option<Vec<u8>> = digits
            .map(|pair| pair.filter(|pair| pair.len() == 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        let cursor: Self = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(BadCursor::Nonsense)?;
        if cursor.question == question && cursor.keys.len() == keys { Ok(cursor) } else { Err(BadCursor::Foreign) }
    }
}

impl From<Value> for Key {
    fn from(value: Value) -> Self {
        match value {
            Value::Integer(n) => Self::Whole(n),
            Value::Real(n) => Self::Real(n),
            Value::Text(text) => Self::Text(text),
            Value::Null | Value::Blob(_) => Self::Null,
        }
    }
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Whole(n) => Self::Integer(n),
            Key::Real(n) => Self::Real(n),
            Key::Text(text) => Self::Text(text),
            Key::Null => Self::Null,
        }
    }
}

/// A number that is the same for the same question, in every process (FNV-1a, Fowler, Noll and Vo).
pub(super) fn fingerprint(parts: &[String]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    // JSON numbers are exact to 53 bits only in some readers.
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)) >> 12
}
