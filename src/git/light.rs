//! The entry of the configuration by which files of runs are fetched when they are opened: `remote.agentv-<name>`.
//!
//! It belongs to the remote `<name>` and follows its address. The user's own remote stays as it is, and so does what fetching from
//! it does: the entry is skipped by `git fetch --all`, and has no refspec.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::missing::Filter;
use super::{Error, Git, Repo, Result};

/// The key that tells an entry of ours: whose it is.
const OWNER: &str = "agentv";
/// What the entry has from the remote that it belongs to.
const COPIED: [&str; 4] = ["uploadpack", "vcs", "proxy", "proxyAuthMethod"];
/// How long to wait for somebody who changes the configuration.
const PATIENCE: Duration = Duration::from_secs(2);

/// The name of the entry that belongs to a remote.
#[must_use]
pub fn light_name(remote: &str) -> String {
    format!("agentv-{remote}")
}

impl Repo {
    /// Whether files of runs of a remote are fetched when they are opened.
    #[must_use]
    pub fn is_light(&self, remote: &str) -> bool {
        let name = light_name(remote);
        match self.light.borrow().get(&name) {
            Some(on) => *on,
            None => self.is_ours(&name),
        }
    }

    /// Whether git's gc writes bitmaps here, as it does in bare repositories unless it is told not to. It fails where objects are missing.
    pub fn writes_bitmaps(&self) -> Result<bool> {
        for key in ["repack.writeBitmaps", "pack.writeBitmaps"] {
            if let Some(set) = self.setting_bool(key)? {
                return Ok(set);
            }
        }
        Ok(self.gix().is_bare())
    }

    /// The names of the remotes that the user has.
    #[must_use]
    pub fn remotes(&self) -> Vec<String> {
        let names = self.gix().remote_names();
        names.into_iter().map(|name| name.to_string()).filter(|name| !self.is_ours(name)).collect()
    }

    /// Whether a remote's name is that of an entry of ours.
    #[must_use]
    pub fn is_ours(&self, name: &str) -> bool {
        self.setting(&format!("remote.{name}.{OWNER}")).is_some()
    }

    /// Whether the user has a remote of the name that the entry would have.
    #[must_use]
    pub fn is_light_name_taken(&self, remote: &str) -> bool {
        !self.is_light(remote) && self.remote_url(&light_name(remote)).is_some()
    }

    /// Writes the entry, unless it is there and right.
    fn write_light(&self, remote: &str) -> Result<()> {
        let (name, wanted) = (light_name(remote), self.light_section(remote));
        let path = self.common_dir().join("config");
        let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
        if !text.contains(&wanted) {
            let rest = without_section(&text, &name);
            let gap = if rest.is_empty() || rest.ends_with('\n') { "" } else { "\n" };
            Self::replace_config(&path, &text, &format!("{rest}{gap}{wanted}"))?;
        }
        self.light.borrow_mut().insert(name, true);
        Ok(())
    }

    /// Fetches by `refspecs` without file contents, with `bare` also without directories, and notes what is missing. The entry is
    /// written when something is. Says whether the other side sent file contents all the same.
    pub fn fetch_light(
        &self,
        remote: &str,
        refspecs: &[String],
        bare: bool,
        progress: &mut dyn FnMut(&str),
    ) -> Result<bool> {
        let name = light_name(remote);
        if self.is_light(remote) {
            self.write_light(remote)?;
        }
        let before = self.begin_fetch();
        let mut fetch = |filter: Filter, alone: bool| {
            let git = self.git_by_entry(remote);
            let git = if alone { git.env("GIT_NO_LAZY_FETCH", "1") } else { git };
            self.fetch_by(git, remote, &name, filter.option(), refspecs, progress)
        };
        let mut filter = if bare { Filter::Below } else { Filter::Files };
        // A server without git (dumb http) is walked object by object, and each that is not here would be fetched by another
        // git that does the same.
        let mut fetched = fetch(filter, true);
        if matches!(&fetched, Err(err) if filter.is_refused(err)) {
            filter = Filter::Files;
            fetched = fetch(filter, true);
        }
        // A host takes for granted that we have all that it ever sent a commit for, and may send a directory as what is
        // different from one that we did not take. Then git has to ask for that.
        let lacks_base =
            |reason: &str| reason.contains("lazy fetching disabled") || reason.contains("unresolved delta");
        if matches!(&fetched, Err(Error::Remote { reason, .. }) if lacks_base(reason)) {
            fetched = fetch(filter, false);
        }
        // What came before it failed is put in order, too.
        let has_files = self.settle(&before, &mut |_| self.write_light(remote))?;
        self.end_fetch();
        fetched.map(|()| has_files)
    }

    /// A git that knows the entry of a remote.
    fn git_by_entry(&self, remote: &str) -> Git {
        let name = light_name(remote);
        let mut git = self.git("-c").arg("fetch.fsckObjects=true");
        if !self.is_light(remote) {
            // Until there is an entry git is told of it in the environment: on a command line others could read what is
            // secret in an address.
            for (number, (key, value)) in self.light_entry(remote).into_iter().enumerate() {
                let variable = format!("AGENTV_LIGHT_{number}");
                git = git.arg(format!("--config-env=remote.{name}.{key}={variable}")).env(&variable, value);
            }
        }
        git
    }

    /// What is in the entry.
    fn light_entry(&self, remote: &str) -> Vec<(&'static str, String)> {
        let url = self.first_url(remote).unwrap_or_default();
        // We go there ourselves, not by way of our own helper, which shows the runs as a branch.
        let url = url.strip_prefix("agentv::").map_or_else(|| url.clone(), str::to_owned);
        let mut entry = vec![("url", url)];
        entry.extend(COPIED.iter().filter_map(|key| Some((*key, self.setting(&format!("remote.{remote}.{key}"))?))));
        let fixed = [
            ("promisor", "true"),
            ("partialclonefilter", "blob:none"),
            ("skipFetchAll", "true"),
            ("tagOpt", "--no-tags"),
        ];
        entry.extend(fixed.map(|(key, value)| (key, value.to_owned())));
        entry.push((OWNER, remote.to_owned()));
        entry
    }

    fn light_section(&self, remote: &str) -> String {
        let mut text = format!("[remote \"{}\"]\n", escaped(&light_name(remote)));
        let _ = writeln!(
            text,
            "\t# Of 'git agentv fetch', which keeps the address as the other's is: see 'git agentv remote --help'"
        );
        for (key, value) in self.light_entry(remote) {
            let _ = writeln!(text, "\t{key} = \"{}\"", escaped(&value));
        }
        text
    }

    /// Writes the configuration as git does: under its lock, and if nobody changed it since. Not by 'git config': on a
    /// command line others could read what is secret in an address.
    fn replace_config(path: &Path, old: &str, new: &str) -> Result<()> {
        let target = path.canonicalize().map_err(Error::io(path))?;
        let lock = target.with_extension("lock");
        let start = Instant::now();
        let mut file = loop {
            match fs::File::create_new(&lock) {
                Ok(file) => break file,
                Err(err) if err.kind() == std::io::ErrorKind::AlreadyExists && start.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(err) => return Err(Error::io(&lock)(err)),
            }
        };
        let mut write = || -> std::io::Result<()> {
            if fs::read_to_string(&target)? != old {
                return Err(std::io::Error::other("somebody else changed it at the same time"));
            }
            fs::set_permissions(&lock, target.metadata()?.permissions())?;
            file.write_all(new.as_bytes())?;
            file.sync_all()?;
            fs::rename(&lock, &target)
        };
        write().map_err(|err| {
            let _ = fs::remove_file(&lock);
            Error::io(&target)(err)
        })
    }
}

/// A value or a name between quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The text of a configuration without the section of a remote.
fn without_section(text: &str, remote: &str) -> String {
    let header = format!("[remote \"{}\"]", escaped(remote));
    let mut inside = false;
    let kept = text.split_inclusive('\n').filter(|line| {
        if line.trim_start().starts_with('[') {
            inside = line.trim_start().starts_with(&header);
        }
        !inside
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::without_section;

    #[test]
    fn only_its_own_section_is_taken_out() {
        let text = "[core]\n\tbare = false\n[remote \"agentv-o\"]\n\turl = x\n[remote \"o\"]\n\turl = y\n";
        let rest = "[core]\n\tbare = false\n[remote \"o\"]\n\turl = y\n";
        assert_eq!(without_section(text, "agentv-o"), rest);
        assert_eq!(without_section(rest, "agentv-o"), rest);
    }
}
