//! The suites and categories of a run, and what their cases come to.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::run::{CaseDetail, CaseRow, Status};

use super::super::super::asked::{Asked, Named, OfRun};
use super::super::super::site::Lane;
use super::super::error::Problem;
use super::results::{NO_CATEGORY, details};

/// The suites of a run.
#[derive(Debug, Serialize)]
struct Suites {
    suites: Vec<Sum>,
}

/// The categories of a run.
#[derive(Debug, Serialize)]
struct Categories {
    categories: Vec<Sum>,
}

/// What some cases come to.
#[derive(Debug, Default, Serialize)]
struct Sum {
    name: String,
    total: u64,
    passed: u64,
    failed: u64,
    avg_score: f64,
    execution_error_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    suite_count: Option<usize>,
}

/// A category of a run.
#[derive(Debug, Deserialize)]
pub(super) struct OfCategory {
    run: String,
    category: String,
}

/// `GET /api/runs/{run}/suites`
pub(super) async fn suites(asked: Asked, Named(of): Named<OfRun>) -> Response {
    asked
        .json(Lane::Files, move |desk| {
            let cases = details(&desk.run(&of.run)?.2)?;
            Ok(Suites { suites: sums(&cases, suite) })
        })
        .await
}

/// `GET /api/runs/{run}/categories`
pub(super) async fn categories(asked: Asked, Named(of): Named<OfRun>) -> Response {
    asked
        .json(Lane::Files, move |desk| {
            let cases = details(&desk.run(&of.run)?.2)?;
            let mut categories = sums(&cases, category);
            for sum in &mut categories {
                let inside = cases.iter().filter(|case| category(case) == sum.name).map(suite);
                sum.suite_count = Some(inside.collect::<BTreeSet<_>>().len());
            }
            Ok(Categories { categories })
        })
        .await
}

/// `GET /api/runs/{run}/categories/{category}/suites`
pub(super) async fn suites_of(asked: Asked, Named(of): Named<OfCategory>) -> Response {
    asked
        .json(Lane::Files, move |desk| {
            let mut cases = details(&desk.run(&of.run)?.2)?;
            cases.retain(|case| category(case) == of.category);
            if cases.is_empty() {
                return Err(Problem::not_found("the run has no such category"));
            }
            Ok(Suites { suites: sums(&cases, suite) })
        })
        .await
}

type Case = (CaseRow, CaseDetail);

fn suite((case, _): &Case) -> String {
    case.suite.clone().unwrap_or_else(|| NO_CATEGORY.into())
}

fn category((_, detail): &Case) -> String {
    detail.category.clone().unwrap_or_else(|| NO_CATEGORY.into())
}

fn sums(cases: &[Case], name: fn(&Case) -> String) -> Vec<Sum> {
    let mut sums: BTreeMap<String, (Sum, Vec<f64>)> = BTreeMap::new();
    for case in cases {
        let name = name(case);
        let (sum, scores) = sums.entry(name.clone()).or_default();
        sum.name = name;
        sum.total += 1;
        match case.0.status {
            Status::Pass => sum.passed += 1,
            Status::Fail => sum.failed += 1,
            Status::Error | Status::Timeout | Status::Cancelled | Status::Skip => sum.execution_error_count += 1,
        }
        scores.extend(case.0.score.filter(|_| case.0.status.is_judged()));
    }
    let done = sums.into_values().map(|(sum, scores)| {
        #[expect(clippy::cast_precision_loss, reason = "there are few")]
        let count = scores.len() as f64;
        let mean = if scores.is_empty() { 0.0 } else { scores.iter().sum::<f64>() / count };
        Sum { avg_score: mean, ..sum }
    });
    done.collect()
}
