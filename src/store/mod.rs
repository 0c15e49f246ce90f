//! The runs of one ref: recording, reading, listing and changing them.
//!
//! `docs/format.md` specifies what is stored. In short: each run is a
//! directory `<id[:2]>/<id[2:]>` in the tree of the ref's tip, each change is
//! one commit, and each commit's message carries the row of the run that it
//! changed, so that a list needs nothing but commits.

mod bulk;
mod check;
mod commits;
mod compact;
mod draft;
mod edit;
mod error;
mod files;
mod fsck;
mod home;
mod import;
mod in_progress;
mod index_files;
mod lazy_files;
mod light;
mod links;
mod list;
mod merge;
mod message;
mod parts;
mod pieces;
mod place;
mod provenance;
mod record;
mod reindex;
mod resolve;
mod run_files;
mod sealed;
mod snapshot;
mod tip_tree;
mod transact;
mod turns;
mod unrecorded;

pub use bulk::BulkItem;
pub use check::{Cited, LinkCheck, RunLink, State as LinkState};
pub use commits::RunCommit;
pub use compact::{Compacted, Pruning, Succession};
pub use edit::{Edit, Edited};
pub use error::{Error, Result};
pub use fsck::{Checked, Place, Problem, ProblemKind};
pub use home::{Home, OpenHome};
pub use import::{ImportOptions, Imported, Replaced};
pub use in_progress::{InProgress, Lookout};
pub use index_files::Differences;
pub use links::{By, Judged};
pub use list::{Listed, Rows};
pub use merge::{How, Merged, Traffic};
pub use message::{Op, is_of_runs};
pub use pieces::{Piece, PieceSum, Pieces};
pub use provenance::{Provenance, observe};
pub use record::{Outcome, RecordOptions, Recorded};
pub use reindex::{IndexPlan, Layout, LeftOut, Reindexed};
pub use run_files::{StoredFile, StoredRun};
pub use snapshot::Artifacts;
pub use unrecorded::{Found, RESULTS_DIR, Snapshot, State};

use crate::git::Repo;

/// Where the runs of a repository are.
pub const RUNS_REF: &str = "refs/agentv/runs/v1";
/// Files above this many bytes are stored in parts: hosts refuse blobs of 100 MiB for ever.
pub const DEFAULT_MAX_BLOB: u64 = 45 << 20;

/// A ref that holds runs.
#[derive(Debug, Clone, Copy)]
pub struct Store<'r> {
    repo: &'r Repo,
    name: &'r str,
    /// The repository that is evaluated, and what it is called, where that is another one.
    source: Option<(&'r Repo, &'r str)>,
}

impl<'r> Store<'r> {
    /// The runs at the ref `name` (a full name) of `repo`. The ref need not exist.
    #[must_use]
    pub fn new(repo: &'r Repo, name: &'r str) -> Self {
        Self { repo, name, source: None }
    }

    /// The same runs, of which new ones are those of the source repository `source`, called `called`: a results repository holds
    /// the runs of several.
    #[must_use]
    pub fn for_source(self, source: &'r Repo, called: &'r str) -> Self {
        Self { source: Some((source, called)), ..self }
    }

    /// The repository that is evaluated: its working tree, its commits, its user.
    #[must_use]
    pub fn source(&self) -> &'r Repo {
        self.source.map_or(self.repo, |(source, _)| source)
    }

    /// The repository.
    #[must_use]
    pub fn repo(&self) -> &'r Repo {
        self.repo
    }

    /// The full name of the ref.
    #[must_use]
    pub fn name(&self) -> &'r str {
        self.name
    }
}
