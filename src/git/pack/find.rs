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
use std::collections::VecDeque;
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

/// How far apart two entries are that are said to lie side by side.
const NEAR: u64 = 8 << 10;
/// What is read beyond the second of them.
const BEYOND: u64 = 32 << 10;
/// So many deltas are kept as they were decoded, if they are not larger than that: the root of a tip's tree, which is asked for
/// more than once, may be one of fifty that build on each other.
const RECENT: usize = 8;
const LARGEST_RECENT: usize = 64 << 10;

/// The packs of one object directory.
pub(in crate::git) struct Packs {
    /// Where they are.
    dir: PathBuf,
    /// When that was changed last, when it was listed.
    listed: Cell<Option<SystemTime>>,
    found: RefCell<Vec<Pack>>,
    id_len: usize,
    /// Whether very many objects are going to be read.
    many: Cell<bool>,
    inflate: RefCell<gix::zlib::Inflate>,
    recent: RefCell<VecDeque<(Oid, Kind, Vec<u8>)>>,
}

struct Pack {
    /// Opened when something is looked for in it; none if it can't be used.
    index: OnceCell<Option<Index>>,
    id_len: usize,
    /// Whether its index is to be read whole when something is looked for, if it is small.
    many: Cell<bool>,
    /// Of its index.
    path: PathBuf,
    file: Option<File>,
    data: Option<PackData>,
    /// Where something was read last.
    last: u64,
    /// What was read around some place, and where that begins.
    near: (u64, Vec<u8>),
}

impl Packs {
    /// Finds the packs below `objects`. Their indexes are opened one after the other, as they are needed.
    pub(in crate::git) fn open(objects: &Path, hash: gix::hash::Kind) -> Self {
        let packs = Self {
            dir: objects.join("pack"),
            listed: Cell::new(None),
            found: RefCell::default(),
            id_len: hash.len_in_bytes(),
            many: Cell::new(false),
            inflate: RefCell::new(gix::zlib::Inflate::default()),
            recent: RefCell::default(),
        };
        packs.look();
        packs
    }

    /// Very many objects are going to be read: small indexes are read whole at once.
    pub(in crate::git) fn expect_many(&self) {
        self.many.set(true);
        self.found.borrow().iter().for_each(|pack| pack.many.set(true));
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
                found.push((modified, Pack::new(path, self.id_len, self.many.get())));
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

    /// Reads an object that is expected to be a `kind`; none if it is in no pack that we can use.
    pub(in crate::git) fn read(&self, id: &Oid, kind: Kind) -> Option<(Kind, Vec<u8>)> {
        self.read_known(id, kind).or_else(|| self.look().then(|| self.read_known(id, kind))?)
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

    fn read_known(&self, id: &Oid, expected: Kind) -> Option<(Kind, Vec<u8>)> {
        if let Some((_, kind, data)) = self.recent.borrow().iter().find(|(recent, ..)| recent == id) {
            return Some((*kind, data.clone()));
        }
        self.at_place(id, |pack, offset, inflate| {
            // Most trees are deltas.
            let is_tree = expected == Kind::Tree && pack.data.is_some();
            let small = if is_tree { None } else { pack.small(offset, inflate) };
            small.or_else(|| {
                let (kind, data) = decode(pack.data(id.kind())?, offset, inflate)?;
                if data.len() <= LARGEST_RECENT {
                    let mut recent = self.recent.borrow_mut();
                    recent.truncate(RECENT - 1);
                    recent.push_front((*id, kind, data.clone()));
                }
                Some((kind, data))
            })
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
        if at > 0 {
            // There may be very many packs, and what is around in another one is not asked for soon.
            packs[1..=at].iter_mut().for_each(|pack| pack.near = (0, Vec::new()));
        }
        found
    }
}

impl Pack {
    fn new(path: PathBuf, id_len: usize, many: bool) -> Self {
        let (index, many) = (OnceCell::new(), Cell::new(many));
        Self { index, id_len, many, path, file: None, data: None, last: u64::MAX, near: (0, Vec::new()) }
    }

    /// Where in the pack the object is.
    fn find(&self, id: &Oid) -> Option<u64> {
        let index = self.index.get_or_init(|| Index::open(&self.path, self.id_len)).as_ref()?;
        if self.many.take() {
            index.read_if_small();
        }
        index.find(id)
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
        let mut buffer = [0; FIRST_READ];
        let first = self.first_read(offset, &mut buffer)?;
        let (kind, size, start) = header(first)?;
        if size > SMALL {
            return None;
        }
        let mut out = vec![0; size];
        if inflated(inflate, &first[start..], &mut out) {
            return Some((kind, out));
        }
        // Deflated data is hardly ever larger than what it holds, and then gix reads it.
        let mut more = vec![0; start + size + 64];
        let read = read_some(self.file()?, &mut more, offset)?;
        inflated(inflate, more.get(start..read)?, &mut out).then_some((kind, out))
    }
}

impl Pack {
    /// The first bytes from `offset` on, enough for a commit; fewer only at the end of the file. The commits that a fetch brought lie
    /// side by side, and those of small runs not far apart: then what is around is read, too, and has the next ones.
    fn first_read<'s>(&'s mut self, offset: u64, buffer: &'s mut [u8; FIRST_READ]) -> Option<&'s [u8]> {
        let last = std::mem::replace(&mut self.last, offset);
        let inside = |(start, near): &(u64, Vec<u8>)| {
            let at = usize::try_from(offset.checked_sub(*start)?).ok()?;
            (at + FIRST_READ <= near.len()).then_some(at)
        };
        if let Some(at) = inside(&self.near) {
            return self.near.1.get(at..at + FIRST_READ);
        }
        if offset.abs_diff(last) > NEAR {
            let read = read_some(self.file()?, buffer, offset)?;
            return buffer.get(..read);
        }
        // The next ones lie in the same direction.
        let (start, end) = if offset < last {
            (offset.saturating_sub(BEYOND), offset + FIRST_READ as u64)
        } else {
            (offset, offset + BEYOND)
        };
        let mut near = std::mem::take(&mut self.near.1);
        near.resize(usize::try_from(end - start).ok()?, 0);
        let read = read_some(self.file()?, &mut near, start)?;
        near.truncate(read);
        self.near = (start, near);
        let from = usize::try_from(offset - start).ok()?;
        self.near.1.get(from..read.min(from + FIRST_READ))
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
