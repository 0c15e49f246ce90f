//! Reading refs, and moving them by compare-and-swap.

use std::io::{BufRead, BufReader, Write};
use std::process::Child;
use std::sync::{Mutex, PoisonError};

use super::process::one_line;
use super::{Error, Oid, Repo, Result};

/// How an attempt to move a ref ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Moved {
    /// It has the new value.
    Done,
    /// It does not; this is what git said. Whether it was a race is known by
    /// reading the ref again, never from the words.
    Refused(String),
}

/// A ref that is going to be moved: by its file where that is all there is to it, or by a `git update-ref` that waits for
/// its orders. Starting that before the new objects are written hides the millisecond that a process takes to start.
#[derive(Debug)]
pub struct RefMove {
    name: String,
    /// What goes to the ref's log if it has one.
    reason: String,
    child: Option<Child>,
}

impl RefMove {
    /// Moves the ref from `old` (none: it must not exist) to `new`.
    ///
    /// # Panics
    ///
    /// Never: the pipes that it uses are its own.
    pub fn finish(mut self, repo: &Repo, new: &Oid, old: Option<&Oid>) -> Result<Moved> {
        let mut child = match (self.child.take(), old) {
            (Some(child), _) => child,
            (None, Some(old)) if repo.move_ref_file(&self.name, new, old) => return Ok(Moved::Done),
            (None, _) => repo.start_update_ref(&self.reason)?,
        };
        let old = old.copied().unwrap_or_else(|| repo.null_id());
        let orders = format!("start\nupdate {} {new} {old}\nprepare\ncommit\n", self.name);
        // A git that is gone already says why on stderr.
        let _ = child.stdin.take().expect("stdin is piped").write_all(orders.as_bytes());
        let stdout = child.stdout.take().expect("stdout is piped");
        if BufReader::new(stdout).lines().map_while(std::io::Result::ok).any(|line| line == "commit: ok") {
            // The ref is moved. That its process still has to end is nothing to wait for.
            ENDING.lock().unwrap_or_else(PoisonError::into_inner).push(child);
            return Ok(Moved::Done);
        }
        let output = child.wait_with_output().map_err(Error::io("git update-ref"))?;
        if output.status.success() { Ok(Moved::Done) } else { Ok(Moved::Refused(one_line(&output.stderr))) }
    }
}

/// Processes that have done their work, until they are collected.
static ENDING: Mutex<Vec<Child>> = Mutex::new(Vec::new());

impl Drop for RefMove {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // No order was given: with its input closed it ends by itself.
            drop(child.stdin.take());
            ENDING.lock().unwrap_or_else(PoisonError::into_inner).push(child);
        }
    }
}

impl Repo {
    /// Starts a [`RefMove`] of `name` (a full name); `reason` goes to the ref's log if it has one.
    pub fn start_ref_move(&self, name: &str, reason: &str) -> Result<RefMove> {
        let child = if self.is_ref_only_a_file(name) { None } else { Some(self.start_update_ref(reason)?) };
        Ok(RefMove { name: name.to_owned(), reason: reason.to_owned(), child })
    }

    fn start_update_ref(&self, reason: &str) -> Result<Child> {
        ENDING.lock().unwrap_or_else(PoisonError::into_inner).retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        // Without the setting git looks for refs that are called like the object ids that we give it.
        let git =
            self.git("-c").args(["core.warnAmbiguousRefs=false", "update-ref", "-m", reason, "--no-deref", "--stdin"]);
        Ok(git.spawn_piped()?.0)
    }

    /// The refs below `prefix` (which ends with a slash), with what they name, in the order of their names.
    pub fn refs_below(&self, prefix: &str) -> Result<Vec<(String, Oid)>> {
        if self.is_reftable() {
            let out = self.git("for-each-ref").args(["--format=%(objectname) %(refname)", prefix]).run_text()?;
            let line =
                |line: &str| line.split_once(' ').and_then(|(id, name)| Some((name.to_owned(), self.parse_oid(id)?)));
            return Ok(out.lines().filter_map(line).collect());
        }
        let error = |reason: String| Error::Ref { action: "read", name: prefix.to_owned(), reason };
        let refs = self.gix().references().map_err(|err| error(super::objects::chain(&err)))?;
        let found = refs.prefixed(prefix).map_err(|err| error(super::objects::chain(&err)))?;
        // One that is broken hides no other.
        let found = found.filter_map(std::result::Result::ok);
        Ok(found
            .filter_map(|one| Some((one.name().as_bstr().to_string(), one.target().try_id()?.to_owned())))
            .collect())
    }

    /// The object that a ref names, if the ref exists. `name` is a full name.
    pub fn read_ref(&self, name: &str) -> Result<Option<Oid>> {
        let error = |reason: String| Error::Ref { action: "read", name: name.to_owned(), reason };
        if self.is_reftable() {
            let (output, _) = self.git("rev-parse").args(["--verify", "--quiet", "--end-of-options", name]).output()?;
            let text = String::from_utf8_lossy(&output.stdout);
            return match self.parse_oid(text.trim()) {
                Some(id) if output.status.success() => Ok(Some(id)),
                _ if output.stderr.is_empty() => Ok(None),
                _ => Err(error(one_line(&output.stderr))),
            };
        }
        let full: &gix::refs::FullNameRef =
            name.try_into().map_err(|err: gix::validate::reference::name::Error| error(err.to_string()))?;
        match self.gix().try_find_reference(full) {
            Ok(None) => Ok(None),
            Ok(Some(mut found)) => {
                // Peeling would open every pack index, to see whether the object is a tag.
                if let Some(id) = found.target().try_id() {
                    return Ok(Some(id.to_owned()));
                }
                let id = found.peel_to_id().map_err(|err| error(super::objects::chain(&err)))?;
                Ok(Some(id.detach()))
            }
            Err(err) => Err(error(super::objects::chain(&err))),
        }
    }
}
