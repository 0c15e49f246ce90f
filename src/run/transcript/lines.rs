//! A page of a transcript of lines.

use super::{Part, Turn};

/// Bytes of a line that are looked at. A longer one is shown as it begins.
const LINE: usize = 1 << 20;
/// Bytes of what a longer one shows.
const BEGINNING: usize = 4 << 10;

/// Reads lines as they come, until there are enough.
#[derive(Debug)]
pub struct LineReader {
    lines: usize,
    bytes: usize,
    seen: u64,
    taken: usize,
    line: Vec<u8>,
    /// Bytes of the line that were passed over.
    dropped: u64,
    turns: Vec<Turn>,
    full: bool,
}

/// Turns of a file.
#[derive(Debug, Default)]
pub struct LinePage {
    /// The turns. Lines that are not understood and follow each other are one.
    pub turns: Vec<Turn>,
    /// How many lines they are.
    pub lines: usize,
    /// How many bytes from the beginning of this page the next one begins; none at the end.
    pub next: Option<u64>,
}

impl LineReader {
    /// A page ends after so many lines or bytes.
    #[must_use]
    pub fn new(lines: usize, bytes: usize) -> Self {
        Self { lines, bytes, seen: 0, taken: 0, line: Vec::new(), dropped: 0, turns: Vec::new(), full: false }
    }

    /// Takes a piece of the file; says whether more is wanted.
    pub fn feed(&mut self, mut data: &[u8]) -> bool {
        while !data.is_empty() {
            if self.taken >= self.lines || self.seen >= self.bytes as u64 {
                self.full = self.full || self.line.is_empty();
                if self.full {
                    return false;
                }
            }
            let end = data.iter().position(|&byte| byte == b'\n');
            let piece = &data[..end.unwrap_or(data.len())];
            let keep = piece.len().min(LINE - self.line.len());
            self.line.extend_from_slice(&piece[..keep]);
            self.dropped += (piece.len() - keep) as u64;
            self.seen += piece.len() as u64;
            data = &data[piece.len()..];
            if end.is_some() {
                data = &data[1..];
                self.seen += 1;
                self.end_line();
            }
        }
        true
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let dropped = std::mem::take(&mut self.dropped);
        self.taken += 1;
        let text = String::from_utf8_lossy(&line);
        let text = text.strip_suffix('\r').unwrap_or(&text);
        if text.trim().is_empty() && self.turns.last().is_none_or(|turn| turn.role != Turn::RAW) {
            return;
        }
        let turn = if dropped > 0 {
            let start: String = text.chars().take(BEGINNING).collect();
            Turn::raw(&format!("{start}… ({} bytes in one line)", line.len() as u64 + dropped))
        } else {
            Turn::of_line(text)
        };
        if turn.role == Turn::RAW
            && let Some(before) = self.turns.last_mut().filter(|before| before.role == Turn::RAW)
            && let (Some(Part::Other(all)), [Part::Other(more)]) = (before.parts.first_mut(), turn.parts.as_slice())
        {
            all.push('\n');
            all.push_str(more);
            return;
        }
        self.turns.push(turn);
    }

    /// What was read.
    #[must_use]
    pub fn finish(mut self) -> LinePage {
        let next = self.full.then_some(self.seen);
        if !self.line.is_empty() {
            self.end_line();
        }
        LinePage { turns: self.turns, lines: self.taken, next }
    }
}

#[cfg(test)]
mod tests {
    use super::LineReader;
    use crate::run::transcript::{Part, Turn};

    fn read(text: &str, lines: usize, piece: usize) -> (Vec<Turn>, Option<u64>) {
        let mut reader = LineReader::new(lines, 1 << 30);
        for piece in text.as_bytes().chunks(piece) {
            if !reader.feed(piece) {
                break;
            }
        }
        let page = reader.finish();
        (page.turns, page.next)
    }

    #[test]
    fn a_million_lines_are_read_page_by_page() {
        let text: String =
            (0..1000).flat_map(|n| [format!("{{\"role\":\"user\",\"content\":\"{n}\"}}\n"), String::new()]).collect();
        for piece in [1, 7, 4096, 1 << 20] {
            let (mut at, mut all) = (0, Vec::new());
            loop {
                let (turns, next) = read(&text[at..], 300, piece);
                assert!(turns.len() <= 300);
                all.extend(turns);
                let Some(next) = next else { break };
                at += usize::try_from(next).unwrap();
            }
            let said: Vec<_> = all.iter().map(|turn| turn.parts[0].clone()).collect();
            assert_eq!(said, (0..1000).map(|n| Part::Text(n.to_string())).collect::<Vec<_>>());
        }
    }

    #[test]
    fn logs_and_long_lines() {
        let long = "x".repeat(3 << 20);
        let text = format!("# a log\n\nsecond\n{{\"role\":\"user\",\"content\":\"hi\"}}\n{long}\nend");
        let (turns, next) = read(&text, 100, 1 << 16);
        assert_eq!(next, None);
        assert_eq!(turns[0].parts, [Part::Other("# a log\n\nsecond".into())]);
        assert_eq!(turns[1].parts, [Part::Text("hi".into())]);
        let Part::Other(rest) = &turns[2].parts[0] else { panic!() };
        assert!(rest.len() < 5000 && rest.ends_with("(3145728 bytes in one line)\nend"), "{}", rest.len());
    }
}
