//! Commands that change what is said of a run.

use clap::Args;

use crate::run::TagEdit;

/// `git agentv tag`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git agentv tag 3f9c +baseline -flaky
  git agentv tag 3f9c                    show the tags")]
pub struct Tag {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// +NAME adds a tag, -NAME removes it
    #[arg(value_name = "±TAG", allow_hyphen_values = true)]
    pub edits: Vec<TagEdit>,
}

/// `git agentv note`
#[derive(Debug, Args)]
pub struct Note {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The note; replaces what was there
    #[arg(short, long, value_name = "TEXT", conflicts_with = "remove")]
    pub message: Option<String>,
    /// Remove the note
    #[arg(long)]
    pub remove: bool,
}

/// Commands on one or more runs.
#[derive(Debug, Args)]
pub struct Runs {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<String>,
}
