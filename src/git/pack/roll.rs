//! Rolling small packs up into larger ones.
//!
//! Every pack slows down every look-up a little, and from 50 on `git gc --auto`
//! repacks the whole repository. So 16 packs of one run become one, 8 of these
//! the next, up to a thousand runs. Entries are copied as they are: nothing is inflated,
//! nothing of the user's is touched.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::index::{self, Indexed};
use super::{KEEP_NOTE, pack_path, small};
use crate::git::Repo;

/// git too takes a gc that began longer ago to have been killed.
const STALE_GC: Duration = Duration::from_secs(12 * 3600);
/// How many packs of each level make one of the next. The last level stays as it is.
const RADIX: [usize; 3] = [16, 8, 8];
/// No pack that is made becomes larger.
const MAX_BYTES: usize = 256 << 20;
/// Larger packs are git's to repack, whatever their level: copying them is dear, and enough of them would exceed [`MAX_BYTES`].
const LARGE: u64 = MAX_BYTES as u64 / RADIX[0] as u64;
/// A keep file of ours that is so old was left by a process that was killed: they live for milliseconds, or as long
/// as a writer loses races.
const STALE_KEEP: Duration = Duration::from_secs(3600);

/// A small pack that we wrote.
#[derive(Debug, Clone, PartialEq)]
struct Small {
    level: usize,
    name: String,
}

impl Repo {
    fn small_packs_path(&self) -> PathBuf {
        self.agentv_dir().join("packs")
    }

    /// Notes a new pack for [`Repo::roll_up`]. Only a note: a pack that it does not name is git's to repack.
    pub(in crate::git) fn remember_small_pack(&self, name: &str) {
        use std::io::Write;
        let path = self.small_packs_path();
        let file = fs::OpenOptions::new().create(true).append(true).open(&path).or_else(|_| {
            fs::create_dir_all(self.agentv_dir())?;
            fs::OpenOptions::new().create(true).append(true).open(&path)
        });
        if let Ok(mut file) = file {
            let _ = file.write_all(format!("0 {name}\n").as_bytes());
        }
    }

    /// Rolls small packs up where there are enough of them. The caller sees to it
    /// that nobody else does so in this clone. That it can't be done is no error:
    /// the packs stay as they are.
    pub fn roll_up(&self) {
        let text = fs::read_to_string(self.small_packs_path()).unwrap_or_default();
        // The usual case, without looking at any pack.
        if text.lines().count() < RADIX[0] && !self.is_shared() {
            return;
        }
        self.remove_stale_keeps();
        // Somebody who is repacking, or keeps an index over all packs, relies on those that are there.
        let busy =
            is_recent(&self.common_dir().join("gc.pid")) || self.objects_dir().join("pack/multi-pack-index").exists();
        if busy || self.is_shared() {
            return;
        }
        let parse = |line: &str| {
            let (level, name) = line.split_once(' ')?;
            Some(Small { level: level.parse().ok()?, name: name.to_owned() })
        };
        let objects = self.objects_dir();
        // `git gc` may have taken some already.
        let here = |small: &Small| {
            let size = pack_path(&objects, &small.name, "pack").metadata().map(|meta| meta.len());
            pack_path(&objects, &small.name, "idx").exists() && size.is_ok_and(|size| size <= LARGE)
        };
        let mut packs: Vec<Small> = text.lines().filter_map(parse).filter(here).collect();
        for (level, &radix) in RADIX.iter().enumerate() {
            // One that is kept waits for the next time, and does not make the others wait.
            let free = |small: &&Small| small.level == level && !pack_path(&objects, &small.name, "keep").exists();
            let ripe: Vec<Small> = packs.iter().filter(free).cloned().collect();
            for ripe in ripe.chunks_exact(radix) {
                let Some(name) = self.merge(ripe) else { continue };
                packs.retain(|small| !ripe.contains(small));
                packs.push(Small { level: level + 1, name });
            }
        }
        let text: String = packs
            .iter()
            .filter(|small| small.level < RADIX.len())
            .flat_map(|small| [small.level.to_string(), " ".into(), small.name.clone(), "\n".into()])
            .collect();
        let temporary = self.small_packs_path().with_extension("new");
        let _ = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, self.small_packs_path()));
    }

    /// Removes the keep files that killed writers left, which would keep git from
    /// repacking these packs for ever, and what they wrote of a pack that never came to have an index.
    fn remove_stale_keeps(&self) {
        let entries = fs::read_dir(self.objects_dir().join("pack")).into_iter().flatten().flatten();
        for keep in entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ext| ext == "keep")) {
            if is_stale_keep(&keep) {
                tracing::debug!(path = %keep.display(), "removing what a killed process left");
                if !keep.with_extension("idx").exists() {
                    let _ = fs::remove_file(keep.with_extension("pack"));
                }
                let _ = fs::remove_file(keep);
            }
        }
    }

    /// Copies the entries of `packs` into one and removes them; its name if that was done.
    fn merge(&self, packs: &[Small]) -> Option<String> {
        let objects = self.objects_dir();
        let mut data = b"PACK\0\0\0\x02\0\0\0\0".to_vec();
        let (mut entries, mut seen): (Vec<Indexed>, _) = (Vec::new(), HashSet::new());
        for small in packs {
            let indexed = index::read(&pack_path(&objects, &small.name, "idx"), self.hash_kind())?;
            let pack = fs::read(pack_path(&objects, &small.name, "pack")).ok()?;
            let end = pack.len().checked_sub(self.hash_kind().len_in_bytes())?;
            let ends = indexed.iter().skip(1).map(|entry| entry.offset as usize).chain([end]);
            for (entry, end) in indexed.iter().zip(ends) {
                let bytes = pack.get(entry.offset as usize..end)?;
                // A delta would need its base moved along. We write none into small packs.
                if !matches!(bytes.first()? >> 4 & 7, 1..=4) {
                    return None;
                }
                if seen.insert(entry.id) {
                    entries.push(Indexed { offset: u32::try_from(data.len()).ok()?, ..*entry });
                    data.extend_from_slice(bytes);
                }
            }
            if data.len() > MAX_BYTES {
                return None;
            }
        }
        // Durable before the others go, unless the user asked for less.
        let sync = self.syncs_packs();
        let stored = small::store(&objects, self.hash_kind(), &mut data, &entries, sync).ok()?;
        for small in packs.iter().filter(|small| small.name != stored.name) {
            // Without its index a pack is nothing to git, so it goes first. Should we be killed then, the sign that the pack
            // is ours has it removed some day.
            small::mark(&pack_path(&objects, &small.name, "pack"), &pack_path(&objects, &small.name, "keep"));
            for extension in ["idx", "rev", "pack", "keep"] {
                let _ = fs::remove_file(pack_path(&objects, &small.name, extension));
            }
        }
        Some(stored.name)
    }
}

/// Whether a keep file is ours and its owner is gone. Ours is a link to the pack, or says so;
/// those of people and of `git fetch` say something else.
fn is_stale_keep(path: &Path) -> bool {
    let age = path.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age > STALE_KEEP) && is_our_keep(path)
}

fn is_our_keep(path: &Path) -> bool {
    use std::io::Read;
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(KEEP_NOTE.len() as u64 + 1).read_to_end(&mut start));
    read.is_ok() && (start == KEEP_NOTE.as_bytes() || start.starts_with(b"PACK"))
}

/// Whether there is such a file, and a gc that wrote it may still run.
fn is_recent(path: &Path) -> bool {
    let age = path.metadata().and_then(|meta| meta.modified()).map(|modified| modified.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age < STALE_GC)
}
