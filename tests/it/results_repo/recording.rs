//! Where new runs go.

use super::World;
use crate::env::Ran;

#[test]
fn all_spellings_of_upstreams_settings() {
    let world = World::new();
    let url = world.url();
    for (n, text) in [
        format!("results:\n  repo: {url}\n  auto_push: true\n"),
        format!("results:\n  mode: github\n  repo: {url}\n  path: ~/somewhere/else\n  auto_push: true\n"),
        format!("results:\n  repo_url: {url}\n  sync:\n    auto_push: true\n"),
        "results:\n  repo_path: ../acme/evals.git\n  branch: main\n  sync: {auto_push: true}\n".to_owned(),
        "results: {path: ../acme/evals.git, sync: {auto_push: true}}\n".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let dir = world.source(&format!("app-{n}"));
        std::fs::create_dir_all(dir.join(".agentv")).unwrap();
        std::fs::write(dir.join(".agentv/config.yaml"), text).unwrap();
        // A file that came with the code sends nothing for the first time; somebody has to agree once.
        let machine = format!("machine-{n}");
        let ran = world.on(&machine, &dir, &["record", &world.bundle(&format!("first-{n}"))]);
        assert!(ran.code == 0 && ran.stderr.contains("nobody here agreed"), "{text}: {ran:?}");
        world.on(&machine, &dir, &["push", "--yes"]).ok();
        let ran = world.on(&machine, &dir, &["record", &world.bundle(&format!("run-{n}"))]);
        assert!(ran.stderr.contains("sent 1 run to "), "{text}: {ran:?}");
        assert_eq!(world.rows().len(), 2 * n + 2, "{text}");
        assert_eq!(world.env.git_in(&dir, ["for-each-ref"]).ok().lines().count(), 1, "nothing but the branch");
        world.whole();
    }
}

#[test]
fn a_setting_of_git_goes_first() {
    let world = World::new();
    let dir = world.using("app");
    std::fs::create_dir_all(dir.join(".agentv")).unwrap();
    std::fs::write(dir.join(".agentv/config.yaml"), "results: {repo: nowhere/else}\n").unwrap();
    world.record(&dir, "one");
    assert_eq!(world.rows().len(), 1);
    // The repository itself is no results repository.
    world.env.git_in(&dir, ["config", "agentv.resultsRepo", "."]).ok();
    world.record(&dir, "two");
    assert_eq!(world.rows().len(), 1);
    assert!(world.env.git_in(&dir, ["rev-parse", "refs/agentv/runs/v1"]).code == 0);
}

#[test]
fn rows_name_the_source_repository_and_no_secret() {
    let world = World::new();
    let (app, other) = (world.using("app"), world.using("other"));
    let remote = "https://me:s3cret@git.example.com/acme/app.git";
    world.env.git_in(&app, ["remote", "add", "origin", remote]).ok();
    world.record(&app, "one");
    world.record(&other, "two");
    let rows = world.rows();
    assert_eq!((&rows[1]["repo"], &rows[0]["repo"]), (&"acme/app".into(), &"other".into()));
    let all = world.env.git_in(&world.hub, ["log", "-p", "main"]).ok();
    assert!(!all.contains("s3cret") && all.contains("\"repo\": \"acme/app\""), "{all}");
    let clones = std::fs::read_dir(world.env.root().join("data/agentv/results")).unwrap();
    assert_eq!(clones.count(), 1, "one address, one clone");
    // Ours come after the documented keys.
    let line = world.env.git_in(&world.hub, ["cat-file", "blob", "main:index/runs.jsonl"]).ok();
    assert!(line.lines().next().unwrap().ends_with("\"repo\":\"acme/app\"}"), "{line}");
    world.whole();
}

#[test]
fn the_source_commit_and_the_user_are_those_of_the_source_repository() {
    let world = World::new();
    let dir = world.using("app");
    world.env.git_in(&dir, ["config", "user.email", "only@here.example"]).ok();
    let head = world.env.git_in(&dir, ["rev-parse", "HEAD"]).ok();
    let bundle = world.bundle("one");
    let script = format!("cp -r {bundle} $AGENTV_RESULTS_DIR/one");
    let ran = world.agentv(&dir, &["run", "--", "sh", "-c", &script]);
    assert!(ran.stderr.contains("sent 1 run to"), "{ran:?}");
    assert_eq!(world.rows()[0]["sha"], head.trim());
    let who = world.env.git_in(&world.hub, ["log", "--format=%ae %ce", "main"]).ok();
    assert!(who.lines().all(|line| line == "only@here.example only@here.example"), "{who}");
}

#[test]
fn a_push_that_fails_loses_nothing() {
    let world = World::new();
    let dir = world.using("app");
    let one = world.record(&dir, "one");
    let away = world.hub.with_extension("away");
    std::fs::rename(&world.hub, &away).unwrap();
    let ran = world.agentv(&dir, &["record", &world.bundle("two")]);
    assert!(ran.code == 0 && ran.stderr.contains("not sent to "), "{ran:?}");
    let status = world.agentv(&dir, &["status", "--format", "json"]).json();
    assert_eq!((&status["results"]["runs"], &status["results"]["waiting"]), (&2.into(), &1.into()));
    world.agentv(&dir, &["show", &one]).ok();
    std::fs::rename(&away, &world.hub).unwrap();
    let ran = world.agentv(&dir, &["record", &world.bundle("three")]);
    assert!(ran.stderr.contains("sent 2 runs"), "{ran:?}");
    assert_eq!(world.rows().len(), 3);
    world.whole();
}

#[test]
fn recorded_before_it_could_be_reached() {
    let world = World::new();
    let other = world.using("other");
    let away = world.hub.with_extension("away");
    world.on("elsewhere", &other, &["record", &world.bundle("theirs")]).ok();
    std::fs::rename(&world.hub, &away).unwrap();
    let dir = world.using("app");
    let ran = world.agentv(&dir, &["record", &world.bundle("ours")]);
    assert!(ran.code == 0 && ran.stderr.contains("wait in the clone"), "{ran:?}");
    std::fs::rename(&away, &world.hub).unwrap();
    // Two histories with nothing in common.
    let said = world.agentv(&dir, &["push"]).ok();
    assert!(said.contains("received 1 run") && said.contains("sent 1 run"), "{said}");
    assert_eq!(world.rows().len(), 2);
    world.whole();
}

#[test]
fn without_auto_push_it_waits_and_asks_once() {
    let world = World::new();
    let dir = world.using("app");
    world.env.git_in(&dir, ["config", "agentv.autoPush", "false"]).ok();
    world.record(&dir, "one");
    assert!(world.env.git_in(&world.hub, ["rev-parse", "-q", "--verify", "main"]).code != 0, "nothing went");
    let said = world.agentv(&dir, &["push"]).fails(128);
    assert!(said.contains("first push") && said.contains("1 run, about") && said.contains("evals"), "{said}");
    assert!(world.agentv(&dir, &["push", "--yes"]).ok().contains("sent 1 run"));
    world.record(&dir, "two");
    assert!(world.agentv(&dir, &["sync"]).ok().contains("sent 1 run"));
    assert_eq!(world.rows().len(), 2);
    world.whole();
}

#[test]
fn the_next_commit_names_a_run_of_the_results_repository() {
    let world = World::new();
    let dir = world.using("app");
    world.agentv(&dir, &["hooks", "install"]).ok();
    let id = {
        let head = world.env.git_in(&dir, ["rev-parse", "HEAD"]).ok();
        super::id_in(world.agentv(&dir, &["record", "--commit", head.trim(), &world.bundle("one")]))
    };
    let mut commit = world.env.command("git", &dir);
    commit.args(["commit", "-q", "--allow-empty", "-m", "next"]).env("XDG_DATA_HOME", world.env.root().join("data"));
    Ran::of(&mut commit).ok();
    let message = world.env.git_in(&dir, ["log", "-1", "--format=%B"]).ok();
    assert!(message.contains(&format!("Agentv-Run: {id}")), "{message}");
    let found = world.agentv(&dir, &["status", "--format", "json"]).json();
    assert_eq!(found["pending"].as_array().unwrap().len(), 0);
}
