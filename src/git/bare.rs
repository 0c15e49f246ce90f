//! Bare repositories of our own making: a clone that is thrown away, one that is kept.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::{Error, Git, Repo, Result, without_credentials};

const ORIGIN: &str = "[remote \"origin\"]";

/// What a remote answered when it was asked for its refs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Full names of its refs.
    pub refs: Vec<String>,
    /// It has ids of 32 bytes.
    pub is_sha256: bool,
}

/// Makes an empty bare repository in the directory `dir`, which exists. `format` is `sha1` or `sha256`.
pub fn init_bare(dir: &Path, format: &str) -> Result<()> {
    let git = Git::in_dir(dir, "init").args(["--quiet", "--bare", "--template="]);
    git.arg(format!("--object-format={format}")).run().map(drop)
}

/// Writes the remote `origin` into the configuration of the bare repository at `dir`, in place of one that may be there. `more` are lines
/// of that section.
///
/// On a command line everybody on this machine could read what is secret in an address.
pub fn set_origin(dir: &Path, url: &str, more: &str) -> Result<()> {
    if url.contains(['\n', '\0']) {
        let reason = "an address has no line breaks".into();
        return Err(Error::Remote { url: without_credentials(url), reason });
    }
    let config = dir.join("config");
    let text = std::fs::read_to_string(&config).map_err(Error::io(&config))?;
    let mut inside = false;
    let others = text.split_inclusive('\n').filter(|line| {
        inside = if line.starts_with('[') { line.trim_end() == ORIGIN } else { inside };
        !inside
    });
    let mut text: String = others.collect();
    let quoted = url.replace('\\', "\\\\").replace('"', "\\\"");
    let _ = write!(text, "{ORIGIN}\n\turl = \"{quoted}\"\n{more}");
    let new = tempfile::NamedTempFile::new_in(dir).map_err(Error::io(dir))?;
    std::fs::write(new.path(), text).map_err(Error::io(new.path()))?;
    new.persist(&config).map_err(|err| Error::io(config)(err.error)).map(drop)
}

/// The refs of `origin` of the bare repository at `dir`, if it answers within `limit`.
pub fn list_origin(dir: &Path, limit: Duration) -> Result<Option<Listed>> {
    let git = Git::in_dir(dir, "ls-remote").args(["origin"]);
    let Some(listed) = git.run_within(limit)? else { return Ok(None) };
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let lines = listed.lines().filter_map(|line| line.split_once('\t'));
    let is_sha256 = lines.clone().any(|(id, _)| id.len() == 64);
    Ok(Some(Listed { refs: lines.map(|(_, name)| name.to_owned()).collect(), is_sha256 }))
}

impl Repo {
    /// Sets a setting in the repository's own file.
    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        self.git("config").args(["--local", "--replace-all", key, value]).run().map(drop)
    }
}
