//! Putting trailers into commit messages, and taking them out again.

use std::io::Write;
use std::process::Child;

use super::process::one_line;
use super::{Error, Git, Repo, Result, cited};

/// Characters that git itself chooses from for `core.commentChar=auto`, after `#`.
pub const COMMENT_CHARS: [&str; 10] = ["#", ";", "@", "!", "$", "%", "^", "&", "|", ":"];

/// A git that is about to add trailers to a message, see [`AddTrailers::start`].
#[derive(Debug)]
pub struct AddTrailers {
    child: Child,
    command: String,
}

impl AddTrailers {
    /// Starts `git interpret-trailers`, which takes as long to start as it takes to find out which
    /// message it is to have. It will add `trailers` (`Key: value`) to the end of the message: into its
    /// last block of trailers or after a blank line, above trailing lines that begin with
    /// `comment`. One that is there already is not added again. A line `---` has no meaning.
    pub fn start(trailers: &[String], comment: &str) -> Result<Self> {
        // `trailer.*` settings can add other trailers, run commands and move ours, so none are read:
        // there is no repository there, and no file of settings.
        let key = if comment.len() == 1 { "core.commentChar" } else { "core.commentString" };
        let mut git = Git::anywhere("interpret-trailers")
            .env("GIT_DIR", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_PARAMETERS", "")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", key)
            .env("GIT_CONFIG_VALUE_0", comment)
            .args(["--no-divider", "--where=end", "--if-exists=addIfDifferent", "--if-missing=add"]);
        for trailer in trailers {
            git = git.args(["--trailer", trailer]);
        }
        let (child, command) = git.spawn_piped()?;
        Ok(Self { child, command })
    }

    /// The message with the trailers.
    pub fn finish(mut self, message: &[u8]) -> Result<Vec<u8>> {
        // It reads all before it prints. One that stops early tells why.
        if let Some(mut stdin) = self.child.stdin.take() {
            let _ = stdin.write_all(message);
        }
        let output = self.child.wait_with_output().map_err(Error::io("git"))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(Error::Command { command: self.command, stderr: one_line(&output.stderr) })
    }

    /// Nothing is to be added after all.
    pub fn cancel(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Adds trailers to a message, as [`AddTrailers`].
pub fn add_trailers(message: &[u8], trailers: &[String], comment: &str) -> Result<Vec<u8>> {
    AddTrailers::start(trailers, comment)?.finish(message)
}

// What follows works on bytes and leaves all others alone, so that taking a trailer out undoes putting it
// in: a message may have `#` at the start of a line, carriage returns, no newline at its end, or another encoding.

/// A line of a message: where it begins, and where it ends without its line break.
struct Line {
    start: usize,
    end: usize,
}

fn lines(message: &[u8]) -> Vec<Line> {
    let (mut found, mut start) = (Vec::new(), 0);
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        let bare = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        found.push(Line { start, end: start + bare.len() });
        start += line.len();
    }
    found
}

/// The lines of the last paragraph, and whether another stands before it.
fn last_paragraph<'a>(message: &[u8], lines: &'a [Line]) -> (&'a [Line], bool) {
    let blank = |line: &Line| message[line.start..line.end].trim_ascii().is_empty();
    let end = lines.iter().rposition(|line| !blank(line)).map_or(0, |at| at + 1);
    let start = lines[..end].iter().rposition(blank).map_or(0, |at| at + 1);
    (&lines[start..end], lines[..start].iter().any(|line| !blank(line)))
}

/// Whether the trailer `key` with the value `value` stands in the last paragraph of a message.
#[must_use]
pub fn has_trailer(message: &[u8], key: &str, value: &str) -> bool {
    cited(&String::from_utf8_lossy(message), key).any(|found| found.eq_ignore_ascii_case(value))
}

/// Takes the trailer out of the last paragraph; none if it is not there. A paragraph of which
/// nothing is left goes with the empty line before it.
#[must_use]
pub fn without_trailer(message: &[u8], key: &str, value: &str) -> Option<Vec<u8>> {
    if !has_trailer(message, key, value) {
        return None;
    }
    let lines = lines(message);
    let (block, _) = last_paragraph(message, &lines);
    let is_it = |line: &Line| has_trailer(&[b"x\n\n", &message[line.start..line.end]].concat(), key, value);
    let kept: Vec<&Line> = block.iter().filter(|line| !is_it(line)).collect();
    // Each line goes with the line break before it, so that the message ends as it did.
    let start = block[0].start;
    let before = lines.iter().rev().filter(|line| line.start < start).nth(usize::from(kept.is_empty()))?;
    let mut out = message[..before.end].to_vec();
    let mut end = before.end;
    for line in block {
        if !is_it(line) {
            let gap = lines.iter().rev().find(|other| other.start < line.start)?.end;
            out.extend_from_slice(&message[gap..line.end]);
        }
        end = line.end;
    }
    out.extend_from_slice(&message[end..]);
    Some(out)
}

impl Repo {
    /// The message with a trailer at its end: in its last paragraph if git takes that for trailers, else in one of its own.
    pub fn with_trailer(&self, message: &[u8], key: &str, value: &str) -> Result<Vec<u8>> {
        let lines = lines(message);
        let (block, is_second) = last_paragraph(message, &lines);
        let Some(last) = block.last() else { return Ok(format!("\n{key}: {value}\n").into_bytes()) };
        let joins = is_second && self.are_trailers(&message[block[0].start..last.end])?;
        let eol = if message[last.end..].starts_with(b"\r\n") { "\r\n" } else { "\n" };
        let placed = |gap: &str| {
            let line = format!("{gap}{key}: {value}");
            [&message[..last.end], line.as_bytes(), &message[last.end..]].concat()
        };
        let joined = joins.then(|| placed(eol)).filter(|message| has_trailer(message, key, value));
        // What is a trailer by the settings of one user only is none for others.
        Ok(joined.unwrap_or_else(|| placed(&eol.repeat(2))))
    }

    /// Whether git takes a paragraph for a block of trailers. What counts as one is git's to say, and the user's (`trailer.*`).
    fn are_trailers(&self, paragraph: &[u8]) -> Result<bool> {
        // `#` may begin a line of a message that is done: what begins none of its lines stands for comments.
        let begins = |c: &str| paragraph.split(|&byte| byte == b'\n').any(|line| line.starts_with(c.as_bytes()));
        let comment = COMMENT_CHARS.into_iter().find(|c| !begins(c)).unwrap_or("\u{1}");
        let git = self.git("-c").arg(format!("core.commentChar={comment}"));
        let found = git
            .args(["interpret-trailers", "--parse", "--no-divider"])
            .run_with(&[b"x\n\n", paragraph, b"\n"].concat())?;
        Ok(!found.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::without_trailer;

    #[test]
    fn a_trailer_leaves_no_trace() {
        let table = [
            ("s\n\nRun: a\n", "s\n"),
            ("s\n\nRun: a", "s"),
            ("s\n\nRun: a\n\n\n", "s\n\n\n"),
            ("s\n\nb\n\nrun:a \n", "s\n\nb\n"),
            ("s\n\nRun: b\nRun: a\n", "s\n\nRun: b\n"),
            ("s\n\nRun: a\nRun: b\n", "s\n\nRun: b\n"),
            ("s\n\nRun: a\nRun: b\nRun: a\nKey: v", "s\n\nRun: b\nKey: v"),
            ("s\n\nRun: a\nRun: a\n", "s\n"),
            ("s\r\n\r\nKey: v\r\nRun: a\r\n", "s\r\n\r\nKey: v\r\n"),
            ("s\r\n\r\nRun: a\r\n", "s\r\n"),
            ("s\n\nRun: a\n\nRun: a\n", "s\n\nRun: a\n"),
        ];
        for (message, expected) in table {
            let found = without_trailer(message.as_bytes(), "Run", "a").map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(found.as_deref(), Some(expected), "{message:?}");
        }
        for message in ["Run: a\n", "s\n\nRun: a\n\nmore\n", "s\n\nRun: ab\n", "", "\n", "s\n\nx Run: a\n"] {
            assert_eq!(without_trailer(message.as_bytes(), "Run", "a"), None, "{message:?}");
        }
    }
}
