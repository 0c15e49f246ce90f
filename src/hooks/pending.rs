//! Runs that wait for the commit that is made on the code they judged.
//!
//! `<git dir>/agentv/pending` holds one run id a line. A run is pending while HEAD is its source
//! commit: a commit made on it links it, and moves HEAD by that. So nothing has to be taken
//! out of the file when a commit succeeds, and nothing is lost when one is abandoned.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::git::{Error, Oid, Repo};
use crate::run::RunId;
use crate::store::{Result, Store};

use super::{TRAILER, turn};

/// A run in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub id: RunId,
    /// What is to become of it.
    pub fate: Fate,
}

/// What is to become of a run that was recorded on HEAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The next commit names it.
    Pending,
    /// HEAD is elsewhere. Holds the run's source commit.
    Moved(Oid),
    /// It was deleted, or is not in this repository.
    Gone,
}

fn path(repo: &Repo) -> PathBuf {
    repo.git_dir().join("agentv/pending")
}

/// The ids that are noted, oldest first, each once, whatever has become of them.
pub(super) fn ids(repo: &Repo) -> Vec<RunId> {
    read(&path(repo))
}

/// Whether HEAD did not move since the file was written, as far as the times of files tell.
pub(super) fn is_settled(repo: &Repo) -> bool {
    let time = |path: PathBuf| path.metadata().and_then(|meta| meta.modified()).ok();
    time(repo.git_dir().join("logs/HEAD")).zip(time(path(repo))).is_some_and(|(head, noted)| head <= noted)
}

/// Puts the file aside if a commit was made of all that wait: then HEAD is that commit. The next one need
/// not look at them; `git agentv status` still does. Runs of a commit elsewhere wait for HEAD to come back.
pub(super) fn retire(store: &Store<'_>, waiting: &[Waiting]) -> Result<()> {
    let repo = store.source();
    let parents = repo.head()?.commit.map(|head| repo.commit(&head)).transpose()?.map(|head| head.parents);
    let parents = parents.unwrap_or_default();
    let is_done = |run: &Waiting| match run.fate {
        Fate::Pending => false,
        Fate::Moved(source) => parents.contains(&source),
        Fate::Gone => true,
    };
    if waiting.iter().all(is_done) {
        let path = path(repo);
        let _ = std::fs::rename(&path, path.with_extension("old"));
    }
    Ok(())
}

fn read(path: &Path) -> Vec<RunId> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut ids: Vec<RunId> = Vec::new();
    for id in text.lines().filter_map(|line| line.parse().ok()) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Notes that `id`, whose source commit is `source`, was recorded in this worktree. It becomes
/// pending if that commit is HEAD; runs that no longer are leave the file.
pub fn note(store: &Store<'_>, id: &RunId, source: Option<&str>) -> Result<()> {
    let repo = store.source();
    if repo.work_dir().is_none() {
        return Ok(());
    }
    let Some(head) = repo.head()?.commit else { return Ok(()) };
    if source.and_then(|hex| repo.parse_oid(hex)) != Some(head) {
        return Ok(());
    }
    update(store, head, |kept| kept.push(id.clone()))
}

/// Takes runs out that were linked in another way.
pub fn forget(store: &Store<'_>, linked: &[RunId]) -> Result<()> {
    let Some(head) = store.source().head()?.commit else { return Ok(()) };
    if !ids(store.source()).iter().any(|id| linked.contains(id)) {
        return Ok(());
    }
    update(store, head, |kept| kept.retain(|id| !linked.contains(id)))
}

/// Lines of the file that mean nothing: no id of a run, or that of a run which `knows` does not know.
pub fn stale(repo: &Repo, knows: impl Fn(&RunId) -> bool) -> Vec<String> {
    let bytes = std::fs::read(path(repo)).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let means_a_run = |line: &str| line.parse().is_ok_and(|id| knows(&id));
    text.lines().filter(|line| !means_a_run(line)).map(str::to_owned).collect()
}

/// Takes the [`stale`] lines out.
pub fn drop_stale(repo: &Repo, knows: impl Fn(&RunId) -> bool) -> Result<()> {
    let path = path(repo);
    let _turn = turn::wait(repo, &path.with_extension("lock"), Duration::from_secs(2));
    let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
    let ids = String::from_utf8_lossy(&bytes).lines().filter_map(|line| line.parse().ok()).collect::<Vec<RunId>>();
    let kept: Vec<RunId> = ids.into_iter().filter(|id| knows(id)).collect();
    write(repo, &path, &kept)
}

/// Rewrites the file with those that are pending on `head`, changed by `change`.
fn update(store: &Store<'_>, head: Oid, change: impl FnOnce(&mut Vec<RunId>)) -> Result<()> {
    let repo = store.source();
    let path = path(repo);
    let dir = path.with_file_name("");
    repo.create_dir(&dir).map_err(Error::io(&dir))?;
    // Not for ever: at worst a run that was recorded at the same moment isn't named by the next commit.
    let _turn = turn::wait(repo, &path.with_extension("lock"), Duration::from_secs(2));
    let waiting = list_at(store, Some(head))?;
    let mut kept: Vec<RunId> = waiting.into_iter().filter(|run| run.fate == Fate::Pending).map(|run| run.id).collect();
    change(&mut kept);
    write(repo, &path, &kept)
}

fn write(repo: &Repo, path: &Path, kept: &[RunId]) -> Result<()> {
    let dir = path.with_file_name("");
    let text = kept.iter().fold(String::new(), |text, id| text + id.as_str() + "\n");
    // A commit that is made at this moment reads the file as it was or as it will be.
    let new = tempfile::Builder::new().prefix("pending-").tempfile_in(&dir).map_err(Error::io(&dir))?;
    std::fs::write(new.path(), text).map_err(Error::io(new.path()))?;
    let file = new.persist(path).map_err(|err| Error::io(path)(err.error))?;
    drop(file);
    repo.share(path);
    Ok(())
}

/// The runs that were recorded on HEAD of this worktree, oldest first.
pub fn list(store: &Store<'_>) -> Result<Vec<Waiting>> {
    if ids(store.source()).is_empty() {
        return Ok(Vec::new());
    }
    list_at(store, store.source().head()?.commit)
}

/// Of the runs that were recorded on a commit which is no longer HEAD, those that nothing was
/// made of: they were not linked to a commit that was made there, and they won't be.
pub fn discarded(store: &Store<'_>, waiting: &[Waiting]) -> Result<Vec<RunId>> {
    let repo = store.source();
    let Some(head) = repo.head()?.commit else { return Ok(Vec::new()) };
    let old = of(store, read(&path(repo).with_extension("old")), Some(head))?;
    let mut discarded = Vec::new();
    for Waiting { id, fate } in old.iter().chain(waiting) {
        let Fate::Moved(source) = fate else { continue };
        let cites = |commit: &crate::git::SourceCommit| commit.cites.iter().any(|cited| *cited == id.as_str());
        let linked =
            store.present(std::slice::from_ref(id))?.into_iter().flatten().any(|run| !run.overlay.links.is_empty());
        if !linked && !repo.citing_between(source, &head, TRAILER)?.iter().any(cites) {
            discarded.push(id.clone());
        }
    }
    Ok(discarded)
}

fn list_at(store: &Store<'_>, head: Option<Oid>) -> Result<Vec<Waiting>> {
    of(store, ids(store.source()), head)
}

fn of(store: &Store<'_>, ids: Vec<RunId>, head: Option<Oid>) -> Result<Vec<Waiting>> {
    let runs = store.present(&ids)?;
    Ok(ids
        .into_iter()
        .zip(runs)
        .map(|(id, run)| {
            let run = run.filter(|run| !run.is_deleted());
            let source = run.and_then(|run| store.source().parse_oid(run.manifest.source.commit.as_deref()?));
            let fate = match source {
                None => Fate::Gone,
                Some(source) if Some(source) == head => Fate::Pending,
                Some(source) => Fate::Moved(source),
            };
            Waiting { id, fate }
        })
        .collect())
}
