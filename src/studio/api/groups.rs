//! `GET /api/experiments`, `/api/targets` and `/api/groups`: runs put together.

use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::index::query::GROUP_FIELDS;
use crate::index::{Group, Totals, TotalsBy};
use crate::run::format_time;

use super::super::asked::{Asked, Params};
use super::super::project::Desk;
use super::error::Problem;
use super::runs::{ListParams, Question};

/// Of which runs, and by what.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct GroupParams {
    /// By what; only of `/api/groups`.
    by: Option<String>,
    /// A query.
    q: Option<String>,
}

/// The experiments.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Experiments {
    /// That of the newest run first.
    experiments: Vec<TotalsItem>,
}

/// The targets.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Targets {
    /// That of the newest run first.
    targets: Vec<TotalsItem>,
}

/// Runs in groups.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Groups {
    /// That of the newest run first.
    groups: Vec<Group>,
}

/// The runs of an experiment or a target, together.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct TotalsItem {
    /// The experiment or the target; `default` where runs have none.
    name: String,
    /// How many runs.
    run_count: u64,
    /// How many targets; only of experiments.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_count: Option<u64>,
    /// How many experiments; only of targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    experiment_count: Option<u64>,
    /// Cases of all runs.
    eval_count: u64,
    /// Cases that were judged.
    quality_count: u64,
    /// Cases that passed.
    passed_count: u64,
    /// Cases that could not be judged.
    execution_error_count: u64,
    /// `passed_count / quality_count`; 0 when nothing was judged, as upstream has it.
    pass_rate: f64,
    /// When the newest run began; RFC 3339, UTC.
    last_run: String,
}

impl TotalsItem {
    fn new(totals: Totals, by: TotalsBy) -> Self {
        let quality = totals.eval_count.saturating_sub(totals.execution_error_count);
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 cases")]
        let rate = if quality == 0 { 0.0 } else { totals.passed_count as f64 / quality as f64 };
        let others = |which| (by == which).then_some(totals.other_count);
        Self {
            name: totals.name.unwrap_or_else(|| "default".into()),
            run_count: totals.run_count,
            target_count: others(TotalsBy::Experiment),
            experiment_count: others(TotalsBy::Target),
            eval_count: totals.eval_count,
            quality_count: quality,
            passed_count: totals.passed_count,
            execution_error_count: totals.execution_error_count,
            pass_rate: rate,
            last_run: Timestamp::from_millisecond(totals.last).map(format_time).unwrap_or_default(),
        }
    }
}

/// `GET /api/experiments`
pub(in crate::studio) async fn experiments(asked: Asked, Params(params): Params<GroupParams>) -> Response {
    let wrap = |items| Experiments { experiments: items };
    totals(asked, params, TotalsBy::Experiment, wrap).await
}

/// `GET /api/targets`
pub(in crate::studio) async fn targets(asked: Asked, Params(params): Params<GroupParams>) -> Response {
    totals(asked, params, TotalsBy::Target, |items| Targets { targets: items }).await
}

async fn totals<T: Serialize + 'static>(
    asked: Asked,
    params: GroupParams,
    by: TotalsBy,
    wrap: fn(Vec<TotalsItem>) -> T,
) -> Response {
    let question = match question(params.q) {
        Ok(question) => question,
        Err(problem) => return problem.into_response(),
    };
    let lane = question.lane();
    let work = move |desk: &mut Desk| {
        let (store, projection) = desk.rows()?;
        let filter = question.filter(&store, projection)?;
        let totals = projection.totals(&filter, by)?;
        Ok(wrap(totals.into_iter().map(|totals| TotalsItem::new(totals, by)).collect()))
    };
    asked.json(lane, work).await
}

/// `GET /api/groups`
pub(in crate::studio) async fn list(asked: Asked, Params(params): Params<GroupParams>) -> Response {
    let by = params.by.unwrap_or_default();
    let field = GROUP_FIELDS.iter().find(|field| field.name == by).ok_or_else(|| {
        let names: Vec<_> = GROUP_FIELDS.iter().map(|field| field.name).collect();
        Problem::bad(format!("by: there are no groups by '{}'", by.escape_debug()))
            .hint(format!("by one of {}", names.join(", ")))
    });
    let (field, question) = match field.and_then(|field| Ok((field, question(params.q)?))) {
        Ok(both) => both,
        Err(problem) => return problem.into_response(),
    };
    let lane = question.lane();
    let work = move |desk: &mut Desk| {
        let (store, projection) = desk.rows()?;
        let filter = question.filter(&store, projection)?;
        Ok(Groups { groups: projection.groups(&filter, field.join, field.expr)? })
    };
    asked.json(lane, work).await
}

fn question(q: Option<String>) -> Result<Question, Problem> {
    Question::read(&ListParams { q, ..ListParams::default() })
}
