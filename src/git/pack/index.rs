//! Pack indexes, version 2. Format: `gitformat-pack(5)`.

use std::path::Path;

use crate::git::Oid;

const MAGIC: [u8; 8] = *b"\xfftOc\0\0\0\x02";
const FAN: usize = 256;

/// One object of a pack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indexed {
    pub(super) id: Oid,
    /// CRC-32 of the entry's bytes.
    pub(super) crc: u32,
    /// Where the entry begins.
    pub(super) offset: u32,
}

/// The index of a pack of less than 2 GiB whose checksum is `pack`.
pub(super) fn encode(entries: &[Indexed], pack: &Oid) -> Option<Vec<u8>> {
    let mut sorted: Vec<&Indexed> = entries.iter().collect();
    sorted.sort_by_key(|entry| entry.id);
    let id_len = pack.as_slice().len();
    let mut out = Vec::with_capacity(8 + FAN * 4 + sorted.len() * (id_len + 8) + 2 * id_len);
    out.extend_from_slice(&MAGIC);
    let mut counts = [0_u32; FAN];
    for entry in &sorted {
        counts[usize::from(entry.id.as_slice()[0])] += 1;
    }
    let mut total = 0_u32;
    for count in counts {
        total += count;
        out.extend_from_slice(&total.to_be_bytes());
    }
    out.extend(sorted.iter().flat_map(|entry| entry.id.as_slice()));
    out.extend(sorted.iter().flat_map(|entry| entry.crc.to_be_bytes()));
    out.extend(sorted.iter().flat_map(|entry| entry.offset.to_be_bytes()));
    out.extend_from_slice(pack.as_slice());
    let checksum = checksum(pack.kind(), &out)?;
    out.extend_from_slice(checksum.as_slice());
    Some(out)
}

/// Reads a whole index, ordered by offset; none unless it is one that [`encode`] could have written.
pub(super) fn read(path: &Path, hash: gix::hash::Kind) -> Option<Vec<Indexed>> {
    let data = std::fs::read(path).ok()?;
    let id_len = hash.len_in_bytes();
    let rest = data.strip_prefix(&MAGIC)?;
    let count = usize::try_from(be32(rest.get((FAN - 1) * 4..FAN * 4)?)).ok()?;
    let (ids, rest) = rest.get(FAN * 4..)?.split_at_checked(count.checked_mul(id_len)?)?;
    let (crcs, rest) = rest.split_at_checked(count * 4)?;
    let (offsets, rest) = rest.split_at_checked(count * 4)?;
    if rest.len() != 2 * id_len {
        return None;
    }
    let parts = ids.chunks_exact(id_len).zip(crcs.chunks_exact(4)).zip(offsets.chunks_exact(4));
    let entry =
        |((id, crc), offset)| Some(Indexed { id: Oid::try_from(id).ok()?, crc: be32(crc), offset: be32(offset) });
    let mut entries: Vec<Indexed> = parts.map(entry).collect::<Option<_>>()?;
    entries.sort_by_key(|entry| entry.offset);
    Some(entries)
}

/// Checksum of a pack or an index.
pub(super) fn checksum(hash: gix::hash::Kind, data: &[u8]) -> Option<Oid> {
    let mut hasher = gix::hash::hasher(hash);
    hasher.update(data);
    hasher.try_finalize().ok()
}

fn be32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| (value << 8) | u32::from(*byte))
}
