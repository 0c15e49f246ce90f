//! Recording many bundles at once: one pack, one move of the ref.

use crate::run::{BundleError, DirBundle};

use super::draft::{Draft, Storage};
use super::record::{RecordOptions, max_blob};
use super::{Error, Recorded, Result, Store, snapshot};

/// A bundle to be recorded together with others.
#[derive(Debug)]
pub struct BulkItem {
    /// Its files.
    pub bundle: DirBundle,
    /// Commit date in seconds since 1970; now if not given. Dates never go
    /// back along a line of history, so an earlier one than the last run's has no effect.
    pub committed: Option<i64>,
}

impl Store<'_> {
    /// Records the bundles that `next` gives until it has no more. Each has a
    /// result of its own, which goes to `each`; a bundle that can't be recorded does not keep
    /// the others from it. All of them appear at once, when the ref is moved.
    ///
    /// When another writer is faster, `next` is asked for all bundles again: it is
    /// told `true` when it has to begin anew.
    pub fn record_bulk(
        &self,
        options: &RecordOptions,
        mut next: impl FnMut(bool) -> Option<Result<BulkItem, BundleError>>,
        mut each: impl FnMut(Result<Recorded>),
    ) -> Result<()> {
        let mut again = false;
        let results = self.transact(None, Storage::Bulk, |draft| {
            let (mut results, mut anew) = (Vec::new(), std::mem::replace(&mut again, true));
            while let Some(item) = next(std::mem::take(&mut anew)) {
                match item.map_err(Error::from).and_then(|item| self.record_in(draft, &item, options)) {
                    // A failing repository fails them all.
                    Err(err @ Error::Git(_)) => return Err(err),
                    result => results.push(result),
                }
            }
            Ok(results)
        })?;
        results.into_iter().for_each(&mut each);
        Ok(())
    }

    fn record_in(&self, draft: &mut Draft<'_>, item: &BulkItem, options: &RecordOptions) -> Result<Recorded> {
        let reading = super::record::read(&item.bundle.name, &item.bundle, options)?;
        let artifacts = snapshot::store(draft.sink(), &item.bundle, max_blob(self.source())?)?;
        let source = super::provenance::source(self, &options.provenance, reading.facts.started_at)?;
        let manifest = self.manifest(&reading, &artifacts, source)?;
        let diff = options.source_diff.as_deref();
        let (outcome, row) = self.place(draft, &manifest, &artifacts.tree, diff, item.committed)?;
        let (skipped, broken) = (item.bundle.skipped.clone(), reading.facts.broken);
        Ok(Recorded { outcome, row, source: manifest.source, skipped, broken })
    }
}
