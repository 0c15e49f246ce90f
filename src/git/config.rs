//! Settings, as `git config` gives them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Error, Repo, Result};

/// The files that settings were read from, and when each was changed last.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsState(Vec<(PathBuf, Option<SystemTime>)>);

impl SettingsState {
    /// Whether the files are what they were. A file that has come since is not seen.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.0.iter().all(|(path, then)| changed(path) == *then)
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

impl Repo {
    /// The files that the settings are from, as they are now.
    #[must_use]
    pub fn settings_state(&self) -> SettingsState {
        let snapshot = self.gix().config_snapshot();
        let files = snapshot.plumbing().sections().filter_map(|section| section.meta().path.clone());
        let files: BTreeSet<PathBuf> = files.chain([self.common_dir().join("config")]).collect();
        SettingsState(
            files
                .into_iter()
                .map(|path| {
                    let then = changed(&path);
                    (path, then)
                })
                .collect(),
        )
    }

    /// A setting as text.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<String> {
        self.gix().config_snapshot().string(key).map(|value| value.to_string())
    }

    /// A setting that is true or false, in any of git's spellings.
    pub fn setting_bool(&self, key: &str) -> Result<Option<bool>> {
        let snapshot = self.gix().config_snapshot();
        snapshot.try_boolean(key).map_err(|err| self.bad_setting(key, &err.to_string()))
    }

    /// A setting that is a size or a count; git's suffixes `k`, `m` and `g` work.
    pub fn setting_u64(&self, key: &str) -> Result<Option<u64>> {
        let snapshot = self.gix().config_snapshot();
        let found = snapshot.try_integer(key).map_err(|err| self.bad_setting(key, &err.to_string()))?;
        found.map(|n| u64::try_from(n).map_err(|_| self.bad_setting(key, "it must not be negative"))).transpose()
    }

    /// Changes a setting of this repository.
    pub fn set_setting(&self, key: &str, value: &str) -> Result<()> {
        self.git("config").args([key, value]).run().map(drop)
    }

    /// Takes a setting of this repository back. False if the repository does not set it.
    pub fn unset_setting(&self, key: &str) -> Result<bool> {
        let (output, command) = self.git("config").args(["--unset-all", key]).output()?;
        match output.status.code() {
            Some(0) => Ok(true),
            // Nothing to unset, as `git help config` lists it.
            Some(5) => Ok(false),
            _ => Err(Error::Command { command, stderr: super::process::one_line(&output.stderr) }),
        }
    }

    fn bad_setting(&self, key: &str, reason: &str) -> Error {
        let value = self.setting(key).unwrap_or_default();
        Error::Config { key: key.to_owned(), value, reason: reason.to_owned() }
    }
}

/// What `git -c key=value` hands to the programs that it starts:
/// `'key=value' …`, or `'key'='value' …` since git 2.31, in shell quotes
/// (`sq_quote` in git). Returned as `key=value`.
pub(super) fn from_parameters(parameters: &str) -> Vec<String> {
    let (mut found, mut current, mut chars) = (Vec::new(), None::<String>, parameters.chars().peekable());
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                quoted = !quoted;
                current.get_or_insert_default();
            }
            '\\' if !quoted => current.get_or_insert_default().extend(chars.next()),
            ' ' if !quoted => found.extend(current.take()),
            c => current.get_or_insert_default().push(c),
        }
    }
    found.extend(current);
    // A key without value means true.
    found.into_iter().map(|p| if p.contains('=') { p } else { format!("{p}=true") }).collect()
}

#[cfg(test)]
mod tests {
    use super::from_parameters;

    #[test]
    fn reads_both_forms_of_gits_parameters() {
        assert_eq!(from_parameters("'a.b=c d' 'e.f'"), ["a.b=c d", "e.f=true"]);
        assert_eq!(from_parameters("'a.b'='it'\\''s' 'user.name'='x=y'"), ["a.b=it's", "user.name=x=y"]);
        assert!(from_parameters("").is_empty());
    }
}
