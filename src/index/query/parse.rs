//! From words to a tree.

use jiff::Zoned;

use super::ast::{Expr, Op, Term, Test};
use super::error::{Error, Result, Span};
use super::field::{FIELDS, Field, nearest};
use super::lex::{Token, TokenKind, lex};
use super::value;
use super::word::{self, Char, Pattern};

/// Deeper nesting is nobody's, and would exhaust the stack.
const MAX_DEPTH: usize = 32;
/// SQLite refuses expressions that are a thousand levels deep.
const MAX_TERMS: usize = 256;

/// Reads a query; none if it is empty. Dates are relative to `now` and in its time zone.
pub(super) fn parse(query: &str, now: &Zoned) -> Result<Option<Expr>> {
    let tokens = lex(query)?;
    let is_term = |token: &&Token| matches!(token.kind, TokenKind::Word(_)) && token.keyword().is_none();
    if let Some(token) = tokens.iter().filter(is_term).nth(MAX_TERMS) {
        return Err(Error::new(token.span, format!("a query has at most {MAX_TERMS} conditions")));
    }
    let end = Span::new(query.len(), query.len());
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, end, now };
    if tokens.is_empty() {
        return Ok(None);
    }
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(Some(expr)),
        Some(token) => Err(Error::new(token.span, "there is no '(' for this ')'")),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    end: Span,
    now: &'a Zoned,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    /// Where the next token stands.
    fn here(&self) -> Span {
        self.peek().map_or(self.end, |token| token.span)
    }

    /// Reads `keyword` if it comes next.
    fn take(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.keyword() == Some(keyword));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Expr> {
        let mut all = vec![self.and()?];
        while self.take("or") {
            all.push(self.and()?);
        }
        Ok(one_or(all, Expr::Or))
    }

    fn and(&mut self) -> Result<Expr> {
        let mut all = vec![self.unary()?];
        loop {
            match self.peek() {
                None => break,
                Some(token) if matches!(token.kind, TokenKind::Close) || token.keyword() == Some("or") => break,
                Some(_) => {
                    self.take("and");
                    all.push(self.unary()?);
                }
            }
        }
        Ok(one_or(all, Expr::And))
    }

    fn unary(&mut self) -> Result<Expr> {
        let here = self.here();
        if self.depth >= MAX_DEPTH {
            return Err(Error::new(here, "this is nested too deeply"));
        }
        self.depth += 1;
        let expr = match self.peek() {
            Some(token) if matches!(token.kind, TokenKind::Minus) || token.keyword() == Some("not") => {
                self.at += 1;
                Expr::Not(Box::new(self.unary()?))
            }
            _ => self.primary()?,
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn primary(&mut self) -> Result<Expr> {
        let missing = |span| Err(Error::new(span, "something is missing here"));
        let Some(token) = self.peek() else {
            let before = self.tokens.last().and_then(Token::keyword);
            return match before {
                Some(word) => Err(Error::new(self.end, format!("something is missing after '{word}'"))),
                None => missing(self.end),
            };
        };
        match &token.kind {
            TokenKind::Open => {
                self.at += 1;
                if matches!(self.peek(), Some(Token { kind: TokenKind::Close, .. })) {
                    return Err(Error::new(token.span.to(self.here()), "there is nothing between the parentheses"));
                }
                let expr = self.or()?;
                if !matches!(self.peek(), Some(Token { kind: TokenKind::Close, .. })) {
                    return Err(Error::new(token.span, "there is no ')' for this '('"));
                }
                self.at += 1;
                Ok(expr)
            }
            TokenKind::Word(chars) => {
                if let Some(word) = token.keyword() {
                    let err = Error::new(token.span, format!("'{word}' needs something to join"));
                    return Err(err.hint(format!("to look for the word, quote it: \"{word}\"")));
                }
                self.at += 1;
                Ok(Expr::Term(term(chars, token.span, self.now)?))
            }
            TokenKind::Close if self.at == 0 => Err(Error::new(token.span, "there is no '(' for this ')'")),
            TokenKind::Close | TokenKind::Minus => missing(token.span),
        }
    }
}

impl Token {
    /// `and`, `or` or `not`, if it is one of these.
    fn keyword(&self) -> Option<&'static str> {
        let TokenKind::Word(chars) = &self.kind else { return None };
        let is = |keyword: &&&str| word::text(chars).eq_ignore_ascii_case(keyword);
        let plain = chars.iter().all(|char| char.plain);
        if plain { ["and", "or", "not"].iter().find(is).copied() } else { None }
    }
}

fn one_or(mut all: Vec<Expr>, join: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            join(all)
        }
    }
}

/// A word, at `span`: with or without a field.
fn term(chars: &[Char], span: Span, now: &Zoned) -> Result<Term> {
    let Some((at, op, len)) = operator(chars) else {
        let test = Test::Pattern(Pattern::new(chars));
        return Ok(Term { field: None, op: Op::Is, value: word::canonical(chars, true), test, span });
    };
    let (name, rest) = (&chars[..at], &chars[at + len..]);
    let sign = word::span(&chars[at..at + len], span);
    if name.is_empty() {
        let err = Error::new(sign, format!("there is no field before '{}'", word::text(&chars[at..at + len])));
        return Err(err.hint("write it without spaces: pass_rate<0.9"));
    }
    let written = word::text(name);
    let Some(field) = Field::find(&written) else {
        return Err(unknown(&written, word::span(name, span), &word::text(chars)));
    };
    if rest.is_empty() {
        let end = Span::new(sign.end, span.end);
        let err = Error::new(end, format!("'{}' has no value", field.name));
        return Err(match field.kind {
            super::Kind::Choice => err.hint(format!("it is one of {}", field.values.join(", "))),
            _ => err.hint(format!("write it without spaces: {}:VALUE", field.name)),
        });
    }
    let test = value::test(field, (op, sign), rest, now)?;
    let value = word::canonical(rest, false);
    Ok(Term { field: Some(field), op, value, test, span: word::span(rest, span) })
}

/// The first operator that is not quoted: where, which, how long.
fn operator(chars: &[Char]) -> Option<(usize, Op, usize)> {
    let plain = |at: usize| chars.get(at).filter(|char| char.plain).map(|char| char.c);
    (0..chars.len()).find_map(|at| {
        let (op, len) = match (plain(at)?, plain(at + 1)) {
            (':' | '=', _) => (Op::Is, 1),
            ('!', Some('=')) => (Op::IsNot, 2),
            ('<', Some('=')) => (Op::Le, 2),
            ('>', Some('=')) => (Op::Ge, 2),
            ('<', _) => (Op::Lt, 1),
            ('>', _) => (Op::Gt, 1),
            _ => return None,
        };
        Some((at, op, len))
    })
}

fn unknown(name: &str, span: Span, word: &str) -> Error {
    let err = Error::new(span, format!("there is no field '{}'", name.escape_debug()));
    match nearest(name, FIELDS.iter().flat_map(Field::names)) {
        Some(near) => err.hint(format!("did you mean '{near}'?")),
        None => err.hint(format!("to look for the text, quote it: \"{}\"", word.escape_debug())),
    }
}
