//! Giving the commit that HEAD names another message, and nothing else.

use super::{Error, Kind, Oid, Repo, Result};

/// A commit, with its message byte for byte.
#[derive(Debug, Clone)]
pub struct RawCommit {
    /// The commit.
    pub id: Oid,
    /// Its message.
    pub message: Vec<u8>,
    /// The encoding that it says its message is in; UTF-8 if it says nothing.
    pub encoding: Option<String>,
    /// Whether it is signed.
    pub signed: bool,
    /// Tree and parents: what stays when it is amended.
    content: Vec<String>,
    /// When it was committed: `1783166400 +0000`.
    committed: String,
}

impl RawCommit {
    fn decode(id: Oid, data: &[u8]) -> Self {
        let split = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
        let head = String::from_utf8_lossy(&data[..split]);
        let message = data.get(split + 2..).unwrap_or_default().to_vec();
        let mut raw =
            Self { id, message, encoding: None, signed: false, content: Vec::new(), committed: String::new() };
        // Lines that go on begin with a space, so none of them has one of these names.
        for line in head.lines() {
            match line.split_once(' ') {
                Some(("tree" | "parent", _)) => raw.content.push(line.to_owned()),
                Some(("encoding", name)) => raw.encoding = Some(name.to_owned()),
                Some(("gpgsig" | "gpgsig-sha256", _)) => raw.signed = true,
                Some(("committer", who)) => {
                    who.rsplit_once("> ").map_or("", |(_, date)| date).clone_into(&mut raw.committed);
                }
                _ => {}
            }
        }
        raw
    }

    /// Whether the message is in the encoding that the commit says. git would convert it if it is not.
    #[must_use]
    pub fn is_text(&self) -> bool {
        let utf8 =
            self.encoding.as_deref().is_none_or(|name| matches!(name.to_ascii_lowercase().as_str(), "utf-8" | "utf8"));
        !self.message.contains(&0) && (!utf8 || std::str::from_utf8(&self.message).is_ok())
    }

    /// The first line of the message, as far as it can be read.
    #[must_use]
    pub fn subject(&self) -> String {
        String::from_utf8_lossy(&self.message).lines().next().unwrap_or_default().to_owned()
    }
}

impl Repo {
    /// Reads a commit with its message byte for byte.
    pub fn raw_commit(&self, id: &Oid) -> Result<RawCommit> {
        Ok(RawCommit::decode(*id, &self.read(id, Kind::Commit)?))
    }

    /// Gives HEAD, which must be `old`, another message. Author, both dates, index and working tree stay; it
    /// is signed if `commit.gpgSign` says so. Returns the new commit.
    ///
    /// git takes the message from an editor, which is a copy of ours: then a `prepare-commit-msg` hook is
    /// called as in any amend, and what it does to the text does not matter. `post-rewrite` runs as always.
    pub fn amend_message(&self, old: &RawCommit, message: &[u8]) -> Result<Oid> {
        let dir = self.agentv_dir();
        self.create_dir(&dir).map_err(Error::io(&dir))?;
        let file = tempfile::Builder::new().prefix("message-").tempfile_in(&dir).map_err(Error::io(&dir))?;
        std::fs::write(file.path(), message).map_err(Error::io(file.path()))?;
        let path = std::path::absolute(file.path()).map_err(Error::io(file.path()))?;
        let path = path.to_str().ok_or_else(|| Error::Command {
            command: "commit --amend".into(),
            stderr: "the path of the git directory is not UTF-8".into(),
        })?;
        let encoding = old.encoding.as_deref().unwrap_or("UTF-8");
        let amended = self
            .git("-c")
            .args(["core.commentChar=#", "-c", "commit.verbose=false", "-c"])
            .arg(format!("i18n.commitEncoding={encoding}"))
            .args(["commit", "--amend", "--only", "--quiet", "--no-verify", "--no-status", "--cleanup=verbatim"])
            .args(["--allow-empty", "--edit"])
            .env("GIT_EDITOR", format!("cp '{}'", path.replace('\'', r"'\''")))
            .env("GIT_COMMITTER_DATE", format!("@{}", old.committed))
            .run();
        let new = self.head()?.commit.ok_or(Error::Missing(old.id))?;
        // What goes wrong after the commit is made does not unmake it.
        if new == old.id {
            return Err(amended.err().unwrap_or(Error::HeadMoved { old: old.id, new }));
        }
        let found = self.raw_commit(&new)?;
        if found.content != old.content || found.message != message {
            return Err(Error::HeadMoved { old: old.id, new });
        }
        Ok(new)
    }
}
