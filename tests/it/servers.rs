//! Servers for tests, on loopback only: smart and dumb http, git's own protocol, ssh without a network, and a remote
//! helper that git knows nothing of. Each serves the repositories below one directory until it is dropped.
//!
//! ```ignore
//! let Some(http) = servers::http(&env, &env.root()) else { return };   // why is printed
//! env.git_in(&clone, ["remote", "add", "origin", &http.url("hub.git")]).ok();
//! http.set(Behaviour::Hang);
//! ```

use std::path::{Path, PathBuf};

use crate::env::TestEnv;

mod connections;
mod helper;
mod http;
mod native;
mod request;
mod ssh;
mod works;

pub use helper::{HELPER, helper};
#[allow(unused_imports, reason = "names for those who store a server")]
pub use http::{Behaviour, Http, http};
#[allow(unused_imports, reason = "names for those who store a server")]
pub use native::{Native, native};
#[allow(unused_imports, reason = "names for those who store a server")]
pub use ssh::{Ssh, SshBehaviour, ssh};

/// A part of git that is not always installed; none, and the reason printed, where it is missing.
fn part(env: &TestEnv, name: &str) -> Option<PathBuf> {
    let path = Path::new(env.git_in(env.root(), ["--exec-path"]).ok().trim()).join(name);
    if !path.exists() {
        eprintln!("skipped: this git has no {name}");
        return None;
    }
    Some(path)
}
