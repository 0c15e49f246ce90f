//! The same life of a run in every kind of repository that git makes.

use std::path::Path;

use crate::env::{TestEnv, read_dir, write_small_bundle};

mod clones;
mod kinds;
mod parts;
mod places;
mod shared;

/// Records a bundle in the working tree `dir`, reads it back in every way, changes it and records it again.
#[track_caller]
fn life_of_a_run(env: &TestEnv, dir: &Path) {
    let bundle = dir.join(".agentv/results/life");
    write_small_bundle(&bundle, "life", "2026-07-04T10:00:00.000Z");
    let before = rows(env, dir).len();
    let said = env.agentv_in(dir, ["record"]).ok();
    assert!(said.starts_with("recorded ") && said.lines().count() == 1, "{said}");
    let again = env.agentv_in(dir, ["record"]).ok();
    assert!(again.contains("nothing to record"), "{again}");
    assert_eq!(rows(env, dir).len(), before + 1);
    change_and_read(env, dir, &bundle);
}

/// Changes and reads the run `life`, which was recorded from `bundle`.
#[track_caller]
fn change_and_read(env: &TestEnv, dir: &Path, bundle: &Path) {
    let tip = env.git_in(dir, ["rev-parse", "refs/agentv/runs/v1"]).ok();
    let named = env.agentv_in(dir, ["record", bundle.to_str().unwrap()]).ok();
    assert!(named.starts_with("already recorded "), "{named}");
    assert_eq!(env.git_in(dir, ["rev-parse", "refs/agentv/runs/v1"]).ok(), tip, "recording again moves nothing");
    let row = rows(env, dir).into_iter().find(|row| row["run_id"] == "life").unwrap();
    assert_eq!((&row["passed"], &row["test_count"], &row["experiment"]), (&1.into(), &1.into(), &"small".into()));
    let id = row["id"].as_str().unwrap();
    let shown = env.agentv_in(dir, ["show", &id[..8], "--format", "json"]).json();
    assert_eq!(shown["cases"][0]["key"], "only");
    assert_eq!(shown["cases"][0]["status"], "pass");
    assert!(env.agentv_in(dir, ["show", "life"]).ok().starts_with(&format!("run {id}  small")));
    assert_eq!(env.agentv_in(dir, ["cat", id, "only/answer.md"]).ok(), "answer of life\n");
    assert_eq!(env.agentv_in(dir, ["files", id]).ok().lines().count(), 4, "a header and three files");
    let out = env.root().join("exported-life");
    env.agentv_in(dir, ["export", id, out.to_str().unwrap()]).ok();
    assert_eq!(read_dir(&out), read_dir(bundle));
    std::fs::remove_dir_all(out).unwrap();
    assert_eq!(env.agentv_in(dir, ["tag", id, "+baseline"]).ok().trim_end(), format!("{id}  baseline"));
    env.agentv_in(dir, ["note", id, "-m", "looks good"]).ok();
    env.agentv_in(dir, ["delete", id]).ok();
    assert!(rows(env, dir).iter().all(|row| row["run_id"] != "life"), "a deleted run is not listed");
    env.agentv_in(dir, ["restore", id]).ok();
    let row = rows(env, dir).into_iter().find(|row| row["run_id"] == "life").unwrap();
    assert_eq!(row["tags"], serde_json::json!(["baseline"]));
    assert_eq!(env.agentv_in(dir, ["note", id]).ok(), "looks good\n");
    assert_eq!(env.agentv_in(dir, ["cat", id, "only/answer.md"]).ok(), "answer of life\n");
    env.agentv_in(dir, ["status"]).ok();
    env.fsck_in(dir);
}

/// All runs of the repository at `dir`.
#[track_caller]
fn rows(env: &TestEnv, dir: impl AsRef<Path>) -> Vec<serde_json::Value> {
    env.agentv_in(dir, ["list", "-n", "0", "--format", "json"]).json()["runs"].as_array().unwrap().clone()
}

/// Commits two files, one of which is changed afterwards. They look old, so that git trusts its index.
fn code_with_a_change(env: &TestEnv, dir: &Path) {
    for name in ["code", "same"] {
        let mut file = std::fs::File::create(dir.join(name)).unwrap();
        std::io::Write::write_all(&mut file, b"one\n").unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)).unwrap();
    }
    env.git_in(dir, ["add", "code", "same"]).ok();
    env.git_in(dir, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
    std::fs::write(dir.join("code"), "two\n").unwrap();
}

/// Runs something in a working tree with a change; its tree must be what `git commit -a` then makes.
#[track_caller]
fn finds_the_tree_of_the_change(env: &TestEnv, dir: &Path) {
    let ran = env.agentv_in(dir, ["run", "--", "sh", "-c", "echo x > $AGENTV_RESULTS_DIR/log"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let source = env.agentv_in(dir, ["show", "--format", "json"]).json()["manifest"]["source"].clone();
    assert_eq!(source["dirty"], true);
    env.git_in(dir, ["commit", "-q", "-a", "-m", "the change"]).ok();
    assert_eq!(source["tree"], env.git_in(dir, ["rev-parse", "HEAD^{tree}"]).ok().trim(), "{}", dir.display());
}

/// Whether the installed git can make repositories with `git init <args>`; says why not.
pub fn git_can(args: &[&str]) -> bool {
    let env = TestEnv::without_repo();
    let ran = env.git_in(env.root(), [&["init", "-q", "probe"], args].concat());
    if ran.code != 0 {
        eprintln!("skipped: this git cannot 'git init {}': {}", args.join(" "), ran.stderr.trim());
    }
    ran.code == 0
}
