//! How pages show numbers and times.

use std::fmt::Write;

use crate::run::{Row, Status};

/// `1.2 s`, `3 m 4 s`, `2 h 5 m`.
pub(super) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..60 => format!("{seconds}.{} s", ms % 1000 / 100),
        60..3600 => format!("{} m {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} m", seconds / 3600, seconds / 60 % 60),
    }
}

/// `$0.0123`, `$1.23`.
pub(super) fn dollars(cost: f64) -> String {
    if cost != 0.0 && cost.abs() < 0.1 { format!("${cost:.4}") } else { format!("${cost:.2}") }
}

/// `2026-07-04 12:00` of `2026-07-04T12:00:00Z`.
pub(super) fn minute(time: &str) -> String {
    time.get(..16).map_or_else(|| time.to_owned(), |start| start.replacen('T', " ", 1))
}

/// A bar of passed, failed and unjudged cases, for an SVG of 64 by 7: class, left end, width.
pub(super) fn bar(row: &Row) -> Vec<(&'static str, String, String)> {
    let failed = row.test_count.saturating_sub(row.passed).saturating_sub(row.errors);
    let parts = [("passed", row.passed), ("failed", failed), ("errors", row.errors)];
    let (mut bar, mut left) = (Vec::new(), 0.0);
    for (class, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
        #[expect(clippy::cast_precision_loss, reason = "it is 64 pixels wide")]
        let width = 64.0 * count as f64 / row.test_count.max(1) as f64;
        bar.push((class, short(left), short(width)));
        left += width;
    }
    bar
}

/// `61.5 %` of a fraction.
pub(super) fn percent(fraction: f64) -> String {
    format!("{:.1} %", fraction * 100.0)
}

/// `0.913`.
pub(super) fn score(score: f64) -> String {
    format!("{score:.3}")
}

/// Milliseconds that a tool measured; nothing where they make no sense.
pub(super) fn milliseconds(ms: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a finite number from 0 on")]
    if ms.is_finite() && ms >= 0.0 { duration(ms as u64) } else { String::new() }
}

/// `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12.3 KiB`.
pub(super) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit behind the point")]
    let mut rest = bytes as f64;
    for unit in ["bytes", "KiB", "MiB"] {
        if rest < 1024.0 {
            return if unit == "bytes" { format!("{bytes} {unit}") } else { format!("{rest:.1} {unit}") };
        }
        rest /= 1024.0;
    }
    format!("{rest:.1} GiB")
}

/// How a status is told: the word, and the class of its colour.
pub(super) fn status(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Pass => ("passed", "good"),
        Status::Fail => ("failed", "bad"),
        Status::Error => ("error", "warn"),
        Status::Timeout => ("timeout", "warn"),
        Status::Cancelled => ("cancelled", "warn"),
        Status::Skip => ("skipped", "dim"),
    }
}

/// The beginning of a text, up to so many bytes, and whether that is not all of it.
pub(super) fn beginning(text: &str, bytes: usize) -> (&str, bool) {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    (&text[..end], end < text.len())
}

/// A word of a query: `field:"value"`.
pub(super) fn words(field: &str, value: &str) -> String {
    format!("{field}:\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A path as it stands in an address.
pub(super) fn path(path: &str) -> String {
    path.split('/').map(parameter).collect::<Vec<_>>().join("/")
}

fn short(number: f64) -> String {
    let mut text = String::new();
    let _ = write!(text, "{number:.1}");
    text
}

/// What a parameter of an address may not say as it is.
pub(super) fn parameter(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::{beginning, count, dollars, duration, minute, parameter, path, size};

    #[test]
    fn numbers_and_times() {
        assert_eq!(
            [duration(12), duration(1_250), duration(184_000), duration(7_500_000)],
            ["12 ms", "1.2 s", "3 m 4 s", "2 h 5 m"]
        );
        assert_eq!([dollars(0.0), dollars(0.0123), dollars(12.3)], ["$0.00", "$0.0123", "$12.30"]);
        assert_eq!(minute("2026-07-04T12:00:00Z"), "2026-07-04 12:00");
        assert_eq!(minute("soon"), "soon");
        assert_eq!(parameter("a&b=ä c"), "a%26b%3D%C3%A4%20c");
        assert_eq!(path("a b/ä?.md"), "a%20b/%C3%A4%3F.md");
        assert_eq!([count(7), count(1000), count(1_234_567)], ["7", "1,000", "1,234,567"]);
        assert_eq!([size(7), size(2048), size(5 << 20), size(7 << 30)], ["7 bytes", "2.0 KiB", "5.0 MiB", "7.0 GiB"]);
        assert_eq!(
            [beginning("aäb", 2), beginning("aäb", 3), beginning("aäb", 9)],
            [("a", true), ("aä", true), ("aäb", false)]
        );
    }
}
