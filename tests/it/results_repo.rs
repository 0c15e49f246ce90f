//! Results repositories: what is recorded for one, read from one, and shared by many.

use std::path::{Path, PathBuf};

use crate::env::{NOW, Ran, TestEnv, write_small_bundle};

mod many;
mod reading;
mod recording;
mod upstream;
mod wrong;

/// A results repository, and places that use it. Each has a data directory of its own, as if it was another machine.
struct World {
    env: TestEnv,
    hub: PathBuf,
}

impl World {
    fn new() -> Self {
        let env = TestEnv::without_repo();
        let hub = env.root().join("acme/evals.git");
        env.git_in(env.root(), ["init", "-q", "--bare", "-b", "main", "acme/evals.git"]).ok();
        Self { env, hub }
    }

    fn url(&self) -> String {
        format!("file://{}", self.hub.display())
    }

    /// A source repository with one commit.
    fn source(&self, name: &str) -> PathBuf {
        let dir = self.env.root().join(name);
        self.env.git_in(self.env.root(), ["init", "-q", "-b", "main", name]).ok();
        self.env.git_in(&dir, ["commit", "-q", "--allow-empty", "-m", "first"]).ok();
        dir
    }

    /// One whose runs go to the hub, at once.
    fn using(&self, name: &str) -> PathBuf {
        let dir = self.source(name);
        self.env.git_in(&dir, ["config", "agentv.resultsRepo", &self.url()]).ok();
        self.env.git_in(&dir, ["config", "agentv.autoPush", "true"]).ok();
        dir
    }

    /// Runs `git agentv` in `dir`, with the data directory `data`.
    fn on(&self, data: &str, dir: &Path, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(data, dir, args))
    }

    fn command(&self, data: &str, dir: &Path, args: &[&str]) -> std::process::Command {
        let mut command = self.env.command("git", dir);
        command.arg("agentv").args(args).env("XDG_DATA_HOME", self.env.root().join(data));
        command
    }

    /// On one and the same machine.
    fn agentv(&self, dir: &Path, args: &[&str]) -> Ran {
        self.on("data", dir, args)
    }

    fn bundle(&self, name: &str) -> String {
        let bundle = self.env.root().join(format!("bundles/{name}"));
        if !bundle.exists() {
            write_small_bundle(&bundle, name, "2026-07-04T10:00:00.000Z");
        }
        bundle.to_str().unwrap().to_owned()
    }

    /// Records a small bundle; the run's id.
    fn record(&self, dir: &Path, name: &str) -> String {
        id_in(self.agentv(dir, &["record", &self.bundle(name)]))
    }

    /// The rows of the results repository, newest first, from its log.
    fn rows(&self) -> Vec<serde_json::Value> {
        let format = "--format=%(trailers:key=Agentv-Row,valueonly)";
        let log = self.env.git_in(&self.hub, ["log", format, "main"]).ok();
        log.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Fails unless the results repository is whole and its index right.
    #[track_caller]
    fn whole(&self) {
        let hub = self.hub.to_str().unwrap();
        let said = self.env.agentv_in(self.env.root(), ["reindex", "--repo", hub, "--check"]);
        assert_eq!(said.code, 0, "{said:?}");
        self.env.fsck_in(&self.hub);
    }
}

fn id_in(ran: Ran) -> String {
    ran.ok().split(' ').nth(1).unwrap().to_owned()
}

/// A commit of a later moment.
fn later(command: &mut std::process::Command, seconds: i64) -> Ran {
    let date = format!("@{} +0000", NOW + seconds);
    Ran::of(command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date))
}
