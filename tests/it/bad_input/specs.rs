//! Names of runs that name none, or several.

use super::with_a_run;
use crate::env::{TestEnv, write_small_bundle};

/// Every command that takes a run.
fn commands(spec: &str) -> Vec<Vec<String>> {
    let all = [
        &["show"][..],
        &["files"],
        &["cat", "RUN", "x"],
        &["export", "RUN", "../out"],
        &["tag", "RUN", "+t"],
        &["note", "RUN", "-m", "m"],
        &["delete"],
        &["restore"],
    ];
    let words = |words: &&[&str]| {
        let mut words: Vec<String> = words.iter().map(|word| word.replace("RUN", spec)).collect();
        if words.len() == 1 {
            words.push(spec.to_owned());
        }
        words
    };
    all.iter().map(words).collect()
}

#[test]
fn unknown() {
    let (env, before) = with_a_run();
    for (spec, code, message) in [
        ("no-such-run", 128, "error: no run matches 'no-such-run'"),
        ("0000000000000000", 128, "error: no run matches '0000000000000000'"),
        ("abcdef", 128, "error: no run matches 'abcdef'"),
        ("@{99}", 128, "error: no run matches '@{99}'"),
        ("@{1}", 128, "error: no run matches '@{1}'"),
        ("@{99999999999999999999999}", 2, "cannot name a run"),
        ("@{x}", 2, "error: '@{x}' cannot name a run"),
        ("@{-1}", 2, "error: '@{-1}' cannot name a run"),
        ("@{}", 2, "error: '@{}' cannot name a run"),
        ("", 2, "error: '' cannot name a run"),
        ("abc", 2, "error: 'abc' cannot name a run"),
        ("a\u{1b}[31mb", 2, "cannot name a run"),
    ] {
        for command in commands(spec) {
            let ran = env.agentv(&command);
            assert_eq!(ran.code, code, "{command:?}: {ran:?}");
            assert!(ran.stderr.contains(message), "{command:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("\nhint: "), "{}", ran.stderr);
            assert!(ran.stdout.is_empty() && !ran.stderr.contains('\u{1b}'), "{ran:?}");
        }
    }
    before.still_holds(&env);
}

#[test]
fn in_a_repository_without_runs() {
    let env = TestEnv::new();
    for spec in ["@{0}", "abcdef", "small-1"] {
        let said = env.agentv(["show", spec]).fails(128);
        assert!(said.contains(&format!("no run matches '{spec}'")), "{said}");
    }
    assert!(env.agentv(["show"]).fails(128).contains("no run matches '@{0}'"));
}

#[test]
fn the_bundles_own_id_twice() {
    let env = TestEnv::new();
    for (dir, text) in [("a", "one"), ("b", "two")] {
        let path = env.repo.join(".agentv/results").join(dir);
        write_small_bundle(&path, "same-name", "2026-07-04T10:00:00.000Z");
        std::fs::write(path.join("only/answer.md"), text).unwrap();
    }
    env.agentv(["record"]).ok();
    let runs = env.runs();
    assert_eq!(runs.len(), 2);
    let tip = super::tip(&env);
    for command in commands("same-name") {
        let said = env.agentv(&command).fails(128);
        assert!(said.contains("error: 'same-name' is ambiguous: it matches "), "{said}");
        assert!(runs.iter().all(|run| said.contains(run["id"].as_str().unwrap())), "all candidates are named: {said}");
        assert!(said.contains("hint: give more digits of the id"), "{said}");
    }
    assert_eq!(super::tip(&env), tip);
    env.agentv(["show", &runs[0]["id"].as_str().unwrap()[..8]]).ok();
}

#[test]
fn a_prefix_of_several_ids() {
    let (env, before) = with_a_run();
    // Ids are hashes, so their like is made by hand: the run's directory under a second, similar name.
    let id = before.rows[0]["id"].as_str().unwrap();
    let (shard, rest) = id.split_at(2);
    let last = if rest.ends_with('0') { '1' } else { '0' };
    let twin = format!("{}{last}", &rest[..rest.len() - 1]);
    let tree = before.rows[0]["tree"].as_str().unwrap();
    let script = format!(
        "shard=$(printf '040000 tree {tree}\\t{rest}\\n040000 tree {tree}\\t{twin}\\n' | git mktree) &&
         root=$(printf '040000 tree %s\\t{shard}\\n' $shard | git mktree) &&
         commit=$(git log -1 --format=%B refs/agentv/runs/v1 | git commit-tree $root -p refs/agentv/runs/v1) &&
         git update-ref refs/agentv/runs/v1 $commit"
    );
    super::sh(&env, &script).ok();
    let said = env.agentv(["show", &id[..8]]).fails(128);
    assert!(said.contains(&format!("error: '{}' is ambiguous: it matches ", &id[..8])), "{said}");
    assert!(said.contains(id) && said.contains(&format!("{shard}{twin}")), "{said}");
    env.agentv(["show", id]).ok();
    env.agentv(["show", &id.to_ascii_uppercase()]).ok();
}

#[test]
fn a_file_that_the_run_does_not_have() {
    let (env, before) = with_a_run();
    for path in ["nope", "only", "../only/answer.md", "only/answer.md/", "/only/answer.md", ""] {
        let said = env.agentv(["cat", "small-1", path]).fails(128);
        assert!(said.contains(&format!("has no file '{path}'")) && said.contains("git agentv files"), "{said}");
    }
    before.still_holds(&env);
}

#[test]
fn an_export_to_a_place_that_is_taken() {
    let (env, before) = with_a_run();
    std::fs::write(env.root().join("file"), "mine\n").unwrap();
    let said = env.agentv(["export", "small-1", "src/.."]).fails(128);
    assert!(said.contains("'src/..'"), "{said}");
    assert!(env.agentv(["export", "small-1", "."]).fails(128).contains("'.' is not empty"));
    assert!(env.agentv(["export", "small-1", "../file"]).fails(128).contains("cannot write to '../file'"));
    assert!(env.agentv(["export", "small-1", "../file/below"]).fails(128).contains("cannot write to"));
    assert_eq!(std::fs::read_to_string(env.root().join("file")).unwrap(), "mine\n");
    std::fs::create_dir(env.root().join("empty")).unwrap();
    env.agentv(["export", "small-1", "../empty"]).ok();
    before.still_holds(&env);
}
