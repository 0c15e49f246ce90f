//! `commit-msg`: our trailers leave a message in which the user wrote nothing, so that leaving the
//! editor without a word gives up the commit, as it does without us.

use std::path::{Path, PathBuf};

use crate::git::{Repo, Result};

use super::buffer::{Buffer, Editing};

/// Takes our trailers out of the message at `file` if the user wrote nothing. What becomes of it then is for git to say.
pub fn run(repo: &Repo, file: &Path, editing: Editing) -> Result<()> {
    let template = std::fs::read_to_string(template_path(repo)).ok();
    forget_template(repo);
    let mut buffer = Buffer::read(repo, file, editing)?;
    if !buffer.names_runs() {
        return Ok(());
    }
    let text = buffer.text();
    // git, too, takes a message for empty that is only signed off, and an untouched template for no message.
    let signed_off = text.lines().all(|line| line.trim().is_empty() || line.starts_with("Signed-off-by: "));
    let without_sign_off = |text: &str| -> String {
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("Signed-off-by: "));
        lines.collect::<Vec<_>>().join("\n")
    };
    let untouched = template.is_some_and(|template| without_sign_off(&template) == without_sign_off(&text));
    if signed_off || untouched { buffer.remove() } else { Ok(()) }
}

/// What the user's template said before the user wrote; beside the message, where the hook's script looks for it.
fn template_path(repo: &Repo) -> PathBuf {
    repo.git_dir().join("agentv/template")
}

/// Keeps what a template said.
pub(super) fn remember_template(repo: &Repo, text: &str) -> std::io::Result<()> {
    let path = template_path(repo);
    repo.create_dir(&path.with_file_name(""))?;
    std::fs::write(path, text)
}

/// Forgets the template of a commit that was made or given up.
pub(super) fn forget_template(repo: &Repo) {
    let _ = std::fs::remove_file(template_path(repo));
}
