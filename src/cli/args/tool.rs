//! Commands on git-agentv itself: what documents look like, man pages, completion.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `git agentv schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what
    #[arg(value_name = "WHAT", default_value = "row")]
    pub what: SchemaOf,
}

/// The documents that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// A run in a list, and in a commit message.
    Row,
    /// run.json.
    Manifest,
    /// overlay.json.
    Overlay,
    /// A case of a run.
    Case,
    /// What 'list --format json' prints.
    List,
    /// What 'show --format json' prints.
    Show,
    /// What 'status --format json' prints.
    Status,
    /// What 'hooks --format json' prints.
    Hooks,
    /// What 'fsck --format json' prints.
    Fsck,
    /// What 'sync --format json' prints.
    Sync,
    /// What 'remote --format json' prints.
    Remote,
    /// What 'prune --format json' prints.
    Prune,
    /// What 'compact --format json' prints.
    Compact,
    /// What 'promote --format json' prints.
    Promote,
}

/// `git agentv man`
#[derive(Debug, Args)]
#[command(after_help = "\
git turns 'git agentv --help' into 'man git-agentv', which finds the pages only where
man looks: install them once.

Examples:
  git agentv man --install
  git agentv man record | man -l -")]
pub struct Man {
    /// Print the page of this command
    #[arg(value_name = "COMMAND")]
    pub page: Option<String>,
    /// Install the pages for this user
    #[arg(long, conflicts_with = "page")]
    pub install: bool,
    /// Write the pages to DIR
    #[arg(long, value_name = "DIR", conflicts_with_all = ["page", "install"])]
    pub out: Option<PathBuf>,
}

/// `git agentv completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Completes commands, options and run ids, for 'git agentv' and for 'agentv results'.

  bash  eval \"$(git agentv completions bash)\"         in ~/.bashrc
  zsh   eval \"$(git agentv completions zsh)\"          in ~/.zshrc, after compinit
  fish  git agentv completions fish | source          in ~/.config/fish/config.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Shells that we have completions for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
}
