//! Putting trailers into the message of a commit that is being made.

use super::{Git, Result};

/// Characters that git itself chooses from for `core.commentChar=auto`, after `#`.
pub const COMMENT_CHARS: [&str; 10] = ["#", ";", "@", "!", "$", "%", "^", "&", "|", ":"];

/// Adds `trailers` (`Key: value`) to the end of `message`, as `git interpret-trailers` does:
/// into its last block of trailers or after a blank line, above trailing lines that begin with
/// `comment`. One that is there already is not added again. A line `---` has no meaning.
pub fn add_trailers(message: &[u8], trailers: &[String], comment: &str) -> Result<Vec<u8>> {
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
    git.run_with(message)
}
