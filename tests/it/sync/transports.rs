//! Every way to a remote, and each way that it can go wrong: bounded, without a prompt, in the host's words.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use super::*;
use crate::servers::{self, Behaviour, HELPER, SshBehaviour};

/// Two clones of `url` share runs both ways, with every command.
fn both_ways(env: &TestEnv, url: &str) {
    let hub = hub(env, &[]);
    let (a, b) = (clone(env, "a", &[]), clone(env, "b", &[]));
    for dir in [&a, &b] {
        env.git_in(dir, ["remote", "set-url", "origin", url]).ok();
    }
    record(env, &a, "one");
    env.agentv_in(&a, ["push", "--yes"]).ok();
    env.agentv_in(&b, ["fetch"]).ok();
    assert!(env.agentv_in(&b, ["pull"]).ok().starts_with("received 1 run"));
    record(env, &b, "two");
    record(env, &a, "three");
    sync(env, &b);
    let said = sync(env, &a);
    assert!(said.contains("received 1 run") && said.contains("sent 1 run"), "{said}");
    env.agentv_in(&b, ["pull"]).ok();
    // An inbox is taken in and deleted over any transport.
    record(env, &a, "four");
    env.git_in(&a, ["push", "-q", "origin", &format!("{RUNS}:refs/agentv/inbox/0123abcd")]).ok();
    assert!(sync(env, &b).contains("took in 1 inbox"));
    env.agentv_in(&a, ["pull"]).ok();
    for dir in [&a, &b, &hub] {
        assert_eq!(ids(env, dir).len(), 4);
        assert_eq!(tip(env, dir), tip(env, &hub));
        whole(env, dir);
    }
    assert_eq!(env.git_in(&hub, ["for-each-ref", "--format=%(refname)"]).ok(), format!("{RUNS}\n"));
}

#[test]
fn a_path() {
    let env = TestEnv::without_repo();
    both_ways(&env, "../hub.git");
}

#[test]
fn a_file_address() {
    let env = TestEnv::without_repo();
    both_ways(&env, &format!("file://{}", env.root().join("hub.git").display()));
}

#[test]
fn ssh() {
    let mut env = TestEnv::without_repo();
    let top = env.root();
    let ssh = servers::ssh(&mut env, &top);
    both_ways(&env, &ssh.short_url("hub.git"));
    assert!(!ssh.log().is_empty());
}

#[test]
fn smart_http() {
    let env = TestEnv::without_repo();
    let Some(http) = servers::http(&env, &env.root()) else { return };
    both_ways(&env, &http.url("hub.git"));
}

#[test]
fn the_git_protocol() {
    let env = TestEnv::without_repo();
    let Some(native) = servers::native(&env, &env.root()) else { return };
    both_ways(&env, &native.url("hub.git"));
}

#[test]
fn another_remote_helper() {
    let mut env = TestEnv::without_repo();
    servers::helper(&mut env);
    both_ways(&env, &format!("{HELPER}{}", env.root().join("hub.git").display()));
}

/// `git agentv <args>` fails within some seconds, without a prompt and with `words`; no run is lost.
fn fails(env: &TestEnv, dir: &Path, args: &[&str], words: &[&str]) -> String {
    let (before, start) = (ids(env, dir), Instant::now());
    let said = env.agentv_in(dir, args).fails(128);
    // A machine may be busy; what is ruled out is waiting for minutes, or for ever.
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(said.contains("hint: ") && !said.contains("\x1b"), "{said}");
    // A push that failed may have merged before.
    let after = ids(env, dir);
    assert!(before.iter().all(|id| after.contains(id)), "{after:?}");
    said
}

/// A clone of `url` with one run, and runs on the remote already.
fn world(env: &TestEnv, url: &str) -> PathBuf {
    hub(env, &[]);
    let (a, b) = (clone(env, "a", &[]), clone(env, "b", &[]));
    record(env, &b, "zero");
    sync(env, &b);
    env.git_in(&a, ["remote", "set-url", "origin", url]).ok();
    record(env, &a, "one");
    a
}

#[test]
fn http_that_refuses_or_never_answers() {
    let env = TestEnv::without_repo();
    let Some(http) = servers::http(&env, &env.root()) else { return };
    let a = world(&env, &http.url("hub.git"));
    env.git_in(&a, ["config", "agentv.timeout", "2"]).ok();
    http.set(Behaviour::Basic("me", "secret"));
    fails(&env, &a, &["sync", "--yes"], &[&http.url("hub.git"), "could not read Username"]);
    env.git_in(&a, ["remote", "set-url", "origin", &http.url_as("me", "wrong", "hub.git")]).ok();
    let said = fails(&env, &a, &["sync", "--yes"], &[&http.url("hub.git"), "Authentication failed"]);
    assert!(!said.contains("wrong"), "{said}");
    http.set(Behaviour::Fail(403, "not you"));
    fails(&env, &a, &["sync", "--yes"], &["403"]);
    http.set(Behaviour::Fail(404, "nothing here"));
    fails(&env, &a, &["pull"], &["not found"]);
    http.set(Behaviour::Fail(500, "broken"));
    fails(&env, &a, &["fetch"], &["500"]);
    http.set(Behaviour::FailPush(403, "read only"));
    fails(&env, &a, &["push", "--yes"], &["403"]);
    http.set(Behaviour::Hang);
    fails(&env, &a, &["sync", "--yes"], &["no answer for 2 seconds"]);
    http.set(Behaviour::HangPush);
    fails(&env, &a, &["sync", "--yes"], &["no answer for 2 seconds"]);
    // After all that it goes as if nothing had been.
    http.set(Behaviour::Basic("me", "secret"));
    env.git_in(&a, ["remote", "set-url", "origin", &http.url_as("me", "secret", "hub.git")]).ok();
    env.agentv_in(&a, ["sync", "--yes"]).ok();
    assert_eq!(ids(&env, &env.root().join("hub.git")).len(), 2);
    let kept = std::fs::read_to_string(a.join(".git/agentv/pushed")).unwrap();
    assert!(!kept.contains("secret"), "{kept}");
}

/// Of what a command started, nothing waits for a host that it gave up.
#[test]
#[cfg(target_os = "linux")]
fn no_process_is_left_waiting() {
    let env = TestEnv::without_repo();
    let Some(http) = servers::http(&env, &env.root()) else { return };
    let a = world(&env, &http.url("hub.git"));
    env.git_in(&a, ["config", "agentv.timeout", "1"]).ok();
    http.set(Behaviour::Hang);
    fails(&env, &a, &["fetch"], &["no answer for 1 seconds"]);
    let url = http.url("hub.git");
    let waits = || {
        let lines = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = lines.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        lines.filter(|line| String::from_utf8_lossy(line).contains(&url)).count()
    };
    let start = Instant::now();
    while waits() > 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "{url}");
        std::thread::yield_now();
    }
}

#[test]
fn dumb_http_can_be_read() {
    let env = TestEnv::without_repo();
    let Some(http) = servers::http(&env, &env.root()) else { return };
    let a = world(&env, &http.url("hub.git"));
    http.set(Behaviour::Dumb);
    env.git_in(env.root().join("hub.git"), ["update-server-info"]).ok();
    fails(&env, &a, &["push", "--yes"], &[&http.url("hub.git")]);
    // The push had merged already; its run stays here.
    env.agentv_in(&a, ["pull"]).ok();
    assert_eq!(ids(&env, &a).len(), 2);
    whole(&env, &a);
}

#[test]
fn ssh_that_refuses_or_never_answers() {
    let mut env = TestEnv::without_repo();
    let top = env.root();
    let ssh = servers::ssh(&mut env, &top);
    let a = world(&env, &ssh.url("hub.git"));
    env.git_in(&a, ["config", "agentv.timeout", "2"]).ok();
    ssh.set(SshBehaviour::Denied);
    fails(&env, &a, &["sync", "--yes"], &["host.example", "Permission denied (publickey)"]);
    ssh.set(SshBehaviour::Hang);
    fails(&env, &a, &["sync", "--yes"], &["no answer for 2 seconds"]);
    ssh.set(SshBehaviour::Serve);
    env.agentv_in(&a, ["sync", "--yes"]).ok();
}

#[test]
fn a_host_that_refuses_is_quoted_over_any_transport() {
    let mut env = TestEnv::without_repo();
    let top = env.root();
    servers::helper(&mut env);
    let ssh = servers::ssh(&mut env, &top);
    let (http, native) = (servers::http(&env, &top), servers::native(&env, &top));
    let a = world(&env, "../hub.git");
    env.agentv_in(&a, ["pull"]).ok();
    let hook = env.root().join("hub.git/hooks/update");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let text = "#!/bin/sh\nprintf 'GH006: protected ref \\033[31m%s\\n' \"$1\" >&2\nexit 1\n";
    std::fs::write(&hook, text).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let urls = [Some(ssh.url("hub.git")), http.as_ref().map(|http| http.url("hub.git"))];
    let urls = urls.into_iter().chain([native.as_ref().map(|native| native.url("hub.git"))]).flatten();
    for url in urls.chain([format!("{HELPER}{}", env.root().join("hub.git").display()), "../hub.git".into()]) {
        env.git_in(&a, ["remote", "set-url", "origin", &url]).ok();
        fails(&env, &a, &["push", "--yes"], &["'origin' refused the runs", "hook declined", "GH006: protected ref"]);
    }
}
