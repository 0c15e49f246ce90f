//! So long ago.

use jiff::{Span, Zoned};

use super::Moment;

/// `2w`, `2 weeks ago`, `1 year 2 months ago`, `last month`, `now`.
pub(super) fn parse(words: &[&str], now: &Zoned) -> Option<Moment> {
    if let ["now"] = words {
        return Some(Moment::at(now));
    }
    let words = words.strip_suffix(&["ago"]).unwrap_or(words);
    let mut parts = Vec::new();
    for word in words {
        split(word, &mut parts);
    }
    if parts.is_empty() || parts.len() % 2 != 0 {
        return None;
    }
    let mut time = now.clone();
    for pair in parts.chunks_exact(2) {
        let back = span(pair[1], number(pair[0])?)?;
        time = time.checked_sub(back).ok()?;
    }
    Some(Moment::at(&time))
}

/// Splits `1h30m` between digits and letters.
fn split<'a>(word: &'a str, parts: &mut Vec<&'a str>) {
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let same = |c: char| c.is_ascii_digit() == first.is_ascii_digit();
        let len = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (part, tail) = rest.split_at(len);
        parts.push(part);
        rest = tail;
    }
}

fn number(text: &str) -> Option<i64> {
    const WORDS: [&str; 11] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    match text {
        "a" | "an" | "last" => Some(1),
        _ => match WORDS.iter().position(|word| *word == text) {
            Some(number) => i64::try_from(number).ok(),
            None => text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit())),
        },
    }
}

fn span(unit: &str, number: i64) -> Option<Span> {
    let span = Span::new();
    match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => span.try_seconds(number),
        "m" | "min" | "mins" | "minute" | "minutes" => span.try_minutes(number),
        "h" | "hr" | "hrs" | "hour" | "hours" => span.try_hours(number),
        "d" | "day" | "days" => span.try_days(number),
        "w" | "week" | "weeks" => span.try_weeks(number),
        "mo" | "month" | "months" => span.try_months(number),
        "y" | "yr" | "yrs" | "year" | "years" => span.try_years(number),
        _ => return None,
    }
    .ok()
}
