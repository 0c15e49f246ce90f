//! The commits that a run belongs to: what is known of them in this repository.

use serde::Serialize;

use crate::git::{self, Repo};
use crate::run::{Closeness, Link, Source};

use super::StoredRun;

/// A commit that a run belongs to.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct RunCommit {
    /// Its id.
    pub commit: String,
    /// The first line of its message; absent if it is not in this repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whether its tree is what the run evaluated, file for file.
    pub closeness: Closeness,
    /// Why it is no more than near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// Its page on the host of the elected remote; absent if the host is not known and agentv.webUrl not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
    /// Whether the elected remote has it, as far as this clone knows; absent if there is no page, or it took too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed: Option<bool>,
    /// Of a link: the commit that was rewritten into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl StoredRun<'_> {
    /// The source commit, if it is known, as the repository `repo` knows it. A setting that makes no sense costs its address, not the whole answer:
    /// `complain` is told.
    pub fn source_commit(&self, repo: &Repo, complain: &mut dyn FnMut(&git::Error)) -> Option<RunCommit> {
        let source = &self.manifest.source;
        let mut commit = RunCommit::new(repo, source, source.commit.as_deref()?);
        if let Err(err) = commit.find_page(repo) {
            complain(&err);
        }
        Some(commit)
    }

    /// The commits that it was linked to afterwards, as the repository `repo` knows them.
    #[must_use]
    pub fn linked_commits(&self, repo: &Repo) -> Vec<RunCommit> {
        let source = &self.manifest.source;
        let of = |link: &Link| RunCommit { from: link.from.clone(), ..RunCommit::new(repo, source, &link.commit) };
        self.overlay.links.iter().map(of).collect()
    }
}

impl RunCommit {
    fn new(repo: &Repo, source: &Source, commit: &str) -> Self {
        let info = repo.parse_oid(commit).filter(|id| repo.has(id)).and_then(|id| repo.commit(&id).ok());
        let tree = info.as_ref().map(|info| info.tree.to_string());
        let (closeness, why) = source.closeness(commit, tree.as_deref());
        let subject = info.map(|info| info.subject().to_owned());
        Self { commit: commit.to_owned(), subject, closeness, why, web: None, pushed: None, from: None }
    }

    fn find_page(&mut self, repo: &Repo) -> git::Result<()> {
        let remote = repo.elected_remote()?;
        let Some(id) = repo.parse_oid(&self.commit) else { return Ok(()) };
        self.web = repo.commit_page(remote.as_ref().map(|remote| remote.url.as_str()), &self.commit)?;
        if let Some(remote) = remote.filter(|_| self.web.is_some()) {
            self.pushed = if self.subject.is_some() { repo.is_on_remote(&id, &remote.name)? } else { None };
        }
        Ok(())
    }
}
