//! The changes: tags, notes, deleting and restoring.

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::run::{Row, RunId, TagEdit};
use crate::store::Edit;

use super::super::asked::{Asked, Named, OfRun};
use super::super::project::Desk;
use super::super::site::Lane;
use super::error::Problem;

/// Runs that can be changed at once.
const MAX_RUNS: usize = 1000;
/// Bytes of a note.
const MAX_NOTE: usize = 64 << 10;

/// Tags to add and to take away.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::studio) struct TagChange {
    /// To add.
    #[serde(default)]
    add: Vec<String>,
    /// To take away.
    #[serde(default)]
    remove: Vec<String>,
}

/// Tags to add to and to take away from several runs, all or none.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::studio) struct TagsOfMany {
    /// The runs.
    runs: Vec<String>,
    /// To add.
    #[serde(default)]
    add: Vec<String>,
    /// To take away.
    #[serde(default)]
    remove: Vec<String>,
}

/// A note to write.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::studio) struct NoteChange {
    /// The text; null or empty takes the note away.
    note: Option<String>,
}

/// A run after a change.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Changed {
    /// Its row now.
    pub(super) run: Row,
    /// Whether anything is different.
    pub(super) changed: bool,
}

/// Runs after a change.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct ChangedRuns {
    /// In the order in which they were named.
    runs: Vec<Changed>,
}

/// `POST /api/runs/{run}/tags`
pub(in crate::studio) async fn tags(asked: Asked, Named(of): Named<OfRun>, body: Bytes) -> Response {
    let edit = read::<TagChange>(&body).and_then(|change| tag_edit(&change.add, &change.remove));
    change(asked, of.run, edit).await
}

/// `POST /api/tags`
pub(in crate::studio) async fn tags_of_many(asked: Asked, body: Bytes) -> Response {
    let change = read::<TagsOfMany>(&body).and_then(|change| {
        if change.runs.is_empty() || change.runs.len() > MAX_RUNS {
            return Err(Problem::bad(format!("runs: from 1 to {MAX_RUNS} of them")));
        }
        Ok((tag_edit(&change.add, &change.remove)?, change.runs))
    });
    let (edit, names) = match change {
        Ok(change) => change,
        Err(problem) => return problem.into_response(),
    };
    let work = move |desk: &mut Desk| {
        let ids = names.iter().map(|name| Ok(desk.row(name)?.0.id)).collect::<Result<Vec<_>, Problem>>()?;
        let edits = ids.into_iter().map(|id| (id, vec![edit.clone()])).collect::<Vec<(RunId, _)>>();
        let edited = desk.store().edit_all(&edits)?.into_iter();
        Ok(ChangedRuns { runs: edited.map(|edited| Changed { run: edited.row, changed: edited.changed }).collect() })
    };
    asked.json(Lane::Files, work).await
}

/// `POST /api/runs/{run}/note`
pub(in crate::studio) async fn note(asked: Asked, Named(of): Named<OfRun>, body: Bytes) -> Response {
    let edit = read::<NoteChange>(&body).and_then(|change| {
        let note = change.note.filter(|note| !note.trim().is_empty());
        if note.as_ref().is_some_and(|note| note.len() > MAX_NOTE) {
            return Err(Problem::bad(format!("a note has at most {MAX_NOTE} bytes")));
        }
        Ok(Edit::Note(note))
    });
    change(asked, of.run, edit).await
}

/// `DELETE /api/runs/{run}`
pub(in crate::studio) async fn delete(asked: Asked, Named(of): Named<OfRun>) -> Response {
    change(asked, of.run, Ok(Edit::Delete)).await
}

/// `POST /api/runs/{run}/restore`
pub(in crate::studio) async fn restore(asked: Asked, Named(of): Named<OfRun>) -> Response {
    change(asked, of.run, Ok(Edit::Restore)).await
}

async fn change(asked: Asked, name: String, edit: Result<Edit, Problem>) -> Response {
    let edit = match edit {
        Ok(edit) => edit,
        Err(problem) => return problem.into_response(),
    };
    let work = move |desk: &mut Desk| {
        let id = desk.row(&name)?.0.id;
        let edited = desk.store().edit(&id, &edit)?;
        Ok(Changed { run: edited.row, changed: edited.changed })
    };
    asked.json(Lane::Files, work).await
}

fn tag_edit(add: &[String], remove: &[String]) -> Result<Edit, Problem> {
    let edit = |sign: char, tag: &String| format!("{sign}{tag}").parse::<TagEdit>().map_err(Problem::bad);
    let edits = add.iter().map(|tag| edit('+', tag)).chain(remove.iter().map(|tag| edit('-', tag)));
    let edits = edits.collect::<Result<Vec<_>, _>>()?;
    if edits.is_empty() { Err(Problem::bad("name tags in 'add' or 'remove'")) } else { Ok(Edit::Tags(edits)) }
}

/// Reads what a change says.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|err| Problem::bad(format!("the body is not what it should be: {err}")))
}
