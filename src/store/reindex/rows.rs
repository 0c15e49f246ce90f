//! The rows of a ref, however it keeps its runs.

use crate::git::{CommitInfo, EntryKind, Tree};

use super::LeftOut;
use crate::store::index_files::Indexed;
use crate::store::list::Rows;
use crate::store::run_files::MANIFEST;
use crate::store::{Result, Store, message};

/// How a ref keeps runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Ours: the commits carry the rows.
    Log,
    /// Our tree, under commits that say nothing: somebody squashed the history or committed something else on top.
    Tree,
    /// Bundles as upstream publishes them: `runs/<experiment>/<time>`, `<time>` and all that came before.
    Bundles,
}

impl Store<'_> {
    /// The rows of the commit `tip` with the tree `root`, in any order, and what has none.
    pub(super) fn rows_to_index(
        &self,
        tip: &CommitInfo,
        root: &Tree,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(Layout, Vec<Indexed>, Vec<LeftOut>)> {
        if message::op(tip).is_some() {
            return Ok((Layout::Log, self.rows_of_log(tip, progress)?, Vec::new()));
        }
        if self.is_sharded(root)? {
            let (rows, left_out) = self.rows_of_tree(root, progress)?;
            return Ok((Layout::Tree, rows, left_out));
        }
        let (rows, left_out) = self.rows_of_bundles(tip, root, progress)?;
        Ok((Layout::Bundles, rows, left_out))
    }

    fn rows_of_log(&self, tip: &CommitInfo, progress: &mut dyn FnMut(usize, usize)) -> Result<Vec<Indexed>> {
        let mut rows = Vec::new();
        for run in Rows::of(Some(self.repo().log(&tip.id)?), true) {
            let run = run?;
            rows.push(Indexed::new(&run.row, run.recorded));
            progress(rows.len(), 0);
        }
        Ok(rows)
    }

    /// Whether the tree is one of ours: a shard with a run in it, or with a list of sealed ones.
    fn is_sharded(&self, root: &Tree) -> Result<bool> {
        for shard in shards(root) {
            for run in self.repo().tree(&shard.1)?.entries().iter().filter(|entry| entry.kind == EntryKind::Dir) {
                if self.repo().tree(&run.id)?.get(MANIFEST.as_bytes()).is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// The shards of a tree: name and tree.
pub(super) fn shards(root: &Tree) -> impl Iterator<Item = (String, crate::git::Oid)> {
    let dirs = root.entries().iter().filter(|entry| entry.kind == EntryKind::Dir && entry.name.len() == 2);
    let named = dirs.filter(|entry| entry.name.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    named.map(|entry| (String::from_utf8_lossy(&entry.name).into_owned(), entry.id))
}
