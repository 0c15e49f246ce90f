//! Results repositories: a branch of a separate repository that holds the runs of one or many source repositories.
//!
//! Runs are written to a *managed clone* of it: a bare repository below the user's data directory, one for each address, however many
//! source repositories on this machine use it. From there they are synced like those of any clone, with another pair of refs.

mod clone;
mod config;

use std::path::PathBuf;

use crate::git::Repo;
use crate::store::{self, ImportOptions, Store};

use super::{Error, Listener, Result, Steps, Synced, sync_results};

pub use clone::Managed;
pub use config::{Configured, ResultsRepo, called, configured, locate};

/// Directories of the user, from the environment.
#[derive(Debug, Clone, Default)]
pub struct Dirs {
    /// Where data of programs is kept: `$XDG_DATA_HOME`, or `~/.local/share`. None if nobody says.
    pub data: Option<PathBuf>,
    /// The home directory.
    pub home: Option<PathBuf>,
}

/// The branch that is used where nobody names one.
pub const DEFAULT_BRANCH: &str = "main";
/// And if the repository has no such branch but this one: where upstream's tools publish.
pub const UPSTREAM_BRANCH: &str = "agentv/results/v1";

/// What became of a results repository.
#[derive(Debug)]
pub enum Outcome {
    /// It has our form, and was synced.
    Synced(Synced),
    /// Upstream's tools write it: so many runs came, and so many are there now. Nothing is ever sent.
    Read {
        /// Runs that are new here.
        new: usize,
        /// All of them.
        runs: usize,
        /// Bundles that can't be read, and why.
        failed: Vec<(String, String)>,
    },
}

/// Syncs the managed clone of `results`, which is made if there is none, as the user of the source repository `source`. If upstream's tools write the branch its runs are imported into
/// the clone, to be read; the branch stays as it is.
pub fn sync(
    source: &Repo,
    dirs: &Dirs,
    results: &ResultsRepo,
    readme: Option<&'static str>,
    steps: Steps,
    listener: &mut dyn Listener,
) -> Result<(Managed, Outcome)> {
    let mut managed = Managed::open_or_create(dirs, results)?;
    loop {
        let done = sync_results(source, &managed, readme, steps, listener);
        match done {
            // What was fetched may tell which branch it is.
            Ok(synced) => match Managed::open(dirs, results)? {
                Some(again) if again.branch() != managed.branch() => managed = again,
                _ => return Ok((managed, Outcome::Synced(synced))),
            },
            Err(Error::Unrelated { .. }) if managed.is_foreign()? => {
                let (new, runs, failed) = managed.import(source)?;
                return Ok((managed, Outcome::Read { new, runs, failed }));
            }
            Err(err) => return Err(err),
        }
    }
}

/// How many runs are new, how many there are, and the paths of bundles that can't be read, with the reasons.
type Imported = (usize, usize, Vec<(String, String)>);

impl Managed {
    /// Imports what upstream's tools published.
    fn import(&self, source: &Repo) -> Result<Imported> {
        let (tracking, imported) = (self.tracking_ref(), self.imported_ref());
        let Some(tip) = self.repo().read_ref(&tracking)? else { return Ok((0, 0, Vec::new())) };
        let imported = Store::new(self.repo(), &imported).for_source(source, "");
        let options = ImportOptions::default();
        match imported.import(&tip, &self.own_ref(), options, &mut |_, _| {}) {
            Ok(done) => Ok((done.recorded.len(), done.recorded.len() + done.already, done.failed)),
            Err(store::Error::NothingToImport(_)) => {
                let reason = "there are no runs on it".into();
                Err(Error::Unrelated { place: format!("{}, branch {}", self.name(), self.branch()), reason })
            }
            Err(err) => Err(err.into()),
        }
    }
}
