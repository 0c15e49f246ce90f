//! Destinations that do not do, each with nothing lost.

use super::World;

#[test]
fn something_else_is_there() {
    let world = World::new(2);
    let hub = world.make_hub();
    world.env.git(["push", "-q", hub.to_str().unwrap(), "HEAD:refs/heads/main"]).ok();
    let before = world.tip(&hub, "main");
    let said = world.promote(&["--to", "../evals.git", "--yes"]).fails(128);
    assert!(said.contains("something else than runs"), "{said}");
    assert_eq!(world.tip(&hub, "main"), before);
    assert!(world.env.git(["config", "agentv.resultsRepo"]).code != 0, "nothing is switched");
    world.promote(&["--to", "../evals.git", "--yes", "--branch", "runs"]).ok();
    world.whole(&hub, "runs", 2);
    assert_eq!(world.tip(&hub, "main"), before);
}

#[test]
fn another_branch_is_there() {
    let world = World::new(1);
    let hub = world.make_hub();
    world.env.git(["push", "-q", hub.to_str().unwrap(), "HEAD:refs/heads/trunk"]).ok();
    let said = world.promote(&["--to", "../evals.git", "--yes"]).fails(128);
    assert!(said.contains("'trunk'") && said.contains("--branch"), "{said}");
    assert_eq!(world.tip(&hub, "main"), "");
}

#[test]
fn a_hook_refuses() {
    let world = World::new(2);
    let hub = world.make_hub();
    std::fs::create_dir_all(hub.join("hooks")).unwrap();
    let hook = hub.join("hooks/pre-receive");
    let script = format!(
        "printf '#!/bin/sh\\necho no runs on fridays >&2\\nexit 1\\n' >'{0}' && chmod +x '{0}'",
        hook.display()
    );
    world.env.run("sh", world.env.root(), ["-c", &script]).ok();
    let said = world.promote(&["--to", "../evals.git", "--yes"]).fails(128);
    assert!(said.contains("no runs on fridays") && said.contains("refs/heads/main"), "{said}");
    assert!(world.env.git(["config", "agentv.resultsRepo"]).code != 0);
    std::fs::remove_file(hook).unwrap();
    assert!(world.promote(&["--to", "../evals.git", "--yes"]).ok().contains("sent 2 runs"));
    world.whole(&hub, "main", 2);
}

#[test]
fn it_cannot_be_reached() {
    let world = World::new(1);
    let url = format!("file://{}/nowhere.git", world.env.root().display());
    let said = world.promote(&["--to", &url, "--yes"]).fails(128);
    assert!(said.contains("nowhere.git"), "{said}");
    let said = world.promote(&["--to", "../nowhere.git", "--yes"]).fails(128);
    assert!(said.contains("there is no repository") && said.contains("--create makes it"), "{said}");
    std::fs::write(world.env.root().join("file"), "").unwrap();
    world.promote(&["--to", "../file", "--yes"]).fails(128);
    world.promote(&["--to", "../file/evals.git", "--create", "--yes"]).fails(128);
    assert_eq!(world.env.runs().len(), 1);
    let clones = world.env.root().join("home/.local/share/agentv/results");
    assert!(!clones.read_dir().is_ok_and(|mut dir| dir.next().is_some()), "no clone of a slip is left");
}

#[test]
fn nothing_or_itself() {
    let world = World::new(0);
    world.make_hub();
    let said = world.promote(&["--to", "../evals.git", "--yes"]).fails(128);
    assert!(said.contains("no runs of its own"), "{said}");
    let said = world.promote(&["--to", "."]).fails(2);
    assert!(said.contains("this repository itself"), "{said}");
    world.promote(&["--to", ""]).fails(2);
    let said = world.promote(&["--to=--upload-pack=touch evil:x"]).fails(128);
    assert!(said.contains("names no repository"), "{said}");
    assert!(!world.env.repo.join("evil").exists());
}

#[test]
fn asked_first() {
    let world = World::new(3);
    let hub = world.make_hub();
    let said = world.promote(&["--to", "../evals.git"]).fails(128);
    assert!(said.contains("3 runs, about ") && said.contains("evals.git"), "{said}");
    assert_eq!(world.tip(&hub, "main"), "");
    assert!(world.env.git(["config", "agentv.resultsRepo"]).code != 0);
    // Nothing that was refused goes by another way.
    world.env.git(["config", "agentv.resultsRepo", hub.to_str().unwrap()]).ok();
    assert!(world.agentv(&["push"]).contains("nothing new"));
    assert_eq!(world.tip(&hub, "main"), "");
}

#[test]
fn formats_that_do_not_fit() {
    let world = World::new(1);
    world.env.git_in(world.env.root(), ["init", "-q", "--bare", "--object-format=sha256", "evals.git"]).ok();
    let other = world.env.root().join("other");
    world.env.git_in(world.env.root(), ["init", "-q", "--object-format=sha256", "other"]).ok();
    world.env.agentv_in(&other, ["record", world.env.root().join("bundles/run-0").to_str().unwrap()]).ok();
    world.env.agentv_in(&other, ["promote", "--to", "../evals.git", "--yes"]).ok();
    let said = world.promote(&["--to", "../evals.git", "--yes"]).fails(128);
    assert!(said.contains("sha256") && said.contains("sha1"), "{said}");
}
