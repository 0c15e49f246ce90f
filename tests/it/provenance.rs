//! Which code a run evaluated, and how that is known.

use std::path::Path;

use serde_json::Value;

use crate::env::{Ran, TestEnv};

mod observed;
mod reflog;
mod results;
mod running;

/// The source of the newest run.
#[track_caller]
fn source(env: &TestEnv, dir: &Path) -> Value {
    env.agentv_in(dir, ["show", "@{0}", "--format", "json"]).json()["manifest"]["source"].clone()
}

/// What HEAD names.
fn head(env: &TestEnv, dir: &Path) -> String {
    env.git_in(dir, ["rev-parse", "HEAD"]).ok().trim().to_owned()
}

/// `git agentv run -- sh -c <script>` in the repository.
fn run(env: &TestEnv, script: &str) -> Ran {
    env.agentv(["run", "--", "sh", "-c", script])
}

/// A command that leaves a generic run.
const LEAVES_A_RUN: &str = "echo done > \"$AGENTV_RESULTS_DIR/log.txt\"";
