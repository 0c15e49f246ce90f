//! Which remote, and what is where on it.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::git::{Error as GitError, Peer, Remote, Repo, without_credentials};
use crate::store::RUNS_REF;

use super::helper::place;
use super::{Error, Result};

/// The remote called `name`; if none is given, the one that runs are shared with. One that is named must exist.
pub fn elect(repo: &Repo, name: Option<&str>) -> Result<Remote> {
    let remote = match name {
        Some(name) => {
            let url = repo.remote_url(name).filter(|_| !repo.is_ours(name));
            let url = url.ok_or_else(|| Error::Unknown(name.to_owned()))?;
            Remote { name: name.to_owned(), url }
        }
        None => repo.elected_remote()?.ok_or(Error::NoRemote)?,
    };
    match remote.url.strip_prefix("agentv::") {
        // We go there ourselves, not by way of our own helper.
        Some(address) => Ok(Remote { url: address.to_owned(), ..remote }),
        None if repo.is_through_helper(&remote.name) => Err(Error::ThroughHelper(remote.name)),
        None => Ok(remote),
    }
}

/// Fails unless the runs of this clone, which are on its branch `own`, belong to the ref that is meant for runs on the remote. With a branch of
/// the remote they would be in two places from then on.
pub(super) fn ensure_ref(repo: &Repo, remote: &Remote, own: &str) -> Result<()> {
    let on_branch = |name: &str| Error::OnBranch(name.trim_start_matches("refs/heads/").to_owned());
    if !repo.is_through_helper(&remote.name) {
        return Err(on_branch(own));
    }
    let peer = Peer { address: remote.url.clone(), remote: None };
    let mut said = Vec::new();
    let place = place::find(&peer, Some(repo), None, &mut |bytes| said.extend_from_slice(bytes))?;
    if place.name == RUNS_REF { Ok(()) } else { Err(on_branch(&place.name)) }
}

/// What a remote had when it was last looked at.
#[must_use]
pub fn tracking_ref(remote: &str) -> String {
    format!("refs/agentv/remotes/{remote}/runs/v1")
}

/// Where a remote's inboxes are kept here.
pub(super) fn inbox_prefix(remote: &str) -> String {
    format!("refs/agentv/remotes/{remote}/inbox/")
}

/// What is fetched. A pattern: a remote that has no runs is no error.
pub(super) fn runs_refspec(remote: &str) -> String {
    format!("+refs/agentv/runs/v1*:refs/agentv/remotes/{remote}/runs/v1*")
}

/// Where inboxes are fetched to.
pub(super) fn inbox_refspec(remote: &str) -> String {
    format!("+refs/agentv/inbox/*:{}*", inbox_prefix(remote))
}

/// Where pushing to a remote goes.
pub fn destinations(repo: &Repo, remote: &Remote) -> Result<Vec<String>, GitError> {
    let urls = repo.push_urls(&remote.name)?;
    Ok(if urls.is_empty() { vec![remote.url.clone()] } else { urls })
}

/// Whether this clone pushed runs to all these addresses before.
#[must_use]
pub fn is_known(repo: &Repo, destinations: &[String]) -> bool {
    destinations.iter().all(|url| Noted::Pushed.has(repo, url))
}

/// Whether this clone pushed runs to wherever pushing to `remote` goes before.
pub fn was_pushed_to(repo: &Repo, remote: &Remote) -> Result<bool, GitError> {
    Ok(is_known(repo, &destinations(repo, remote)?))
}

/// Notes that runs went to wherever pushing to `remote` goes: the next push does not ask.
pub fn remember(repo: &Repo, remote: &Remote) -> Result<(), GitError> {
    destinations(repo, remote)?.iter().for_each(|url| Noted::Pushed.add(repo, url));
    Ok(())
}

/// What is remembered of addresses, in files of ours. Credentials are no part of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Noted {
    /// Runs went there.
    Pushed,
    /// It sent files that were not wanted.
    Unfiltered,
}

impl Noted {
    fn path(self, repo: &Repo) -> std::path::PathBuf {
        repo.agentv_dir().join(match self {
            Self::Pushed => "pushed",
            Self::Unfiltered => "unfiltered",
        })
    }

    pub(super) fn has(self, repo: &Repo, url: &str) -> bool {
        let known = std::fs::read_to_string(self.path(repo)).unwrap_or_default();
        known.lines().any(|line| line == without_credentials(url))
    }

    /// Who can't write it down is asked, or told, again.
    pub(super) fn add(self, repo: &Repo, url: &str) {
        if self.has(repo, url) {
            return;
        }
        let path = self.path(repo);
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = repo.create_dir(&repo.agentv_dir());
        let _ = std::fs::write(&path, known + &without_credentials(url) + "\n");
        repo.share(&path);
    }
}

/// Notes that a remote was fetched from at this moment.
pub(super) fn note_fetch(repo: &Repo, remote: &Remote) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let (path, url) = (fetched_path(repo), without_credentials(&remote.url));
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let others = known.lines().filter(|line| line.split_once(' ').is_some_and(|(_, known)| known != url));
    let text = others.fold(String::new(), |text, line| text + line + "\n");
    let _ = std::fs::write(&path, format!("{text}{now} {url}\n"));
    repo.share(&path);
}

/// When it was last fetched from the address that a remote has now, in seconds since 1970.
#[must_use]
pub fn last_fetch(repo: &Repo, remote: &Remote) -> Option<i64> {
    let known = std::fs::read_to_string(fetched_path(repo)).ok()?;
    let url = without_credentials(&remote.url);
    known.lines().filter_map(|line| line.split_once(' ')).find(|(_, known)| *known == url)?.0.parse().ok()
}

fn fetched_path(repo: &Repo) -> std::path::PathBuf {
    repo.agentv_dir().join("fetched")
}

/// The name of this clone among those that push: made up once.
pub(super) fn writer(repo: &Repo) -> Result<String> {
    let path = repo.agentv_dir().join("writer");
    if let Ok(known) = std::fs::read_to_string(&path)
        && !known.trim().is_empty()
        && known.trim().bytes().all(|b| b.is_ascii_hexdigit())
    {
        return Ok(known.trim().to_owned());
    }
    let name = format!("{:016x}", RandomState::new().build_hasher().finish());
    let io = |source| Error::from(GitError::Io { path: path.clone(), source });
    repo.create_dir(&repo.agentv_dir()).map_err(io)?;
    std::fs::write(&path, format!("{name}\n")).map_err(io)?;
    Ok(name)
}
