//! `overlay.json`: what people say about a run afterwards. The only thing that changes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Value of the overlay's `schema`.
pub const OVERLAY_SCHEMA: &str = "agentv.overlay.v1";

/// The overlay of a run. Keys that this version does not know survive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Overlay {
    /// Always `agentv.overlay.v1`.
    #[schemars(extend("const" = OVERLAY_SCHEMA))]
    pub schema: String,
    /// All tags of the run, those of the bundle included; absent while nobody changed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeSet<String>>,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Source commits that the run was linked to afterwards, each once, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Set while the run is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruned: Option<Pruned>,
    /// What a newer version wrote.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A link from a run to a source commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Link {
    /// The commit.
    pub commit: String,
    /// When it was linked; RFC 3339, UTC.
    pub at: String,
    /// The commit that was rewritten into this one, if that is why the run was linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What a newer version wrote.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// When a run was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Pruned {
    /// RFC 3339, UTC.
    pub at: String,
    /// Object id of the uncommitted changes that were kept with the run and left the tree with its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_diff: Option<String>,
    /// Only the files are gone: lists show the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub listed: bool,
    /// What a newer version wrote.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A change to a set of tags: `+name` or `-name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagEdit {
    /// Add a tag.
    Add(String),
    /// Take a tag away.
    Remove(String),
}

impl Default for Overlay {
    fn default() -> Self {
        Self {
            schema: OVERLAY_SCHEMA.into(),
            tags: None,
            note: None,
            links: Vec::new(),
            pruned: None,
            extra: Map::new(),
        }
    }
}

impl Overlay {
    /// The tags of a run whose bundle brought `bundled`.
    #[must_use]
    pub fn effective_tags(&self, bundled: &[String]) -> Vec<String> {
        self.tags.as_ref().map_or_else(|| bundled.to_vec(), |tags| tags.iter().cloned().collect())
    }

    /// Applies changes to the tags; says whether anything is different now.
    pub fn edit_tags(&mut self, bundled: &[String], edits: &[TagEdit]) -> bool {
        let before: BTreeSet<_> = self.effective_tags(bundled).into_iter().collect();
        let mut after = before.clone();
        for edit in edits {
            match edit {
                TagEdit::Add(tag) => after.insert(tag.clone()),
                TagEdit::Remove(tag) => after.remove(tag),
            };
        }
        let changed = after != before;
        if changed {
            self.tags = Some(after);
        }
        changed
    }

    /// Links a commit, in place of the one that was rewritten into it; says whether it was not linked before.
    pub fn link(&mut self, commit: &str, from: Option<&str>, at: &str) -> bool {
        self.links.retain(|link| Some(link.commit.as_str()) != from);
        let new = !self.is_linked(commit);
        if new {
            let from = from.map(str::to_owned);
            self.links.push(Link { commit: commit.to_owned(), at: at.to_owned(), from, extra: Map::new() });
        }
        new
    }

    /// Takes the link to a commit away; says whether there was one.
    pub fn unlink(&mut self, commit: &str) -> bool {
        let before = self.links.len();
        self.links.retain(|link| link.commit != commit);
        self.links.len() < before
    }

    /// Whether the run was linked to a commit.
    #[must_use]
    pub fn is_linked(&self, commit: &str) -> bool {
        self.links.iter().any(|link| link.commit == commit)
    }
}

impl std::str::FromStr for TagEdit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (add, name) = match text.as_bytes() {
            [b'-', ..] => (false, &text[1..]),
            [b'+', ..] => (true, &text[1..]),
            _ => (true, text),
        };
        if name.is_empty() {
            return Err("a tag needs a name: +name or -name".into());
        }
        if name.starts_with(['+', '-']) {
            return Err(format!("'{}' cannot be a tag: it must not begin with + or -", name.escape_debug()));
        }
        if name.chars().any(|c| c.is_whitespace() || c.is_control() || c == ',') {
            return Err(format!("'{}' cannot be a tag: no spaces, commas or control characters", name.escape_debug()));
        }
        Ok(if add { Self::Add(name.to_owned()) } else { Self::Remove(name.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::Overlay;

    #[test]
    fn a_commit_is_linked_once() {
        let mut overlay = Overlay::default();
        assert!(overlay.link("b", None, "then"));
        assert!(overlay.link("a", Some("c"), "later"));
        let before = overlay.clone();
        assert!(!overlay.link("b", Some("d"), "now"), "linking twice changes nothing");
        assert_eq!(overlay, before);
        let json = serde_json::to_value(&overlay).unwrap();
        let links = serde_json::json!([{"commit": "b", "at": "then"}, {"commit": "a", "at": "later", "from": "c"}]);
        assert_eq!(json["links"], links);
        assert!(overlay.unlink("b") && !overlay.unlink("b"));
        assert!(overlay.link("e", Some("a"), "now"), "it takes the place of the one that is gone");
        assert!(!overlay.is_linked("a"));
        assert!(overlay.unlink("e"));
        assert_eq!(overlay, Overlay::default(), "nothing is left of them");
    }
}
