//! Days and moments, in the words that git takes.

mod calendar;
mod relative;

use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What a date covers, in milliseconds since 1970: from `start` up to, but not with, `end`.
/// A moment, as `2 weeks ago`, covers nothing: both are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) start: i64,
    pub(super) end: i64,
}

const HINT: &str = "write 2026-07-04, 2026-07, \"2026-07-04 10:30\", yesterday, friday, 2w, \"3 days ago\"";

/// Reads a date relative to `now`, and in its time zone unless the text names another. The error says
/// what is wrong, and what would be right.
pub(super) fn parse(text: &str, now: &Zoned) -> Result<Moment, (String, &'static str)> {
    let words = words(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let [digits] = words.as_slice()
        && digits.len() != 4
        && digits.chars().all(|c| c.is_ascii_digit())
    {
        return Err(("this is a bare number".into(), "give it a unit (2d, 3w), or write a date: 2026-07-04"));
    }
    relative::parse(&words, now)
        .or_else(|| calendar::parse(&words, now))
        .ok_or_else(|| (format!("'{}' is no date", text.escape_debug()), HINT))
}

/// Small letters, split at blanks, commas, and as git does at dots and underscores, but not in `2026.07.04` and `1.5`.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().map(|c| c.to_ascii_lowercase()).collect();
    let digit = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
    let split = |at: usize| match chars[at] {
        '.' => !(digit(at.checked_sub(1)) && digit(Some(at + 1))),
        c => c == ',' || c == '_' || c.is_whitespace(),
    };
    let spaced: String = (0..chars.len()).map(|at| if split(at) { ' ' } else { chars[at] }).collect();
    spaced.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl Moment {
    fn at(time: &Zoned) -> Self {
        let ms = time.timestamp().as_millisecond();
        Self { start: ms, end: ms }
    }

    /// From the first moment of a day to the first of another.
    fn days(first: Date, end: Date, zone: &TimeZone) -> Option<Self> {
        let ms = |day: Date| Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond());
        Some(Self { start: ms(first)?, end: ms(end)? })
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, Zoned};

    use super::parse;

    /// A Wednesday.
    const NOW: &str = "2026-07-15T14:30:00+02:00[Europe/Berlin]";

    fn read(text: &str) -> Option<(String, String)> {
        let now: Zoned = NOW.parse().unwrap();
        let local = |ms: i64| {
            let time = Timestamp::from_millisecond(ms).unwrap().to_zoned(now.time_zone().clone());
            time.strftime("%F %T%.f").to_string()
        };
        parse(text, &now).ok().map(|moment| (local(moment.start), local(moment.end)))
    }

    #[test]
    fn days_are_whole() {
        let days = [
            ("2026-07-04", "2026-07-04", "2026-07-05"),
            ("2026/7/4", "2026-07-04", "2026-07-05"),
            ("2026.07.04", "2026-07-04", "2026-07-05"),
            ("today", "2026-07-15", "2026-07-16"),
            ("Yesterday", "2026-07-14", "2026-07-15"),
            ("friday", "2026-07-10", "2026-07-11"),
            ("last.fri", "2026-07-10", "2026-07-11"),
            ("wednesday", "2026-07-08", "2026-07-09"),
            ("this week", "2026-07-13", "2026-07-20"),
            ("this month", "2026-07-01", "2026-08-01"),
            ("this_year", "2026-01-01", "2027-01-01"),
            ("2026-02", "2026-02-01", "2026-03-01"),
            ("2025", "2025-01-01", "2026-01-01"),
            ("july", "2026-07-01", "2026-08-01"),
            ("december", "2025-12-01", "2026-01-01"),
            ("dec 2024", "2024-12-01", "2025-01-01"),
            ("July 4", "2026-07-04", "2026-07-05"),
            ("4th july", "2026-07-04", "2026-07-05"),
            ("july 16", "2025-07-16", "2025-07-17"),
            ("July 4, 2024", "2024-07-04", "2024-07-05"),
            // 23 and 25 hours long.
            ("2026-03-29", "2026-03-29", "2026-03-30"),
            ("2026-10-25", "2026-10-25", "2026-10-26"),
        ];
        for (text, start, end) in days {
            assert_eq!(read(text), Some((format!("{start} 00:00:00"), format!("{end} 00:00:00"))), "{text}");
        }
    }

    #[test]
    fn times_and_zones() {
        let times = [
            ("2026-07-04 10:30", "2026-07-04 10:30:00", "2026-07-04 10:31:00"),
            ("10:30:05", "2026-07-15 10:30:05", "2026-07-15 10:30:06"),
            ("yesterday.noon", "2026-07-14 12:00:00", "2026-07-14 12:01:00"),
            ("2026-07-04T10:30:00Z", "2026-07-04 12:30:00", "2026-07-04 12:30:01"),
            ("2026-07-04T10:30:00.25Z", "2026-07-04 12:30:00.25", "2026-07-04 12:30:00.251"),
            ("2026-07-04T10:30:00-0500", "2026-07-04 17:30:00", "2026-07-04 17:30:01"),
            ("2026-07-04 10:30 +05:30", "2026-07-04 07:00:00", "2026-07-04 07:01:00"),
            ("2026-07-04 utc", "2026-07-04 02:00:00", "2026-07-05 02:00:00"),
            ("@0", "1970-01-01 01:00:00", "1970-01-01 01:00:01"),
        ];
        for (text, start, end) in times {
            assert_eq!(read(text), Some((start.into(), end.into())), "{text}");
        }
    }

    #[test]
    fn so_long_ago() {
        let moments = [
            ("now", "2026-07-15 14:30:00"),
            ("2w", "2026-07-01 14:30:00"),
            ("2 weeks ago", "2026-07-01 14:30:00"),
            ("2.weeks.ago", "2026-07-01 14:30:00"),
            ("two weeks", "2026-07-01 14:30:00"),
            ("an hour ago", "2026-07-15 13:30:00"),
            ("1h30m", "2026-07-15 13:00:00"),
            ("90s", "2026-07-15 14:28:30"),
            ("3mo", "2026-04-15 14:30:00"),
            ("last month", "2026-06-15 14:30:00"),
            ("1 year 2 months ago", "2025-05-15 14:30:00"),
            // By the clock, although the hour was another one.
            ("8mo", "2025-11-15 14:30:00"),
        ];
        for (text, time) in moments {
            assert_eq!(read(text), Some((time.into(), time.into())), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        let bad = [
            "",
            "ago",
            "2",
            "20260704",
            "2w ago ago",
            "w",
            "2026-00",
            "2026-07-32",
            "2026-07-04-05",
            "26-07-04",
            "ju",
            "july 32",
            "25:00",
            "10:61",
            "this july",
            "last",
            "yesterday july",
            "2026-07 10:30",
            "2026-07-04T",
            "@x",
            "@",
            "+02:00",
            "10:30+99:00",
            "999999y",
            "99999999999999999999d",
            "\u{663}d",
            "t",
            "2026-07-04é",
        ];
        for text in bad {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
