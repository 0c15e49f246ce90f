//! `git agentv man`: the man pages, made from the clap types.

mod pages;
mod roff;
mod text;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory;

use super::args::{Cli, Man};
use super::context::Context;
use super::failure::Failure;
use super::human::plural;

pub(super) fn run(context: &mut Context, args: &Man) -> Result<ExitCode, Failure> {
    let pages = pages::all();
    let mut out = context.ui.out(None);
    if let Some(dir) = &args.out {
        write(&context.path(dir), &pages)?;
        writeln!(out, "{} in {}", plural(pages.len(), "page"), dir.display())?;
    } else if args.install {
        let dir = install(&man_dirs(context), &pages)?;
        writeln!(out, "{} in {}", plural(pages.len(), "page"), dir.display())?;
        writeln!(
            out,
            "'git agentv --help' and 'man git-agentv-record' show them, if 'manpath' lists {}",
            dir.parent().unwrap_or(&dir).display()
        )?;
    } else {
        out.write_all(find(&pages, args.page.as_deref().unwrap_or("git-agentv"))?)?;
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// The page of a command: `record`, its alias, or the name of any page.
fn find<'a>(pages: &'a [(String, Vec<u8>)], wanted: &str) -> Result<&'a [u8], Failure> {
    let top = Cli::command();
    let command = top.find_subcommand(wanted).map_or(wanted, clap::Command::get_name);
    let names = [format!("git-agentv-{command}.1"), format!("{wanted}.1")];
    let page = pages.iter().find(|(known, _)| names.contains(known)).map(|(_, page)| page.as_slice());
    page.ok_or_else(|| {
        let commands: Vec<_> = pages::commands(&top).map(|command| command.get_name().to_owned()).collect();
        Failure::usage(format!("there is no page '{wanted}'")).hint(format!("the commands are {}", commands.join(", ")))
    })
}

/// Where `man` looks for pages of programs in the directory of ours, `../share/man` seen from
/// there, and the user's own place, for where that can't be written to.
fn man_dirs(context: &Context) -> Vec<PathBuf> {
    let program = std::env::current_exe().ok();
    let bin = program.as_deref().and_then(Path::parent).filter(|dir| dir.ends_with("bin"));
    let beside = bin.and_then(Path::parent).map(|prefix| prefix.join("share"));
    let data = context.ui.env.data_home.clone().map(PathBuf::from);
    let home = || context.ui.env.home.clone().map(|home| PathBuf::from(home).join(".local/share"));
    beside.into_iter().chain(data.or_else(home)).map(|share| share.join("man/man1")).collect()
}

/// Writes the pages to the first directory that takes them.
fn install(dirs: &[PathBuf], pages: &[(String, Vec<u8>)]) -> Result<PathBuf, Failure> {
    let mut last = Failure::new("neither the program's place nor HOME tells where man pages go")
        .hint("'git agentv man --out DIR' writes them anywhere");
    for dir in dirs {
        match write(dir, pages) {
            Ok(()) => return Ok(dir.clone()),
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

fn write(dir: &Path, pages: &[(String, Vec<u8>)]) -> Result<(), Failure> {
    let failed = |err: std::io::Error| Failure::new(format!("cannot write man pages to '{}': {err}", dir.display()));
    fs::create_dir_all(dir).map_err(failed)?;
    pages.iter().try_for_each(|(name, page)| fs::write(dir.join(name), page)).map_err(failed)
}
