//! git itself pushes to each server and clones from it: what fails elsewhere is then our own fault.

use super::*;
use crate::env::Ran;

/// A bare repository `hub.git`, and a clone with something to push.
fn world(env: &TestEnv) {
    env.git_in(env.root(), ["init", "-q", "--bare", "hub.git"]).ok();
    // Above http.postBuffer, so that the body comes in chunks.
    let mut random = crate::random::Random::new(1);
    let bytes: Vec<u8> = (0..2 << 20).map(|_| random.below(256) as u8).collect();
    std::fs::write(env.repo.join("noise"), bytes).unwrap();
    env.git(["add", "noise"]).ok();
    env.git(["commit", "-q", "-m", "noise"]).ok();
}

fn both_ways(env: &TestEnv, url: &str) {
    env.git(["push", "-q", url, "main"]).ok();
    env.git_in(env.root(), ["clone", "-q", url, "copy"]).ok();
    let copy = env.root().join("copy");
    assert_eq!(env.git_in(&copy, ["rev-parse", "HEAD"]).ok(), env.git(["rev-parse", "HEAD"]).ok());
}

fn push(env: &TestEnv, url: &str) -> Ran {
    let mut git = env.command("git", &env.repo);
    Ran::of(git.env("GIT_TERMINAL_PROMPT", "0").args(["push", "-q", url, "main"]))
}

#[test]
fn smart_and_dumb_http() {
    let env = TestEnv::new();
    world(&env);
    let Some(http) = http(&env, &env.root()) else { return };
    let url = http.url("hub.git");
    http.set(Behaviour::Fail(403, "not you"));
    assert!(push(&env, &url).stderr.contains("403"));
    http.set(Behaviour::FailPush(500, "broken"));
    env.git(["ls-remote", &url]).ok();
    assert!(push(&env, &url).stderr.contains("500"));
    http.set(Behaviour::Basic("me", "secret"));
    assert!(push(&env, &url).stderr.contains("could not read Username"));
    http.requests();
    both_ways(&env, &http.url_as("me", "secret", "hub.git"));
    let requests = http.requests();
    assert!(requests.iter().any(|line| line == "POST /hub.git/git-receive-pack"), "{requests:?}");
    assert!(http.sent() > 2 << 20);
    http.set(Behaviour::Dumb);
    env.git_in(env.root().join("hub.git"), ["update-server-info"]).ok();
    env.git_in(env.root(), ["clone", "-q", &url, "dumb"]).ok();
    env.git(["commit", "-q", "--allow-empty", "-m", "more"]).ok();
    assert_ne!(push(&env, &url).code, 0);
}

#[test]
fn git_protocol() {
    let env = TestEnv::new();
    world(&env);
    let Some(native) = native(&env, &env.root()) else { return };
    both_ways(&env, &native.url("hub.git"));
    let said = env.git(["ls-remote", &native.url("other.git")]).fails(128);
    assert!(said.contains("no such repository"), "{said}");
}

#[test]
fn ssh_in_both_spellings() {
    let mut env = TestEnv::new();
    world(&env);
    let top = env.root();
    let ssh = ssh(&mut env, &top);
    both_ways(&env, &ssh.url("hub.git"));
    env.git(["ls-remote", &ssh.short_url("hub.git")]).ok();
    let log = ssh.log();
    assert!(log[0].starts_with("host.example git-receive-pack '/"), "{log:?}");
    assert!(log[2].starts_with("git@host.example git-upload-pack '/"), "{log:?}");
    ssh.set(SshBehaviour::Denied);
    assert!(push(&env, &ssh.url("hub.git")).stderr.contains("Permission denied (publickey)"));
}

#[test]
fn another_helper() {
    let mut env = TestEnv::new();
    world(&env);
    helper(&mut env);
    both_ways(&env, &format!("{HELPER}{}", env.root().join("hub.git").display()));
}
