//! The command line: `git agentv …`, `agentv results …`, and the front that
//! passes everything else on to upstream's `agentv`.

pub mod args;
mod auto_push;
mod bundles;
mod cat;
mod child;
mod compact;
mod complete;
mod completions;
mod context;
mod edit;
mod env;
mod export;
mod failure;
mod files;
mod fsck;
mod hook;
mod hooks;
mod human;
mod import;
mod link;
mod links;
mod list;
mod man;
mod output;
mod passthrough;
mod places;
mod progress;
mod promote;
mod prune;
mod query;
mod record;
mod records;
mod reindex;
mod remote;
mod remote_helper;
mod run;
mod runs_of;
mod schema;
mod show;
mod source;
mod status;
mod studio;
mod sync;
mod table;
mod target;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::index::query::Field;

use args::{Cli, Command};
use context::Context;
use env::Env;
use failure::Failure;
use output::Ui;

/// Under which name the program was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `git-agentv`, by way of `git agentv`.
    GitAgentv,
    /// `agentv`.
    Agentv,
    /// `git-remote-agentv`, by git.
    RemoteHelper,
}

/// Runs the program and returns its exit code.
#[must_use]
pub fn main(role: Role) -> ExitCode {
    let env = Env::read();
    if let Some(filter) = &env.log {
        let filter = tracing_subscriber::EnvFilter::builder().parse_lossy(filter);
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
    let args: Vec<OsString> = std::env::args_os().collect();
    match role {
        Role::GitAgentv => run_cli(env, Cli::command, &args),
        Role::Agentv => passthrough::main(env, &args),
        Role::RemoteHelper => remote_helper::main(env, &args),
    }
}

/// A query may begin with a minus, which options do, too: `-tag:flaky` becomes `not tag:flaky`.
fn negations(args: &[OsString]) -> Vec<OsString> {
    let is_term = |word: &str| {
        let field = word.split([':', '=', '!', '<', '>']).next().filter(|name| name.len() < word.len());
        word.starts_with('(') || field.is_some_and(|name| Field::find(name).is_some())
    };
    let mut words = args.iter().enumerate().skip(1);
    // After the options of all commands and the values that they take.
    let command = loop {
        match words.next() {
            Some((_, word)) if word == "-C" || word == "--color" => drop(words.next()),
            Some((_, word)) if word.as_encoded_bytes().starts_with(b"-") => {}
            other => break other,
        }
    };
    let Some((at, _)) = command.filter(|(_, word)| *word == "list" || *word == "ls") else { return args.to_vec() };
    let end = args.iter().position(|word| word == "--").unwrap_or(args.len());
    let mut args = args.to_vec();
    for word in args.iter_mut().take(end).skip(at + 1) {
        let positive = word.to_str().and_then(|word| word.strip_prefix('-')).filter(|rest| is_term(rest));
        if let Some(positive) = positive {
            *word = format!("not {positive}").into();
        }
    }
    args
}

/// Parses `args` (the first is the program's name) and does what they say. `command` describes all that there is.
fn run_cli(env: Env, command: impl FnOnce() -> clap::Command, args: &[OsString]) -> ExitCode {
    let args = &negations(args);
    let cli = match Cli::parse_quickly(args).map_or_else(|| Cli::parse_as(command(), args), Ok) {
        Ok(cli) => cli,
        Err(err) => {
            let _ = err.print();
            return ExitCode::from(if err.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    let ui = Ui::new(env, &cli.global);
    let dir = match working_dir(cli.global.change_dir.as_deref()) {
        Ok(dir) => dir,
        Err(failure) => return failure.report(&ui),
    };
    let mut context = Context { ui, dir };
    match dispatch(&mut context, cli.command) {
        Ok(code) => code,
        Err(failure) => failure.report(&context.ui),
    }
}

fn dispatch(context: &mut Context, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Record(args) => record::run(context, &args),
        Command::Run(args) => run::run(context, &args),
        Command::List(args) => list::run(context, &args),
        Command::Show(args) => show::run(context, &args),
        Command::Files(args) => files::run(context, &args),
        Command::Cat(args) => cat::run(context, &args),
        Command::Export(args) => export::run(context, &args),
        Command::Status(args) => status::run(context, &args),
        Command::Hooks(args) => hooks::run(context, &args),
        Command::Import(args) => import::run(context, &args),
        Command::Reindex(args) => reindex::run(context, &args),
        Command::Tag(args) => edit::tag(context, &args),
        Command::Note(args) => edit::note(context, &args),
        Command::Link(args) => link::link(context, &args),
        Command::Unlink(args) => link::unlink(context, &args),
        Command::Delete(args) => edit::delete(context, &args),
        Command::Prune(args) => prune::run(context, &args),
        Command::Compact(args) => compact::run(context, &args),
        Command::Restore(args) => edit::restore(context, &args),
        Command::Studio(args) => studio::run(context, &args),
        Command::Schema(args) => schema::run(context, &args),
        Command::Man(args) => man::run(context, &args),
        Command::Completions(args) => completions::run(context, &args),
        Command::RunsOf(args) => runs_of::run(context, &args),
        Command::Links(args) => links::run(context, &args),
        Command::Fsck(args) => fsck::run(context, &args),
        Command::Promote(args) => promote::run(context, &args),
        Command::Sync(args) => sync::run(context, &args, sync::What::Sync),
        Command::Push(args) => sync::run(context, &args, sync::What::Push),
        Command::Pull(args) => sync::run(context, &args, sync::What::Pull),
        Command::Fetch(args) => sync::run(context, &args, sync::What::Fetch),
        Command::Remote(args) => remote::run(context, &args),
        Command::Hook(args) => Ok(hook::run(context, &args)),
        Command::Complete(args) => complete::run(context, &args),
    }
}

fn working_dir(given: Option<&std::path::Path>) -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(|err| {
        Failure::new(format!("the current directory is gone: {err}")).hint("change to one that exists")
    })?;
    let Some(given) = given else { return Ok(here) };
    let dir = here.join(given);
    if dir.is_dir() { Ok(dir) } else { Err(Failure::new(format!("'{}' is not a directory", given.display()))) }
}
