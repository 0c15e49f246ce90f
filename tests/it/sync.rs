//! Sharing runs: sync, push, pull and fetch through real remotes.

use std::path::{Path, PathBuf};

use crate::env::{NOW, Ran, TestEnv, write_small_bundle};

mod compacted;
mod converge;
mod crowd;
mod hostile;
mod interrupted;
mod light;
mod light_many;
mod places;
mod remote;
mod through_git;
mod transports;
mod two;
mod wrong;

const RUNS: &str = "refs/agentv/runs/v1";

/// A bare repository `hub.git`, whose address is the remote `origin` of the clones.
fn hub(env: &TestEnv, args: &[&str]) -> PathBuf {
    let hub = env.root().join("hub.git");
    env.git_in(env.root(), [&["init", "-q", "--bare"], args, &["hub.git"]].concat()).ok();
    hub
}

/// A repository with the remote `origin`, whose runs are pushed without a question.
fn clone(env: &TestEnv, name: &str, args: &[&str]) -> PathBuf {
    let dir = env.root().join(name);
    env.git_in(env.root(), [&["init", "-q"], args, &[name]].concat()).ok();
    let url = format!("file://{}", env.root().join("hub.git").display());
    env.git_in(&dir, ["remote", "add", "origin", &url]).ok();
    dir
}

fn sync(env: &TestEnv, dir: &Path) -> String {
    env.agentv_in(dir, ["sync", "--yes"]).ok()
}

/// Records a small bundle; the run's id.
fn record(env: &TestEnv, dir: &Path, name: &str) -> String {
    id_in(record_at(env, dir, name, 0))
}

fn id_in(ran: Ran) -> String {
    ran.ok().split(' ').nth(1).unwrap().to_owned()
}

/// As `record`, at a time: seconds after some moment.
fn record_at(env: &TestEnv, dir: &Path, name: &str, time: u64) -> Ran {
    let bundle = env.root().join(format!("bundles/{name}"));
    if !bundle.exists() {
        write_small_bundle(&bundle, name, "2026-07-04T10:00:00.000Z");
    }
    at(env, dir, time, &["record", bundle.to_str().unwrap()])
}

/// Runs `git agentv` at a time.
fn at(env: &TestEnv, dir: &Path, time: u64, args: &[&str]) -> Ran {
    let mut command = env.command("git", dir);
    command.arg("agentv").args(args);
    if time > 0 {
        let date = format!("@{} +0000", NOW + time as i64);
        command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
    }
    Ran::of(&mut command)
}

fn list(env: &TestEnv, dir: &Path) -> serde_json::Value {
    env.agentv_in(dir, ["list", "--deleted", "-n", "0", "--format", "json"]).json()
}

fn ids(env: &TestEnv, dir: &Path) -> Vec<String> {
    let list = list(env, dir);
    let mut ids: Vec<String> =
        list["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn tree(env: &TestEnv, dir: &Path) -> String {
    env.git_in(dir, ["rev-parse", &format!("{RUNS}^{{tree}}")]).ok()
}

fn tip(env: &TestEnv, dir: &Path) -> String {
    env.git_in(dir, ["rev-parse", RUNS]).ok().trim().to_owned()
}

/// Every check that there is.
fn whole(env: &TestEnv, dir: &Path) {
    let said = env.agentv_in(dir, ["fsck"]);
    assert!(said.code == 0 && said.stdout.contains("no problems"), "{said:?}");
    env.fsck_in(dir);
}
