//! What the completion scripts call: candidates for the last word, one a line.

use std::io::Write;
use std::process::ExitCode;

use clap::{Arg, CommandFactory};

use super::args::{Cli, Complete};
use super::context::{Context, store};
use super::failure::Failure;

/// Lets the script complete file names itself.
const FILES: &str = ":files";

pub(super) fn run(context: &mut Context, args: &Complete) -> Result<ExitCode, Failure> {
    let (last, before) = args.words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let mut out = context.ui.out(None);
    for candidate in candidates(context, before, last) {
        writeln!(out, "{candidate}")?;
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn candidates(context: &mut Context, before: &[String], last: &str) -> Vec<String> {
    let mut top = Cli::command();
    top.build();
    let mut words = before.iter().map(String::as_str);
    let Some(name) = words.find(|word| !word.starts_with('-')) else {
        let names =
            top.get_subcommands().filter(|command| !command.is_hide_set()).map(|command| command.get_name().to_owned());
        return fitting(names.chain(options(&top)), last);
    };
    let Some(command) = top.find_subcommand(name) else { return Vec::new() };
    let rest: Vec<&str> = words.collect();
    if last.starts_with('-') {
        return fitting(options(command), last);
    }
    // The value of an option that was just named.
    let option = rest.last().and_then(|word| find_option(command, word)).filter(|arg| arg.get_action().takes_values());
    if let Some(arg) = option {
        return values(context, arg, last);
    }
    let given = positionals_given(command, &rest);
    let positionals: Vec<&Arg> = command.get_positionals().collect();
    match positionals.get(given).or(positionals.last()) {
        Some(arg) => values(context, arg, last),
        None => Vec::new(),
    }
}

fn positionals_given(command: &clap::Command, words: &[&str]) -> usize {
    let (mut given, mut value_follows) = (0, false);
    for word in words {
        if value_follows {
            value_follows = false;
        } else if word.starts_with('-') {
            value_follows =
                !word.contains('=') && find_option(command, word).is_some_and(|arg| arg.get_action().takes_values());
        } else {
            given += 1;
        }
    }
    given
}

fn find_option<'a>(command: &'a clap::Command, word: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| {
        let long = word.strip_prefix("--").is_some_and(|name| arg.get_long() == Some(name));
        let short =
            word.strip_prefix('-').is_some_and(|name| arg.get_short().is_some_and(|short| name == short.to_string()));
        long || short
    })
}

fn options(command: &clap::Command) -> impl Iterator<Item = String> + '_ {
    command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(|arg| Some(format!("--{}", arg.get_long()?)))
}

fn values(context: &mut Context, arg: &Arg, last: &str) -> Vec<String> {
    if arg.get_id() == "run" || arg.get_id() == "runs" {
        return runs(context, last);
    }
    let known: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if known.is_empty() { vec![FILES.into()] } else { fitting(known.into_iter(), last) }
}

/// Ids of the newest runs. Completion has no way to tell about an error.
fn runs(context: &mut Context, last: &str) -> Vec<String> {
    let Ok(repo) = context.repo_to_read() else { return Vec::new() };
    store(&repo).ids(last).unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn fitting(candidates: impl Iterator<Item = String>, start: &str) -> Vec<String> {
    candidates.filter(|candidate| candidate.starts_with(start)).collect()
}
