//! The file in which git hands a commit message to its hooks: what of it will
//! be the message, and what are comments and a diff that git takes away again.

use std::path::{Path, PathBuf};

use crate::git::{AddTrailers, COMMENT_CHARS, Error, Repo, Result};
use crate::run::RunId;

use super::TRAILER;

/// Below a line of this after a comment character nothing belongs to the message.
const SCISSORS: &str = " ------------------------ >8 ------------------------";

/// Stands for a subject that is not written yet: without one, the trailer would become it.
const PLACEHOLDER: &str = "subject";

/// A commit message in the making.
#[derive(Debug)]
pub struct Buffer {
    path: PathBuf,
    /// What may become the message.
    head: Vec<u8>,
    /// From the scissors line on.
    tail: Vec<u8>,
    /// Lines that begin with it are comments; none if all lines will be kept.
    comment: Option<String>,
}

/// What the user will do with the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editing {
    /// An editor opens.
    Editor,
    /// It was given whole, as by `-m`.
    None,
}

impl Buffer {
    /// Reads the file at `path`.
    pub fn read(repo: &Repo, path: &Path, editing: Editing) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let settings = Settings::read(repo);
        let found = scissors(&bytes, &settings).filter(|_| editing == Editing::Editor || settings.cuts());
        let (at, cut_by) = found.map_or((bytes.len(), None), |(at, comment)| (at, Some(comment)));
        let (head, tail) = bytes.split_at(at);
        let comment = match editing {
            // What git puts into a message for an editor tells the character best: `auto` picks one by the message.
            Editing::Editor if settings.cleanup.as_deref() != Some("scissors") => {
                Some(cut_by.or_else(|| last_comment(head, &settings)).unwrap_or_else(|| settings.comment()))
            }
            Editing::None if settings.cleanup.as_deref() == Some("strip") => Some(settings.comment()),
            _ => None,
        };
        Ok(Self { path: path.to_owned(), head: head.to_vec(), tail: tail.to_vec(), comment })
    }

    /// The message as git would make it of what is there, without the trailers that name
    /// runs: lines without space at their ends, comments and empty lines around it removed.
    #[must_use]
    pub fn text(&self) -> String {
        let head = String::from_utf8_lossy(&self.head);
        let is_comment = |line: &str| self.comment.as_deref().is_some_and(|comment| line.starts_with(comment));
        let lines = head.lines().map(str::trim_end).filter(|line| !is_comment(line) && !is_trailer(line));
        let mut text = String::new();
        for line in lines {
            // Empty lines count as one, and as none at the beginning.
            if line.is_empty() && (text.is_empty() || text.ends_with("\n\n")) {
                continue;
            }
            text.push_str(line);
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// Whether a trailer of ours is in it.
    #[must_use]
    pub fn names_runs(&self) -> bool {
        String::from_utf8_lossy(&self.head).lines().any(is_trailer)
    }

    /// Starts to add trailers that name the runs `ids`.
    pub fn start(&self, ids: &[RunId]) -> Result<AddTrailers> {
        let trailers: Vec<_> = ids.iter().map(|id| format!("{TRAILER}: {id}")).collect();
        let comment = self.comment.clone().unwrap_or_else(|| unused_char(&self.head));
        AddTrailers::start(&trailers, &comment)
    }

    /// Adds the trailers.
    pub fn finish(&mut self, started: AddTrailers) -> Result<()> {
        let blank = self.text().is_empty();
        let mut message = Vec::with_capacity(self.head.len() + 64);
        if blank {
            message.extend_from_slice(PLACEHOLDER.as_bytes());
            if !self.head.starts_with(b"\n") && !self.head.is_empty() {
                message.push(b'\n');
            }
        }
        message.extend_from_slice(&self.head);
        // git 2.39 leaves no empty line after a message without a newline at its end.
        if !message.ends_with(b"\n") {
            message.push(b'\n');
        }
        let message = started.finish(&message)?;
        self.head = message.get(if blank { PLACEHOLDER.len() } else { 0 }..).unwrap_or_default().to_vec();
        if !self.tail.is_empty() && !self.head.ends_with(b"\n") {
            self.head.push(b'\n');
        }
        self.write()
    }

    /// Takes the trailers that name runs out again, and the empty line that they needed.
    pub fn remove(&mut self) -> Result<()> {
        let is_empty = |line: &[u8]| line.trim_ascii().is_empty();
        let mut kept: Vec<&[u8]> = Vec::new();
        let mut after_trailer = false;
        for line in self.head.split_inclusive(|&b| b == b'\n') {
            if is_trailer(&String::from_utf8_lossy(line)) {
                after_trailer = true;
                continue;
            }
            if !(after_trailer && is_empty(line) && kept.last().is_none_or(|last| is_empty(last))) {
                kept.push(line);
            }
            after_trailer = false;
        }
        self.head = kept.concat();
        self.write()
    }

    /// Replaces the file at once: a hook that is killed leaves a whole message.
    fn write(&self) -> Result<()> {
        let dir = self.path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let new = tempfile::Builder::new().prefix("agentv-msg-").tempfile_in(dir).map_err(Error::io(dir))?;
        std::fs::write(new.path(), [self.head.as_slice(), &self.tail].concat()).map_err(Error::io(new.path()))?;
        if let Ok(meta) = self.path.metadata() {
            let _ = std::fs::set_permissions(new.path(), meta.permissions());
        }
        new.persist(&self.path).map_err(|err| Error::io(&self.path)(err.error))?;
        Ok(())
    }
}

/// The settings that say what becomes of a message. What was said on git's command line is not known to a hook.
#[derive(Debug)]
struct Settings {
    /// Of `core.commentString` and `core.commentChar`, those that are set.
    comments: Vec<String>,
    cleanup: Option<String>,
}

impl Settings {
    fn read(repo: &Repo) -> Self {
        let comments = ["core.commentString", "core.commentChar"].into_iter().filter_map(|key| repo.setting(key));
        Self { comments: comments.filter(|c| !c.is_empty()).collect(), cleanup: repo.setting("commit.cleanup") }
    }

    /// The first that can be: `auto` is none.
    fn comment(&self) -> String {
        self.comments.iter().find(|c| *c != "auto").cloned().unwrap_or_else(|| "#".into())
    }

    /// What comments may begin with.
    fn candidates(&self) -> impl Iterator<Item = &str> {
        let auto = self.comments.iter().any(|c| c == "auto");
        let chars = COMMENT_CHARS.into_iter().filter(move |c| auto || *c == "#");
        self.comments.iter().map(String::as_str).filter(|c| *c != "auto").chain(chars)
    }

    /// Whether git cuts a message at the scissors even if no editor was used.
    fn cuts(&self) -> bool {
        self.cleanup.as_deref() == Some("scissors")
    }
}

/// Where the line with the scissors is, and what it begins with.
fn scissors(bytes: &[u8], settings: &Settings) -> Option<(usize, String)> {
    let mut at = 0;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let text = String::from_utf8_lossy(line);
        if let Some(comment) = text.trim_end().strip_suffix(SCISSORS)
            && settings.candidates().any(|candidate| candidate == comment)
        {
            return Some((at, comment.to_owned()));
        }
        at += line.len();
    }
    None
}

/// What the last line begins with, if that is a comment.
fn last_comment(head: &[u8], settings: &Settings) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let last = text.lines().rfind(|line| !line.trim().is_empty())?;
    settings.candidates().find(|comment| last.starts_with(comment)).map(str::to_owned)
}

fn is_trailer(line: &str) -> bool {
    line.strip_prefix(TRAILER).is_some_and(|rest| rest.starts_with(':'))
}

/// A comment character by which no line is a comment.
fn unused_char(head: &[u8]) -> String {
    let used = |c: &str| head.split(|&b| b == b'\n').any(|line| line.starts_with(c.as_bytes()));
    let odd = (b'!'..=b'~').map(|b| char::from(b).to_string()).filter(|c| !c.chars().all(char::is_alphanumeric));
    COMMENT_CHARS.into_iter().map(str::to_owned).chain(odd).find(|c| !used(c)).unwrap_or_else(|| "#".into())
}
