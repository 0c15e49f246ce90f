//! Putting the hooks of a repository in place, taking them away, and finding out whether they work.
//!
//! Other people's hooks keep working: a shell hook gets a marked part of ours right after its
//! first line, anything else is put aside and called by ours ([`script()`]). What a manager of
//! hooks owns is left to it; the user is told what to add ([`Manager`]). All that was changed can
//! be taken back, byte for byte. A `commit-msg` of our own is not there but while an editor is open.
//!
//! git 2.54 can also run hooks that its configuration names. Where that is wanted, it is one more
//! kind of [`How`], and [`install`] is the place to choose it.

mod error;
mod files;
mod inspect;
mod manager;
mod on_demand;
mod place;
mod proof;
mod remove;
mod scratch;
mod script;

use std::path::PathBuf;

use crate::git::Repo;

use super::Event;
use files::{Step, apply};
use inspect::{Found, by_hand, chained, exists, found};

pub use error::{Error, Result};
pub use inspect::{Hook, How, inspect};
pub use manager::{Addition, Manager};
pub use on_demand::release;
pub use place::{HooksPath, Place};
pub use proof::{Check, Proof, prove};
pub use remove::uninstall;
pub use script::{line, on_demand as on_demand_script, script};

pub(in crate::hooks) use on_demand::guard;

/// git's own hooks have it.
const MODE: u32 = 0o755;

/// What became of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub event: Event,
    /// Where it is.
    pub path: PathBuf,
    /// What became of it.
    pub what: What,
}

/// What became of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// There was none: ours was written.
    Installed,
    /// Ours was there from another version, and is now that of this one.
    Updated,
    /// It is put in place when an editor opens.
    OnDemand,
    /// Our part was put into a shell script.
    AddedPart,
    /// The hook was put aside, to here, and is called by ours.
    Chained(PathBuf),
    /// It is as it should be.
    Unchanged,
    /// It calls us, wired by hand or by a manager of hooks.
    Wired,
    /// Nothing was written: the user has to add something.
    ToAdd(Addition),
    /// Ours is there, but switched off: git skips what is not executable.
    SwitchedOff,
    /// Our file was removed.
    Removed,
    /// Our part was taken out of the script.
    RemovedPart,
    /// The hook that was put aside, there, is back.
    Restored(PathBuf),
    /// The hook is not ours, and one that was put aside is still there.
    Left(PathBuf),
    /// It was wired by hand, where we change nothing.
    ByHand,
    /// There was nothing of ours.
    Absent,
}

/// Puts our hooks in place. Doing it again changes nothing; if one can't be put in place, none is.
pub fn install(repo: &Repo) -> Result<(Place, Vec<Change>)> {
    let place = Place::of(repo)?;
    place.check(repo)?;
    let (mut changes, mut steps) = (Vec::new(), Vec::new());
    for event in Event::ALL {
        let path = place.dir.join(event.name());
        let is_there = || matches!(found(&place, &path, event), Ok(Found::Ours(..) | Found::ByHand));
        if !event.is_wanted(repo) && !is_there() {
            continue;
        }
        let what = plan(repo, &place, event, &mut steps)?;
        changes.push(Change { event, path, what });
    }
    if !steps.is_empty() {
        repo.create_dir(&place.dir).map_err(Error::io("create", &place.dir))?;
        apply(&steps)?;
    }
    for step in &steps {
        if let Step::Write { path, .. } = step {
            repo.share(path);
        }
    }
    Ok((place, changes))
}

/// What to do with the hook of `event`.
fn plan(repo: &Repo, place: &Place, event: Event, steps: &mut Vec<Step>) -> Result<What> {
    let path = place.dir.join(event.name());
    let aside = chained(&path);
    let top = repo.work_dir().unwrap_or(repo.git_dir());
    let mut write =
        |content: &[u8], mode| steps.push(Step::Write { path: path.clone(), content: content.into(), mode });
    match found(place, &path, event)? {
        Found::Managed(_) => {
            let hook = inspect::hook(repo, place, event)?;
            Ok(hook.addition.map_or(What::Wired, What::ToAdd))
        }
        Found::ByHand => Ok(What::Wired),
        Found::Nothing if event == Event::CommitMsg && on_demand::is_possible(repo, &path) => Ok(What::OnDemand),
        Found::Ours(marked, _)
            if event == Event::CommitMsg && marked.is_all_ours() && on_demand::is_possible(repo, &path) =>
        {
            // An editor may be open: the next commit takes it away, and it is on its way then.
            let is_current = std::fs::read(&path).is_ok_and(|text| text == on_demand_script().as_bytes());
            if !is_current || !crate::git::is_executable(&path) {
                write(on_demand_script().as_bytes(), MODE);
            }
            Ok(What::OnDemand)
        }
        Found::Ours(marked, mode) => {
            let is_current = std::fs::read(&path).is_ok_and(|text| text == marked.renewed);
            // Somebody who takes the right to be executed from his own hook wants it off.
            let off = !crate::git::is_executable(&path);
            match (is_current, off) {
                (_, true) if !marked.own => Ok(What::SwitchedOff),
                (true, false) => Ok(What::Unchanged),
                _ if place.is_tracked(repo, &path)? => Ok(What::ToAdd(by_hand(event, &path, top))),
                _ => {
                    write(&marked.renewed, if off { MODE } else { mode });
                    Ok(What::Updated)
                }
            }
        }
        _ if exists(&aside) && exists(&path) => Err(Error::SecondHook { path, chained: aside }),
        Found::Nothing if exists(&aside) => {
            write(script(event).as_bytes(), MODE);
            Ok(What::Chained(aside))
        }
        Found::Nothing => {
            write(script(event).as_bytes(), MODE);
            Ok(What::Installed)
        }
        Found::Shell(..) | Found::Other if place.is_tracked(repo, &path)? => {
            Ok(What::ToAdd(by_hand(event, &path, top)))
        }
        Found::Shell(with, mode) => {
            write(&with, mode);
            Ok(What::AddedPart)
        }
        Found::Other => {
            steps.push(Step::Rename { from: path.clone(), to: aside.clone() });
            steps.push(Step::Write { path, content: script(event).into(), mode: MODE });
            Ok(What::Chained(aside))
        }
    }
}
