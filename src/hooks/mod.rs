//! What git's hooks do for us, and how they are put in place.
//!
//! A run that was recorded on HEAD is *pending* ([`pending`]) until a commit is made on it.
//! `prepare-commit-msg` ([`prepare`]) then names it in the commit's trailers, `commit-msg`
//! ([`commit_msg`]), which is there while an editor is open, keeps an abandoned message empty, and
//! `post-rewrite` ([`rewrite`]) carries the links over when history is rewritten. [`link()`] and
//! [`unlink`] do by hand what they do. Hooks read the log and the tip's tree, never a projection,
//! and never the network. `pre-push` ([`push`]), for those who want it, lets runs follow the commits that are pushed, in a process
//! of its own.

pub mod buffer;
pub mod commit_msg;
pub mod install;
mod link;
pub mod pending;
pub mod prepare;
pub mod push;
pub mod rewrite;
mod turn;
mod waiting;

pub use link::{Kept, LinkState, Linked, Unlinked, link, unlink};

/// The key of the trailer that names a run in a source commit.
pub const TRAILER: &str = "Agentv-Run";

/// A hook of git that calls us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Before the editor opens on a commit's message.
    PrepareCommitMsg,
    /// After the message was written.
    CommitMsg,
    /// After commits were replaced by others.
    PostRewrite,
    /// Before commits are sent to a remote.
    PrePush,
}

/// The result of looking whether runs follow a push.
pub type Result<T, E = crate::sync::Error> = std::result::Result<T, E>;

impl Event {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::PrepareCommitMsg, Self::CommitMsg, Self::PostRewrite, Self::PrePush];

    /// Its name, as git knows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PrepareCommitMsg => "prepare-commit-msg",
            Self::CommitMsg => "commit-msg",
            Self::PostRewrite => "post-rewrite",
            Self::PrePush => "pre-push",
        }
    }

    /// Whether `repo` wants it: `pre-push` is only for those who want runs to follow their pushes.
    #[must_use]
    pub fn is_wanted(self, repo: &crate::git::Repo) -> bool {
        self != Self::PrePush || repo.setting_bool("agentv.autoPush").ok().flatten().unwrap_or(false)
    }

    /// Whether git gives it lines to read.
    #[must_use]
    pub fn reads_lines(self) -> bool {
        matches!(self, Self::PostRewrite | Self::PrePush)
    }

    /// The hook called `name`, if we have one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}
