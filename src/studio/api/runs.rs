//! `GET /api/runs`: the list.

use std::sync::Arc;

use axum::response::Response;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use crate::index::projection::{self, Projection};
use crate::index::query::{Query, Sort};
use crate::index::{Ask, Filter, Order, Page};
use crate::run::{Row, format_time};
use crate::store::Store;

use super::super::asked::{Asked, Params};
use super::super::project::Desk;
use super::super::shown::Document;
use super::super::site::Lane;
use super::error::Problem;
use super::upstream::rows::Extra;

/// Runs of a page that does not say how many.
const LIMIT: usize = 50;
/// At most so many.
const MAX_LIMIT: usize = 1000;

/// What is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::studio) struct ListParams {
    /// How many.
    pub(in crate::studio) limit: Option<String>,
    /// Where the page before ended.
    pub(in crate::studio) cursor: Option<String>,
    /// A query in the language of `git agentv list`.
    pub(in crate::studio) q: Option<String>,
    /// `FIELD`, `FIELD:asc` or `FIELD:desc`; several with commas.
    pub(in crate::studio) sort: Option<String>,
    /// `true`: deleted runs, too.
    pub(in crate::studio) deleted: Option<String>,
}

/// A page of runs.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct RunsPage {
    /// The runs, newest recorded first if nothing else was asked for.
    pub(in crate::studio) runs: Vec<RunItem>,
    /// What `cursor` is for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::studio) next_cursor: Option<String>,
    /// How many runs there are in all pages together.
    pub(in crate::studio) total: u64,
    /// Runs that may be missing because their cases can't be read; only of queries about cases.
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::studio) unread: usize,
}

/// A run of a list: its row, when it was recorded, and what upstream's front end wants of it.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct RunItem {
    #[serde(flatten)]
    pub(in crate::studio) row: Row,
    /// When it was recorded; RFC 3339, UTC.
    pub(in crate::studio) recorded_at: String,
    #[serde(flatten)]
    pub(in crate::studio) extra: Extra,
    /// Where it is: `local`, names of remotes.
    #[serde(rename = "where")]
    pub(in crate::studio) places: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl RunItem {
    pub(in crate::studio) fn new(row: Row, recorded: i64, places: Vec<String>) -> Self {
        let recorded_at = Timestamp::from_second(recorded).map(format_time).unwrap_or_default();
        let extra = Extra::of(&row, &places);
        Self { row, recorded_at, extra, places }
    }

    /// Where it is, in words.
    pub(in crate::studio) fn place(&self) -> String {
        self.places.join(", ")
    }
}

/// `GET /api/runs`
pub(in crate::studio) async fn list(asked: Asked, Params(params): Params<ListParams>) -> Response {
    let question = match Question::read(&params) {
        Ok(question) => question,
        Err(problem) => return axum::response::IntoResponse::into_response(problem),
    };
    let lane = question.lane();
    asked.shared_json(lane, move |desk| question.document(desk)).await
}

/// A question about the list that makes sense.
#[derive(Debug, Clone)]
pub(in crate::studio) struct Question {
    query: Query,
    words: String,
    order: Vec<Order>,
    limit: usize,
    cursor: Option<String>,
    deleted: bool,
}

impl Question {
    pub(in crate::studio) fn read(params: &ListParams) -> Result<Self, Problem> {
        let words = params.q.as_deref().unwrap_or_default().trim().to_owned();
        let query = Query::parse(&words, &Zoned::now()).map_err(|err| Problem::query(&err, &words))?;
        let sort = params.sort.as_deref().filter(|sort| !sort.is_empty());
        let order = sort.into_iter().flat_map(|sort| sort.split(',')).map(order).collect::<Result<_, _>>()?;
        let cursor = params.cursor.clone().filter(|cursor| !cursor.is_empty());
        let deleted = match params.deleted.as_deref() {
            None | Some("" | "false" | "0") => false,
            Some("true" | "1") => true,
            Some(_) => return Err(Problem::bad("deleted is true or false")),
        };
        Ok(Self { query, words, order, limit: limit(params.limit.as_deref())?, cursor, deleted })
    }

    /// Questions about cases may have to read those of all runs first.
    pub(in crate::studio) fn lane(&self) -> Lane {
        let needs = self.query.needs();
        if needs.cases || needs.trees || !needs.commits.is_empty() { Lane::Files } else { Lane::Rows }
    }

    /// Whether the answer is another one only if the runs are others.
    fn is_of_rows(&self) -> bool {
        let needs = self.query.needs();
        self.lane() == Lane::Rows && !needs.me && !needs.unpushed
    }

    /// The answer as JSON. Who asks what was asked since the runs changed last gets the same.
    pub(in crate::studio) fn document(&self, desk: &mut Desk) -> Result<Document, Problem> {
        let project = Arc::clone(desk.project());
        let (store, projection) = desk.rows()?;
        let filter = self.filter(&store, projection)?;
        let (sql, params, deleted) = (&filter.sql, &filter.params, self.deleted);
        let question =
            format!("{sql} {params:?} {deleted} {:?} {} {:?} {}", self.order, self.limit, self.cursor, self.words);
        let json = |projection: &Projection| {
            serde_json::to_vec(&self.page(projection, filter)?).map_err(|err| Problem::internal(err.to_string()))
        };
        if !self.is_of_rows() {
            return json(projection).map(Document::from);
        }
        project.shown.answer(&projection.state()?, question, || json(projection))
    }

    pub(in crate::studio) fn answer(&self, desk: &mut Desk) -> Result<RunsPage, Problem> {
        let (store, projection) = desk.rows()?;
        let filter = self.filter(&store, projection)?;
        self.page(projection, filter)
    }

    fn page(&self, projection: &Projection, filter: Filter) -> Result<RunsPage, Problem> {
        let (total, unread) = (projection.count(&filter)?, filter.unread);
        let ask = Ask {
            filter,
            words: self.words.clone(),
            order: self.order.clone(),
            limit: Some(self.limit),
            cursor: self.cursor.clone(),
        };
        let Page { runs, next, .. } = projection.page(&ask)??;
        let item = |(row, recorded): (Row, i64)| {
            let places = projection.places_of(&row.id)?;
            Ok(RunItem::new(row, recorded, places))
        };
        let runs = runs.into_iter().map(item).collect::<Result<_, projection::Error>>()?;
        Ok(RunsPage { runs, next_cursor: next, total, unread })
    }

    /// The runs that are asked for.
    pub(in crate::studio) fn filter(&self, store: &Store<'_>, projection: &mut Projection) -> Result<Filter, Problem> {
        let filter = projection.filter(store, &self.query, self.deleted, &mut |_, _| {});
        filter.map_err(|err| Problem::resolve(err, &self.words))
    }
}

fn limit(given: Option<&str>) -> Result<usize, Problem> {
    let Some(given) = given else { return Ok(LIMIT) };
    let number = if given.bytes().all(|b| b.is_ascii_digit()) { given.parse().ok() } else { None };
    number.filter(|n| (1..=MAX_LIMIT).contains(n)).ok_or_else(|| {
        Problem { code: "bad_limit", ..Problem::bad("limit must be a positive integer") }
            .hint(format!("from 1 to {MAX_LIMIT}"))
    })
}

fn order(text: &str) -> Result<Order, Problem> {
    let sort = Sort::parse(text.trim()).map_err(|err| {
        let problem = Problem { code: "bad_sort", ..Problem::bad(format!("sort: {err}")) };
        Problem { hint: err.hint.clone(), ..problem }
    })?;
    Ok(Order { sql: sort.field.expr, descending: sort.descending })
}
