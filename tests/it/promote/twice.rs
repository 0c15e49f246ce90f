//! Once, and again.

use super::World;
use crate::env::TestEnv;

#[test]
fn the_second_time_nothing_goes() {
    let world = World::new(12);
    let said = world.promote(&["--to", "../evals.git", "--create", "--yes"]).ok();
    assert!(said.contains("made ") && said.contains("sent 12 runs, about "), "{said}");
    let hub = world.hub();
    world.whole(&hub, "main", 12);
    let first = world.tip(&hub, "main");
    let clone = || {
        let dir = std::fs::read_dir(world.env.root().join("home/.local/share/agentv/results")).unwrap();
        let dir: Vec<_> = dir.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(dir.len(), 1);
        world.tip(&dir[0], "main")
    };
    let here = clone();
    for _ in 0..2 {
        // Nothing to ask about any more, and no commit is made anywhere.
        let said = world.promote(&["--to", "../evals.git"]).ok();
        assert!(said.starts_with("nothing new: "), "{said}");
        assert_eq!((world.tip(&hub, "main"), clone()), (first.clone(), here.clone()));
    }
    // The whole history is there, the row of each run in its own commit.
    let own = world.tip(&world.env.repo, "refs/agentv/runs/v1");
    assert_eq!(world.env.git_in(&hub, ["merge-base", "--is-ancestor", &own, "main"]).code, 0);
    assert_eq!(world.env.git(["config", "agentv.resultsRepo"]).ok().trim(), hub.to_str().unwrap());
}

#[test]
fn later_only_what_is_new() {
    let world = World::new(3);
    world.promote(&["--to", "../evals.git", "--create", "--yes", "--no-switch"]).ok();
    assert!(world.env.git(["config", "agentv.resultsRepo"]).code != 0);
    world.record(3..5);
    world.agentv(&["tag", "run-0", "+old"]);
    let said = world.promote(&["--to", "../evals.git", "--no-switch", "--format", "json"]).json();
    assert_eq!(said["sent"], serde_json::json!({"new": 2, "changed": 1}));
    let hub = world.hub();
    world.whole(&hub, "main", 5);
    let index = world.env.git_in(&hub, ["cat-file", "blob", "main:index/runs.jsonl"]).ok();
    assert!(index.lines().any(|line| line.contains("\"run-0\"") && line.contains("[\"old\"]")), "{index}");
}

#[test]
fn two_repositories_into_one() {
    let world = World::new(3);
    world.promote(&["--to", "../evals.git", "--create", "--yes"]).ok();
    let other = world.env.root().join("other");
    world.env.git_in(world.env.root(), ["init", "-q", "other"]).ok();
    let bundle = world.env.root().join("bundles/theirs");
    crate::env::write_small_bundle(&bundle, "theirs", "2026-07-04T10:00:00.000Z");
    world.env.agentv_in(&other, ["record", bundle.to_str().unwrap()]).ok();
    world.env.agentv_in(&other, ["promote", "--to", "../evals.git"]).ok();
    world.whole(&world.hub(), "main", 4);
    // And what the first one records from now on.
    world.record(3..4);
    world.agentv(&["push"]);
    world.whole(&world.hub(), "main", 5);
}

#[test]
fn a_dry_run_changes_nothing() {
    let world = World::new(2);
    let said = world.promote(&["--to", "../evals.git", "--create", "-n"]).ok();
    assert!(said.contains("would have made") && said.contains("would have sent 2 runs, about"), "{said}");
    assert!(!world.hub().exists());
    let hub = world.make_hub();
    let said = world.promote(&["--to", "../evals.git", "-n"]).ok();
    assert!(said.contains("would have sent 2 runs, about"), "{said}");
    assert_eq!(world.tip(&hub, "main"), "");
    assert!(world.env.git(["config", "agentv.resultsRepo"]).code != 0);
}

#[test]
fn moved_away() {
    let world = World::new(3);
    world.make_hub();
    let said = world.promote(&["--to", "../evals.git", "--yes", "--move"]).ok();
    assert!(said.contains("were deleted here"), "{said}");
    assert_eq!(world.tip(&world.env.repo, "refs/agentv/runs/v1"), "");
    world.whole(&world.hub(), "main", 3);
    assert!(world.agentv(&["show", "run-1"]).contains("small"), "found where they are now");
    let said = world.promote(&["--to", "../evals.git"]).fails(128);
    assert!(said.contains("no runs of its own"), "{said}");
}

#[test]
fn another_branch_and_another_format_of_objects() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::with_init(&["--object-format", format]);
        let world = World { env };
        world.record(0..2);
        world.promote(&["--to", "../evals.git", "--create", "--branch", "runs", "--yes"]).ok();
        world.whole(&world.hub(), "runs", 2);
        world.record(2..3);
        assert!(world.agentv(&["push"]).contains("sent 1 run"));
        world.whole(&world.hub(), "runs", 3);
    }
}

#[test]
fn from_a_light_clone() {
    let world = World::new(3);
    world.make_hub();
    let source = format!("file://{}", world.env.repo.display());
    world.env.git(["config", "uploadpack.allowFilter", "true"]).ok();
    world.env.git(["config", "uploadpack.allowAnySHA1InWant", "true"]).ok();
    let light = world.env.root().join("light");
    world.env.git_in(world.env.root(), ["clone", "-q", "--filter=blob:none", &source, "light"]).ok();
    let runs = "refs/agentv/runs/v1:refs/agentv/runs/v1";
    world.env.git_in(&light, ["fetch", "-q", "--filter=blob:none", "origin", runs]).ok();
    world.env.agentv_in(&light, ["promote", "--to", "../evals.git", "--yes"]).ok();
    world.whole(&world.hub(), "main", 3);
}

#[test]
fn all_real_runs_and_very_many() {
    let bundle = crate::env::shared("agentv-results-v1.bundle");
    let world = World::new(0);
    let mut runs = 0;
    if let Some(bundle) = bundle {
        let from = "refs/heads/agentv/results/v1:refs/real";
        world.env.git(["fetch", "-q", bundle.to_str().unwrap(), from]).ok();
        world.agentv(&["import", "--from-ref", "refs/real"]);
        runs += 110;
    } else {
        eprintln!("the real results branch is not on this machine: generated runs only");
    }
    let many = if std::env::var_os("AGENTV_TEST_FULL").is_some() { 5000 } else { 150 };
    // So that the index has more than one file, and older runs leave the tip's tree.
    world.env.git(["config", "agentv.window", "40"]).ok();
    let dir = world.env.repo.join(".agentv/results");
    for n in 0..many {
        crate::env::write_small_bundle(&dir.join(format!("g-{n}")), &format!("g-{n}"), "2026-07-04T10:00:00.000Z");
    }
    world.agentv(&["record"]);
    runs += many;
    let said = world.promote(&["--to", "../evals.git", "--create", "--yes"]).ok();
    let hub = world.hub();
    let tip = world.tip(&hub, "main");
    world.whole(&hub, "main", runs);
    let said = format!("{said}{}", world.promote(&["--to", "../evals.git"]).ok());
    assert!(said.contains("nothing new"), "{said}");
    assert_eq!(world.tip(&hub, "main"), tip);
    // And over http, to a repository that has none of it.
    let Some(server) = crate::servers::http(&world.env, &world.env.root()) else { return };
    world.env.git_in(world.env.root(), ["init", "-q", "--bare", "web.git"]).ok();
    let (hub, url) = (world.env.root().join("web.git"), server.url("web.git"));
    let said = world.promote(&["--to", &url, "--yes", "--no-switch"]).ok();
    assert!(said.contains(&format!("sent {runs} runs")), "{said}");
    world.whole(&hub, "main", runs);
    let tip = world.tip(&hub, "main");
    server.requests();
    assert!(world.promote(&["--to", &url, "--no-switch"]).ok().contains("nothing new"));
    assert!(!server.requests().iter().any(|request| request.starts_with("POST") && request.contains("receive-pack")));
    assert_eq!(world.tip(&hub, "main"), tip);
}
