//! The pages, made from the clap types.

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::roff::{Page, bold, italic};
use super::text;
use crate::cli::args::Cli;

/// All pages by file name.
pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let mut top = Cli::command();
    top.build();
    let mut pages = vec![("git-agentv.1".to_owned(), front(&top).into_bytes())];
    for command in commands(&top) {
        pages.push((format!("{}.1", page_name(command)), of_command(command).into_bytes()));
    }
    pages.push(("agentv.1".into(), agentv().into_bytes()));
    pages.push(("git-remote-agentv.1".into(), remote_helper().into_bytes()));
    pages
}

/// The commands that have a page.
pub(super) fn commands(top: &Command) -> impl Iterator<Item = &Command> {
    top.get_subcommands().filter(|command| !command.is_hide_set())
}

fn page_name(command: &Command) -> String {
    format!("git-agentv-{}", command.get_name())
}

/// git-agentv.1
fn front(top: &Command) -> Page {
    let mut page = Page::new("git-agentv", &about(top));
    page.section("SYNOPSIS");
    page.synopsis("git agentv", &[optional(&bold("options")), italic("COMMAND"), optional(&italic("arguments"))]);
    page.section("DESCRIPTION");
    let (prose, examples) = help_parts(top);
    // What it says about exit codes has a section of its own here.
    for text in prose.iter().filter(|text| !text.starts_with("Exit codes:")) {
        page.paragraph(text);
    }
    page.section("COMMANDS");
    for command in commands(top) {
        page.item(&reference(&page_name(command)), &about(command));
    }
    options(&mut page, top);
    list(&mut page, "EXIT STATUS", &text::EXIT_STATUS);
    page.paragraph(text::EXIT_OF_RUN);
    list(&mut page, "ENVIRONMENT", &text::ENVIRONMENT);
    list(&mut page, "CONFIGURATION", &text::CONFIGURATION);
    list(&mut page, "FILES", &text::FILES);
    show_examples(&mut page, &examples);
    see_also(&mut page, &["agentv", "git-remote-agentv", "git"]);
    page
}

/// git-agentv-*.1
fn of_command(command: &Command) -> Page {
    let name = command.get_name();
    let mut page = Page::new(&page_name(command), &about(command));
    page.section("SYNOPSIS");
    let given = || command.get_arguments().filter(|arg| is_shown(arg) && !arg.is_global_set() && !is_help(arg));
    let options_first = given().filter(|arg| !arg.is_positional()).chain(given().filter(|arg| arg.is_positional()));
    page.synopsis(&format!("git agentv {name}"), &options_first.map(usage).collect::<Vec<_>>());
    page.section("DESCRIPTION");
    let (prose, examples) = help_parts(command);
    page.paragraph(&format!("{}.", command.get_long_about().map_or_else(|| about(command), ToString::to_string)));
    for alias in command.get_visible_aliases() {
        page.paragraph(&format!("'git agentv {alias}' is the same."));
    }
    for text in prose {
        page.paragraph(&text);
    }
    options(&mut page, command);
    show_examples(&mut page, &examples);
    let related = text::RELATED.iter().find(|group| group.contains(&name)).copied().unwrap_or_default();
    let related = related.iter().filter(|other| **other != name).map(|other| format!("git-agentv-{other}"));
    let names: Vec<String> = std::iter::once("git-agentv".into()).chain(related).collect();
    see_also(&mut page, &names.iter().map(String::as_str).collect::<Vec<_>>());
    page
}

/// agentv.1
fn agentv() -> Page {
    let about = "keeps the history of AI-agent evaluations in git, in front of the AgentV CLI";
    let mut page = Page::new("agentv", about);
    page.section("SYNOPSIS");
    page.synopsis("agentv results", &[italic("COMMAND"), optional(&italic("arguments"))]);
    page.synopsis("agentv", &[italic("ANYTHING ELSE")]);
    page.section("DESCRIPTION");
    for text in text::AGENTV {
        page.paragraph(text);
    }
    page.section("EXIT STATUS");
    page.paragraph(
        "That of the program that it passed on to; 128 if there is none. That of git-agentv(1) for 'agentv results'.",
    );
    see_also(&mut page, &["git-agentv", "git-agentv-run", "git-agentv-list"]);
    page
}

/// git-remote-agentv.1
fn remote_helper() -> Page {
    let mut page = Page::new("git-remote-agentv", "git's helper for agentv:: URLs");
    page.section("SYNOPSIS");
    page.synopsis("git clone", &[format!("agentv::{}", italic("URL")), optional(&italic("DIR"))]);
    page.section("DESCRIPTION");
    for text in text::REMOTE_HELPER {
        page.paragraph(text);
    }
    show_examples(&mut page, &text::REMOTE_HELPER_EXAMPLES.map(str::to_owned));
    see_also(&mut page, &["git-agentv", "git"]);
    page
}

/// What is said after the options of `-h`: paragraphs, and blocks of examples.
fn help_parts(command: &Command) -> (Vec<String>, Vec<String>) {
    let text = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string).unwrap_or_default();
    let (mut prose, mut examples) = (Vec::new(), Vec::new());
    for part in text.split("\n\n").filter(|part| !part.trim().is_empty()) {
        match part.split_once('\n') {
            Some(("Examples:" | "Example:", block)) => examples.push(block.to_owned()),
            _ => prose.push(part.to_owned()),
        }
    }
    (prose, examples)
}

fn show_examples(page: &mut Page, examples: &[String]) {
    if !examples.is_empty() {
        page.section("EXAMPLES");
    }
    for example in examples {
        page.example(example);
    }
}

fn list(page: &mut Page, title: &str, items: &[(&str, &str)]) {
    page.section(title);
    for (term, text) in items {
        page.item(&bold(term), text);
    }
}

/// Positional arguments, the command's own options, then those of every command.
fn options(page: &mut Page, command: &Command) {
    page.section("OPTIONS");
    let rank = |arg: &&Arg| (!arg.is_positional(), is_help(arg), arg.is_global_set());
    let mut args: Vec<&Arg> = command.get_arguments().filter(|arg| is_shown(arg)).collect();
    args.sort_by_key(rank);
    for arg in args {
        let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
        let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let default = if default.is_empty() || !takes_value(arg) {
            String::new()
        } else {
            format!(" (default: {})", default.join(","))
        };
        page.item(&term(arg), &format!("{help}{default}"));
        if takes_value(arg) && !arg.is_hide_possible_values_set() {
            let values = arg.get_possible_values();
            if !values.is_empty() {
                page.nested(
                    values
                        .iter()
                        .map(|value| (value.get_name(), value.get_help().map(ToString::to_string).unwrap_or_default())),
                );
            }
        }
    }
}

fn see_also(page: &mut Page, names: &[&str]) {
    page.section("SEE ALSO");
    page.references(&names.iter().map(|name| reference(name)).collect::<Vec<_>>());
}

/// `git-agentv(1)`, in roff.
fn reference(name: &str) -> String {
    format!("{}(1)", bold(name))
}

fn about(command: &Command) -> String {
    command.get_about().map(|about| about.to_string().trim_end_matches('.').to_owned()).unwrap_or_default()
}

fn is_shown(arg: &Arg) -> bool {
    !arg.is_hide_set()
}

fn is_help(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version)
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

/// `-n, --limit N`, in roff.
fn term(arg: &Arg) -> String {
    if arg.is_positional() {
        return value(arg);
    }
    let names: Vec<String> = spellings(arg).iter().map(|name| bold(name)).collect();
    let names = names.join(", ");
    if takes_value(arg) { format!("{names} {}", value(arg)) } else { names }
}

/// `[--limit N]`, in roff.
fn usage(arg: &Arg) -> String {
    let several = matches!(arg.get_action(), ArgAction::Append);
    let more = if several { " ..." } else { "" };
    if arg.is_trailing_var_arg_set() {
        return format!("{} {} ...", bold("--"), value(arg));
    }
    if arg.is_positional() {
        let shown = format!("{}{more}", value(arg));
        return if arg.is_required_set() { shown } else { optional(&shown) };
    }
    let name = bold(spellings(arg).last().map_or("", String::as_str));
    let shown = if takes_value(arg) { format!("{name} {}", value(arg)) } else { name };
    let shown = if arg.is_required_set() { shown } else { optional(&shown) };
    format!("{shown}{}", more.trim_start())
}

fn spellings(arg: &Arg) -> Vec<String> {
    let short = arg.get_short().map(|short| format!("-{short}"));
    short.into_iter().chain(arg.get_long().map(|long| format!("--{long}"))).collect()
}

fn value(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    italic(&names.iter().map(clap::builder::Str::as_str).collect::<Vec<_>>().join(" "))
}

fn optional(shown: &str) -> String {
    format!("[{shown}]")
}
