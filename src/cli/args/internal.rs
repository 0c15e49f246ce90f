//! What git's hooks and the completion scripts call.

use std::ffi::OsString;

use clap::Args;

/// What git's hooks call.
#[derive(Debug, Args)]
pub struct Hook {
    /// The hook's name
    pub event: String,
    /// What git gave the hook
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}

/// What the completion scripts call.
#[derive(Debug, Args)]
pub struct Complete {
    /// The words after `git agentv`, the last one to be completed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
}
