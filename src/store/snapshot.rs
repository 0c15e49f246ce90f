//! A bundle from disk as a git tree.

use crate::git::{EntryKind, Kind, ObjectSink, Oid, Tree};
use crate::run::{DirBundle, ScannedFile};

use super::{Result, parts};

/// The stored files of a bundle.
#[derive(Debug, Clone)]
pub struct Artifacts {
    /// The tree that holds them.
    pub tree: Oid,
    /// How many.
    pub count: u64,
    /// Their bytes; unknown while a partial clone lacks some of them.
    pub bytes: Option<u64>,
    /// Paths of those that are stored in parts.
    pub split: Vec<String>,
}

/// Stores the files of `bundle`; those above `max_blob` bytes in parts, if their path is UTF-8.
pub(super) fn store(sink: &mut dyn ObjectSink, bundle: &DirBundle, max_blob: u64) -> Result<Artifacts> {
    let mut split = Vec::new();
    let tree = dir(sink, &bundle.files, 0, max_blob, &mut split)?;
    Ok(Artifacts { tree, count: bundle.files.len() as u64, bytes: Some(bundle.bytes()), split })
}

/// Stores `files`, sorted by path, which share the first `skip` bytes of their paths.
fn dir(
    sink: &mut dyn ObjectSink,
    files: &[ScannedFile],
    skip: usize,
    max_blob: u64,
    split: &mut Vec<String>,
) -> Result<Oid> {
    let (mut tree, mut rest) = (Tree::default(), files);
    while let Some(file) = rest.first() {
        let path = &file.path[skip..];
        if let Some(slash) = path.iter().position(|&b| b == b'/') {
            let inside = &file.path[..=skip + slash];
            let count = rest.iter().take_while(|other| other.path.starts_with(inside)).count();
            let id = dir(sink, &rest[..count], skip + slash + 1, max_blob, split)?;
            tree.insert(&path[..slash], EntryKind::Dir, id);
            rest = &rest[count..];
        } else {
            let (kind, id) = one(sink, file, max_blob, split)?;
            tree.insert(path, kind, id);
            rest = &rest[1..];
        }
    }
    Ok(sink.put(Kind::Tree, &tree.encode())?)
}

fn one(
    sink: &mut dyn ObjectSink,
    file: &ScannedFile,
    max_blob: u64,
    split: &mut Vec<String>,
) -> Result<(EntryKind, Oid)> {
    // The manifest lists what is in parts, and JSON has no way to say other paths.
    if file.size > max_blob
        && let Ok(path) = std::str::from_utf8(&file.path)
    {
        let piece = usize::try_from(max_blob.max(1)).unwrap_or(usize::MAX);
        split.push(path.to_owned());
        return Ok((EntryKind::Dir, parts::store(sink, file, piece)?));
    }
    // One more than there should be, so that a file that grows is noticed and not followed.
    let whole = usize::try_from(file.size).unwrap_or(usize::MAX).saturating_add(1);
    let mut id = None;
    file.in_pieces(whole, |data| {
        id = Some(sink.put(Kind::Blob, data)?);
        Ok::<_, super::Error>(())
    })?;
    let kind = if file.executable { EntryKind::Executable } else { EntryKind::File };
    Ok((kind, id.expect("a file has at least one piece")))
}
