//! The conversation between git and its helper (`git help gitremote-helpers`).
//!
//! It knows neither git nor a remote: what is to be done is done by a [`Side`], so it can be tested with transcripts.

use std::io::{BufRead, Read, Write};

use crate::git::Oid;

use super::command::{Command, Update, Want, quoted};
use super::error::{Error, Result};
use super::options::{Answer, BRANCH, Options};

/// No line of git's is longer.
const MAX_LINE: u64 = 1 << 16;

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// The remote has all of it already.
    UpToDate,
    /// The remote was moved.
    Moved {
        /// Where it was; none if there were no runs.
        old: Option<Oid>,
        /// Where it is now.
        new: Oid,
    },
    /// It was not, and this is why.
    Refused(String),
}

/// Who does what git asks for.
pub trait Side {
    /// The tip of the run history; none if there is none. Whoever can't tell fails.
    fn tip(&mut self, options: &Options) -> Result<Option<Oid>>;
    /// Whether a fetch may leave out what a filter says.
    fn filters(&self) -> bool;
    /// Brings objects into the repository.
    fn fetch(&mut self, options: &Options, wants: &[Want]) -> Result<()>;
    /// Pushes a commit, or whatever a revision names, to the run history.
    fn push(&mut self, options: &Options, from: &str, force: bool) -> Result<Pushed>;
}

/// Answers git until it has no more questions.
pub fn talk(reader: &mut dyn BufRead, writer: &mut dyn Write, side: &mut dyn Side) -> Result<()> {
    let mut session = Session { reader, writer, side, options: Options::default() };
    while let Some(command) = session.next()? {
        match command {
            Command::Blank => break,
            Command::Capabilities => session.say("fetch\npush\noption\nobject-format\n\n")?,
            Command::Option { name, value } => session.option(&name, &value)?,
            Command::List { for_push: true } => session.say(&format!("? {BRANCH}\n\n"))?,
            Command::List { for_push: false } => session.list()?,
            Command::Fetch(first) => session.fetch(first)?,
            Command::Push(first) => session.push(first)?,
        }
    }
    Ok(())
}

struct Session<'s> {
    reader: &'s mut dyn BufRead,
    writer: &'s mut dyn Write,
    side: &'s mut dyn Side,
    options: Options,
}

impl Session<'_> {
    /// The next line; none at the end.
    fn next(&mut self) -> Result<Option<Command>> {
        let mut line = Vec::new();
        (&mut self.reader).take(MAX_LINE).read_until(b'\n', &mut line).map_err(Error::Gone)?;
        if line.is_empty() {
            return Ok(None);
        }
        let bad = |line: &[u8], reason: String| Error::Protocol {
            line: String::from_utf8_lossy(line).trim_end().chars().take(100).collect(),
            reason,
        };
        match line.strip_suffix(b"\n") {
            Some(whole) => Command::parse(whole).map(Some).map_err(|reason| bad(&line, reason)),
            None => Err(bad(&line, "the line has no end".into())),
        }
    }

    /// The next line of a batch. Half a batch is never done.
    fn next_of_batch(&mut self) -> Result<Command> {
        let gone =
            || Error::Gone(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "in the middle of its orders"));
        self.next()?.ok_or_else(gone)
    }

    fn say(&mut self, text: &str) -> Result<()> {
        self.say_bytes(text.as_bytes())
    }

    fn say_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).and_then(|()| self.writer.flush()).map_err(Error::Gone)
    }

    fn option(&mut self, name: &str, value: &str) -> Result<()> {
        let filters = self.side.filters();
        match self.options.set(name, value, filters) {
            Answer::Ok => self.say("ok\n"),
            Answer::Unsupported => self.say("unsupported\n"),
            Answer::Error(reason) => self.say(&format!("error {}\n", quoted(&reason))),
        }
    }

    /// An empty list means that there are no runs. On failure nothing is answered, or git would say that it cloned an empty
    /// repository.
    fn list(&mut self) -> Result<()> {
        let Some(tip) = self.side.tip(&self.options)? else { return self.say("\n") };
        let hex = tip.to_string();
        let format = match (self.options.object_format, hex.len()) {
            (false, _) => "",
            (true, 40) => ":object-format sha1\n",
            (true, _) => ":object-format sha256\n",
        };
        self.say(&format!("{format}{hex} {BRANCH}\n@{BRANCH} HEAD\n\n"))
    }

    fn fetch(&mut self, first: Want) -> Result<()> {
        let mut wants = vec![first];
        loop {
            match self.next_of_batch()? {
                Command::Blank => break,
                Command::Fetch(want) => wants.push(want),
                other => return Err(mixed("fetch", &other)),
            }
        }
        // A clone asks for HEAD and for the branch that it names.
        wants.sort();
        wants.dedup_by(|one, other| one.id == other.id);
        self.side.fetch(&self.options, &wants)?;
        self.say("\n")
    }

    fn push(&mut self, first: Update) -> Result<()> {
        let mut updates = vec![first];
        loop {
            match self.next_of_batch()? {
                Command::Blank => break,
                Command::Push(update) => updates.push(update),
                other => return Err(mixed("push", &other)),
            }
        }
        let mut answer = Vec::new();
        let none = self.options.atomic && updates.iter().any(|update| what_is_pushed(update).is_err());
        for update in &updates {
            let pushed = match what_is_pushed(update) {
                Err(reason) => Pushed::Refused(reason),
                Ok(_) if none => Pushed::Refused("atomic push failed".into()),
                Ok(from) => self.side.push(&self.options, from, update.force)?,
            };
            let mut line = |word: &str, rest: &str| {
                answer.extend_from_slice(word.as_bytes());
                answer.extend_from_slice(&update.to);
                answer.extend_from_slice(rest.as_bytes());
                answer.push(b'\n');
            };
            match pushed {
                // One of the words that git itself uses: it shows it as its own.
                Pushed::UpToDate => line("error ", " up to date"),
                Pushed::Refused(reason) => line("error ", &format!(" {}", quoted(&reason))),
                Pushed::Moved { old, new } => {
                    line("ok ", "");
                    let new = new.to_string();
                    let old = old.map_or_else(|| "0".repeat(new.len()), |old| old.to_string());
                    answer.extend_from_slice(format!("option old-oid {old}\noption new-oid {new}\n").as_bytes());
                }
            }
        }
        answer.push(b'\n');
        self.say_bytes(&answer)
    }
}

/// The revision that is to be pushed to the run history. Fails with words if it is something else that is to be done.
fn what_is_pushed(update: &Update) -> std::result::Result<&str, String> {
    if update.to != BRANCH.as_bytes() {
        let from = short(update.from.as_deref());
        return Err(format!("only the branch 'runs' can be pushed to agentv::, as in 'git push origin {from}:runs'"));
    }
    let no = "a run history is not deleted by a push; 'git agentv delete' hides single runs";
    update.from.as_deref().ok_or_else(|| no.to_owned())
}

/// A branch without `refs/heads/`.
fn short(from: Option<&str>) -> &str {
    from.map_or("BRANCH", |from| from.strip_prefix("refs/heads/").unwrap_or(from))
}

fn mixed(batch: &str, found: &Command) -> Error {
    Error::Protocol { line: format!("{found:?}"), reason: format!("it is in the middle of a {batch}") }
}
