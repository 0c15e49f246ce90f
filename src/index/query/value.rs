//! What the value of a field means.

use std::ops::Bound;

use jiff::Zoned;

use super::Wanted;
use super::ast::{Op, Test};
use super::date;
use super::error::{Error, Result, Span};
use super::field::{Field, Kind, nearest};
use super::number;
use super::word::{self, Char, Pattern};

/// A commit id takes at least as many digits, as for git; fewer may name a branch.
const MIN_SHA: usize = 4;
/// The longest object id that git has.
const MAX_SHA: usize = 64;

/// The value `chars` (at least one) of a field, after the operator `op.0` that stands at `op.1`.
pub(super) fn test(field: &Field, (op, sign): (Op, Span), chars: &[Char], now: &Zoned) -> Result<Test> {
    let span = word::span(chars, sign);
    let allowed = match field.kind {
        Kind::Number(_) | Kind::Time => true,
        Kind::Since(_) => op == Op::Is,
        _ => matches!(op, Op::Is | Op::IsNot),
    };
    if !allowed {
        let err = Error::new(sign, format!("'{}' does not go with '{}'", op.as_str(), field.name));
        return Err(err.hint(format!("use {}:VALUE", field.name)));
    }
    match field.kind {
        Kind::Number(unit) => interval(op, chars, span, |chars, span| {
            let value = number::parse(unit, &word::text(chars)).map_err(|err| at(err, span))?;
            let slack = if unit.is_real() { number::EPSILON } else { 0.0 };
            Ok(Stretch { first: value - slack, last: value + slack, closed: true })
        }),
        Kind::Time => {
            let alone = matches!(op, Op::Is | Op::IsNot) && word::split_range(chars).is_none();
            interval(op, chars, span, |chars, span| {
                let stretch = moment(chars, span, now)?;
                if alone && stretch.first >= stretch.last {
                    let err = Error::new(span, "this is a moment; nothing happened just then");
                    return Err(err.hint(format!("use {}>= or {0}<", field.name)));
                }
                Ok(stretch)
            })
        }
        Kind::Since(op) => interval(op, chars, span, |chars, span| moment(chars, span, now)),
        Kind::Choice => choice(field, &word::text(chars), span),
        Kind::Id => hex(chars, span),
        Kind::Commit => commits(chars, span),
        Kind::Branch => {
            let name = revision(chars, span)?;
            if name.contains("..") {
                return Err(Error::new(span, "this is a range, not a branch").hint(format!("use sha:{name}")));
            }
            Ok(Test::Commits(Wanted::Reachable(name)))
        }
        Kind::Name | Kind::Names | Kind::Place | Kind::Tag | Kind::Text | Kind::Note => {
            Ok(Test::Pattern(Pattern::new(chars)))
        }
    }
}

/// What a number or a time covers.
struct Stretch {
    first: f64,
    last: f64,
    /// Whether `last` belongs to it.
    closed: bool,
}

fn interval(op: Op, chars: &[Char], span: Span, read: impl Fn(&[Char], Span) -> Result<Stretch>) -> Result<Test> {
    let from = |stretch: &Stretch| Bound::Included(stretch.first);
    let to = |stretch: &Stretch| {
        if stretch.closed { Bound::Included(stretch.last) } else { Bound::Excluded(stretch.last) }
    };
    if let Some((low, high)) = word::split_range(chars) {
        if !matches!(op, Op::Is | Op::IsNot) {
            let err = Error::new(span, format!("a range does not go with '{}'", op.as_str()));
            return Err(err.hint("use FIELD:A..B"));
        }
        let end = |chars: &[Char]| (!chars.is_empty()).then(|| read(chars, word::span(chars, span))).transpose();
        return match (end(low)?, end(high)?) {
            (None, None) => Err(Error::new(span, "a range needs an end").hint("write A..B, A.. or ..B")),
            (Some(low), Some(high)) if low.first > high.last || (!high.closed && low.first >= high.last) => {
                Err(Error::new(span, "nothing is in this range: it ends before it begins"))
            }
            (low, high) => Ok(Test::Interval(
                low.as_ref().map_or(Bound::Unbounded, from),
                high.as_ref().map_or(Bound::Unbounded, to),
            )),
        };
    }
    let stretch = read(chars, span)?;
    Ok(match op {
        Op::Is | Op::IsNot => Test::Interval(from(&stretch), to(&stretch)),
        Op::Lt => Test::Interval(Bound::Unbounded, Bound::Excluded(stretch.first)),
        Op::Le => Test::Interval(Bound::Unbounded, to(&stretch)),
        Op::Gt if stretch.closed => Test::Interval(Bound::Excluded(stretch.last), Bound::Unbounded),
        Op::Gt => Test::Interval(Bound::Included(stretch.last), Bound::Unbounded),
        Op::Ge => Test::Interval(from(&stretch), Bound::Unbounded),
    })
}

#[expect(clippy::cast_precision_loss, reason = "years have four digits, so milliseconds stay below 2^53")]
fn moment(chars: &[Char], span: Span, now: &Zoned) -> Result<Stretch> {
    let moment = date::parse(&word::text(chars), now).map_err(|err| at(err, span))?;
    Ok(Stretch { first: moment.start as f64, last: moment.end as f64, closed: false })
}

/// Points at the value that was read without knowing where it stands.
fn at((message, hint): (String, &'static str), span: Span) -> Error {
    Error::new(span, message).hint(hint)
}

fn choice(field: &Field, written: &str, span: Span) -> Result<Test> {
    if let Some(word) = field.values.iter().find(|word| word.eq_ignore_ascii_case(written)) {
        return Ok(Test::Choice(word));
    }
    let err = Error::new(span, format!("'{}' is no value of '{}'", written.escape_debug(), field.name));
    Err(match nearest(written, field.values.iter().copied()) {
        Some(near) => err.hint(format!("did you mean '{near}'?")),
        None => err.hint(format!("it is one of {}", field.values.join(", "))),
    })
}

/// The beginning of an id, or a glob.
fn hex(chars: &[Char], span: Span) -> Result<Test> {
    let lower: Vec<Char> = chars.iter().map(|char| Char { c: char.c.to_ascii_lowercase(), ..*char }).collect();
    let pattern = Pattern::new(&lower);
    if !pattern.is_hex() {
        let err = Error::new(span, format!("'{}' cannot begin an id", word::text(chars).escape_debug()));
        return Err(err.hint("ids have the digits 0 to 9 and a to f; the bundle's own id is run_id:…"));
    }
    Ok(Test::Pattern(pattern))
}

fn commits(chars: &[Char], span: Span) -> Result<Test> {
    let text = word::text(chars);
    let glob = chars.iter().any(|char| char.plain && matches!(char.c, '*' | '?'));
    let digits = text.chars().all(|c| c.is_ascii_hexdigit()) && (MIN_SHA..=MAX_SHA).contains(&text.len());
    if glob || digits {
        return hex(chars, span);
    }
    let revision = revision(chars, span)?;
    Ok(Test::Commits(if revision.contains("..") { Wanted::Range(revision) } else { Wanted::Commit(revision) }))
}

/// What git will be asked about. It must not look like an option.
fn revision(chars: &[Char], span: Span) -> Result<String> {
    let text = word::text(chars);
    if text.starts_with('-') {
        return Err(Error::new(span, "a revision does not begin with '-'"));
    }
    Ok(text)
}
