//! `/compare`: two runs side by side.

use std::collections::{HashMap, HashSet};

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::run::{CaseRow, Row};
use crate::store::StoredRun;

use super::super::api::compare::{CasePair, Change, Comparison, Summary, compare};
use super::super::api::error::Problem;
use super::super::asked::{Asked, Named, OfRun, Params};
use super::super::project::Desk;
use super::super::site::Lane;
use super::of_run::{self, OfThis};
use super::{Frame, show};

/// Cases of each kind whose outputs are shown.
const WITH_OUTPUT: usize = 100;
/// Cases of each kind that are shown at all.
const SHOWN: usize = 1000;
/// Bytes of an output that are shown.
const OUTPUT: usize = 8 << 10;

/// The page.
#[derive(Debug, Template)]
#[template(path = "compare.html")]
struct Page {
    frame: Frame,
    base: OfThis,
    run: OfThis,
    summary: Summary,
    /// Label, before, after, difference, class of the difference.
    numbers: Vec<(&'static str, String, String, String, &'static str)>,
    groups: Vec<Group>,
    /// The same, the other way around.
    reverse: String,
}

/// Cases that changed in the same way.
#[derive(Debug)]
struct Group {
    id: &'static str,
    label: &'static str,
    count: usize,
    /// Whether it is folded at first.
    folded: bool,
    pairs: Vec<Pair>,
    left: usize,
}

/// A case in two runs.
#[derive(Debug)]
struct Pair {
    key: String,
    suite: String,
    before: Option<Side>,
    after: Option<Side>,
    /// Whether the outputs are shown.
    outputs: bool,
    /// Whether the outputs are equal.
    equal: bool,
}

/// A case in one of the runs.
#[derive(Debug)]
struct Side {
    address: String,
    word: &'static str,
    class: &'static str,
    score: String,
    facts: String,
    reason: String,
    output: String,
    cut: bool,
}

/// Which runs.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct Two {
    base: Option<String>,
    run: Option<String>,
}

/// `GET /runs/{run}/against`: to the comparison with the run before.
pub(in crate::studio) async fn against(asked: Asked, Named(of): Named<OfRun>) -> Response {
    let base = Frame::of(&asked).base;
    let find = move |desk: &mut Desk| {
        let (row, recorded) = desk.row(&of.run)?;
        let previous = desk.rows()?.1.previous(&row, recorded)?;
        let none = || {
            Problem::not_found("there is no run before it to compare with")
                .hint("two runs are compared if they are selected in the list")
        };
        Ok(format!("{base}/compare?base={}&run={}", previous.ok_or_else(none)?.id, row.id))
    };
    match asked.work(Lane::Rows, find).await {
        Ok(address) => {
            let mut response = StatusCode::SEE_OTHER.into_response();
            if let Ok(address) = HeaderValue::from_str(&address) {
                response.headers_mut().insert(header::LOCATION, address);
            }
            // Which run is the one before may change.
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(problem) => super::error::respond(&asked, &problem),
    }
}

/// `GET /compare`
pub(in crate::studio) async fn show(asked: Asked, Params(two): Params<Two>) -> Response {
    let frame = Frame::of(&asked);
    let render = move |desk: &mut Desk| {
        let run = two.run.filter(|run| !run.is_empty());
        let run =
            run.ok_or_else(|| Problem::bad("run: name the run that is compared").hint("/compare?base=ID&run=ID"))?;
        page(desk, frame, &run, two.base.as_deref().filter(|base| !base.is_empty()))
    };
    asked.page(Lane::Files, render).await
}

fn page(desk: &mut Desk, frame: Frame, run: &str, base: Option<&str>) -> Result<Page, Problem> {
    let Comparison { before, after, summary, cases } = compare(desk, run, base)?;
    let (old, new) = (OfThis::new(&frame, &before.row), OfThis::new(&frame, &after.row));
    let store = desk.store();
    let kinds = [
        (Change::Worse, "worse", "Worse", summary.worse),
        (Change::Better, "better", "Better", summary.better),
        (Change::New, "new", "New", summary.new),
        (Change::Gone, "gone", "Gone", summary.gone),
        (Change::Same, "same", "Same", summary.same),
    ];
    let wanted = |of: fn(&CasePair) -> Option<&CaseRow>| {
        let mut wanted = HashSet::new();
        for (change, ..) in kinds.iter().filter(|(change, ..)| *change != Change::Same) {
            let of_kind = cases.iter().filter(|pair| pair.change == *change).take(WITH_OUTPUT);
            wanted.extend(of_kind.filter_map(of).map(|case| case.identity.clone()));
        }
        wanted
    };
    let befores = Sides::read(&store.open_row(&before.row)?, &wanted(|pair| pair.before.as_ref()))?;
    let afters = Sides::read(&store.open_row(&after.row)?, &wanted(|pair| pair.after.as_ref()))?;
    let mut groups: Vec<Group> = kinds
        .into_iter()
        .filter(|(.., count)| *count > 0)
        .map(|(change, id, label, count)| {
            let left = count.saturating_sub(SHOWN);
            Group { id, label, count, folded: change == Change::Same, pairs: Vec::new(), left }
        })
        .collect();
    for pair in cases {
        let id = kinds.iter().find(|(change, ..)| *change == pair.change).map(|(_, id, ..)| *id);
        let Some(group) = groups.iter_mut().find(|group| Some(group.id) == id) else { continue };
        if group.pairs.len() < SHOWN {
            let outputs = pair.change != Change::Same && group.pairs.len() < WITH_OUTPUT;
            group.pairs.push(Pair::new(pair, outputs, (&old, &befores), (&new, &afters)));
        }
    }
    Ok(Page {
        numbers: numbers(&before.row, &after.row),
        reverse: format!("{}/compare?base={}&run={}", frame.base, new.id, old.id),
        summary,
        groups,
        base: old,
        run: new,
        frame,
    })
}

/// What is read of the cases of one run.
struct Sides {
    cases: Vec<CaseRow>,
    outputs: HashMap<String, String>,
}

impl Sides {
    fn read(run: &StoredRun<'_>, wanted: &HashSet<String>) -> Result<Self, Problem> {
        let cases = run.cases()?;
        let mut outputs = HashMap::new();
        if !wanted.is_empty() {
            for (case, detail) in run.details(&|case| wanted.contains(&case.identity))? {
                outputs.extend(detail.output.or(detail.error).map(|output| (case.identity, output)));
            }
        }
        Ok(Self { cases, outputs })
    }

    fn side(&self, this: &OfThis, case: &CaseRow) -> Side {
        let (word, class) = show::status(case.status);
        let output = self.outputs.get(&case.identity).map_or("", String::as_str);
        let (start, cut) = show::beginning(output, OUTPUT);
        let facts = [case.duration_ms.map(show::milliseconds), case.cost_usd.map(show::dollars)];
        Side {
            address: of_run::number(&self.cases, &case.identity).map(|n| this.case(n)).unwrap_or_default(),
            word,
            class,
            score: case.score.map(show::score).unwrap_or_default(),
            facts: facts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
            reason: show::beginning(case.reason.as_deref().unwrap_or_default(), 500).0.to_owned(),
            output: start.to_owned(),
            cut,
        }
    }
}

impl Page {
    fn runs(&self) -> [(&'static str, &OfThis); 2] {
        [("Before", &self.base), ("After", &self.run)]
    }
}

impl Pair {
    fn sides(&self) -> [(&'static str, Option<&Side>); 2] {
        [("Before", self.before.as_ref()), ("After", self.after.as_ref())]
    }

    fn new(pair: CasePair, outputs: bool, old: (&OfThis, &Sides), new: (&OfThis, &Sides)) -> Self {
        let either = pair.after.as_ref().or(pair.before.as_ref());
        let (key, suite) =
            either.map(|case| (case.key.clone(), case.suite.clone().unwrap_or_default())).unwrap_or_default();
        let before = pair.before.map(|case| old.1.side(old.0, &case));
        let after = pair.after.map(|case| new.1.side(new.0, &case));
        let equal = before.as_ref().zip(after.as_ref()).is_some_and(|(a, b)| !a.cut && a.output == b.output);
        Self { key, suite, before, after, outputs, equal }
    }
}

#[expect(clippy::cast_precision_loss, reason = "only the difference is told from it")]
fn numbers(old: &Row, new: &Row) -> Vec<(&'static str, String, String, String, &'static str)> {
    let ratio = |row: &Row| format!("{} of {}", row.passed, row.test_count);
    let passed = new.passed as f64 - old.passed as f64;
    let mut numbers = vec![("Passed", ratio(old), ratio(new), signed(passed, &|n| format!("{n:.0}")), better(passed))];
    let mut push = |label, old: Option<f64>, new: Option<f64>, tell: &dyn Fn(f64) -> String, good: f64| {
        if old.is_none() && new.is_none() {
            return;
        }
        let told = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), tell);
        let difference = old.zip(new).map(|(old, new)| new - old);
        // The difference of two percentages is no percentage.
        let sign = difference.map(|difference| signed(difference, tell).replace('%', "points")).unwrap_or_default();
        numbers.push((label, told(old), told(new), sign, better(difference.unwrap_or_default() * good)));
    };
    push("Pass rate", old.pass_rate, new.pass_rate, &show::percent, 1.0);
    push("Score", old.avg_score, new.avg_score, &show::score, 1.0);
    push("Errors", Some(old.errors as f64), Some(new.errors as f64), &|n| format!("{n:.0}"), -1.0);
    let ms = |row: &Row| row.duration_ms.map(|ms| ms as f64);
    push("Time", ms(old), ms(new), &show::milliseconds, 0.0);
    push("Cost", old.cost_usd, new.cost_usd, &show::dollars, 0.0);
    let tokens = |row: &Row| row.tokens.map(|tokens| tokens as f64);
    push("Tokens", tokens(old), tokens(new), &|n| format!("{n:.0}"), 0.0);
    numbers
}

/// `+0.100`, `−2`; nothing where nothing is different.
fn signed(difference: f64, tell: &dyn Fn(f64) -> String) -> String {
    let text = tell(difference.abs());
    if text == tell(0.0) {
        return "same".to_owned();
    }
    format!("{}{text}", if difference < 0.0 { "\u{2212}" } else { "+" })
}

fn better(difference: f64) -> &'static str {
    if difference > 1e-9 {
        "good"
    } else if difference < -1e-9 {
        "bad"
    } else {
        "dim"
    }
}
