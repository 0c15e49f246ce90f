//! Numbers and times as people read them.

use jiff::Timestamp;

/// How long ago a moment was, in one unit: `5m ago`. `in 5m` for clocks that differ.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - then.as_second();
    let span = match seconds.unsigned_abs() {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3600 => format!("{}m", s / 60),
        s @ 3600..86_400 => format!("{}h", s / 3600),
        s @ 86_400..1_209_600 => format!("{}d", s / 86_400),
        s @ 1_209_600..5_184_000 => format!("{}w", s / 604_800),
        s @ 5_184_000..63_072_000 => format!("{}mo", s / 2_629_800),
        s => format!("{}y", s / 31_557_600),
    };
    if seconds >= 0 { format!("{span} ago") } else { format!("in {span}") }
}

/// A duration in milliseconds: `340ms`, `1.2s`, `4m10s`, `2h05m`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and not negative")]
pub(crate) fn duration(ms: f64) -> String {
    let ms = ms.max(0.0);
    let seconds = (ms / 1000.0).round() as u64;
    match ms {
        ms if ms < 999.5 => format!("{ms:.0}ms"),
        ms if ms < 59_950.0 => format!("{:.1}s", ms / 1000.0),
        _ if seconds < 3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// [`duration`] of whole milliseconds.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub(crate) fn milliseconds(ms: u64) -> String {
    duration(ms as f64)
}

/// A count with a unit of thousands: `950`, `12.3k`, `4.5M`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn count(n: u64) -> String {
    match n {
        0..1000 => n.to_string(),
        1000..1_000_000 => format!("{:.1}k", n as f64 / 1e3),
        _ => format!("{:.1}M", n as f64 / 1e6),
    }
}

/// Bytes: `512 B`, `14.2 KiB`, `45.0 MiB`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn bytes(n: u64) -> String {
    match n {
        0..1024 => format!("{n} B"),
        1024..1_048_576 => format!("{:.1} KiB", n as f64 / 1024.0),
        _ => format!("{:.1} MiB", n as f64 / 1_048_576.0),
    }
}

/// US dollars, with as many digits as small amounts need.
pub(crate) fn dollars(usd: f64) -> String {
    if usd == 0.0 || usd.abs() >= 0.995 { format!("${usd:.2}") } else { format!("${usd:.4}") }
}

/// A bar of `width` cells, filled to `rate`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a few cells")]
pub(crate) fn bar(rate: f64, width: usize) -> String {
    let mut filled = (rate.clamp(0.0, 1.0) * width as f64).round() as usize;
    // A bar that looks full or empty is.
    if rate < 1.0 {
        filled = filled.min(width.saturating_sub(1));
    }
    if rate > 0.0 {
        filled = filled.max(1);
    }
    format!("{}{}", "█".repeat(filled), "░".repeat(width - filled))
}

/// `1 run`, `2 runs`.
pub(crate) fn plural(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_is_enough() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        let before = |s: i64| ago(Timestamp::from_second(1_000_000_000 - s).unwrap(), now);
        let said: Vec<_> = [0, 59, 3599, 86_399, 86_400, 1_300_000, 10_000_000, 100_000_000].map(before).into();
        assert_eq!(said, ["0s ago", "59s ago", "59m ago", "23h ago", "1d ago", "2w ago", "3mo ago", "3y ago"]);
        assert_eq!(before(-90), "in 1m");
        assert_eq!(
            [0.4, 999.0, 59_949.0, 60_000.0, 3_900_000.0].map(duration),
            ["0ms", "999ms", "59.9s", "1m00s", "1h05m"]
        );
        assert_eq!([0.0, 0.0123, 1.5].map(dollars), ["$0.00", "$0.0123", "$1.50"]);
    }

    #[test]
    fn only_a_full_bar_looks_full() {
        assert_eq!([0.0, 0.01, 0.5, 0.999, 1.0].map(|rate| bar(rate, 4)), ["░░░░", "█░░░", "██░░", "███░", "████"]);
    }
}
