//! Shell completions: what the program proposes, and what bash, zsh and fish make of it.

use std::path::PathBuf;

use crate::env::{Ran, TestEnv, write_small_bundle};

/// A repository with two runs; their ids, newest first.
fn with_runs() -> (TestEnv, Vec<String>) {
    let env = TestEnv::new();
    env.small_bundle(1);
    env.small_bundle(2);
    env.agentv(["record"]).ok();
    let ids = env.runs().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    (env, ids)
}

/// What the program proposes for the last of `words`.
fn proposed(env: &TestEnv, words: &[&str]) -> Vec<String> {
    let ran = env.agentv([&["__complete", "--"], words].concat());
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    ran.ok().lines().map(str::to_owned).collect()
}

fn has(list: &[String], all: &[&str]) -> bool {
    all.iter().all(|item| list.iter().any(|known| known == item))
}

#[test]
fn commands_options_and_values_are_proposed() {
    let env = TestEnv::new();
    let all = proposed(&env, &[""]);
    assert!(has(&all, &["record", "list", "show", "restore", "completions"]), "{all:?}");
    assert!(!all.iter().any(|command| command.starts_with('_')), "{all:?}");
    assert_eq!(proposed(&env, &["rec"]), ["record"]);
    assert_eq!(proposed(&env, &["-C", ".", "rec"]), ["record"], "the value of -C is no command");
    assert!(has(&proposed(&env, &["--"]), &["--color", "--no-pager", "--version"]));
    assert!(has(&proposed(&env, &["list", "--"]), &["--limit", "--format", "--color", "--help"]));
    assert_eq!(proposed(&env, &["ls", "--lim"]), ["--limit"], "an alias has the same options");
    assert_eq!(proposed(&env, &["list", "--format", ""]), ["table", "json", "jsonl", "csv", "tsv"]);
    assert_eq!(proposed(&env, &["list", "--format", "js"]), ["json", "jsonl"]);
    assert_eq!(proposed(&env, &["list", "--format=js"]), ["--format=json", "--format=jsonl"]);
    assert_eq!(proposed(&env, &["show", "--color", "a"]), ["auto", "always"]);
    assert_eq!(proposed(&env, &["schema", "m"]), ["manifest"]);
    assert_eq!(proposed(&env, &["completions", ""]), ["bash", "zsh", "fish"]);
    assert!(has(&proposed(&env, &["man", ""]), &["record", "man"]));
    assert!(proposed(&env, &["nonsense", ""]).is_empty());
    assert!(proposed(&env, &["list", "--nonsense=x"]).is_empty());
}

#[test]
fn queries_are_proposed() {
    let (env, ids) = with_runs();
    env.agentv(["tag", &ids[0], "+baseline", "+with:colon"]).ok();
    assert!(has(&proposed(&env, &["list", ""]), &["experiment:", "tag:", "case.status:", "since:"]));
    assert_eq!(proposed(&env, &["list", "status:passed", "exp"]), ["experiment:"]);
    assert_eq!(proposed(&env, &["list", "is:un"]), ["is:unpushed"]);
    assert_eq!(proposed(&env, &["list", "-is:pa"]), ["-is:partial"]);
    assert!(has(&proposed(&env, &["list", "-"]), &["--limit", "-tag:"]));
    assert_eq!(proposed(&env, &["list", "run_id:"]), ["run_id:small-1", "run_id:small-2"]);
    assert_eq!(proposed(&env, &["list", "-run_id:small-1"]), ["-run_id:small-1"]);
    assert_eq!(proposed(&env, &["list", "tag:"]), ["tag:baseline"], "what has to be quoted is left to the user");
    assert_eq!(proposed(&env, &["list", "--sort", "pass_"]), ["pass_rate", "pass_rate:desc"]);
    assert_eq!(proposed(&env, &["list", "--group-by", "t"]), ["target", "tag"]);
    assert!(!env.repo.join(".git/agentv/index-v4.sqlite").exists(), "nothing is built for it");
}

#[test]
fn files_are_left_to_the_shell() {
    let env = TestEnv::new();
    for words in [&["record", ""][..], &["record", "a", "b"], &["-C", ""], &["show", "-C", ""], &["man", "--out", ""]] {
        assert_eq!(proposed(&env, words), [":files"], "{words:?}");
    }
    assert_eq!(proposed(&env, &["run", "--", "make", "--e"]), [":files"], "options of another program");
    assert_eq!(proposed(&env, &["run", "make", "--e"]), [":files"]);
    assert_eq!(proposed(&env, &["run", "--par"]), ["--partial"]);
    // Nothing that a shell could know.
    assert!(proposed(&env, &["record", "--metric", ""]).is_empty());
    assert!(proposed(&env, &["list", "-n", ""]).is_empty());
    assert!(proposed(&env, &["list", "--cursor", ""]).is_empty());
}

#[test]
fn runs_their_files_and_tags_are_proposed() {
    let (env, ids) = with_runs();
    assert_eq!(proposed(&env, &["show", ""]), ids);
    assert_eq!(proposed(&env, &["show", &ids[1][..6]]), ids[1..]);
    assert_eq!(proposed(&env, &["show", "--format", "json", ""]), ids);
    assert!(proposed(&env, &["show", &ids[0], ""]).is_empty(), "it takes one run");
    assert_eq!(proposed(&env, &["delete", &ids[0], ""]), ids, "it takes any number");
    assert_eq!(proposed(&env, &["cat", &ids[0], "on"]), ["only/answer.md"]);
    assert_eq!(proposed(&env, &["export", &ids[0], ""]), [":files"]);
    env.agentv(["tag", &ids[0], "+baseline", "+flaky"]).ok();
    assert_eq!(proposed(&env, &["tag", &ids[0], "-b"]), ["-baseline"]);
    env.agentv(["delete", &ids[0]]).ok();
    assert_eq!(proposed(&env, &["show", ""]), ids[1..]);
    assert_eq!(proposed(&env, &["restore", ""]), ids[..1], "only what is deleted can be restored");
}

#[test]
fn runs_are_those_of_the_directory_that_was_named() {
    let env = TestEnv::new();
    env.git_in(env.root(), ["init", "-q", "other"]).ok();
    let other = env.root().join("other");
    write_small_bundle(&other.join(".agentv/results/x"), "x", "2026-07-04T10:00:00.000Z");
    env.agentv_in(&other, ["record"]).ok();
    assert_eq!(proposed(&env, &["show", ""]).len(), 0);
    assert_eq!(proposed(&env, &["-C", "../other", "show", ""]).len(), 1);
    assert_eq!(proposed(&env, &["show", "-C", "../other", ""]).len(), 1);
}

#[test]
fn completing_outside_a_repository_is_quiet() {
    let env = TestEnv::without_repo();
    let ran = env.agentv_in(env.root(), ["__complete", "--", "show", ""]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    let ran = env.agentv_in(env.root(), ["__complete"]);
    assert!(ran.ok().starts_with("record\n"));
}

/// The script for a shell, in a file.
fn script(env: &TestEnv, shell: &str) -> PathBuf {
    let path = env.root().join(format!("completions.{shell}"));
    std::fs::write(&path, env.agentv(["completions", shell]).ok()).unwrap();
    path
}

/// Runs `code` in a shell after our script; none if there is no such shell.
fn in_shell(env: &TestEnv, shell: &str, code: &str) -> Option<Ran> {
    if env.command(shell, env.root()).arg("--version").output().is_err() {
        eprintln!("skipped: {shell} is not installed");
        return None;
    }
    let code = format!("source {}\n{code}", script(env, shell).display());
    let quiet: &[&str] = match shell {
        "bash" => &["--norc", "--noprofile"],
        "zsh" => &["-f"],
        _ => &["--no-config"],
    };
    Some(env.run(shell, &env.repo, [quiet, &["-c", &code]].concat()))
}

/// What bash would show after `words`, by the function for `git`, `git-agentv` or `agentv`.
fn bash(env: &TestEnv, function: &str, words: &[&str]) -> Option<Vec<String>> {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let code = format!(
        "COMP_WORDS=({})\nCOMP_CWORD={}\n{function} || exit\nfor word in \"${{COMPREPLY[@]}}\"; do echo \"$word\"; done",
        words.join(" "),
        words.len() - 1,
    );
    let ran = in_shell(env, "bash", &code)?;
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    Some(ran.ok().lines().map(str::to_owned).collect())
}

#[test]
fn bash_completes() {
    let (env, ids) = with_runs();
    let git = |words: &[&str]| bash(&env, "_git_agentv", words);
    let Some(commands) = git(&["git", "agentv", ""]) else { return };
    assert!(has(&commands, &["record", "list", "show"]), "{commands:?}");
    assert_eq!(git(&["git", "agentv", "sta"]).unwrap(), ["status"]);
    assert_eq!(git(&["git", "--no-pager", "agentv", "list", "--lim"]).unwrap(), ["--limit"]);
    assert_eq!(git(&["git", "agentv", "show", &ids[0][..7]]).unwrap(), ids[..1]);
    assert_eq!(git(&["git", "agentv", "list", "--format", "t"]).unwrap(), ["table", "tsv"]);
    // Bash breaks words at '=', and replaces what follows it.
    assert_eq!(git(&["git", "agentv", "list", "--format", "=", "t"]).unwrap(), ["table", "tsv"]);
    assert_eq!(git(&["git", "agentv", "list", "--format", "="]).unwrap().len(), 5);
    assert_eq!(git(&["git", "agentv", "list", "--format", "=", "json", "--lim"]).unwrap(), ["--limit"]);
    // And at ':'.
    assert_eq!(git(&["git", "agentv", "list", "exp"]).unwrap(), ["experiment:"]);
    assert_eq!(git(&["git", "agentv", "list", "is", ":", "pr"]).unwrap(), ["pruned"]);
    assert_eq!(git(&["git", "agentv", "list", "is", ":", "mine", "run_id", ":"]).unwrap(), ["small-1", "small-2"]);
    assert_eq!(git(&["git", "agentv", "list", "run_id", ":", "x", "--lim"]).unwrap(), ["--limit"]);
    let direct = bash(&env, "_git_agentv_direct", &["git-agentv", "cat", &ids[0], "only/"]).unwrap();
    assert_eq!(direct, ["only/answer.md"]);
    let agentv = |words: &[&str]| bash(&env, "_agentv_results", words).unwrap();
    assert_eq!(agentv(&["agentv", "res"]), ["results"]);
    assert_eq!(agentv(&["agentv", "results", "sho"]), ["show"]);
    assert_eq!(agentv(&["agentv", "results", "show", &ids[1]]), ids[1..]);
    assert!(agentv(&["agentv", "eval", ""]).is_empty(), "the AgentV CLI's own");
    assert!(agentv(&["agentv", "ev"]).is_empty());
}

#[test]
fn bash_follows_gits_own_directory_option() {
    let (env, ids) = with_runs();
    let outside = format!("cd {}", env.root().display());
    let code = format!(
        "{outside}\nCOMP_WORDS=(git -C repo agentv show '')\nCOMP_CWORD=5\n_git_agentv\necho \"${{COMPREPLY[@]}}\""
    );
    let Some(ran) = in_shell(&env, "bash", &code) else { return };
    assert_eq!(ran.ok().trim(), ids.join(" "));
}

#[test]
fn zsh_completes() {
    let (env, ids) = with_runs();
    // Outside of its line editor compadd does not work: ours prints.
    let zsh = |call: &str, words: &str, current: usize| {
        let code = format!(
            "compadd() {{ [[ $1 != -S ]] || shift 2; shift; (( ! $# )) || print -l -- \"$@\" }}; _files() {{ print FILES }}\nwords=({words}); CURRENT={current}; {call}"
        );
        let ran = in_shell(&env, "zsh", &code)?;
        assert!(ran.stderr.is_empty(), "{}", ran.stderr);
        Some(ran.stdout.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let Some(commands) = zsh("_git-agentv", "agentv ''", 2) else { return };
    assert!(has(&commands, &["record", "list", "show"]), "{commands:?}");
    assert_eq!(zsh("_git-agentv", "agentv show ''", 3).unwrap(), ids);
    assert_eq!(zsh("_git-agentv", "agentv list --format=t", 3).unwrap(), ["--format=table", "--format=tsv"]);
    assert_eq!(zsh("_git-agentv", "agentv record ''", 3).unwrap(), ["FILES"]);
    assert!(zsh("_git-agentv", "agentv list -n ''", 4).unwrap().is_empty());
    assert_eq!(zsh("_git-agentv", "agentv list is:p exp", 4).unwrap(), ["experiment:"]);
    assert_eq!(zsh("_agentv_results", "agentv results sta", 3).unwrap(), ["status"]);
    assert!(has(&zsh("_agentv_results", "agentv r", 2).unwrap(), &["results"]));
    assert_eq!(zsh("_agentv_results", "agentv eval ''", 3).unwrap(), ["FILES"]);
}

#[test]
fn zsh_keeps_the_users_own_git_commands() {
    let env = TestEnv::new();
    let style = "zstyle ':completion:*:*:git:*' user-commands";
    let code = format!(
        "autoload -Uz compinit && compinit -D\n{style} mine:'my own'\nsource {0}\nsource {0}\n\
         zstyle -g all ':completion:*:*:git:*' user-commands\nprint -l $all",
        script(&env, "zsh").display()
    );
    let Some(ran) = in_shell(&env, "zsh", &code) else { return };
    assert_eq!(ran.ok(), "mine:my own\nagentv:keep the history of AI-agent evaluations in git\n");
}

#[test]
fn fish_completes() {
    let (env, ids) = with_runs();
    let fish = |line: &str| {
        let ran = in_shell(&env, "fish", &format!("complete -C '{line}'"))?;
        assert!(ran.stderr.is_empty(), "{}", ran.stderr);
        Some(ran.ok().lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let Some(mut runs) = fish("git agentv show ") else { return };
    let mut sorted = ids.clone();
    runs.sort();
    sorted.sort();
    assert_eq!(runs, sorted);
    assert_eq!(fish("git agentv").unwrap(), ["agentv"]);
    assert_eq!(fish("git agentv sta").unwrap(), ["status"]);
    assert_eq!(fish("git-agentv list --format js").unwrap(), ["json", "jsonl"]);
    assert_eq!(fish("agentv results schema m").unwrap(), ["manifest"]);
    assert_eq!(fish("agentv resu").unwrap(), ["results"]);
    let files = fish("git agentv record .agentv/res").unwrap();
    assert_eq!(files, [".agentv/results/"]);
}
