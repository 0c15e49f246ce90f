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
use std::cmp::Reverse;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use gix::odb::pack::data::File as PackData;

use crate::git::objects::LARGE;
use crate::git::{Kind, Oid};

use super::lookup::{Index, read_some};

/// Objects of at most so many bytes are read without mapping the pack.
const SMALL: usize = 8 << 10;
/// What is read for a small object at first: enough for a commit.
const FIRST_READ: usize = 1 << 10;
/// Bytes of the kind and size that an entry begins with, at most: seven bits each.
const LONGEST_HEADER: usize = 10;

/// The packs of one object directory.
pub(in crate::git) struct Packs {
    /// Where they are.
    dir: PathBuf,
    /// When that was changed last, when it was listed.
    listed: Cell<Option<SystemTime>>,
    found: RefCell<Vec<Pack>>,
    id_len: usize,
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

impl Packs {
    /// Finds the packs below `objects`. Their indexes are opened one after the other, as they are needed.
    pub(in crate::git) fn open(objects: &Path, hash: gix::hash::Kind) -> Self {
        let packs = Self {
            dir: objects.join("pack"),
            listed: Cell::new(None),
            found: RefCell::default(),
            id_len: hash.len_in_bytes(),
            inflate: RefCell::new(gix::zlib::Inflate::default()),
        };
        packs.look();
        packs
    }

    /// Looks for packs that are not known yet. False if there are none.
    fn look(&self) -> bool {
        let changed = std::fs::metadata(&self.dir).and_then(|meta| meta.modified()).ok();
        if changed.is_none() || changed == self.listed.replace(changed) {
            return false;
        }
        let mut packs = self.found.borrow_mut();
        let mut found: Vec<(SystemTime, Pack)> = Vec::new();
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ext| ext == "idx") && !packs.iter().any(|pack| pack.path == path) {
                let modified = entry.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((
                    modified,
                    Pack { index: OnceCell::new(), id_len: self.id_len, path, file: None, data: None },
                ));
            }
        }
        // What is asked for was mostly written last.
        found.sort_by_key(|(modified, _)| Reverse(*modified));
        let new = !found.is_empty();
        packs.splice(..0, found.into_iter().map(|(_, pack)| pack));
        new
    }

    /// Whether an object is in a pack that we can use.
    pub(in crate::git) fn has(&self, id: &Oid) -> bool {
        let has = || self.found.borrow().iter().any(|pack| pack.find(id).is_some());
        has() || (self.look() && has())
    }

    /// Gives mapped pack data back; it is mapped again when it is needed.
    pub(in crate::git) fn release(&self) {
        self.found.borrow_mut().iter_mut().for_each(|pack| pack.data = None);
    }

    /// Reads an object; none if it is in no pack that we can use.
    pub(in crate::git) fn read(&self, id: &Oid) -> Option<(Kind, Vec<u8>)> {
        self.read_known(id).or_else(|| self.look().then(|| self.read_known(id))?)
    }

    /// What an object is and how many bytes it has; none if it is in no pack that we can use.
    pub(in crate::git) fn header(&self, id: &Oid) -> Option<(Kind, u64)> {
        let known = || {
            self.at_place(id, |pack, offset, inflate| {
                pack.head(offset).or_else(|| header_of_any(pack.data(id.kind())?, offset, inflate))
            })
        };
        known().or_else(|| self.look().then(known)?)
    }

    fn read_known(&self, id: &Oid) -> Option<(Kind, Vec<u8>)> {
        self.at_place(id, |pack, offset, inflate| {
            pack.small(offset, inflate).or_else(|| decode(pack.data(id.kind())?, offset, inflate))
        })
    }

    /// Reads with `read` where an object is.
    fn at_place<T>(
        &self,
        id: &Oid,
        read: impl FnOnce(&mut Pack, u64, &mut gix::zlib::Inflate) -> Option<T>,
    ) -> Option<T> {
        let mut packs = self.found.borrow_mut();
        let (at, offset) = packs.iter().enumerate().find_map(|(at, pack)| Some((at, pack.find(id)?)))?;
        let found = read(&mut packs[at], offset, &mut self.inflate.borrow_mut());
        // The next one is probably in the same pack.
        packs[..=at].rotate_right(1);
        found
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

    fn file(&mut self) -> Option<&File> {
        if self.file.is_none() {
            self.file = File::open(self.pack_path()).ok();
        }
        self.file.as_ref()
    }

    /// The pack, mapped.
    fn data(&mut self, hash: gix::hash::Kind) -> Option<&PackData> {
        if self.data.is_none() {
            self.data = PackData::at(self.pack_path(), hash).ok();
        }
        self.data.as_ref()
    }

    /// What the entry at `offset` is, if it is no delta.
    fn head(&mut self, offset: u64) -> Option<(Kind, u64)> {
        let mut buffer = [0; LONGEST_HEADER];
        let read = read_some(self.file()?, &mut buffer, offset)?;
        header(&buffer[..read]).map(|(kind, size, _)| (kind, size as u64))
    }

    /// The object at `offset` if it is small and no delta.
    fn small(&mut self, offset: u64, inflate: &mut gix::zlib::Inflate) -> Option<(Kind, Vec<u8>)> {
        let file = self.file()?;
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

/// What the entry at `offset` is, whatever it is.
fn header_of_any(data: &PackData, offset: u64, inflate: &mut gix::zlib::Inflate) -> Option<(Kind, u64)> {
    let found = data.decode_header(data.entry(offset).ok()?, inflate, &|_| Ok(None)).ok()?;
    Some((kind(found.kind)?, found.object_size))
}

fn kind(kind: gix::objs::Kind) -> Option<Kind> {
    match kind {
        gix::objs::Kind::Blob => Some(Kind::Blob),
        gix::objs::Kind::Tree => Some(Kind::Tree),
        gix::objs::Kind::Commit => Some(Kind::Commit),
        gix::objs::Kind::Tag => None,
    }
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
    let kind = kind(outcome.kind)?;
    out.truncate(usize::try_from(outcome.object_size).ok()?);
    Some((kind, out))
}
