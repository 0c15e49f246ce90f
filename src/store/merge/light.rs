//! A merge in a clone without file contents: what it reads is fetched before, in a few batches.

use std::collections::BTreeSet;

use crate::git::Oid;
use crate::run::RunId;
use crate::store::light::lists;
use crate::store::tip_tree::TipTree;
use crate::store::{Result, Store};

use super::sides::Side;

impl Store<'_> {
    /// Fetches what [`Store::merge`] reads of the runs that both sides changed, and the lists of the trees in `tips`.
    pub(super) fn fetch_for_merge(&self, tips: [&Oid; 2], sides: (&Side<'_>, &Side<'_>)) -> Result<()> {
        if !self.repo.is_partial() {
            return Ok(());
        }
        let both: Vec<&RunId> = sides.0.runs.keys().filter(|id| sides.0.touched(id) && sides.1.touched(id)).collect();
        let deeds = || both.iter().flat_map(|id| [sides.0, sides.1].into_iter().filter_map(|side| side.runs.get(*id)));
        // Where the runs were before they were changed is in the lists of that time.
        let mut before: BTreeSet<(Oid, &RunId)> = BTreeSet::new();
        for id in &both {
            for side in [sides.0, sides.1] {
                let touches = side.runs.get(*id).into_iter().flat_map(|deeds| &deeds.touches);
                before.extend(touches.filter_map(|touch| Some((*touch.commit.parents.first()?, *id))));
            }
        }
        before.retain(|(commit, _)| self.repo.has(commit));
        let mut wanted = Vec::new();
        for tip in tips {
            wanted.extend(lists(self.repo, &self.repo.tree_alone(tip)?, None)?);
        }
        let roots: Vec<Oid> =
            before.iter().map(|(commit, _)| Ok(self.repo.commit(commit)?.tree)).collect::<Result<_>>()?;
        self.repo.ensure_alone(&roots, &mut |_| {})?;
        let mut shards = Vec::new();
        for ((_, id), root) in before.iter().zip(roots) {
            let (root, shard) = (self.repo.tree_alone(&root)?, id.shard().0);
            wanted.extend(lists(self.repo, &root, Some(shard))?);
            shards.extend(root.get(shard.as_bytes()).map(|entry| entry.id));
        }
        self.repo.ensure_present(&wanted)?;
        self.repo.ensure_alone(&shards, &mut |_| {})?;
        let mut trees: Vec<Oid> = Vec::new();
        for (commit, id) in &before {
            trees.extend(TipTree::open(self.repo, &self.repo.commit(commit)?.tree)?.get(self.repo, id)?);
        }
        for line in deeds().flat_map(|deeds| deeds.touches.iter().chain([&deeds.row])) {
            trees.extend(self.repo.parse_oid(&line.row()?.tree));
        }
        // Some may be gone everywhere, with what was compacted.
        let _ = self.repo.ensure_present(&trees);
        trees.retain(|tree| self.repo.has(tree));
        self.fetch_documents_of(&trees)
    }
}
