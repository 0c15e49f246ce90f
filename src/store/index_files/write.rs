//! The whole index at once.

use crate::git::{EntryKind, Kind, ObjectSink, Repo, Tree};
use crate::run::{Row, RunId};

use super::{CURRENT, DIR, ROWS, Result, sealed_files, sealed_name};

/// A row that is to be in the index.
#[derive(Debug)]
pub(in crate::store) struct Indexed {
    /// Its place: when the run was recorded in seconds since 1970, and when it began.
    pub(in crate::store) order: (i64, Option<String>),
    /// The run.
    pub(in crate::store) id: RunId,
    /// The row, without a line break.
    pub(in crate::store) line: String,
}

impl Indexed {
    /// The row of a run that was recorded then.
    pub(in crate::store) fn new(row: &Row, recorded: i64) -> Self {
        Self { order: (recorded, row.timestamp.clone()), id: row.id.clone(), line: row.to_line() }
    }
}

/// The tree `root` with an index of `rows` in place of the one that it may have. `rows` are in the order of the index.
pub(in crate::store) fn build(repo: &Repo, sink: &mut dyn ObjectSink, root: &Tree, rows: &[Indexed]) -> Result<Tree> {
    let old = root.get(DIR.as_bytes()).filter(|entry| entry.kind == EntryKind::Dir);
    // What else is there is somebody's and stays.
    let mut dir = old.map(|entry| repo.tree(&entry.id)).transpose()?.unwrap_or_default();
    for (_, name, _) in sealed_files(&dir) {
        dir.remove(&name);
    }
    let files = rows.chunks(ROWS).enumerate().collect::<Vec<_>>();
    let newest = files.len().saturating_sub(1);
    for (n, rows) in files {
        let name = if n == newest { CURRENT.to_owned() } else { sealed_name(n + 1) };
        let mut text = String::with_capacity(rows.iter().map(|row| row.line.len() + 1).sum());
        for row in rows {
            text.push_str(&row.line);
            text.push('\n');
        }
        dir.insert(name.as_bytes(), EntryKind::File, sink.put(Kind::Blob, text.as_bytes())?);
    }
    let dir = sink.put(Kind::Tree, &dir.encode())?;
    let mut root = root.clone();
    root.insert(DIR.as_bytes(), EntryKind::Dir, dir);
    Ok(root)
}
