//! Importing upstream's results branch: the real one, read in place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::env::{TestEnv, read_dir, shared};

/// The branch in the test's repository.
pub const BRANCH: &str = "refs/heads/agentv/results/v1";
const RUNS: &str = "refs/agentv/runs/v1";

/// A repository that has the real branch; none, and the reason printed, where the data is missing.
pub fn with_branch(init: &[&str]) -> Option<TestEnv> {
    let bundle = shared("agentv-results-v1.bundle")?;
    let env = TestEnv::without_repo();
    env.git_in(env.root(), [&["init", "-q", "-b", "main", "repo"], init].concat()).ok();
    env.git(["fetch", "-q", bundle.to_str().unwrap(), &format!("{BRANCH}:{BRANCH}")]).ok();
    Some(env)
}

#[track_caller]
pub fn import(env: &TestEnv, more: &[&str]) -> Value {
    env.agentv([&["import", "--from-ref", BRANCH, "--format", "json"], more].concat()).json()
}

/// The bundles of the branch by their own id, with their path: whatever holds an index.
fn bundles(env: &TestEnv) -> BTreeSet<String> {
    let files = env.git(["ls-tree", "-r", "--name-only", BRANCH]).ok();
    let index = |file: &str| {
        ["/.internal/index.jsonl", "/index.jsonl", "/run_manifest.jsonl"]
            .iter()
            .find_map(|end| file.strip_suffix(end).map(str::to_owned))
    };
    files.lines().filter_map(index).collect()
}

/// The ids of all directories of a tree-ish, by path.
fn directories(env: &TestEnv, treeish: &str) -> BTreeMap<String, String> {
    let listed = env.git(["ls-tree", "-r", "-d", treeish]).ok();
    listed
        .lines()
        .map(|line| {
            let (head, path) = line.split_once('\t').unwrap();
            (path.to_owned(), head.rsplit(' ').next().unwrap().to_owned())
        })
        .collect()
}

fn count(env: &TestEnv, kind: &str) -> usize {
    let all = env.git(["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"]).ok();
    all.lines().filter(|line| *line == kind).count()
}

fn dates(env: &TestEnv) -> Vec<i64> {
    env.git(["log", "--format=%ct", RUNS]).ok().lines().map(|line| line.parse().unwrap()).collect()
}

#[track_caller]
fn assert_in_order(runs: &[Value]) {
    let key = |run: &Value| ["recorded_at", "timestamp", "id"].map(|key| run[key].as_str().unwrap().to_owned());
    for pair in runs.windows(2) {
        assert!(key(&pair[0]) > key(&pair[1]), "{} before {}", pair[0], pair[1]);
    }
}

#[test]
fn all_110_and_nothing_twice() {
    let Some(env) = with_branch(&[]) else { return };
    let (paths, blobs) = (bundles(&env), count(&env, "blob"));
    assert_eq!(paths.len(), 110);
    let said = env.agentv(["import", "--from-ref", BRANCH]);
    assert_eq!(said.stderr, "", "nothing failed, nothing was left out");
    assert_eq!(
        said.ok(),
        format!(
            "imported 110 runs from {BRANCH}\n  transcript-direct was published again: 61af3ae9bf is replaced by 2ee180592d; --all-versions imports it too\n"
        )
    );
    let runs = env.runs();
    assert_eq!(runs.len(), 110);
    assert_in_order(&runs);
    assert!(dates(&env).is_sorted_by(|a, b| a >= b), "commit dates never go back");
    env.fsck();

    // The trees were grafted: of blobs there are only the manifests more.
    assert_eq!(count(&env, "blob"), blobs + 110);
    let (theirs, ours) = (directories(&env, BRANCH), directories(&env, RUNS));
    let grafted: BTreeSet<_> = ours
        .iter()
        .filter(|(path, _)| path.matches('/').count() == 2 && path.ends_with("/artifacts"))
        .map(|(_, id)| id)
        .collect();
    let expected: BTreeSet<_> = paths.iter().map(|path| &theirs[path]).collect();
    assert_eq!(grafted, expected);

    let tip = env.git(["rev-parse", RUNS]).ok();
    let again = import(&env, &[]);
    assert_eq!(json!([again["recorded"], again["already"], again["deleted"]]), json!([[], 110, 0]));
    assert_eq!(env.git(["rev-parse", RUNS]).ok(), tip, "nothing was committed");
}

#[test]
fn all_versions() {
    let Some(env) = with_branch(&[]) else { return };
    let first = import(&env, &["--all-versions"]);
    assert_eq!(first["recorded"].as_array().unwrap().len(), 111);
    let replaced = &first["replaced"][0];
    assert_eq!(replaced["path"], "transcript-direct");
    assert!(replaced["published"].as_str().unwrap().starts_with("61af3ae9bf"));
    assert!(replaced["replaced_by"].as_str().unwrap().starts_with("2ee180592d"));
    let both: Vec<_> = env.runs().into_iter().filter(|run| run["run_id"] == "transcript-direct").collect();
    assert_eq!(both.len(), 2);
    let said = env.agentv(["show", "transcript-direct"]).fails(128);
    assert!(said.contains("is ambiguous"), "{said}");
    assert_eq!(env.runs().len(), 111);
    env.fsck();
    // One after the other comes to the same.
    let Some(other) = with_branch(&[]) else { return };
    import(&other, &[]);
    assert_eq!(import(&other, &["--all-versions"])["recorded"].as_array().unwrap().len(), 1);
    let ids = |env: &TestEnv| env.runs().iter().map(|run| run["id"].to_string()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&env), ids(&other));
}

/// Runs are dated by the commit that published them, unless the ref is newer already.
#[test]
fn dates_come_from_the_branch() {
    let Some(env) = with_branch(&[]) else { return };
    import(&env, &[]);
    let theirs: BTreeSet<_> = env.git(["log", "--format=%ct", BRANCH]).ok().lines().map(str::to_owned).collect();
    let ours: BTreeSet<_> = dates(&env).iter().map(ToString::to_string).collect();
    assert!(ours.is_subset(&theirs) && ours.len() > 100, "{} of {}", ours.len(), theirs.len());
    let authored = env.git(["log", "--format=%at %(trailers:key=Agentv-Run,valueonly,separator=%x2C)", RUNS]).ok();
    let started: BTreeMap<_, _> =
        env.runs().into_iter().map(|run| (run["id"].as_str().unwrap().to_owned(), run)).collect();
    for line in authored.lines() {
        let (seconds, id) = line.split_once(' ').unwrap();
        let time: jiff::Timestamp = started[id]["timestamp"].as_str().unwrap().parse().unwrap();
        assert_eq!(seconds, time.as_second().to_string(), "{id}");
    }
}

#[test]
fn into_a_ref_that_is_newer() {
    let Some(mut env) = with_branch(&[]) else { return };
    env.set("GIT_COMMITTER_DATE", "@1900000000 +0000");
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    import(&env, &[]);
    assert_eq!(env.runs().len(), 111);
    assert_eq!(dates(&env), vec![1_900_000_000; 111], "no commit is older than the one before it");
    assert_in_order(&env.runs());
    // And what is recorded afterwards by a clock that is behind.
    env.set("GIT_COMMITTER_DATE", "@1700000000 +0000");
    env.small_bundle(2);
    env.agentv(["record"]).ok();
    assert_eq!(dates(&env)[0], 1_900_000_000);
    assert_eq!(env.runs().len(), 112);
}

/// Each run comes out as the directory that the branch holds, byte for byte and mode for mode.
#[test]
fn exported_runs_are_the_directories_of_the_branch() {
    let Some(env) = with_branch(&[]) else { return };
    let checkout = env.root().join("checkout");
    env.git(["worktree", "add", "-q", "--detach", checkout.to_str().unwrap(), BRANCH]).ok();
    let theirs = directories(&env, BRANCH);
    import(&env, &[]);
    let ours = directories(&env, RUNS);
    let by_tree: BTreeMap<&String, &String> = ours
        .iter()
        .filter_map(|(path, id)| {
            Some((id, path)).filter(|_| path.matches('/').count() == 2 && path.ends_with("/artifacts"))
        })
        .collect();
    let mut compared = 0;
    for path in bundles(&env) {
        let place = by_tree[&theirs[&path]];
        let id = place.replace("/artifacts", "").replace('/', "");
        let out = env.root().join("out").join(&id);
        env.agentv(["export", &id, out.to_str().unwrap()]).ok();
        assert!(read_dir(&out) == read_dir(&checkout.join(&path)), "{path} ({id}) differs");
        assert_eq!(executables(&out), executables(&checkout.join(&path)), "{path}");
        compared += 1;
    }
    assert_eq!(compared, 110);
}

#[cfg(unix)]
fn executables(dir: &Path) -> Vec<std::path::PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let executable = |path: &Path| dir.join(path).metadata().unwrap().permissions().mode() & 0o111 != 0;
    read_dir(dir).into_keys().filter(|path| executable(path)).collect()
}

#[cfg(not(unix))]
fn executables(_dir: &Path) -> Vec<std::path::PathBuf> {
    Vec::new()
}

#[test]
fn into_a_bare_repository() {
    let Some(env) = with_branch(&["--bare"]) else { return };
    assert_eq!(import(&env, &[])["recorded"].as_array().unwrap().len(), 110);
    assert_eq!(env.runs().len(), 110);
    env.fsck();
}

/// A run that was deleted here does not come back with the next import.
#[test]
fn deleted_runs_stay_deleted() {
    let Some(env) = with_branch(&[]) else { return };
    import(&env, &[]);
    env.agentv(["delete", "@{0}", "@{1}"]).ok();
    let again = import(&env, &[]);
    assert_eq!(json!([again["recorded"], again["already"], again["deleted"]]), json!([[], 108, 2]));
    assert_eq!(env.runs().len(), 108);
    assert!(env.agentv(["import", "--from-ref", BRANCH]).ok().contains("108 already recorded, 2 deleted before"));
}
