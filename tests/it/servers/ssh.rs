//! ssh without a network: what git would run on the host is run here.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::env::TestEnv;

/// What a host does with connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SshBehaviour {
    /// It runs what it is asked to run.
    Serve,
    /// It knows none of our keys.
    Denied,
    /// It never answers.
    Hang,
}

/// A host that is reached by ssh. What it does is in a file, so that it may change between two calls.
pub struct Ssh {
    top: PathBuf,
    behaviour: PathBuf,
    log: PathBuf,
}

/// Every command of `env` reaches the host from now on: any name is its name, and paths on it are paths here.
pub fn ssh(env: &mut TestEnv, top: &Path) -> Ssh {
    let dir = env.root().join("ssh");
    std::fs::create_dir_all(&dir).unwrap();
    let (script, behaviour, log) = (dir.join("ssh.sh"), dir.join("behaviour"), dir.join("log"));
    // The options that git gives are -o, -p, -4 and -6. What a host is told of git's variables is GIT_PROTOCOL.
    let text = format!(
        "#!/bin/sh\n\
         while :; do case $1 in -o|-p) shift 2;; -*) shift;; *) break;; esac; done\n\
         host=$1; shift\n\
         echo \"$host $*\" >>'{log}'\n\
         case $(cat '{behaviour}') in\n\
         denied) echo \"$host: Permission denied (publickey).\" >&2; exit 255;;\n\
         hang) while read -r line; do :; done; exit 255;;\n\
         esac\n\
         for name in $(git rev-parse --local-env-vars); do unset \"$name\"; done\n\
         cd / && exec sh -c \"$*\"\n",
        log = log.display(),
        behaviour = behaviour.display(),
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    env.set("GIT_SSH_COMMAND", &script);
    env.set("GIT_SSH_VARIANT", "ssh");
    let ssh = Ssh { top: top.to_owned(), behaviour, log };
    ssh.set(SshBehaviour::Serve);
    ssh
}

impl Ssh {
    /// The address of a repository: its path below the directory that is served.
    pub fn url(&self, path: &str) -> String {
        format!("ssh://host.example{}", self.top.join(path).display())
    }

    /// The same address as most people write it.
    pub fn short_url(&self, path: &str) -> String {
        format!("git@host.example:{}", self.top.join(path).display())
    }

    /// What it does from now on.
    pub fn set(&self, behaviour: SshBehaviour) {
        let word = match behaviour {
            SshBehaviour::Serve => "serve",
            SshBehaviour::Denied => "denied",
            SshBehaviour::Hang => "hang",
        };
        std::fs::write(&self.behaviour, word).unwrap();
    }

    /// Hosts and commands of all connections: `host.example git-upload-pack '/…/hub.git'`.
    pub fn log(&self) -> Vec<String> {
        std::fs::read_to_string(&self.log).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}
