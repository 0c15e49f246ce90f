//! `agentv`: `agentv results …` is ours, everything else belongs to upstream's
//! CLI of the same name, which is the next `agentv` on PATH.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory;

use super::args::{Cli, ColorWhen, Global};
use super::env::{Env, PASSED_THROUGH};
use super::failure::{FATAL, Failure};
use super::output::Ui;
use super::{child, run, run_cli, working_dir};
use crate::git::find_program;

/// The subcommand of `agentv` that is ours.
const OURS: &str = "results";
/// The other one: the pages are ours, with or without upstream's CLI.
const STUDIO: &str = "studio";

pub(super) fn main(env: Env, args: &[OsString]) -> ExitCode {
    let rest = args.get(1..).unwrap_or_default();
    if rest.first().is_some_and(|word| word == OURS) {
        let command = results_command();
        let next = rest.get(1).map(OsString::as_os_str);
        let ours = next.is_none_or(|word| is_ours(&command, word));
        // Upstream has `agentv results` too, with other subcommands: those stay its own.
        if ours || upstream(&env).is_none() {
            return run_cli(env, || command, rest);
        }
    }
    if rest.first().is_some_and(|word| word == STUDIO) {
        return run_cli(env, || Cli::command().name("agentv").bin_name("agentv"), args);
    }
    let global = Global { change_dir: None, color: ColorWhen::Auto, no_pager: true };
    let ui = Ui::new(env, &global);
    match pass_through(&ui, rest) {
        Ok(code) => code,
        Err(failure) => failure.report(&ui),
    }
}

/// The same commands as `git agentv`, under the name by which they are called here.
pub(super) fn results_command() -> clap::Command {
    Cli::command().name("agentv-results").bin_name("agentv results")
}

fn is_ours(command: &clap::Command, word: &OsStr) -> bool {
    let Some(word) = word.to_str() else { return false };
    // clap adds `help` only when it parses.
    word.starts_with('-')
        || word == "help"
        || command
            .get_subcommands()
            .any(|known| known.get_name() == word || known.get_all_aliases().any(|alias| alias == word))
}

fn pass_through(ui: &Ui, args: &[OsString]) -> Result<ExitCode, Failure> {
    let Some(program) = upstream(&ui.env) else {
        return Err(Failure { code: FATAL, ..Failure::new("there is no other 'agentv' on PATH to run this") }.hint(
            "'agentv results' is part of git agentv; for all else install the AgentV CLI: npm install -g agentv",
        ));
    };
    let env = [(PASSED_THROUGH, visited(&ui.env))];
    if args.first().is_some_and(|word| word == "eval") {
        return run::eval(ui, &working_dir(None)?, program.as_os_str(), args, &env);
    }
    #[cfg(unix)]
    return Err(child::replace(program.as_os_str(), args, &env));
    #[cfg(not(unix))]
    return Ok(ExitCode::from(child::run(program.as_os_str(), args, &env, &working_dir(None)?)?));
}

/// The next `agentv` on PATH that is neither us nor somebody who passed on to us.
fn upstream(env: &Env) -> Option<PathBuf> {
    let visited = visited(env);
    // We may be in a directory that a list like PATH cannot name.
    let own = std::env::current_exe().ok();
    let known: Vec<PathBuf> = std::env::split_paths(&visited).chain(own).collect();
    find_program("agentv", |path| !known.iter().any(|known| same_file(known, path)))
}

/// Those who must not be called again: us, and all before us.
fn visited(env: &Env) -> OsString {
    let before = env.passed_through.clone().unwrap_or_default();
    let own = std::env::current_exe().ok();
    let all = std::env::split_paths(&before).filter(|path| !path.as_os_str().is_empty()).chain(own);
    std::env::join_paths(all).unwrap_or(before)
}

#[cfg(unix)]
fn same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    matches!((a.metadata(), b.metadata()), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

#[cfg(not(unix))]
fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
