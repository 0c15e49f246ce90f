//! Arguments of `git agentv hooks`.

use clap::{Args, ValueEnum};

use super::DocumentFormat;

/// `git agentv hooks`
#[derive(Debug, Args)]
#[command(after_help = "\
Once installed, a commit names the runs that were made on the code before it:

  Agentv-Run: 3f9c1a2b7d4e5f60

prepare-commit-msg adds the trailers, commit-msg lets a commit be abandoned as ever,
post-rewrite keeps the links over amend and rebase. They never stop a commit, and do
nothing where git-agentv is missing or AGENTV_HOOK=0 is set.

commit-msg is put in place when an editor opens, and goes afterwards: no other commit has
to pay for it. Where the place is not ours, because there is such a hook already or the
hooks directory is not the repository's own, it is there all the time. If nothing of ours
would run after the editor, a commit that is written there names no run.

With 'git config agentv.autoPush true' there is a pre-push hook, too: after 'git push' has
sent commits to a remote where runs were pushed before, new runs follow in the background.
No push waits for that or fails because of it; 'git agentv status' tells what did not go.

Hooks that are there keep working: a shell script gets a marked part, anything else is
put aside and called by ours. What husky, lefthook or pre-commit manages, and what git
tracks, is left alone: you are told what to add. 'uninstall' restores every file.

'status' makes commits in a scratch repository with the same hooks, and ends with 1 if
one of them does not do what it should. Of a pre-push hook only our part is tried.

Examples:
  git agentv hooks install
  git agentv hooks status
  git agentv hooks install --print      the scripts, and the lines to add by hand")]
pub struct Hooks {
    /// What to do
    #[arg(value_name = "ACTION")]
    pub action: HooksAction,
    /// Print the scripts and the lines to add by hand; change nothing
    #[arg(long)]
    pub print: bool,
    /// How to print what was done or found
    #[arg(long, value_name = "FORMAT", default_value = "text", conflicts_with = "print")]
    pub format: DocumentFormat,
}

/// What to do with hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HooksAction {
    /// Put them in place.
    Install,
    /// Take them away, and restore what was there.
    Uninstall,
    /// Show where they are, and try them.
    Status,
}
