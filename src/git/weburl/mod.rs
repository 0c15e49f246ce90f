//! Where a commit can be looked at in a browser, as far as the remote's URL tells.
//!
//! A host is known by its name alone: nothing is asked over the network, and
//! of a host that is not known nothing is guessed.

mod location;

pub(super) use location::Location;

use super::{Error, Repo, Result};

/// In `agentv.webUrl`, stands for the commit.
const PLACEHOLDER: &str = "{commit}";

/// The web page of `commit` on the host of the remote `url`; none for hosts that we do not know, and for local paths.
#[must_use]
pub fn commit_page(url: &str, commit: &str) -> Option<String> {
    let location = Location::parse(url)?;
    let path: Vec<&str> = location.path.iter().map(String::as_str).collect();
    let host = location.host.as_str();
    let kind = |names: &[&str]| names.iter().any(|name| host.strip_prefix(*name).is_some_and(|rest| !rest.is_empty()));
    Some(match (host, path.as_slice()) {
        ("github.com" | "www.github.com" | "ssh.github.com", &[_, _]) => {
            location.page("github.com", &path, &["commit", commit])
        }
        ("gitlab.com" | "altssh.gitlab.com", &[_, _, ..]) => {
            location.page("gitlab.com", &path, &["-", "commit", commit])
        }
        ("bitbucket.org" | "altssh.bitbucket.org", &[_, _]) => {
            location.page("bitbucket.org", &path, &["commits", commit])
        }
        ("git.sr.ht", &[user, _]) if user.starts_with('~') => location.page(host, &path, &["commit", commit]),
        ("codeberg.org" | "gitea.com" | "code.forgejo.org", &[_, _]) => location.page(host, &path, &["commit", commit]),
        ("ssh.dev.azure.com" | "vs-ssh.visualstudio.com", &["v3", org, project, _]) => {
            location.page("dev.azure.com", &[org, project, "_git", &location.last], &["commit", commit])
        }
        ("dev.azure.com", &[_, ref before @ .., "_git", _]) if before.len() < 2 => location.azure(commit),
        (_, &[ref before @ .., "_git", _]) if host.ends_with(".visualstudio.com") && before.len() < 3 => {
            location.azure(commit)
        }
        (_, &[_, _]) if kind(&["github."]) || host.ends_with(".ghe.com") => {
            location.page(host, &path, &["commit", commit])
        }
        (_, &[_, _, ..]) if kind(&["gitlab."]) => location.page(host, &path, &["-", "commit", commit]),
        (_, &[_, _, ..]) if kind(&["gitea.", "forgejo."]) => location.page(host, &path, &["commit", commit]),
        (_, &[_, _, ..]) if kind(&["bitbucket.", "stash."]) => location.bitbucket_server(&path, commit)?,
        _ => return None,
    })
}

impl Location {
    /// Azure takes a `.git` at the end for a part of the name.
    fn azure(&self, commit: &str) -> String {
        let before = self.path.iter().take(self.path.len() - 1).map(String::as_str);
        let path: Vec<&str> = before.chain([self.last.as_str()]).collect();
        self.page(&self.host, &path, &["commit", commit])
    }

    /// `…/scm/PROJECT/repo` of https and `PROJECT/repo` of ssh; a project `~name` is a person's.
    fn bitbucket_server(&self, path: &[&str], commit: &str) -> Option<String> {
        let (context, project, repository) = match *path {
            [project, repository] if project != "scm" => (&path[..0], project, repository),
            [ref context @ .., "scm", project, repository] => (context, project, repository),
            _ => return None,
        };
        let (kind, owner) = project.strip_prefix('~').map_or(("projects", project), |user| ("users", user));
        Some(self.page(&self.host, context, &[kind, owner, "repos", repository, "commits", commit]))
    }
}

impl Repo {
    /// The web page of a commit: what `agentv.webUrl` says, else what the host of the remote `url` is known for.
    pub fn commit_page(&self, url: Option<&str>, commit: &str) -> Result<Option<String>> {
        const KEY: &str = "agentv.webUrl";
        let Some(template) = self.setting(KEY).filter(|template| !template.is_empty()) else {
            return Ok(url.and_then(|url| commit_page(url, commit)));
        };
        let web = ["https://", "http://"].iter().any(|scheme| template.starts_with(scheme));
        if !web || !template.contains(PLACEHOLDER) {
            let reason = format!("it must be a web address with {PLACEHOLDER} in it");
            return Err(Error::Config { key: KEY.into(), value: template, reason });
        }
        Ok(Some(template.replace(PLACEHOLDER, commit)))
    }
}

#[cfg(test)]
mod tests {
    use super::commit_page;

    #[test]
    fn hosts_that_are_known() {
        let table = [
            // GitHub
            ("https://github.com/o/r.git", "https://github.com/o/r/commit/C"),
            ("https://github.com/o/r/", "https://github.com/o/r/commit/C"),
            ("https://GitHub.com:443/o/r.git/", "https://github.com/o/r/commit/C"),
            ("https://me:ghp_secret@github.com/o/r", "https://github.com/o/r/commit/C"),
            ("https://me@x:p@ss@github.com/o/r", "https://github.com/o/r/commit/C"),
            ("git@github.com:o/r.git", "https://github.com/o/r/commit/C"),
            ("git@github.com:/o/r", "https://github.com/o/r/commit/C"),
            ("github.com:o/r", "https://github.com/o/r/commit/C"),
            ("ssh://git@github.com/o/r.git", "https://github.com/o/r/commit/C"),
            ("ssh://git@ssh.github.com:443/o/r.git", "https://github.com/o/r/commit/C"),
            ("git+ssh://git@github.com/o/r", "https://github.com/o/r/commit/C"),
            ("git://github.com/o/r.git", "https://github.com/o/r/commit/C"),
            ("git@github.example.com:o/r.js.git", "https://github.example.com/o/r.js/commit/C"),
            ("https://acme.ghe.com/o/r", "https://acme.ghe.com/o/r/commit/C"),
            // GitLab
            ("https://gitlab.com/group/r.git", "https://gitlab.com/group/r/-/commit/C"),
            ("git@gitlab.com:group/sub/sub2/r.git", "https://gitlab.com/group/sub/sub2/r/-/commit/C"),
            (
                "https://oauth2:glpat-x@gitlab.example.com:8443/g/s/r.git",
                "https://gitlab.example.com:8443/g/s/r/-/commit/C",
            ),
            ("ssh://git@gitlab.example.com:2222/g/s/r.git", "https://gitlab.example.com/g/s/r/-/commit/C"),
            ("[git@gitlab.example.com:2222]:g/r.git", "https://gitlab.example.com/g/r/-/commit/C"),
            ("git@[gitlab.example.com:2222]:g/r.git", "https://gitlab.example.com/g/r/-/commit/C"),
            ("http://gitlab.local:8080/g/r", "http://gitlab.local:8080/g/r/-/commit/C"),
            // Bitbucket, in the cloud and at home
            ("https://me@bitbucket.org/team/r.git", "https://bitbucket.org/team/r/commits/C"),
            ("git@bitbucket.org:team/r.git", "https://bitbucket.org/team/r/commits/C"),
            ("ssh://git@altssh.bitbucket.org:443/team/r.git", "https://bitbucket.org/team/r/commits/C"),
            (
                "https://bitbucket.example.com/scm/PROJ/r.git",
                "https://bitbucket.example.com/projects/PROJ/repos/r/commits/C",
            ),
            (
                "https://bitbucket.example.com:7990/in/here/scm/PROJ/r",
                "https://bitbucket.example.com:7990/in/here/projects/PROJ/repos/r/commits/C",
            ),
            (
                "ssh://git@bitbucket.example.com:7999/proj/r.git",
                "https://bitbucket.example.com/projects/proj/repos/r/commits/C",
            ),
            ("https://stash.example.com/scm/~ada/r.git", "https://stash.example.com/users/ada/repos/r/commits/C"),
            // Gitea and Forgejo
            ("https://codeberg.org/o/r.git", "https://codeberg.org/o/r/commit/C"),
            ("git@codeberg.org:o/r.git", "https://codeberg.org/o/r/commit/C"),
            ("ssh://git@gitea.example.com:2222/o/r.git", "https://gitea.example.com/o/r/commit/C"),
            ("https://forgejo.example.com/git/o/r", "https://forgejo.example.com/git/o/r/commit/C"),
            // Azure DevOps
            ("https://dev.azure.com/org/project/_git/r", "https://dev.azure.com/org/project/_git/r/commit/C"),
            (
                "https://org@dev.azure.com/org/My%20Project/_git/My%20Repo",
                "https://dev.azure.com/org/My%20Project/_git/My%20Repo/commit/C",
            ),
            ("https://dev.azure.com/org/_git/r", "https://dev.azure.com/org/_git/r/commit/C"),
            (
                "https://dev.azure.com/org/project/_git/really.git",
                "https://dev.azure.com/org/project/_git/really.git/commit/C",
            ),
            ("git@ssh.dev.azure.com:v3/org/My Project/r", "https://dev.azure.com/org/My%20Project/_git/r/commit/C"),
            ("ssh://git@ssh.dev.azure.com/v3/org/project/r", "https://dev.azure.com/org/project/_git/r/commit/C"),
            ("org@vs-ssh.visualstudio.com:v3/org/project/r", "https://dev.azure.com/org/project/_git/r/commit/C"),
            ("https://org.visualstudio.com/project/_git/r", "https://org.visualstudio.com/project/_git/r/commit/C"),
            (
                "https://org.visualstudio.com/DefaultCollection/project/_git/r",
                "https://org.visualstudio.com/DefaultCollection/project/_git/r/commit/C",
            ),
            ("https://org.visualstudio.com/_git/r", "https://org.visualstudio.com/_git/r/commit/C"),
            // sourcehut
            ("https://git.sr.ht/~ada/r", "https://git.sr.ht/~ada/r/commit/C"),
            ("git@git.sr.ht:~ada/r", "https://git.sr.ht/~ada/r/commit/C"),
            // Odd characters
            ("https://gitlab.com/g/a%2Fb%3F%23%zz ü", "https://gitlab.com/g/a%2Fb%3F%23%25zz%20%C3%BC/-/commit/C"),
            (
                "git@gitlab.com:g/100%25;$(reboot)'\"\u{1b}",
                "https://gitlab.com/g/100%2525%3B%24%28reboot%29%27%22%1B/-/commit/C",
            ),
            ("https://gitlab.com/g/%ff", "https://gitlab.com/g/%25ff/-/commit/C"),
        ];
        for (url, page) in table {
            assert_eq!(commit_page(url, "C").as_deref(), Some(page), "{url}");
        }
    }

    #[test]
    fn nothing_is_guessed() {
        let table = [
            "https://example.com/o/r.git",
            "git@example.com:o/r.git",
            "git@work:o/r.git",
            "https://mygithub.com/o/r",
            "https://github.com.example.com.evil/o/r/x",
            "https://gitlab./g/r",
            "https://github.com/o",
            "https://github.com/o/r/x",
            "https://github.com/o/..",
            "https://github.com/o/.git",
            "https://github.com/",
            "https://github.com",
            "https://git.sr.ht/ada/r",
            "https://dev.azure.com/org/project/r",
            "https://dev.azure.com/org/project/_git/_full/r",
            "https://bitbucket.example.com/scm/r",
            "https://gist.github.com/0123456789",
            "https://[::1]/o/r",
            "https://github.com:x/o/r",
            "ftp://github.com/o/r",
            "agentv::https://github.com/o/r",
            "ext::ssh github.com o/r",
            "file:///srv/github.com/o/r.git",
            "/srv/git/r.git",
            "../github.com:o/r",
            "./r",
            "C:\\git\\r",
            "C:/git/r",
            "",
            ":",
            "https://",
        ];
        for url in table {
            assert_eq!(commit_page(url, "C"), None, "{url}");
        }
    }
}
