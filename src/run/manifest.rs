//! `run.json`: what we say about a run when it is recorded. Immutable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::RunId;

/// Value of the manifest's `schema`.
pub const MANIFEST_SCHEMA: &str = "agentv.run.v1";

/// The manifest of a run. What isn't known is absent, never 0 or empty.
/// Keys that this version does not know survive reading and writing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Manifest {
    /// Always `agentv.run.v1`.
    #[schemars(extend("const" = MANIFEST_SCHEMA))]
    pub schema: String,
    /// The run's id.
    pub id: RunId,
    /// What the bundle calls itself.
    pub run_id: String,
    /// The reader that understood the bundle, and its variant.
    pub format: String,
    /// When the eval began; RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When its last case ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// When it was recorded.
    pub recorded_at: String,
    /// What was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// The agent under test; several are joined with `, `.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The agents under test, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Tags that the bundle brought along; pairs are `key=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// How many cases ended how.
    pub counts: Counts,
    /// Rates and means.
    #[serde(default)]
    pub scores: Scores,
    /// Tokens that the targets used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Wall-clock milliseconds from start to end; the cases' sum where these are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The code that was evaluated.
    #[serde(default)]
    pub source: Source,
    /// Where it was recorded.
    #[serde(default)]
    pub host: Host,
    /// The bundle's files.
    pub files: FilesDigest,
    /// True if the bundle was incomplete or partly unreadable when it was recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// What a newer version wrote.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How many cases ended how. The one definition that every number comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Counts {
    /// Cases after removing duplicates; skipped ones do not count.
    pub test_count: u64,
    /// Cases whose own verdict is a pass.
    pub passed: u64,
    /// Cases whose own verdict is a fail.
    pub failed: u64,
    /// Cases that could not be judged.
    pub errors: u64,
    /// Cases that were left out on purpose.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Rates and means over a run's judged cases.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Scores {
    /// `passed / (test_count - errors)`, a fraction; absent when nothing was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_rate: Option<f64>,
    /// Mean score of the judged cases that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg_score: Option<f64>,
    /// Means by grader, and metrics that were given by hand.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub named: BTreeMap<String, f64>,
}

/// Tokens used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Tokens {
    /// Read by the model.
    pub input: u64,
    /// Written by the model.
    pub output: u64,
    /// Both, and reasoning tokens where they are counted apart.
    pub total: u64,
}

/// How the source commit is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// HEAD was looked at before the eval began.
    Observed,
    /// HEAD's reflog says where HEAD was when the eval began.
    Reflog,
    /// The user named it.
    Given,
    /// It is not known, or known in a way that only a newer version understands.
    #[default]
    #[serde(other)]
    Unknown,
}

/// The code that a run evaluated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Source {
    /// The source commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The tree of all tracked files as they were; equal to the commit's tree if nothing was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
    /// The commit's patch id (`git patch-id --stable`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_id: Option<String>,
    /// The branch that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Whether tracked files differed from the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// What the evaluated repository is called, where the run is kept in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// How all this is known.
    #[serde(default)]
    pub how: How,
}

/// The machine and tool that made a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Host {
    /// `linux`, `macos`, `windows`; of the machine that recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// `x86_64`, `aarch64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// What recorded it: `git-agentv 0.1.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

/// The bundle's files, in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FilesDigest {
    /// How many.
    pub count: u64,
    /// Their bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// `<object format>:<id of the git tree that holds them>`: names, modes and content.
    pub digest: String,
    /// Paths of the files that are stored in parts because of their size.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub split: Vec<String>,
}
