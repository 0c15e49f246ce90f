//! Tags, as upstream's front end sets them: all of a run at once.

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::run::TagEdit;
use crate::store::Edit;

use super::super::super::asked::{Asked, Named, OfRun};
use super::super::super::project::Desk;
use super::super::super::site::Lane;
use super::super::edit::{Changed, read};
use super::super::error::Problem;

/// The tags that a run shall have.
#[derive(Debug, Deserialize)]
struct Tags {
    tags: Vec<String>,
}

/// `PUT /api/runs/{run}/tags`
pub(super) async fn replace(asked: Asked, Named(of): Named<OfRun>, body: Bytes) -> Response {
    match read::<Tags>(&body) {
        Ok(wanted) => set(asked, of.run, wanted.tags).await,
        Err(problem) => problem.into_response(),
    }
}

/// `DELETE /api/runs/{run}/tags`
pub(super) async fn clear(asked: Asked, Named(of): Named<OfRun>) -> Response {
    set(asked, of.run, Vec::new()).await
}

async fn set(asked: Asked, name: String, wanted: Vec<String>) -> Response {
    let work = move |desk: &mut Desk| {
        let row = desk.row(&name)?.0;
        let gone = row.tags.iter().filter(|tag| !wanted.contains(tag)).map(|tag| format!("-{tag}"));
        let new = wanted.iter().map(|tag| format!("+{}", tag.trim()));
        let edits = gone.chain(new).map(|edit| edit.parse::<TagEdit>().map_err(Problem::bad));
        let edits = edits.collect::<Result<Vec<_>, _>>()?;
        if edits.is_empty() {
            return Ok(Changed { run: row, changed: false });
        }
        let edited = desk.store().edit(&row.id, &Edit::Tags(edits))?;
        Ok(Changed { run: edited.row, changed: edited.changed })
    };
    asked.json(Lane::Files, work).await
}
