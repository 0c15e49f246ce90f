//! What is at a hook's place.

use std::fs;
use std::path::{Path, PathBuf};

use crate::git::{Repo, is_executable};
use crate::hooks::Event;

use super::manager::{Addition, Manager};
use super::on_demand;
use super::place::Place;
use super::script::{self, CHAINED, Marked, Part};
use super::{Error, Result};

/// How a hook is wired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A file of our own.
    File,
    /// Our part in somebody's shell hook.
    Block,
    /// A file of our own that goes on to the hook that was there before.
    Chained,
    /// A file of our own that is put in place when an editor opens, and goes afterwards.
    OnDemand,
    /// Somebody wired it by hand.
    ByHand,
    /// A manager of hooks runs us.
    Managed(Manager),
    /// A manager of hooks owns the place, and does not run us.
    Unmanaged(Manager),
    /// It is there, but git skips it because it isn't executable.
    NotExecutable,
    /// It is in the repository's own hooks directory, but `core.hooksPath` names another.
    Shadowed,
    /// One of the marks around our part is missing.
    Damaged,
    /// Somebody's hook that does not call us.
    Foreign,
    /// There is no hook.
    Missing,
}

impl How {
    /// Whether we are called, as far as one can see.
    #[must_use]
    pub fn is_wired(self) -> bool {
        matches!(self, Self::File | Self::Block | Self::Chained | Self::OnDemand | Self::ByHand | Self::Managed(_))
    }
}

/// A hook, and how it is wired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Which.
    pub event: Event,
    /// Where git looks for it.
    pub path: PathBuf,
    /// How it is wired.
    pub how: How,
    /// Whether our part is that of this version.
    pub current: bool,
    /// What the user has to add where we write nothing.
    pub addition: Option<Addition>,
}

/// What is at a path, to decide what to do with it.
pub(super) enum Found {
    Nothing,
    /// With our part. The file's mode.
    Ours(Marked, u32),
    /// A shell script that takes our part: what it becomes, and its mode.
    Shell(Vec<u8>, u32),
    /// It calls us already.
    ByHand,
    Managed(Manager),
    /// All else: it can be put aside and chained.
    Other,
}

/// Looks at the hooks of a repository.
pub fn inspect(repo: &Repo) -> Result<(Place, Vec<Hook>)> {
    let place = Place::of(repo)?;
    let mut hooks = Event::ALL.into_iter().map(|event| hook(repo, &place, event)).collect::<Result<Vec<_>>>()?;
    hooks.retain(|hook| hook.event.is_wanted(repo) || hook.how.is_wired());
    Ok((place, hooks))
}

pub(super) fn hook(repo: &Repo, place: &Place, event: Event) -> Result<Hook> {
    let path = place.dir.join(event.name());
    let top = repo.work_dir().unwrap_or(repo.git_dir());
    let (mut current, mut addition) = (true, None);
    let runs = is_executable(&path);
    let found = match found(place, &path, event) {
        Err(Error::Damaged(_)) => return Ok(Hook { event, path, how: How::Damaged, current, addition }),
        found => found?,
    };
    let how = match found {
        Found::Managed(manager) => {
            let calls = is_managed(manager, event, top, &path);
            addition = (!calls).then(|| manager.addition(event, top));
            if calls { How::Managed(manager) } else { How::Unmanaged(manager) }
        }
        Found::Ours(..) | Found::ByHand if !runs => How::NotExecutable,
        Found::Ours(marked, _) => {
            current = fs::read(&path).is_ok_and(|text| text == marked.renewed);
            match marked {
                Marked { own: false, .. } => How::Block,
                Marked { on_demand: true, .. } => How::OnDemand,
                _ if exists(&chained(&path)) => How::Chained,
                _ => How::File,
            }
        }
        Found::ByHand => How::ByHand,
        Found::Nothing if event == Event::CommitMsg && comes(repo, place, &path)? => How::OnDemand,
        Found::Nothing | Found::Shell(..) | Found::Other if is_shadowed(place, event) => How::Shadowed,
        Found::Nothing => How::Missing,
        Found::Shell(..) | Found::Other => {
            if place.is_tracked(repo, &path)? {
                addition = Some(by_hand(event, &path, top));
            }
            How::Foreign
        }
    };
    Ok(Hook { event, path, how, current, addition })
}

/// Whether the `commit-msg` that is not at `path` now will be put there when it is needed.
fn comes(repo: &Repo, place: &Place, path: &Path) -> Result<bool> {
    Ok(on_demand::is_possible(repo, path) && hook(repo, place, Event::PrepareCommitMsg)?.how.is_wired())
}

/// What to add to a hook that belongs to everybody.
pub(super) fn by_hand(event: Event, path: &Path, top: &Path) -> Addition {
    let file = path.strip_prefix(top).unwrap_or(path).to_owned();
    let advice = format!("git tracks {}: add as its second line, if it is a shell script", file.display());
    Addition { file, text: format!("{}\n", script::line(event)), advice }
}

/// Reads what is at `path`.
pub(super) fn found(place: &Place, path: &Path, event: Event) -> Result<Found> {
    if let Some(manager) = Manager::of_dir(&place.dir).filter(|_| path.starts_with(&place.dir)) {
        return Ok(Found::Managed(manager));
    }
    let Ok(meta) = path.symlink_metadata() else { return Ok(Found::Nothing) };
    if path.is_dir() {
        return Err(Error::NotA { path: path.to_owned(), wanted: "file" });
    }
    let text = match fs::read(path) {
        Ok(text) => text,
        // A symlink that leads nowhere can be put aside like any other.
        Err(_) if meta.is_symlink() => return Ok(Found::Other),
        Err(err) => return Err(Error::io("read", path)(err)),
    };
    let part = script::find(&text, event);
    match part {
        Part::Damaged => return Err(Error::Damaged(path.to_owned())),
        Part::Marked(marked) if !meta.is_symlink() => return Ok(Found::Ours(marked, mode(&meta))),
        Part::Marked(_) => return Ok(Found::ByHand),
        Part::None => {}
    }
    if let Some(manager) = Manager::of_hook(&text) {
        return Ok(Found::Managed(manager));
    }
    if script::calls_us(&text, event) {
        return Ok(Found::ByHand);
    }
    let fits = !meta.is_symlink() && is_executable(path);
    Ok(match script::insert(&text, event).filter(|_| fits) {
        Some(with) => Found::Shell(with, mode(&meta)),
        None => Found::Other,
    })
}

/// Whether a manager's own files call us, or it goes on to a hook of ours that was there before it.
fn is_managed(manager: Manager, event: Event, top: &Path, path: &Path) -> bool {
    let says = |path: PathBuf| fs::read(path).is_ok_and(|text| script::calls_us(&text, event));
    let legacy = event != Event::PostRewrite && manager == Manager::PreCommit && is_executable(&with(path, ".legacy"));
    manager.files(event).iter().any(|file| says(top.join(file))) || legacy && says(with(path, ".legacy"))
}

fn is_shadowed(place: &Place, event: Event) -> bool {
    let text = |dir: &Path| fs::read(dir.join(event.name())).unwrap_or_default();
    place.dirs().iter().skip(1).any(|dir| matches!(script::find(&text(dir), event), Part::Marked(_)))
}

/// Where the hook that was at `path` goes.
pub(super) fn chained(path: &Path) -> PathBuf {
    with(path, CHAINED)
}

/// `path` with `suffix` behind its name.
pub(super) fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether there is anything at `path`, also a symlink that leads nowhere.
pub(super) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(unix)]
fn mode(meta: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(_meta: &fs::Metadata) -> u32 {
    0o755
}
