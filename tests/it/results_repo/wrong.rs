//! Settings and places that make no sense.

use super::World;

#[test]
fn settings_that_cannot_be_read_are_told_and_keep_runs_here() {
    let world = World::new();
    for (n, (text, told)) in [
        ("results: [\n", "cannot be read"),
        ("results: 5\n", "'results' is no mapping"),
        ("results: {repo: 5}\n", "'results.repo' is no text"),
        ("results: {repo: acme/evals, sync: {auto_push: 1}}\n", "'results.sync.auto_push' is neither true nor false"),
    ]
    .iter()
    .enumerate()
    {
        let dir = world.source(&format!("app-{n}"));
        std::fs::create_dir_all(dir.join(".agentv")).unwrap();
        std::fs::write(dir.join(".agentv/config.yaml"), text).unwrap();
        let ran = world.agentv(&dir, &["record", &world.bundle(&format!("run-{n}"))]);
        assert!(ran.code == 0 && ran.stderr.contains(told), "{text}: {ran:?}");
        assert!(world.env.git_in(&dir, ["rev-parse", "refs/agentv/runs/v1"]).code == 0);
        let status = world.agentv(&dir, &["status"]).ok();
        assert!(status.contains(told), "{status}");
    }
}

#[test]
fn a_data_directory_that_cannot_be_written() {
    let world = World::new();
    let dir = world.using("app");
    std::fs::write(world.env.root().join("taken"), "").unwrap();
    let said = world.on("taken", &dir, &["record", &world.bundle("one")]).fails(128);
    assert!(said.contains("cannot make the clone") && said.contains("XDG_DATA_HOME"), "{said}");
    // Before an hour of evaluation, not after.
    let ran = world.on("taken", &dir, &["run", "--", "touch", "evaluated"]);
    assert!(ran.code == 128 && !dir.join("evaluated").exists(), "{ran:?}");
    let said = world.on("taken", &dir, &["promote", "--to", &world.url()]).fails(128);
    assert!(said.contains("no runs") || said.contains("cannot make the clone"), "{said}");
}

#[test]
fn a_branch_of_something_else() {
    let world = World::new();
    let other = world.source("website");
    world.env.git_in(&other, ["push", "-q", &world.url(), "main"]).ok();
    let dir = world.using("app");
    let ran = world.agentv(&dir, &["record", &world.bundle("one")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("upstream's tools") || ran.stderr.contains("something else than runs"), "{ran:?}");
    let said = world.agentv(&dir, &["push"]).fails(128);
    assert!(said.contains("something else than runs") || said.contains("there are no runs"), "{said}");
    assert_eq!(world.env.git_in(&world.hub, ["log", "--format=%s", "main"]).ok(), "first\n");
    // The run is safe, and found.
    assert!(world.agentv(&dir, &["show", "one"]).ok().contains("small"));
}

#[test]
fn names_that_are_none() {
    let world = World::new();
    let dir = world.source("app");
    world.env.git_in(&dir, ["config", "agentv.resultsRepo", "--upload-pack=touch evil"]).ok();
    let said = world.agentv(&dir, &["record", &world.bundle("one")]).fails(128);
    assert!(said.contains("names no repository"), "{said}");
    assert!(!dir.join("evil").exists());
}
