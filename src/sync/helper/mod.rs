//! `git-remote-agentv`: the run history of a remote as a branch of its own, for git itself.
//!
//! `git clone agentv::URL` shows `refs/agentv/runs/v1` of the remote as the branch `runs`. The transport is git's: it is started
//! anew for the address behind `agentv::`. A push is a union merge with what the remote has.
//! [`talk`] holds the conversation with git, [`serve`] does what it asks for.

mod address;
mod command;
mod error;
mod host;
mod options;
pub(in crate::sync) mod place;
mod push;
mod session;
#[cfg(test)]
mod transcripts;

use std::io::{BufRead, Write};
use std::path::PathBuf;

use crate::git::without_credentials;

pub use command::{Update, Want};
pub use error::{Error, Result};
pub use options::{BRANCH, Options};
pub use session::{Pushed, Side, talk};

/// How often helpers may start each other: a remote can be rewritten to another address of ours once or twice.
const DEPTH: u32 = 3;

/// How git started the helper.
#[derive(Debug, Clone)]
pub struct Start {
    /// The first argument: the remote's name, or the whole address if it has none.
    pub name: String,
    /// The second argument: the address behind `agentv::`.
    pub address: String,
    /// The directory that it was started in.
    pub dir: PathBuf,
    /// The value of `GIT_CONFIG_PARAMETERS`.
    pub parameters: Option<String>,
    /// How many helpers of ours are above this one ([`crate::git::INSIDE`]).
    pub depth: u32,
}

/// Answers git. `heard` takes what the user is told.
pub fn serve(
    start: Start,
    reader: &mut dyn BufRead,
    writer: &mut dyn Write,
    heard: &mut dyn FnMut(&[u8]),
) -> Result<()> {
    if start.depth > DEPTH {
        return Err(Error::Circle(without_credentials(&start.address)));
    }
    address::check(&start.address, &start.dir)?;
    let Start { name, address, dir, parameters, .. } = start;
    let mut host = host::Host { address, name, dir, parameters, heard, place: None };
    talk(reader, writer, &mut host)
}
