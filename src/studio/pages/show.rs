//! How pages show numbers and times.

use std::fmt::Write;

use crate::run::Row;

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
    use super::{dollars, duration, minute, parameter};

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
    }
}
