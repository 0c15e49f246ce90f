//! The managed clone of a results repository.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::git::{Remote, Repo, init_bare, list_origin, set_origin, without_credentials};
use crate::store::Store;
use crate::sync::{Error, Result};

use super::{DEFAULT_BRANCH, Dirs, ResultsRepo, UPSTREAM_BRANCH};

/// The remote of a managed clone.
const ORIGIN: &str = "origin";
/// How long to wait for the first answer of a results repository.
const PATIENCE: Duration = Duration::from_secs(30);

/// A managed clone, open.
#[derive(Debug)]
pub struct Managed {
    repo: Repo,
    remote: Remote,
    branch: String,
    name: String,
    /// Nobody named a branch, so it may be another one.
    open_branch: bool,
}

impl Managed {
    /// Opens the clone of `results`; none if there is none yet.
    pub fn open(dirs: &Dirs, results: &ResultsRepo) -> Result<Option<Self>> {
        let Some(dir) = dir_of(dirs, results) else { return Ok(None) };
        if !dir.join("HEAD").is_file() {
            return Ok(None);
        }
        let repo = Repo::at(&dir)?;
        let known = repo.remote_url(ORIGIN).unwrap_or_default();
        // Somebody may have named the address with other credentials, or with some at last.
        if known != results.url && results.shown() != results.url {
            set_origin(&dir, &results.url, "")?;
            return Self::open_at(&dir, results).map(Some);
        }
        Self::of(repo, results).map(Some)
    }

    /// Opens the clone of `results`, or makes it. Its branch is not fetched yet. That the results repository can't be reached is no error:
    /// runs can be recorded at once, and are merged with what is there when it can be.
    pub fn open_or_create(dirs: &Dirs, results: &ResultsRepo) -> Result<Self> {
        if let Some(found) = Self::open(dirs, results)? {
            return Ok(found);
        }
        let dir = dir_of(dirs, results).ok_or(Error::NoDataDir)?;
        let parent = dir.parent().unwrap_or(&dir).to_owned();
        let io = |source| Error::DataDir { path: parent.clone(), source };
        std::fs::create_dir_all(&parent).map_err(io)?;
        let new = tempfile::Builder::new().prefix(".new-").tempdir_in(&parent).map_err(io)?;
        let make = |format: &str| {
            init_bare(new.path(), format)?;
            set_origin(new.path(), &results.url, "")
        };
        make(results.format)?;
        let listed = list_origin(new.path(), PATIENCE).ok().flatten().filter(|listed| !listed.refs.is_empty());
        if let Some(listed) = listed
            && listed.is_sha256 != (results.format == "sha256")
        {
            std::fs::remove_dir_all(new.path()).and_then(|()| std::fs::create_dir(new.path())).map_err(io)?;
            make(if listed.is_sha256 { "sha256" } else { "sha1" })?;
        }
        match std::fs::rename(new.path(), &dir) {
            Ok(()) => drop(new.keep()),
            // Somebody else made it in the meantime.
            Err(_) if dir.join("HEAD").is_file() => {}
            Err(err) => return Err(io(err)),
        }
        Self::open_at(&dir, results)
    }

    /// Takes a clone away that has nothing in it yet.
    pub(in crate::sync) fn remove(dirs: &Dirs, results: &ResultsRepo) {
        let empty = |managed: &Self| managed.repo.refs_below("refs/").is_ok_and(|refs| refs.is_empty());
        if Self::open(dirs, results).ok().flatten().is_some_and(|managed| empty(&managed))
            && let Some(dir) = dir_of(dirs, results)
        {
            let _ = std::fs::remove_dir_all(dir);
        }
    }

    fn open_at(dir: &Path, results: &ResultsRepo) -> Result<Self> {
        Self::of(Repo::at(dir)?, results)
    }

    fn of(repo: Repo, results: &ResultsRepo) -> Result<Self> {
        let has = |branch: &str| -> Result<bool> {
            let own = repo.read_ref(&format!("refs/heads/{branch}"))?.is_some();
            Ok(own || repo.read_ref(&tracking(branch))?.is_some())
        };
        let branch = match &results.branch {
            Some(branch) => branch.clone(),
            None if !has(DEFAULT_BRANCH)? && has(UPSTREAM_BRANCH)? => UPSTREAM_BRANCH.to_owned(),
            None => DEFAULT_BRANCH.to_owned(),
        };
        let url = repo.remote_url(ORIGIN).unwrap_or_else(|| results.url.clone());
        let remote = Remote { name: ORIGIN.to_owned(), url };
        Ok(Self { repo, remote, branch, name: results.name(), open_branch: results.branch.is_none() })
    }

    /// The clone.
    #[must_use]
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// Gives the clone away.
    #[must_use]
    pub fn into_repo(self) -> Repo {
        self.repo
    }

    /// The results repository, as the clone's remote.
    #[must_use]
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// What the results repository is called: `acme/evals`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The branch, a short name.
    #[must_use]
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Where runs are recorded.
    #[must_use]
    pub fn own_ref(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    /// What the results repository had when it was last looked at.
    #[must_use]
    pub fn tracking_ref(&self) -> String {
        tracking(&self.branch)
    }

    /// The branches that the results repository has now, short names.
    pub fn branches_there(&self) -> Result<Vec<String>> {
        let listed = list_origin(self.repo.git_dir(), PATIENCE)?.unwrap_or_default();
        Ok(listed.refs.iter().filter_map(|name| name.strip_prefix("refs/heads/").map(str::to_owned)).collect())
    }

    /// What the results repository had of another branch.
    pub(in crate::sync) fn tracking_of(branch: &str) -> String {
        tracking(branch)
    }

    /// The branch that is looked for, too, as long as nobody names one.
    pub(in crate::sync) fn other_branch(&self) -> Option<&'static str> {
        [DEFAULT_BRANCH, UPSTREAM_BRANCH].into_iter().find(|other| self.open_branch && *other != self.branch)
    }

    /// Where the runs of a branch are that upstream's tools wrote.
    #[must_use]
    pub fn imported_ref(&self) -> String {
        format!("refs/agentv/imported/{}", self.branch)
    }

    /// Whether there are runs of upstream's tools on the branch.
    pub fn is_upstreams(&self) -> Result<bool> {
        Ok(self.is_foreign()? && self.repo.read_ref(&self.imported_ref())?.is_some())
    }

    /// The ref that holds its runs in our form: the branch, or what was imported of upstream's.
    pub fn readable_ref(&self) -> Result<String> {
        let imported = self.imported_ref();
        let is_upstream = self.repo.read_ref(&imported)?.is_some() && self.repo.read_ref(&self.own_ref())?.is_none();
        Ok(if is_upstream { imported } else { self.own_ref() })
    }

    /// Whether the results repository has something on the branch that is not ours: upstream's tools may write it, and then we read it.
    pub fn is_foreign(&self) -> Result<bool> {
        if self.repo.read_ref(&self.own_ref())?.is_some() {
            return Ok(false);
        }
        let tracking = self.tracking_ref();
        let there = self.repo.read_ref(&tracking)?.is_some();
        Ok(there && Store::new(&self.repo, &tracking).tip_id().is_err())
    }
}

fn tracking(branch: &str) -> String {
    format!("refs/remotes/{ORIGIN}/{branch}")
}

/// Where the clone of `results` is: one for each address, whatever credentials it is reached with.
fn dir_of(dirs: &Dirs, results: &ResultsRepo) -> Option<PathBuf> {
    let data = dirs.data.as_ref()?;
    let shown = without_credentials(&results.url);
    let address = shown.trim_end_matches('/');
    let address = address.strip_suffix(".git").unwrap_or(address);
    let digest = Sha256::digest(address.as_bytes());
    let hash = digest.iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    let name: String = results.name().chars().take(60).map(plain).collect();
    Some(data.join("agentv/results").join(format!("{}-{hash}.git", name.trim_start_matches('.'))))
}
