//! `git agentv studio`

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use clap::{Args, ValueHint};

use crate::store::Home;
use crate::studio::{self, Settings};

use super::context::Context;
use super::env::Env;
use super::failure::Failure;
use super::output::sanitize;

/// `git agentv studio`
#[derive(Debug, Args)]
#[command(after_help = "\
It prints a link and opens it, unless standard output is no terminal. Ctrl-C stops it. The same
numbers are there as JSON: /api/openapi.json tells how.

Only this machine can ask, and no page of another site. With --host others can, if they have the
link: the token in it is a password. Nothing is encrypted, so put it behind something that does.
Nothing is written but by a button: tags, notes, deleting and restoring, sync. --read-only
refuses these. No page asks another machine for anything, but sync.

Examples:
  git agentv studio
  git agentv studio --repo ../shop --repo ../search    two projects
  git agentv studio --no-open --port 8000 --read-only
  git agentv studio --host 0.0.0.0                     for others who get the link")]
pub struct Studio {
    /// Listen on this port; else on 7117, or the next one that is free
    #[arg(short, long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Listen on this name or address, for other machines
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub host: Option<String>,
    /// Only print the link
    #[arg(long)]
    pub no_open: bool,
    /// Refuse every change
    #[arg(long)]
    pub read_only: bool,
    /// Serve this repository; may be given several times. The one here if none is given
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::DirPath)]
    pub repo: Vec<PathBuf>,
    /// Serve the front end in this directory in place of the pages
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub ui: Option<PathBuf>,
}

impl From<studio::Error> for Failure {
    fn from(err: studio::Error) -> Self {
        match err {
            studio::Error::Store(err) => err.into(),
            err => match err.hint() {
                Some(hint) => Self::new(err.to_string()).hint(hint),
                None => Self::new(err.to_string()),
            },
        }
    }
}

pub(super) fn run(context: &mut Context, args: &Studio) -> Result<ExitCode, Failure> {
    let parameters = context.ui.env.git_config_parameters.as_deref();
    let homes = if args.repo.is_empty() {
        vec![Home::here(&context.dir, parameters)]
    } else {
        args.repo.iter().map(|path| Home::at(&context.path(path), parameters)).collect()
    };
    let ui = args.ui.as_ref().map(|dir| context.path(dir));
    let settings = Settings { homes, host: args.host.clone(), port: args.port, read_only: args.read_only, ui };
    let mut told = Ok(());
    studio::run(&settings, &mut |link| told = tell(context, args, link))?;
    // Who closes our output still gets a server.
    told.or_else(|err: std::io::Error| if err.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(err) })?;
    Ok(ExitCode::SUCCESS)
}

fn tell(context: &Context, args: &Studio, link: &str) -> std::io::Result<()> {
    let ui = &context.ui;
    let mut out = ui.out(None);
    writeln!(out, "{}", sanitize(link))?;
    out.finish()?;
    if ui.env.stdout_is_terminal {
        ui.tell("Ctrl-C stops it");
        if !args.no_open && has_display(&ui.env) {
            open(&ui.env, link);
        }
    }
    Ok(())
}

/// Whether there is a screen that a browser could open a window on.
fn has_display(env: &Env) -> bool {
    cfg!(any(target_os = "macos", windows)) || env.has_display || env.browser.is_some()
}

/// Asks the system's browser to show the link. Whoever has none reads it where it was printed.
#[expect(clippy::disallowed_methods, reason = "it is the user's browser, not git")]
fn open(env: &Env, link: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let program = env.browser.as_deref().unwrap_or(opener);
    let mut command = if cfg!(windows) { Command::new("explorer") } else { Command::new(program) };
    let started = command.arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Ok(mut child) = started {
        // Only so that it does not stay behind as a zombie.
        std::thread::spawn(move || drop(child.wait()));
    }
}
