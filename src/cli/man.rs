//! `git agentv man`: the man pages, made from the clap types.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory;

use super::args::{Cli, Man};
use super::context::Context;
use super::failure::Failure;
use super::human::plural;
use super::passthrough::results_command;

const AGENTV: &str = "\
Keeps the history of AI-agent evaluations in git, in front of the AgentV CLI.

'agentv results COMMAND' is 'git agentv COMMAND'. Everything else is passed on unchanged to the next \
'agentv' on PATH: upstream's CLI. After 'agentv eval' the bundles that it wrote are recorded in the \
repository, unless upstream publishes them to a results repository of its own \
(a 'results:' block in .agentv/config.yaml, or agentv.resultsRepo).";
const REMOTE_HELPER: &str = "\
The helper that git starts for URLs of the form agentv::URL. It is never run by hand.

This version says so and fails: cloning and fetching such URLs comes with a later one.";

pub(super) fn run(context: &mut Context, args: &Man) -> Result<ExitCode, Failure> {
    let pages = pages()?;
    let mut out = context.ui.out(None);
    if let Some(dir) = &args.out {
        install(&context.path(dir), &pages)?;
        writeln!(out, "{} in {}", plural(pages.len(), "page"), dir.display())?;
    } else if args.install {
        let dir = man_dir(context)?;
        install(&dir, &pages)?;
        writeln!(out, "{} in {}", plural(pages.len(), "page"), dir.display())?;
        writeln!(
            out,
            "'git agentv --help' and 'man git-agentv-record' show them, if 'manpath' lists {}",
            dir.parent().unwrap_or(&dir).display()
        )?;
    } else {
        let name = match args.page.as_deref() {
            None => "git-agentv.1".to_owned(),
            Some(page) => format!("git-agentv-{}.1", page.trim_start_matches("git-agentv-")),
        };
        let Some((_, page)) = pages.iter().find(|(known, _)| *known == name) else {
            let commands: Vec<_> = Cli::command()
                .get_subcommands()
                .filter(|c| !c.is_hide_set())
                .map(|c| c.get_name().to_owned())
                .collect();
            return Err(Failure::usage(format!("there is no page '{name}'"))
                .hint(format!("the commands are {}", commands.join(", "))));
        };
        out.write_all(page)?;
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// All pages by file name. They carry no version and no date, so that they only change when the commands do.
fn pages() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut pages = Vec::new();
    let mut top = Cli::command().version(None::<&str>);
    top.build();
    pages.push(page("git-agentv", top.clone())?);
    for command in top.get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = format!("git-agentv-{}", command.get_name());
        let shown = format!("git agentv {}", command.get_name());
        pages.push(page(&name, command.clone().display_name(name.clone()).bin_name(shown))?);
    }
    let agentv = clap::Command::new("agentv")
        .about("Keeps the history of AI-agent evaluations in git; passes on to the AgentV CLI")
        .long_about(AGENTV)
        .override_usage("agentv results COMMAND …\n       agentv ANYTHING ELSE …")
        .disable_help_flag(true);
    pages.push(page("agentv", agentv)?);
    let mut results = results_command().version(None::<&str>);
    results.build();
    pages.push(page("agentv-results", results.display_name("agentv-results"))?);
    let helper = clap::Command::new("git-remote-agentv")
        .about("git's helper for agentv:: URLs")
        .long_about(REMOTE_HELPER)
        .override_usage("git-remote-agentv REMOTE [URL]")
        .disable_help_flag(true);
    pages.push(page("git-remote-agentv", helper)?);
    Ok(pages)
}

fn page(name: &str, command: clap::Command) -> Result<(String, Vec<u8>), Failure> {
    let mut text = Vec::new();
    let title = name.to_uppercase();
    clap_mangen::Man::new(command)
        .title(title)
        .manual("Git Agentv Manual")
        .source("git-agentv")
        .date("")
        .render(&mut text)?;
    Ok((format!("{name}.1"), text))
}

/// Where `man` looks for the pages of programs beside ours: `../share/man` seen from the program.
fn man_dir(context: &Context) -> Result<PathBuf, Failure> {
    let beside = std::env::current_exe().ok().and_then(|exe| {
        let bin = exe.parent()?;
        (bin.file_name()? == "bin").then(|| bin.parent().map(|prefix| prefix.join("share/man/man1"))).flatten()
    });
    let data = context.ui.env.data_home.clone().map(PathBuf::from);
    let home = || context.ui.env.home.clone().map(|home| PathBuf::from(home).join(".local/share"));
    let fallback = data.or_else(home).map(|data| data.join("man/man1"));
    beside.filter(|dir| fs::create_dir_all(dir).is_ok()).or(fallback).ok_or_else(|| {
        Failure::new("neither the program's place nor HOME tells where man pages go")
            .hint("'git agentv man --out DIR' writes them anywhere")
    })
}

fn install(dir: &Path, pages: &[(String, Vec<u8>)]) -> Result<(), Failure> {
    let failed = |err: std::io::Error| Failure::new(format!("cannot write man pages to '{}': {err}", dir.display()));
    fs::create_dir_all(dir).map_err(failed)?;
    pages.iter().try_for_each(|(name, page)| fs::write(dir.join(name), page)).map_err(failed)
}
