//! The readers of bundles, one module per format.
//!
//! A reader turns the files of a bundle into [`Facts`] about the run and one
//! [`CaseRow`] per case, which it hands over as it goes. Nothing else knows a
//! format, and no reader knows where the files are or what becomes of them.

use jiff::Timestamp;

use super::{BundleError, CaseDetail, CaseRow, Files};

mod agentv;
pub mod generic;

/// What a bundle says about its run as a whole. Numbers are not among it:
/// they are summed up from the cases, the same way for every format.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// What the bundle calls itself.
    pub run_id: String,
    /// Format and variant: `agentv/internal`.
    pub format: String,
    /// When the eval began.
    pub started_at: Option<Timestamp>,
    /// When its last case ended.
    pub finished_at: Option<Timestamp>,
    /// What was tried.
    pub experiment: Option<String>,
    /// The agents under test, in order of appearance.
    pub targets: Vec<String>,
    /// Tags; pairs as `key=value`.
    pub tags: Vec<String>,
    /// Why the bundle is not complete, if it is not.
    pub incomplete: Option<String>,
    /// What was passed over because it is broken; only when reading leniently.
    pub broken: Vec<String>,
}

impl Facts {
    /// Adds those tags that are not there yet.
    pub(crate) fn add_tags(&mut self, tags: impl IntoIterator<Item = String>) {
        for tag in tags {
            if !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
    }
}

/// A format of bundles.
pub trait Format: Sync {
    /// Whether a directory is a bundle of this format, by the files in it.
    /// `has` says whether there is a file at a path below the directory.
    fn is_root(&self, has: &dyn Fn(&str) -> bool) -> bool;

    /// Reads a bundle called `name`. A broken entry is an error, or passed
    /// over and told in [`Facts::broken`] when `lenient`.
    fn read(
        &self,
        name: &str,
        files: &dyn Files,
        lenient: bool,
        each: &mut dyn FnMut(CaseRow),
    ) -> Result<Facts, BundleError>;

    /// Reads the details of the cases that `wanted` asks for, in the bundle's order. What is broken is passed over; a case
    /// that was written twice comes twice.
    fn details(
        &self,
        _files: &dyn Files,
        _wanted: &dyn Fn(&CaseRow) -> bool,
        _each: &mut dyn FnMut(CaseRow, CaseDetail),
    ) -> Result<(), BundleError> {
        Ok(())
    }
}

/// All formats, the more particular ones first.
const FORMATS: [&dyn Format; 1] = [&agentv::AgentV];

/// Whether a directory with these files is a bundle of any known format.
pub fn is_root(has: &dyn Fn(&str) -> bool) -> bool {
    FORMATS.iter().any(|format| format.is_root(has))
}

/// The format of a bundle, if any reader knows it.
#[must_use]
pub fn detect(files: &dyn Files) -> Option<&'static dyn Format> {
    FORMATS.into_iter().find(|format| format.is_root(&|path| files.has(path)))
}
