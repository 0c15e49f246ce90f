//! Every way to get there.

use super::*;
use crate::servers;

/// Clone, commit a run from it, push from two such clones at once, pull, fsck: all runs are there.
fn two_clones(env: &TestEnv, url: &str, name: &str, args: &[&str]) {
    let hub = env.root().join("hub.git");
    let before = runs(env, &hub);
    let address = format!("agentv::{url}");
    let dirs: Vec<PathBuf> = (0..2).map(|n| env.root().join(format!("{name}-{n}"))).collect();
    for dir in &dirs {
        env.git_in(env.root(), [&["clone", "-q"], args, &[&address, dir.to_str().unwrap()]].concat()).ok();
        let id = record(env, dir, dir.file_name().unwrap().to_str().unwrap());
        env.agentv_in(dir, ["tag", &id, "+there"]).ok();
    }
    let barrier = std::sync::Barrier::new(dirs.len());
    std::thread::scope(|scope| {
        for dir in &dirs {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                let said = push(env, dir);
                assert_eq!(said.code, 0, "{said:?}");
            });
        }
    });
    assert_eq!(runs(env, &hub), before + 2);
    for dir in &dirs {
        if dir.join("HEAD").exists() {
            env.git_in(dir, ["fetch", "-q", "origin", "+runs:runs"]).ok();
        } else {
            env.git_in(dir, ["pull", "-q", "--ff-only"]).ok();
            clean(env, dir);
        }
        assert_eq!(head(env, dir), tip(env, &hub));
        env.fsck_in(dir);
        if !args.contains(&"--depth=1") {
            assert_eq!(ids(env, dir), ids(env, &hub));
            // Of a partial clone that fetches the rest.
            whole(env, dir);
        }
    }
    whole(env, &hub);
}

#[test]
fn smart_http_and_every_kind_of_clone() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::without_repo();
        world(&env, &[&format!("--object-format={format}")]);
        let Some(http) = servers::http(&env, &env.root()) else { return };
        let url = http.url("hub.git");
        two_clones(&env, &url, "plain", &[]);
        two_clones(&env, &url, "bare", &["--bare"]);
        two_clones(&env, &url, "mirror", &["--mirror"]);
        two_clones(&env, &url, "shallow", &["--depth=1"]);
        two_clones(&env, &url, "partial", &["--filter=blob:none"]);
        if format == "sha1" && crate::repos::git_can(&["--ref-format=reftable"]) {
            two_clones(&env, &url, "reftable", &["--ref-format=reftable"]);
        }
    }
}

#[test]
fn a_password_is_asked_for_and_used() {
    let env = TestEnv::without_repo();
    let (hub, _) = world(&env, &[]);
    let Some(http) = servers::http(&env, &env.root()) else { return };
    http.set(servers::Behaviour::Basic("me", "secret"));
    let address = format!("agentv::{}", http.url("hub.git"));
    let mut git = env.command("git", env.root());
    let said = Ran::of(git.env("GIT_TERMINAL_PROMPT", "0").args(["clone", &address, "b"]));
    assert!(said.code != 0 && said.stderr.contains("terminal prompts disabled"), "{said:?}");
    // The user's own helper for passwords, and what is in an address.
    let credentials = "!f() { echo username=me; echo password=secret; }; f";
    env.git_in(env.root(), ["config", "--global", "credential.helper", credentials]).ok();
    env.git_in(env.root(), ["clone", "-q", &address, "b"]).ok();
    let b = env.root().join("b");
    record(&env, &b, "three");
    env.git_in(&b, ["push", "-q"]).ok();
    assert_eq!(runs(&env, &hub), 3);
    env.git_in(env.root(), ["config", "--global", "--unset", "credential.helper"]).ok();
    env.git_in(&b, ["remote", "set-url", "origin", &format!("agentv::{}", http.url_as("me", "secret", "hub.git"))])
        .ok();
    record(&env, &b, "four");
    let said = env.git_in(&b, ["push"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.stderr.contains("merged"), "{said:?}");
    assert_eq!(runs(&env, &hub), 4);
}

#[test]
fn a_server_that_stops_answering_is_an_error() {
    let env = TestEnv::without_repo();
    world(&env, &[]);
    let Some(http) = servers::http(&env, &env.root()) else { return };
    let b = env.root().join("b");
    env.git_in(env.root(), ["clone", "-q", &format!("agentv::{}", http.url("hub.git")), "b"]).ok();
    record(&env, &b, "three");
    let before = head(&env, &b);
    for behaviour in [servers::Behaviour::Fail(500, "broken"), servers::Behaviour::FailPush(403, "not you")] {
        http.set(behaviour);
        let said = env.git_in(&b, ["push"]);
        assert!(said.code != 0 && said.stderr.contains("hint: "), "{said:?}");
        assert_eq!(head(&env, &b), before);
        env.fsck_in(&b);
    }
    http.set(servers::Behaviour::Serve);
    env.git_in(&b, ["push", "-q"]).ok();
}

#[test]
fn the_other_ways() {
    let mut env = TestEnv::without_repo();
    world(&env, &[]);
    let hub = env.root().join("hub.git");
    two_clones(&env, &format!("file://{}", hub.display()), "file", &[]);
    if let Some(native) = servers::native(&env, &env.root()) {
        two_clones(&env, &native.url("hub.git"), "native", &[]);
    }
    let top = env.root();
    let ssh = servers::ssh(&mut env, &top);
    two_clones(&env, &ssh.url("hub.git"), "ssh", &["--filter=blob:none"]);
    two_clones(&env, &ssh.short_url("hub.git"), "scp", &[]);
    servers::helper(&mut env);
    two_clones(&env, &format!("{}{}", servers::HELPER, hub.display()), "helper", &[]);
}
