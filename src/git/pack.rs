//! Many new objects in one pack.
//!
//! We write the pack (format: `gitformat-pack(5)`) to a temporary file and
//! hand it to `git index-pack --stdin`, which checks it, indexes it, syncs it
//! and gives it the right name and mode. Objects are deflated at the fastest
//! level; commits are stored as they are, because a list reads many of them
//! and inflating is what it would spend its time on.

#![expect(clippy::cast_possible_truncation, reason = "the format takes numbers apart, byte by byte")]

use std::collections::HashMap;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use tempfile::NamedTempFile;

use super::{Error, Kind, ObjectSink, Oid, Repo, Result};

/// Deltas are chained at most this deep: reading one costs that many inflates.
const MAX_DEPTH: u8 = 24;
const OFS_DELTA: u8 = 6;

/// Collects objects and stores them as one pack.
pub struct PackWriter<'r> {
    repo: &'r Repo,
    file: BufWriter<NamedTempFile>,
    offset: u64,
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
        let mut pack = Self { repo, file: BufWriter::with_capacity(1 << 20, file), offset: 0, written: HashMap::new() };
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

    fn add(&mut self, id: Oid, kind: u8, base: Option<(u64, u8)>, data: &[u8]) -> Result<()> {
        let start = self.offset;
        let mut head = Vec::with_capacity(16);
        let (mut size, mut byte) = (data.len() >> 4, (kind << 4) | (data.len() & 0x0f) as u8);
        while size > 0 {
            head.push(byte | 0x80);
            byte = (size & 0x7f) as u8;
            size >>= 7;
        }
        head.push(byte);
        if let Some((base_offset, _)) = base {
            head.extend(offset_varint(start - base_offset));
        }
        self.append(&head)?;
        let level = if kind == 1 { Compression::none() } else { Compression::fast() };
        let mut encoder = ZlibEncoder::new(Vec::with_capacity(data.len() / 2 + 64), level);
        encoder.write_all(data).map_err(|err| self.error(&err))?;
        let deflated = encoder.finish().map_err(|err| self.error(&err))?;
        self.append(&deflated)?;
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
            let number = match kind {
                Kind::Commit => 1,
                Kind::Tree => 2,
                Kind::Blob => 3,
            };
            self.add(id, number, None, data)?;
        }
        Ok(id)
    }

    fn put_similar(&mut self, kind: Kind, data: &[u8], base: &Oid, base_data: &[u8]) -> Result<Oid> {
        let Some(&found) = self.written.get(base).filter(|(_, depth)| *depth < MAX_DEPTH) else {
            return self.put(kind, data);
        };
        let id = self.repo.hash(kind, data)?;
        if !self.written.contains_key(&id) {
            self.add(id, OFS_DELTA, Some(found), &splice_delta(base_data, data))?;
        }
        Ok(id)
    }
}

/// Keeps a new pack from being repacked away; see [`PackWriter::finish`].
#[derive(Debug)]
pub struct Keep(Option<std::path::PathBuf>);

impl Drop for Keep {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The delta from `base` to `target` when one piece of it was replaced: copy
/// the common head, insert what is new, copy the common tail. That is what
/// happens to a tree when one entry is added.
fn splice_delta(base: &[u8], target: &[u8]) -> Vec<u8> {
    let head = base.iter().zip(target).take_while(|(a, b)| a == b).count();
    let room = base.len().min(target.len()) - head;
    let tail = base.iter().rev().zip(target.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
    let mut delta = size_varint(base.len());
    delta.extend(size_varint(target.len()));
    copy(&mut delta, 0, head);
    for chunk in target[head..target.len() - tail].chunks(127) {
        delta.push(chunk.len() as u8);
        delta.extend_from_slice(chunk);
    }
    copy(&mut delta, base.len() - tail, tail);
    delta
}

/// Copy instructions: a flag byte, then the offset's and size's non-zero bytes.
fn copy(delta: &mut Vec<u8>, mut offset: usize, mut len: usize) {
    while len > 0 {
        let size = len.min(0xff_ffff);
        let (mut flags, mut bytes) = (0x80_u8, Vec::with_capacity(7));
        for (bit, value) in
            (0..4).map(|i| (offset >> (8 * i)) as u8).chain((0..3).map(|i| (size >> (8 * i)) as u8)).enumerate()
        {
            if value != 0 {
                flags |= 1 << bit;
                bytes.push(value);
            }
        }
        delta.push(flags);
        delta.extend(bytes);
        offset += size;
        len -= size;
    }
}

fn size_varint(mut n: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}

/// The distance to a delta's base, most significant first, each byte off by one.
fn offset_varint(mut n: u64) -> Vec<u8> {
    let mut out = vec![(n & 0x7f) as u8];
    while n >= 0x80 {
        n = (n >> 7) - 1;
        out.push((n & 0x7f) as u8 | 0x80);
    }
    out.reverse();
    out
}
