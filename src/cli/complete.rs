//! What the completion scripts call: candidates for the last word, one a line.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;

use clap::{Arg, CommandFactory, ValueHint};

use super::args::{Cli, Complete};
use super::context::{Context, store};
use super::failure::Failure;
use crate::git::Repo;
use crate::index::query::{GROUP_FIELDS, Query, SORT_FIELDS};
use crate::run::{Row, RunStatus};

/// Lets the script complete file names itself.
const FILES: &str = ":files";
/// Nobody picks from more.
const MOST: usize = 200;

pub(super) fn run(context: &mut Context, args: &Complete) -> Result<ExitCode, Failure> {
    let (last, before) = args.words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let mut out = context.ui.out(None);
    for candidate in candidates(context, before, last) {
        // A file of a run may be called anything.
        if !candidate.contains(char::is_control) {
            writeln!(out, "{candidate}")?;
        }
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn candidates(context: &mut Context, before: &[String], last: &str) -> Vec<String> {
    let mut top = Cli::command();
    top.build();
    let line = Line::read(context, &top, before);
    if last.starts_with('-') && !line.options_end && line.waiting.is_none() {
        if let Some((option, value)) = last.split_once('=') {
            let Some(arg) = find_option(line.command, option) else { return Vec::new() };
            let found = values(context, &line, arg, value);
            return found.into_iter().filter(|v| v != FILES).map(|v| format!("{option}={v}")).collect();
        }
        // `tag RUN -NAME` and `list -FIELD:VALUE` are the values that begin like an option.
        let options = fitting(options(line.command), last);
        return match line.next_positional() {
            Some(arg) if matches!(arg.get_id().as_str(), "edits" | "query") => {
                options.into_iter().chain(values(context, &line, arg, last)).collect()
            }
            _ => options,
        };
    }
    if let Some(arg) = line.waiting {
        return values(context, &line, arg, last);
    }
    if line.command.has_subcommands() && line.given.is_empty() {
        let commands = line.command.get_subcommands().filter(|command| !command.is_hide_set());
        return fitting(commands.map(|command| command.get_name().to_owned()), last);
    }
    line.next_positional().map_or_else(Vec::new, |arg| values(context, &line, arg, last))
}

/// What was typed before the word to complete.
struct Line<'a> {
    /// The command that it belongs to: the top one as long as none was named.
    command: &'a clap::Command,
    /// The option whose value comes next.
    waiting: Option<&'a Arg>,
    /// Positional arguments.
    given: Vec<&'a str>,
    /// `--` was there, or the command line of another program began.
    options_end: bool,
}

impl<'a> Line<'a> {
    /// Follows `-C`, for run ids of the repository that it names.
    fn read(context: &mut Context, top: &'a clap::Command, words: &'a [String]) -> Self {
        let mut line = Self { command: top, waiting: None, given: Vec::new(), options_end: false };
        for word in words {
            if let Some(arg) = line.waiting.take() {
                if arg.get_id() == "change_dir" {
                    context.dir.push(word);
                }
            } else if line.options_end {
                line.given.push(word);
            } else if word == "--" {
                line.options_end = true;
            } else if word.starts_with('-') && word.len() > 1 {
                line.waiting = find_option(line.command, word).filter(|arg| arg.get_action().takes_values());
            } else if let Some(command) = line.command.find_subcommand(word) {
                line.command = command;
            } else {
                line.given.push(word);
                line.options_end = line.command.get_positionals().any(Arg::is_trailing_var_arg_set);
            }
        }
        line
    }

    fn next_positional(&self) -> Option<&'a Arg> {
        let mut all = self.command.get_positionals();
        let last = self.command.get_positionals().last();
        // The last one may take any number.
        let more = last.filter(|arg| arg.get_num_args().is_some_and(|n| n.max_values() > 1));
        all.nth(self.given.len()).or(more)
    }
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

fn values(context: &mut Context, line: &Line<'_>, arg: &Arg, last: &str) -> Vec<String> {
    match arg.get_id().as_str() {
        "run" | "runs" => return runs(context, line, last),
        "edits" => return tags(context, line, last),
        "page" => {
            return fitting(
                Cli::command().get_subcommands().filter(|c| !c.is_hide_set()).map(|c| c.get_name().to_owned()),
                last,
            );
        }
        "path" if line.command.get_name() == "cat" => return paths(context, line, last),
        "query" => return query(context, last),
        "remote" => return remotes(context, last),
        "sort" => {
            let names = SORT_FIELDS.iter().map(|field| field.names[0]);
            return fitting(names.flat_map(|name| [name.to_owned(), format!("{name}:desc")]), last);
        }
        "group_by" => return fitting(GROUP_FIELDS.iter().map(|field| field.name.to_owned()), last),
        _ => {}
    }
    let known: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    match arg.get_value_hint() {
        _ if !known.is_empty() => fitting(known.into_iter(), last),
        // A name, a number, a time: nothing that we or the shell could know.
        ValueHint::Unknown => Vec::new(),
        _ => vec![FILES.into()],
    }
}

/// The repository, as it is here: nobody who presses a key wants to wait for a network.
fn open(context: &mut Context) -> Result<Repo, Failure> {
    let repo = context.repo_to_read()?;
    repo.never_fetch();
    Ok(repo)
}

/// Names of remotes that the user has.
fn remotes(context: &mut Context, last: &str) -> Vec<String> {
    let Ok(repo) = open(context) else { return Vec::new() };
    fitting(repo.remotes().into_iter(), last)
}

/// The next word of a query: fields, and what the newest runs have in them.
fn query(context: &mut Context, last: &str) -> Vec<String> {
    let mut found = Query::completions(last);
    let bare = last.trim_start_matches('-');
    let Some((name, _)) = bare.split_once(':') else { return found };
    let of_row: fn(&Row) -> Vec<String> = match name {
        "experiment" => |row| row.experiment.clone().into_iter().collect(),
        "target" => |row| row.target.iter().flat_map(|all| all.split(", ").map(str::to_owned)).collect(),
        "tag" => |row| row.tags.clone(),
        "run_id" => |row| vec![row.run_id.clone()],
        "format" => |row| vec![row.format.clone()],
        _ => return found,
    };
    let Ok(repo) = open(context) else { return found };
    let Ok(rows) = store(&repo).rows(false) else { return found };
    let values: BTreeSet<String> = rows.take(MOST).filter_map(Result::ok).flat_map(|run| of_row(&run.row)).collect();
    // Others would have to be quoted, in the query and in the shell.
    let is_plain = |value: &String| value.chars().all(|c| c.is_alphanumeric() || "-_./+@".contains(c));
    let sign = &last[..last.len() - bare.len()];
    let words = values.into_iter().filter(is_plain).map(|value| format!("{sign}{name}:{value}"));
    found.extend(fitting(words, last));
    found
}

/// Ids of the newest runs, for `restore` of the deleted ones. Completion has no way to tell about an error.
fn runs(context: &mut Context, line: &Line<'_>, last: &str) -> Vec<String> {
    let Ok(repo) = open(context) else { return Vec::new() };
    let store = store(&repo);
    if line.command.get_name() != "restore" {
        return store.ids(last).unwrap_or_default().iter().map(ToString::to_string).collect();
    }
    let Ok(rows) = store.rows(true) else { return Vec::new() };
    let deleted = rows.filter_map(Result::ok).filter(|run| run.row.status == RunStatus::Pruned);
    fitting(deleted.take(MOST).map(|run| run.row.id.to_string()), last)
}

/// Files of the run that was named.
fn paths(context: &mut Context, line: &Line<'_>, last: &str) -> Vec<String> {
    let (Ok(repo), Some(run)) = (open(context), line.given.first()) else { return Vec::new() };
    let files = store(&repo).find(run).and_then(|run| run.files()).unwrap_or_default();
    fitting(files.iter().filter_map(|file| String::from_utf8(file.path.clone()).ok()), last)
}

/// `-TAG` for the tags that the named run has.
fn tags(context: &mut Context, line: &Line<'_>, last: &str) -> Vec<String> {
    let (Ok(repo), Some(run)) = (open(context), line.given.first()) else { return Vec::new() };
    let Ok(run) = store(&repo).find(run) else { return Vec::new() };
    fitting(run.overlay.effective_tags(&run.manifest.tags).iter().map(|tag| format!("-{tag}")), last)
}

fn fitting(candidates: impl Iterator<Item = String>, start: &str) -> Vec<String> {
    candidates.filter(|candidate| candidate.starts_with(start)).collect()
}
