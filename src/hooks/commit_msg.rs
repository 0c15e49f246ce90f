//! `commit-msg`: our trailers leave a message in which the user wrote nothing, so that leaving the
//! editor without a word gives up the commit, as it does without us.

use std::path::Path;

use crate::git::{Repo, Result};

use super::buffer::{Buffer, Editing};
use super::waiting;

/// Takes our trailers out of the message at `file` if the user wrote nothing. What becomes of it then is for git to say.
pub fn run(repo: &Repo, file: &Path, editing: Editing) -> Result<()> {
    let template = waiting::template(repo);
    waiting::forget(repo);
    let mut buffer = Buffer::read(repo, file, editing)?;
    if !buffer.names_runs() {
        return Ok(());
    }
    // git, too, takes a message for empty that is only signed off, and an untouched template for no message.
    let text = without_sign_off(&buffer.text());
    let untouched = template.is_some_and(|template| without_sign_off(&template) == text);
    if text.is_empty() || untouched { buffer.remove() } else { Ok(()) }
}

/// What is left of a message for git to judge by: nothing, if it is only signed off.
pub(super) fn without_sign_off(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("Signed-off-by: "));
    lines.collect::<Vec<_>>().join("\n")
}
