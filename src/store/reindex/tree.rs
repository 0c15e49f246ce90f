//! The rows of our tree from its documents, where the commits do not tell them.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use crate::git::{EntryKind, Kind, Oid, Tree};
use crate::run::{Manifest, Overlay, Row, RunId};

use super::LeftOut;
use super::rows::shards;
use crate::store::index_files::Indexed;
use crate::store::run_files::{COMPACTED, MANIFEST, OVERLAY};
use crate::store::sealed::{SEALED, SealedRuns};
use crate::store::{Result, Store};

/// A run's directory and the documents in it.
struct Documents {
    id: RunId,
    tree: Oid,
    manifest: Oid,
    overlay: Option<Oid>,
    compacted: bool,
}

impl Store<'_> {
    /// The rows of all runs in the tree `root`, sealed ones included as far as they are here.
    pub(super) fn rows_of_tree(
        &self,
        root: &Tree,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(Vec<Indexed>, Vec<LeftOut>)> {
        let (mut runs, mut left_out) = (Vec::new(), Vec::new());
        for (id, tree) in self.run_directories(root, &mut left_out)? {
            let path = format!("{}/{}", id.shard().0, id.shard().1);
            let entries = self.repo().tree(&tree)?;
            match entries.get(MANIFEST.as_bytes()) {
                Some(manifest) => runs.push(Documents {
                    id,
                    tree,
                    manifest: manifest.id,
                    overlay: entries.get(OVERLAY.as_bytes()).map(|entry| entry.id),
                    compacted: entries.get(COMPACTED.as_bytes()).is_some(),
                }),
                None => left_out.push(LeftOut { path, reason: format!("it has no {MANIFEST}") }),
            }
        }
        let wanted: Vec<Oid> = runs.iter().flat_map(|run| [Some(run.manifest), run.overlay]).flatten().collect();
        self.repo().ensure_present(&wanted)?;
        let mut rows = Vec::with_capacity(runs.len());
        for (done, run) in runs.iter().enumerate() {
            progress(done, runs.len());
            match self.row_of(run)? {
                Ok(row) => rows.push(row),
                Err(reason) => {
                    left_out.push(LeftOut { path: format!("{}/{}", run.id.shard().0, run.id.shard().1), reason });
                }
            }
        }
        Ok((rows, left_out))
    }

    /// The runs of all shards and lists; what stands in a shard holds before what stands in its list.
    fn run_directories(&self, root: &Tree, left_out: &mut Vec<LeftOut>) -> Result<Vec<(RunId, Oid)>> {
        let sealed = SealedRuns::all(self.repo(), root)?;
        let listed: HashSet<Oid> = sealed.values().copied().collect();
        let mut found: BTreeMap<RunId, Oid> =
            sealed.into_iter().filter_map(|(id, tree)| Some((id.parse().ok()?, tree))).collect();
        for (shard, tree) in shards(root) {
            for entry in self.repo().tree(&tree)?.entries().iter().filter(|entry| entry.kind == EntryKind::Dir) {
                let id = format!("{shard}{}", String::from_utf8_lossy(&entry.name)).parse::<RunId>().ok();
                found.extend(id.map(|id| (id, entry.id)));
            }
        }
        if self.repo().is_partial() {
            let (sealed, current): (Vec<Oid>, Vec<Oid>) = found.values().partition(|tree| listed.contains(*tree));
            self.repo().ensure_present(&current)?;
            let _ = self.repo().ensure_present(&sealed);
        }
        // With its history a sealed run's directory is gone, and nobody can be asked for it.
        found.retain(|id, tree| {
            let here = self.repo().has(tree);
            if !here {
                let path = format!("{SEALED}/{}", id.shard().0);
                left_out.push(LeftOut { path, reason: format!("run {id} is not in this repository any more") });
            }
            here
        });
        Ok(found.into_iter().collect())
    }

    /// The row of a run; a text if its documents are broken.
    fn row_of(&self, run: &Documents) -> Result<Result<Indexed, String>> {
        let manifest: Manifest = match serde_json::from_slice(&self.repo().read(&run.manifest, Kind::Blob)?) {
            Ok(manifest) => manifest,
            Err(err) => return Ok(Err(format!("{MANIFEST}: {err}"))),
        };
        let overlay = run.overlay.map(|id| self.repo().read(&id, Kind::Blob)).transpose()?;
        let overlay = match overlay.map(|bytes| serde_json::from_slice::<Overlay>(&bytes)).transpose() {
            Ok(overlay) => overlay.unwrap_or_default(),
            Err(err) => return Ok(Err(format!("{OVERLAY}: {err}"))),
        };
        if manifest.id != run.id {
            return Ok(Err(format!("{MANIFEST} is that of run {}", manifest.id)));
        }
        let recorded = manifest.recorded_at.parse().map_or(0, Timestamp::as_second);
        Ok(Ok(Indexed::new(&Row::new(&manifest, &overlay, run.tree.to_string()).compacted(run.compacted), recorded)))
    }
}
