//! Commands that show runs and what is in them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{DocumentFormat, Format};

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
  git agentv list --group-by target since:3d
  git agentv list --from origin           what the remote had at the last fetch
  git agentv list --all -is:local         what can be pulled")]
pub struct List {
    /// Which runs; all of them if nothing is said
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// List the runs of a remote as of the last fetch, or those of a results repository; 'local' are the own ones
    #[arg(long, value_name = "PLACE", value_hint = ValueHint::Other, conflicts_with = "all")]
    pub from: Vec<String>,
    /// List the runs of all places that this clone knows, each run once
    #[arg(long)]
    pub all: bool,
    /// Sort by FIELD, or FIELD:desc for the largest first
    #[arg(long, value_name = "FIELD", conflicts_with_all = ["count", "group_by"])]
    pub sort: Option<String>,
    /// Go on where a page ended; --format json tells the word as 'next'
    #[arg(long, value_name = "WORD", conflicts_with_all = ["count", "group_by"])]
    pub cursor: Option<String>,
    /// Print only how many there are
    #[arg(long, conflicts_with_all = ["group_by", "format"])]
    pub count: bool,
    /// Sum up the runs that have the same experiment, target, sha, tag or repo
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
