//! How many packs gix makes room for when a repository is opened: that can't be changed later.
//!
//! Asked to find that out, it looks at every file beside every pack. That takes as long as all else that opening does when there
//! are some dozen packs; counting names does not.

use std::path::Path;

use gix::ThreadSafeRepository;
pub(super) use gix::odb::store::init::Slots;

use super::ConfigScope;

/// How many packs there is room for. A sync that loses races fetches and writes several each time; who only reads may
/// fetch objects.
fn room(scope: ConfigScope) -> u16 {
    if scope == ConfigScope::Repository { 96 } else { 512 }
}

/// Opens a repository with `open`, with room for the packs that it has and for others that may appear.
pub(super) fn open(
    scope: ConfigScope,
    open: impl Fn(Slots) -> Result<ThreadSafeRepository, gix::Error>,
) -> Result<gix::Repository, gix::Error> {
    let room = room(scope);
    let opened = open(Slots::Given(room))?.to_thread_local();
    if has_few_packs(opened.objects.store_ref().path(), room / 3 * 2) {
        return Ok(opened);
    }
    let slots = Slots::AsNeededByDiskState { multiplier: 1.5, minimum: room.into() };
    Ok(open(slots)?.to_thread_local())
}

/// Whether there are at most `most` packs, and no other repository lends its own.
fn has_few_packs(objects: &Path, most: u16) -> bool {
    let names = std::fs::read_dir(objects.join("pack")).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let packs = names.filter(|name| name.as_encoded_bytes().ends_with(b".idx")).count();
    packs <= most.into() && !objects.join("info/alternates").exists()
}
