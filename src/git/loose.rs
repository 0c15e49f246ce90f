//! Loose objects: one file each. Format: `gitformat-loose(5)`.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::objects::LARGE;
use super::{Kind, Oid};

/// Reads an object below an object directory; none if it is not there as a
/// loose file that we can make sense of: then gix is asked.
pub(super) fn read(objects: &Path, id: &Oid) -> Option<(Kind, Vec<u8>)> {
    let hex = id.to_string();
    let path = objects.join(&hex[..2]).join(&hex[2..]);
    let file = fs::File::open(path).ok()?;
    let mut deflated = Vec::new();
    file.take(LARGE).read_to_end(&mut deflated).ok()?;
    let mut data = Vec::new();
    // A few bytes may inflate to gigabytes. What is so large is not read here; neither is it whole then.
    flate2::read::ZlibDecoder::new(deflated.as_slice()).take(LARGE + 64).read_to_end(&mut data).ok()?;
    let end = data.iter().position(|&b| b == 0)?;
    let (kind, size) = std::str::from_utf8(&data[..end]).ok()?.split_once(' ')?;
    let kind = [Kind::Blob, Kind::Tree, Kind::Commit].into_iter().find(|known| known.name() == kind)?;
    let size: Option<usize> = size.parse().ok();
    data.drain(..=end);
    (size == Some(data.len())).then_some((kind, data))
}
