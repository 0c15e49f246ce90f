//! Packs: files that hold many objects.
//!
//! A run is written as one small pack instead of a loose file for each object:
//! creating files is the dearest part of recording one. Small packs are rolled
//! up into larger ones, so that there are never many.

mod bulk;
mod entry;
mod find;
mod index;
mod lookup;
mod packing;
mod reclaim;
mod roll;
mod small;

pub use bulk::PackWriter;
pub(super) use find::Packs;
pub use reclaim::Reclaimed;
pub use small::{Mark, SmallPack};

use std::path::{Path, PathBuf};

/// What `git index-pack --keep=agentv` writes into a keep file.
const KEEP_NOTE: &str = "agentv\n";

/// Keeps a new pack from being repacked away by somebody who has not seen the
/// ref that reaches it yet, until this is dropped.
#[derive(Debug)]
pub struct Keep(Option<PathBuf>);

impl Drop for Keep {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The pack called `name` below an object directory, with another extension.
fn pack_path(objects: &Path, name: &str, extension: &str) -> PathBuf {
    objects.join("pack").join(format!("pack-{name}.{extension}"))
}
