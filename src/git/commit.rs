//! Commits as objects: building them, and reading their trailers.

use super::{Error, Oid, Repo, Result, Signature, Signer};

/// A commit to be written.
#[derive(Debug)]
pub struct Commit<'a> {
    /// Its tree.
    pub tree: Oid,
    /// Its parents, first first.
    pub parents: &'a [Oid],
    /// Who did the work, and when.
    pub author: &'a Signature,
    /// Who recorded it, and when.
    pub committer: &'a Signature,
    /// Subject, body and trailers, with a final newline.
    pub message: &'a str,
}

impl Commit<'_> {
    /// The object's bytes, signed by `signer` if there is one.
    pub fn encode_by(&self, signer: Option<&Signer>) -> Result<Vec<u8>> {
        signer.map_or_else(|| Ok(self.encode()), |signer| signer.encode(self))
    }

    /// The object's bytes, format of `git cat-file commit`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        use std::fmt::Write;
        let mut out = format!("tree {}\n", self.tree);
        for parent in self.parents {
            let _ = writeln!(out, "parent {parent}");
        }
        let _ = write!(out, "author {}\ncommitter {}\n\n{}", self.author, self.committer, self.message);
        out.into_bytes()
    }
}

/// What we need of a commit that was read.
#[derive(Debug, Clone)]
pub struct CommitInfo {
    /// The commit.
    pub id: Oid,
    /// Its tree.
    pub tree: Oid,
    /// Its parents.
    pub parents: Vec<Oid>,
    /// When it was committed, in seconds since 1970.
    pub committed: i64,
    /// The author's mail address.
    pub author: String,
    /// The message, with replacement characters where it isn't UTF-8.
    pub message: String,
}

impl CommitInfo {
    /// Reads the bytes of the commit object `id`.
    pub fn decode(id: Oid, data: &[u8]) -> Result<Self> {
        Self::from_vec(id, data.to_vec())
    }

    /// Like [`CommitInfo::decode`]; the message is not copied.
    pub fn from_vec(id: Oid, mut data: Vec<u8>) -> Result<Self> {
        let (mut commit, head) = Self::decode_head(id, &data)?;
        data.drain(..head);
        commit.message =
            String::from_utf8(data).unwrap_or_else(|err| String::from_utf8_lossy(err.as_bytes()).into_owned());
        Ok(commit)
    }

    /// All but the message, and where that begins.
    fn decode_head(id: Oid, data: &[u8]) -> Result<(Self, usize)> {
        let invalid = |reason: &str| Error::Invalid { id, expected: "commit", reason: reason.to_owned() };
        // A list reads very many of them, so this looks at no more than what is wanted.
        let (mut tree, mut parents, mut author, mut committed) = (None, Vec::new(), "", None);
        let mut rest = data;
        let oid = |hex: &[u8]| Oid::from_hex(hex).map_err(|err| invalid(&err.to_string()));
        loop {
            let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(|| invalid("its header has no end"))?;
            let line = &rest[..end];
            rest = &rest[end + 1..];
            match line {
                [] => break,
                [b't', b'r', b'e', b'e', b' ', hex @ ..] => tree = Some(oid(hex)?),
                [b'p', b'a', b'r', b'e', b'n', b't', b' ', hex @ ..] => parents.push(oid(hex)?),
                [b'a', b'u', b't', b'h', b'o', b'r', b' ', who @ ..] => author = address(who),
                [b'c', b'o', b'm', b'm', b'i', b't', b't', b'e', b'r', b' ', who @ ..] => committed = date(who),
                _ => {}
            }
        }
        let commit = Self {
            id,
            tree: tree.ok_or_else(|| invalid("it names no tree"))?,
            parents,
            committed: committed.ok_or_else(|| invalid("it has no committer with a date"))?,
            author: author.to_owned(),
            message: String::new(),
        };
        Ok((commit, data.len() - rest.len()))
    }

    /// The first line of the message.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// The mail address in `Name <address> seconds zone`.
fn address(who: &[u8]) -> &str {
    let text = std::str::from_utf8(who).unwrap_or_default();
    let inside = text.rsplit_once('>').and_then(|(before, _)| before.split_once('<'));
    inside.map_or("", |(_, address)| address.trim())
}

/// The seconds since 1970 in `Name <address> seconds zone`.
fn date(who: &[u8]) -> Option<i64> {
    let after = &who[who.iter().rposition(|&byte| byte == b'>')? + 1..];
    std::str::from_utf8(after).ok()?.split_whitespace().next()?.parse().ok()
}

impl Repo {
    /// Reads a commit.
    pub fn commit(&self, id: &Oid) -> Result<CommitInfo> {
        CommitInfo::from_vec(*id, self.read(id, super::Kind::Commit)?)
    }
}

/// The bytes of a commit with another tree and other parents, and another message if one is given. Identities, dates and all else
/// stay as they are, byte for byte, but signatures, which would be wrong, are left out.
#[must_use]
pub fn rewrite_commit(data: &[u8], tree: &Oid, parents: &[Oid], message: Option<&str>) -> Vec<u8> {
    let end = data.windows(2).position(|two| two == b"\n\n").map_or(data.len(), |at| at + 1);
    let mut out = format!("tree {tree}\n").into_bytes();
    for parent in parents {
        out.extend(format!("parent {parent}\n").bytes());
    }
    let mut dropped = false;
    for line in data[..end].split_inclusive(|&byte| byte == b'\n') {
        let goes_on = line.starts_with(b" ");
        let is = |key: &[u8]| line.starts_with(key);
        dropped =
            if goes_on { dropped } else { is(b"tree ") || is(b"parent ") || is(b"gpgsig ") || is(b"gpgsig-sha256 ") };
        if !dropped {
            out.extend_from_slice(line);
        }
    }
    match message {
        Some(message) => {
            out.push(b'\n');
            out.extend_from_slice(message.as_bytes());
        }
        None => out.extend_from_slice(&data[end..]),
    }
    out
}

/// The values of the trailers called `key` (any case) in the last paragraph of
/// `message`. Only that paragraph is ever trusted: what stands above it may
/// be quoted from another commit.
pub fn trailers<'a>(message: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> + 'a {
    all_trailers(message).filter(move |(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

/// The keys, as they are written, and the values of all trailers, by the same rule as [`trailers`].
pub fn all_trailers(message: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = last_paragraph(message.trim_end()).lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name, value.trim()))
}

/// What follows the last empty line; nothing if there is none.
fn last_paragraph(message: &str) -> &str {
    let mut before = message;
    // Much faster than looking for two line ends at once.
    while let Some(at) = before.rfind('\n') {
        before = &message[..at];
        if before.ends_with('\n') {
            return &message[at + 1..];
        }
    }
    ""
}

/// The values of the trailers called `key` of a commit that somebody wrote by hand. As
/// [`trailers`], but by git's own rule of what a block of trailers is (`git help
/// interpret-trailers`): the last paragraph, if all of its lines are trailers, or if it has a
/// trailer that git itself made and at least a quarter of its lines are trailers.
pub fn cited<'a>(message: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> + 'a {
    let lines: Vec<&str> = message.trim_end().lines().map(str::trim_end).collect();
    let start = lines.iter().rposition(|line| line.is_empty());
    let block: Vec<&str> = start.map(|at| lines[at + 1..].to_vec()).unwrap_or_default();
    let by_git = |line: &str| line.starts_with("Signed-off-by: ") || line.starts_with("(cherry picked from commit ");
    let is_trailer = |line: &str| {
        let key = line.split_once(':').map(|(key, _)| key);
        by_git(line)
            || key.is_some_and(|key| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !key.is_empty())
    };
    // A line that begins with a space goes on with the one above.
    let whole = || block.iter().filter(|line| !line.starts_with([' ', '\t']));
    let good = whole().filter(|line| is_trailer(line)).count();
    let bad = whole().count() - good;
    let trusted = bad == 0 || (whole().any(|line| by_git(line)) && good * 3 >= bad);
    let block = if trusted { block } else { Vec::new() };
    block.into_iter().filter_map(move |line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(key).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::{Oid, cited, rewrite_commit, trailers};

    #[test]
    fn a_rewritten_commit_loses_its_signature_and_nothing_else() {
        let id = |digit: &str| Oid::from_hex(digit.repeat(40).as_bytes()).unwrap();
        let head = |tree: &str, parent: &str| format!("tree {}\nparent {}\n", tree.repeat(40), parent.repeat(40));
        let who = "author A <a> 1 +0130\ncommitter B <b> 2 -0000\nencoding latin1\n";
        let signed = format!("{}{who}gpgsig -----BEGIN\n line\n -----END\n\ns\n\nbody\n", head("1", "2"));
        let new = rewrite_commit(signed.as_bytes(), &id("3"), &[id("4")], None);
        assert_eq!(String::from_utf8(new).unwrap(), format!("{}{who}\ns\n\nbody\n", head("3", "4")));
        let new = rewrite_commit(signed.as_bytes(), &id("3"), &[], Some("other\n"));
        assert_eq!(String::from_utf8(new).unwrap(), format!("tree {}\n{who}\nother\n", "3".repeat(40)));
    }

    #[test]
    fn a_block_of_trailers_is_what_git_takes_for_one() {
        let all = |message: &str| cited(message, "Agentv-Run").map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(all("s\r\n\r\nbody\r\n\r\nAgentv-Run: one\r\n"), ["one"]);
        assert_eq!(all("s\n\nAgentv-Run: one\n\nbody\n"), [""; 0]);
        assert_eq!(all("s\n\nsee the\nAgentv-Run: one\n"), [""; 0]);
        assert_eq!(all("s\n\nsee the\nAgentv-Run: one\nSigned-off-by: me <me@example.com>\n"), ["one"]);
        assert_eq!(all("s\n\nOther: a\n  and more\nAgentv-Run: one\n"), ["one"]);
        assert_eq!(all("Agentv-Run: one\n"), [""; 0]);
    }

    #[test]
    fn only_the_last_paragraph_counts() {
        let message = "subject\n\nAgentv-Run: quoted\n\nAgentv-Run: one\nagentv-run:two\nAgentv-Op: record\n";
        assert_eq!(trailers(message, "Agentv-Run").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(trailers("Agentv-Run: subject", "Agentv-Run").count(), 0);
    }
}
