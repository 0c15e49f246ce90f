//! Reading and writing single objects.

use std::collections::HashSet;
use std::io::Read;

use super::missing::Filter;
use super::{Error, Oid, Repo, Result, Tree, loose};

/// Objects up to so many bytes are read without looking at their size first.
pub(super) const LARGE: u64 = 16 << 20;
/// Larger trees are not read: this one has some 400,000 entries.
const LARGEST_TREE: u64 = 16 << 20;
/// Larger commits and blobs are not read into memory.
const LARGEST: u64 = 256 << 20;
/// Blobs that are larger than this are [streamed](Repo::stream) by git.
const STREAMED: u64 = 64 << 20;

/// The kinds of objects that we handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// File content.
    Blob,
    /// A directory.
    Tree,
    /// A commit.
    Commit,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Tree => "tree",
            Self::Commit => "commit",
        }
    }

    pub(super) fn gix(self) -> gix::objs::Kind {
        match self {
            Self::Blob => gix::objs::Kind::Blob,
            Self::Tree => gix::objs::Kind::Tree,
            Self::Commit => gix::objs::Kind::Commit,
        }
    }
}

impl Repo {
    /// Reads an object. In a partial clone a missing one is fetched.
    pub fn read(&self, id: &Oid, kind: Kind) -> Result<Vec<u8>> {
        if let Some(data) = self.try_read(id, kind)? {
            return Ok(data);
        }
        self.fetch_missing(&[*id], Filter::Files, &mut |_| {})?;
        self.try_read(id, kind)?.ok_or(Error::Missing(*id))
    }

    /// Gives the content of a blob to `each`, in pieces. However large it is, it does not take much memory.
    pub fn stream(&self, id: &Oid, each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> Result<()> {
        let to = |err| Error::io("the output")(err);
        if self.size(id)? <= STREAMED {
            return each(&self.read(id, Kind::Blob)?).map_err(to);
        }
        let (mut child, command) = self.git("cat-file").args(["blob", &id.to_string()]).spawn_piped()?;
        drop(child.stdin.take());
        let (mut from, mut buffer) = (child.stdout.take(), vec![0; 1 << 20]);
        let mut copied = Ok(());
        while let Some(pipe) = &mut from
            && copied.is_ok()
        {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => copied = each(&buffer[..n]),
                Err(err) => copied = Err(err),
            }
        }
        drop(from);
        let output = child.wait_with_output().map_err(Error::io("git"))?;
        copied.map_err(to)?;
        if output.status.success() {
            return Ok(());
        }
        Err(Error::Command { command, stderr: super::process::one_line(&output.stderr) })
    }

    /// Reads an object that is here; never fetches. Those that are too large for memory are an error.
    pub fn try_read(&self, id: &Oid, kind: Kind) -> Result<Option<Vec<u8>>> {
        // What is asked for next lies mostly where the last one was.
        let loose = || loose::read(&self.objects_dir(), id);
        let found = if self.expects_many_reads() {
            None
        } else if self.packed_last.get() {
            self.packs().read(id, kind).or_else(|| loose().inspect(|_| self.packed_last.set(false)))
        } else {
            loose().or_else(|| self.packs().read(id, kind).inspect(|_| self.packed_last.set(true)))
        };
        let (found_kind, data) = if let Some((found_kind, data)) = found {
            (found_kind.gix(), data)
        } else {
            // Alternates, packs that appeared since, formats that we do not read: gix knows them all.
            let Some((kind, size)) = self.header(id)? else { return Ok(None) };
            let limit = if kind == gix::objs::Kind::Tree { LARGEST_TREE } else { LARGEST };
            if size > limit {
                return Err(Error::TooLarge { id: *id, size });
            }
            match self.gix().try_find_object(*id).map_err(|err| self.odb_error("read", &err))? {
                Some(object) => (object.kind, object.detach().data),
                None => return Ok(None),
            }
        };
        if found_kind != kind.gix() {
            let reason = format!("it is a {found_kind}");
            return Err(Error::Invalid { id: *id, expected: kind.name(), reason });
        }
        Ok(Some(data))
    }

    /// Reads a tree.
    pub fn tree(&self, id: &Oid) -> Result<Tree> {
        Tree::decode(id, &self.read(id, Kind::Tree)?)
    }

    /// The size of an object in bytes, without reading its content.
    pub fn size(&self, id: &Oid) -> Result<u64> {
        if let Some((_, size)) = self.header(id)? {
            return Ok(size);
        }
        self.fetch_missing(&[*id], Filter::Files, &mut |_| {})?;
        Ok(self.header(id)?.ok_or(Error::Missing(*id))?.1)
    }

    /// What an object is, and its size; never fetches.
    fn header(&self, id: &Oid) -> Result<Option<(gix::objs::Kind, u64)>> {
        // Who reads very many has gix open all packs anyhow.
        if !self.expects_many_reads()
            && let Some((kind, size)) = self.packs().header(id)
        {
            return Ok(Some((kind.gix(), size)));
        }
        let found = self.gix().try_find_header(*id).map_err(|err| self.odb_error("read", &err))?;
        Ok(found.map(|header| (header.kind(), header.size())))
    }

    /// The size of an object, if it is here; never fetches.
    #[must_use]
    pub fn size_if_here(&self, id: &Oid) -> Option<u64> {
        Some(self.header(id).ok()??.1)
    }

    /// Whether an object is here and is a tree; never fetches.
    #[must_use]
    pub fn is_tree(&self, id: &Oid) -> bool {
        self.header(id).ok().flatten().is_some_and(|(kind, _)| kind == gix::objs::Kind::Tree)
    }

    /// Whether an object is here.
    #[must_use]
    pub fn has(&self, id: &Oid) -> bool {
        self.packs().has(id) || self.gix().has_object(id)
    }

    /// Gives memory back into which packs were mapped: who reads very many objects would hold them whole in the end.
    pub fn release_packs(&self) {
        self.packs().release();
    }

    /// The id that an object would have.
    pub fn hash(&self, kind: Kind, data: &[u8]) -> Result<Oid> {
        gix::objs::compute_hash(self.gix().object_hash(), kind.gix(), data).map_err(|err| self.odb_error("write", &err))
    }

    /// Whether git would sync a pack (`core.fsync`): its default does.
    pub(super) fn syncs_packs(&self) -> bool {
        let set = self.setting("core.fsync").unwrap_or_default();
        !set.split(',').map(str::trim).any(|name| matches!(name, "none" | "-pack" | "-objects" | "-committed" | "-all"))
    }

    /// Whether git would sync a loose object (`core.fsync` and its predecessor):
    /// its default does not. What stands in for loose objects is treated alike.
    pub(super) fn syncs_loose_objects(&self) -> bool {
        let set = self.setting("core.fsync").unwrap_or_default();
        let names: HashSet<_> = set.split(',').map(str::trim).collect();
        let on = ["loose-object", "objects", "committed", "added", "all"].iter().any(|name| names.contains(name));
        let off = names.contains("-loose-object") || names.contains("none");
        (on && !off) || self.setting_bool("core.fsyncObjectFiles").ok().flatten() == Some(true)
    }

    pub(super) fn odb_error(&self, action: &'static str, err: &gix::Error) -> Error {
        Error::Odb { action, dir: self.objects_dir(), reason: chain(err) }
    }
}

/// An error and what caused it, on one line.
pub(super) fn chain(err: &gix::Error) -> String {
    let mut text = err.to_string();
    let mut source = std::error::Error::source(err);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
