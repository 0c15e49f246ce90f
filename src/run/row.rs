//! The one-line summary of a run: what a list shows, and what every commit
//! on the ref carries in its message.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Manifest, Overlay, RunId};

/// Whether a run is all there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Recorded from a complete bundle.
    #[default]
    Complete,
    /// Recorded with `--partial` from an incomplete or broken bundle.
    Partial,
    /// Deleted; only what is said about it is left.
    Pruned,
    /// Its files were deleted, its numbers stay in lists.
    Stripped,
    /// Something that a newer version says.
    #[serde(other)]
    Other,
}

impl RunStatus {
    /// Whether the run has files.
    #[must_use]
    pub fn has_files(self) -> bool {
        !matches!(self, Self::Pruned | Self::Stripped)
    }
}

/// The row of a run. Keys are written in this order; absent means unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Row {
    /// What the bundle calls itself.
    pub run_id: String,
    /// When the eval began; RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// What was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// The agents under test, joined with `, `.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Cases after removing duplicates.
    pub test_count: u64,
    /// Cases that passed.
    pub passed: u64,
    /// `passed / (test_count - errors)`; absent when nothing was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_rate: Option<f64>,
    /// Mean score of the judged cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg_score: Option<f64>,
    /// Tags, as they are now.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The source commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    /// The run's id.
    pub id: RunId,
    /// Object id of the run's directory: what it is read by. Absent only while the row is made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tree: String,
    /// Cases that could not be judged.
    pub errors: u64,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// All tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// The reader that understood the bundle.
    pub format: String,
    /// Whether it is all there.
    #[serde(default)]
    pub status: RunStatus,
    /// The tree that was evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_tree: Option<String>,
    /// The source commit's patch id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_id: Option<String>,
    /// Commits that the run was linked to afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// What the source repository is called, where the run is kept in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// What a newer version wrote.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Row {
    /// The row of a run, whose directory is the tree `tree` (hex).
    #[must_use]
    pub fn new(manifest: &Manifest, overlay: &Overlay, tree: String) -> Self {
        let status = match (&overlay.pruned, manifest.partial) {
            (Some(pruned), _) if pruned.listed => RunStatus::Stripped,
            (Some(_), _) => RunStatus::Pruned,
            (None, true) => RunStatus::Partial,
            (None, false) => RunStatus::Complete,
        };
        Self {
            run_id: manifest.run_id.clone(),
            timestamp: manifest.started_at.clone(),
            experiment: manifest.experiment.clone(),
            target: manifest.target.clone(),
            test_count: manifest.counts.test_count,
            passed: manifest.counts.passed,
            pass_rate: manifest.scores.pass_rate,
            avg_score: manifest.scores.avg_score,
            tags: overlay.effective_tags(&manifest.tags),
            sha: manifest.source.commit.clone(),
            id: manifest.id.clone(),
            tree,
            errors: manifest.counts.errors,
            duration_ms: manifest.duration_ms,
            cost_usd: manifest.cost_usd,
            tokens: manifest.tokens.map(|tokens| tokens.total),
            format: manifest.format.clone(),
            status,
            source_tree: manifest.source.tree.clone(),
            patch_id: manifest.source.patch_id.clone(),
            links: overlay.links.iter().map(|link| link.commit.clone()).collect(),
            repo: manifest.source.repo.clone(),
            extra: Map::new(),
        }
    }

    /// The same, of a run whose directory says that its files were compacted away: it counts as deleted, whatever the overlay says.
    #[must_use]
    pub fn compacted(self, compacted: bool) -> Self {
        let status = if compacted && self.status.has_files() { RunStatus::Pruned } else { self.status };
        Self { status, ..self }
    }

    /// The row as it stands in a commit message: JSON on one line.
    ///
    /// # Panics
    ///
    /// Never: a row is plain data.
    #[must_use]
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("a row is plain data")
    }

    /// What the run is about in a few words: `checkout-flow · gpt-5 · 18/20 passed (0.913)`.
    /// Free of what could do something to a terminal.
    #[must_use]
    pub fn headline(&self) -> String {
        use std::fmt::Write;
        let name = self.experiment.as_deref().unwrap_or(&self.run_id);
        let target = self.target.as_deref().map(|target| format!(" · {target}")).unwrap_or_default();
        let mut text = format!("{name}{target} · {}/{} passed", self.passed, self.test_count);
        if let Some(score) = self.avg_score {
            let _ = write!(text, " ({score:.3})");
        }
        if self.errors > 0 {
            let _ = write!(text, ", {} {}", self.errors, if self.errors == 1 { "error" } else { "errors" });
        }
        text.chars().map(|c| if super::is_unsafe(c) { ' ' } else { c }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::RunStatus;

    #[test]
    fn words_of_newer_versions_are_read() {
        let read = |word: &str| serde_json::from_str::<RunStatus>(word).unwrap();
        assert_eq!(read("\"pruned\""), RunStatus::Pruned);
        assert_eq!(read("\"sealed\""), RunStatus::Other);
    }
}
