//! The command line as clap types. No code here touches anything, so that man
//! pages, completions and tests can use it.

mod commits;
mod edit;
mod hooks;
mod internal;
mod output;
mod quick;
mod read;
mod record;
mod tool;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::compact::Compact;
use super::fsck::Fsck;
use super::promote::Promote;
use super::prune::Prune;
use super::remote::RemoteArgs;
use super::studio::Studio;
use super::sync::Sync;

pub use super::reindex::Reindex;
pub use commits::{Link, Links, RunsOf, Unlink};
pub use edit::{Note, Runs, Tag};
pub use hooks::{Hooks, HooksAction};
pub use internal::{Complete, Hook};
pub use output::{DocumentFormat, Format};
pub use read::{Cat, Export, Files, List, Show, Status};
pub use record::{About, Import, Record, Run};
pub use tool::{Completions, Man, Schema, SchemaOf, Shell};

const EXAMPLES: &str = "\
Examples:
  git agentv run -- agentv eval evals/checkout.eval.yaml
                                run an eval, record what it produced
  git agentv record             record all bundles below .agentv/results
  git agentv list               the newest runs
  git agentv show 3f9c          one run, failing cases first
  git agentv cat 3f9c PATH      one of its files

Runs are kept in this repository, on refs/agentv/runs/v1: one commit a run,
no branch, nothing in your working tree. 'git log refs/agentv/runs/v1' reads it.

Exit codes: 0 done, 1 the answer is no, 2 bad usage, 128 failed.
'git agentv run' ends with the exit code of the command that it ran.";

/// Keeps them apart from a command's own.
const GLOBAL: &str = "Options of every command";

/// Keeps the history of AI-agent evaluations inside the git repository that they evaluated.
#[derive(Debug, Parser)]
#[command(name = "git-agentv", bin_name = "git agentv", version, after_help = EXAMPLES, max_term_width = 100)]
#[command(disable_help_subcommand = true, infer_subcommands = false, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the help of the flattened options")]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Run as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true, help_heading = GLOBAL, value_hint = ValueHint::DirPath)]
    pub change_dir: Option<PathBuf>,
    /// Colour the output: auto (on a terminal, unless NO_COLOR is set), always, never
    #[arg(long, value_name = "WHEN", global = true, help_heading = GLOBAL, default_value = "auto", hide_possible_values = true)]
    pub color: ColorWhen,
    /// Do not pipe long output into a pager
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub no_pager: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Record bundles that an eval tool wrote
    Record(Record),
    /// Run a command and record the bundles that it produced
    Run(Run),
    /// List runs, newest first
    #[command(visible_alias = "ls")]
    List(List),
    /// Show a run: its numbers, its source, its cases
    Show(Show),
    /// List the files of a run
    Files(Files),
    /// Print a file of a run
    Cat(Cat),
    /// Write the files of a run to a directory
    Export(Export),
    /// Show where runs are kept, how many, and what is not recorded yet
    Status(Status),
    /// List the runs that judged a commit, a range or a line of a file
    RunsOf(RunsOf),
    /// List the links between runs and commits, and check them
    Links(Links),
    /// Install the git hooks that link runs and commits, or look after them
    Hooks(Hooks),
    /// Import the runs of upstream's results branch
    Import(Import),
    /// Write the index of a results repository, or build the cache of queries anew
    Reindex(Reindex),
    /// Add and remove tags of a run
    Tag(Tag),
    /// Write, show or remove the note of a run
    Note(Note),
    /// Link a run to a commit
    Link(Link),
    /// Take the link between a run and a commit away
    Unlink(Unlink),
    /// Delete a run; it can be restored
    #[command(visible_alias = "rm")]
    Delete(Runs),
    /// Bring a deleted run back
    Restore(Runs),
    /// Delete runs by age, all in one go
    Prune(Prune),
    /// Rewrite history without the files of deleted runs, and free the space
    Compact(Compact),
    /// Check every run, and repair what can be derived
    Fsck(Fsck),
    /// Take all runs to a results repository of their own
    Promote(Promote),
    /// Share runs with a remote: fetch, merge, push
    Sync(Sync),
    /// Push runs to a remote; what it has is merged first
    Push(Sync),
    /// Fetch runs of a remote and merge them
    Pull(Sync),
    /// Fetch runs of a remote without merging them
    Fetch(Sync),
    /// Show or set the remote that runs are shared with
    Remote(RemoteArgs),
    /// Look at the runs in a browser
    #[command(visible_alias = "serve")]
    Studio(Studio),
    /// Print the JSON Schema of what is stored and printed
    Schema(Schema),
    /// Print or install the man pages
    Man(Man),
    /// Print a shell's completion script
    Completions(Completions),
    /// What git's hooks call
    #[command(hide = true)]
    Hook(Hook),
    /// What the completion scripts call
    #[command(hide = true, name = "__complete")]
    Complete(Complete),
}
