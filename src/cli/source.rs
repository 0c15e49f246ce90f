//! The commits that a run belongs to, as `git agentv show` tells them.

use crate::run::{Closeness, How, Source};
use crate::store::RunCommit;

use super::output::sanitize;

/// Digits of a commit that people are shown.
const SHORT: usize = 10;

/// `1a2b3c4d5e subject (main, observed, exact)`; `about` is what is known beside.
fn line(commit: &RunCommit, mut about: Vec<String>) -> String {
    let closeness = match (commit.closeness, commit.why) {
        (Closeness::Exact, _) => "exact".to_owned(),
        (Closeness::Near, why) => format!("near: {}", why.unwrap_or_default()),
    };
    about.push(closeness);
    if let Some(from) = &commit.from {
        about.push(format!("rewritten from {}", sanitize(short(from))));
    }
    let subject = commit.subject.as_deref().map_or("(not in this repository)".into(), sanitize);
    format!("{} {subject} ({})", sanitize(short(&commit.commit)), about.join(", "))
}

/// The line of the source commit.
pub(super) fn source_line(commit: &RunCommit, source: &Source) -> String {
    let how = match source.how {
        How::Observed => "observed",
        How::Reflog => "reflog",
        How::Given => "given",
        How::Unknown => "unknown",
    };
    let branch = source.branch.as_deref().map(|branch| sanitize(branch).into_owned());
    line(commit, branch.into_iter().chain([how.to_owned()]).collect())
}

/// The line of a linked commit.
pub(super) fn link_line(commit: &RunCommit) -> String {
    line(commit, Vec::new())
}

/// The line of its page; empty if there is none.
pub(super) fn web_line(commit: &RunCommit) -> String {
    let Some(web) = &commit.web else { return String::new() };
    let mark = if commit.pushed == Some(false) { " (not pushed)" } else { "" };
    format!("{}{mark}", sanitize(web))
}

/// The first digits of a commit.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..SHORT).unwrap_or(commit)
}
