//! A results repository that upstream's tools write: read, never written.

use std::path::Path;

use super::World;
use crate::env::write_small_bundle;

const BRANCH: &str = "refs/heads/agentv/results/v1";

/// Publishes bundles as upstream does: one commit each, directories at the root of the branch.
fn publish(world: &World, names: &[&str]) {
    let dir = world.env.root().join("publisher");
    if !dir.exists() {
        world.env.git_in(world.env.root(), ["clone", "-q", world.hub.to_str().unwrap(), "publisher"]).ok();
        world.env.git_in(&dir, ["checkout", "-q", "--orphan", "agentv/results/v1"]).ok();
    }
    for name in names {
        write_small_bundle(&dir.join(name), name, "2026-07-04T10:00:00.000Z");
        world.env.git_in(&dir, ["add", "-A"]).ok();
        world.env.git_in(&dir, ["commit", "-q", "-m", &format!("feat(results): {name}")]).ok();
    }
    world.env.git_in(&dir, ["push", "-q", "origin", "agentv/results/v1"]).ok();
}

fn refs(world: &World, hub: &Path) -> String {
    world.env.git_in(hub, ["for-each-ref"]).ok()
}

#[test]
fn its_runs_are_read_and_its_branch_stays() {
    let world = World::new();
    publish(&world, &["first", "second"]);
    let before = refs(&world, &world.hub);
    let dir = world.using("app");
    assert!(world.agentv(&dir, &["sync"]).ok().contains("read 2 runs of "));
    assert!(world.agentv(&dir, &["show", "first"]).ok().contains("small"));
    assert_eq!(world.agentv(&dir, &["cat", "second", "only/answer.md"]).ok(), "answer of second\n");
    let said = world.agentv(&dir, &["tag", "first", "+x"]).fails(128);
    assert!(said.contains("upstream's tools write"), "{said}");
    // What is recorded stays here: the branch is theirs.
    let ran = world.agentv(&dir, &["record", &world.bundle("ours")]);
    assert!(ran.code == 0 && ran.stderr.contains("runs are kept in this repository"), "{ran:?}");
    assert!(world.env.git_in(&dir, ["rev-parse", "refs/agentv/runs/v1"]).code == 0);
    assert_eq!(refs(&world, &world.hub), before);
    publish(&world, &["third"]);
    assert!(world.agentv(&dir, &["pull"]).ok().contains("read 3 runs of "), "and again");
    world.agentv(&dir, &["show", "third"]).ok();
    let status = world.agentv(&dir, &["status", "--format", "json"]).json();
    assert_eq!((&status["results"]["runs"], &status["results"]["branch"]), (&3.into(), &"agentv/results/v1".into()));
}

#[test]
fn runs_are_not_promoted_into_it() {
    let world = World::new();
    publish(&world, &["first"]);
    let before = refs(&world, &world.hub);
    let dir = world.source("app");
    world.record(&dir, "own");
    let said = world.agentv(&dir, &["promote", "--to", &world.url(), "--yes"]).fails(128);
    assert!(said.contains("upstream's tools") && said.contains("--branch"), "{said}");
    assert_eq!(refs(&world, &world.hub), before);
    // On a branch of their own they harm nobody.
    world.agentv(&dir, &["promote", "--to", &world.url(), "--branch", "runs", "--yes"]).ok();
    assert!(refs(&world, &world.hub).starts_with(before.trim()));
    world.record(&dir, "next");
    assert!(world.agentv(&dir, &["push"]).ok().contains("sent 1 run"));
}

#[test]
fn the_real_branch() {
    let Some(bundle) = crate::env::shared("agentv-results-v1.bundle") else { return };
    let world = World::new();
    world.env.git_in(&world.hub, ["fetch", "-q", bundle.to_str().unwrap(), &format!("{BRANCH}:{BRANCH}")]).ok();
    let before = refs(&world, &world.hub);
    let dir = world.using("app");
    assert!(world.agentv(&dir, &["sync"]).ok().contains("read 110 runs of "));
    let shown = world.agentv(&dir, &["show", "transcript-direct", "--format", "json"]).json();
    assert!(!shown["cases"].as_array().unwrap().is_empty());
    assert_eq!(refs(&world, &world.hub), before);
    let hub = world.hub.to_str().unwrap();
    world.env.agentv_in(&dir, ["reindex", "--repo", hub, "--branch", "agentv/results/v1"]).ok();
    let changed =
        world.env.git_in(&world.hub, ["diff", "--name-status", before.split(' ').next().unwrap(), BRANCH]).ok();
    assert_eq!(changed, "A\tindex/runs.jsonl\n", "upstream's own files are as they were");
}
