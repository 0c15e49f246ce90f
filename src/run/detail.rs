//! All that a bundle says about one case: what somebody reads who wants to know why.

use serde::{Deserialize, Serialize};

/// The details of a case. What the bundle does not say is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CaseDetail {
    /// When it ended; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// What it is filed under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What went wrong outside of grading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who judged it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub graders: Vec<Grader>,
    /// What the agent was given, if it is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What it answered, if it is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Files that belong to it and what they are, as paths inside the bundle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<CaseFile>,
}

/// Somebody or something that judged a case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Grader {
    /// What it is called.
    pub name: String,
    /// Its kind, in the tool's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// How much that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Its verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// Something that was expected of an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Assertion {
    /// What.
    pub text: String,
    /// Whether it was so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// How that shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// A file of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CaseFile {
    /// `transcript`, `raw_transcript`, `answer`, `input`, `grading`, `metrics`, `stdout`, `stderr`, `changes`, `eval`,
    /// `summary`.
    pub role: String,
    /// Its path inside the bundle.
    pub path: String,
}

impl CaseDetail {
    /// The path of the file with this role.
    #[must_use]
    pub fn file(&self, role: &str) -> Option<&str> {
        self.files.iter().find(|file| file.role == role).map(|file| file.path.as_str())
    }
}
