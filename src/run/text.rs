//! Text from a run, before people see it.

/// Whether a character may do something to a terminal: control characters
/// (they could move the cursor, change colours or the clipboard) and the marks
/// that reorder text.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
