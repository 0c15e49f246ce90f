//! Merging what people said about one run, field by field.
//!
//! A field is whatever can be changed alone: the note, one tag, one link, being deleted, one key of a newer
//! version. If both histories have the same value it stays. If only one of them changed the field, that one's
//! holds. If both did, the newest change holds (docs/format.md, section 8). Each is a register of which the last write wins, so the order of
//! merges does not matter.

use std::collections::BTreeMap;

use crate::git::Oid;
use crate::run::{Link, Manifest, Overlay};

use super::sides::Side;

/// All that is said of a run: fields and their values as JSON. What is absent has no value.
pub(super) type Fields = BTreeMap<(Field, String), String>;

/// What a field is about; its second part is a tag, a commit or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Field {
    Note,
    Pruned,
    Tag,
    Link,
    Extra,
}

/// A change of a run: what was said before and after it.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) at: (i64, Oid),
    pub(super) before: Fields,
    pub(super) after: Fields,
}

/// Takes an overlay apart. `manifest` brings the tags that hold while nobody changed them.
pub(super) fn fields(overlay: &Overlay, manifest: &Manifest) -> Fields {
    let json = |value: serde_json::Result<String>| value.unwrap_or_default();
    let mut fields = Fields::new();
    if let Some(note) = &overlay.note {
        fields.insert((Field::Note, String::new()), note.clone());
    }
    if let Some(pruned) = &overlay.pruned {
        fields.insert((Field::Pruned, String::new()), json(serde_json::to_string(pruned)));
    }
    for tag in overlay.effective_tags(&manifest.tags) {
        fields.insert((Field::Tag, tag), String::new());
    }
    for link in &overlay.links {
        fields.insert((Field::Link, link.commit.clone()), json(serde_json::to_string(link)));
    }
    for (key, value) in &overlay.extra {
        fields.insert((Field::Extra, key.clone()), value.to_string());
    }
    fields
}

/// Puts an overlay together. Links are in the order in which they were made.
pub(super) fn overlay(fields: &Fields, manifest: &Manifest) -> Overlay {
    let mut overlay = Overlay::default();
    let mut tags = std::collections::BTreeSet::new();
    for ((field, name), value) in fields {
        match field {
            Field::Note => overlay.note = Some(value.clone()),
            Field::Pruned => overlay.pruned = serde_json::from_str(value).ok(),
            Field::Tag => drop(tags.insert(name.clone())),
            Field::Link => overlay.links.extend(serde_json::from_str::<Link>(value)),
            Field::Extra => {
                let value = serde_json::from_str(value).unwrap_or_default();
                overlay.extra.insert(name.clone(), value);
            }
        }
    }
    overlay.links.sort_by(|a, b| (&a.at, &a.commit).cmp(&(&b.at, &b.commit)));
    overlay.tags = (tags != manifest.tags.iter().cloned().collect()).then_some(tags);
    overlay
}

/// Merges what two histories say of a run, given what only one of them did.
pub(super) fn merge(ours: (&Fields, &[Change], &Side<'_>), theirs: (&Fields, &[Change], &Side<'_>)) -> Fields {
    let mut merged = Fields::new();
    let names: std::collections::BTreeSet<_> = ours.0.keys().chain(theirs.0.keys()).collect();
    for name in names {
        let (a, b) = (ours.0.get(name), theirs.0.get(name));
        let value = if a == b {
            a
        } else {
            match (last(name, ours.1, ours.2), last(name, theirs.1, theirs.2)) {
                (Some(_), None) => a,
                (None, Some(_)) => b,
                (Some(one), Some(other)) => {
                    // Not the commits' ids: a compaction changes these.
                    let rank = |change: &Change| (change.at.0, change.after.get(name).cloned());
                    if rank(one) > rank(other) { one } else { other }.after.get(name)
                }
                // Nobody changed it, so it can't be different; where history is cut off it may seem so.
                (None, None) => a.max(b),
            }
        };
        merged.extend(value.map(|value| (name.clone(), value.clone())));
    }
    merged
}

/// The last change of a field on one side.
fn last<'c>(name: &(Field, String), changes: &'c [Change], side: &Side<'_>) -> Option<&'c Change> {
    let of_it: Vec<_> = changes.iter().filter(|change| change.before.get(name) != change.after.get(name)).collect();
    let newest = of_it.iter().map(|change| change.at.0).max()?;
    let newest: Vec<_> = of_it.into_iter().filter(|change| change.at.0 == newest).collect();
    // Dates are seconds. Within one, a commit is newer than its ancestors.
    let is_last = |one: &&Change| !newest.iter().any(|other| side.is_ancestor(&one.at.1, &other.at.1));
    newest.iter().copied().filter(is_last).max_by_key(|change| change.after.get(name))
}
