//! `agentv::` addresses: git itself clones, fetches and pushes a run history, by way of `git-remote-agentv`.

use super::*;

mod kinds;
mod merges;
mod options;
mod pushes;
mod servers;
mod where_from;
mod wrong;

/// `agentv::` and the path of the bare repository `hub.git`.
fn address(env: &TestEnv) -> String {
    format!("agentv::{}", env.root().join("hub.git").display())
}

/// A bare repository `hub.git` with the runs `one` and `two`, and the clone `a` that they come from.
fn world(env: &TestEnv, args: &[&str]) -> (PathBuf, PathBuf) {
    let hub = hub(env, args);
    env.git_in(&hub, ["config", "uploadpack.allowFilter", "true"]).ok();
    let a = clone(env, "a", args);
    record(env, &a, "one");
    record(env, &a, "two");
    sync(env, &a);
    (hub, a)
}

/// `git clone <args> agentv::… <name>`
fn git_clone(env: &TestEnv, name: &str, args: &[&str]) -> PathBuf {
    let address = address(env);
    env.git_in(env.root(), [&["clone", "-q"], args, &[&address, name]].concat()).ok();
    env.root().join(name)
}

/// A mirror pushes all that it has, and must not be told what.
fn push(env: &TestEnv, dir: &Path) -> Ran {
    let is_mirror = env.git_in(dir, ["config", "remote.origin.mirror"]).code == 0;
    env.git_in(dir, if is_mirror { &["push"][..] } else { &["push", "origin", "runs"] })
}

fn runs(env: &TestEnv, dir: &Path) -> usize {
    ids(env, dir).len()
}

fn head(env: &TestEnv, dir: &Path) -> String {
    env.git_in(dir, ["rev-parse", "refs/heads/runs"]).ok().trim().to_owned()
}

/// The branch, its index and its files are one.
fn clean(env: &TestEnv, dir: &Path) {
    assert_eq!(env.git_in(dir, ["status", "--porcelain", "--untracked-files=all"]).ok(), "");
}
