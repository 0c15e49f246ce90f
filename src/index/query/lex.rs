//! From text to words and parentheses.

use super::error::{Error, Result, Span};
use super::word::Char;

/// Longer queries are nobody's.
pub(super) const MAX_LEN: usize = 4096;

/// What a query is made of.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) enum TokenKind {
    Open,
    Close,
    /// `-` at the beginning of a word or before a parenthesis.
    Minus,
    /// Never empty.
    Word(Vec<Char>),
}

/// Splits a query.
pub(super) fn lex(query: &str) -> Result<Vec<Token>> {
    if query.len() > MAX_LEN {
        let start = (0..=MAX_LEN).rev().find(|at| query.is_char_boundary(*at)).unwrap_or_default();
        let message = format!("a query has at most {MAX_LEN} bytes");
        return Err(Error::new(Span::new(start, query.len()), message));
    }
    let mut lexer = Lexer { query, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    query: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.query[self.at..].chars().next()
    }

    /// The next character, wherever it stands.
    fn next(&mut self) -> Result<Option<(char, Span)>> {
        let Some(c) = self.peek() else { return Ok(None) };
        let span = Span::new(self.at, self.at + c.len_utf8());
        if c.is_control() && !c.is_whitespace() {
            return Err(Error::new(span, "a query has no control characters"));
        }
        self.at = span.end;
        Ok(Some((c, span)))
    }

    fn token(&mut self) -> Result<Option<Token>> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next()?;
        }
        let Some(c) = self.peek() else { return Ok(None) };
        let kind = match c {
            '(' => TokenKind::Open,
            ')' => TokenKind::Close,
            '-' => TokenKind::Minus,
            _ => return self.word().map(Some),
        };
        let Some((_, span)) = self.next()? else { return Ok(None) };
        if matches!(kind, TokenKind::Minus) && self.peek().is_none_or(|c| c.is_whitespace() || c == ')') {
            let err = Error::new(span, "there is nothing after '-' that could be negated");
            return Err(err.hint("no space after '-'; to look for the character, quote it: \"-\""));
        }
        Ok(Some(Token { kind, span }))
    }

    fn word(&mut self) -> Result<Token> {
        let start = self.at;
        let mut chars = Vec::new();
        while let Some(c) = self.peek() {
            if c.is_whitespace() || c == ')' {
                break;
            }
            let Some((c, span)) = self.next()? else { break };
            match c {
                '(' => {
                    let err = Error::new(span, "there is a '(' inside of a word");
                    return Err(err.hint("put a space before it, or the word in quotes"));
                }
                '"' => self.quoted(span, &mut chars)?,
                '\\' => chars.push(self.escaped(span)?),
                c => chars.push(Char { c, plain: true, span }),
            }
        }
        let span = Span::new(start, self.at);
        if chars.is_empty() {
            return Err(Error::new(span, "there is nothing between the quotes"));
        }
        Ok(Token { kind: TokenKind::Word(chars), span })
    }

    /// What stands between `open`, which was read, and the next `"`.
    fn quoted(&mut self, open: Span, chars: &mut Vec<Char>) -> Result<()> {
        while let Some((c, span)) = self.next()? {
            match c {
                '"' => return Ok(()),
                '\\' => chars.push(self.escaped(span)?),
                c => chars.push(Char { c, plain: false, span }),
            }
        }
        Err(Error::new(open, "this quote is not closed"))
    }

    fn escaped(&mut self, backslash: Span) -> Result<Char> {
        match self.next()? {
            Some((c, span)) => Ok(Char { c, plain: false, span: backslash.to(span) }),
            None => Err(Error::new(backslash, "there is nothing after the '\\'").hint("for the character, write \\\\")),
        }
    }
}
