//! `GET /api/runs/{run}` and its cases.

use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::run::{CaseDetail, CaseRow, Manifest, Overlay, Status};
use crate::store::{RunCommit, StoredRun};

use super::super::asked::{Asked, Named, OfRun, Params};
use super::super::project::Desk;
use super::super::site::Lane;
use super::error::Problem;
use super::runs::RunItem;
use super::upstream::results::{self, Results};

/// A run.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct RunDocument {
    /// Its row, as lists have it.
    pub(in crate::studio) run: RunItem,
    /// What was said when it was recorded.
    pub(in crate::studio) manifest: Manifest,
    /// What people say about it.
    pub(in crate::studio) overlay: Overlay,
    /// The commits that it belongs to.
    pub(in crate::studio) provenance: Provenance,
    /// Id of the run of the same experiment and target that was recorded before; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::studio) previous: Option<String>,
    /// The cases in upstream's words; left out with `results=none`.
    #[serde(flatten)]
    pub(in crate::studio) results: Option<Results>,
}

/// The commits that a run belongs to.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Provenance {
    /// The commit that it evaluated; absent if that is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::studio) commit: Option<RunCommit>,
    /// The commits that it was linked to afterwards.
    pub(in crate::studio) links: Vec<RunCommit>,
}

/// The cases of a run.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Cases {
    /// Failing ones first; among equals in the bundle's order.
    pub(in crate::studio) cases: Vec<CaseRow>,
}

/// What is asked of a run.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct RunParams {
    results: Option<String>,
}

/// `GET /api/runs/{run}`
pub(in crate::studio) async fn show(
    asked: Asked,
    Named(of): Named<OfRun>,
    Params(params): Params<RunParams>,
) -> Response {
    asked.json(Lane::Files, move |desk| document(desk, &of.run, params.results.as_deref() != Some("none"))).await
}

/// `GET /api/runs/{run}/cases`
pub(in crate::studio) async fn cases(asked: Asked, Named(of): Named<OfRun>) -> Response {
    asked.json(Lane::Files, move |desk| Ok(Cases { cases: sorted_cases(&desk.run(&of.run)?.2)? })).await
}

/// Which case.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct CaseParams {
    /// Its name.
    pub(in crate::studio) key: Option<String>,
    /// What tells it from others of that name.
    pub(in crate::studio) suite: Option<String>,
    pub(in crate::studio) target: Option<String>,
    pub(in crate::studio) variant: Option<String>,
    pub(in crate::studio) dir: Option<String>,
}

/// A case with all that its bundle says about it.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct CaseDocument {
    /// As it is in the list of cases.
    pub(in crate::studio) case: CaseRow,
    /// All the rest.
    pub(in crate::studio) detail: CaseDetail,
}

/// `GET /api/runs/{run}/case`
pub(in crate::studio) async fn case(
    asked: Asked,
    Named(of): Named<OfRun>,
    Params(params): Params<CaseParams>,
) -> Response {
    asked.json(Lane::Files, move |desk| find_case(&desk.run(&of.run)?.2, &params)).await
}

/// The case that is meant; the first one if there are several.
pub(in crate::studio) fn find_case(run: &StoredRun<'_>, params: &CaseParams) -> Result<CaseDocument, Problem> {
    let key = params.key.as_deref().ok_or_else(|| Problem::bad("key: name the case"))?;
    let fits = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
    let wanted = |case: &CaseRow| {
        case.key == key
            && fits(&params.suite, &case.suite)
            && fits(&params.target, &case.target)
            && fits(&params.variant, &case.variant)
            && fits(&params.dir, &case.dir)
    };
    let found = run.details(&wanted)?.into_iter().next();
    let no_case = || Problem::not_found(format!("the run has no case '{}'", key.escape_debug()));
    found.map(|(case, detail)| CaseDocument { case, detail }).ok_or_else(no_case)
}

/// All about a run but its cases, unless `with_results`.
pub(in crate::studio) fn document(desk: &mut Desk, name: &str, with_results: bool) -> Result<RunDocument, Problem> {
    let (row, recorded) = desk.row(name)?;
    let (store, projection) = desk.rows()?;
    let places = projection.places_of(&row.id)?;
    let previous = projection.previous(&row, recorded)?.map(|row| row.id.to_string());
    let run = store.open_row(&row)?;
    let commit = run.source_commit(store.repo(), &mut |err| tracing::debug!(%err, "no address of the commit"));
    let provenance = Provenance { commit, links: run.linked_commits(store.repo()) };
    // A deleted run has its numbers, but no cases.
    let results = (with_results && !run.is_deleted()).then(|| results::of(&run)).transpose()?;
    let (manifest, overlay) = (run.manifest.clone(), run.overlay.clone());
    Ok(RunDocument { run: RunItem::new(row, recorded, places), manifest, overlay, provenance, previous, results })
}

/// The cases of a run, those that need attention first.
pub(in crate::studio) fn sorted_cases(run: &StoredRun<'_>) -> Result<Vec<CaseRow>, Problem> {
    let mut cases = run.cases()?;
    cases.sort_by_key(|case| urgency(case.status));
    Ok(cases)
}

/// What comes first in a list of cases: the lower, the earlier.
pub(in crate::studio) fn urgency(status: Status) -> u8 {
    match status {
        Status::Fail => 0,
        Status::Error | Status::Timeout | Status::Cancelled => 1,
        Status::Skip => 2,
        Status::Pass => 3,
    }
}
