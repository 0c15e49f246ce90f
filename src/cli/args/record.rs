//! Commands that record runs.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::DocumentFormat;

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
