//! Clones that lack something, and other kinds of repositories.

use std::path::PathBuf;

use super::{Plumbing, RUNS, fill, id, is_clean, problems, world};
use crate::env::TestEnv;

const REFSPEC: &str = "+refs/agentv/runs/v1:refs/agentv/runs/v1";

fn clone(env: &TestEnv, name: &str, args: &[&str]) -> PathBuf {
    env.git(["config", "uploadpack.allowFilter", "true"]).ok();
    env.git(["config", "uploadpack.allowAnySHA1InWant", "true"]).ok();
    let (clone, from) = (env.root().join(name), format!("file://{}", env.repo.display()));
    env.git_in(env.root(), [&["clone", "-q"], args, &[&from, name]].concat()).ok();
    let filter: Vec<&str> =
        args.iter().copied().filter(|arg| arg.starts_with("--filter") || arg.starts_with("--depth")).collect();
    env.git_in(&clone, [&["fetch", "-q"], filter.as_slice(), &["origin", REFSPEC]].concat()).ok();
    clone
}

#[test]
fn what_a_partial_clone_did_not_fetch_is_no_problem_and_is_not_fetched() {
    let env = world();
    for (name, filter) in [("blobless", "--filter=blob:none"), ("treeless", "--filter=tree:0")] {
        let clone = clone(&env, name, &[filter]);
        env.git_in(&clone, ["remote", "set-url", "origin", "file:///nowhere"]).ok();
        let ran = env.agentv_in(&clone, ["fsck"]);
        assert!(ran.code == 0 && problems(&ran).iter().all(|line| line.ends_with("could not be checked")), "{ran:?}");
        assert!(ran.stdout.contains(" are not in this partial clone and could not be checked"), "{ran:?}");
        let report = env.agentv_in(&clone, ["fsck", "--format", "json"]).json();
        assert!(report["not_fetched"].as_u64().unwrap() > 0, "{report}");
        assert!(report["problems"].as_array().unwrap().is_empty(), "{report}");
        env.agentv_in(&clone, ["fsck", "--repair"]).ok();
    }
}

#[test]
fn no_fetch_is_started_in_a_partial_clone() {
    let env = world();
    let clone = clone(&env, "blobless", &["--filter=blob:none"]);
    let mut fsck = env.command("git", &clone);
    fsck.args(["agentv", "fsck"]).env("AGENTV_LOG", "debug");
    let ran = crate::env::Ran::of(&mut fsck);
    assert!(!ran.stderr.contains("fetch"), "{}", ran.stderr);
    ran.ok();
}

#[test]
fn damage_in_a_partial_clone_is_still_told() {
    let env = world();
    let id = id(&env, 3);
    let p = Plumbing { env: &env };
    let line = p.line(&id).replace("\"tags\":[]", "\"tags\":[\"z\"]");
    p.commit(&p.root(), &format!("x\n\nAgentv-Run: {}\nAgentv-Op: overlay\nAgentv-Row: {line}\n", &id[..9]));
    let clone = clone(&env, "blobless", &["--filter=blob:none"]);
    let found = env.agentv_in(&clone, ["fsck"]);
    assert!(found.code == 1 && found.stdout.contains(&format!("{id}: the trailer Agentv-Run of commit ")), "{found:?}");
    // A repair needs the documents, and may fetch them.
    env.agentv_in(&clone, ["fsck", "--repair"]).ok();
    env.agentv_in(&clone, ["fsck"]).ok();
    let shown = env.agentv_in(&clone, ["show", &id, "--format", "json"]).json();
    assert_eq!(shown["row"]["tags"], serde_json::json!([]));
}

#[test]
fn a_shallow_clone_says_that_it_saw_less() {
    let env = world();
    for depth in ["--depth=1", "--depth=4"] {
        let clone = clone(&env, &format!("shallow{depth}"), &[depth]);
        let said = is_clean(&env, &clone);
        assert!(said.contains("the clone is shallow: "), "{said}");
        let tip = env.git_in(&clone, ["rev-parse", RUNS]).ok();
        env.agentv_in(&clone, ["fsck", "--repair"]).ok();
        assert_eq!(env.git_in(&clone, ["rev-parse", RUNS]).ok(), tip);
        env.git_in(&clone, ["fetch", "-q", "--unshallow", "origin"]).ok();
        env.git_in(&clone, ["fetch", "-q", "origin", REFSPEC]).ok();
        assert!(is_clean(&env, &clone).starts_with("checked 8 runs, 13 commits, "));
    }
}

#[test]
fn bare_and_borrowing_repositories_and_worktrees() {
    let env = world();
    env.git(["worktree", "add", "-q", "-b", "side", "../side"]).ok();
    is_clean(&env, env.root().join("side"));
    for args in [&["--mirror"][..], &["--shared"]] {
        let name = args[0].trim_start_matches('-');
        env.git_in(env.root(), [&["clone", "-q"], args, &["repo", name]].concat()).ok();
        let clone = env.root().join(name);
        env.git_in(&clone, ["fetch", "-q", "origin", REFSPEC]).ok();
        assert!(is_clean(&env, &clone).starts_with("checked 8 runs, 13 commits, "));
    }
}

#[test]
fn other_formats_of_objects_and_refs() {
    for args in [
        &["--object-format=sha256"][..],
        &["--ref-format=reftable"],
        &["--object-format=sha256", "--ref-format=reftable"],
    ] {
        let probe = TestEnv::without_repo();
        let ran = probe.git_in(probe.root(), [&["init", "-q", "probe"], args].concat());
        if ran.code != 0 {
            eprintln!("skipped: this git cannot 'git init {}': {}", args.join(" "), ran.stderr.trim());
            continue;
        }
        let env = TestEnv::with_init(args);
        fill(&env);
        assert!(is_clean(&env, &env.repo).starts_with("checked 8 runs, 13 commits, "));
        let (id, p) = (id(&env, 3), Plumbing { env: &env });
        let before = super::all_that_is_said(&env);
        let line = p.line(&id).replace("\"passed\":1", "\"passed\":0");
        let root = p.with(&p.root(), "sealed", None);
        p.commit(&root, &format!("x\n\nAgentv-Run: {id}\nAgentv-Op: overlay\nAgentv-Row: {line}\n"));
        let found = env.agentv(["fsck"]);
        assert_eq!((found.code, problems(&found).len()), (1, 4), "{args:?}: {found:?}");
        env.agentv(["fsck", "--repair"]).ok();
        is_clean(&env, &env.repo);
        assert_eq!(super::all_that_is_said(&env), before);
        env.fsck();
    }
}
