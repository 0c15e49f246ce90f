//! Text as it was written: which characters were quoted, and where each one stands.

use super::error::Span;

/// A character of a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Char {
    pub(super) c: char,
    /// Not quoted, so that it may mean something.
    pub(super) plain: bool,
    pub(super) span: Span,
}

/// The text, without quotes.
pub(super) fn text(chars: &[Char]) -> String {
    chars.iter().map(|char| char.c).collect()
}

/// Where the characters stand; `end` for none.
pub(super) fn span(chars: &[Char], end: Span) -> Span {
    match chars {
        [] => Span::new(end.end, end.end),
        [first, .., last] => first.span.to(last.span),
        [only] => only.span,
    }
}

/// The part before and the part after the first `..` that is not quoted.
pub(super) fn split_range(chars: &[Char]) -> Option<(&[Char], &[Char])> {
    let at = chars.windows(2).position(|pair| pair.iter().all(|char| char.plain && char.c == '.'))?;
    Some((&chars[..at], &chars[at + 2..]))
}

/// How a value is written, with as little quoting as will do. `free` if it stands alone, where it must not
/// look like anything else.
pub(super) fn canonical(chars: &[Char], free: bool) -> String {
    let dot = |at: usize| chars.get(at).is_some_and(|char| char.c == '.');
    let must = |at: usize| {
        let Char { c, plain, .. } = chars[at];
        match c {
            '"' | '\\' | '(' | ')' => true,
            '*' | '?' | ':' | '=' | '<' | '>' | '!' => !plain,
            '.' => !plain && (dot(at + 1) || at.checked_sub(1).is_some_and(dot)),
            '-' => free && at == 0,
            c => c.is_whitespace(),
        }
    };
    let means = |at: usize| {
        let Char { c, plain, .. } = chars[at];
        plain && (matches!(c, '*' | '?') || (c == '.' && (dot(at + 1) || at.checked_sub(1).is_some_and(dot))))
    };
    let all = 0..chars.len();
    let keyword = free && is_keyword(&text(chars));
    if !keyword && !all.clone().any(must) {
        return text(chars);
    }
    let mut out = String::new();
    let mut open = false;
    for at in all {
        // Only what must stay outside of the quotes ends them.
        if open == means(at) {
            out.push('"');
            open = !open;
        }
        if open && matches!(chars[at].c, '"' | '\\') {
            out.push('\\');
        }
        out.push(chars[at].c);
    }
    if open {
        out.push('"');
    }
    out
}

/// Whether a word joins terms where it is not quoted.
pub(super) fn is_keyword(word: &str) -> bool {
    ["and", "or", "not"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// A text with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Char(char),
    One,
    Any,
}

impl Pattern {
    pub(super) fn new(chars: &[Char]) -> Self {
        let piece = |char: &Char| match char.c {
            '*' if char.plain => Piece::Any,
            '?' if char.plain => Piece::One,
            c => Piece::Char(c),
        };
        Self(chars.iter().map(piece).collect())
    }

    /// The text, if there are no wildcards.
    pub(super) fn literal(&self) -> Option<String> {
        let literal = |piece: &Piece| if let Piece::Char(c) = piece { Some(*c) } else { None };
        self.0.iter().map(literal).collect()
    }

    /// For SQL's `LIKE … ESCAPE '\'`.
    pub(super) fn like(&self) -> String {
        self.write(&['%', '_', '\\'], |c| format!("\\{c}"), '%', '_')
    }

    /// For SQL's `GLOB`.
    pub(super) fn glob(&self) -> String {
        self.write(&['*', '?', '['], |c| format!("[{c}]"), '*', '?')
    }

    fn write(&self, special: &[char], escape: impl Fn(char) -> String, any: char, one: char) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Char(c) if special.contains(c) => out.push_str(&escape(*c)),
                Piece::Char(c) => out.push(*c),
                Piece::Any => out.push(any),
                Piece::One => out.push(one),
            }
        }
        out
    }

    /// Whether all characters that are no wildcards are hex digits.
    pub(super) fn is_hex(&self) -> bool {
        self.0.iter().all(|piece| !matches!(piece, Piece::Char(c) if !c.is_ascii_hexdigit()))
    }
}
