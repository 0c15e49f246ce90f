//! What a clone does not have because a remote promised to: which remotes do, and fetching it in one batch.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::transfer::{ToRemote, words};
use super::{Error, Kind, Oid, Repo, Result, Tree};

/// Where several remotes each have a part of what is asked for, it is looked for no longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a fetch leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// Nothing.
    Nothing,
    /// The contents of files that are not asked for by name.
    Files,
    /// Whatever else is not asked for by name, but commits.
    Below,
}

impl Filter {
    /// As git's commands take it. These filters are what hosts allow, and what git answers from bitmaps.
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::Nothing => "--no-filter",
            Self::Files => "--filter=blob:none",
            Self::Below => "--filter=tree:0",
        }
    }

    /// Whether a fetch failed because the host does not want to filter so.
    pub(super) fn is_refused(self, err: &Error) -> bool {
        let said = match err {
            Error::Remote { reason, .. } => reason,
            Error::Command { stderr, .. } => stderr,
            _ => return false,
        };
        // git's `filter 'tree' not supported` and `tree filter allows max depth …`.
        self == Self::Below && said.contains("filter")
    }
}

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

    /// Fetches those of `ids` that a partial clone does not have, in one batch: with directories all that is below them, but no files.
    pub fn ensure_present(&self, ids: &[Oid]) -> Result<()> {
        self.ensure_present_with(ids, &mut |_| {})
    }

    /// Like [`Repo::ensure_present`], with what git tells of it.
    pub fn ensure_present_with(&self, ids: &[Oid], progress: &mut dyn FnMut(&str)) -> Result<()> {
        let missing = self.lacking(ids);
        if missing.is_empty() { Ok(()) } else { self.fetch_missing(&missing, Filter::Files, progress) }
    }

    /// Like [`Repo::ensure_present_with`], but of directories nothing that is below.
    pub fn ensure_alone(&self, ids: &[Oid], progress: &mut dyn FnMut(&str)) -> Result<()> {
        let missing = self.lacking(ids);
        if missing.is_empty() { Ok(()) } else { self.fetch_missing(&missing, Filter::Below, progress) }
    }

    /// Those of `ids` that are not here, each once; never fetches.
    #[must_use]
    pub fn lacking(&self, ids: &[Oid]) -> Vec<Oid> {
        let mut seen = HashSet::new();
        let missing = ids.iter().filter(|id| !self.packs().has(id) && seen.insert(**id));
        let mut missing: Vec<Oid> = missing.copied().collect();
        let Some(first) = missing.first() else { return missing };
        // gix reads the directory again for each object that is not here, unless it may not. Once is enough.
        self.gix().has_object(first);
        let mut handle = self.gix().clone();
        handle.objects.refresh_never();
        missing.retain(|id| !handle.has_object(id));
        missing
    }

    /// Reads a tree. A missing one is fetched without what is below it: with a root would come the directories of all runs.
    pub fn tree_alone(&self, id: &Oid) -> Result<Tree> {
        Tree::decode(id, &self.read_tree_alone(id)?)
    }

    /// Like [`Repo::tree_alone`], as git has it.
    pub fn read_tree_alone(&self, id: &Oid) -> Result<Vec<u8>> {
        if let Some(data) = self.try_read(id, Kind::Tree)? {
            return Ok(data);
        }
        self.fetch_missing(&[*id], Filter::Below, &mut |_| {})?;
        self.try_read(id, Kind::Tree)?.ok_or(Error::Missing(*id))
    }

    /// Fetches all that `tips` have and none of `known` has. With a directory comes what is below it, also what is here already: where
    /// a host is asked for a directory without files and for one of these files, git leaves the file out.
    pub fn ensure_whole(&self, tips: &[Oid], known: &[Oid], progress: &mut dyn FnMut(&str)) -> Result<()> {
        let mut before = Vec::new();
        loop {
            let missing = self.missing_in(tips, known)?;
            match missing.first() {
                None => return Ok(()),
                // Nothing that was asked for came.
                Some(first) if missing == before => return Err(Error::Missing(*first)),
                Some(_) => self.fetch_missing(&missing, Filter::Nothing, progress)?,
            }
            before = missing;
        }
    }

    /// The objects that `tips` have and none of `known` has, and that are not here. Nothing is fetched to find them.
    fn missing_in(&self, tips: &[Oid], known: &[Oid]) -> Result<Vec<Oid>> {
        let known = known.iter().filter(|id| self.has(id)).map(|id| format!("^{id}\n"));
        let input: String = tips.iter().map(|id| format!("{id}\n")).chain(known).collect();
        let git = self.git("rev-list").env("GIT_NO_LAZY_FETCH", "1");
        let git = git.args(["--objects", "--no-object-names", "--missing=print", "--stdin"]);
        let listed = git.run_with(input.as_bytes())?;
        let listed = String::from_utf8_lossy(&listed);
        Ok(listed.lines().filter_map(|line| self.parse_oid(line.strip_prefix('?')?)).collect())
    }

    /// What git does itself for a promisor remote, for the whole set at once.
    pub(super) fn fetch_missing(&self, ids: &[Oid], filter: Filter, progress: &mut dyn FnMut(&str)) -> Result<()> {
        let remotes = self.promisor_remotes();
        if remotes.is_empty() {
            return Err(Error::Missing(ids[0]));
        }
        let before = self.marked_packs();
        let fetched = self.fetch_from_any(&remotes, ids, filter, Instant::now(), progress);
        self.settle(&before, &mut |_| Ok(()))?;
        fetched
    }

    /// Fetches from the first remote that has all, or else each half from whichever has it.
    fn fetch_from_any(
        &self,
        remotes: &[String],
        ids: &[Oid],
        filter: Filter,
        start: Instant,
        progress: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let mut failure = None;
        for remote in remotes {
            match self.fetch_ids(remote, ids, filter, progress) {
                Ok(()) => return Ok(()),
                Err(err) => failure = Some(err),
            }
        }
        let failure = failure.unwrap_or(Error::Missing(ids[0]));
        if remotes.len() < 2 || ids.len() < 2 || start.elapsed() > PATIENCE {
            return Err(failure);
        }
        let (one, other) = ids.split_at(ids.len() / 2);
        self.fetch_from_any(remotes, one, filter, start, progress)?;
        self.fetch_from_any(remotes, other, filter, start, progress)
    }

    fn fetch_ids(&self, remote: &str, ids: &[Oid], filter: Filter, progress: &mut dyn FnMut(&str)) -> Result<()> {
        match self.fetch_ids_by(remote, ids, filter, progress) {
            Err(err) if filter.is_refused(&err) => self.fetch_ids_by(remote, ids, Filter::Files, progress),
            fetched => fetched,
        }
    }

    fn fetch_ids_by(&self, remote: &str, ids: &[Oid], filter: Filter, progress: &mut dyn FnMut(&str)) -> Result<()> {
        let list = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n";
        let git = self
            .git("-c")
            .env("GIT_NO_LAZY_FETCH", "1")
            .args(["fetch.negotiationAlgorithm=noop", "-c", "fetch.fsckObjects=true", "fetch", "--progress", remote])
            .args(["--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", filter.option(), "--stdin"]);
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
