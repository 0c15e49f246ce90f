//! Whatever is done in three clones, and in whatever order they are merged, the tree is the same.

use super::*;
use crate::env::copy_dir;
use crate::random::Random;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Three clones that know each other.
fn three(env: &TestEnv, format: &str) -> Vec<PathBuf> {
    let dirs: Vec<PathBuf> = NAMES.iter().map(|name| env.root().join(name)).collect();
    for (at, dir) in dirs.iter().enumerate() {
        env.git_in(env.root(), ["init", "-q", &format!("--object-format={format}"), NAMES[at]]).ok();
        env.git_in(dir, ["config", "agentv.window", ["3", "4", "5"][at]]).ok();
        for (name, other) in NAMES.iter().zip(&dirs) {
            env.git_in(dir, ["remote", "add", name, other.to_str().unwrap()]).ok();
        }
    }
    dirs
}

/// One random edit.
fn edit(env: &TestEnv, random: &mut Random, dir: &Path, time: u64, compacts: bool) {
    let known = if env.git_in(dir, ["rev-parse", "-q", "--verify", RUNS]).code == 0 { ids(env, dir) } else { vec![] };
    if known.is_empty() || random.below(4) == 0 {
        // Sometimes two clones record the same bundle.
        record_at(env, dir, &format!("run-{}", random.below(30)), time).ok();
        return;
    }
    let id = known[random.below(known.len() as u64) as usize].as_str();
    let tag = format!("t{}", random.below(3));
    let (add, remove) = (format!("+{tag}"), format!("-{tag}"));
    let ran = match random.below(if compacts { 12 } else { 7 }) {
        7 => at(env, dir, time, &["delete", id]),
        8 => at(env, dir, time, &["prune", "--older-than", "1d", "--keep", "tag:t0 or tag:t1", "--yes"]),
        9 => at(env, dir, time, &["prune", "--older-than", "1d", "--keep", "-tag:t1", "--artifacts-only", "--yes"]),
        10 | 11 => at(env, dir, time, &["compact", "--yes"]),
        0 => at(env, dir, time, &["tag", id, &add]),
        1 => at(env, dir, time, &["tag", id, &remove]),
        2 => at(env, dir, time, &["note", id, "-m", &format!("note {time}")]),
        3 => at(env, dir, time, &["note", id, "--remove"]),
        4 => at(env, dir, time, &["delete", id]),
        5 => at(env, dir, time, &["restore", id]),
        _ => {
            let head = env.git_in(dir, ["rev-parse", "HEAD"]).ok();
            at(env, dir, time, &["link", id, head.trim()])
        }
    };
    // A deleted run can't be linked, and one without files not restored.
    assert!(ran.code == 0 || ran.stderr.contains("was deleted") || ran.stderr.contains("compacted away"), "{ran:?}");
}

fn pull(env: &TestEnv, dir: &Path, from: &str) {
    env.agentv_in(dir, ["pull", from]).ok();
}

fn random_world(seed: u64, format: &str, index: bool, compacts: bool) {
    let env = TestEnv::without_repo();
    let (dirs, mut random) = (three(&env, format), Random::new(seed));
    for dir in &dirs {
        // Two commits, so that the first is not amended.
        env.git_in(dir, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
        env.git_in(dir, ["tag", "published"]).ok();
    }
    for time in 1..70 {
        let who = random.below(3) as usize;
        if random.below(8) == 0 {
            let from = NAMES[random.below(3) as usize];
            if from != NAMES[who] {
                pull(&env, &dirs[who], from);
            }
        } else {
            // Now and then in the very same second as others.
            let time = if random.below(6) == 0 { time - 1 } else { time };
            edit(&env, &mut random, &dirs[who], time, compacts);
        }
        if compacts && time % 7 == 0 && env.git_in(&dirs[who], ["rev-parse", "-q", "--verify", RUNS]).code == 0 {
            // What grows with the clone, whatever happens to its history.
            env.agentv_in(&dirs[who], ["list", "passed>=0", "--deleted", "-n", "0"]).ok();
        }
        if index && time == 30 {
            for dir in dirs.iter().filter(|dir| env.git_in(dir, ["rev-parse", "-q", "--verify", RUNS]).code == 0) {
                env.agentv_in(dir, ["reindex", "--repo", ".", "--branch", RUNS]).ok();
            }
        }
    }
    // Each order in copies of its own; the remotes are still the three.
    let copy = |name: &str, of: usize| {
        let dir = env.root().join(name);
        copy_dir(&dirs[of], &dir);
        dir
    };
    let mut ends = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let end = copy(&format!("line-{order:?}").replace([' ', ',', '[', ']'], ""), order[0]);
        pull(&env, &end, NAMES[order[1]]);
        pull(&env, &end, NAMES[order[2]]);
        ends.push(end);
    }
    for (first, [one, other]) in [(0, [1, 2]), (1, [2, 0]), (2, [0, 1])] {
        let pair = copy(&format!("pair-{first}"), one);
        pull(&env, &pair, NAMES[other]);
        let end = copy(&format!("tree-{first}"), first);
        env.git_in(&end, ["remote", "add", "pair", pair.to_str().unwrap()]).ok();
        pull(&env, &end, "pair");
        ends.push(end);
    }
    let (wanted, listed) = (tree(&env, &ends[0]), rows(&env, &ends[0]));
    for end in &ends {
        let seen = tree(&env, end);
        if seen != wanted {
            let (one, other) = (wanted.trim(), seen.trim());
            env.git_in(&ends[0], ["fetch", "-q", end.to_str().unwrap(), RUNS]).ok();
            panic!("seed {seed}: {}\n{}", end.display(), env.git_in(&ends[0], ["diff", one, other]).ok());
        }
        assert_eq!(rows(&env, end), listed, "seed {seed}");
        whole(&env, end);
        nothing_came_back(&env, end);
        if index {
            env.agentv_in(end, ["reindex", "--repo", ".", "--branch", RUNS, "--check"]).ok();
        }
    }
    // The two that ended up on each other's runs agree on everything.
    let end = &ends[0];
    assert_eq!(crate::second_reader::both_agree_in(&env, end).len(), listed.len());
    // What grew with the clone, and what is made anew from its log.
    env.agentv_in(&dirs[0], ["list", "passed>=0", "--deleted", "-n", "0"]).ok();
    pull(&env, &dirs[0], "b");
    pull(&env, &dirs[0], "c");
    let query = ["list", "passed>=0", "--deleted", "-n", "0", "--format", "json"];
    let grown = env.agentv_in(&dirs[0], query).json();
    std::fs::remove_file(dirs[0].join(".git/agentv/index-v4.sqlite")).unwrap();
    assert_eq!(env.agentv_in(&dirs[0], query).json(), grown, "seed {seed}");
    assert_eq!(tree(&env, &dirs[0]), wanted);
}

/// A run that lost its files in one place has none anywhere.
fn nothing_came_back(env: &TestEnv, dir: &Path) {
    let log = env
        .git_in(dir, ["log", "--format=%(trailers:key=Agentv-Op,valueonly)%(trailers:key=Agentv-Row,valueonly)", RUNS])
        .ok();
    let (mut with, mut without) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    let mut record = false;
    for line in log.lines() {
        if line.starts_with('{') {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let (id, has_files) = (row["id"].as_str().unwrap().to_owned(), row["status"] == "complete");
            if has_files {
                with.insert(id);
            } else if record {
                without.insert(id);
            }
        } else if !line.is_empty() {
            record = line == "record";
        }
    }
    assert_eq!(with.intersection(&without).collect::<Vec<_>>(), [""; 0]);
}

/// All rows, by id: what the fold makes of the log.
fn rows(env: &TestEnv, dir: &Path) -> Vec<String> {
    let list = list(env, dir);
    list["runs"].as_array().unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn three_clones_end_with_the_same_tree_in_any_order() {
    for seed in 0..5 {
        random_world(seed, "sha1", false, false);
    }
}

#[test]
fn three_clones_with_sha256() {
    random_world(77, "sha256", false, false);
}

#[test]
fn three_clones_that_keep_an_index() {
    for seed in 100..102 {
        random_world(seed, "sha1", true, false);
    }
}

#[test]
fn three_clones_that_prune_and_compact() {
    let full = std::env::var_os("AGENTV_TEST_FULL").is_some();
    for seed in 200..if full { 230 } else { 203 } {
        random_world(seed, ["sha1", "sha256"][seed as usize % 2], seed % 3 == 0, true);
    }
}
