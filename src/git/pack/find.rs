//! Finding an object in packs without opening them whole.
//!
//! gix checks every entry of every pack index when it opens one: 2 ms at a
//! million objects, more than all else that a list costs. Here an index is
//! probed where the object must be (ids are spread evenly), with one or two
//! small reads. A small entry that is no delta, as nearly all commits are, takes one more read:
//! a list of all runs would else map all that the runs hold, through which the commits are spread.
//! All other entries are decoded by gix. Only version 2 indexes of
//! the repository's own packs are looked into: what isn't found here is looked for by gix.
//! Format: `gitformat-pack(5)`.

use std::cell::{Cell, OnceCell, RefCell};
use std::cmp::Ordering;
use std::fs::File;
use std::path::{Path, PathBuf};

use gix::odb::pack::data::File as PackData;

use crate::git::objects::LARGE;

use crate::git::{Kind, Oid};

const HEADER: u64 = 8;
const FAN: usize = 256;
/// Where the ids begin.
const IDS_AT: u64 = HEADER + FAN as u64 * 4;
/// Objects of at most so many bytes are read without mapping the pack.
const SMALL: usize = 8 << 10;
/// What is read for a small object at first: enough for a commit.
const FIRST_READ: usize = 1 << 10;
/// Who asked so often will ask for very many more.
const OFTEN: u32 = 1000;
/// Indexes of at most so many bytes are then read whole: of two million objects.
const WHOLE: u64 = 64 << 20;
/// Entries that one probe reads.
const WINDOW: u64 = 128;

/// The packs of one object directory.
pub(in crate::git) struct Packs {
    packs: RefCell<Vec<Pack>>,
    inflate: RefCell<gix::zlib::Inflate>,
}

struct Pack {
    /// Opened when something is looked for in it; none if it can't be used.
    index: OnceCell<Option<Index>>,
    id_len: usize,
    /// Of its index.
    path: PathBuf,
    file: Option<File>,
    data: Option<PackData>,
}

struct Index {
    file: File,
    fan: Vec<u32>,
    id_len: usize,
    /// How often something was looked for.
    asked: Cell<u32>,
    /// All of it, once that pays.
    whole: OnceCell<Vec<u8>>,
}

impl Packs {
    /// Finds the packs below `objects`. Their indexes are opened one after the other, as they are needed.
    pub(in crate::git) fn open(objects: &Path, hash: gix::hash::Kind) -> Self {
        let mut found: Vec<(std::time::SystemTime, Pack)> = Vec::new();
        for entry in std::fs::read_dir(objects.join("pack")).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ext| ext == "idx") {
                let modified = entry.metadata().and_then(|meta| meta.modified()).unwrap_or(std::time::UNIX_EPOCH);
                let (index, id_len) = (OnceCell::new(), hash.len_in_bytes());
                found.push((modified, Pack { index, id_len, path, file: None, data: None }));
            }
        }
        // What is asked for was mostly written last.
        found.sort_by_key(|(modified, _)| std::cmp::Reverse(*modified));
        Self {
            packs: RefCell::new(found.into_iter().map(|(_, pack)| pack).collect()),
            inflate: RefCell::new(gix::zlib::Inflate::default()),
        }
    }

    /// Whether an object is in a pack that we can use.
    pub(in crate::git) fn has(&self, id: &Oid) -> bool {
        self.packs.borrow().iter().any(|pack| pack.find(id).is_some())
    }

    /// Gives mapped pack data back; it is mapped again when it is needed.
    pub(in crate::git) fn release(&self) {
        self.packs.borrow_mut().iter_mut().for_each(|pack| pack.data = None);
    }

    /// Reads an object; none if it is in no pack that we can use.
    pub(in crate::git) fn read(&self, id: &Oid) -> Option<(Kind, Vec<u8>)> {
        let mut packs = self.packs.borrow_mut();
        let (at, offset) = packs.iter().enumerate().find_map(|(at, pack)| Some((at, pack.find(id)?)))?;
        let pack = &mut packs[at];
        let mut inflate = self.inflate.borrow_mut();
        let object = pack.small(offset, &mut inflate).or_else(|| pack.any(offset, id.kind(), &mut inflate));
        // The next one is probably in the same pack.
        packs[..=at].rotate_right(1);
        object
    }
}

impl Pack {
    /// Where in the pack the object is.
    fn find(&self, id: &Oid) -> Option<u64> {
        self.index.get_or_init(|| Index::open(&self.path, self.id_len)).as_ref()?.find(id)
    }

    fn pack_path(&self) -> PathBuf {
        self.path.with_extension("pack")
    }

    /// The object at `offset` if it is small and no delta.
    fn small(&mut self, offset: u64, inflate: &mut gix::zlib::Inflate) -> Option<(Kind, Vec<u8>)> {
        if self.file.is_none() {
            self.file = File::open(self.pack_path()).ok();
        }
        let file = self.file.as_ref()?;
        let mut buffer = [0; FIRST_READ];
        let read = read_some(file, &mut buffer, offset)?;
        let (kind, size, start) = header(&buffer[..read])?;
        if size > SMALL {
            return None;
        }
        let mut out = vec![0; size];
        if inflated(inflate, &buffer[start..read], &mut out) {
            return Some((kind, out));
        }
        // Deflated data is hardly ever larger than what it holds, and then gix reads it.
        let mut more = vec![0; start + size + 64];
        let read = read_some(file, &mut more, offset)?;
        inflated(inflate, more.get(start..read)?, &mut out).then_some((kind, out))
    }

    /// The object at `offset`, whatever it is.
    fn any(&mut self, offset: u64, hash: gix::hash::Kind, inflate: &mut gix::zlib::Inflate) -> Option<(Kind, Vec<u8>)> {
        if self.data.is_none() {
            self.data = PackData::at(self.pack_path(), hash).ok();
        }
        decode(self.data.as_ref()?, offset, inflate)
    }
}

/// Kind and size that an entry begins with, and where its data begin; none for a delta.
fn header(entry: &[u8]) -> Option<(Kind, usize, usize)> {
    let first = *entry.first()?;
    let kind = match (first >> 4) & 7 {
        1 => Kind::Commit,
        2 => Kind::Tree,
        3 => Kind::Blob,
        _ => return None,
    };
    let (mut size, mut shift, mut at, mut byte) = (usize::from(first & 15), 4, 1, first);
    while byte & 0x80 != 0 {
        byte = *entry.get(at)?;
        // What is so large is not read here.
        size |= usize::from(byte & 0x7f).checked_shl(shift).filter(|_| shift < 32)?;
        (at, shift) = (at + 1, shift + 7);
    }
    Some((kind, size, at))
}

/// Whether `input` begins with all that `out` takes.
fn inflated(inflate: &mut gix::zlib::Inflate, input: &[u8], out: &mut [u8]) -> bool {
    inflate.reset();
    let done = inflate.once(input, out);
    done.is_ok_and(|(status, _, written)| status == gix::zlib::Status::StreamEnd && written == out.len())
}

fn decode(data: &PackData, offset: u64, inflate: &mut gix::zlib::Inflate) -> Option<(Kind, Vec<u8>)> {
    let entry = data.entry(offset).ok()?;
    let mut size = entry.decompressed_size;
    if entry.header.is_delta() {
        size = data.decode_header(entry.clone(), inflate, &|_| Ok(None)).ok()?.object_size;
    }
    if size > LARGE {
        return None;
    }
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
        let index = Self { file, fan, id_len, asked: Cell::new(0), whole: OnceCell::new() };
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

    /// The `len` bytes from the place `at`. They may have to be read into `buffer`.
    fn slice<'s>(&'s self, buffer: &'s mut Vec<u8>, at: u64, len: usize) -> Option<&'s [u8]> {
        if let Some(whole) = self.whole.get() {
            let at = usize::try_from(at).ok()?;
            return whole.get(at..at + len);
        }
        buffer.resize(len, 0);
        read_at(&self.file, buffer, at)?;
        Some(buffer)
    }

    /// Bytes from the place `at`.
    fn read<const LEN: usize>(&self, at: u64) -> Option<[u8; LEN]> {
        self.slice(&mut Vec::new(), at, LEN)?.try_into().ok()
    }

    /// Reads all of it when it was asked often enough.
    fn count_question(&self) {
        self.asked.set(self.asked.get().saturating_add(1));
        if self.asked.get() == OFTEN
            && let Some(size) = self.file.metadata().ok().map(|meta| meta.len()).filter(|&size| size <= WHOLE)
        {
            let mut whole = vec![0; usize::try_from(size).unwrap_or_default()];
            if read_at(&self.file, &mut whole, 0).is_some() {
                let _ = self.whole.set(whole);
            }
        }
    }

    /// Where in the pack the object is.
    fn find(&self, id: &Oid) -> Option<u64> {
        self.count_question();
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
            let len = usize::try_from(end - start).ok()? * self.id_len;
            match search(self.slice(&mut buffer, IDS_AT + start * self.id_len as u64, len)?, bytes) {
                Ok(at) => return self.offset(start + at as u64),
                Err(0) => high = start,
                Err(at) if at as u64 == end - start => low = end,
                Err(_) => return None,
            }
            guess = low + (high - low) / 2;
        }
        None
    }

    fn offset(&self, at: u64) -> Option<u64> {
        let offset = u32::from_be_bytes(self.read(self.offsets_at() + at * 4)?);
        if offset & 0x8000_0000 == 0 {
            return Some(u64::from(offset));
        }
        let place = u64::from(offset & 0x7fff_ffff) * 8;
        Some(u64::from_be_bytes(self.read(self.offsets_at() + u64::from(self.count()) * 4 + place)?))
    }
}

/// Where the id is in `ids`, or would be.
fn search(ids: &[u8], id: &[u8]) -> Result<usize, usize> {
    let (mut low, mut high) = (0, ids.len() / id.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match ids[middle * id.len()..][..id.len()].cmp(id) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Ok(middle),
        }
    }
    Err(low)
}

fn be32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| (value << 8) | u32::from(*byte))
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> Option<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at).ok()
}

/// As much as there is, up to the length of `buffer`.
#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], at: u64) -> Option<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at).ok()
}

#[cfg(not(unix))]
fn read_some(_file: &File, _buffer: &mut [u8], _at: u64) -> Option<usize> {
    None
}

/// Elsewhere gix does all the reading.
#[cfg(not(unix))]
fn read_at(_file: &File, _buffer: &mut [u8], _at: u64) -> Option<()> {
    None
}
