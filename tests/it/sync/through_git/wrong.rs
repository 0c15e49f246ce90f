//! Addresses and remotes that are no good: an error each, never an empty repository.

use super::*;

/// `git clone <address>` fails with `words`, and leaves nothing behind.
fn refused(env: &TestEnv, address: &str, words: &[&str]) {
    let mut git = env.command("git", env.root());
    let said = Ran::of(git.args(["clone", "--", address, "clone-of-it"]));
    assert!(said.code != 0, "{address}: {said:?}");
    for word in words {
        assert!(said.stderr.contains(word), "{address}: no '{word}' in {}", said.stderr);
    }
    assert!(!said.stderr.contains("empty repository"), "{said:?}");
    assert!(!env.root().join("clone-of-it").exists());
    assert_ne!(env.git_in(env.root(), ["ls-remote", "--", address]).code, 0, "{address}");
}

#[test]
fn what_is_not_there() {
    let env = TestEnv::without_repo();
    let nowhere = env.root().join("nope").display().to_string();
    refused(&env, &format!("agentv::{nowhere}"), &["git could not read its refs"]);
    refused(&env, "agentv::file:///nowhere/at/all.git", &["git could not read its refs"]);
    refused(&env, "agentv::http://127.0.0.1:9/x.git", &["127.0.0.1"]);
    refused(&env, "agentv::unknown://host/x", &["git could not read its refs"]);
    let said = env.git_in(env.root(), ["clone", "agentv::http://me:secret@127.0.0.1:9/x.git"]);
    assert!(said.code != 0 && said.stderr.contains("hint: "), "{said:?}");
    let ours = said.stderr.lines().find(|line| line.contains("git could not")).unwrap();
    assert!(!ours.contains("secret"), "{ours}");
    // A clone whose own directory has just got the name of what is not there.
    let said = env.git_in(env.root(), ["clone", &format!("agentv::{nowhere}")]);
    assert!(said.code != 0 && said.stderr.contains("is this repository itself"), "{said:?}");
}

#[test]
fn addresses_that_mean_something_else() {
    let env = TestEnv::without_repo();
    world(&env, &[]);
    let touched = env.root().join("touched");
    let hint = format!("write agentv::{}/hub.git", env.root().display());
    refused(&env, "agentv::hub.git", &["a relative path", &hint]);
    refused(&env, "agentv::./hub.git", &["a relative path", &hint]);
    refused(&env, &format!("agentv::--upload-pack=touch {}", touched.display()), &["begin with a minus"]);
    refused(&env, "agentv::-x", &["begin with a minus"]);
    refused(&env, "agentv::", &["there is no address"]);
    refused(&env, "agentv://host/acme/app", &["does not say how to get there", "agentv::https://host/acme/app"]);
    refused(&env, &format!("agentv::{}", address(&env)), &["agentv:: twice"]);
    // git's own settings decide what may be started.
    refused(&env, &format!("agentv::ext::sh -c 'touch {}'", touched.display()), &["transport 'ext' not allowed"]);
    assert!(!touched.exists());
}

#[test]
fn settings_that_lead_in_circles() {
    let env = TestEnv::without_repo();
    world(&env, &[]);
    let hub = env.root().join("hub.git").display().to_string();
    let rewrite = format!("url.agentv::{hub}.insteadOf={hub}");
    let said = env.git_in(env.root(), ["-c", &rewrite, "clone", &address(&env), "b"]);
    assert!(said.code != 0 && said.stderr.contains("leads back to agentv::"), "{said:?}");
    // But an abbreviation is fine, also in what git wrote down.
    let short = format!("url.agentv::{}/.insteadOf=runs:", env.root().display());
    env.git_in(env.root(), ["config", "--global", "--add", short.split('=').next().unwrap(), "runs:"]).ok();
    env.git_in(env.root(), ["clone", "-q", "runs:hub.git", "b"]).ok();
    env.git_in(env.root().join("b"), ["fetch", "-q"]).ok();
    assert_eq!(runs(&env, &env.root().join("b")), 2);
}

#[test]
fn a_ref_that_is_somebody_elses() {
    let env = TestEnv::without_repo();
    let (hub, a) = world(&env, &[]);
    let b = git_clone(&env, "b", &[]);
    record(&env, &b, "three");
    env.git_in(&a, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
    env.git_in(&a, ["push", "-q", "-f", "origin", &format!("HEAD:{RUNS}")]).ok();
    let said = env.git_in(&b, ["push"]);
    assert!(said.code == 1 && said.stderr.contains("is no history of runs"), "{said:?}");
    assert_eq!(env.git_in(&hub, ["log", "-1", "--format=%s", RUNS]).ok(), "code\n");
}

#[test]
fn by_hand() {
    let env = TestEnv::without_repo();
    for args in [&[][..], &["origin"], &["a", "b", "c"]] {
        let said = env.run("git-remote-agentv", env.root(), args).fails(2);
        assert!(said.contains("is started by git") && said.contains("hint: git clone agentv::"), "{said}");
    }
    // A fetch has to go somewhere.
    world(&env, &[]);
    let hub = env.root().join("hub.git").display().to_string();
    let mut command = env.command("sh", env.root());
    let script = format!("printf 'fetch {} HEAD\\n\\n' | git-remote-agentv x '{hub}'", "a".repeat(40));
    let said = Ran::of(command.args(["-c", &script]));
    assert!(said.code == 128 && said.stdout.is_empty() && said.stderr.contains("not a git repository"), "{said:?}");
}
