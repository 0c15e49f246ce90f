//! What a fetch without file contents left out, promised in a way that hides nothing else from git.
//!
//! git takes an object that is not here for granted if a pack with the mark `.promisor` has an object that names it. The pack of such a
//! fetch gets that mark. But git's gc also leaves out of its new pack whatever a marked pack names, and drops it in the end, although
//! nothing else has it: runs that were recorded here and came back as parents of others, and even files of the source that happen to be
//! the same as a file of a run (seen with git 2.39 and 2.47; 2.48 copies such objects into marked packs instead).
//!
//! So we write the mark differently: the ids of all that is missing go into trees that no ref reaches, in a marked pack of their
//! own, which gc keeps for ever. Then the pack that was fetched loses its mark, and is what every other pack is.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::pack::PackWriter;
use super::{EntryKind, Error, Kind, ObjectSink, Oid, Repo, Result, Tree};

/// Ids in one tree.
const CHUNK: usize = 4096;
const MARK: &str = "promisor";

impl Repo {
    /// The packs that have git's mark for packs of partial clones.
    pub(super) fn marked_packs(&self) -> HashSet<PathBuf> {
        with_extension(&self.objects_dir(), MARK)
    }

    /// Notes the marked packs before a fetch in a file, so that one that is killed is put in order by the next.
    pub(super) fn begin_fetch(&self) -> HashSet<PathBuf> {
        let path = self.fetching_path();
        let here = self.marked_packs();
        if let Ok(text) = std::fs::read_to_string(&path) {
            let known: HashSet<&str> = text.lines().collect();
            return here.into_iter().filter(|pack| known.contains(file_name(pack).as_str())).collect();
        }
        let text: String = here.iter().map(|pack| file_name(pack) + "\n").collect();
        let _ = self.create_dir(&self.agentv_dir());
        // Who can't write it down can hardly fetch.
        let _ = std::fs::write(&path, text);
        self.share(&path);
        here
    }

    /// The fetch that was begun is in order.
    pub(super) fn end_fetch(&self) {
        let _ = std::fs::remove_file(self.fetching_path());
    }

    fn fetching_path(&self) -> PathBuf {
        self.agentv_dir().join("fetching")
    }

    /// Makes the marked packs ordinary ones that are not in `before`, and promises what they lack. It holds for any pack, whoever fetched it.
    /// `promising` is called before something is promised. Says whether there are file contents in them.
    pub(super) fn settle(
        &self,
        before: &HashSet<PathBuf>,
        promising: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<bool> {
        let new: Vec<PathBuf> = self.marked_packs().into_iter().filter(|pack| !before.contains(pack)).collect();
        if new.is_empty() {
            return Ok(false);
        }
        let (has_files, missing) = self.look_into(&new)?;
        if !missing.is_empty() {
            promising(missing.len())?;
            self.promise(&missing)?;
        }
        for pack in new {
            match std::fs::remove_file(&pack) {
                Err(err) if err.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(pack)(err)),
                _ => {}
            }
        }
        Ok(has_files)
    }

    /// Writes down that a remote has `missing`.
    fn promise(&self, missing: &BTreeSet<(Oid, bool)>) -> Result<()> {
        let mut writer = PackWriter::new(self)?;
        let missing: Vec<_> = missing.iter().collect();
        for chunk in missing.chunks(CHUNK) {
            let mut tree = Tree::default();
            for (number, (id, is_tree)) in chunk.iter().enumerate() {
                let kind = if *is_tree { EntryKind::Dir } else { EntryKind::File };
                tree.insert(format!("{number:03x}").as_bytes(), kind, *id);
            }
            writer.put(Kind::Tree, &tree.encode())?;
        }
        writer.finish_promises()
    }

    /// Whether there are file contents in packs, and which objects they name that are not here: each with whether it is a tree.
    fn look_into(&self, marks: &[PathBuf]) -> Result<(bool, BTreeSet<(Oid, bool)>)> {
        let fail = |path: &Path, reason: String| Error::Odb { action: "read", dir: path.to_owned(), reason };
        let mut handle = self.gix().clone();
        handle.object_cache_size(Some(4 << 20));
        let (mut has_files, mut named, mut here) = (false, HashSet::new(), HashSet::new());
        for mark in marks {
            let path = mark.with_extension("idx");
            let index =
                gix::odb::pack::index::File::at(&path, self.hash_kind()).map_err(|err| fail(&path, err.to_string()))?;
            for entry in index.iter() {
                here.insert(entry.oid);
                let header = handle.find_header(entry.oid).map_err(|err| fail(&path, super::objects::chain(&err)))?;
                if header.kind() == gix::objs::Kind::Blob {
                    has_files = true;
                    continue;
                }
                let object = handle.find_object(entry.oid).map_err(|err| fail(&path, super::objects::chain(&err)))?;
                match object.kind {
                    gix::objs::Kind::Tree => {
                        let tree = Tree::decode(&entry.oid, &object.data)?;
                        let ids = tree.entries().iter().filter(|entry| entry.kind != EntryKind::Other(0o160_000));
                        named.extend(ids.map(|entry| (entry.id, entry.kind == EntryKind::Dir)));
                    }
                    gix::objs::Kind::Commit => {
                        let commit = gix::objs::CommitRef::from_bytes(&object.data, self.hash_kind())
                            .map_err(|err| fail(&path, err.to_string()))?;
                        named.insert((commit.tree(), true));
                    }
                    _ => {}
                }
            }
        }
        // All packs are known by now: each look for something that is not there would else read the directory again.
        handle.objects.refresh_never();
        let missing: BTreeSet<_> =
            named.into_iter().filter(|(id, _)| !here.contains(id) && !handle.has_object(id)).collect();
        Ok((has_files, missing))
    }
}

/// The files below `objects/pack` with an extension.
fn with_extension(objects: &Path, extension: &str) -> HashSet<PathBuf> {
    let entries = std::fs::read_dir(objects.join("pack")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
