//! Parsing the commands of which every millisecond counts.

use std::ffi::OsString;

use clap::{Args, Command, FromArgMatches};

use super::{Cat, Cli, Global, Hook, List, Record, Show};

impl Cli {
    /// Parses a line that begins with one of a few frequent commands, by that command alone: to describe all commands
    /// takes as long as to read a page of runs. None if it is another one, or if there is anything to say: then the whole
    /// parser has the word.
    pub(in crate::cli) fn parse_quickly(args: &[OsString]) -> Option<Self> {
        let command = command(args.get(1)?.to_str()?)?;
        Self::parse_as(command, args).ok()
    }

    /// Parses a line as `command` describes it; its first word is the program's name.
    pub(in crate::cli) fn parse_as(command: Command, args: &[OsString]) -> Result<Self, clap::Error> {
        // It is thousands of small pieces. The process ends soon; nobody waits for them to be freed.
        let mut command = std::mem::ManuallyDrop::new(command);
        Self::from_arg_matches(&command.try_get_matches_from_mut(args)?)
    }
}

/// The program as if `word` were its only command.
fn command(word: &str) -> Option<Command> {
    let one = match word {
        "list" | "ls" => List::augment_args(Command::new("list").alias("ls")),
        "record" => Record::augment_args(Command::new("record")),
        "show" => Show::augment_args(Command::new("show")),
        "cat" => Cat::augment_args(Command::new("cat")),
        "hook" => Hook::augment_args(Command::new("hook")),
        _ => return None,
    };
    Some(Global::augment_args(Command::new("git-agentv")).subcommand(one))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn args(line: &str) -> Vec<OsString> {
        std::iter::once("git-agentv").chain(line.split(' ')).map(OsString::from).collect()
    }

    #[test]
    fn it_reads_what_the_whole_parser_reads() {
        for line in [
            "list",
            "ls -n 10 --format json",
            "list --color never experiment:a not tag:b --sort score:desc -C /tmp --no-pager",
            "list -- -n",
            "record a b --name n --tag x --tag y --metric a=1 --partial --started-at 2026-07-04T03:53:57Z",
            "record --commit HEAD~1 --format=json",
            "show",
            "show 3f9c --diff",
            "cat 3f9c a/b",
            "hook prepare-commit-msg -x --help file",
        ] {
            let quick = Cli::parse_quickly(&args(line)).unwrap_or_else(|| panic!("{line}"));
            let whole = Cli::try_parse_from(args(line)).unwrap();
            assert_eq!(format!("{quick:?}"), format!("{whole:?}"), "{line}");
        }
    }

    #[test]
    fn all_else_is_for_the_whole_parser() {
        for line in
            ["list --help", "list --bad", "list -n x", "show a b", "cat", "status", "-C /tmp list", "--version", ""]
        {
            assert!(Cli::parse_quickly(&args(line)).is_none(), "{line}");
        }
    }
}
