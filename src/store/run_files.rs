//! A run that is stored: its documents, its cases, its files.

use crate::git::{EntryKind, Kind, Oid, Repo};
use crate::run::{CaseDetail, CaseRow, Manifest, Overlay, Row, RunId, formats};

use super::files::{self, TreeFile, TreeFiles};
use super::tip_tree::TipTree;
use super::{Error, Result, Store, light, parts};

/// What a document of a run takes at most: as a value in memory it is many times as large.
const LARGEST_DOCUMENT: usize = 16 << 20;

/// Names in the directory of a run.
pub(super) const MANIFEST: &str = "run.json";
pub(super) const OVERLAY: &str = "overlay.json";
pub(super) const ARTIFACTS: &str = "artifacts";
/// The uncommitted changes of the evaluated code, where they were kept.
pub(super) const SOURCE_DIFF: &str = "source.diff";

/// Marks a run whose files were compacted away.
pub(super) const COMPACTED: &str = "compacted";

/// A run, with its documents read.
#[derive(Debug)]
pub struct StoredRun<'r> {
    repo: &'r Repo,
    /// Object id of the run's directory.
    pub tree: Oid,
    /// What was said when it was recorded.
    pub manifest: Manifest,
    /// What people say about it.
    pub overlay: Overlay,
    /// The tree of its files; none while it is deleted.
    pub(super) artifacts: Option<Oid>,
    pub(super) source_diff: Option<Oid>,
    /// Whether it is marked as one whose files were compacted away.
    pub(super) compacted: bool,
}

/// A file of a run.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// Path inside the bundle; bytes, UTF-8 in nearly all cases.
    pub path: Vec<u8>,
    /// Bytes.
    pub size: u64,
    /// Whether it may be executed.
    pub executable: bool,
    /// Object id of its blob, or of the directory of its parts.
    pub object: Oid,
    place: TreeFile,
}

impl<'r> Store<'r> {
    /// Opens the run whose directory is the tree `tree`.
    pub fn open(&self, tree: &Oid) -> Result<StoredRun<'r>> {
        StoredRun::open(self.repo, tree)
    }

    /// The cases of the run whose directory is `tree`.
    pub fn cases_here(&self, tree: &Oid) -> Result<Vec<CaseRow>> {
        self.open(tree)?.cases()
    }

    /// The runs `ids`, in their order; none in place of those that are not in the ref.
    pub fn present(&self, ids: &[RunId]) -> Result<Vec<Option<StoredRun<'r>>>> {
        let mut tree = match self.tip()? {
            Some(tip) => TipTree::open(self.repo, &tip.tree)?,
            None => TipTree::default(),
        };
        let trees: Vec<Option<Oid>> = ids.iter().map(|id| tree.get(self.repo, id)).collect::<Result<_>>()?;
        self.fetch_documents_of(&trees.iter().flatten().copied().collect::<Vec<_>>())?;
        trees.into_iter().map(|tree| tree.map(|tree| StoredRun::open(self.repo, &tree)).transpose()).collect()
    }
}

impl StoredFile {
    /// Whether it is stored in parts.
    pub(super) fn is_in_parts(&self) -> bool {
        self.place.split
    }
}

impl<'r> StoredRun<'r> {
    pub(super) fn open(repo: &'r Repo, id: &Oid) -> Result<Self> {
        let tree = repo.tree(id)?;
        let damaged =
            |name: &str, reason: String| Error::Damaged { what: format!("{name} of a run (tree {id})"), reason };
        let read = |name: &str| -> Result<Option<Vec<u8>>> {
            let Some(entry) = tree.get(name.as_bytes()) else { return Ok(None) };
            let here = repo.try_read(&entry.id, Kind::Blob)?;
            if here.is_none() && repo.is_partial() {
                // What is shown of a run mostly, in one batch.
                repo.ensure_present(&light::near(repo, &tree)?)?;
            }
            let data = here.map_or_else(|| repo.read(&entry.id, Kind::Blob), Ok)?;
            if data.len() > LARGEST_DOCUMENT {
                return Err(damaged(name, format!("it has {} bytes", data.len())));
            }
            Ok(Some(data))
        };
        let manifest = read(MANIFEST)?.ok_or_else(|| damaged(MANIFEST, "it is missing".into()))?;
        let manifest: Manifest = serde_json::from_slice(&manifest).map_err(|err| damaged(MANIFEST, err.to_string()))?;
        let overlay = match read(OVERLAY)? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|err| damaged(OVERLAY, err.to_string()))?,
            None => Overlay::default(),
        };
        let entry = |name: &str| tree.get(name.as_bytes()).map(|entry| entry.id);
        let compacted = tree.get(COMPACTED.as_bytes()).is_some();
        let (artifacts, source_diff) = (entry(ARTIFACTS), entry(SOURCE_DIFF));
        Ok(Self { repo, tree: *id, manifest, overlay, artifacts, source_diff, compacted })
    }

    /// Its row.
    #[must_use]
    pub fn row(&self) -> Row {
        Row::new(&self.manifest, &self.overlay, self.tree.to_string()).compacted(self.compacted)
    }

    /// Whether its files were deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.overlay.pruned.is_some() || self.compacted
    }

    pub(super) fn repo(&self) -> &'r Repo {
        self.repo
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.manifest.id
    }

    /// The uncommitted changes of the evaluated code, where they were kept
    /// (`agentv.captureDiff`): a patch against the source commit.
    pub fn source_diff(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.source_diff.map(|id| self.repo.read(&id, Kind::Blob)).transpose()?)
    }

    /// Whether they were kept.
    #[must_use]
    pub fn has_source_diff(&self) -> bool {
        self.source_diff.is_some()
    }

    fn tree_files(&self) -> Result<TreeFiles<'r>> {
        let artifacts = self.artifacts.ok_or_else(|| Error::Deleted(self.id().clone()))?;
        TreeFiles::open(self.repo, &artifacts, &self.manifest.files.split)
    }

    /// Fetches what a partial clone lacks of it, at once.
    pub fn fetch(&self) -> Result<()> {
        Store::new(self.repo, "").fetch_whole(&[self.tree])
    }

    /// Its cases, in the bundle's order; of repeated ones the last.
    pub fn cases(&self) -> Result<Vec<CaseRow>> {
        let files = self.tree_files()?;
        let mut cases: Vec<CaseRow> = Vec::new();
        let mut places = std::collections::HashMap::new();
        let mut each = |case: CaseRow| {
            let at = *places.entry(case.identity.clone()).or_insert(cases.len());
            if at < cases.len() {
                cases[at] = case;
            } else {
                cases.push(case);
            }
        };
        if self.manifest.format != formats::generic::NAME
            && let Some(format) = formats::detect(&files)
        {
            if self.repo.is_partial() {
                self.repo.ensure_present(&light::near(self.repo, &self.repo.tree(&self.tree)?)?)?;
            }
            format.read(&self.manifest.run_id, &files, true, &mut each).map_err(|err| files.explain(err))?;
        }
        Ok(cases)
    }

    /// The details of those of its cases that `wanted` asks for, in the bundle's order; of repeated ones the last.
    pub fn details(&self, wanted: &dyn Fn(&CaseRow) -> bool) -> Result<Vec<(CaseRow, CaseDetail)>> {
        let files = self.tree_files()?;
        let mut details: Vec<(CaseRow, CaseDetail)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        let mut each = |case: CaseRow, detail: CaseDetail| {
            let at = *places.entry(case.identity.clone()).or_insert(details.len());
            if at < details.len() {
                details[at] = (case, detail);
            } else {
                details.push((case, detail));
            }
        };
        if let Some(format) = formats::detect(&files) {
            format.details(&files, wanted, &mut each).map_err(|err| files.explain(err))?;
        }
        Ok(details)
    }

    /// Its files, sorted by path. In a partial clone what is missing is fetched at once.
    pub fn files(&self) -> Result<Vec<StoredFile>> {
        let files = self.tree_files()?;
        let mut wanted = Vec::new();
        for file in files.files().values() {
            wanted.push(if file.split { parts::description(self.repo, &file.id)? } else { file.id });
        }
        self.repo.ensure_present(&wanted)?;
        files.files().iter().map(|(path, file)| self.describe(path, file)).collect()
    }

    pub(super) fn describe(&self, path: &[u8], file: &TreeFile) -> Result<StoredFile> {
        let (size, executable) = if file.split {
            parts::describe(self.repo, &file.id)?
        } else {
            (self.repo.size(&file.id)?, file.kind == EntryKind::Executable)
        };
        Ok(StoredFile { path: path.to_vec(), size, executable, object: file.id, place: *file })
    }

    /// Gives the content of one of its [`StoredRun::files`] to `each`, in pieces.
    pub fn read(&self, file: &StoredFile, each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> Result<()> {
        files::read(self.repo, &file.place, each)
    }

    /// Gives the content of the file at `path` to `each`, in pieces.
    pub fn read_file(&self, path: &[u8], each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> Result<()> {
        let files = self.tree_files()?;
        let no_file = || Error::NoFile { id: self.id().clone(), path: String::from_utf8_lossy(path).into_owned() };
        let file = files.files().get(path).ok_or_else(no_file)?;
        if file.split && self.repo.is_partial() {
            let mut parts = Vec::new();
            light::below(self.repo, &file.id, &mut parts)?;
            self.repo.ensure_present(&parts)?;
        }
        files::read(self.repo, file, each)
    }
}
