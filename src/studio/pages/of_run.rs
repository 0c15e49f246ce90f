//! What all pages of one run share: where it is in the head of the page, and reading its files piece by piece.

use crate::run::{CaseRow, Row};
use crate::store::{Store, StoredFile, StoredRun};

use super::super::api::error::Problem;
use super::Frame;
use super::show;

/// The run that a page is about.
#[derive(Debug)]
pub(super) struct OfThis {
    pub(super) id: String,
    /// Its experiment, or what its bundle calls it.
    pub(super) name: String,
    pub(super) target: String,
    pub(super) when: String,
    /// The address of its page.
    pub(super) address: String,
    /// The address of it in the API.
    pub(super) api: String,
}

impl OfThis {
    pub(super) fn new(frame: &Frame, row: &Row) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.experiment.clone().unwrap_or_else(|| row.run_id.clone()),
            target: row.target.clone().unwrap_or_default(),
            when: row.timestamp.as_deref().map(show::minute).unwrap_or_default(),
            address: format!("{}/runs/{}", frame.base, row.id),
            api: format!("{}/runs/{}", frame.api, row.id),
        }
    }

    /// The first digits of its id.
    pub(super) fn short(&self) -> &str {
        self.id.get(..8).unwrap_or(&self.id)
    }

    /// The page of a file.
    pub(super) fn file(&self, path: &str) -> String {
        format!("{}/files/{}", self.address, show::path(path))
    }

    /// The file itself.
    pub(super) fn raw(&self, path: &str) -> String {
        format!("{}/files/{}", self.api, show::path(path))
    }

    /// The page of the case number `n`, from 1.
    pub(super) fn case(&self, n: usize) -> String {
        format!("{}/case/{n}", self.address)
    }
}

/// Gives the content of a file from the byte `from` on to `each`, until that says that it is enough. Returns whether the
/// end was reached.
pub(super) fn read(
    store: &Store<'_>,
    run: &StoredRun<'_>,
    file: &StoredFile,
    mut from: u64,
    each: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<bool, Problem> {
    for piece in run.pieces(file)?.list {
        if from >= piece.size && piece.size > 0 {
            from -= piece.size;
            continue;
        }
        let data = store.piece(&piece)?;
        let skip = usize::try_from(from).unwrap_or(usize::MAX).min(data.len());
        from = 0;
        if !each(&data[skip..]) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where the case of some identity is in the bundle's order, from 1.
pub(super) fn number(cases: &[CaseRow], identity: &str) -> Option<usize> {
    cases.iter().position(|case| case.identity == identity).map(|at| at + 1)
}
