//! Checking the files of a run: all are here, and those in parts fit together.

use serde_json::Value;

use crate::git::{EntryKind, Kind, Oid};
use crate::run::{canonical, is_valid_name};
use crate::store::parts;

use super::objects::{Lack, Objects};
use super::problem;

/// What is wrong with the files of a run.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// How many there are; none if not all trees are here.
    pub(super) count: Option<usize>,
    pub(super) wrong: Vec<(problem::Kind, String)>,
}

/// Looks at all files below the tree `id`; `split` names those in parts.
pub(super) fn look(objects: &Objects<'_>, id: &Oid, split: &[String]) -> Files {
    let mut files = Files::default();
    let mut in_parts = 0;
    let complete = walk(objects, id, &mut Vec::new(), split, &mut files, &mut in_parts);
    files.count = files.count.filter(|_| complete);
    if complete && in_parts < split.len() {
        let text = format!("run.json says that {} files are in parts, {in_parts} are there", split.len());
        files.wrong.push((problem::Kind::Parts, text));
    }
    files
}

/// Returns whether all trees are here.
fn walk(
    objects: &Objects<'_>,
    id: &Oid,
    prefix: &mut Vec<u8>,
    split: &[String],
    files: &mut Files,
    in_parts: &mut usize,
) -> bool {
    let tree = match objects.tree(id) {
        Ok(tree) => tree,
        Err(lack) => {
            files.lack(&path(prefix), lack);
            return false;
        }
    };
    // A tree that other runs share was found whole with them. Its files are counted all the same.
    let (known, before, mut complete) = (objects.is_known_whole(id), files.wrong.len(), true);
    let lacking = objects.not_fetched();
    for entry in tree.entries() {
        let length = prefix.len();
        prefix.extend_from_slice(&entry.name);
        let is_split = entry.kind == EntryKind::Dir && split.iter().any(|path| path.as_bytes() == prefix.as_slice());
        if !is_valid_name(&entry.name) {
            files.wrong.push((problem::Kind::Shape, format!("{} has a name that git refuses", path(prefix))));
        }
        match entry.kind {
            EntryKind::Dir if is_split => {
                *in_parts += 1;
                files.count = Some(files.count.unwrap_or(0) + 1);
                match whole(objects, &entry.id) {
                    Ok(None) => {}
                    Ok(Some(reason)) => {
                        files.wrong.push((problem::Kind::Parts, format!("{}: {reason}", path(prefix))));
                    }
                    Err(lack) => files.lack(&path(prefix), lack),
                }
            }
            EntryKind::Dir => {
                prefix.push(b'/');
                complete &= walk(objects, &entry.id, prefix, split, files, in_parts);
            }
            EntryKind::File | EntryKind::Executable => {
                files.count = Some(files.count.unwrap_or(0) + 1);
                if !known && let Err(lack) = objects.require(&entry.id) {
                    files.lack(&path(prefix), lack);
                }
            }
            EntryKind::Other(_) => {
                files.wrong.push((problem::Kind::Shape, format!("{} is no regular file", path(prefix))));
            }
        }
        prefix.truncate(length);
    }
    if complete && !known && files.wrong.len() == before && objects.not_fetched() == lacking {
        objects.note_whole(id);
    }
    files.count = files.count.or(Some(0));
    complete
}

impl Files {
    fn lack(&mut self, path: &str, lack: Lack) {
        if let Lack::Bad(kind, text) = lack {
            self.wrong.push((kind, format!("{path}: {text}")));
        }
    }
}

fn path(prefix: &[u8]) -> String {
    let path = String::from_utf8_lossy(prefix);
    format!("artifacts/{path}").trim_end_matches('/').to_owned()
}

/// Puts a file in parts together; says what is wrong with it.
fn whole(objects: &Objects<'_>, id: &Oid) -> Result<Option<String>, Lack> {
    let tree = objects.tree(id)?;
    let Some(entry) = tree.get(parts::DESCRIPTION.as_bytes()) else { return Ok(Some("parts.json is missing".into())) };
    let text = objects.read(&entry.id, Kind::Blob)?;
    let description: parts::Parts = match serde_json::from_slice(&text) {
        Ok(description) => description,
        Err(err) => return Ok(Some(format!("parts.json: {err}"))),
    };
    let value: Value = serde_json::from_slice(&text).unwrap_or_default();
    if description.schema != parts::SCHEMA || canonical(&value).as_bytes() != text {
        return Ok(Some("parts.json is not in canonical form".into()));
    }
    let mut entries: Vec<_> =
        tree.entries().iter().filter(|entry| entry.name != parts::DESCRIPTION.as_bytes()).collect();
    entries.sort_by_key(|entry| (entry.name.len(), &entry.name));
    let (mut sum, mut first, mut last) = (parts::Sum::default(), None, 0);
    for (number, entry) in entries.iter().enumerate() {
        if entry.kind != EntryKind::File || entry.name != format!("{number:04}").as_bytes() {
            let name = String::from_utf8_lossy(&entry.name);
            return Ok(Some(format!("'{name}' stands where part {number:04} should")));
        }
        let data = objects.read(&entry.id, Kind::Blob)?;
        // All parts but the last have the same size.
        if first.is_some_and(|first| last != first || data.len() > first) {
            return Ok(Some(format!("part {number:04} or the one before has a wrong size")));
        }
        first.get_or_insert(data.len());
        last = data.len();
        sum.add(&data);
    }
    Ok(sum.differs(&description))
}
