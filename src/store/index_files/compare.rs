//! What an index says, beside what it should say.

use std::collections::HashMap;

use crate::git::{EntryKind, Kind, Oid, Repo, Tree};
use crate::run::{Row, RunId};

use super::write::Indexed;
use super::{CURRENT, DIR, Result, id_of, sealed_files};
use crate::store::Error;

/// How an index differs from the runs that it is of.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Differences {
    /// Runs that it lacks.
    pub missing: Vec<RunId>,
    /// Runs that are in it and nowhere else.
    pub extra: Vec<RunId>,
    /// Runs of which it says something else than the runs themselves.
    pub changed: Vec<RunId>,
    /// Runs that are in it again, once for each time.
    pub repeated: Vec<RunId>,
    /// Lines that are no rows: `index/runs.jsonl:7`.
    pub bad_lines: Vec<String>,
}

impl Differences {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// In a few words.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { missing, extra, changed, repeated, bad_lines } = self;
        let counts = [missing.len(), extra.len(), changed.len(), repeated.len(), bad_lines.len()];
        if counts == [0; 5] {
            return "its files are not as they are written".into();
        }
        let names = ["missing", "of no run", "that say something else", "that are there again", "that are no rows"];
        let parts = counts.iter().zip(names).filter(|(count, _)| **count > 0);
        let parts: Vec<_> = parts.map(|(count, name)| format!("{count} {name}")).collect();
        format!("rows: {}", parts.join(", "))
    }
}

/// The files of the index in the tree `root`, oldest rows first. None if there is no index. Fails if something else
/// is in its place: nothing of that is ever overwritten.
fn files(repo: &Repo, root: &Tree) -> Result<Option<Vec<(String, Oid)>>> {
    let dir = match root.get(DIR.as_bytes()) {
        None => return Ok(None),
        Some(entry) if entry.kind == EntryKind::Dir => repo.tree(&entry.id)?,
        Some(_) => return Err(foreign(DIR, "it is no directory")),
    };
    let current = format!("{DIR}/{CURRENT}");
    let newest = match dir.get(CURRENT.as_bytes()) {
        Some(entry) if matches!(entry.kind, EntryKind::File | EntryKind::Executable) => Some(entry.id),
        Some(_) => return Err(foreign(&current, "it is no file")),
        // A directory of that name is anybody's as long as nothing in it is called like ours.
        None => None,
    };
    let sealed = sealed_files(&dir).into_iter().map(|(_, name, id)| (in_dir(&name), id));
    let files: Vec<_> = sealed.chain(newest.map(|id| (current, id))).collect();
    Ok((!files.is_empty()).then_some(files))
}

fn foreign(path: &str, reason: &str) -> Error {
    Error::ForeignIndex { path: path.to_owned(), reason: reason.to_owned() }
}

fn in_dir(name: &[u8]) -> String {
    format!("{DIR}/{}", String::from_utf8_lossy(name))
}

/// Fails if something that can't be an index is in its place.
pub(in crate::store) fn check_place(repo: &Repo, root: &Tree) -> Result<()> {
    files(repo, root).map(drop)
}

/// Compares the index in the tree `root` with the rows that should be in it. Their order is nobody's business: runs
/// that came by a merge stand where they came. None if the tree has no index. Fails if one of its files has no row at
/// all: then somebody else wrote it. One row is enough: a damaged index is still ours.
pub(in crate::store) fn compare(repo: &Repo, root: &Tree, rows: &[Indexed]) -> Result<Option<Differences>> {
    let Some(files) = files(repo, root)? else { return Ok(None) };
    repo.ensure_present(&files.iter().map(|(_, id)| *id).collect::<Vec<_>>())?;
    let mut wanted: HashMap<&str, (&str, bool)> =
        rows.iter().map(|row| (row.id.as_str(), (row.line.as_str(), false))).collect();
    let mut found = Differences::default();
    for (path, id) in files {
        let data = repo.read(&id, Kind::Blob)?;
        let text = String::from_utf8_lossy(&data);
        let mut ours = text.trim().is_empty();
        for (number, line) in text.lines().enumerate() {
            let Some(id) = id_of(line) else {
                found.bad_lines.push(format!("{path}:{}", number + 1));
                continue;
            };
            ours = ours || wanted.contains_key(id.as_str()) || serde_json::from_str::<Row>(line).is_ok();
            match wanted.get_mut(id.as_str()) {
                None => found.extra.push(id),
                Some((_, true)) => found.repeated.push(id),
                Some((expected, seen)) => {
                    *seen = true;
                    if *expected != line {
                        found.changed.push(id);
                    }
                }
            }
        }
        if !ours {
            return Err(foreign(&path, "no line of it is the row of a run"));
        }
    }
    found.missing = rows.iter().filter(|row| !wanted[row.id.as_str()].1).map(|row| row.id.clone()).collect();
    Ok(Some(found))
}
