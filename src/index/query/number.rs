//! Numbers with units.

use super::field::Unit;

/// Computed fractions that differ by less are the same number.
pub(super) const EPSILON: f64 = 1e-9;

const NOT_A_NUMBER: &str = "this is not a number";

/// Reads a number; the error says what is wrong, and what would be right.
pub(super) fn parse(unit: Unit, text: &str) -> Result<f64, (String, &'static str)> {
    let hint = match unit {
        Unit::Count => "write a whole number: 20",
        Unit::Tokens => "write a number, also in thousands or millions: 1500, 20k, 1.5m",
        Unit::Rate => "write a fraction or per cent: 0.9, 90%",
        Unit::Score => "write a number or per cent: 0.9, 90%",
        Unit::Duration => "write milliseconds, or a unit: 90s, 2m, 1h30m, 500ms",
        Unit::Dollars => "write US dollars: 0.25, $0.25",
    };
    let wrong = |message: &str| (message.to_owned(), hint);
    let lower = text.to_ascii_lowercase();
    let value = match unit {
        Unit::Count => decimal(&lower, 0),
        Unit::Tokens => match lower.strip_suffix(['k', 'm']) {
            Some(digits) => decimal(digits, if lower.ends_with('k') { 3 } else { 6 }),
            None => decimal(&lower, 0),
        },
        Unit::Rate | Unit::Score => match lower.strip_suffix('%') {
            Some(digits) => decimal(digits, -2),
            None => decimal(&lower, 0),
        },
        Unit::Duration => duration(&lower),
        Unit::Dollars => decimal(lower.strip_prefix('$').unwrap_or(&lower), 0),
    };
    match value {
        None => Err(wrong(NOT_A_NUMBER)),
        Some(value) if !value.is_finite() => Err(wrong("this number is too large")),
        Some(value) if unit == Unit::Count && value.fract() != 0.0 => Err(wrong("this is not a whole number")),
        Some(value) if unit == Unit::Rate && value > 1.0 => Err(wrong("a rate is not more than 1")),
        Some(value) if unit != Unit::Score && value < 0.0 => Err(wrong("this is never less than 0")),
        Some(value) => Ok(value),
    }
}

/// A number as people write it, times 10 to the power of `power`: never `inf`, `nan`, `1e5`. The power goes into the
/// text, so that 91.3% is the very number that 0.913 is.
fn decimal(text: &str, power: i32) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.') && digits.contains(|c: char| c.is_ascii_digit());
    if plain { format!("{text}e{power}").parse().ok() } else { None }
}

/// Milliseconds, from those or from `1h30m`.
fn duration(text: &str) -> Option<f64> {
    if let Some(plain) = decimal(text, 0) {
        return Some(plain);
    }
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, tail) = rest.split_at(digits);
        let len = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(len);
        let factor = match unit {
            "ms" => 1.0,
            "s" | "sec" => 1e3,
            "m" | "min" => 6e4,
            "h" => 3.6e6,
            "d" => 8.64e7,
            _ => return None,
        };
        sum += decimal(number, 0)? * factor;
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::{Unit, parse};

    #[test]
    fn units() {
        let good: [(Unit, &str, f64); 13] = [
            (Unit::Count, "20", 20.0),
            (Unit::Tokens, "20k", 20_000.0),
            (Unit::Tokens, "1.5M", 1_500_000.0),
            (Unit::Rate, "91.3%", 0.913),
            (Unit::Rate, ".5", 0.5),
            (Unit::Rate, "100%", 1.0),
            (Unit::Score, "-0.5", -0.5),
            (Unit::Score, "7", 7.0),
            (Unit::Duration, "250", 250.0),
            (Unit::Duration, "90s", 90_000.0),
            (Unit::Duration, "1h30m", 5_400_000.0),
            (Unit::Duration, "1.5m", 90_000.0),
            (Unit::Dollars, "$0.25", 0.25),
        ];
        for (unit, text, expected) in good {
            assert_eq!(parse(unit, text).unwrap().to_bits(), expected.to_bits(), "{text}");
        }
        let bad = [
            (Unit::Count, "1.5", "not a whole number"),
            (Unit::Count, "-1", "never less than 0"),
            (Unit::Count, "1e5", "not a number"),
            (Unit::Count, "nan", "not a number"),
            (Unit::Count, "", "not a number"),
            (Unit::Count, ".", "not a number"),
            (Unit::Count, "٣", "not a number"),
            (Unit::Rate, "90", "not more than 1"),
            (Unit::Duration, "2 weeks", "not a number"),
            (Unit::Duration, "h", "not a number"),
            (Unit::Tokens, "k", "not a number"),
            (Unit::Dollars, "$", "not a number"),
        ];
        for (unit, text, expected) in bad {
            let (message, _) = parse(unit, text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
        let huge = "9".repeat(400);
        assert_eq!(parse(Unit::Count, &huge).unwrap_err().0, "this number is too large");
    }
}
