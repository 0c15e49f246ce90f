//! `GET /api/remote/status` and `POST /api/remote/sync`. Only the second one asks the remote anything.

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::store::Traffic;
use crate::sync::{self, Listener, Plan, Remote, Steps, Synced, without_credentials};

use super::super::asked::Asked;
use super::super::project::Desk;
use super::super::site::Lane;
use super::edit::read;
use super::error::Problem;
use super::upstream::remote::Extra;

/// How the runs here and those of the remote stand to each other, as of the last sync.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct RemoteStatus {
    /// The remote's name; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::studio) remote: Option<String>,
    /// Its address, without credentials; of one on this machine only the last part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::studio) url: Option<String>,
    /// Whether anything is known of what it has.
    pub(in crate::studio) seen: bool,
    /// What it lacks.
    pub(in crate::studio) unpushed: Traffic,
    /// What it has and is not merged here.
    pub(in crate::studio) unmerged: Traffic,
    /// The same in upstream's words.
    #[serde(flatten)]
    pub(in crate::studio) extra: Extra,
}

/// What a sync came to, and how things stand now.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct SyncDone {
    /// What was done.
    pub(in crate::studio) synced: Synced,
    #[serde(flatten)]
    pub(in crate::studio) status: RemoteStatus,
}

/// How to sync.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub(in crate::studio) struct SyncParams {
    /// Push, too. Absent means yes.
    push: Option<bool>,
    /// Push also to a remote that runs were never pushed to from this clone.
    first_push: bool,
    /// Only look, and say what would be done.
    dry_run: bool,
}

/// `GET /api/remote/status`
pub(in crate::studio) async fn status(asked: Asked) -> Response {
    asked.json(Lane::Rows, current).await
}

/// How things stand.
pub(in crate::studio) fn current(desk: &mut Desk) -> Result<RemoteStatus, Problem> {
    let (store, projection) = desk.rows()?;
    let runs = projection.count(&crate::index::Filter::all(false))?;
    let remote = match sync::elect(store.repo(), None) {
        Err(sync::Error::NoRemote) => None,
        found => Some(found?),
    };
    let Some(remote) = remote else {
        let (none, extra) = (Traffic::default(), Extra::of(None, runs));
        return Ok(RemoteStatus { remote: None, url: None, seen: false, unpushed: none, unmerged: none, extra });
    };
    let standing = sync::standing(store.repo(), &remote)?;
    let all = || Traffic { new: usize::try_from(runs).unwrap_or(usize::MAX), changed: 0 };
    let (unpushed, unmerged) = (standing.ahead.unwrap_or_else(all), standing.behind);
    let extra = Extra::of(Some((&remote.url, unpushed, unmerged)), runs);
    let (seen, url) = (standing.ahead.is_some(), Some(shown_url(&remote.url)));
    Ok(RemoteStatus { remote: Some(remote.name), url, seen, unpushed, unmerged, extra })
}

/// `POST /api/remote/sync`
pub(in crate::studio) async fn sync(asked: Asked, body: Bytes) -> Response {
    // Upstream's front end sends nothing, and so can't agree to anything.
    let can_agree = !body.is_empty();
    let params: SyncParams = match if body.is_empty() { Ok(SyncParams::default()) } else { read(&body) } {
        Ok(params) => params,
        Err(problem) => return problem.into_response(),
    };
    let project = std::sync::Arc::clone(&asked.project);
    let work = move |_: &mut Desk| {
        // A remote that was added just now counts.
        let mut desk = project.new_desk()?;
        let steps =
            Steps { merge: true, push: params.push != Some(false), fold: true, dry_run: params.dry_run, full: false };
        let mut agreement = Agreement { agreed: params.first_push, runs: None };
        let synced = {
            let store = desk.store();
            let remote = sync::elect(store.repo(), None)?;
            sync::sync(store.repo(), &remote, steps, &mut agreement)
        };
        let synced = synced.map_err(|err| agreement.explain(err, can_agree))?;
        Ok(SyncDone { synced, status: current(&mut desk)? })
    };
    asked.json(Lane::Remote, work).await
}

/// Agrees to a first push if the client said so.
struct Agreement {
    agreed: bool,
    /// Runs that a first push would send.
    runs: Option<usize>,
}

impl Listener for Agreement {
    fn agree(&mut self, _: &Remote, plan: &Plan<'_>) -> bool {
        self.runs = Some(plan.sent.new);
        self.agreed
    }

    fn progress(&mut self, line: &str) {
        tracing::debug!(line, "sync");
    }
}

impl Agreement {
    fn explain(&self, err: sync::Error, can_agree: bool) -> Problem {
        let asks = matches!(err, sync::Error::NotAgreed);
        let problem = Problem::from(err);
        match self.runs.filter(|_| asks) {
            None => problem,
            Some(runs) => {
                let error = format!(
                    "this would be the first push of runs from this clone to that remote: {runs} runs, transcripts included"
                );
                if can_agree {
                    return Problem { error, ..problem }.hint("send {\"first_push\": true} to agree");
                }
                let error = format!("{error}. 'git agentv push' asks and does it; later ones can be done here");
                Problem { error, ..problem }.hint("or send {\"first_push\": true} to agree")
            }
        }
    }
}

/// An address as others may see it.
pub(in crate::studio) fn shown_url(url: &str) -> String {
    let url = without_credentials(url);
    let path = url.strip_prefix("file://").unwrap_or(&url);
    let is_path = path.len() < url.len() || path.starts_with(['/', '.', '\\']) || path.get(1..3) == Some(":\\");
    if !is_path {
        return url.clone();
    }
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}
