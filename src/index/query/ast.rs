//! A query as a tree. Printing it gives a query with the same tree.

use std::fmt;
use std::ops::Bound;

use super::Wanted;
use super::error::Span;
use super::field::Field;
use super::word::Pattern;

/// What a run must be like.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// All of these, at least two.
    And(Vec<Self>),
    /// Any of these, at least two.
    Or(Vec<Self>),
    Not(Box<Self>),
    Term(Term),
}

/// One condition.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// None for a free word.
    pub(super) field: Option<&'static Field>,
    pub(super) op: Op,
    /// The value as it is written in a query.
    pub(super) value: String,
    pub(super) test: Test,
    /// Where the value stands.
    pub(super) span: Span,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `:` and `=`
    Is,
    /// `!=`
    IsNot,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// What a value means. `Op::IsNot` is not in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Pattern(Pattern),
    /// Numbers, and times in milliseconds.
    Interval(Bound<f64>, Bound<f64>),
    Choice(&'static str),
    Commits(Wanted),
}

impl PartialEq for Term {
    /// Where it stands makes no difference.
    fn eq(&self, other: &Self) -> bool {
        (self.field, self.op, &self.value, &self.test) == (other.field, other.op, &other.value, &other.test)
    }
}

impl Op {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Is => ":",
            Self::IsNot => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

impl Expr {
    /// All conditions in it.
    pub(super) fn terms(&self) -> Vec<&Term> {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().flat_map(Self::terms).collect(),
            Self::Not(inner) => inner.terms(),
            Self::Term(term) => vec![term],
        }
    }

    /// Whether it can be said of a single case: terms about cases, and alternatives of such.
    pub(super) fn is_of_one_case(&self) -> bool {
        match self {
            Self::Term(term) => term.field.is_some_and(Field::is_of_case),
            Self::And(all) | Self::Or(all) => all.iter().all(Self::is_of_one_case),
            Self::Not(_) => false,
        }
    }
}

/// Groups that stand inside of others.
struct Inner<'a>(&'a Expr);

impl fmt::Display for Inner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Expr::And(_) | Expr::Or(_) => write!(f, "({})", self.0),
            Expr::Not(_) | Expr::Term(_) => self.0.fmt(f),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (all, joint) = match self {
            Self::And(all) => (all, " "),
            Self::Or(all) => (all, " or "),
            Self::Not(inner) => return write!(f, "-{}", Inner(inner)),
            Self::Term(term) => return term.fmt(f),
        };
        for (at, expr) in all.iter().enumerate() {
            write!(f, "{}{}", if at == 0 { "" } else { joint }, Inner(expr))?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{}{}{}", field.name, self.op.as_str(), self.value),
            None => f.write_str(&self.value),
        }
    }
}
