//! Freeing what nothing reaches any more, without a gc of the whole repository.
//!
//! Only objects that a former tip of ours reached are looked at. Packs that are made of them for a good part are made anew
//! without them, loose ones are removed. Everything else is git's to repack.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{index, pack_path};
use crate::git::process::one_line;
use crate::git::{Error, Oid, Repo, Result};

/// Larger packs are git's to repack.
const MAX_BYTES: u64 = 512 << 20;
/// A pack is made anew if at least one in so many of its bytes is wanted back.
const SHARE: u64 = 10;

/// What became of objects that nothing reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// Bytes that packs and loose objects take less.
    pub freed: u64,
    /// Bytes of objects that are there still: in packs of git's, or touched just now.
    pub left: u64,
}

impl Repo {
    /// The refs whose history has a commit.
    pub fn refs_with(&self, commit: &Oid) -> Result<Vec<String>> {
        if !self.has(commit) {
            return Ok(Vec::new());
        }
        let contains = format!("--contains={commit}");
        let out = self.git("for-each-ref").args([contains.as_str(), "--format=%(refname)"]).run_text()?;
        Ok(out.lines().map(str::to_owned).collect())
    }

    /// Whether a ref has a log, which keeps what the ref named before.
    #[must_use]
    pub fn has_reflog(&self, name: &str) -> bool {
        self.git("reflog").args(["exists", name]).output().is_ok_and(|(output, _)| output.status.success())
    }

    /// Removes objects that only `old` reaches: no ref, no reflog and no index. The caller sees to it that nobody writes runs
    /// meanwhile. Files that somebody touched since it began stay: they may be about to be used.
    pub fn reclaim(&self, old: &Oid) -> Result<Reclaimed> {
        let mut done = Reclaimed::default();
        if !self.has(old) {
            return Ok(done);
        }
        if self.is_partial() {
            // Where objects may be missing it can't be told what is reached.
            return Ok(Reclaimed { left: self.bytes_not_in(&[*old], &[]).unwrap_or(1), ..done });
        }
        let start = SystemTime::now();
        let gone = match self.only_reached_by(old) {
            Ok(gone) => gone,
            // One that was killed while it did this left only a part of that history. The rest is for git's gc.
            Err(err) => {
                tracing::debug!(%old, %err, "nothing is freed");
                return Ok(Reclaimed { left: 1, ..done });
            }
        };
        if gone.is_empty() {
            return Ok(done);
        }
        let objects = self.objects_dir();
        let busy = self.common_dir().join("gc.pid").exists() || objects.join("pack/multi-pack-index").exists();
        let sizes: HashMap<PathBuf, u64> = loose(&objects, &gone).collect();
        for (path, size) in sizes {
            if !busy && is_older(&path, start) && fs::remove_file(&path).is_ok() {
                done.freed += size;
            } else {
                done.left += size;
            }
        }
        for name in newest_first(&objects.join("pack")) {
            let name = name.as_str();
            let Some((unwanted, all)) = self.portion(&objects, name, &gone) else { continue };
            if unwanted == 0 {
                continue;
            }
            let beside = |extension: &str| pack_path(&objects, name, extension).exists();
            let special = ["keep", "promisor", "bitmap", "mtimes"].into_iter().any(beside);
            let worth = !busy && !special && all <= MAX_BYTES && unwanted.saturating_mul(SHARE) >= all;
            match worth.then(|| self.repack_without(&objects, name, &gone, start)).transpose()?.flatten() {
                Some(bytes) => done.freed += all.saturating_sub(bytes),
                None => done.left += unwanted,
            }
        }
        self.release_packs();
        Ok(done)
    }

    /// The objects that nothing but `old` reaches.
    fn only_reached_by(&self, old: &Oid) -> Result<HashSet<Oid>> {
        let walk = || self.git("rev-list").env("GIT_NO_LAZY_FETCH", "1").args(["--objects", "--no-object-names"]);
        let out = walk().args([&old.to_string(), "--not", "--all"]).run_text()?;
        let mut gone: HashSet<Oid> = out.lines().filter_map(|id| self.parse_oid(id)).collect();
        drop(out);
        if gone.is_empty() {
            return Ok(gone);
        }
        // What git leaves out of such a list are commits, and of trees and blobs only those at the seam. So all that is
        // reached has to be walked.
        let (mut child, command) = walk().args(["--all", "--reflog", "--indexed-objects"]).spawn_piped()?;
        drop(child.stdin.take());
        for line in BufReader::new(child.stdout.take().expect("stdout is piped")).lines() {
            let line = line.map_err(Error::io("git rev-list"))?;
            if let Some(id) = self.parse_oid(&line) {
                gone.remove(&id);
            }
        }
        let output = child.wait_with_output().map_err(Error::io("git rev-list"))?;
        if !output.status.success() {
            return Err(Error::Command { command, stderr: one_line(&output.stderr) });
        }
        Ok(gone)
    }

    /// How many bytes of a pack are objects in `gone`, and how many there are.
    fn portion(&self, objects: &Path, name: &str, gone: &HashSet<Oid>) -> Option<(u64, u64)> {
        let entries = index::read(&pack_path(objects, name, "idx"), self.hash_kind())?;
        let size = pack_path(objects, name, "pack").metadata().ok()?.len();
        let ends = entries.iter().skip(1).map(|entry| u64::from(entry.offset)).chain([size]);
        let of = entries.iter().zip(ends).filter(|(entry, _)| gone.contains(&entry.id));
        Some((of.map(|(entry, end)| end.saturating_sub(u64::from(entry.offset))).sum(), size))
    }

    /// Makes a pack anew without `gone` and removes it. Returns the bytes of the new one; none if the old one stays.
    fn repack_without(
        &self,
        objects: &Path,
        name: &str,
        gone: &HashSet<Oid>,
        start: SystemTime,
    ) -> Result<Option<u64>> {
        let Some(entries) = index::read(&pack_path(objects, name, "idx"), self.hash_kind()) else { return Ok(None) };
        let stay: Vec<String> =
            entries.iter().filter(|entry| !gone.contains(&entry.id)).map(|entry| format!("{}\n", entry.id)).collect();
        let mut bytes = 0;
        if !stay.is_empty() {
            let base = objects.join("pack/pack");
            let out = self.git("pack-objects").args(["-q"]).arg(base).run_with(stay.concat().as_bytes())?;
            let new = String::from_utf8_lossy(&out).trim().to_owned();
            bytes = pack_path(objects, &new, "pack").metadata().map_or(0, |meta| meta.len());
            if new == name || bytes == 0 {
                return Ok(None);
            }
        }
        // git touches a pack when something is added that it has.
        if !is_older(&pack_path(objects, name, "pack"), start) {
            return Ok(None);
        }
        // Without its index a pack is nothing to git, so it goes first.
        for extension in ["idx", "rev", "pack"] {
            let _ = fs::remove_file(pack_path(objects, name, extension));
        }
        Ok(Some(bytes))
    }
}

/// The names of the packs in a directory. What an object names was there before it: removed in this order, what is left when
/// we are killed names nothing that is gone.
fn newest_first(dir: &Path) -> Vec<String> {
    let mut packs: Vec<(SystemTime, String)> = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_str().and_then(|name| name.strip_prefix("pack-")?.strip_suffix(".idx"));
        if let (Some(name), Ok(time)) = (name, entry.metadata().and_then(|meta| meta.modified())) {
            packs.push((time, name.to_owned()));
        }
    }
    packs.sort_unstable_by(|a, b| b.cmp(a));
    packs.into_iter().map(|(_, name)| name).collect()
}

/// The files of those objects that are loose, and their sizes.
fn loose<'a>(objects: &'a Path, ids: &'a HashSet<Oid>) -> impl Iterator<Item = (PathBuf, u64)> + 'a {
    ids.iter().filter_map(|id| {
        let hex = id.to_string();
        let path = objects.join(&hex[..2]).join(&hex[2..]);
        let size = path.metadata().ok()?.len();
        Some((path, size))
    })
}

fn is_older(path: &Path, than: SystemTime) -> bool {
    path.metadata().and_then(|meta| meta.modified()).is_ok_and(|time| time < than)
}
