//! The source commit of a run as `show` tells it: exact or near, and where to look at it.

use serde_json::{Value, json};

use crate::env::TestEnv;

/// Records a run of the code as it is, and returns its id.
fn observed(env: &TestEnv, name: &str) -> String {
    env.agentv(["run", "--name", name, "--", "sh", "-c", "echo x > \"$AGENTV_RESULTS_DIR/x\""]).ok();
    env.runs()[0]["id"].as_str().unwrap().to_owned()
}

/// A line of `show`, without its name.
fn line(env: &TestEnv, run: &str, name: &str) -> Option<String> {
    let ran = env.agentv(["show", run]);
    assert_eq!(ran.stderr, "");
    let said = ran.ok();
    said.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
}

fn source(env: &TestEnv, run: &str) -> Value {
    env.agentv(["show", run, "--format", "json"]).json()["source"].clone()
}

#[test]
fn exact_or_near_and_why() {
    let env = TestEnv::new();
    std::fs::write(env.repo.join("code"), "1\n").unwrap();
    env.git(["add", "code"]).ok();
    env.git(["commit", "-qm", "code"]).ok();
    let head = env.git(["rev-parse", "HEAD"]).ok().trim().to_owned();

    let clean = observed(&env, "clean");
    assert_eq!(line(&env, &clean, "source").unwrap(), format!("{} code (main, observed, exact)", &head[..10]));
    let shown = source(&env, &clean);
    assert_eq!(json!([shown["commit"], shown["subject"], shown["closeness"]]), json!([head, "code", "exact"]));
    assert_eq!(shown.as_object().unwrap().len(), 3, "no remote, no page: {shown}");

    std::fs::write(env.repo.join("code"), "2\n").unwrap();
    let dirty = observed(&env, "dirty");
    let said = line(&env, &dirty, "source").unwrap();
    assert!(said.ends_with("code (main, observed, near: with uncommitted changes)"), "{said}");
    assert_eq!(source(&env, &dirty)["why"], "with uncommitted changes");

    env.small_bundle(1);
    env.agentv(["record", "--commit", "HEAD"]).ok();
    let said = line(&env, "small-1", "source").unwrap();
    assert!(said.ends_with("code (given, near: tree not observed)"), "{said}");

    // A commit that is gone was still what was evaluated, if nothing was changed.
    env.git(["checkout", "-q", "--", "code"]).ok();
    env.git(["reset", "-q", "--hard", "HEAD~1"]).ok();
    env.git(["reflog", "expire", "--expire=now", "--all"]).ok();
    env.git(["prune", "--expire=now"]).ok();
    let said = line(&env, &clean, "source").unwrap();
    assert!(said.ends_with("(not in this repository) (main, observed, exact)"), "{said}");
    assert_eq!(source(&env, &clean).get("subject"), None);

    env.agentv(["record", ".agentv/results/small-1", "--name", "none", "--started-at", "2001-01-01T00:00:00Z"]).ok();
    assert_eq!(line(&env, "none", "source").unwrap(), "unknown");
    assert_eq!(source(&env, "none"), Value::Null);
}

#[test]
fn the_page_of_the_commit() {
    let env = TestEnv::new();
    let run = observed(&env, "run");
    let head = env.git(["rev-parse", "HEAD"]).ok().trim().to_owned();
    assert_eq!(line(&env, &run, "web"), None);

    env.git(["remote", "add", "origin", "https://me:secret@github.com/o/r.git"]).ok();
    let page = format!("https://github.com/o/r/commit/{head}");
    assert_eq!(line(&env, &run, "web").unwrap(), format!("{page} (not pushed)"));
    assert_eq!(source(&env, &run)["pushed"], false);
    env.git(["update-ref", "refs/remotes/origin/main", "HEAD"]).ok();
    assert_eq!(line(&env, &run, "web").unwrap(), page);
    let shown = source(&env, &run);
    assert_eq!(json!([shown["web"], shown["pushed"]]), json!([page, true]));
    // On top of it is on the remote, too; on another remote is not.
    env.git(["commit", "-q", "--allow-empty", "-m", "next"]).ok();
    env.git(["update-ref", "refs/remotes/origin/main", "HEAD"]).ok();
    assert_eq!(line(&env, &run, "web").unwrap(), page);
    env.git(["update-ref", "-d", "refs/remotes/origin/main"]).ok();
    env.git(["update-ref", "refs/remotes/origin2/main", "HEAD"]).ok();
    assert_eq!(line(&env, &run, "web").unwrap(), format!("{page} (not pushed)"));

    // Where the refs that follow it are is for the remote's refspecs to say; without one nobody knows.
    env.git(["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin2/*"]).ok();
    assert_eq!(line(&env, &run, "web").unwrap(), page);
    env.git(["config", "remote.origin.fetch", "main"]).ok();
    assert_eq!(line(&env, &run, "web").unwrap(), page);
    assert_eq!(source(&env, &run).get("pushed"), None);
    env.git(["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"]).ok();

    // A host that is not known has no page, unless somebody says what it looks like.
    env.git(["remote", "set-url", "origin", "git@code.example.com:o/r.git"]).ok();
    assert_eq!(line(&env, &run, "web"), None);
    env.git(["config", "--global", "agentv.webUrl", "https://code.example.com/x/{commit}?c={commit}"]).ok();
    assert_eq!(line(&env, &run, "web").unwrap(), format!("https://code.example.com/x/{head}?c={head} (not pushed)"));
    for bad in ["https://code.example.com/x", "javascript:alert('{commit}')", "/srv/{commit}"] {
        let ran = env.git(["-c", &format!("agentv.webUrl={bad}"), "agentv", "show", &run]);
        assert!(ran.stderr.contains("warning: bad value") && ran.stderr.contains("agentv.webUrl"), "{}", ran.stderr);
        assert!(ran.ok().contains("observed, exact"), "the rest is told");
    }
    for local in ["file:///srv/r.git", "../r", "/srv/github.com/o/r.git"] {
        env.git(["remote", "set-url", "origin", local]).ok();
        env.git(["config", "--global", "agentv.webUrl", ""]).ok();
        assert_eq!(line(&env, &run, "web"), None, "{local}");
    }
}

#[test]
fn the_remote_that_counts() {
    let env = TestEnv::new();
    let run = observed(&env, "run");
    let repository = |name: &str| format!("https://github.com/o/{name}/commit/");
    let web = || line(&env, &run, "web").unwrap_or_default();
    for name in ["origin", "fork", "third"] {
        env.git(["remote", "add", name, &format!("git@github.com:o/{name}.git")]).ok();
    }
    assert!(web().starts_with(&repository("origin")), "{}", web());
    env.git(["config", "branch.main.remote", "."]).ok();
    assert!(web().starts_with(&repository("origin")), "a branch of this repository: {}", web());
    env.git(["config", "branch.main.remote", "https://github.com/o/elsewhere"]).ok();
    assert!(web().starts_with(&repository("origin")), "an address is no remote: {}", web());
    env.git(["remote", "add", "team/ours", "git@github.com:o/ours.git"]).ok();
    env.git(["config", "branch.main.remote", "team/ours"]).ok();
    assert!(web().starts_with(&repository("ours")), "{}", web());
    env.git(["config", "branch.main.remote", "fork"]).ok();
    assert!(web().starts_with(&repository("fork")), "{}", web());
    env.git(["config", "agentv.remote", "third"]).ok();
    assert!(web().starts_with(&repository("third")), "{}", web());
    assert_eq!(env.agentv(["status", "--format", "json"]).json()["remote"]["name"], "third");

    // A name without a remote is never taken for another one.
    for (key, names) in
        [("agentv.remote", "agentv.remote names 'gone'"), ("branch.main.remote", "main.remote names 'gone'")]
    {
        env.git(["config", key, "gone"]).ok();
        assert!(env.agentv(["status"]).fails(128).contains(names), "{key}");
        let ran = env.agentv(["show", &run]);
        assert!(ran.stderr.contains(names) && !ran.stdout.contains("github.com"), "{key}: {ran:?}");
        env.git(["config", "--unset", key]).ok();
    }
    env.git(["checkout", "-q", "--detach"]).ok();
    assert!(web().starts_with(&repository("origin")), "{}", web());
}

/// git itself is asked what it would fetch from.
#[test]
fn addresses_are_rewritten_as_git_does() {
    let env = TestEnv::new();
    let run = observed(&env, "run");
    env.git(["config", "--global", "url.git@github.com:.insteadOf", "gh:"]).ok();
    env.git(["config", "--global", "url.https://github.com/longer/.insteadOf", "gh:o/"]).ok();
    env.git(["config", "--global", "--add", "url.https://gitlab.com/.insteadOf", "gl:"]).ok();
    env.git(["config", "--global", "--add", "url.https://gitlab.com/.insteadOf", "https://github.com/moved/"]).ok();
    env.git(["config", "url.https://codeberg.org/.pushInsteadOf", "https://github.com/"]).ok();
    let table = [
        ("gh:ada/r.git", "https://github.com/ada/r/commit/"),
        ("gh:o/r.git", "https://github.com/longer/r/commit/"),
        ("gl:g/s/r", "https://gitlab.com/g/s/r/-/commit/"),
        ("https://github.com/moved/g/r", "https://gitlab.com/g/r/-/commit/"),
        ("https://github.com/stays/r", "https://github.com/stays/r/commit/"),
    ];
    env.git(["remote", "add", "origin", "x"]).ok();
    for (url, page) in table {
        env.git(["remote", "set-url", "origin", url]).ok();
        let web = line(&env, &run, "web").unwrap_or_default();
        assert!(web.starts_with(page), "{url}: {web}");
        let told = env.agentv(["status", "--format", "json"]).json()["remote"]["url"].clone();
        assert_eq!(told, env.git(["ls-remote", "--get-url", "origin"]).ok().trim(), "{url}");
    }
    // Of several addresses git fetches from the first.
    env.git(["remote", "set-url", "--add", "origin", "https://codeberg.org/o/second"]).ok();
    let told = env.agentv(["status", "--format", "json"]).json()["remote"]["url"].clone();
    assert_eq!(told, env.git(["ls-remote", "--get-url", "origin"]).ok().trim());
}
