//! Commands find runs wherever they are.

use super::{World, later};

#[test]
fn every_command_finds_a_run_of_the_results_repository() {
    let world = World::new();
    let dir = world.using("app");
    let id = world.record(&dir, "one");
    let say = |args: &[&str]| world.agentv(&dir, args).ok();
    assert!(say(&["show", &id]).contains("small"));
    assert!(say(&["show", "@{0}"]).contains(&id));
    assert!(say(&["files", "one"]).contains("summary.json"));
    assert_eq!(say(&["cat", &id, "only/answer.md"]), "answer of one\n");
    say(&["export", &id, "out"]);
    assert!(dir.join("out/summary.json").is_file());
    assert!(say(&["tag", &id, "+baseline"]).contains("baseline"));
    assert!(say(&["tag", &id]).contains("baseline"));
    say(&["note", &id, "-m", "as good as it gets"]);
    assert!(say(&["note", &id]).contains("as good"));
    assert!(say(&["link", &id]).contains("linked"));
    assert!(say(&["delete", &id]).contains("deleted"));
    assert_eq!(world.rows()[0]["status"], "pruned", "each change was sent");
    say(&["restore", &id]);
    let rows = world.rows();
    assert_eq!((&rows[0]["tags"], &rows[0]["status"]), (&serde_json::json!(["baseline"]), &"complete".into()));
    assert!(world.env.git_in(&dir, ["rev-parse", "-q", "--verify", "refs/agentv/runs/v1"]).code != 0);
    world.whole();
}

#[test]
fn a_run_of_both_places_is_changed_in_the_results_repository() {
    let world = World::new();
    let dir = world.source("app");
    let own = world.record(&dir, "own");
    world.env.git_in(&dir, ["config", "agentv.resultsRepo", &world.url()]).ok();
    world.env.git_in(&dir, ["config", "agentv.autoPush", "true"]).ok();
    let both = world.record(&dir, "own");
    assert_eq!(own, both, "the same bundle is the same run");
    world.agentv(&dir, &["tag", &own, "+seen"]).ok();
    assert_eq!(world.rows()[0]["tags"], serde_json::json!(["seen"]));
    assert!(world.agentv(&dir, &["tag", &own]).ok().contains("seen"));
}

#[test]
fn runs_that_were_recorded_before_are_found_and_changed() {
    let world = World::new();
    let dir = world.source("app");
    let own = world.record(&dir, "own");
    world.env.git_in(&dir, ["config", "agentv.resultsRepo", &world.url()]).ok();
    let newer = later(&mut world.command("data", &dir, &["record", &world.bundle("newer")]), 60)
        .ok()
        .split(' ')
        .nth(1)
        .unwrap()
        .to_owned();
    assert!(world.agentv(&dir, &["show", &own]).ok().contains(&own));
    assert!(world.agentv(&dir, &["show", "@{0}"]).ok().contains(&newer));
    assert!(world.agentv(&dir, &["show", "@{1}"]).ok().contains(&own));
    world.agentv(&dir, &["show", "@{2}"]).fails(128);
    assert!(world.agentv(&dir, &["tag", &own, "+old"]).ok().contains("old"));
    let said = world.agentv(&dir, &["show", "feed"]).fails(128);
    assert!(said.contains("no run matches"), "{said}");
}

#[test]
fn a_run_that_only_a_remote_has_is_shown_and_not_changed() {
    let world = World::new();
    let (app, other) = (world.source("app"), world.source("other"));
    let id = world.record(&other, "theirs");
    world.env.git_in(&app, ["remote", "add", "origin", other.to_str().unwrap()]).ok();
    world.agentv(&app, &["fetch"]).ok();
    assert!(world.agentv(&app, &["show", &id]).ok().contains(&id));
    let said = world.agentv(&app, &["tag", &id, "+x"]).fails(128);
    assert!(said.contains("origin") && said.contains("git agentv pull origin"), "{said}");
}
