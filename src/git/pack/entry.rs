//! Entries of a pack, as bytes. Format: `gitformat-pack(5)`.

#![expect(clippy::cast_possible_truncation, reason = "the format takes numbers apart, byte by byte")]

use adler2::Adler32;
use flate2::{Compress, Compression, FlushCompress, Status};

use crate::git::Kind;

/// Type number of a delta whose base is in the same pack, so many bytes before it.
pub(super) const OFS_DELTA: u8 = 6;

/// For files, 5 % larger than the default, in half the time; and for trees, which are mostly ids.
const FASTEST: u32 = 1;
/// For commits: the lowest level that makes a code for what it deflates. They are 433 bytes so and not 550, and no higher level does
/// better; all of them go to each clone.
const FAST: u32 = 2;

/// Deflates one entry after the other without setting up a new compressor for
/// each, which costs more than deflating a small file.
pub(super) struct Deflater {
    compress: Compress,
    level: u32,
}

impl Default for Deflater {
    fn default() -> Self {
        Self { compress: Compress::new(Compression::new(FASTEST), true), level: FASTEST }
    }
}

impl Deflater {
    /// Appends the zlib stream of `data`, all or a delta of a `kind`, to `out`.
    pub(super) fn deflate(&mut self, kind: Kind, data: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
        let level = if kind == Kind::Commit { FAST } else { FASTEST };
        let compress = &mut self.compress;
        compress.reset();
        if level != self.level {
            compress.set_level(Compression::new(level)).map_err(std::io::Error::other)?;
            self.level = level;
        }
        let mut rest = data;
        loop {
            out.reserve(rest.len() / 2 + 256);
            let before = compress.total_in();
            let status = compress.compress_vec(rest, out, FlushCompress::Finish).map_err(std::io::Error::other)?;
            rest = &rest[(compress.total_in() - before) as usize..];
            if status == Status::StreamEnd {
                return Ok(());
            }
        }
    }
}

/// Appends a zlib stream that holds `data` as it is. Format: RFC 1950, and stored blocks of RFC 1951, 3.2.4.
pub(super) fn store(data: &[u8], out: &mut Vec<u8>) {
    const MOST: usize = u16::MAX as usize;
    out.extend([0x78, 0x01]);
    let mut rest = data;
    loop {
        let (block, more) = rest.split_at(rest.len().min(MOST));
        let len = block.len() as u16;
        out.push(u8::from(more.is_empty()));
        out.extend(len.to_le_bytes());
        out.extend((!len).to_le_bytes());
        out.extend_from_slice(block);
        rest = more;
        if rest.is_empty() {
            break;
        }
    }
    let mut sum = Adler32::new();
    sum.write_slice(data);
    out.extend(sum.checksum().to_be_bytes());
}

/// Type number of a whole object.
pub(super) fn type_number(kind: Kind) -> u8 {
    match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
    }
}

/// What comes before the zlib stream: type and inflated size.
pub(super) fn header(kind: u8, len: usize) -> Vec<u8> {
    let mut head = Vec::with_capacity(8);
    let (mut size, mut byte) = (len >> 4, (kind << 4) | (len & 0x0f) as u8);
    while size > 0 {
        head.push(byte | 0x80);
        byte = (size & 0x7f) as u8;
        size >>= 7;
    }
    head.push(byte);
    head
}

/// The delta from `base` to `target` when one piece of it was replaced: copy
/// the common head, insert what is new, copy the common tail. That is what
/// happens to a tree when one entry is added.
pub(super) fn splice_delta(base: &[u8], target: &[u8]) -> Vec<u8> {
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
pub(super) fn offset_varint(mut n: u64) -> Vec<u8> {
    let mut out = vec![(n & 0x7f) as u8];
    while n >= 0x80 {
        n = (n >> 7) - 1;
        out.push((n & 0x7f) as u8 | 0x80);
    }
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::store;

    #[test]
    fn what_is_stored_is_read_by_others() {
        for len in [0, 1, 700, 65_535, 65_536, 200_000] {
            let data: Vec<u8> = (0..len).map(|at: u32| (at * 31 % 251) as u8).collect();
            let (mut stored, mut read) = (Vec::new(), Vec::new());
            store(&data, &mut stored);
            flate2::read::ZlibDecoder::new(&stored[..]).read_to_end(&mut read).expect("it is a zlib stream");
            assert!(read == data, "{len} bytes");
        }
    }
}
