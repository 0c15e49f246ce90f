//! What is wrong with a query, and where.

use unicode_width::UnicodeWidthChar;

use crate::run::is_unsafe;

/// A piece of a query's text, in bytes, on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the beginning of this one to the end of the other.
    pub(super) fn to(self, end: Self) -> Self {
        Self { start: self.start, end: end.end }
    }
}

/// A query that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// What to do about it, where we know.
    pub hint: Option<String>,
    /// The piece that is wrong; empty at the end of the query where something is missing.
    pub span: Span,
}

/// The result of reading a query.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Something is wrong with a piece of a query.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, span }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Two lines: the query, and `^^^` under what is wrong. `query` is the text that was parsed;
    /// what could do something to a terminal is shown as a blank.
    #[must_use]
    pub fn render(&self, query: &str) -> String {
        let shown = |c: char| if is_unsafe(c) || c.width().is_none() { ' ' } else { c };
        let width = |text: &str| text.chars().map(|c| shown(c).width().unwrap_or(0)).sum::<usize>();
        let line: String = query.chars().map(shown).collect();
        let before = query.get(..self.span.start).unwrap_or(query);
        let wrong = query.get(self.span.start..self.span.end).unwrap_or_default();
        format!("{line}\n{}{}", " ".repeat(width(before)), "^".repeat(width(wrong).max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, Span};

    #[test]
    fn points_at_columns_not_bytes() {
        let point = |query: &str, wrong: &str| {
            let start = query.find(wrong).unwrap();
            Error::new(Span::new(start, start + wrong.len()), "").render(query)
        };
        assert_eq!(point("a colour:b", "colour"), "a colour:b\n  ^^^^^^");
        assert_eq!(point("名前 x:1", "x"), "名前 x:1\n     ^");
        assert_eq!(point("x:名前", "名前"), "x:名前\n  ^^^^");
        assert_eq!(point("a\tb\u{1b}c x", "x"), "a b c x\n      ^");
        assert_eq!(Error::new(Span::new(2, 2), "").render("é"), "é\n ^", "what is missing, is missing at the end");
    }
}
