//! In which order runs come, and by what they are put together.

use super::error::{Error, Result, Span};
use super::field::{FAILED, nearest};

/// What runs can be sorted by.
#[derive(Debug, PartialEq, Eq)]
pub struct SortField {
    /// Its names, the first one being the real one.
    pub names: &'static [&'static str],
    /// The SQL of its value. Runs of which it is unknown (null) come last, whatever the direction.
    pub expr: &'static str,
}

const fn sort(names: &'static [&'static str], expr: &'static str) -> SortField {
    SortField { names, expr }
}

/// All that runs can be sorted by.
pub static SORT_FIELDS: [SortField; 20] = [
    sort(&["recorded"], "r.recorded"),
    sort(&["timestamp"], "r.timestamp"),
    sort(&["id"], "r.id"),
    sort(&["run_id"], "r.run_id"),
    sort(&["experiment"], "r.experiment"),
    sort(&["target"], "r.target"),
    sort(&["author"], "r.author"),
    sort(&["format"], "r.format"),
    sort(&["repo"], "r.repo"),
    sort(&["status"], "r.status"),
    sort(&["sha"], "r.sha"),
    sort(&["test_count", "tests"], "r.test_count"),
    sort(&["passed"], "r.passed"),
    sort(&["failed"], FAILED),
    sort(&["errors"], "r.errors"),
    sort(&["pass_rate"], "r.pass_rate"),
    sort(&["avg_score", "score"], "r.avg_score"),
    sort(&["duration", "duration_ms"], "r.duration_ms"),
    sort(&["cost", "cost_usd"], "r.cost_usd"),
    sort(&["tokens"], "r.tokens"),
];

/// An order of runs, as `--sort` takes it: `score`, `score:desc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub field: &'static SortField,
    /// The largest first.
    pub descending: bool,
}

impl Sort {
    /// Reads `FIELD`, `FIELD:asc` or `FIELD:desc`.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, direction) = text.split_once(':').unwrap_or((text, "asc"));
        let is_it = |field: &&SortField| field.names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let Some(field) = SORT_FIELDS.iter().find(is_it) else {
            let err =
                Error::new(Span::new(0, name.len()), format!("runs can't be sorted by '{}'", name.escape_debug()));
            let names = || SORT_FIELDS.iter().flat_map(|field| field.names.iter().copied());
            return Err(match nearest(name, names()) {
                Some(near) => err.hint(format!("did you mean '{near}'?")),
                None => err.hint(format!("by one of {}", names().collect::<Vec<_>>().join(", "))),
            });
        };
        match direction {
            "asc" => Ok(Self { field, descending: false }),
            "desc" => Ok(Self { field, descending: true }),
            _ => {
                let span = Span::new(name.len() + 1, text.len());
                let message = format!("'{}' is no direction", direction.escape_debug());
                Err(Error::new(span, message).hint(format!("use {name}:asc or {name}:desc")))
            }
        }
    }
}

/// What runs can be put together by.
#[derive(Debug, PartialEq, Eq)]
pub struct GroupField {
    /// Its name.
    pub name: &'static str,
    /// The SQL of its value.
    pub expr: &'static str,
    /// What must follow `FROM runs r`, if anything. A run with two tags is in two groups.
    pub join: &'static str,
}

/// All that runs can be put together by. Runs of which it is unknown are a group too (null).
pub static GROUP_FIELDS: [GroupField; 5] = [
    GroupField { name: "experiment", expr: "r.experiment", join: "" },
    GroupField { name: "target", expr: "r.target", join: "" },
    GroupField { name: "sha", expr: "r.sha", join: "" },
    GroupField { name: "tag", expr: "g.tag", join: " LEFT JOIN tags g ON g.seq = r.seq" },
    GroupField { name: "repo", expr: "r.repo", join: "" },
];
