//! Days, months, years, and times of day.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp, ToSpan, Zoned};

use super::Moment;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A day, month or year, with or without a time of day.
pub(super) fn parse(words: &[&str], now: &Zoned) -> Option<Moment> {
    if let [word] = words {
        if let Some(seconds) = word.strip_prefix('@') {
            let time = Timestamp::from_second(seconds.parse().ok()?).ok()?.as_millisecond();
            return Some(Moment { start: time, end: time + 1000 });
        }
        // What comes out of a program: 2026-07-04T10:00:00.000Z
        if let Some((day, time)) = word.split_once('t').filter(|(day, _)| day.starts_with(|c: char| c.is_ascii_digit()))
        {
            return parse(&[day, time], now);
        }
    }
    let (words, zone) = zone(words, now)?;
    let today = now.with_time_zone(zone.clone()).date();
    if let Some((first, end)) = days(&words, today) {
        return Moment::days(first, end, &zone);
    }
    let (time, day) = match words.split_last()? {
        (time, []) => (time, Some((today, today))),
        (time, day) => (time, days(day, today)),
    };
    let (time, covers) = clock(time)?;
    let (day, _) = day.filter(|(first, end)| first == end || first.tomorrow().ok() == Some(*end))?;
    let start = DateTime::from_parts(day, time).to_zoned(zone).ok()?.timestamp().as_millisecond();
    Some(Moment { start, end: start + covers })
}

/// The time zone that the last word names or ends with, and the words without it.
fn zone<'a>(words: &[&'a str], now: &Zoned) -> Option<(Vec<&'a str>, TimeZone)> {
    let mut rest = words.to_vec();
    let own = now.time_zone().clone();
    let Some((last, before)) = words.split_last() else { return Some((rest, own)) };
    if matches!(*last, "z" | "utc" | "gmt") {
        return Some((before.to_vec(), TimeZone::UTC));
    }
    // A zone follows a time of day, or stands alone.
    let at = last.find(['+', '-', 'z']).filter(|at| *at == 0 && !before.is_empty() || last[..*at].contains(':'));
    let Some(at) = at else { return Some((rest, own)) };
    let (time, zone) = last.split_at(at);
    rest.pop();
    if !time.is_empty() {
        rest.push(time);
    }
    Some((rest, if zone == "z" { TimeZone::UTC } else { offset(zone)? }))
}

/// `+02:00`, `+0200`, `+02`
fn offset(text: &str) -> Option<TimeZone> {
    let digits = text[1..].replace(':', "");
    let number: i32 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    let (hours, minutes) = match digits.len() {
        2 => (number, 0),
        4 => (number / 100, number % 100),
        _ => return None,
    };
    let seconds = (hours * 60 + minutes) * 60;
    let seconds = if text.starts_with('-') { -seconds } else { seconds };
    (minutes < 60).then(|| Offset::from_seconds(seconds).ok().map(TimeZone::fixed))?
}

/// A time of day, and how many milliseconds that covers.
fn clock(text: &str) -> Option<(Time, i64)> {
    match text {
        "noon" => return Some((Time::constant(12, 0, 0, 0), 60_000)),
        "midnight" => return Some((Time::midnight(), 60_000)),
        _ => {}
    }
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let parts: Vec<i8> = whole.split(':').map(|part| small(part, 2)).collect::<Option<_>>()?;
    match (parts.as_slice(), fraction) {
        ([hour, minute], None) => Some((Time::new(*hour, *minute, 0, 0).ok()?, 60_000)),
        ([hour, minute, second], None) => Some((Time::new(*hour, *minute, *second, 0).ok()?, 1000)),
        ([hour, minute, second], Some(fraction)) if fraction.bytes().all(|b| b.is_ascii_digit()) => {
            let ms: i32 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
            Some((Time::new(*hour, *minute, *second, ms * 1_000_000).ok()?, 1))
        }
        _ => None,
    }
}

/// The first day, and the day after the last.
fn days(words: &[&str], today: Date) -> Option<(Date, Date)> {
    let one = |day: Date| Some((day, day.tomorrow().ok()?));
    match words {
        ["today"] => one(today),
        ["yesterday"] => one(today.yesterday().ok()?),
        ["tomorrow"] => one(today.tomorrow().ok()?),
        ["this", "week"] => {
            let monday = today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
            reach(monday, 1.week())
        }
        ["this", "month"] => reach(today.first_of_month(), 1.month()),
        ["this", "year"] => reach(today.first_of_year(), 1.year()),
        ["last", day] | [day] if weekday(day).is_some() => {
            // The newest that is over: on a Friday, the one a week ago.
            one(today.nth_weekday(-1, weekday(day)?).ok()?)
        }
        [name] if month(name).is_some() => {
            let first = Date::new(today.year(), month(name)?, 1).ok()?;
            let past = if first > today { first.checked_sub(1.year()).ok()? } else { first };
            reach(past, 1.month())
        }
        [word] => numeric(word),
        [name, year] | [year, name] if month(name).is_some() && year.len() == 4 => {
            reach(Date::new(small(year, 4)?, month(name)?, 1).ok()?, 1.month())
        }
        [name, day] | [day, name] if month(name).is_some() => {
            let found = Date::new(today.year(), month(name)?, ordinal(day)?).ok()?;
            one(if found > today { Date::new(today.year() - 1, found.month(), found.day()).ok()? } else { found })
        }
        [name, day, year] | [day, name, year] if month(name).is_some() => {
            one(Date::new((year.len() == 4).then(|| small(year, 4))??, month(name)?, ordinal(day)?).ok()?)
        }
        _ => None,
    }
}

/// `2026`, `2026-07`, `2026-07-04`, also with `/` and `.`.
fn numeric(word: &str) -> Option<(Date, Date)> {
    let separator = word.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '-' | '/' | '.'));
    let parts: Vec<&str> = separator.map_or_else(|| vec![word], |separator| word.split(separator).collect());
    let year: i16 = parts.first().filter(|year| year.len() == 4).and_then(|year| small(year, 4))?;
    match parts[1..] {
        [] => reach(Date::new(year, 1, 1).ok()?, 1.year()),
        [month] => reach(Date::new(year, small(month, 2)?, 1).ok()?, 1.month()),
        [month, day] => reach(Date::new(year, small(month, 2)?, small(day, 2)?).ok()?, 1.day()),
        _ => None,
    }
}

fn reach(first: Date, span: Span) -> Option<(Date, Date)> {
    Some((first, first.checked_add(span).ok()?))
}

/// A number of at most `len` digits and nothing else.
fn small<T: std::str::FromStr>(text: &str, len: usize) -> Option<T> {
    let digits = (1..=len).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// `4`, `4th`
fn ordinal(text: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| text.strip_suffix(end));
    small(digits.unwrap_or(text), 2)
}

fn month(text: &str) -> Option<i8> {
    i8::try_from(named(text, &MONTHS)? + 1).ok()
}

fn weekday(text: &str) -> Option<Weekday> {
    Weekday::from_monday_zero_offset(i8::try_from(named(text, &WEEKDAYS)?).ok()?).ok()
}

/// The name that `text` is, or abbreviates with at least three letters.
fn named(text: &str, names: &[&str]) -> Option<usize> {
    names.iter().position(|name| text.len() >= 3 && name.starts_with(text))
}
