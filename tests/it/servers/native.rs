//! `git daemon`: the protocol of `git://`.

use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use super::connections::Connections;
use crate::env::TestEnv;

/// A server of `git://`.
pub struct Native(Connections);

/// Serves the repositories below `top`; anyone may push. None if git has no such server.
pub fn native(env: &TestEnv, top: &Path) -> Option<Native> {
    let daemon = super::part(env, "git-daemon")?;
    let (command, base) = (env.command(&daemon, top), format!("--base-path={}", top.display()));
    let vars: Vec<_> =
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    Some(Native(Connections::new(move |stream: TcpStream| {
        let mut command = Command::new(&daemon);
        command.env_clear().envs(vars.iter().map(|(name, value)| (name, value)));
        // As inetd does it: a connection is its standard input and output.
        command.args(["--inetd", "--export-all", "--enable=receive-pack", "--informative-errors", &base]);
        let other = OwnedFd::from(stream.try_clone().unwrap());
        command.stdin(Stdio::from(OwnedFd::from(stream))).stdout(Stdio::from(other)).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        drop(command);
        let _ = child.wait();
    })))
}

impl Native {
    /// The address of a repository: its path below the directory that is served.
    pub fn url(&self, path: &str) -> String {
        format!("git://{}/{path}", self.0.address())
    }
}
