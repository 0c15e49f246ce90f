//! Which results repository a source repository has.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::git::{Repo, beside, is_name, repository_name, without_credentials};
use crate::sync::{Error, Result};

use super::Dirs;

/// The setting that names one. It goes before upstream's file.
const KEY: &str = "agentv.resultsRepo";
/// Upstream's own settings, below the top of the working tree.
const FILES: [&str; 2] = [".agentv/config.yaml", ".agentv/config.yml"];
/// A host for names like `acme/evals`, if nothing names one.
const DEFAULT_HOST: &str = "https://github.com/o/r";

/// A results repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultsRepo {
    /// Its address or path. It may hold credentials.
    pub url: String,
    /// The branch, if one is named.
    pub branch: Option<String>,
    /// Whether what is recorded is pushed at once.
    pub auto_push: bool,
    /// Whether the user says so. A file that came with the source code can't agree to the first push for those who clone it.
    pub agreed: bool,
    /// The object format of a clone of it, as long as nothing says otherwise: that of the source repository.
    pub format: &'static str,
}

impl ResultsRepo {
    /// What it is called: `acme/evals`.
    #[must_use]
    pub fn name(&self) -> String {
        repository_name(&self.url).unwrap_or_else(|| self.shown())
    }

    /// The address without credentials.
    #[must_use]
    pub fn shown(&self) -> String {
        without_credentials(&self.url)
    }
}

/// What the settings say.
#[derive(Debug, Default)]
pub struct Configured {
    /// The results repository; none if runs are kept in the source repository.
    pub results: Option<ResultsRepo>,
    /// What of the settings makes no sense, and was passed over.
    pub problem: Option<String>,
}

/// The results repository that `repo` has: what `agentv.resultsRepo` names, else upstream's `.agentv/config.yaml`.
///
/// A file that can't be read is told as a problem, and no error: it belongs to another program.
pub fn configured(repo: &Repo, dirs: &Dirs) -> Result<Configured> {
    let (file, problem) = match from_file(repo) {
        Ok(file) => (file, None),
        Err(problem) => (None, Some(problem)),
    };
    let set = repo.setting(KEY).filter(|place| !place.is_empty());
    let file_push = file.as_ref().and_then(|file| file.auto_push);
    let (place, file_branch) = match (set, file) {
        (Some(place), file) => {
            // What the file says of another repository is not about this one.
            let same = file.filter(|file| file.place == place);
            (place, same.and_then(|file| file.branch))
        }
        (None, Some(file)) => (file.place, file.branch),
        (None, None) => return Ok(Configured { results: None, problem }),
    };
    let Some(url) = locate(repo, &place, dirs)? else { return Ok(Configured { results: None, problem }) };
    let branch = repo.setting("agentv.resultsBranch").filter(|branch| !branch.is_empty()).or(file_branch);
    let own = repo.setting_bool("agentv.autoPush")?;
    let (auto_push, agreed) = (own.or(file_push).unwrap_or(false), own == Some(true));
    Ok(Configured {
        results: Some(ResultsRepo { url, branch, auto_push, agreed, format: repo.object_format() }),
        problem: None,
    })
}

/// The address that `place` means: an address, a path, or `acme/evals`: a repository on the host of `agentv.host`, else of
/// the source repository's remote, else GitHub. None if it is `repo` itself.
pub fn locate(repo: &Repo, place: &str, dirs: &Dirs) -> Result<Option<String>> {
    if place.contains(['\n', '\0']) || place.starts_with('-') {
        return Err(Error::BadPlace {
            place: place.escape_debug().to_string(),
            reason: "it is no address and no path",
        });
    }
    let top = repo.work_dir().unwrap_or(repo.git_dir()).to_owned();
    let home = |rest: &str| dirs.home.as_ref().map(|home| home.join(rest));
    let path = match place.strip_prefix("~/") {
        Some(rest) => home(rest),
        None if place == "~" => home(""),
        None => Some(top.join(place)),
    };
    let is_address = place.contains("://") || is_ssh(place);
    if !is_address && let Some(path) = path.filter(|path| path.exists() || !is_name(place)) {
        let path = clean(&path);
        let own = [repo.work_dir(), Some(repo.git_dir()), Some(repo.common_dir())];
        let same = own.into_iter().flatten().any(|own| clean(own) == path);
        return Ok((!same).then(|| path.to_string_lossy().into_owned()));
    }
    if is_address || !is_name(place) {
        return Ok(Some(place.to_owned()));
    }
    let source = repo.elected_remote().ok().flatten();
    // What `insteadOf` makes of an address may be a path.
    let written = source.as_ref().and_then(|remote| repo.setting(&format!("remote.{}.url", remote.name)));
    let host = repo.setting("agentv.host").filter(|host| !host.is_empty());
    let place = place.strip_suffix(".git").unwrap_or(place);
    let known = [source.map(|remote| remote.url), written];
    let found = known.iter().flatten().find_map(|url| beside(url, host.as_deref(), place));
    Ok(found.or_else(|| beside(DEFAULT_HOST, host.as_deref(), place)))
}

/// What `repo` is called in a results repository: as on its remote, `acme/app`, else as its directory.
#[must_use]
pub fn called(repo: &Repo) -> String {
    let remote = repo.elected_remote().ok().flatten().and_then(|remote| repository_name(&remote.url));
    let top = || {
        let dir = clean(repo.work_dir().unwrap_or(repo.common_dir()));
        repository_name(&dir.to_string_lossy())
    };
    remote.or_else(top).unwrap_or_else(|| "unnamed".into())
}

/// `host:path`, as ssh has it.
fn is_ssh(place: &str) -> bool {
    place.split_once(':').is_some_and(|(host, _)| host.len() > 1 && !host.contains(['/', '\\']))
}

fn clean(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let parent = || Some(absolute.parent()?.canonicalize().ok()?.join(absolute.file_name()?));
    absolute.canonicalize().ok().or_else(parent).unwrap_or(absolute)
}

/// What upstream's file says.
struct File {
    place: String,
    branch: Option<String>,
    auto_push: Option<bool>,
}

/// Reads upstream's file. Its keys were called differently from version to version: the repository is `repo`, `repo_url`, `repository`,
/// `repo_path` or `path`; pushing is `sync.auto_push` or `auto_push`.
fn from_file(repo: &Repo) -> Result<Option<File>, String> {
    let Some(top) = repo.work_dir() else { return Ok(None) };
    let found = FILES.iter().find_map(|name| Some((*name, std::fs::read_to_string(top.join(name)).ok()?)));
    let Some((name, text)) = found else { return Ok(None) };
    let config: Value = serde_saphyr::from_str(&text).map_err(|err| {
        let reason = err.to_string();
        format!("{name} cannot be read: {}", reason.lines().next().unwrap_or_default())
    })?;
    let Some(results) = config.get("results").filter(|results| !results.is_null()) else { return Ok(None) };
    if !results.is_object() {
        return Err(format!("{name}: 'results' is no mapping"));
    }
    let text = |key: &str| match results.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(format!("{name}: 'results.{key}' is no text")),
    };
    let mut place = None;
    // Beside a repository, `path` is where upstream keeps its own clone.
    for key in ["repo", "repo_url", "repository", "repo_path", "path"] {
        place = place.or(text(key)?);
    }
    let Some(place) = place else { return Ok(None) };
    let truth = |value: Option<&Value>, key: &str| match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(truth)) => Ok(Some(*truth)),
        Some(_) => Err(format!("{name}: 'results.{key}' is neither true nor false")),
    };
    let synced = truth(results.get("sync").and_then(|sync| sync.get("auto_push")), "sync.auto_push")?;
    let auto_push = synced.or(truth(results.get("auto_push"), "auto_push")?);
    Ok(Some(File { place, branch: text("branch")?, auto_push }))
}
