//! The remote that runs are shared with.

use std::time::Duration;

use super::{Error, Oid, Repo, Result};

/// How long to look for a commit on a remote: an answer for people, not worth waiting for.
const PATIENCE: Duration = Duration::from_millis(500);

/// A remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its name.
    pub name: String,
    /// Where it is fetched from, `url.*.insteadOf` applied. It may hold credentials.
    pub url: String,
}

impl Repo {
    /// The one remote that runs are shared with: `agentv.remote`, else that of the current branch,
    /// else `origin`. One that is named but missing is an error: falling back to another would send runs elsewhere.
    pub fn elected_remote(&self) -> Result<Option<Remote>> {
        Ok(self.elected_remote_by()?.map(|(remote, _)| remote))
    }

    /// The elected remote, and the setting that names it; none if it is `origin` because nothing names one.
    pub fn elected_remote_by(&self) -> Result<Option<(Remote, Option<String>)>> {
        let found = |name: String| self.remote_url(&name).map(|url| Remote { name, url });
        let named = |key: String, name: String| match found(name.clone()) {
            Some(remote) => Ok(Some((remote, Some(key)))),
            None => Err(Error::NoRemote { key, name }),
        };
        if let Some(name) = self.setting("agentv.remote").filter(|name| !name.is_empty()) {
            return named("agentv.remote".into(), name);
        }
        if let Some(branch) = self.head()?.branch {
            let key = format!("branch.{branch}.remote");
            let name = self.setting(&key).filter(|name| !name.is_empty());
            // A branch may also track one of this repository, or an address without a name.
            let is_address = |name: &str| name == "." || name.contains(['/', ':', '\\']);
            if let Some(name) = name.filter(|name| found(name.clone()).is_some() || !is_address(name)) {
                return named(key, name);
            }
        }
        Ok(found("origin".into()).map(|remote| (remote, None)))
    }

    /// Where pushing to a remote goes: `pushurl` and `url.*.pushInsteadOf` make it other places than it is fetched from.
    pub fn push_urls(&self, name: &str) -> Result<Vec<String>> {
        let urls = self.git("remote").args(["get-url", "--push", "--all", "--", name]).run_text()?;
        Ok(urls.lines().map(str::to_owned).collect())
    }

    /// Where a remote is fetched from; none if there is no such remote.
    #[must_use]
    pub fn remote_url(&self, name: &str) -> Option<String> {
        self.first_url(name).map(|url| self.rewritten(&url))
    }

    /// The address as it is in the configuration.
    pub(super) fn first_url(&self, name: &str) -> Option<String> {
        let snapshot = self.gix().config_snapshot();
        let all = snapshot.plumbing().strings(format!("remote.{name}.url").as_str()).unwrap_or_default();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        // git fetches from the first; an empty one takes back those before it.
        let first = all.iter().rposition(String::is_empty).map_or(0, |at| at + 1);
        all.get(first).cloned()
    }

    /// An address with the prefix replaced that `url.<base>.insteadOf` names: the longest one, as in git.
    fn rewritten(&self, url: &str) -> String {
        let snapshot = self.gix().config_snapshot();
        let mut longest: Option<(usize, String)> = None;
        for section in snapshot.plumbing().sections_by_name("url").into_iter().flatten() {
            let Some(base) = section.header().subsection_name() else { continue };
            for prefix in section.values("insteadOf") {
                let prefix = prefix.to_string();
                if url.starts_with(&prefix) && longest.as_ref().is_none_or(|(length, _)| *length < prefix.len()) {
                    longest = Some((prefix.len(), base.to_string()));
                }
            }
        }
        longest.map_or_else(|| url.to_owned(), |(length, base)| base + &url[length..])
    }

    /// Whether a commit is on a remote, as far as this clone knows: whether one of the refs that
    /// follow it contains the commit. None if nothing follows it, or if that takes too long to find out.
    pub fn is_on_remote(&self, commit: &Oid, remote: &str) -> Result<Option<bool>> {
        let followers = self.followers(remote);
        if followers.is_empty() {
            return Ok(None);
        }
        let git = self.git("for-each-ref").args(["--count=1", "--format=%(refname)", "--contains"]);
        let found = git.arg(commit.to_string()).args(followers).run_within(PATIENCE)?;
        Ok(found.map(|refs| !refs.is_empty()))
    }

    /// The ref of this clone that follows the ref `name` of a remote: where fetching and pushing note what is there.
    #[must_use]
    pub fn follower_of(&self, remote: &str, name: &str) -> Option<String> {
        let snapshot = self.gix().config_snapshot();
        let refspecs = snapshot.plumbing().strings(format!("remote.{remote}.fetch").as_str()).unwrap_or_default();
        refspecs.iter().map(ToString::to_string).find_map(|refspec| {
            let (from, to) = refspec.trim_start_matches('+').split_once(':')?;
            if from == name {
                return Some(to.to_owned()).filter(|to| !to.is_empty());
            }
            let ((before, after), (head, tail)) = (from.split_once('*')?, to.split_once('*')?);
            let middle = name.strip_prefix(before)?.strip_suffix(after)?;
            Some(format!("{head}{middle}{tail}"))
        })
    }

    /// The refs that fetching from a remote moves, as patterns: what its refspecs name behind the colon.
    fn followers(&self, remote: &str) -> Vec<String> {
        let snapshot = self.gix().config_snapshot();
        let refspecs = snapshot.plumbing().strings(format!("remote.{remote}.fetch").as_str()).unwrap_or_default();
        let refspecs = refspecs.iter().map(ToString::to_string);
        refspecs
            .filter_map(|refspec| {
                let to = refspec.split_once(':')?.1;
                // `refs/x/` means all below it, `refs/x/*` only those directly in it.
                let pattern = to.strip_suffix("/*").map_or_else(|| to.to_owned(), |dir| format!("{dir}/"));
                pattern.starts_with("refs/").then_some(pattern)
            })
            .collect()
    }
}

/// `https://user:secret@host/path` without what stands before the `@`; an ssh user name stays.
#[must_use]
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
    match host.rsplit_once('@') {
        Some((user, host)) if scheme != "ssh" || user.contains(':') => format!("{scheme}://{host}/{path}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn credentials_are_never_shown() {
        assert_eq!(without_credentials("https://me:token@host/a/b.git"), "https://host/a/b.git");
        assert_eq!(without_credentials("https://token@host/a"), "https://host/a");
        assert_eq!(without_credentials("ssh://git@host/a"), "ssh://git@host/a");
        assert_eq!(without_credentials("ssh://git:pw@host/a"), "ssh://host/a");
        assert_eq!(without_credentials("git@host:a/b"), "git@host:a/b");
    }
}
