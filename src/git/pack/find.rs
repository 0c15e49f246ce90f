//! Finding an object in packs without opening them whole.
//!
//! gix checks every entry of every pack index when it opens one: 2 ms at a
//! million objects, more than all else that a list costs. Here an index is
//! probed where the object must be (ids are spread evenly), with one or two
//! small reads; the entry itself is decoded by gix. Only version 2 indexes of
//! the repository's own packs are looked into: what isn't found here is looked for by gix.
//! Format: `gitformat-pack(5)`.

use std::cell::RefCell;
use std::fs::File;
use std::path::{Path, PathBuf};

use gix::odb::pack::data::File as PackData;

use crate::git::{Kind, Oid};

const HEADER: u64 = 8;
const FAN: usize = 256;
/// Where the ids begin.
const IDS_AT: u64 = HEADER + FAN as u64 * 4;
/// Entries that one probe reads.
const WINDOW: u64 = 128;

/// The packs of one object directory.
pub(in crate::git) struct Packs {
    packs: RefCell<Vec<Pack>>,
    inflate: RefCell<gix::zlib::Inflate>,
}

struct Pack {
    index: Index,
    path: PathBuf,
    data: Option<PackData>,
}

struct Index {
    file: File,
    fan: Vec<u32>,
    id_len: usize,
}

impl Packs {
    /// Opens the indexes below `objects`; those that can't be used are left to gix.
    pub(in crate::git) fn open(objects: &Path, hash: gix::hash::Kind) -> Self {
        let mut found: Vec<(std::time::SystemTime, Pack)> = Vec::new();
        let entries = std::fs::read_dir(objects.join("pack")).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ext| ext == "idx")) {
            if let Some(index) = Index::open(&path, hash.len_in_bytes()) {
                let modified = index.file.metadata().and_then(|meta| meta.modified()).unwrap_or(std::time::UNIX_EPOCH);
                found.push((modified, Pack { index, path: path.with_extension("pack"), data: None }));
            }
        }
        // What is asked for was mostly written last.
        found.sort_by_key(|(modified, _)| std::cmp::Reverse(*modified));
        Self {
            packs: RefCell::new(found.into_iter().map(|(_, pack)| pack).collect()),
            inflate: RefCell::new(gix::zlib::Inflate::default()),
        }
    }

    /// Reads an object; none if it is in no pack that we can use.
    pub(in crate::git) fn read(&self, id: &Oid) -> Option<(Kind, Vec<u8>)> {
        let mut packs = self.packs.borrow_mut();
        let (at, offset) = packs.iter().enumerate().find_map(|(at, pack)| Some((at, pack.index.find(id)?)))?;
        let pack = &mut packs[at];
        if pack.data.is_none() {
            pack.data = PackData::at(&pack.path, id.kind()).ok();
        }
        let object = decode(pack.data.as_ref()?, offset, &mut self.inflate.borrow_mut());
        // The next one is probably in the same pack.
        packs[..=at].rotate_right(1);
        object
    }
}

fn decode(data: &PackData, offset: u64, inflate: &mut gix::zlib::Inflate) -> Option<(Kind, Vec<u8>)> {
    let entry = data.entry(offset).ok()?;
    let mut out = Vec::new();
    // A delta against an object outside of the pack does not occur on disk; if it does, gix finds it.
    let outside = |_: &gix::hash::oid, _: &mut Vec<u8>| Ok(None);
    let outcome = data.decode_entry(entry, &mut out, inflate, &outside, &mut gix::odb::pack::cache::Never).ok()?;
    let kind = match outcome.kind {
        gix::objs::Kind::Blob => Kind::Blob,
        gix::objs::Kind::Tree => Kind::Tree,
        gix::objs::Kind::Commit => Kind::Commit,
        gix::objs::Kind::Tag => return None,
    };
    out.truncate(usize::try_from(outcome.object_size).ok()?);
    Some((kind, out))
}

impl Index {
    fn open(path: &Path, id_len: usize) -> Option<Self> {
        let file = File::open(path).ok()?;
        let mut head = vec![0; 8 + FAN * 4];
        read_at(&file, &mut head, 0)?;
        if head[..8] != *b"\xfftOc\0\0\0\x02" {
            return None;
        }
        let fan: Vec<u32> = head[8..].chunks_exact(4).map(be32).collect();
        let index = Self { file, fan, id_len };
        // A file that is too short would send us to the wrong places.
        let least = index.offsets_at() + u64::from(index.count()) * 4 + 2 * id_len as u64;
        let sane = index.fan.is_sorted() && index.file.metadata().ok()?.len() >= least;
        sane.then_some(index)
    }

    fn count(&self) -> u32 {
        self.fan[FAN - 1]
    }

    fn offsets_at(&self) -> u64 {
        IDS_AT + u64::from(self.count()) * (self.id_len as u64 + 4)
    }

    /// Where in the pack the object is.
    fn find(&self, id: &Oid) -> Option<u64> {
        let bytes = id.as_slice();
        let first = usize::from(bytes[0]);
        let mut low = if first == 0 { 0 } else { u64::from(self.fan[first - 1]) };
        let mut high = u64::from(self.fan[first]);
        // Where it would be if the ids of this bucket were spread quite evenly.
        let share = (u64::from(bytes[1]) << 16) | (u64::from(bytes[2]) << 8) | u64::from(bytes[3]);
        let mut guess = low + (high - low) * share / (1 << 24);
        let mut buffer = Vec::new();
        while low < high {
            let start = guess.saturating_sub(WINDOW / 2).clamp(low, high - 1);
            let end = (start + WINDOW).min(high);
            buffer.resize(usize::try_from(end - start).ok()? * self.id_len, 0);
            read_at(&self.file, &mut buffer, IDS_AT + start * self.id_len as u64)?;
            let ids: Vec<&[u8]> = buffer.chunks_exact(self.id_len).collect();
            match ids.binary_search(&bytes) {
                Ok(at) => return self.offset(start + at as u64),
                Err(0) => high = start,
                Err(at) if at == ids.len() => low = end,
                Err(_) => return None,
            }
            guess = low + (high - low) / 2;
        }
        None
    }

    fn offset(&self, at: u64) -> Option<u64> {
        let mut small = [0; 4];
        read_at(&self.file, &mut small, self.offsets_at() + at * 4)?;
        let offset = be32(&small);
        if offset & 0x8000_0000 == 0 {
            return Some(u64::from(offset));
        }
        let mut large = [0; 8];
        let place = u64::from(offset & 0x7fff_ffff) * 8;
        read_at(&self.file, &mut large, self.offsets_at() + u64::from(self.count()) * 4 + place)?;
        Some(u64::from_be_bytes(large))
    }
}

fn be32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| (value << 8) | u32::from(*byte))
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> Option<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at).ok()
}

/// Elsewhere gix does all the reading.
#[cfg(not(unix))]
fn read_at(_file: &File, _buffer: &mut [u8], _at: u64) -> Option<()> {
    None
}
