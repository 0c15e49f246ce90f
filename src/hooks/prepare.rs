//! `prepare-commit-msg`: names the pending runs in the message of the commit that is being made.

use std::path::Path;
use std::time::Instant;

use crate::git::Repo;
use crate::run::{DirBundle, RunId, formats::generic::Given};
use crate::store::{Outcome, Provenance, RecordOptions, Store};

use super::buffer::{Buffer, Editing};
use super::commit_msg::without_sign_off;
use super::install::{self, Result};
use super::pending::{self, Fate};
use super::waiting;

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

/// Adds the trailers of the pending runs. Where an editor opens and nobody would look at the message afterwards, it fails
/// and adds none.
pub fn run(store: &Store<'_>, prepare: &Prepare<'_>) -> Result<()> {
    let repo = store.source();
    waiting::forget(repo);
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
    let template = if prepare.source == Some("template") { text.as_str() } else { "" };
    // What the user may yet take back. All else is the message, and git gives up the commit if it is empty; it must stay so.
    let is_open = prepare.editing == Editing::Editor || prepare.source == Some("template");
    if !is_open && without_sign_off(&text).is_empty() {
        return Ok(());
    }
    // If HEAD stayed where it was, all that are noted are pending. While git starts we make sure.
    let started = if pending::is_settled(repo) { Some(buffer.start(&noted)?) } else { None };
    let runs = pending::list(store)?;
    let ids: Vec<RunId> = runs.iter().filter(|run| run.fate == Fate::Pending).map(|run| run.id.clone()).collect();
    let started = match started {
        Some(started) if ids == noted => started,
        other => {
            if let Some(started) = other {
                started.cancel();
            }
            if ids.is_empty() {
                return Ok(pending::retire(store, &runs)?);
            }
            buffer.start(&ids)?
        }
    };
    if is_open && let Err(err) = install::guard(repo, template) {
        started.cancel();
        return Err(err);
    }
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
