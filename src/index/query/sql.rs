//! From a tree to SQL. Nothing that a user typed gets into the text of it.

use std::fmt::Write;
use std::ops::Bound;

use super::ast::{Expr, Op, Term, Test};
use super::error::{Error, Result};
use super::field::{FAILED, Field, Kind};
use super::word::Pattern;
use super::{Resolved, Unpushed, Wanted};
use crate::index::projection::LOCAL;

/// A value of a parameter, in the order of the `?` in the SQL.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
}

/// What holds for the runs that match.
pub(super) fn condition(expr: &Expr, resolved: &Resolved) -> Result<(String, Vec<Param>)> {
    let mut writer = Writer { sql: String::new(), params: Vec::new(), resolved };
    writer.expr(expr, false)?;
    Ok((writer.sql, writer.params))
}

struct Writer<'a> {
    sql: String,
    params: Vec<Param>,
    resolved: &'a Resolved,
}

/// What is said of a run at once.
enum Part<'a> {
    Run(&'a Expr),
    /// All of this is about one case.
    Case(Vec<&'a Expr>),
}

impl Writer<'_> {
    /// Negations go down to the terms: there, each kind of field says what unknown means.
    fn expr(&mut self, expr: &Expr, negated: bool) -> Result<()> {
        match expr {
            Expr::Not(inner) => self.expr(inner, !negated),
            Expr::And(all) => self.joined(&parts(all), if negated { " OR " } else { " AND " }, negated),
            Expr::Or(all) => {
                let parts: Vec<_> = all.iter().map(Part::Run).collect();
                self.joined(&parts, if negated { " AND " } else { " OR " }, negated)
            }
            Expr::Term(term) if term.field.is_some_and(Field::is_of_case) => self.some_case(&[expr], negated),
            Expr::Term(term) => self.term(term, negated != (term.op == Op::IsNot)),
        }
    }

    fn joined(&mut self, parts: &[Part<'_>], joint: &str, negated: bool) -> Result<()> {
        self.sql.push('(');
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.sql.push_str(joint);
            }
            match part {
                Part::Run(expr) => self.expr(expr, negated)?,
                Part::Case(all) => self.some_case(all, negated)?,
            }
        }
        self.sql.push(')');
        Ok(())
    }

    /// A run has a case of which all this is true; or it has cases, and of none it is.
    fn some_case(&mut self, all: &[&Expr], negated: bool) -> Result<()> {
        self.sql.push_str(if negated {
            "(r.seq IN (SELECT seq FROM cases) AND r.seq NOT IN (SELECT c.seq FROM cases c WHERE "
        } else {
            "r.seq IN (SELECT c.seq FROM cases c WHERE "
        });
        for (at, expr) in all.iter().enumerate() {
            self.sql.push_str(if at > 0 { " AND " } else { "" });
            self.of_case(expr)?;
        }
        self.sql.push_str(if negated { "))" } else { ")" });
        Ok(())
    }

    fn of_case(&mut self, expr: &Expr) -> Result<()> {
        let (all, joint) = match expr {
            Expr::Term(term) => return self.term(term, term.op == Op::IsNot),
            Expr::And(all) => (all.as_slice(), " AND "),
            Expr::Or(all) => (all.as_slice(), " OR "),
            Expr::Not(inner) => (std::slice::from_ref(&**inner), ""),
        };
        self.sql.push('(');
        for (at, expr) in all.iter().enumerate() {
            self.sql.push_str(if at > 0 { joint } else { "" });
            self.of_case(expr)?;
        }
        self.sql.push(')');
        Ok(())
    }

    fn term(&mut self, term: &Term, negated: bool) -> Result<()> {
        let kind = term.field.map(|field| field.kind);
        // A comparison with what is unknown is null in SQL, and its negation too. But who has no name, is not called so.
        let unknown_stays = matches!(
            kind,
            Some(Kind::Number(_) | Kind::Time | Kind::Since(_) | Kind::Id | Kind::Commit | Kind::Branch)
        );
        self.sql.push_str(if negated && unknown_stays { "NOT (" } else { "(" });
        let expr = term.field.map_or("", |field| field.expr);
        match &term.test {
            Test::Interval(low, high) => self.interval(expr, *low, *high),
            Test::Commits(wanted) => {
                let Some(commits) = self.resolved.commits.get(wanted) else {
                    let err = Error::new(term.span, format!("'{}' is not known here", wanted.as_str()));
                    return Err(err.hint(match wanted {
                        Wanted::Reachable(_) => "name a branch, a tag or a commit",
                        Wanted::Commit(_) => "name a commit, or the first 4 or more digits of its id",
                        Wanted::Range(_) => "name a range as git does: main..topic",
                    }));
                };
                let _ = write!(self.sql, "{expr} IN (SELECT value FROM json_each(?))");
                self.json(commits);
            }
            Test::Choice(word) => self.choice(term.field.map_or("", |field| field.name), expr, word),
            Test::Pattern(pattern) => {
                if kind == Some(Kind::Place) {
                    self.check_place(term, pattern)?;
                }
                self.pattern(kind, expr, pattern);
            }
        }
        self.sql.push_str(if negated && !unknown_stays { ") IS NOT TRUE" } else { ")" });
        Ok(())
    }

    /// A store that nobody knows is a slip, not one without runs.
    fn check_place(&self, term: &Term, pattern: &Pattern) -> Result<()> {
        let Some(name) = pattern.literal() else { return Ok(()) };
        let names = || self.resolved.places.iter().map(|(name, _)| name.as_str());
        if names().any(|known| known.eq_ignore_ascii_case(&name)) {
            return Ok(());
        }
        let err = Error::new(term.span, format!("no runs of '{}' are known here", name.escape_debug()));
        Err(err.hint(format!("it is one of {}", names().collect::<Vec<_>>().join(", "))))
    }

    fn interval(&mut self, expr: &str, low: Bound<f64>, high: Bound<f64>) {
        if let (Bound::Included(low), Bound::Included(high)) = (low, high)
            && low.to_bits() == high.to_bits()
        {
            let _ = write!(self.sql, "{expr} = ?");
            return self.number(low);
        }
        let ends = [(low, ">"), (high, "<")];
        let mut joint = "";
        for (end, sign) in ends {
            let (value, equal) = match end {
                Bound::Included(value) => (value, "="),
                Bound::Excluded(value) => (value, ""),
                Bound::Unbounded => continue,
            };
            let _ = write!(self.sql, "{joint}{expr} {sign}{equal} ?");
            self.number(value);
            joint = " AND ";
        }
    }

    fn pattern(&mut self, kind: Option<Kind>, expr: &str, pattern: &Pattern) {
        let contains = || Param::Text(format!("%{}%", pattern.like()));
        match kind {
            None => {
                for (at, expr) in ["r.experiment", "r.target", "r.run_id"].iter().enumerate() {
                    let joint = if at > 0 { " OR " } else { "" };
                    let _ = write!(self.sql, "{joint}{expr} LIKE ? ESCAPE '\\'");
                    self.params.push(contains());
                }
            }
            Some(Kind::Id | Kind::Commit) => {
                if let Some(prefix) = pattern.literal() {
                    // All that begins with digits lies before them with what follows 'f'.
                    let _ = write!(self.sql, "{expr} >= ? AND {expr} < ?");
                    let end = format!("{prefix}g");
                    self.params.extend([Param::Text(prefix), Param::Text(end)]);
                } else {
                    let _ = write!(self.sql, "{expr} GLOB ?");
                    self.params.push(Param::Text(pattern.glob()));
                }
            }
            Some(Kind::Names) => {
                self.name(expr, pattern);
                // Where there are several, each has a line of its own.
                self.sql.push_str(" OR r.seq IN (SELECT m.seq FROM targets m WHERE ");
                self.name("m.target", pattern);
                self.sql.push(')');
            }
            Some(Kind::Text) => {
                let _ = write!(self.sql, "{expr} LIKE ? ESCAPE '\\'");
                self.params.push(contains());
            }
            Some(Kind::Note) => {
                self.sql.push_str("r.seq IN (SELECT n.seq FROM notes n WHERE n.note LIKE ? ESCAPE '\\')");
                self.params.push(contains());
            }
            Some(Kind::Tag) => {
                self.sql.push_str("r.seq IN (SELECT t.seq FROM tags t WHERE ");
                self.name("t.tag", pattern);
                self.sql.push(')');
            }
            Some(Kind::Place) => {
                let pairs = |(name, stores): &(String, Vec<i64>)| {
                    stores.iter().map(|store| (name.clone(), *store)).collect::<Vec<_>>()
                };
                let pairs: Vec<_> = self.resolved.places.iter().flat_map(pairs).collect();
                self.sql.push_str(
                    "r.id IN (SELECT w.id FROM json_each(?) p JOIN facts w ON w.store = json_extract(p.value, '$[1]') WHERE ",
                );
                self.json(&pairs);
                self.name("json_extract(p.value, '$[0]')", pattern);
                self.sql.push(')');
            }
            Some(_) => self.name(expr, pattern),
        }
    }

    /// A whole name, whatever the case of its ASCII letters.
    fn name(&mut self, expr: &str, pattern: &Pattern) {
        if let Some(name) = pattern.literal() {
            let _ = write!(self.sql, "{expr} = ? COLLATE NOCASE");
            self.params.push(Param::Text(name));
        } else {
            let _ = write!(self.sql, "{expr} LIKE ? ESCAPE '\\'");
            self.params.push(Param::Text(pattern.like()));
        }
    }

    fn choice(&mut self, field: &str, expr: &str, word: &str) {
        match (field, word) {
            ("status", "passed") => {
                let _ = write!(self.sql, "r.passed > 0 AND {FAILED} = 0");
            }
            ("status", "failed") => {
                let _ = write!(self.sql, "{FAILED} > 0");
            }
            ("status", "error") => self.sql.push_str("r.errors > 0"),
            ("is", "partial" | "pruned") => {
                self.sql.push_str("r.status = ?");
                self.params.push(Param::Text(word.into()));
            }
            ("is" | "has", _) => self.flag(word),
            _ => {
                let _ = write!(self.sql, "{expr} = ?");
                self.params.push(Param::Text(word.into()));
            }
        }
    }

    fn flag(&mut self, word: &str) {
        const EXACT: &str = "(r.sha, r.source_tree) IN (SELECT key, value FROM json_each(?))";
        match word {
            "mine" => {
                self.sql.push_str("r.author = ? COLLATE NOCASE");
                self.params.push(Param::Text(self.resolved.me.clone().unwrap_or_default()));
            }
            "unpushed" => {
                match &self.resolved.unpushed {
                    Unpushed::All => self.sql.push('1'),
                    Unpushed::NotIn(store) => {
                        self.sql.push_str("r.id NOT IN (SELECT p.id FROM facts p WHERE p.store = ?)");
                        self.params.push(Param::Integer(*store));
                    }
                    Unpushed::Ids(ids) => {
                        self.sql.push_str("r.id IN (SELECT value FROM json_each(?))");
                        self.json(ids);
                    }
                }
                // What is only elsewhere is nothing that a push would send.
                if let Some(own) = self.resolved.own {
                    self.sql.push_str(" AND r.id IN (SELECT o.id FROM facts o WHERE o.store = ?)");
                    self.params.push(Param::Integer(own));
                }
            }
            "local" => {
                let own = self.resolved.places.iter().find(|(name, _)| name == LOCAL);
                self.sql
                    .push_str("r.id IN (SELECT o.id FROM facts o WHERE o.store IN (SELECT value FROM json_each(?)))");
                self.json(&own.map_or(&[][..], |(_, stores)| stores));
            }
            "exact" => {
                self.sql.push_str(EXACT);
                self.json(&self.resolved.trees);
            }
            "near" => {
                let _ = write!(self.sql, "r.sha IS NOT NULL AND ({EXACT}) IS NOT TRUE");
                self.json(&self.resolved.trees);
            }
            "dirty" => {
                let _ = write!(
                    self.sql,
                    "r.source_tree IS NOT NULL AND r.sha IN (SELECT key FROM json_each(?)) AND NOT {EXACT}"
                );
                self.json(&self.resolved.trees);
                self.json(&self.resolved.trees);
            }
            "linked" | "link" => self.sql.push_str("r.seq IN (SELECT seq FROM links)"),
            "tagged" | "tag" => self.sql.push_str("r.seq IN (SELECT seq FROM tags)"),
            "note" => self.sql.push_str("r.seq IN (SELECT seq FROM notes)"),
            // The rest are fields of which a run may have none.
            word => {
                let expr = Field::find(word).map_or("NULL", |field| field.expr);
                let _ = write!(self.sql, "{expr} IS NOT NULL");
            }
        }
    }

    fn json(&mut self, value: &impl serde::Serialize) {
        self.params.push(Param::Text(serde_json::to_string(value).unwrap_or_default()));
    }

    /// A whole number if it is one, so that SQLite compares integers with integers.
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number below 2^53")]
    fn number(&mut self, value: f64) {
        let whole = value.fract() == 0.0 && value.abs() < 9e15;
        self.params.push(if whole { Param::Integer(value as i64) } else { Param::Real(value) });
    }
}

/// Terms about cases that stand side by side are about the same case; so are alternatives of such
/// beside them. What is in parentheses by itself is about a case of its own.
fn parts(all: &[Expr]) -> Vec<Part<'_>> {
    let joins = |expr: &&Expr| !matches!(expr, Expr::And(_)) && expr.is_of_one_case();
    let case: Vec<&Expr> = all.iter().filter(joins).collect();
    let mut parts: Vec<Part<'_>> = all.iter().filter(|expr| !joins(expr)).map(Part::Run).collect();
    if !case.is_empty() {
        parts.push(Part::Case(case));
    }
    parts
}
