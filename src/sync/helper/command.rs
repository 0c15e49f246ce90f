//! What git says to a helper, line by line.

/// One line of git's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// What can you do?
    Capabilities,
    /// Sets an option.
    Option {
        name: String,
        value: String,
    },
    /// Which refs are there?
    List {
        for_push: bool,
    },
    Fetch(Want),
    Push(Update),
    /// The end of a batch, or of all.
    Blank,
}

/// An object that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Want {
    /// Its id in hexadecimal.
    pub id: String,
    /// The ref that was said to name it; the id again if it is wanted by its id.
    pub name: String,
}

/// A ref that is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// `+`, or `--force`.
    pub force: bool,
    /// What is to be pushed, a revision of this repository; none to delete.
    pub from: Option<String>,
    /// The ref of the remote, as git gave it.
    pub to: Vec<u8>,
}

impl Command {
    /// Reads a line without its line break. Fails with what is wrong.
    pub(super) fn parse(line: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(line);
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        Ok(match (word, rest) {
            _ if line.is_empty() => Self::Blank,
            ("capabilities", "") => Self::Capabilities,
            ("list", "") => Self::List { for_push: false },
            ("list", "for-push") => Self::List { for_push: true },
            ("option", rest) => {
                // Before git 2.45 `object-format` came without a value.
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                Self::Option { name: name.to_owned(), value: unquoted(value) }
            }
            ("fetch", rest) => {
                let (id, name) = rest.split_once(' ').ok_or("a fetch without a name")?;
                let is_id = matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit());
                if !is_id {
                    return Err("a fetch of something that is no object id".into());
                }
                Self::Fetch(Want { id: id.to_ascii_lowercase(), name: name.to_owned() })
            }
            ("push", _) => Self::push(&line[5.min(line.len())..])?,
            _ => return Err("a command that was not offered".into()),
        })
    }

    fn push(rest: &[u8]) -> Result<Self, String> {
        let (force, rest) = rest.strip_prefix(b"+").map_or((false, rest), |rest| (true, rest));
        // A ref has no colon, so the last one divides.
        let at = rest.iter().rposition(|&b| b == b':').ok_or("a push without a colon")?;
        let (from, to) = (&rest[..at], &rest[at + 1..]);
        if to.is_empty() {
            return Err("a push to nowhere".into());
        }
        let from = Some(from).filter(|from| !from.is_empty()).map(|from| String::from_utf8_lossy(from).into_owned());
        Ok(Self::Push(Update { force, from, to: to.to_vec() }))
    }
}

/// A value as git quotes it where it must: as in C.
fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return value.to_owned() };
    let (mut bytes, mut rest) = (Vec::new(), inner.bytes().peekable());
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(first @ b'0'..=b'3') => {
                let mut code = first - b'0';
                for _ in 0..2 {
                    if let Some(digit) = rest.next_if(|b| matches!(b, b'0'..=b'7')) {
                        code = code.wrapping_mul(8).wrapping_add(digit - b'0');
                    }
                }
                bytes.push(code);
            }
            Some(letter) => bytes.push(match letter {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'a' => 7,
                b'b' => 8,
                b'v' => 11,
                b'f' => 12,
                other => other,
            }),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text for one line of an answer: quoted as in C if it has to be.
pub(super) fn quoted(text: &str) -> String {
    if !text.contains(|c: char| c.is_control() || matches!(c, '"' | '\\')) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_git() {
        let id = "1".repeat(40);
        assert_eq!(Command::parse(b""), Ok(Command::Blank));
        assert_eq!(Command::parse(b"list for-push"), Ok(Command::List { for_push: true }));
        let want = Want { id: id.clone(), name: "refs/heads/runs".into() };
        assert_eq!(Command::parse(format!("fetch {id} refs/heads/runs").as_bytes()), Ok(Command::Fetch(want)));
        let update = Update { force: true, from: Some("refs/heads/a:b".into()), to: b"refs/heads/runs".to_vec() };
        assert_eq!(Command::parse(b"push +refs/heads/a:b:refs/heads/runs"), Ok(Command::Push(update)));
        let delete = Update { force: false, from: None, to: b"refs/heads/\xff".to_vec() };
        assert_eq!(Command::parse(b"push :refs/heads/\xff"), Ok(Command::Push(delete)));
        for bad in ["push", "push x", "push a:", "fetch zz x", "fetch 1", "import refs/heads/x", " ", "\0"] {
            assert!(Command::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn quotes_of_git() {
        assert_eq!(unquoted(r#""a\"b\\\n\303\244""#), "a\"b\\\nä");
        assert_eq!(unquoted("plain \\n"), "plain \\n");
        assert_eq!(quoted("it's fine"), "it's fine");
        assert_eq!(quoted("two\nlines \"x\""), r#""two\nlines \"x\"""#);
    }
}
