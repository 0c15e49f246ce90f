//! After `agentv eval …` the bundle is in the ref, and nothing else is different.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{fake, front, path};
use crate::env::{Ran, TestEnv, data, write_small_bundle};

/// An upstream that copies the bundle `$FROM` to its second argument, remembers that as
/// the last run as the real one does, and ends with its third.
const UPSTREAM: &str = r#"
printf 'out\0put\n'
mkdir -p "$2" .agentv && cp -R "$FROM/." "$2" &&
printf '{"lastRunDir": "%s", "timestamp": "2026-11-22T16:24:50.891Z"}' "$(cd "$2" && pwd)" > .agentv/cache.json
exit "${3:-0}""#;

/// Where upstream writes unless it is told otherwise.
const DEFAULT: &str = ".agentv/results/runs/default/2026-11-22T16-24-47-732Z";

struct Upstream {
    env: TestEnv,
    dir: PathBuf,
}

impl Upstream {
    fn new() -> Self {
        Self::of(TestEnv::new())
    }

    fn of(mut env: TestEnv) -> Self {
        let dir = fake(&env, "fake", UPSTREAM);
        env.set("FROM", data().join("bundles/agentv-4.42.4"));
        Self { env, dir }
    }

    /// `agentv eval <args>` in `dir`. It prints what upstream prints.
    fn eval_in(&self, dir: &Path, args: &[&str]) -> Ran {
        let ran = Ran::of(front(&self.env, path(&[&self.dir])).current_dir(dir).arg("eval").args(args));
        assert_eq!(ran.raw, b"out\0put\n", "{ran:?}");
        ran
    }

    fn eval(&self, args: &[&str]) -> Ran {
        self.eval_in(&self.env.repo, args)
    }

    fn config(&self, text: &str) {
        std::fs::create_dir_all(self.env.repo.join(".agentv")).unwrap();
        std::fs::write(self.env.repo.join(".agentv/config.yaml"), text).unwrap();
    }

    /// The source of the newest run, after a look at HEAD.
    #[track_caller]
    fn observed(&self) -> Value {
        let source = self.env.agentv(["show", "@{0}", "--format", "json"]).json()["manifest"]["source"].clone();
        assert_eq!(source["how"], "observed");
        assert_eq!(source["commit"], self.env.git(["rev-parse", "HEAD"]).ok().trim());
        source
    }
}

#[test]
fn recorded_as_observed() {
    let up = Upstream::new();
    let ran = up.eval(&[DEFAULT]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.starts_with("recorded ") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    let runs = up.env.runs();
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0]["passed"], &runs[0]["test_count"]), (&1.into(), &3.into()));
    assert_eq!(up.observed()["dirty"], false);
    let said = up.env.agentv(["record"]).ok();
    assert!(said.contains("nothing to record"), "{said}");
    up.env.fsck();
}

#[test]
fn recorded_once_through_two_of_us() {
    let up = Upstream::new();
    let copy = up.env.root().join("copy");
    std::fs::create_dir(&copy).unwrap();
    super::install(&up.env, &super::ours(), &copy.join("agentv"));
    let ran = Ran::of(front(&up.env, path(&[&copy, &up.dir])).args(["eval", DEFAULT]));
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("recorded ")).count(), 1, "{}", ran.stderr);
    assert_eq!(up.env.runs().len(), 1);
}

#[test]
fn recorded_when_upstream_fails() {
    let up = Upstream::new();
    assert_eq!(up.eval(&[DEFAULT, "7"]).code, 7);
    assert_eq!(up.env.runs().len(), 1);
    up.observed();
}

#[test]
fn recorded_from_elsewhere() {
    let mut up = Upstream::new();
    up.eval(&["elsewhere"]).ok();
    assert_eq!(up.env.runs().len(), 1);
    up.observed();
    up.eval(&["../outside"]).ok();
    assert_eq!(up.env.runs().len(), 1, "the same run at another place");
    // Another run at the place of the one before: upstream remembers the same directory.
    let other = up.env.root().join("other");
    write_small_bundle(&other, "other", "2026-07-04T10:00:00.000Z");
    std::fs::remove_dir_all(up.env.root().join("outside")).unwrap();
    up.env.set("FROM", &other);
    up.env.git(["commit", "-q", "--allow-empty", "-m", "second"]).ok();
    up.eval(&["../outside"]).ok();
    assert_eq!(up.env.runs().len(), 2);
}

#[test]
fn recorded_from_a_subdirectory() {
    let up = Upstream::new();
    let sub = up.env.repo.join("packages/one");
    std::fs::create_dir_all(&sub).unwrap();
    // Upstream writes below the directory in which it was started.
    let ran = up.eval_in(&sub, &[DEFAULT]);
    assert!(ran.stderr.starts_with("recorded "), "{ran:?}");
    up.observed();
    assert_eq!(up.eval_in(&sub, &[DEFAULT]).stderr.matches("recorded ").count(), 1, "its files are new");
    assert_eq!(up.env.runs().len(), 1);
}

#[test]
fn the_state_before_counts() {
    let up = Upstream::new();
    std::fs::write(up.env.repo.join("code"), "one\n").unwrap();
    up.env.git(["add", "code"]).ok();
    up.env.git(["commit", "-q", "-m", "code"]).ok();
    std::fs::write(up.env.repo.join("code"), "changed\n").unwrap();
    up.eval(&[DEFAULT]).ok();
    assert_eq!(up.observed()["dirty"], true);
}

/// A repository `results.git` whose branch upstream's tools write, and addresses of a host that lead to it.
fn published(up: &Upstream) {
    let hub = up.env.root().join("org/results.git");
    up.env.git_in(up.env.root(), ["init", "-q", "--bare", "-b", "main", "org/results.git"]).ok();
    let base = format!("url.file://{}/.insteadOf", up.env.root().display());
    up.env.git(["config", "--global", &base, "https://github.com/"]).ok();
    write_small_bundle(&up.env.root().join("seed/one"), "one", "2026-07-04T10:00:00.000Z");
    let seed = up.env.root().join("seed");
    up.env.git_in(&seed, ["init", "-q", "-b", "main"]).ok();
    up.env.git_in(&seed, ["add", "-A"]).ok();
    up.env.git_in(&seed, ["commit", "-q", "-m", "feat(results): one"]).ok();
    up.env.git_in(&seed, ["push", "-q", hub.to_str().unwrap(), "main"]).ok();
}

#[test]
fn what_upstream_publishes_is_kept_here_too() {
    for config in ["results:\n  repo: org/results\n", "results:\n  mode: github\n  repo: org/results\n  path: ~/runs\n"]
    {
        let up = Upstream::new();
        published(&up);
        up.config(config);
        let ran = up.eval(&[DEFAULT, "7"]);
        assert_eq!((ran.code, ran.stderr.lines().count()), (7, 1), "{ran:?}");
        assert!(ran.stderr.starts_with("recorded "), "{ran:?}");
        let own = up.env.git(["log", "--format=%s", "refs/agentv/runs/v1"]).ok();
        assert_eq!(own.lines().count(), 1, "{own}");
        let there = up.env.git_in(up.env.root().join("org/results.git"), ["log", "--format=%s", "main"]).ok();
        assert_eq!(there, "feat(results): one\n", "the branch is theirs");
    }
}

#[test]
fn recorded_for_a_results_repository() {
    let up = Upstream::new();
    up.env.git_in(up.env.root(), ["init", "-q", "--bare", "-b", "main", "results.git"]).ok();
    up.config("results: {repo_path: ../results.git}\n");
    up.env.git(["config", "agentv.autoPush", "true"]).ok();
    let ran = up.eval(&[DEFAULT]);
    assert!(ran.stderr.starts_with("recorded ") && ran.stderr.contains("sent 1 run to results"), "{ran:?}");
    assert!(up.env.git(["rev-parse", "-q", "--verify", "refs/agentv/runs/v1"]).code != 0);
    assert_eq!(up.env.runs().len(), 1, "it is listed all the same");
    // The eval matters more than its record, and its record more than where it is kept.
    let up = Upstream::new();
    std::fs::write(up.env.root().join("home/.local"), "").unwrap();
    up.config("results: {repo_path: ../results.git}\n");
    let ran = up.eval(&[DEFAULT, "3"]);
    assert!(ran.code == 3 && ran.stderr.contains("kept in this repository"), "{ran:?}");
    assert_eq!(up.env.runs().len(), 1);
}

#[test]
fn recorded_whatever_else_the_settings_say() {
    let deep = format!("{}1", "[".repeat(2000));
    for config in
        ["results:\n", "results: {}\n", "results:\n  repo:\n", "other: 1\n", "", "a: [\n", "\t\0: - :", "- 1\n", &deep]
    {
        let up = Upstream::new();
        up.config(config);
        let ran = up.eval(&[DEFAULT]);
        assert!(ran.code == 0 && ran.stderr.starts_with("recorded "), "{config:?}: {ran:?}");
    }
}

#[test]
fn outside_a_repository() {
    let up = Upstream::of(TestEnv::without_repo());
    let ran = up.eval_in(&up.env.root(), &[DEFAULT, "7"]);
    assert_eq!((ran.code, &*ran.stderr), (7, ""));
    assert!(up.env.root().join(DEFAULT).join("index.jsonl").exists());
}

#[test]
fn silent_when_nothing_was_written() {
    let env = TestEnv::new();
    // What was there before is not this eval's, recorded or not.
    env.small_bundle(1);
    let dir = fake(&env, "fake", "echo \"$AGENTV_RUN_ID$AGENTV_RESULTS_DIR\"");
    let ran = Ran::of(front(&env, path(&[&dir])).args(["eval", "--dry-run"]));
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (0, "\n", ""));
    assert!(env.runs().is_empty());
}

#[test]
fn in_a_repository_that_cannot_be_written() {
    let up = Upstream::new();
    // A file where the directory for objects is: whoever runs this, root as well.
    let objects = up.env.repo.join(".git/objects");
    std::fs::rename(&objects, up.env.root().join("objects")).unwrap();
    std::fs::write(&objects, "").unwrap();
    assert_eq!(up.eval(&[DEFAULT, "7"]).code, 7);
    assert_eq!(up.eval(&[DEFAULT, "0"]).code, 0, "not a repository, so only upstream counts");
}
