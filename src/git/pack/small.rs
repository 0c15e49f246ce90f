//! The objects of one run in one small pack.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::index::{self, Indexed};
use super::packing::{Form, Packed, Packing};
use super::{KEEP_NOTE, Keep, pack_path};
use crate::git::{Error, Kind, ObjectSink, Oid, Repo, Result};

/// Trees of fewer bytes that resemble another one, as shards do, are stored as they are: they are ids for the most part, and 8 % smaller
/// when they are deflated.
const STORED: usize = 2 << 10;

/// Collects a few objects in memory and stores them as one pack.
pub struct SmallPack<'r> {
    repo: &'r Repo,
    /// The objects that were put, in this order.
    ids: Vec<Oid>,
    known: HashSet<Oid>,
    packing: Packing,
}

/// A stored small pack.
pub(in crate::git) struct Stored {
    /// Its checksum in hex, which is also its name.
    pub(in crate::git) name: String,
    pub(in crate::git) keep: Keep,
}

/// A state to come back to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark(usize);

impl<'r> SmallPack<'r> {
    /// An empty pack for a handful of objects.
    #[must_use]
    pub fn new(repo: &'r Repo) -> Self {
        Self { repo, ids: Vec::new(), known: HashSet::new(), packing: Packing::here() }
    }

    /// An empty pack for a few hundred objects: they are deflated in a thread while the caller goes on.
    #[must_use]
    pub fn threaded(repo: &'r Repo) -> Self {
        Self { packing: Packing::there(), ..Self::new(repo) }
    }

    /// The present state.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.ids.len())
    }

    /// Forgets what was added since `mark`.
    pub fn rewind(&mut self, mark: Mark) -> Result<()> {
        if mark.0 >= self.ids.len() {
            return Ok(());
        }
        self.packed()?.truncate(mark.0);
        for id in self.ids.drain(mark.0..) {
            self.known.remove(&id);
        }
        Ok(())
    }

    /// Stores the pack as it is now. It is safe from being repacked away until
    /// the returned guard is dropped: do so when a ref reaches its objects.
    pub fn finish(&mut self) -> Result<Option<Keep>> {
        if self.ids.is_empty() {
            return Ok(None);
        }
        let (objects, hash, sync) = (self.repo.objects_dir(), self.repo.hash_kind(), self.repo.syncs_loose_objects());
        let packed = self.packed()?;
        let len = packed.data.len();
        let stored = store(&objects, hash, &mut packed.data, &packed.entries, sync);
        // More may follow.
        packed.data.truncate(len);
        let stored = stored.map_err(|err| error(self.repo, &err))?;
        self.repo.remember_small_pack(&stored.name);
        Ok(Some(stored.keep))
    }

    fn put_as(&mut self, kind: Kind, data: &[u8], form: Form) -> Result<Oid> {
        let id = self.repo.hash(kind, data)?;
        if self.known.insert(id) {
            self.ids.push(id);
            self.packing.add(kind, id, form, data);
        }
        Ok(id)
    }

    /// All that was put.
    fn packed(&mut self) -> Result<&mut Packed> {
        let (repo, count) = (self.repo, self.ids.len());
        self.packing.finished(count).map_err(|err| error(repo, &err))
    }
}

fn error(repo: &Repo, err: &io::Error) -> Error {
    Error::Odb { action: "write", dir: repo.objects_dir(), reason: err.to_string() }
}

impl ObjectSink for SmallPack<'_> {
    fn put(&mut self, kind: Kind, data: &[u8]) -> Result<Oid> {
        self.put_as(kind, data, Form::Deflated)
    }

    fn put_similar(&mut self, kind: Kind, data: &[u8], _base: &Oid, _base_data: &[u8]) -> Result<Oid> {
        let small = kind == Kind::Tree && data.len() < STORED;
        self.put_as(kind, data, if small { Form::Stored } else { Form::Deflated })
    }
}

/// Completes the pack in `data` and writes it with its index below `objects`.
/// First the pack, last the index: only with it the pack exists for git.
pub(in crate::git) fn store(
    objects: &Path,
    hash: gix::hash::Kind,
    data: &mut Vec<u8>,
    entries: &[Indexed],
    sync: bool,
) -> io::Result<Stored> {
    let count = u32::try_from(entries.len()).map_err(io::Error::other)?;
    data[8..12].copy_from_slice(&count.to_be_bytes());
    let failed = || io::Error::other("the pack cannot be hashed");
    let checksum = index::checksum(hash, data).ok_or_else(failed)?;
    data.extend_from_slice(checksum.as_slice());
    let index = index::encode(entries, &checksum).ok_or_else(failed)?;
    let name = checksum.to_string();
    let pack = pack_path(objects, &name, "pack");
    let keep = Keep(Some(pack_path(objects, &name, "keep")));
    write(objects, data, &pack, sync, keep.0.as_deref())?;
    let written = write(objects, &index, &pack_path(objects, &name, "idx"), sync, None);
    if written.is_err() && !pack_path(objects, &name, "idx").exists() {
        let _ = fs::remove_file(&pack);
    }
    written.map(|()| Stored { name, keep })
}

/// Writes a file that appears whole or not at all. Its temporary name is one that `git prune` cleans up,
/// and no other process has it: process ids are the same in many containers.
/// What `keep` names appears before it, so that a pack without an index never lacks the sign that it is ours.
fn write(objects: &Path, data: &[u8], path: &Path, sync: bool, keep: Option<&Path>) -> io::Result<()> {
    let mut file = temporary(&objects.join("pack"))?;
    file.write_all(data)?;
    if sync {
        file.as_file().sync_all()?;
    }
    if let Some(keep) = keep {
        mark(file.path(), keep);
    }
    file.persist(path)?;
    Ok(())
}

/// Makes the keep file of a pack, whose data is in `pack`.
pub(super) fn mark(pack: &Path, keep: &Path) {
    // git only looks whether it is there; a link needs no new file.
    if fs::hard_link(pack, keep).is_err() {
        let _ = fs::remove_file(keep);
        let _ = fs::write(keep, KEEP_NOTE);
    }
}

/// A new file in `dir`, which is made if it is missing.
fn temporary(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("tmp_pack_");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o444));
    }
    builder.tempfile_in(dir).or_else(|err| {
        if err.kind() != io::ErrorKind::NotFound {
            return Err(err);
        }
        fs::create_dir_all(dir)?;
        builder.tempfile_in(dir)
    })
}
