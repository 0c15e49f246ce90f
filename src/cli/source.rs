//! The commits that a run belongs to, as `git agentv show` tells them.

use serde::Serialize;

use crate::git::Repo;
use crate::run::{Closeness, How, Link, Source};

use super::output::{Ui, sanitize};

/// Digits of a commit that people are shown.
const SHORT: usize = 10;

/// A commit that a run belongs to.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct ShownCommit {
    /// Its id.
    commit: String,
    /// The first line of its message; absent if it is not in this repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// Whether its tree is what the run evaluated, file for file.
    closeness: Closeness,
    /// Why it is no more than near.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    /// Its page on the host of the elected remote; absent if the host is not known and agentv.webUrl not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    web: Option<String>,
    /// Whether the elected remote has it, as far as this clone knows; absent if there is no page, or it took too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pushed: Option<bool>,
    /// Of a link: the commit that was rewritten into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

impl ShownCommit {
    fn new(repo: &Repo, source: &Source, commit: &str) -> Self {
        let info = repo.parse_oid(commit).filter(|id| repo.has(id)).and_then(|id| repo.commit(&id).ok());
        let tree = info.as_ref().map(|info| info.tree.to_string());
        let (closeness, why) = source.closeness(commit, tree.as_deref());
        let subject = info.map(|info| info.subject().to_owned());
        Self { commit: commit.to_owned(), subject, closeness, why, web: None, pushed: None, from: None }
    }

    /// The source commit of a run, if it is known.
    pub(super) fn source(ui: &Ui, repo: &Repo, source: &Source) -> Option<Self> {
        let mut shown = Self::new(repo, source, source.commit.as_deref()?);
        // A setting that makes no sense costs the address, not the whole answer.
        if let Err(err) = shown.find_page(repo) {
            ui.warning(&err.to_string());
        }
        Some(shown)
    }

    /// A commit that a run was linked to.
    pub(super) fn link(repo: &Repo, source: &Source, link: &Link) -> Self {
        Self { from: link.from.clone(), ..Self::new(repo, source, &link.commit) }
    }

    fn find_page(&mut self, repo: &Repo) -> crate::git::Result<()> {
        let remote = repo.elected_remote()?;
        let Some(id) = repo.parse_oid(&self.commit) else { return Ok(()) };
        self.web = repo.commit_page(remote.as_ref().map(|remote| remote.url.as_str()), &self.commit)?;
        if let Some(remote) = remote.filter(|_| self.web.is_some()) {
            self.pushed = if self.subject.is_some() { repo.is_on_remote(&id, &remote.name)? } else { None };
        }
        Ok(())
    }

    /// `1a2b3c4d5e subject (main, observed, exact)`; `about` is what is known beside.
    fn line(&self, mut about: Vec<String>) -> String {
        let closeness = match (self.closeness, self.why) {
            (Closeness::Exact, _) => "exact".to_owned(),
            (Closeness::Near, why) => format!("near: {}", why.unwrap_or_default()),
        };
        about.push(closeness);
        if let Some(from) = &self.from {
            about.push(format!("rewritten from {}", sanitize(short(from))));
        }
        let subject = self.subject.as_deref().map_or("(not in this repository)".into(), sanitize);
        format!("{} {subject} ({})", sanitize(short(&self.commit)), about.join(", "))
    }

    /// The line of the source commit.
    pub(super) fn source_line(&self, source: &Source) -> String {
        let how = match source.how {
            How::Observed => "observed",
            How::Reflog => "reflog",
            How::Given => "given",
            How::Unknown => "unknown",
        };
        let branch = source.branch.as_deref().map(|branch| sanitize(branch).into_owned());
        self.line(branch.into_iter().chain([how.to_owned()]).collect())
    }

    /// The line of a linked commit.
    pub(super) fn link_line(&self) -> String {
        self.line(Vec::new())
    }

    /// The line of its page; empty if there is none.
    pub(super) fn web_line(&self) -> String {
        let Some(web) = &self.web else { return String::new() };
        let mark = if self.pushed == Some(false) { " (not pushed)" } else { "" };
        format!("{}{mark}", sanitize(web))
    }
}

/// The first digits of a commit.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..SHORT).unwrap_or(commit)
}
