//! Some lines of a text, with their numbers.

use super::{markup, show};

/// Lines on one page.
pub(super) const LINES: u64 = 1000;
/// Bytes of a line that are shown.
const WIDTH: usize = 2000;

/// Lines to show.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) shown: Vec<Line>,
    /// The addresses of the lines before, and behind.
    pub(super) before: Option<String>,
    pub(super) behind: Option<String>,
}

/// A line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: u64,
    /// What it is in a patch.
    pub(super) class: &'static str,
    pub(super) text: String,
    /// Whether that is not all of it.
    pub(super) cut: bool,
}

/// Takes the lines that are wanted from a text that comes piece by piece.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "what is known of the line that is being read")]
pub(super) struct Window {
    from: u64,
    patch: bool,
    number: u64,
    line: Vec<u8>,
    cut: bool,
    begun: bool,
    more: bool,
    lines: Vec<Line>,
}

/// The first line of the page that a line is on.
pub(super) fn page_of(line: u64) -> u64 {
    line.saturating_sub(1) / LINES * LINES + 1
}

impl Window {
    pub(super) fn new(from: u64, patch: bool) -> Self {
        Self { from: from.max(1), patch, number: 1, ..Self::default() }
    }

    /// Takes a piece of the text; says whether more is wanted.
    pub(super) fn feed(&mut self, mut data: &[u8]) -> bool {
        while !data.is_empty() {
            if self.lines.len() as u64 >= LINES {
                self.more = true;
                return false;
            }
            let end = data.iter().position(|&byte| byte == b'\n');
            let piece = &data[..end.unwrap_or(data.len())];
            if self.number >= self.from {
                let keep = piece.len().min(WIDTH - self.line.len());
                self.line.extend_from_slice(&piece[..keep]);
                self.cut |= keep < piece.len();
            }
            self.begun = end.is_none();
            if end.is_some() {
                self.end_line();
            }
            data = &data[piece.len() + usize::from(end.is_some())..];
        }
        true
    }

    fn end_line(&mut self) {
        if self.number >= self.from {
            let text = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
            let text = text.strip_suffix('\r').map(str::to_owned).unwrap_or(text);
            let class = if self.patch { markup::patch_class(&text) } else { "" };
            let cut = std::mem::take(&mut self.cut);
            self.lines.push(Line { number: self.number, class, text, cut });
        }
        self.number += 1;
    }

    /// The lines. `address` is what `from=` is added to.
    pub(super) fn finish(mut self, address: &str) -> Lines {
        if self.begun && !self.more {
            self.end_line();
        }
        let to = |line: u64| format!("{address}from={line}");
        Lines {
            before: (self.from > 1).then(|| to(self.from.saturating_sub(LINES).max(1))),
            behind: self.more.then(|| to(self.from + LINES)),
            shown: self.lines,
        }
    }
}

/// Of a line that has what is searched for: what is around it, and what it is.
pub(super) fn around(line: &str, at: usize, length: usize) -> (String, String, String) {
    const BEFORE: usize = 60;
    const BEHIND: usize = 160;
    let start = (0..=at.saturating_sub(BEFORE)).rev().find(|at| line.is_char_boundary(*at)).unwrap_or_default();
    let (behind, cut) = show::beginning(&line[at + length..], BEHIND);
    let dots = |is: bool| if is { "…" } else { "" };
    (
        format!("{}{}", dots(start > 0), &line[start..at]),
        line[at..at + length].to_owned(),
        format!("{behind}{}", dots(cut)),
    )
}

#[cfg(test)]
mod tests {
    use super::{LINES, Window, page_of};

    #[test]
    fn lines_and_their_numbers() {
        let text: String = (1..=2500).flat_map(|n| [format!("line {n}"), "\r\n".to_owned()]).collect();
        for (from, first, count, behind) in [(1, "line 1", 1000, Some("a?from=1001")), (2001, "line 2001", 500, None)] {
            let mut window = Window::new(from, false);
            for piece in text.as_bytes().chunks(7) {
                if !window.feed(piece) {
                    break;
                }
            }
            let lines = window.finish("a?");
            assert_eq!((lines.shown[0].number, lines.shown[0].text.as_str()), (from, first));
            assert_eq!((lines.shown.len(), lines.behind.as_deref()), (count, behind));
        }
        let mut window = Window::new(1, true);
        window.feed(b"+added\n-gone\n\nend");
        let lines = window.finish("").shown;
        let told: Vec<_> = lines.iter().map(|line| (line.number, line.class, line.text.as_str())).collect();
        assert_eq!(told, [(1, "add", "+added"), (2, "del", "-gone"), (3, "", ""), (4, "", "end")]);
        assert_eq!([page_of(1), page_of(LINES), page_of(LINES + 1)], [1, 1, LINES + 1]);
    }
}
