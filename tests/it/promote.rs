//! `git agentv promote`: all runs to a repository of their own, again and again.

use std::path::{Path, PathBuf};

use crate::env::{Ran, TestEnv, bin_dir, write_small_bundle};

mod hosts;
mod twice;
mod wrong;

/// A repository with some runs, and a place for another.
struct World {
    env: TestEnv,
}

impl World {
    fn new(runs: u32) -> Self {
        let env = TestEnv::new();
        let world = Self { env };
        world.record(0..runs);
        world
    }

    /// Records small bundles.
    fn record(&self, numbers: std::ops::Range<u32>) {
        let dir = self.env.root().join("bundles");
        let paths: Vec<String> = numbers
            .map(|n| {
                let path = dir.join(format!("run-{n}"));
                write_small_bundle(&path, &format!("run-{n}"), "2026-07-04T10:00:00.000Z");
                path.to_str().unwrap().to_owned()
            })
            .collect();
        if !paths.is_empty() {
            self.agentv(&[&["record".to_owned()], &paths[..]].concat());
        }
    }

    fn agentv<S: AsRef<str>>(&self, args: &[S]) -> String {
        self.env.agentv(args.iter().map(|arg| arg.as_ref().to_owned())).ok()
    }

    fn promote(&self, args: &[&str]) -> Ran {
        self.env.agentv([&["promote"], args].concat())
    }

    fn hub(&self) -> PathBuf {
        self.env.root().join("evals.git")
    }

    /// An empty bare repository.
    fn make_hub(&self) -> PathBuf {
        self.env.git_in(self.env.root(), ["init", "-q", "--bare", "evals.git"]).ok();
        self.hub()
    }

    fn tip(&self, hub: &Path, name: &str) -> String {
        self.env.git_in(hub, ["rev-parse", "-q", "--verify", name]).stdout.trim().to_owned()
    }

    /// Fails unless the branch has so many runs, a right index and a README, and all objects.
    #[track_caller]
    fn whole(&self, hub: &Path, branch: &str, runs: usize) {
        let args = ["reindex", "--repo", hub.to_str().unwrap(), "--branch", branch, "--check", "--format", "json"];
        let said = self.env.agentv_in(self.env.root(), args).json();
        assert_eq!((&said["equal"], &said["rows"]), (&true.into(), &runs.into()), "{said}");
        let readme = self.env.git_in(hub, ["cat-file", "blob", &format!("{branch}:README.md")]).ok();
        assert!(readme.starts_with("# ") && readme.contains("index/runs.jsonl"), "{readme}");
        self.env.fsck_in(hub);
    }

    /// Writes a stand-in for a program to a directory that comes first on PATH. It notes how it was called in `<root>/called`.
    fn stand_in(&mut self, name: &str, script: &str) {
        let dir = self.env.root().join("programs");
        std::fs::create_dir_all(&dir).unwrap();
        let called = self.env.root().join("called");
        let text = format!("#!/bin/sh\necho \"{name} $*\" >>'{}'\n{script}\n", called.display());
        std::fs::write(dir.join(format!("{name}.text")), text).unwrap();
        // Another process makes it executable: a file that this one has open for writing can't be run.
        let make = format!("cp '{0}/{name}.text' '{0}/{name}' && chmod +x '{0}/{name}'", dir.display());
        self.env.run("sh", self.env.root(), ["-c", &make]).ok();
        let system = std::env::var_os("PATH").unwrap();
        let path = [dir, bin_dir()].into_iter().chain(std::env::split_paths(&system));
        self.env.set("PATH", std::env::join_paths(path).unwrap());
    }

    fn called(&self) -> String {
        std::fs::read_to_string(self.env.root().join("called")).unwrap_or_default()
    }

    /// Addresses below `prefix` are directories below `<root>/hosts`.
    fn redirect(&self, prefix: &str) {
        let base = format!("url.file://{}/hosts/.insteadOf", self.env.root().display());
        self.env.git(["config", "--global", "--add", &base, prefix]).ok();
    }
}
