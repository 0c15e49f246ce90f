//! `agentv results …` is `git agentv …`, and upstream's own where we have no such command.

use super::{ECHO, fake, front, only, ours, path};
use crate::env::{Ran, TestEnv, bin_dir};

#[test]
fn the_same_as_git_agentv() {
    let env = TestEnv::new();
    let bundle = env.bundle("agentv-5.3.1", ".agentv/results/one");
    let fake = fake(&env, "fake", "echo upstream was called; exit 9");
    let results = |args: &[&str]| Ran::of(front(&env, path(&[&fake])).arg("results").args(args));
    let said = results(&["record", bundle.to_str().unwrap()]).ok();
    assert!(said.starts_with("recorded "), "{said}");
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    for args in [
        &["list"][..],
        &["list", "--format", "json"],
        &["show", &id],
        &["show", "@{0}", "--format", "json"],
        &["files", &id],
        &["cat", &id, "summary.json"],
        &["status"],
        &["show", "no-such-run"],
        &["list", "--no-such-option"],
    ] {
        let (ours, git) = (results(args), env.agentv(args));
        assert_eq!((ours.code, &ours.raw), (git.code, &git.raw), "{args:?}");
        let stderr = ours.stderr.replace("agentv results", "git agentv");
        assert_eq!(stderr, git.stderr, "{args:?}");
    }
}

#[test]
fn names_itself_as_it_was_called() {
    let env = TestEnv::new();
    let fake = fake(&env, "fake", "echo upstream was called");
    let help = |args: &[&str]| Ran::of(front(&env, path(&[&fake])).arg("results").args(args)).ok();
    for args in [&["--help"][..], &["-h"], &["list", "--help"]] {
        let said = help(args);
        assert!(said.contains("Usage: agentv results"), "{args:?}: {said}");
        assert!(!said.contains("Usage: git"), "{args:?}: {said}");
    }
    let bare = Ran::of(front(&env, path(&[&fake])).arg("results"));
    let git = env.agentv([] as [&str; 0]);
    assert_eq!(bare.code, git.code);
    assert!(!bare.stdout.contains("upstream"), "{bare:?}");
}

#[test]
fn other_subcommands_are_upstreams() {
    let env = TestEnv::new();
    let fake = fake(&env, "fake", ECHO);
    let summary = ["results", "summary", "--x"];
    assert_eq!(Ran::of(front(&env, path(&[&fake])).args(summary)).ok(), "results\0summary\0--x\0");
    let said = Ran::of(front(&env, only(&[&bin_dir()])).args(summary)).fails(2);
    assert!(said.contains("'summary'"), "{said}");
}

#[test]
fn needs_no_other_agentv() {
    let env = TestEnv::new();
    let bundle = env.bundle("agentv-4.42.4", ".agentv/results/one");
    let said = Ran::of(env.command(ours(), &env.repo).args(["results", "record"]).arg(bundle)).ok();
    assert!(said.starts_with("recorded "), "{said}");
}
