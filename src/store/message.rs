//! Commit messages of the ref: what was done, and the rows that hold now.

use crate::git::{CommitInfo, Oid, all_trailers, trailers};
use crate::run::{Row, RunId, place_of_row};

use super::{Error, Result};

/// The trailer that carries a row.
pub(super) const ROW: &str = "Agentv-Row";

/// The trailer that says what a commit did.
const OP: &str = "Agentv-Op";

/// What a commit on the ref did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Added a run.
    Record,
    /// Changed what people say about a run.
    Overlay,
    /// Deleted a run.
    Prune,
    /// Joined two histories.
    Merge,
    /// Took older runs out of the tip's tree.
    Seal,
    /// Rewrote the history.
    Compact,
    /// Wrote the index of a results repository anew.
    Reindex,
    /// Something that a newer version does.
    Other,
}

impl Op {
    /// The word for it in a commit message.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Overlay => "overlay",
            Self::Prune => "prune",
            Self::Merge => "merge",
            Self::Seal => "seal",
            Self::Compact => "compact",
            Self::Reindex => "reindex",
            Self::Other => "other",
        }
    }

    fn parse(word: &str) -> Self {
        [Self::Record, Self::Overlay, Self::Prune, Self::Merge, Self::Seal, Self::Compact, Self::Reindex]
            .into_iter()
            .find(|op| op.as_str() == word)
            .unwrap_or(Self::Other)
    }
}

/// The message of a commit that did `op` to the run of `row`.
pub(super) fn encode(subject: &str, op: Op, row: &Row) -> String {
    format!("{subject}\n\nAgentv-Run: {}\nAgentv-Op: {}\nAgentv-Row: {}\n", row.id, op.as_str(), row.to_line())
}

/// The message of a commit that joined two histories, with the rows of the runs that both had changed.
pub(super) fn encode_merge(new: usize, rows: &[Row]) -> String {
    use std::fmt::Write;
    let both = if rows.is_empty() { String::new() } else { format!(", {} changed on both sides", grouped(rows.len())) };
    let mut text = format!("merge: {} runs come in{both}\n\n", grouped(new));
    for row in rows {
        let _ = writeln!(text, "Agentv-Run: {}", row.id);
    }
    let _ = writeln!(text, "Agentv-Op: {}", Op::Merge.as_str());
    for row in rows {
        let _ = writeln!(text, "Agentv-Row: {}", row.to_line());
    }
    text
}

/// The message of a commit that took `left` runs out of the tip's tree.
pub(super) fn encode_seal(left: usize) -> String {
    format!("seal: {left} runs leave the tip's tree\n\nAgentv-Op: {}\n", Op::Seal.as_str())
}

/// The message of a commit on top of a history that has no files of `runs` deleted runs any more, in place of the one of `old`.
pub(super) fn encode_compact(runs: usize, old: &Oid) -> String {
    let files = if runs == 1 {
        "1 deleted run loses its files".into()
    } else {
        format!("{} deleted runs lose their files", grouped(runs))
    };
    format!("compact: {files}\n\nAgentv-Op: {}\nAgentv-Compacts: {old}\n", Op::Compact.as_str())
}

/// The message of a commit that put right what the tip's tree says of where runs are.
pub(super) fn encode_correction() -> String {
    format!("seal: the tip's tree is corrected\n\nAgentv-Op: {}\n", Op::Seal.as_str())
}

/// The message of a commit that wrote an index of `rows` rows; `ours` if it is one of a log of ours.
pub(super) fn encode_reindex(rows: usize, ours: bool) -> String {
    let trailer = if ours { format!("\nAgentv-Op: {}\n", Op::Reindex.as_str()) } else { String::new() };
    format!("reindex: {} rows\n{trailer}", grouped(rows))
}

/// `1,234`
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    parts.join(",")
}

/// Whether a commit of this message is one of a run history.
#[must_use]
pub fn is_of_runs(message: &str) -> bool {
    trailers(message, OP).next().is_some()
}

/// What a commit did; none if it isn't one of ours.
pub(super) fn op(commit: &CommitInfo) -> Option<Op> {
    trailers(&commit.message, OP).next().map(Op::parse)
}

/// A row that a commit carries, as text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'c> {
    /// The commit.
    pub(super) commit: &'c CommitInfo,
    text: &'c str,
}

impl<'c> Line<'c> {
    /// The row.
    pub(super) fn row(self) -> Result<Row> {
        self.read(serde_json::from_str)
    }

    /// Whose row it is, and the run's directory if that is an object id. An error where there is no row to be had.
    pub(super) fn place(self) -> Result<(RunId, Option<Oid>)> {
        let (id, tree) = self.read(place_of_row)?;
        Ok((id, Oid::from_hex(tree.as_bytes()).ok()))
    }

    fn read<T>(self, read: impl FnOnce(&'c str) -> serde_json::Result<T>) -> Result<T> {
        read(self.text).map_err(|err| Error::damaged_commit(&self.commit.id, format!("its row: {err}")))
    }
}

/// What a commit did, and the rows that it carries; no op if it isn't one of ours.
pub(super) fn lines(commit: &CommitInfo) -> Result<(Option<Op>, Vec<Line<'_>>)> {
    let (mut op, mut lines) = (None, Vec::new());
    for (key, text) in all_trailers(&commit.message) {
        if key.eq_ignore_ascii_case(ROW) {
            lines.push(Line { commit, text });
        } else if op.is_none() && key.eq_ignore_ascii_case(OP) {
            op = Some(Op::parse(text));
        }
    }
    // Passing over it would hide a run, or bring back a deleted one.
    if lines.is_empty() && matches!(op, Some(Op::Record | Op::Overlay | Op::Prune)) {
        return Err(Error::damaged_commit(&commit.id, "its row: there is none"));
    }
    Ok((op, lines))
}

/// The rows that a commit carries.
pub(super) fn rows(commit: &CommitInfo) -> Result<Vec<Row>> {
    lines(commit)?.1.into_iter().map(Line::row).collect()
}
