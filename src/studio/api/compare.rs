//! `GET /api/compare`: two runs, case by case; or, without runs, the matrix of upstream.

use std::collections::HashMap;

use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::run::{CaseRow, Status};

use super::super::asked::{Asked, Params};
use super::super::project::Desk;
use super::super::site::Lane;
use super::error::Problem;
use super::run::sorted_cases;
use super::runs::RunItem;
use super::upstream::compare::matrix;

/// Which runs.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct CompareParams {
    /// The run that is compared.
    pub(in crate::studio) run: Option<String>,
    /// The run that it is compared with; the previous one of the same experiment and target if none is named.
    pub(in crate::studio) with: Option<String>,
}

/// Two runs, case by case.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Comparison {
    /// The run that it is compared with.
    pub(in crate::studio) before: RunItem,
    /// The run.
    pub(in crate::studio) after: RunItem,
    /// How many cases changed how.
    pub(in crate::studio) summary: Summary,
    /// The cases of both: worse first, then better, new, gone, and what is the same.
    pub(in crate::studio) cases: Vec<CasePair>,
}

/// How many cases changed how.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Summary {
    pub(in crate::studio) better: usize,
    pub(in crate::studio) worse: usize,
    pub(in crate::studio) same: usize,
    pub(in crate::studio) new: usize,
    pub(in crate::studio) gone: usize,
}

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::studio) enum Change {
    /// It passed, or had a better score, before.
    Worse,
    /// It passes, or has a better score, now.
    Better,
    /// It was not there before.
    New,
    /// It is not there any more.
    Gone,
    /// Neither.
    Same,
}

/// A case in two runs.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct CasePair {
    pub(in crate::studio) change: Change,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::studio) before: Option<CaseRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::studio) after: Option<CaseRow>,
}

/// `GET /api/compare`
pub(in crate::studio) async fn show(asked: Asked, Params(params): Params<CompareParams>) -> Response {
    match params.run {
        Some(run) => asked.json(Lane::Files, move |desk| compare(desk, &run, params.with.as_deref())).await,
        None if params.with.is_some() => Problem::bad("with: name a run, too").into_response(),
        None => asked.json(Lane::Files, matrix).await,
    }
}

/// Compares two runs.
pub(in crate::studio) fn compare(desk: &mut Desk, run: &str, with: Option<&str>) -> Result<Comparison, Problem> {
    let after = desk.row(run)?;
    let before = if let Some(with) = with {
        desk.row(with)?
    } else {
        let (_, projection) = desk.rows()?;
        let previous = projection.previous(&after.0, after.1)?;
        let id = previous.ok_or_else(|| Problem::not_found("there is no run before it to compare with"))?.id;
        desk.row(id.as_str())?
    };
    let store = desk.store();
    let (old, new) = (sorted_cases(&store.open_row(&before.0)?)?, sorted_cases(&store.open_row(&after.0)?)?);
    let cases = pair(old, new);
    let mut summary = Summary::default();
    for case in &cases {
        *match case.change {
            Change::Better => &mut summary.better,
            Change::Worse => &mut summary.worse,
            Change::Same => &mut summary.same,
            Change::New => &mut summary.new,
            Change::Gone => &mut summary.gone,
        } += 1;
    }
    let (before, after) = (desk.listed(before.0, before.1)?, desk.listed(after.0, after.1)?);
    Ok(Comparison { before, after, summary, cases })
}

/// What makes a case the same one in two runs. A target counts only where runs have several: comparing two targets is
/// what a comparison is often for.
fn key(case: &CaseRow, several: bool) -> (Option<String>, String, Option<String>, Option<u32>) {
    let target = case.target.clone().filter(|_| several);
    (case.suite.clone(), case.key.clone(), target, case.attempt)
}

fn pair(old: Vec<CaseRow>, new: Vec<CaseRow>) -> Vec<CasePair> {
    let has_several = |cases: &[CaseRow]| cases.iter().any(|case| case.target != cases[0].target);
    let several = has_several(&old) || has_several(&new);
    let mut waiting: HashMap<_, Vec<CaseRow>> = HashMap::new();
    let order: Vec<_> = old.iter().map(|case| key(case, several)).collect();
    for case in old {
        waiting.entry(key(&case, several)).or_default().insert(0, case);
    }
    let mut cases: Vec<CasePair> = Vec::new();
    for after in new {
        let before = waiting.get_mut(&key(&after, several)).and_then(Vec::pop);
        let change = before.as_ref().map_or(Change::New, |before| changed(before, &after));
        cases.push(CasePair { change, before, after: Some(after) });
    }
    for key in order {
        let gone = waiting.get_mut(&key).and_then(Vec::pop);
        cases.extend(gone.map(|before| CasePair { change: Change::Gone, before: Some(before), after: None }));
    }
    cases.sort_by_key(|case| case.change);
    cases
}

fn changed(before: &CaseRow, after: &CaseRow) -> Change {
    match (before.status == Status::Pass, after.status == Status::Pass) {
        (true, false) => return Change::Worse,
        (false, true) => return Change::Better,
        _ => {}
    }
    match before.score.zip(after.score).filter(|_| before.status.is_judged() && after.status.is_judged()) {
        Some((old, new)) if new > old => Change::Better,
        Some((old, new)) if new < old => Change::Worse,
        _ => Change::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::{CaseRow, Change, pair};

    fn case(key: &str, status: &str, score: f64) -> CaseRow {
        serde_json::from_value(serde_json::json!({"key": key, "status": status, "score": score})).unwrap()
    }

    #[test]
    fn what_became_of_each_case() {
        let old = vec![case("a", "pass", 1.0), case("b", "fail", 0.2), case("c", "fail", 0.2), case("d", "pass", 1.0)];
        let new = vec![case("a", "fail", 0.4), case("b", "fail", 0.3), case("c", "error", 0.0), case("e", "pass", 1.0)];
        let pairs = pair(old, new);
        let told: Vec<_> = pairs
            .iter()
            .map(|pair| (pair.after.as_ref().or(pair.before.as_ref()).unwrap().key.as_str(), pair.change))
            .collect();
        let expected =
            [("a", Change::Worse), ("b", Change::Better), ("e", Change::New), ("d", Change::Gone), ("c", Change::Same)];
        assert_eq!(told, expected);
    }
}
