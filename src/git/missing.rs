//! What a clone does not have because a remote promised to: which remotes do, and fetching it in one batch.

use std::time::{Duration, Instant};

use super::transfer::{ToRemote, words};
use super::{Error, Oid, Repo, Result};

/// Where several remotes each have a part of what is asked for, it is looked for no longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

impl Repo {
    /// From now on nothing that is missing is fetched: for those who must not wait for a network.
    pub fn never_fetch(&self) {
        self.fetches.set(false);
    }

    /// Whether this clone may lack objects that a remote promised to have.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.promisor_remotes().is_empty()
    }

    /// Fetches those of `ids` that a partial clone does not have, in one batch.
    pub fn ensure_present(&self, ids: &[Oid]) -> Result<()> {
        self.ensure_present_with(ids, &mut |_| {})
    }

    /// Like [`Repo::ensure_present`], with what git tells of it.
    pub fn ensure_present_with(&self, ids: &[Oid], progress: &mut dyn FnMut(&str)) -> Result<()> {
        let mut missing: Vec<_> = ids.iter().filter(|id| !self.has(id)).copied().collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() { Ok(()) } else { self.fetch_missing(&missing, progress) }
    }

    /// The objects that `tips` have and none of `known` has, and that are not here. Nothing is fetched to find them.
    pub fn missing_in(&self, tips: &[Oid], known: &[Oid]) -> Result<Vec<Oid>> {
        let known = known.iter().filter(|id| self.has(id)).map(|id| format!("^{id}\n"));
        let input: String = tips.iter().map(|id| format!("{id}\n")).chain(known).collect();
        let git = self.git("rev-list").env("GIT_NO_LAZY_FETCH", "1");
        let git = git.args(["--objects", "--no-object-names", "--missing=print", "--stdin"]);
        let listed = git.run_with(input.as_bytes())?;
        let listed = String::from_utf8_lossy(&listed);
        Ok(listed.lines().filter_map(|line| self.parse_oid(line.strip_prefix('?')?)).collect())
    }

    /// What git does itself for a promisor remote, for the whole set at once.
    pub(super) fn fetch_missing(&self, ids: &[Oid], progress: &mut dyn FnMut(&str)) -> Result<()> {
        let remotes = self.promisor_remotes();
        if remotes.is_empty() {
            return Err(Error::Missing(ids[0]));
        }
        let before = self.marked_packs();
        let fetched = self.fetch_from_any(&remotes, ids, Instant::now(), progress);
        self.settle(&before, &mut |_| Ok(()))?;
        fetched
    }

    /// Fetches from the first remote that has all, or else each half from whichever has it.
    fn fetch_from_any(
        &self,
        remotes: &[String],
        ids: &[Oid],
        start: Instant,
        progress: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let mut failure = None;
        for remote in remotes {
            match self.fetch_ids(remote, ids, progress) {
                Ok(()) => return Ok(()),
                Err(err) => failure = Some(err),
            }
        }
        let failure = failure.unwrap_or(Error::Missing(ids[0]));
        if remotes.len() < 2 || ids.len() < 2 || start.elapsed() > PATIENCE {
            return Err(failure);
        }
        let (one, other) = ids.split_at(ids.len() / 2);
        self.fetch_from_any(remotes, one, start, progress)?;
        self.fetch_from_any(remotes, other, start, progress)
    }

    fn fetch_ids(&self, remote: &str, ids: &[Oid], progress: &mut dyn FnMut(&str)) -> Result<()> {
        let list = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n";
        let git = self
            .git("-c")
            .env("GIT_NO_LAZY_FETCH", "1")
            .args(["fetch.negotiationAlgorithm=noop", "fetch", "--progress", remote, "--no-tags"])
            .args(["--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin"]);
        let ToRemote { status, stderr, .. } = self.transfer(git, list.into_bytes(), remote, progress)?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Command { command: format!("fetch {remote} (what is missing here)"), stderr: words(&stderr) })
    }

    fn promisor_remotes(&self) -> Vec<String> {
        if !self.fetches.get() {
            return Vec::new();
        }
        let is_promisor =
            |name: &str| self.setting_bool(&format!("remote.{name}.promisor")).ok().flatten() == Some(true);
        let mut names: Vec<String> = self
            .gix()
            .remote_names()
            .into_iter()
            .map(|name| name.to_string())
            .filter(|name| is_promisor(name))
            .collect();
        let legacy = self.setting("extensions.partialClone").filter(|name| !names.contains(name));
        names.extend(legacy);
        // What this process made of the configuration since it was read.
        let changes = self.light.borrow();
        names.retain(|name| changes.get(name) != Some(&false));
        let new = changes.iter().filter(|(name, on)| **on && !names.contains(name)).map(|(name, _)| name.clone());
        names.extend(new.collect::<Vec<_>>());
        names
    }
}
