//! Taking our hooks away again.

use std::path::{Path, PathBuf};

use crate::git::Repo;
use crate::hooks::Event;

use super::files::{Step, apply};
use super::inspect::{Found, chained, exists, found, with};
use super::place::Place;
use super::script::{self, Part};
use super::{Change, Error, Result, What};

/// Where managers of hooks put what was there before them: pre-commit and lefthook.
const PUT_ASIDE: [&str; 2] = [".legacy", ".old"];

/// Takes our hooks away, also those that `core.hooksPath` hides. What was there before is there again, and
/// what the user has written since stays. Doing it again changes nothing.
pub fn uninstall(repo: &Repo) -> Result<(Place, Vec<Change>)> {
    let place = Place::of(repo)?;
    let (mut changes, mut steps) = (Vec::new(), Vec::new());
    for (number, dir) in place.dirs().into_iter().enumerate() {
        for event in Event::ALL {
            let path = dir.join(event.name());
            let what = plan(repo, &place, &path, event, &mut steps)?;
            // Of the directory where git doesn't look only what we did there is of interest.
            if number == 0 && event.is_wanted(repo) || what != What::Absent {
                changes.push(Change { event, path, what });
            }
        }
    }
    apply(&steps)?;
    Ok((place, changes))
}

fn plan(repo: &Repo, place: &Place, path: &Path, event: Event, steps: &mut Vec<Step>) -> Result<What> {
    let aside = chained(path);
    let found = if path.parent().is_some_and(Path::is_dir) { found(place, path, event)? } else { Found::Nothing };
    match found {
        Found::Ours(..) if place.is_tracked(repo, path)? => Ok(What::ByHand),
        Found::Ours(marked, mode) if marked.own => match (marked.is_all_ours(), exists(&aside)) {
            (true, true) => Ok(restore(path, aside, steps)),
            (true, false) => {
                steps.push(Step::Remove { path: path.to_owned() });
                Ok(What::Removed)
            }
            (false, true) => Err(Error::Edited { path: path.to_owned(), chained: aside }),
            (false, false) => {
                steps.push(Step::Write { path: path.to_owned(), content: marked.rest, mode });
                Ok(What::RemovedPart)
            }
        },
        Found::Ours(marked, mode) => {
            steps.push(Step::Write { path: path.to_owned(), content: marked.rest, mode });
            Ok(What::RemovedPart)
        }
        Found::Nothing if exists(&aside) => Ok(restore(path, aside, steps)),
        _ if exists(&aside) => Ok(What::Left(aside)),
        Found::Managed(_) => Ok(behind_manager(path, event, steps)),
        Found::ByHand => Ok(What::ByHand),
        Found::Nothing | Found::Shell(..) | Found::Other => Ok(What::Absent),
    }
}

fn restore(path: &Path, aside: PathBuf, steps: &mut Vec<Step>) -> What {
    steps.push(Step::Rename { from: aside.clone(), to: path.to_owned() });
    What::Restored(aside)
}

/// Removes a hook of ours that a manager found there and put aside.
fn behind_manager(path: &Path, event: Event, steps: &mut Vec<Step>) -> What {
    let ours = |file: &PathBuf| {
        let text = std::fs::read(file).unwrap_or_default();
        matches!(script::find(&text, event), Part::Marked(marked) if marked.is_all_ours())
    };
    let files: Vec<PathBuf> = PUT_ASIDE.iter().map(|suffix| with(path, suffix)).filter(ours).collect();
    let what = if files.is_empty() { What::Absent } else { What::Removed };
    steps.extend(files.into_iter().map(|path| Step::Remove { path }));
    what
}
