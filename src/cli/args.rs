//! The command line as clap types. No code here touches anything, so that man
//! pages, completions and tests can use it.

mod hooks;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::run::TagEdit;

use super::fsck::Fsck;
use super::sync::Sync;

pub use super::reindex::Reindex;
pub use hooks::{Hooks, HooksAction};

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
    /// Check every run, and repair what can be derived
    Fsck(Fsck),
    /// Share runs with a remote: fetch, merge, push
    Sync(Sync),
    /// Push runs to a remote; what it has is merged first
    Push(Sync),
    /// Fetch runs of a remote and merge them
    Pull(Sync),
    /// Fetch runs of a remote without merging them
    Fetch(Sync),
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

/// How to print a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One document with a version.
    Json,
    /// One object a line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
    /// Tab-separated values with a header.
    Tsv,
}

/// How to print a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DocumentFormat {
    /// For people.
    Text,
    /// One document with a version.
    Json,
}

/// What the user says about a run.
#[derive(Debug, Clone, Default, Args)]
pub struct About {
    /// Name of the run; needed to record a directory in no known format
    #[arg(long)]
    pub name: Option<String>,
    /// Name of the experiment
    #[arg(long)]
    pub experiment: Option<String>,
    /// Name of the agent that was evaluated
    #[arg(long)]
    pub target: Option<String>,
    /// Tag the run; can be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// A number of the run, as accuracy=0.93; can be repeated. test_count, passed, errors, avg_score,
    /// pass_rate, cost_usd, duration_ms and tokens become the run's own numbers
    #[arg(long = "metric", value_name = "NAME=NUMBER", value_parser = metric)]
    pub metrics: Vec<(String, f64)>,
    /// Also record a bundle that is incomplete or partly unreadable
    #[arg(long)]
    pub partial: bool,
}

/// `git agentv record`
#[derive(Debug, Args)]
#[command(after_help = "\
Without PATH, every bundle below .agentv/results that is complete and not yet recorded
is recorded. Recording a bundle twice changes nothing.

The source commit is the one that HEAD named when the eval began, according to HEAD's
reflog; it stays unknown where the reflog can't tell. Use 'git agentv run' to be sure.

Examples:
  git agentv record
  git agentv record .agentv/results/2026-07-04T03-53-57-344Z
  git agentv record out/ --name nightly --target my-agent --metric accuracy=0.93")]
pub struct Record {
    /// Bundles, or directories that hold bundles
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the help of the flattened options")]
    pub about: About,
    /// When the eval began, where the bundle does not say (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub started_at: Option<jiff::Timestamp>,
    /// The commit that was evaluated
    #[arg(long, value_name = "REVISION")]
    pub commit: Option<String>,
    /// How to print what was recorded
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// `git agentv run`
#[derive(Debug, Args)]
#[command(after_help = "\
Notes HEAD, branch and the state of the tracked files, runs the command, and records
every bundle that it left below .agentv/results or in $AGENTV_RESULTS_DIR. The command
gets the terminal and its signals; its exit code is passed on. What was recorded is
told on standard error.

A command that knows nothing of bundles can write any files to $AGENTV_RESULTS_DIR:
they become one run, named by --name or by $AGENTV_RUN_ID.

Examples:
  git agentv run -- agentv eval evals/checkout.eval.yaml
  git agentv run --experiment nightly -- sh -c 'make eval > $AGENTV_RESULTS_DIR/log.txt'")]
pub struct Run {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the help of the flattened options")]
    pub about: About,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

/// `git agentv list`
#[derive(Debug, Args)]
#[command(after_help = "\
PASSED is the number of passed cases of all cases; errors are cases that could not be
judged, they count in neither direction of the pass rate.

A QUERY is words that must all hold: FIELD:VALUE, FIELD<VALUE, a word of a name, 'not' before
what must not hold, 'or' between what may. docs/query.md tells all of it.

Examples:
  git agentv list -n 10
  git agentv list experiment:checkout 'pass_rate<0.9' since:2w
  git agentv list status:failed not tag:flaky on:main --sort score:desc
  git agentv list case:login case.status:fail
  git agentv list --count is:unpushed
  git agentv list --group-by target since:3d")]
pub struct List {
    /// Which runs; all of them if nothing is said
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// Sort by FIELD, or FIELD:desc for the largest first
    #[arg(long, value_name = "FIELD", conflicts_with_all = ["count", "group_by"])]
    pub sort: Option<String>,
    /// Go on where a page ended; --format json tells the word as 'next'
    #[arg(long, value_name = "WORD", conflicts_with_all = ["count", "group_by"])]
    pub cursor: Option<String>,
    /// Print only how many there are
    #[arg(long, conflicts_with_all = ["group_by", "format"])]
    pub count: bool,
    /// Sum up the runs that have the same experiment, target, sha or tag
    #[arg(long, value_name = "FIELD")]
    pub group_by: Option<String>,
    /// Show N runs; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Also show deleted runs
    #[arg(long)]
    pub deleted: bool,
    /// How to print the list
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// `git agentv show`
#[derive(Debug, Args)]
pub struct Show {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN", default_value = "@{0}")]
    pub run: String,
    /// Print the uncommitted changes of the evaluated code instead, where they were kept (agentv.captureDiff)
    #[arg(long)]
    pub diff: bool,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// `git agentv files`
#[derive(Debug, Args)]
pub struct Files {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN", default_value = "@{0}")]
    pub run: String,
    /// How to print the list
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// `git agentv cat`
#[derive(Debug, Args)]
#[command(after_help = "\
On a terminal, control characters are made visible; anywhere else the file is printed byte for byte.")]
pub struct Cat {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// A path, as 'git agentv files' shows it
    #[arg(value_name = "PATH")]
    pub path: OsString,
}

/// `git agentv export`
#[derive(Debug, Args)]
#[command(after_help = "\
The files are the recorded bundle, byte for byte. DIR must not exist or be empty.

Example:
  git agentv export 3f9c /tmp/run && diff -r /tmp/run .agentv/results/2026-07-04T03-53-57-344Z")]
pub struct Export {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Where to write
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
}

/// `git agentv status`
#[derive(Debug, Args)]
pub struct Status {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// `git agentv import`
#[derive(Debug, Args)]
#[command(after_help = "\
Reads every layout that the agentv CLI ever wrote. The files are not copied: the runs
share the branch's objects. Importing again records only what is new.

Example:
  git fetch ../results agentv/results/v1:refs/heads/agentv/results/v1
  git agentv import --from-ref refs/heads/agentv/results/v1")]
pub struct Import {
    /// The results branch
    #[arg(long, value_name = "REF")]
    pub from_ref: String,
    /// Also import bundles that a later commit of the branch replaced or removed
    #[arg(long)]
    pub all_versions: bool,
    /// Also import bundles that are incomplete or partly unreadable
    #[arg(long)]
    pub partial: bool,
    /// How to print what was imported
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// `git agentv tag`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git agentv tag 3f9c +baseline -flaky
  git agentv tag 3f9c                    show the tags")]
pub struct Tag {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// +NAME adds a tag, -NAME removes it
    #[arg(value_name = "±TAG", allow_hyphen_values = true)]
    pub edits: Vec<TagEdit>,
}

/// `git agentv note`
#[derive(Debug, Args)]
pub struct Note {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The note; replaces what was there
    #[arg(short, long, value_name = "TEXT", conflicts_with = "remove")]
    pub message: Option<String>,
    /// Remove the note
    #[arg(long)]
    pub remove: bool,
}

/// `git agentv link`
#[derive(Debug, Args)]
#[command(after_help = "\
The commit of HEAD gets the trailer 'Agentv-Run: <id>' if nobody else has it: no remote,
no tag, no other branch. That amends it; author and dates, staged changes and the working
tree stay as they are, and it is signed if commit.gpgSign says so. Any other commit is
left alone and the link is kept with the run. What was done is told.

Examples:
  git agentv link 3f9c                   the run and HEAD
  git agentv link 3f9c v1.2
  git log --format='%h %s %(trailers:key=Agentv-Run,valueonly,separator=%x2C)'")]
pub struct Link {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The commit; HEAD if not given
    #[arg(value_name = "COMMIT")]
    pub commit: Option<String>,
    /// How to print what was done
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// `git agentv unlink`
#[derive(Debug, Args)]
#[command(after_help = "\
Removes the link that is kept with the run. If the commit's message cites the run, that is
amended away where 'git agentv link' could have put it there; elsewhere it stays, and the
exit code is 1.

Example:
  git agentv unlink 3f9c v1.2")]
pub struct Unlink {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The commit; HEAD if not given
    #[arg(value_name = "COMMIT")]
    pub commit: Option<String>,
    /// How to print what was done
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// Commands on one or more runs.
#[derive(Debug, Args)]
pub struct Runs {
    /// 4 or more digits of the id, the bundle's own id, or @{0}, @{1} … for the newest
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<String>,
}

/// `git agentv schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what
    #[arg(value_name = "WHAT", default_value = "row")]
    pub what: SchemaOf,
}

/// The documents that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// A run in a list, and in a commit message.
    Row,
    /// run.json.
    Manifest,
    /// overlay.json.
    Overlay,
    /// A case of a run.
    Case,
    /// What 'list --format json' prints.
    List,
    /// What 'show --format json' prints.
    Show,
    /// What 'status --format json' prints.
    Status,
    /// What 'hooks --format json' prints.
    Hooks,
    /// What 'fsck --format json' prints.
    Fsck,
    /// What 'sync --format json' prints.
    Sync,
}

/// `git agentv man`
#[derive(Debug, Args)]
#[command(after_help = "\
git turns 'git agentv --help' into 'man git-agentv', which finds the pages only where
man looks: install them once.

Examples:
  git agentv man --install
  git agentv man record | man -l -")]
pub struct Man {
    /// Print the page of this command
    #[arg(value_name = "COMMAND")]
    pub page: Option<String>,
    /// Install the pages for this user
    #[arg(long, conflicts_with = "page")]
    pub install: bool,
    /// Write the pages to DIR
    #[arg(long, value_name = "DIR", conflicts_with_all = ["page", "install"])]
    pub out: Option<PathBuf>,
}

/// `git agentv completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Completes commands, options and run ids, for 'git agentv' and for 'agentv results'.

  bash  eval \"$(git agentv completions bash)\"         in ~/.bashrc
  zsh   eval \"$(git agentv completions zsh)\"          in ~/.zshrc, after compinit
  fish  git agentv completions fish | source          in ~/.config/fish/config.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Shells that we have completions for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
}

/// `git agentv runs-of`
#[derive(Debug, Args)]
#[command(after_help = "\
A run judged a commit if a trailer of the commit names it, if it was linked to the commit,
if it was recorded on the commit, if it evaluated the commit's tree, or if the commit makes
the same change as the one it was recorded on: the first of these is shown. It is exact if
the commit's tree is what was evaluated, to the byte; otherwise the code was near.

Examples:
  git agentv runs-of                     of HEAD
  git agentv runs-of HEAD~3
  git agentv runs-of main..topic         of all commits in the range
  git agentv runs-of src/retry.rs:42     of the commit that last changed the line
  git agentv runs-of src/retry.rs:42,60  of those that last changed the lines")]
pub struct RunsOf {
    /// A commit, a range of commits, or FILE:LINE
    #[arg(value_name = "REVISION", default_value = "HEAD")]
    pub revisions: Vec<String>,
    /// End with 1 if there are none
    #[arg(long)]
    pub exit_code: bool,
    /// How to print the list
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// `git agentv links`
#[derive(Debug, Args)]
#[command(after_help = "\
Says of each run what became of its source commit:
  reachable    a branch, a tag or another ref has it
  rewritten    it is gone, but a commit that took its place is known: by trailer, link,
               tree or patch id
  unreachable  no ref has it any more; git will remove it one day
  unknown      it is not in this repository

--check shows what is wrong only: commits that name runs which are not here, and runs whose
commit is unreachable or unknown. It ends with 1 if there is any.")]
pub struct Links {
    /// Show only what is wrong, and end with 1 if anything is
    #[arg(long)]
    pub check: bool,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocumentFormat,
}

/// What git's hooks call.
#[derive(Debug, Args)]
pub struct Hook {
    /// The hook's name
    pub event: String,
    /// What git gave the hook
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}

/// What the completion scripts call.
#[derive(Debug, Args)]
pub struct Complete {
    /// The words after `git agentv`, the last one to be completed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
}

fn metric(text: &str) -> Result<(String, f64), String> {
    let (name, number) = text.split_once('=').ok_or("write it as NAME=NUMBER")?;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("a metric needs a name".into());
    }
    let value: f64 = number.parse().map_err(|_| format!("'{number}' is not a number"))?;
    if value.is_finite() { Ok((name.to_owned(), value)) } else { Err(format!("'{number}' is not a finite number")) }
}

fn time(text: &str) -> Result<jiff::Timestamp, String> {
    text.parse().map_err(|_| format!("'{text}' is not a time like 2026-07-04T03:53:57Z"))
}
