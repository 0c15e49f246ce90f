//! Commits as objects: building them, and reading their trailers.

use super::{Error, Oid, Repo, Result, Signature};

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
    /// The message, with replacement characters where it isn't UTF-8.
    pub message: String,
}

impl CommitInfo {
    /// Reads the bytes of the commit object `id`.
    pub fn decode(id: Oid, data: &[u8]) -> Result<Self> {
        let invalid = |reason: &str| Error::Invalid { id, expected: "commit", reason: reason.to_owned() };
        let commit = gix::objs::CommitRef::from_bytes(data, id.kind()).map_err(|err| invalid(&err.to_string()))?;
        let committed = commit.committer().map_err(|err| invalid(&err.to_string()))?.seconds();
        Ok(Self {
            id,
            tree: commit.tree(),
            parents: commit.parents().collect(),
            committed,
            message: String::from_utf8_lossy(commit.message).into_owned(),
        })
    }

    /// The first line of the message.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

impl Repo {
    /// Reads a commit.
    pub fn commit(&self, id: &Oid) -> Result<CommitInfo> {
        CommitInfo::decode(*id, &self.read(id, super::Kind::Commit)?)
    }
}

/// The values of the trailers called `key` (any case) in the last paragraph of
/// `message`. Only that paragraph is ever trusted: what stands above it may
/// be quoted from another commit.
pub fn trailers<'a>(message: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> + 'a {
    let message = message.trim_end();
    let block = message.rfind("\n\n").map_or("", |at| &message[at + 2..]);
    block.lines().filter_map(move |line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(key).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::trailers;

    #[test]
    fn only_the_last_paragraph_counts() {
        let message = "subject\n\nAgentv-Run: quoted\n\nAgentv-Run: one\nagentv-run:two\nAgentv-Op: record\n";
        assert_eq!(trailers(message, "Agentv-Run").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(trailers("Agentv-Run: subject", "Agentv-Run").count(), 0);
    }
}
