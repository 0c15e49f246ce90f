//! `prepare-commit-msg`: names the pending runs in the message of the commit that is being made.

use std::path::Path;
use std::time::Instant;

use crate::git::{Error, Repo};
use crate::run::{DirBundle, RunId, formats::generic::Given};
use crate::store::{Outcome, Provenance, RecordOptions, Result, Store};

use super::buffer::{Buffer, Editing};
use super::commit_msg;
use super::pending::{self, Fate};

/// What git tells the hook.
#[derive(Debug)]
pub struct Prepare<'a> {
    /// The file that holds the message.
    pub file: &'a Path,
    /// Where the message came from: `message`, `template`, `merge`, `squash`, `commit`; none for an empty one.
    pub source: Option<&'a str>,
    /// The commit whose message it is, for `commit`.
    pub object: Option<&'a str>,
    /// Whether an editor opens afterwards.
    pub editing: Editing,
    /// When picking up bundles must have ended.
    pub deadline: Instant,
}

/// Adds the trailers of the pending runs.
pub fn run(store: &Store<'_>, prepare: &Prepare<'_>) -> Result<()> {
    let repo = store.repo();
    commit_msg::forget_template(repo);
    if !is_new_work(repo, prepare) {
        return Ok(());
    }
    pick_up(store, prepare.deadline);
    let noted = pending::ids(repo);
    if noted.is_empty() {
        return Ok(());
    }
    let mut buffer = Buffer::read(repo, prepare.file, prepare.editing)?;
    let text = buffer.text();
    match prepare.editing {
        // git gives up the commit for its message is empty; it must stay so.
        Editing::None if text.is_empty() => return Ok(()),
        Editing::Editor if prepare.source == Some("template") => {
            commit_msg::remember_template(repo, &text).map_err(Error::io(repo.git_dir()))?;
        }
        _ => {}
    }
    // If HEAD stayed where it was, all that are noted are pending. While git starts we make sure.
    let started = if pending::is_settled(repo) { Some(buffer.start(&noted)?) } else { None };
    let waiting = pending::list(store)?;
    let ids: Vec<RunId> = waiting.iter().filter(|run| run.fate == Fate::Pending).map(|run| run.id.clone()).collect();
    match started {
        Some(started) if ids == noted => return Ok(buffer.finish(started)?),
        Some(started) => started.cancel(),
        None => {}
    }
    if ids.is_empty() {
        commit_msg::forget_template(repo);
        return pending::retire(store, &waiting);
    }
    let started = buffer.start(&ids)?;
    Ok(buffer.finish(started)?)
}

/// Whether the commit is new work on HEAD. A merge isn't, and what git makes of older commits
/// says which runs judged those; an amended message keeps what it has.
fn is_new_work(repo: &Repo, prepare: &Prepare<'_>) -> bool {
    let other = match prepare.source {
        Some("merge" | "squash") => true,
        // `--amend`; with `-c` and `-C` it is as the user named the commit.
        Some("commit") => prepare.object == Some("HEAD"),
        _ => false,
    };
    !other && matches!(repo.operation(), Ok(None))
}

/// Records what lies in the working tree, as long as there is time. What can't be recorded is
/// left for `git agentv record`, which says why.
fn pick_up(store: &Store<'_>, deadline: Instant) {
    let found = store.new_bundles(deadline).unwrap_or_default();
    for path in found {
        if Instant::now() >= deadline {
            return;
        }
        let options = RecordOptions {
            given: Given::default(),
            partial: false,
            provenance: Provenance::Reflog,
            source_diff: None,
        };
        let recorded = DirBundle::load(&path)
            .map_err(Into::into)
            .and_then(|bundle| store.record(store.start()?, &bundle, &options));
        let noted = recorded.and_then(|recorded| {
            store.remember(&path, &recorded.row.id);
            match recorded.outcome {
                Outcome::Recorded => pending::note(store, &recorded.row.id, recorded.source.commit.as_deref()),
                Outcome::Already | Outcome::Deleted => Ok(()),
            }
        });
        if let Err(err) = noted {
            tracing::debug!(path = %path.display(), %err, "not picked up");
        }
    }
}
