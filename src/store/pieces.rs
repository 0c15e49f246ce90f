//! Reading a part of a file: what a server that is asked for a range, or a slow reader, wants.

use sha2::Digest;

use crate::git::{EntryKind, Kind, Oid};

use super::files::TreeFile;
use super::run_files::{StoredFile, StoredRun};
use super::{Error, Result, Store, parts};

/// A blob that a file, or a part of it, is.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// Bytes.
    pub size: u64,
    id: Oid,
}

/// A file in pieces, to be read in their order.
#[derive(Debug, Clone)]
pub struct Pieces {
    /// Bytes of the whole file.
    pub size: u64,
    /// What it is made of.
    pub list: Vec<Piece>,
    /// SHA-256 of the whole file in hex, where it is in several pieces.
    sha256: Option<String>,
}

/// Sums up pieces as they are read, to be sure at the end that they are the file that was recorded.
#[derive(Debug, Default)]
pub struct PieceSum(sha2::Sha256);

impl StoredRun<'_> {
    /// The file at `path`. Only the directories on the way to it are read, and no blob.
    pub fn file(&self, path: &[u8]) -> Result<StoredFile> {
        let no_file = || Error::NoFile { id: self.id().clone(), path: String::from_utf8_lossy(path).into_owned() };
        let artifacts = self.artifacts.ok_or_else(|| Error::Deleted(self.id().clone()))?;
        let split = &self.manifest.files.split;
        let in_parts = split.iter().any(|known| known.as_bytes() == path);
        let (mut dir, mut passed) = (artifacts, 0);
        let mut names = path.split(|&byte| byte == b'/').peekable();
        while let Some(name) = names.next() {
            let tree = self.repo().tree(&dir)?;
            let entry = tree.get(name).ok_or_else(no_file)?;
            if names.peek().is_some() {
                passed += name.len() + 1;
                // A part of a file is no file.
                let is_file = split.iter().any(|known| known.as_bytes() == &path[..passed - 1]);
                if entry.kind != EntryKind::Dir || is_file {
                    return Err(no_file());
                }
                dir = entry.id;
                continue;
            }
            let is_file = matches!(entry.kind, EntryKind::File | EntryKind::Executable);
            if !(is_file || in_parts && entry.kind == EntryKind::Dir) {
                return Err(no_file());
            }
            return self.describe(path, &TreeFile { kind: entry.kind, id: entry.id, split: in_parts });
        }
        Err(no_file())
    }

    /// What a file is made of.
    pub fn pieces(&self, file: &StoredFile) -> Result<Pieces> {
        if !file.is_in_parts() {
            return Ok(Pieces {
                size: file.size,
                list: vec![Piece { size: file.size, id: file.object }],
                sha256: None,
            });
        }
        let (ids, size, sha256) = parts::list(self.repo(), &file.object)?;
        let list =
            ids.into_iter().map(|id| Ok(Piece { size: self.repo().size(&id)?, id })).collect::<Result<Vec<_>>>()?;
        if list.iter().map(|piece| piece.size).sum::<u64>() != size {
            return Err(Error::Damaged {
                what: format!("a file in parts ({})", file.object),
                reason: "its parts are not the file that was recorded".into(),
            });
        }
        Ok(Pieces { size, list, sha256: Some(sha256) })
    }
}

impl Store<'_> {
    /// Reads a piece.
    pub fn piece(&self, piece: &Piece) -> Result<Vec<u8>> {
        Ok(self.repo().read(&piece.id, Kind::Blob)?)
    }
}

impl PieceSum {
    /// Adds the next piece.
    pub fn add(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// Whether all that was added is the file.
    #[must_use]
    pub fn is(self, pieces: &Pieces) -> bool {
        pieces.sha256.as_ref().is_none_or(|known| parts::hex(self.0) == *known)
    }
}
