//! Pages of runs, counts and groups, from the projection.

use std::fmt::Write;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Statement, params_from_iter};

use crate::run::Row;

use super::cursor::{BadCursor, Cursor, Key, fingerprint};
use super::projection::{self, Error, Projection, Result};

/// What runs are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A condition on `runs r`, as the query language makes it; all runs if it is empty.
    pub sql: String,
    /// Its parameters, for the question marks in their order.
    pub params: Vec<Value>,
    /// Whether deleted runs are left out.
    pub without_deleted: bool,
    /// Runs that may be missing in the answer, because their cases can't be read.
    pub unread: usize,
}

/// An order of runs. Those of which the value is unknown come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// An expression on `runs r`.
    pub sql: &'static str,
    /// The largest first.
    pub descending: bool,
}

/// Which page.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Which runs.
    pub filter: Filter,
    /// The words that asked for them, and where. A moment like `2w` ago is another one on each page, but the same question.
    pub words: String,
    /// Sorted by what; among equals, and if there is nothing, newest recorded first.
    pub order: Vec<Order>,
    /// At most so many runs; all of them if none.
    pub limit: Option<usize>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// Runs of a list.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Rows, and when each run was recorded in seconds since 1970.
    pub runs: Vec<(Row, i64)>,
    /// Of each run, the names of the stores that have it, of those that were asked; empty if it was only one.
    pub places: Vec<Vec<String>>,
    /// What the next page is asked for with; none at the end.
    pub next: Option<String>,
}

/// Runs that have something in common.
#[derive(Debug, Clone, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Group {
    /// What they have in common; absent for runs of which it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How many.
    pub runs: i64,
    /// The mean of their pass rates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_pass_rate: Option<f64>,
    /// The best pass rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_pass_rate: Option<f64>,
    /// Cases that could not be judged, in all of them.
    pub errors: i64,
    /// The run that was recorded last.
    pub last: String,
    /// When that was, in seconds since 1970.
    pub last_recorded: i64,
}

/// [`NEWEST`], with a start that may be unknown.
const NEWEST_PLAIN: [(&str, bool); 3] = [("r.recorded", true), ("r.timestamp", true), ("r.id", true)];

/// How the newest run comes first: as in a list that is made from the log.
const NEWEST: [(&str, bool); 3] =
    [("r.recorded", true), ("coalesce(r.timestamp, -9223372036854775807)", true), ("r.id", true)];

impl Filter {
    /// All runs; deleted ones only if `deleted`.
    #[must_use]
    pub fn all(deleted: bool) -> Self {
        Self { without_deleted: !deleted, ..Self::default() }
    }

    /// Appends it to a query. Those who want the newest first, or only a number, have an index of what isn't deleted; for
    /// all else a walk along it takes three times as long as one through the table, where no row is asked whether it is
    /// deleted unless one is.
    pub(super) fn push(&self, sql: &mut String, params: &mut Vec<Value>, index: bool) {
        // What was asked for comes first: it leaves more runs out, and whether a run is deleted is far back in its row.
        if !self.sql.is_empty() {
            let _ = write!(sql, " AND ({})", self.sql);
            params.extend(self.params.iter().cloned());
        }
        if self.without_deleted {
            sql.push_str(if index {
                " AND r.status <> 'pruned'"
            } else {
                " AND ((SELECT NOT EXISTS (SELECT 1 FROM facts d WHERE d.status = 'pruned')) OR +r.status <> 'pruned')"
            });
        }
    }
}

impl Ask {
    /// A number that tells this question from others, whatever the page.
    fn question(&self) -> u64 {
        let keys = keys(&self.order).into_iter().map(|(sql, descending)| format!("{sql} {descending}"));
        let parts: Vec<String> = keys.chain([self.words.clone(), self.filter.without_deleted.to_string()]).collect();
        fingerprint(&parts)
    }

    /// What the next page is asked for with, if a page in the usual order ended with this run.
    #[must_use]
    pub fn cursor_after(&self, row: &Row, recorded: i64) -> String {
        let ms = row.timestamp.as_deref().and_then(|time| time.parse::<Timestamp>().ok());
        let ms = ms.map_or(-i64::MAX, Timestamp::as_millisecond);
        let keys = vec![Key::Whole(recorded), Key::Whole(ms), Key::Text(row.id.to_string())];
        Cursor { question: self.question(), keys }.encode()
    }
}

impl Projection {
    /// A page of runs.
    pub fn page(&self, ask: &Ask) -> Result<Result<Page, BadCursor>> {
        let (keys, question) = (keys(&ask.order), ask.question());
        let mut params = Vec::new();
        // Only the rows of the page itself are read whole.
        let order = plain(&ask.order);
        let mut sql = format!(
            "SELECT r.seq AS seq FROM {} r WHERE {}",
            table(&[&ask.filter.sql, &order]),
            self.asked(ask.order.is_empty())
        );
        ask.filter.push(&mut sql, &mut params, ask.order.is_empty());
        if let Some(word) = &ask.cursor {
            let cursor = match Cursor::decode(word, question, keys.len()) {
                Ok(cursor) => cursor,
                Err(bad) => return Ok(Err(bad)),
            };
            push_after(&mut sql, &mut params, &keys, &cursor);
        }
        let _ = write!(sql, " ORDER BY {order}");
        if let Some(limit) = ask.limit {
            // One more tells whether there is another page.
            let _ = write!(sql, " LIMIT {}", limit.saturating_add(1).min(1 << 40));
        }
        let sql = format!(
            "SELECT r.line, r.recorded, {}, {} FROM ({sql}) p JOIN runs r ON r.seq = p.seq ORDER BY {}",
            self.whereabouts(),
            keys.iter().map(|(sql, _)| sql.as_str()).collect::<Vec<_>>().join(", "),
            order
        );
        let mut found = self.db().prepare(&sql)?;
        self.collect(&mut found, &params, ask.limit, keys.len(), question).map(Ok)
    }

    /// The condition that a row is of a store that is asked. Those who go along an index of the newest pass over the rows of
    /// others; all else is a walk through the rows of a store, which are together.
    pub(super) fn asked(&self, index: bool) -> String {
        if let ([store], false) = (self.stores(), index) {
            let (first, end) = projection::row_ids(*store);
            return format!("r.seq >= {first} AND r.seq < {end}");
        }
        let each: Vec<String> = (0..self.stores().len()).map(|at| self.of_store(at)).collect();
        if each.len() == 1 { each.concat() } else { format!("({})", each.join(" OR ")) }
    }

    /// The SQL of the numbers of the stores that have a run.
    fn whereabouts(&self) -> String {
        if self.stores().len() < 2 {
            return "NULL".into();
        }
        let stores: Vec<String> = self.stores().iter().map(ToString::to_string).collect();
        let stores = stores.join(", ");
        format!("(SELECT group_concat(w.store) FROM facts w WHERE w.store IN ({stores}) AND w.id = r.id)")
    }

    /// The names of stores, of which SQLite gave the numbers.
    fn named(&self, numbers: Option<&str>) -> Vec<String> {
        let numbers: Vec<i64> = numbers.iter().flat_map(|all| all.split(',')).flat_map(str::parse).collect();
        let has = |stores: &[i64]| stores.iter().any(|store| numbers.contains(store));
        self.names().iter().filter(|(_, stores)| has(stores)).map(|(name, _)| name.clone()).collect()
    }

    fn collect(
        &self,
        found: &mut Statement<'_>,
        params: &[Value],
        limit: Option<usize>,
        keys: usize,
        question: u64,
    ) -> Result<Page> {
        let mut rows = found.query(params_from_iter(params))?;
        let (mut page, mut last) = (Page::default(), None);
        while let Some(row) = rows.next()? {
            if Some(page.runs.len()) == limit {
                let cursor = last.map(|keys| Cursor { question, keys });
                page.next = cursor.map(|cursor| cursor.encode());
                break;
            }
            let line: String = row.get(0)?;
            let parsed: Row = serde_json::from_str(&line).map_err(|_| rusqlite::Error::InvalidQuery)?;
            page.runs.push((parsed, row.get(1)?));
            page.places.push(self.named(row.get::<_, Option<String>>(2)?.as_deref()));
            if Some(page.runs.len()) == limit {
                let values = (0..keys).map(|at| Ok(row.get::<_, Value>(3 + at)?.into()));
                last = Some(values.collect::<Result<_>>()?);
            }
        }
        Ok(page)
    }

    /// The runs in groups: by the value of the expression `by`, on `runs r` and what `join` adds to it. The group
    /// with the newest run comes first.
    pub fn groups(&self, filter: &Filter, join: &str, by: &str) -> Result<Vec<Group>> {
        let (mut params, asked) = (Vec::new(), self.asked(false));
        let mut inner = format!(
            "SELECT r.id AS id, r.recorded AS recorded, r.timestamp AS timestamp, r.pass_rate AS pass_rate, r.errors AS errors, \
             {by} AS key FROM {} r {join} WHERE {asked}",
            table(&[&filter.sql, join, by])
        );
        filter.push(&mut inner, &mut params, false);
        let sql = format!(
            "SELECT key, count(*), avg(pass_rate), max(pass_rate), sum(errors), max(CASE age WHEN 1 THEN id END), max(recorded) \
             FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY recorded DESC, timestamp DESC, id DESC) AS age \
             FROM ({inner})) GROUP BY key ORDER BY max(recorded) DESC, max(CASE age WHEN 1 THEN timestamp END) DESC, key"
        );
        let mut found = self.db().prepare(&sql)?;
        let groups = found.query_map(params_from_iter(params), |row| {
            Ok(Group {
                key: row.get(0)?,
                runs: row.get(1)?,
                mean_pass_rate: row.get(2)?,
                best_pass_rate: row.get(3)?,
                errors: row.get(4)?,
                last: row.get(5)?,
                last_recorded: row.get(6)?,
            })
        })?;
        groups.map(|group| group.map_err(Error::from)).collect()
    }
}

/// All that rows are sorted by: expression, and whether the largest comes first.
fn keys(order: &[Order]) -> Vec<(String, bool)> {
    let wanted = order.iter().flat_map(|order| {
        // Unknown comes last, whatever the direction. It has to be a value for the comparison of a cursor.
        let unknown = format!("({} IS NULL)", order.sql);
        [(unknown, false), (format!("coalesce({}, 0)", order.sql), order.descending)]
    });
    wanted.chain(NEWEST.map(|(sql, descending)| (sql.to_owned(), descending))).collect()
}

/// Where to look for runs. SQLite does not always leave a join out of which nothing is wanted, and goes about a scan in
/// the wrong way then.
pub(super) fn table(parts: &[&str]) -> &'static str {
    let texts = |part: &&str| projection::OF_TEXTS.iter().any(|column| part.contains(&format!("r.{column}")));
    if parts.iter().any(texts) { "runs" } else { "facts" }
}

/// The same order, as SQLite is quickest with it.
fn plain(order: &[Order]) -> String {
    let wanted = order.iter().map(|order| (order.sql, order.descending)).chain(NEWEST_PLAIN);
    let one = |(sql, descending)| format!("{sql} {} NULLS LAST", if descending { "DESC" } else { "ASC" });
    wanted.map(one).collect::<Vec<_>>().join(", ")
}

/// Only what comes after the cursor: the first key is further on, or it is equal and the second is, and so on.
fn push_after(sql: &mut String, params: &mut Vec<Value>, keys: &[(String, bool)], cursor: &Cursor) {
    let mut ways = Vec::new();
    for (at, (expression, descending)) in keys.iter().enumerate() {
        let equal = keys[..at].iter().fold(String::new(), |text, (expression, _)| text + expression + " = ? AND ");
        ways.push(format!("({equal}{expression} {} ?)", if *descending { "<" } else { ">" }));
        params.extend(cursor.keys[..=at].iter().cloned().map(Value::from));
    }
    let _ = write!(sql, " AND ({})", ways.join(" OR "));
    // Where the first key is a column with an index, the pages before are not walked through again.
    if let (Some((expression, descending)), Some(key)) = (keys.first(), cursor.keys.first()) {
        let _ = write!(sql, " AND {expression} {} ?", if *descending { "<=" } else { ">=" });
        params.push(key.clone().into());
    }
}
