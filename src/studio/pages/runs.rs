//! `/`: the list of runs, or of groups of runs.

use askama::Template;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use crate::index::Group;
use crate::index::query::{GROUP_FIELDS, GroupField};
use crate::run::format_time;

use super::super::api::error::Problem;
use super::super::api::runs::{ListParams, Question, RunsPage};
use super::super::asked::{Asked, Params};
use super::super::project::Desk;
use super::super::site::Lane;
use super::rows::{Line, Rows};
use super::{Frame, show};

/// The page.
#[derive(Debug, Template)]
#[template(path = "runs.html")]
struct Page {
    frame: Frame,
    /// What was asked.
    q: String,
    /// What is wrong with that.
    problem: Option<Problem>,
    sort: String,
    columns: Vec<Column>,
    /// The rows, as HTML.
    rows: String,
    total: u64,
    /// The address of the next page.
    next: Option<String>,
    /// By what there are groups; empty if it is a list of runs.
    group: &'static str,
    group_label: &'static str,
    groups_by: Vec<(&'static str, &'static str)>,
    groups: Vec<Together>,
    /// The commit that the runs' ref names.
    tip: String,
}

/// The head of a column.
#[derive(Debug)]
struct Column {
    label: &'static str,
    class: &'static str,
    /// The list in the order of this column; empty if there is none.
    address: String,
    /// `ascending` or `descending` if it is in that order.
    direction: &'static str,
}

/// Runs that have something in common.
#[derive(Debug)]
struct Together {
    key: String,
    /// The list of its runs; empty where what they have in common is unknown.
    address: String,
    runs: i64,
    mean: String,
    best: String,
    errors: i64,
    when: String,
    last: String,
}

/// Label, class, what it is sorted by, whether the largest comes first at first.
const COLUMNS: [(&str, &str, &str, bool); 13] = [
    ("Experiment", "name", "experiment", false),
    ("Target", "target", "target", false),
    ("When", "when", "timestamp", true),
    ("Passed", "passed", "pass_rate", true),
    ("Failed", "num failed", "failed", true),
    ("Errors", "num errors", "errors", true),
    ("Score", "num score", "score", true),
    ("Time", "num time", "duration", true),
    ("Cost", "num cost", "cost", true),
    ("Where", "place", "", false),
    ("Commit", "commit", "sha", false),
    ("Tags", "tags", "", false),
    ("Run", "id", "", false),
];

/// Groups, and what people call them.
const GROUPS: [(&str, &str); 4] =
    [("experiment", "Experiment"), ("target", "Target"), ("sha", "Commit"), ("tag", "Tag")];

/// What the page takes beside what the list takes.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::studio) struct GroupBy {
    group: Option<String>,
}

impl Together {
    fn new(group: Group, field: &GroupField, base: &str, q: &str) -> Self {
        let rate = |rate: Option<f64>| rate.map(|rate| format!("{:.1} %", rate * 100.0)).unwrap_or_default();
        let when = Timestamp::from_second(group.last_recorded).map(format_time).unwrap_or_default();
        let words = |key: &str| format!("{q} {}", show::words(field.name, key));
        let address = group.key.as_deref().map(|key| format!("{base}/?q={}", show::parameter(words(key).trim_start())));
        Self {
            key: group.key.unwrap_or_default(),
            address: address.unwrap_or_default(),
            runs: group.runs,
            mean: rate(group.mean_pass_rate),
            best: rate(group.best_pass_rate),
            errors: group.errors,
            when: show::minute(&when),
            last: group.last,
        }
    }
}

/// The heads of the columns of a list that is sorted by `sort`.
fn columns(base: &str, q: &str, sort: &str) -> Vec<Column> {
    let (now, down) = sort.split_once(':').map_or((sort, false), |(field, way)| (field, way == "desc"));
    let head = |(label, class, field, largest_first): (_, _, &str, bool)| {
        let here = !field.is_empty() && field == now;
        let way = if here { !down } else { largest_first };
        let order = format!("{field}:{}", if way { "desc" } else { "asc" });
        let address = if field.is_empty() { String::new() } else { address(base, &[("q", q), ("sort", &order)]) };
        let direction = match (here, down) {
            (false, _) => "",
            (true, true) => "descending",
            (true, false) => "ascending",
        };
        Column { label, class, address, direction }
    };
    COLUMNS.into_iter().map(head).collect()
}

/// The address of the list with parameters, without those that are empty.
fn address(base: &str, parameters: &[(&str, &str)]) -> String {
    let given = parameters.iter().filter(|(_, value)| !value.is_empty());
    let given: Vec<_> = given.map(|(name, value)| format!("{name}={}", show::parameter(value))).collect();
    if given.is_empty() { format!("{base}/") } else { format!("{base}/?{}", given.join("&")) }
}

/// `GET /`
pub(in crate::studio) async fn show(
    asked: Asked,
    Params(params): Params<ListParams>,
    Params(by): Params<GroupBy>,
) -> Response {
    let frame = Frame::of(&asked);
    let question = Question::read(&params);
    let lane = question.as_ref().map_or(Lane::Rows, Question::lane);
    let field = by.group.and_then(|name| GROUP_FIELDS.iter().find(|field| field.name == name));
    let render = move |desk: &mut Desk| {
        let answered = question.and_then(|question| answer(desk, &question, field));
        let (list, groups, problem) = match answered {
            Ok((list, groups)) => (list, groups, None),
            // Whoever made a mistake gets the page with the mistake marked, not another one.
            Err(problem) if problem.status.is_client_error() => {
                (RunsPage { runs: Vec::new(), next_cursor: None, total: 0, unread: 0 }, Vec::new(), Some(problem))
            }
            Err(problem) => return Err(problem),
        };
        let (q, sort) = (params.q.unwrap_or_default(), params.sort.unwrap_or_default());
        let next =
            list.next_cursor.map(|cursor| address(&frame.base, &[("cursor", &cursor), ("q", &q), ("sort", &sort)]));
        let lines = list.runs.into_iter().map(Line::new).collect();
        let rows =
            Rows { base: frame.base.clone(), lines }.render().map_err(|err| Problem::internal(err.to_string()))?;
        let group = field.map_or("", |field| field.name);
        let labels = || [("", "run")].into_iter().chain(GROUPS);
        let group_label = labels().find(|(name, _)| *name == group).map_or("", |(_, label)| label);
        let groups = field.map_or_else(Vec::new, |field| {
            groups.into_iter().map(|group| Together::new(group, field, &frame.base, &q)).collect()
        });
        Ok(Page {
            columns: columns(&frame.base, &q, &sort),
            rows,
            next,
            total: list.total,
            problem,
            group,
            group_label,
            groups_by: labels().collect(),
            groups,
            tip: desk.store().tip_id()?.map(|tip| tip.to_string()).unwrap_or_default(),
            frame,
            q,
            sort,
        })
    };
    asked.page(lane, render).await
}

/// The page that is asked for, or how many runs there are and their groups.
fn answer(
    desk: &mut Desk,
    question: &Question,
    field: Option<&'static GroupField>,
) -> Result<(RunsPage, Vec<Group>), Problem> {
    let Some(field) = field else { return Ok((question.answer(desk)?, Vec::new())) };
    let (store, projection) = desk.rows()?;
    let filter = question.filter(&store, projection)?;
    let groups = projection.groups(&filter, field.join, field.expr)?;
    Ok((RunsPage { runs: Vec::new(), next_cursor: None, total: projection.count(&filter)?, unread: 0 }, groups))
}
