//! Help and usage errors of every command.

use clap::CommandFactory;
use git_agentv::cli::args::Cli;

use crate::env::{TestEnv, bin_dir};

/// `git-agentv`, started directly: git itself answers `git agentv --help`.
fn direct(env: &TestEnv, args: &[&str]) -> crate::env::Ran {
    env.run(bin_dir().join("git-agentv").to_str().unwrap(), env.root(), args)
}

fn commands() -> Vec<clap::Command> {
    let mut top = Cli::command();
    top.build();
    top.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect()
}

#[test]
fn every_command_explains_itself() {
    let env = TestEnv::without_repo();
    for command in commands() {
        let name = command.get_name();
        for help in ["-h", "--help"] {
            let ran = direct(&env, &[name, help]);
            assert!(ran.stderr.is_empty(), "{name} {help}: {}", ran.stderr);
            let said = ran.ok();
            assert!(said.contains(&format!("Usage: git agentv {name} ")), "{said}");
            assert!(said.starts_with(&command.get_about().unwrap().to_string()), "{said}");
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let shown = match (arg.get_long(), arg.get_short()) {
                    (Some(long), _) => format!("--{long}"),
                    (None, Some(short)) => format!("-{short}"),
                    (None, None) => arg.get_value_names().unwrap()[0].to_string(),
                };
                assert!(said.contains(&shown), "{name} {help} does not mention {shown}: {said}");
                assert!(arg.get_help().is_some(), "{name}: nothing is said about {shown}");
            }
        }
        // An alias is the command.
        for alias in command.get_visible_aliases() {
            assert_eq!(direct(&env, &[alias, "-h"]).ok(), direct(&env, &[name, "-h"]).ok());
        }
    }
}

#[test]
fn help_fits_eighty_columns() {
    let mut env = TestEnv::without_repo();
    env.set("COLUMNS", "80");
    for command in commands() {
        let name = command.get_name();
        let said = direct(&env, &[name, "--help"]).ok();
        let widest = said.lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= 80, "{name}: {widest}");
    }
}

#[test]
fn without_arguments_the_help_is_printed() {
    let env = TestEnv::without_repo();
    let ran = direct(&env, &[]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    for command in commands() {
        assert!(said.contains(&format!("\n  {} ", command.get_name())), "{said}");
    }
    assert!(said.contains("Usage: git agentv "), "{said}");
    assert!(!said.contains("__complete"), "{said}");
    assert_eq!(ran.code, 2, "nothing was done");
    let help = direct(&env, &["--help"]).ok();
    assert!(help.contains("Exit codes: 0 done, 1 the answer is no, 2 bad usage, 128 failed."), "{help}");
    assert_eq!(direct(&env, &["-h"]).ok(), help);
    let version = direct(&env, &["--version"]).ok();
    assert_eq!(version, format!("git-agentv {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_words_are_answered_with_the_right_ones() {
    let env = TestEnv::new();
    let said = env.agentv(["recrod"]).fails(2);
    assert!(said.contains("unrecognized subcommand 'recrod'") && said.contains("'record'"), "{said}");
    let said = env.agentv(["list", "--fromat", "json"]).fails(2);
    assert!(said.contains("'--fromat'") && said.contains("'--format'"), "{said}");
    let said = env.agentv(["list", "--format", "jsno"]).fails(2);
    assert!(said.contains("'jsno'") && said.contains("'json'"), "{said}");
    let said = env.agentv(["status", "extra"]).fails(2);
    assert!(said.contains("unexpected argument 'extra'"), "{said}");
    let said = env.agentv(["cat"]).fails(2);
    assert!(said.contains("<RUN>") && said.contains("<PATH>"), "{said}");
    let said = env.agentv(["record", "--metric", "accuracy=NaN"]).fails(2);
    assert!(said.contains("not a finite number"), "{said}");
    let said = env.agentv(["-C", "nowhere", "list"]).fails(128);
    assert!(said.contains("'nowhere' is not a directory"), "{said}");
}

#[test]
fn agentv_results_speaks_in_its_own_name() {
    let env = TestEnv::without_repo();
    let agentv = bin_dir().join("agentv");
    let ran = env.run(agentv.to_str().unwrap(), env.root(), ["results", "record", "-h"]);
    let said = ran.ok();
    assert!(said.contains("Usage: agentv results record "), "{said}");
    let said = env.run(agentv.to_str().unwrap(), env.root(), ["results", "list", "--fromat"]).fails(2);
    assert!(said.contains("Usage: agentv results list"), "{said}");
}

#[test]
fn colour_of_help_is_for_terminals() {
    let env = TestEnv::without_repo();
    for args in [&["-h"][..], &["list", "--help"], &["nonsense"]] {
        let ran = direct(&env, args);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains('\x1b'), "{args:?}");
    }
}
