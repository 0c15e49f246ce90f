//! Commands on runs and commits.

use clap::Args;

use super::{DocumentFormat, Format};

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
