//! A branch of another repository, worked on in a clone that is thrown away.

use tempfile::TempDir;

use super::bare::{init_bare, set_origin};
use super::{ConfigScope, Error, Git, Oid, Repo, Result, without_credentials};

/// A bare clone of one branch, without blobs. It is removed when this is dropped.
#[derive(Debug)]
pub struct RemoteBranch {
    repo: Repo,
    /// Short name.
    branch: String,
    shown: String,
    _dir: TempDir,
}

/// How a push ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The remote has it.
    Done,
    /// Somebody else was faster; the clone has what they pushed now.
    Behind,
}

impl RemoteBranch {
    /// Clones the branch `wanted` (a short name) of `url`; if none is given `main`, else the one that HEAD names
    /// there. `parameters` is the value of `GIT_CONFIG_PARAMETERS`.
    pub fn open(url: &str, wanted: Option<&str>, parameters: Option<&str>) -> Result<Self> {
        let shown = without_credentials(url);
        let fail = |reason: String| Error::Remote { url: shown.clone(), reason };
        let dir = tempfile::Builder::new().prefix("agentv-").tempdir().map_err(Error::io(std::env::temp_dir()))?;
        let init = |format: &str| {
            init_bare(dir.path(), format)?;
            set_origin(dir.path(), url, "\tpromisor = true\n\tpartialclonefilter = blob:none\n")
        };
        init("sha1")?;
        let listed =
            Git::in_dir(dir.path(), "ls-remote").args(["--symref", "origin", "HEAD", "refs/heads/*"]).run_text();
        let listed = listed.map_err(|err| fail(said(err)))?;
        let branch = choose(&listed, wanted).map_err(|name| Error::NoBranch { name, place: shown.clone() })?;
        if listed.lines().any(|line| line.split('\t').next().is_some_and(|id| id.len() == 64)) {
            std::fs::remove_dir_all(dir.path()).map_err(Error::io(dir.path()))?;
            std::fs::create_dir(dir.path()).map_err(Error::io(dir.path()))?;
            init("sha256")?;
        }
        fetch(dir.path(), &branch).map_err(|err| fail(said(err)))?;
        let repo = Repo::discover_at(dir.path(), ConfigScope::Full, parameters)?;
        Ok(Self { repo, branch, shown, _dir: dir })
    }

    /// The clone.
    #[must_use]
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// The branch, a short name.
    #[must_use]
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Pushes the branch, never by force. `old` is the commit that was built on.
    pub fn push(&self, old: &Oid) -> Result<Pushed> {
        let name = format!("refs/heads/{}", self.branch);
        let dir = self.repo.git_dir();
        let pushed =
            Git::in_dir(dir, "push").args(["--quiet", "--no-signed", "origin", &format!("{name}:{name}")]).run();
        let Err(err) = pushed else { return Ok(Pushed::Done) };
        let fail = |err| Error::Remote { url: self.shown.clone(), reason: said(err) };
        // What git says is for people. Whether we lost a race shows in the branch itself.
        fetch(dir, &self.branch).map_err(fail)?;
        if self.repo.read_ref(&name)? == Some(*old) { Err(fail(err)) } else { Ok(Pushed::Behind) }
    }
}

fn fetch(dir: &std::path::Path, branch: &str) -> Result<()> {
    let git = Git::in_dir(dir, "fetch").args(["--quiet", "--no-tags", "--filter=blob:none", "--no-write-fetch-head"]);
    git.args(["origin", &format!("+refs/heads/{branch}:refs/heads/{branch}")]).run().map(drop)
}

/// The branch to take, of what `git ls-remote --symref` prints. Fails with the name of what is missing, empty if there is nothing at all.
fn choose(listed: &str, wanted: Option<&str>) -> Result<String, String> {
    let has = |name: &str| listed.lines().any(|line| line.split_once('\t').is_some_and(|(_, found)| found == name));
    let exists = |branch: &str| has(&format!("refs/heads/{branch}"));
    if let Some(wanted) = wanted {
        return if exists(wanted) { Ok(wanted.to_owned()) } else { Err(wanted.to_owned()) };
    }
    let head = listed.lines().find_map(|line| line.strip_prefix("ref: refs/heads/")?.strip_suffix("\tHEAD"));
    let found = ["main"].into_iter().chain(head).find(|branch| exists(branch));
    found.map(str::to_owned).ok_or_else(String::new)
}

/// What git said, without credentials.
fn said(err: Error) -> String {
    match err {
        Error::Command { stderr, .. } => scrub(&stderr),
        err => err.to_string(),
    }
}

/// Takes user names and passwords out of all addresses in a text.
pub(super) fn scrub(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '<' | '>');
    let words = text.split_inclusive(is_end).map(|word| {
        let bare = word.trim_end_matches(is_end);
        without_credentials(bare) + &word[bare.len()..]
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::{choose, scrub};

    #[test]
    fn credentials_in_messages() {
        let said = "unable to access 'https://me:secret@host/a.git/': denied; see https://token@host";
        assert_eq!(scrub(said), "unable to access 'https://host/a.git/': denied; see https://host/");
        assert_eq!(scrub("no address: at all"), "no address: at all");
    }

    #[test]
    fn the_branch_that_is_taken() {
        let listed = "ref: refs/heads/trunk\tHEAD\n1a\tHEAD\n1a\trefs/heads/trunk\n2b\trefs/heads/other";
        assert_eq!(choose(listed, None), Ok("trunk".into()));
        assert_eq!(choose(listed, Some("other")), Ok("other".into()));
        assert_eq!(choose(listed, Some("gone")), Err("gone".into()));
        assert_eq!(choose(&format!("{listed}\n3c\trefs/heads/main"), None), Ok("main".into()));
        assert_eq!(choose("", None), Err(String::new()));
    }
}
