//! Very many new objects in one pack.
//!
//! The pack is written to a temporary file and handed to `git index-pack
//! --stdin`, which checks it, indexes it, syncs it and gives it the right name
//! and mode.

use std::collections::HashMap;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use tempfile::NamedTempFile;

use super::Keep;
use super::entry::{Deflater, OFS_DELTA, header, offset_varint, splice_delta, type_number};
use crate::git::{Error, Kind, ObjectSink, Oid, Repo, Result};

/// Deltas are chained at most this deep: reading one costs that many inflates. Where all of a tree is not much more than a delta, short
/// chains cost little. The top directories of 10,000 runs are 2.6 MB in chains of 24, 1.6 in those of 50 that git's default makes, 1.1 in
/// these, and all of them go to each clone.
const DEPTH_OF_SMALL: u8 = 8;
const DEPTH_OF_LARGE: u8 = 100;
/// Trees from so many bytes on are large.
const LARGE: usize = 2 << 10;

/// Collects objects and stores them as one pack.
pub struct PackWriter<'r> {
    repo: &'r Repo,
    file: BufWriter<NamedTempFile>,
    offset: u64,
    deflater: Deflater,
    /// Where each object starts, and how many deltas it takes to read it.
    written: HashMap<Oid, (u64, u8)>,
}

impl<'r> PackWriter<'r> {
    /// Starts an empty pack.
    pub fn new(repo: &'r Repo) -> Result<Self> {
        let dir = repo.objects_dir().join("pack");
        std::fs::create_dir_all(&dir).map_err(Error::io(&dir))?;
        // The name is one that `git prune` and `git gc` clean up should we be killed.
        let file = tempfile::Builder::new().prefix("tmp_pack_").tempfile_in(&dir).map_err(Error::io(dir))?;
        let mut pack = Self {
            repo,
            file: BufWriter::with_capacity(1 << 20, file),
            offset: 0,
            deflater: Deflater::default(),
            written: HashMap::new(),
        };
        pack.append(b"PACK\0\0\0\x02\0\0\0\0")?;
        Ok(pack)
    }

    /// How many objects were added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.written.len()
    }

    /// Whether none was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Stores the pack in the repository. Its objects are safe from a `git gc`
    /// that runs at this moment until the returned guard is dropped: do so
    /// when a ref reaches them.
    pub fn finish(mut self) -> Result<Option<Keep>> {
        if self.is_empty() {
            return Ok(None);
        }
        let count =
            u32::try_from(self.len()).map_err(|_| self.error(&std::io::Error::other("too many objects for a pack")))?;
        let file = self.seal(count).map_err(|err| self.error(&err))?;
        let printed = self.repo.git("index-pack").args(["--stdin", "--keep=agentv"]).stdin(file).run_text()?;
        let name = printed.trim().rsplit(['\t', ' ']).next().unwrap_or_default().to_owned();
        let keep =
            printed.starts_with("keep").then(|| self.repo.objects_dir().join("pack").join(format!("pack-{name}.keep")));
        Ok(Some(Keep(keep)))
    }

    /// Stores the pack with git's mark for what a remote promised: what its objects name need not be here.
    pub(in crate::git) fn finish_promises(mut self) -> Result<()> {
        let count =
            u32::try_from(self.len()).map_err(|_| self.error(&std::io::Error::other("too many objects for a pack")))?;
        let file = self.seal(count).map_err(|err| self.error(&err))?;
        self.repo.git("index-pack").args(["--stdin", "--promisor=agentv"]).stdin(file).run().map(drop)
    }

    /// Writes the object count and the checksum, and rewinds the file.
    fn seal(&mut self, count: u32) -> std::io::Result<std::fs::File> {
        self.file.flush()?;
        let mut file = self.file.get_ref().reopen()?;
        file.seek(SeekFrom::Start(8))?;
        file.write_all(&count.to_be_bytes())?;
        file.seek(SeekFrom::Start(0))?;
        let mut hasher = gix::hash::hasher(self.repo.null_id().kind());
        let mut buffer = vec![0; 1 << 20];
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            hasher.update(&buffer[..n]);
        }
        let checksum = hasher.try_finalize().map_err(|err| std::io::Error::other(err.to_string()))?;
        file.write_all(checksum.as_slice())?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }

    /// Adds an object; where there is a base, `data` is the delta.
    fn add(&mut self, id: Oid, kind: Kind, base: Option<(u64, u8)>, data: &[u8]) -> Result<()> {
        let start = self.offset;
        let mut entry = header(if base.is_some() { OFS_DELTA } else { type_number(kind) }, data.len());
        if let Some((base_offset, _)) = base {
            entry.extend(offset_varint(start - base_offset));
        }
        self.deflater.deflate(kind, data, &mut entry).map_err(|err| self.error(&err))?;
        self.append(&entry)?;
        self.written.insert(id, (start, base.map_or(0, |(_, depth)| depth + 1)));
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|err| self.error(&err))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn error(&self, err: &std::io::Error) -> Error {
        Error::Odb { action: "write", dir: self.repo.objects_dir(), reason: err.to_string() }
    }
}

/// Objects that the repository has already are stored once more: they may be unreachable,
/// and a `git gc` that runs at this moment must not take them from under us.
impl ObjectSink for PackWriter<'_> {
    fn put(&mut self, kind: Kind, data: &[u8]) -> Result<Oid> {
        let id = self.repo.hash(kind, data)?;
        if !self.written.contains_key(&id) {
            self.add(id, kind, None, data)?;
        }
        Ok(id)
    }

    fn put_similar(&mut self, kind: Kind, data: &[u8], base: &Oid, base_data: &[u8]) -> Result<Oid> {
        let deepest = if data.len() < LARGE { DEPTH_OF_SMALL } else { DEPTH_OF_LARGE };
        let Some(&found) = self.written.get(base).filter(|(_, depth)| *depth < deepest) else {
            return self.put(kind, data);
        };
        let id = self.repo.hash(kind, data)?;
        if !self.written.contains_key(&id) {
            let delta = splice_delta(base_data, data);
            // One that saves little, as where all entries of a tree changed, only makes the object slow to read.
            if delta.len() > data.len() / 2 {
                self.add(id, kind, None, data)?;
            } else {
                self.add(id, kind, Some(found), &delta)?;
            }
        }
        Ok(id)
    }
}
