//! Files too large for one blob: stored as a directory of byte ranges.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::git::{EntryKind, Kind, ObjectSink, Oid, Repo, Tree};
use crate::run::{ScannedFile, canonical};

use super::{Error, Result};

pub(super) const SCHEMA: &str = "agentv.parts.v1";
/// Name of the description in the directory of parts.
pub(super) const DESCRIPTION: &str = "parts.json";

/// `parts.json`: what the parts are together.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Parts {
    pub(super) schema: String,
    /// Bytes of the whole file.
    size: u64,
    /// SHA-256 of the whole file, in hex.
    sha256: String,
    /// Whether the file may be executed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    executable: bool,
}

/// Stores `file` in parts of `part` bytes: `0000`, `0001`, … and a description.
pub(super) fn store(sink: &mut dyn ObjectSink, file: &ScannedFile, part: usize) -> Result<Oid> {
    let (mut tree, mut hasher, mut count) = (Tree::default(), Sha256::new(), 0_u32);
    file.in_pieces(part, |piece| {
        hasher.update(piece);
        let id = sink.put(Kind::Blob, piece)?;
        tree.insert(format!("{count:04}").as_bytes(), EntryKind::File, id);
        count += 1;
        Ok::<_, Error>(())
    })?;
    let description =
        Parts { schema: SCHEMA.into(), size: file.size, sha256: hex(hasher), executable: file.executable };
    let id = sink.put(Kind::Blob, canonical(&description).as_bytes())?;
    tree.insert(DESCRIPTION.as_bytes(), EntryKind::File, id);
    Ok(sink.put(Kind::Tree, &tree.encode())?)
}

/// Size of the file in parts whose directory is `id`, and whether it is executable.
pub(super) fn describe(repo: &Repo, id: &Oid) -> Result<(u64, bool)> {
    let (_, parts) = open(repo, id)?;
    Ok((parts.size, parts.executable))
}

/// Gives the content to `each`, part by part, and checks it as a whole.
pub(super) fn read(repo: &Repo, id: &Oid, each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> Result<()> {
    let (tree, parts) = open(repo, id)?;
    let mut sum = Sum::default();
    for id in in_order(&tree) {
        if sum.size > parts.size {
            break;
        }
        repo.stream(&id, &mut |data| {
            sum.add(data);
            each(data)
        })?;
    }
    if sum.differs(&parts).is_some() {
        return Err(damaged(id, "its parts are not the file that was recorded"));
    }
    Ok(())
}

/// The parts of the file whose directory is `id`, in their order; bytes and SHA-256 (hex) of all together.
pub(super) fn list(repo: &Repo, id: &Oid) -> Result<(Vec<Oid>, u64, String)> {
    let (tree, parts) = open(repo, id)?;
    Ok((in_order(&tree), parts.size, parts.sha256))
}

fn in_order(tree: &Tree) -> Vec<Oid> {
    let mut entries: Vec<_> = tree.entries().iter().filter(|entry| entry.name != DESCRIPTION.as_bytes()).collect();
    // git puts `10000` between `1000` and `1001`.
    entries.sort_by_key(|entry| (entry.name.len(), &entry.name));
    entries.into_iter().map(|entry| entry.id).collect()
}

/// What the parts are together.
#[derive(Default)]
pub(super) struct Sum {
    hasher: Sha256,
    size: u64,
}

impl Sum {
    /// Adds the next part.
    pub(super) fn add(&mut self, part: &[u8]) {
        self.hasher.update(part);
        self.size += part.len() as u64;
    }

    /// In what the parts are not the file that was recorded.
    pub(super) fn differs(self, recorded: &Parts) -> Option<String> {
        if self.size != recorded.size {
            return Some(format!("its parts are {} bytes, parts.json says {}", self.size, recorded.size));
        }
        (hex(self.hasher) != recorded.sha256).then(|| "its parts do not have the SHA-256 that parts.json says".into())
    }
}

/// The description in the directory `id` of parts.
pub(super) fn description(repo: &Repo, id: &Oid) -> Result<Oid> {
    let entry = repo.tree(id)?.get(DESCRIPTION.as_bytes()).map(|entry| entry.id);
    entry.ok_or_else(|| damaged(id, "parts.json is missing"))
}

fn open(repo: &Repo, id: &Oid) -> Result<(Tree, Parts)> {
    let tree = repo.tree(id)?;
    let description = description(repo, id)?;
    let parts =
        serde_json::from_slice(&repo.read(&description, Kind::Blob)?).map_err(|err| damaged(id, &err.to_string()))?;
    Ok((tree, parts))
}

fn damaged(id: &Oid, reason: &str) -> Error {
    Error::Damaged { what: format!("a file in parts ({id})"), reason: reason.into() }
}

pub(super) fn hex(hasher: Sha256) -> String {
    use std::fmt::Write;
    hasher.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
