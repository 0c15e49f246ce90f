//! Looking an object up in a pack index without reading all of it. Format: `gitformat-pack(5)`, version 2.

use std::cell::{Cell, OnceCell};
use std::cmp::Ordering;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::git::Oid;

const HEADER: u64 = 8;
const FAN: usize = 256;
/// Where the ids begin.
const IDS_AT: u64 = HEADER + FAN as u64 * 4;
/// Who asked so often in so short a time will ask for very many more. Small indexes are read whole earlier: that takes as
/// long as one question for each [`PER_QUESTION`] bytes.
const OFTEN: u32 = 1000;
const SELDOM: u32 = 32;
const PER_QUESTION: u64 = 4 << 10;
const SHORT: Duration = Duration::from_millis(100);
/// Indexes of at most so many bytes are then read whole: of two million objects.
const WHOLE: u64 = 64 << 20;
/// An index of at most so many bytes, of some 35,000 objects, is small.
const SMALL: u64 = 1 << 20;
/// What is read of an index at first: more than all of one with a hundred objects.
const FIRST_READ: usize = 4 << 10;
/// Entries that one probe reads.
const WINDOW: u64 = 128;

/// An open pack index.
pub(super) struct Index {
    file: File,
    /// Its size in bytes.
    len: u64,
    fan: Vec<u32>,
    id_len: usize,
    /// How often something was looked for, and since when that is counted.
    asked: Cell<(u32, Instant)>,
    /// All of it, once that pays.
    whole: OnceCell<Vec<u8>>,
}

impl Index {
    /// Opens it; none if it is not of version 2, or not whole.
    pub(super) fn open(path: &Path, id_len: usize) -> Option<Self> {
        let file = File::open(path).ok()?;
        let mut head = vec![0; FIRST_READ];
        let read = read_some(&file, &mut head, 0)?;
        head.truncate(read);
        if *head.get(..8)? != *b"\xfftOc\0\0\0\x02" {
            return None;
        }
        let fan: Vec<u32> = head.get(8..8 + FAN * 4)?.chunks_exact(4).map(be32).collect();
        // Most packs that we write are of one run: their index is all read by now.
        let is_whole = head.len() < FIRST_READ;
        let len = if is_whole { head.len() as u64 } else { file.metadata().ok()?.len() };
        let index = Self { file, len, fan, id_len, asked: Cell::new((0, Instant::now())), whole: OnceCell::new() };
        // A file that is too short would send us to the wrong places.
        let least = index.offsets_at() + u64::from(index.count()) * 4 + 2 * id_len as u64;
        let sane = index.fan.is_sorted() && len >= least;
        if is_whole {
            let _ = index.whole.set(head);
        }
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

    /// Reads all of it if it is small, for those who are going to ask often.
    pub(super) fn read_if_small(&self) {
        if self.whole.get().is_none() && self.len <= SMALL {
            self.read_whole();
        }
    }

    fn read_whole(&self) {
        let mut whole = vec![0; usize::try_from(self.len).unwrap_or_default()];
        if read_at(&self.file, &mut whole, 0).is_some() {
            let _ = self.whole.set(whole);
        }
    }

    /// Reads all of it when it was asked often enough.
    fn count_question(&self) {
        if self.whole.get().is_some() || self.len > WHOLE {
            return;
        }
        let (asked, since) = self.asked.get();
        let often = u32::try_from(self.len / PER_QUESTION).unwrap_or(OFTEN).clamp(SELDOM, OFTEN);
        if asked < often {
            return self.asked.set((asked + 1, since));
        }
        self.asked.set((0, Instant::now()));
        if since.elapsed() < SHORT {
            self.read_whole();
        }
    }

    /// Where in the pack the object is.
    pub(super) fn find(&self, id: &Oid) -> Option<u64> {
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

/// As much as there is, up to the length of `buffer`; less only at the end of the file.
#[cfg(unix)]
pub(super) fn read_some(file: &File, buffer: &mut [u8], at: u64) -> Option<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at).ok()
}

#[cfg(not(unix))]
pub(super) fn read_some(_file: &File, _buffer: &mut [u8], _at: u64) -> Option<usize> {
    None
}

/// Elsewhere gix does all the reading.
#[cfg(not(unix))]
fn read_at(_file: &File, _buffer: &mut [u8], _at: u64) -> Option<()> {
    None
}
