//! Run ids.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What is hashed first, so that no other use of SHA-256 gives the same id.
const DOMAIN: &str = "agentv.run.id.v1";
/// How many hex digits we write.
const LEN: usize = 16;

/// The id of a run: 16 lowercase hex digits. Readers accept 8 to 64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9a-f]{8,64}$"))]
pub struct RunId(String);

/// Text that is no run id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a run id: 8 to 64 lowercase hex digits")]
pub struct InvalidId(String);

impl RunId {
    /// The id of the run whose bundle calls itself `run_id`, started at
    /// `started`, and consists of the files in the git tree `artifacts` (hex).
    /// The same bundle always gets the same id, so recording it twice is a no-op.
    #[must_use]
    pub fn new(run_id: &str, started: Option<Timestamp>, artifacts: &str) -> Self {
        let started = started.map(super::format_time).unwrap_or_default();
        let mut digest = Self::digest(run_id, &started, artifacts);
        digest.truncate(LEN);
        Self(digest)
    }

    /// Whether this is the id of such a run: a head of its digest, of whatever length. `started` is as the manifest has it.
    #[must_use]
    pub fn is_of(&self, run_id: &str, started: Option<&str>, artifacts: &str) -> bool {
        Self::digest(run_id, started.unwrap_or_default(), artifacts).starts_with(&self.0)
    }

    /// All 64 digits.
    fn digest(run_id: &str, started: &str, artifacts: &str) -> String {
        use fmt::Write;
        let mut hasher = Sha256::new();
        for part in [DOMAIN, run_id, started, artifacts] {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Names of the two directories that lead to the run: `3f` and `9c1a2b7d4e5f60`.
    #[must_use]
    pub fn shard(&self) -> (&str, &str) {
        self.0.split_at(2)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Borrow<str> for RunId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for RunId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex && (8..=64).contains(&text.len()) { Ok(Self(text)) } else { Err(InvalidId(text)) }
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::RunId;

    #[test]
    fn depends_on_each_part_and_nothing_else() {
        let start = "2026-07-04T03:53:57.344Z".parse().ok();
        let id = RunId::new("a", start, "t");
        assert_eq!(id, RunId::new("a", start, "t"));
        assert_eq!(id.as_str().len(), 16);
        // A second implementation must come to the same (docs/format.md has this example).
        assert_eq!(
            RunId::new("2026-07-04T03-53-57-344Z", start, "4b825dc642cb6eb9a060e54bf8d69288fbee4904").as_str(),
            "0596901fa0433946"
        );
        assert!(id.is_of("a", Some("2026-07-04T03:53:57.344Z"), "t") && !id.is_of("a", None, "t"));
        let long: RunId = RunId::digest("a", "", "t").parse().unwrap();
        assert!(long.is_of("a", None, "t") && !long.is_of("a", None, "u"), "a later version may write more digits");
        for other in [
            RunId::new("b", start, "t"),
            RunId::new("a", None, "t"),
            RunId::new("a", start, "u"),
            RunId::new("at", start, ""),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn reads_8_to_64_lowercase_digits() {
        assert!("0123abcd".parse::<RunId>().is_ok());
        for bad in ["0123abc", "0123ABCD", "0123abcg", &"a".repeat(65), ""] {
            assert!(bad.parse::<RunId>().is_err(), "{bad}");
        }
    }
}
