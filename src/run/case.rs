//! One case of a run, in one form for every format.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Judged and passed.
    Pass,
    /// Judged and failed.
    Fail,
    /// Could not be judged.
    Error,
    /// Was not run, on purpose.
    Skip,
    /// Ran out of time; not judged.
    Timeout,
    /// Was stopped; not judged.
    Cancelled,
}

impl Status {
    /// Whether there is a verdict.
    #[must_use]
    pub fn is_judged(self) -> bool {
        matches!(self, Self::Pass | Self::Fail)
    }

    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Skip => "skip",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Whose fault it is that a case has no verdict or a bad one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The agent under test.
    Agent,
    /// The model behind it.
    Model,
    /// The machine, the network, the harness.
    Infra,
    /// What judges the answers.
    Grader,
    /// Nobody said.
    Unknown,
}

/// One case of a run. What the bundle does not say is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CaseRow {
    /// Name of the case: unique in its suite, stable over runs.
    pub key: String,
    /// The suite that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// Hash of the case's definition, where the format has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Which attempt this row is about, from 1; absent when it sums all up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// How many samples were taken of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u32>,
    /// How it ended.
    pub status: Status,
    /// Whose fault, if it is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Between 0 and 1 in nearly all formats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Scores by grader.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, f64>,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// Tokens that the target used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<super::Tokens>,
    /// US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Model, if named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The agent under test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Variant of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Why it failed, in the tool's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The transcript, as a path inside the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// The directory of the case's files inside the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// What tells this case from the others of the run: a later row with the
    /// same identity replaces an earlier one.
    #[serde(skip)]
    pub identity: String,
}
