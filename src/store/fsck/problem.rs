//! What a check finds, and what can be done about it.

use std::fmt;

use crate::git::Oid;
use crate::run::RunId;

/// Something that is not as `docs/format.md` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What it is about.
    pub place: Place,
    /// What sort of problem.
    pub kind: Kind,
    /// What is wrong, for people. May hold text from a run.
    pub text: String,
    /// Whether a repair put it right.
    pub repaired: bool,
    pub(super) fixes: Vec<Fix>,
}

/// What a problem is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A run.
    Run(RunId),
    /// A commit of the store.
    Commit(Oid),
    /// A path in the tip's tree.
    Tree(String),
}

/// Sorts of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An object is not there.
    Missing,
    /// An object is there and can't be read.
    Corrupt,
    /// A directory or file is not where or what it has to be.
    Shape,
    /// The id does not follow from what the run is.
    Id,
    /// run.json is wrong.
    Manifest,
    /// The files are not those that were recorded.
    Digest,
    /// A file in parts does not fit together.
    Parts,
    /// overlay.json is wrong.
    Overlay,
    /// The row of the log is not what manifest and overlay say.
    Row,
    /// The trailers or the subject of a commit name another run than its row.
    Trailer,
    /// A commit of the log can't be understood.
    Commit,
    /// A commit is older than its parent.
    Date,
    /// The run is in the wrong place of the tip's tree.
    Misplaced,
    /// The run is in history, but can't be found from the tip.
    Lost,
    /// The run is in the tip, but no commit tells of it.
    Unlisted,
    /// A list of sealed runs is wrong.
    Sealed,
}

/// What a repair does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fix {
    /// A commit with the row of a run made anew from its directory, which is put in its place.
    Run {
        id: RunId,
        /// Its directory.
        tree: Oid,
        /// As the commit that records it.
        record: bool,
    },
    /// The list of a shard made anew from the log.
    List(String),
    /// A directory taken out of a shard.
    Remove { shard: String, name: Vec<u8> },
}

impl Problem {
    pub(super) fn new(place: Place, kind: Kind, text: impl Into<String>) -> Self {
        Self { place, kind, text: text.into(), repaired: false, fixes: Vec::new() }
    }

    pub(super) fn fixed_by(self, fix: Fix) -> Self {
        Self { fixes: vec![fix], ..self }
    }

    /// Whether [`crate::store::Store::repair`] can put it right.
    #[must_use]
    pub fn is_repairable(&self) -> bool {
        !self.fixes.is_empty()
    }

    /// What the user can do about it; none where a repair does it.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        if self.is_repairable() {
            return None;
        }
        Some(match self.kind {
            Kind::Missing | Kind::Corrupt => {
                "'git fetch --refetch REMOTE refs/agentv/runs/v1' from a clone that has the object brings it back; 'git agentv delete RUN' gives a run's files up"
            }
            Kind::Digest | Kind::Parts | Kind::Id => {
                "another clone may have the run whole; 'git agentv delete RUN' takes it out of the lists"
            }
            Kind::Manifest | Kind::Overlay | Kind::Shape => {
                "'git log -p refs/agentv/runs/v1' shows which commit did it; nothing derives what it was"
            }
            Kind::Commit | Kind::Date | Kind::Trailer => {
                "history is never rewritten: fetch refs/agentv/runs/v1 from a clone that has it whole"
            }
            Kind::Row | Kind::Misplaced | Kind::Lost | Kind::Unlisted | Kind::Sealed => {
                "what it would be made from is missing, too: see the other problems"
            }
        })
    }
}

impl Kind {
    /// The word for it; it stays the same in all versions.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Corrupt => "corrupt",
            Self::Shape => "shape",
            Self::Id => "id",
            Self::Manifest => "manifest",
            Self::Digest => "digest",
            Self::Parts => "parts",
            Self::Overlay => "overlay",
            Self::Row => "row",
            Self::Trailer => "trailer",
            Self::Commit => "commit",
            Self::Date => "date",
            Self::Misplaced => "misplaced",
            Self::Lost => "lost",
            Self::Unlisted => "unlisted",
            Self::Sealed => "sealed",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(id) => id.fmt(f),
            Self::Commit(id) => write!(f, "commit {id}"),
            Self::Tree(path) => f.write_str(path),
        }
    }
}
