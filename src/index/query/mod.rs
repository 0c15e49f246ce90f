//! The language in which runs are asked for, on the command line, in the API and on the web page alike:
//! `experiment:checkout pass_rate<0.9 since:2w -tag:flaky`. `docs/query.md` specifies it.
//!
//! ```
//! use git_agentv::index::query::{Query, Resolved};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = jiff::Zoned::now();
//! let query = Query::parse("experiment:checkout pass_rate<0.9", &now)?;
//! assert!(query.needs().is_empty());
//! let (sql, params) = query.to_sql(&Resolved::default())?;
//! // "SELECT … FROM runs r WHERE " + sql
//! # assert_eq!(params.len(), 2);
//! # let _ = sql; Ok(()) }
//! ```
//!
//! The way of a query: `lex` → `parse` (with `value`, which reads `number`s and `date`s) → `ast` → `sql`.
//! `field` is the one list of what can be asked for. Nothing here opens a repository or a database: what git must
//! say is listed by [`Query::needs`].

mod ast;
mod complete;
mod date;
mod error;
mod field;
mod lex;
mod list;
mod number;
mod parse;
mod sql;
mod value;
mod word;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::Zoned;

pub use ast::Op;
pub use error::{Error, Result, Span};
pub use field::{FIELDS, Field, Kind, Unit, WHEN};
pub use list::{GROUP_FIELDS, GroupField, SORT_FIELDS, Sort, SortField};
pub use sql::Param;

use ast::{Expr, Test};

/// A question about runs. Printing it gives a text that means the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    expr: Option<Expr>,
}

/// What must be known before a query becomes SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub struct Needs {
    /// Commits that only git can name.
    pub commits: Vec<Wanted>,
    /// Whose runs are "mine".
    pub me: bool,
    /// Which runs are not on the remote.
    pub unpushed: bool,
    /// The trees of the runs' source commits.
    pub trees: bool,
    /// The table `cases` must be filled.
    pub cases: bool,
    /// Which stores go by which name.
    pub places: bool,
}

/// Commits, as somebody named them. The text never begins with `-`, but it is as untrusted as all input.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// One commit, named by a revision: `HEAD~3`.
    Commit(String),
    /// The commits of a range: `main..topic`.
    Range(String),
    /// A branch, and all commits that can be reached from it.
    Reachable(String),
}

/// What was found out, see [`Needs`]. What was not needed may be missing.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// Full ids of commits. If [`Query::to_sql`] finds nothing here for one that it needs, it says
    /// that the revision is not known. Commits that no run names may be left out.
    pub commits: HashMap<Wanted, Vec<String>>,
    /// As it stands in the column `author`; none is nobody's.
    pub me: Option<String>,
    /// Which runs are not on the remote.
    pub unpushed: Unpushed,
    /// Source commits, and their trees; those that are no longer there are missing.
    pub trees: BTreeMap<String, String>,
    /// What stores are called, and their numbers in the column `store`.
    pub places: Vec<(String, Vec<i64>)>,
    /// The store of the own runs, if others are asked, too.
    pub own: Option<i64>,
}

/// The runs that are not on the remote.
#[derive(Debug, Clone, Default)]
pub enum Unpushed {
    /// There is no remote, or nothing on it.
    #[default]
    All,
    /// Those whose id is not in this store (column `store`).
    NotIn(i64),
    /// Those with these ids.
    Ids(Vec<String>),
}

impl Wanted {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let (Self::Commit(text) | Self::Range(text) | Self::Reachable(text)) = self;
        text
    }
}

impl Needs {
    /// Whether nothing must be found out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Query {
    /// Reads a query. Dates are relative to `now`, and days are those of its time zone.
    pub fn parse(text: &str, now: &Zoned) -> Result<Self> {
        Ok(Self { expr: parse::parse(text, now)? })
    }

    /// Whether it asks for nothing, so that all runs match.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expr.is_none()
    }

    /// What must be found out before [`Self::to_sql`]. Each thing once.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for term in self.expr.iter().flat_map(Expr::terms) {
            needs.cases |= term.field.is_some_and(Field::is_of_case);
            needs.places |= term.field.is_some_and(|field| field.kind == Kind::Place);
            match &term.test {
                Test::Commits(wanted) if !needs.commits.contains(wanted) => needs.commits.push(wanted.clone()),
                Test::Choice("mine") => needs.me = true,
                Test::Choice("unpushed") => needs.unpushed = true,
                Test::Choice("local") => needs.places = true,
                Test::Choice("exact" | "near" | "dirty") => needs.trees = true,
                _ => {}
            }
        }
        needs
    }

    /// Whether it asks for deleted runs by name, so that lists should not leave them out.
    #[must_use]
    pub fn names_pruned(&self) -> bool {
        self.expr.iter().flat_map(Expr::terms).any(|term| term.test == Test::Choice("pruned"))
    }

    /// The condition for `SELECT … FROM runs r WHERE …`, and its parameters in the order of its `?`. It is
    /// parenthesised and true, false or null; null is no match.
    ///
    /// Fails only if `resolved` lacks commits that [`Self::needs`] lists.
    pub fn to_sql(&self, resolved: &Resolved) -> Result<(String, Vec<Param>)> {
        match &self.expr {
            None => Ok(("(1)".into(), Vec::new())),
            Some(expr) => sql::condition(expr, resolved).map(|(sql, params)| (format!("({sql})"), params)),
        }
    }

    /// What the last word of an unfinished query could become: each a word to put in its place.
    #[must_use]
    pub fn completions(text: &str) -> Vec<String> {
        complete::complete(text)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.iter().try_for_each(|expr| expr.fmt(f))
    }
}
