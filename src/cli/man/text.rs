//! What the man pages say beyond the options.

/// Commands that are explained by each other.
pub(super) const RELATED: [&[&str]; 6] = [
    &["hooks", "runs-of", "links", "run"],
    &["record", "run", "import", "status", "fsck"],
    &["list", "show", "files", "cat", "export", "studio", "schema"],
    &["tag", "note", "link", "unlink", "delete", "restore", "prune", "compact"],
    &["sync", "push", "pull", "fetch", "remote"],
    &["man", "completions"],
];

pub(super) const EXIT_STATUS: [(&str, &str); 4] = [
    ("0", "Done. Also when whoever reads the output stops reading it."),
    ("1", "The answer is no."),
    ("2", "Bad usage; nothing was done."),
    ("128", "Failed. What went wrong is told on standard error, with a hint where there is one."),
];

pub(super) const EXIT_OF_RUN: &str = "git agentv run and agentv eval end with the exit code of the command that they ran; \
with 128 if that was 0 and what it left could not be recorded.";

pub(super) const ENVIRONMENT: [(&str, &str); 11] = [
    (
        "AGENTV_LOG",
        "What to log to standard error: error, warn, info, debug or trace, or a filter such as git_agentv::git=debug.",
    ),
    (
        "AGENTV_RUN_ID, AGENTV_RESULTS_DIR",
        "Set by git agentv run for its command: the name of the run, and a directory whose files are recorded afterwards.",
    ),
    (
        "AGENTV_PASSED_THROUGH",
        "Set by agentv for the program that it passes on to, so that two of them never call each other.",
    ),
    ("AGENTV_HOOK", "0 switches the hooks off."),
    (
        "AGENTV_HOOK_TIMEOUT",
        "Seconds after which a hook gives up and lets git go on. Default: 0.45, and 5 for post-rewrite.",
    ),
    ("NO_COLOR", "No colour, unless --color=always is given."),
    ("CLICOLOR_FORCE", "Colour also where standard output is no terminal."),
    ("COLUMNS", "The width of tables. Without it that of the terminal; into a pipe or a file tables are not cut."),
    ("TERM", "No colour and no pager where it is dumb or missing."),
    (
        "GIT_PAGER, PAGER",
        "The pager for output on a terminal, as for git. LESS is set to FRX for it, unless it is set.",
    ),
    ("GIT_DIR, GIT_WORK_TREE, GIT_AUTHOR_NAME, GIT_COMMITTER_DATE …", "As for git, see git(1)."),
];

pub(super) const CONFIGURATION: [(&str, &str); 16] = [
    (
        "agentv.window",
        "How many of the newest runs stay in the ref's tree when it is full, which is when it holds twice as many (default 2000, \
0: it is never full). Older runs stay in history and in every list; pushing stays fast.",
    ),
    (
        "agentv.maxBlobSize",
        "A file above this size is stored in parts: hosts refuse large blobs. Takes the suffixes k, m and g. Default: 45m.",
    ),
    (
        "agentv.captureDiff",
        "Whether git agentv run keeps the uncommitted changes of tracked files with the run; git agentv show --diff prints them. \
         Default: false.",
    ),
    (
        "agentv.resultsRepo",
        "The results repository that new runs are recorded for: acme/evals, an address or a path. Default: what the 'results:' block \
of .agentv/config.yaml names (repo, repo_url, repo_path); else runs are kept in this repository.",
    ),
    ("agentv.resultsBranch", "Its branch. Default: 'branch' of that block, else main."),
    ("agentv.remote", "The remote to share runs with. Default: that of the current branch, else origin."),
    ("agentv.timeout", "For how many seconds a remote may be silent before it is given up. Default: 60."),
    (
        "agentv.sign",
        "Whether the commits that hold runs are signed, as git commit -S signs: gpg.format, user.signingKey and gpg.<format>.program \
         say how. commit.gpgSign alone does not sign them. Default: false.",
    ),
    ("agentv.signTimeout", "How many seconds the program that signs may take, a passphrase included. Default: 60."),
    (
        "agentv.autoPush",
        "Whether new runs follow when git push has sent commits to a remote where runs were pushed before. It happens in the \
         background, through the pre-push hook that git agentv hooks install puts in place. And whether what is recorded for a \
         results repository is pushed at once; where that is not set sync.auto_push of the 'results:' block says so, after \
         one 'git agentv push', which asks. Default: false.",
    ),
    (
        "agentv.fetch",
        "light (the default): fetches take commits and directories; a first fetch of more than 200 commits only the directories above those of runs. The rest of a run comes when it is opened. full: they take everything.",
    ),
    (
        "agentv.host",
        "The host of names like acme/evals, as git.example.com. Default: that of the remote, else github.com.",
    ),
    (
        "agentv.webUrl",
        "The web page of a commit, where git agentv show can't derive it from the remote: an address with {commit} in it, as \
         https://git.example.com/team/code/commit/{commit}.",
    ),
    ("pager.agentv", "Whether to use a pager, or which, for git agentv alone."),
    ("core.pager", "The pager, as for git."),
    ("color.ui", "auto, always or never, as for git."),
];

pub(super) const FILES: [(&str, &str); 4] = [
    (
        "refs/agentv/runs/v1",
        "The runs of the repository: one commit for each run that was recorded, and for each change to one.",
    ),
    (".agentv/results/", "Where eval tools leave their bundles. They are read, never changed or removed."),
    (
        "~/.local/share/agentv/results/",
        "Clones of results repositories, one for each address; below $XDG_DATA_HOME if that is set.",
    ),
    ("$GIT_DIR/agentv/", "Caches, and what git agentv run was given to record until it is recorded."),
];

pub(super) const AGENTV: [&str; 2] = [
    "'agentv results COMMAND' is 'git agentv COMMAND'. Everything else is passed on unchanged, with terminal and exit code, to \
     the next 'agentv' on PATH: the AgentV CLI. Its own 'agentv results' subcommands stay its own, where it is installed.",
    "After 'agentv eval' the bundles that it wrote are recorded: in the repository, or for the results repository that is \
     configured (a 'results:' block in .agentv/config.yaml, or agentv.resultsRepo).",
];

pub(super) const REMOTE_HELPER: [&str; 7] = [
    "The helper that git starts for addresses of the form agentv::URL, and for remotes with the setting vcs=agentv. It is never run \
     by hand; see gitremote-helpers(7). It shows the run history of the repository at URL, refs/agentv/runs/v1, as a repository \
     with the one branch 'runs', so that git's own commands clone, fetch and push it. URL is anything that git takes: https, ssh, git, file, \
     an absolute path, or the address of another remote helper. A relative path is refused, because it would mean another \
     place after the clone than before.",
    "A push is a union merge: what others pushed in the meantime is merged with what is pushed, and the commit that joins both is what the \
     remote gets. 'git pull' then brings it here. Nothing is ever forced, --force included, and --force-with-lease always says 'stale info'. Only runs are \
     taken: commits that were made by git agentv, and merges that git made of these, with 'git pull' for instance. Other branches, tags and deletions are \
     refused.",
    "A repository without refs/agentv/runs/v1 whose HEAD names a branch of runs, as in a results repository, is served from that \
     branch, and pushed to it.",
    "In such a clone the commands of git-agentv(1) work on the branch 'runs': list, show and the others read it, record and tag commit to it \
     and bring the working tree along. A run that is recorded there has no source commit, unless --commit names one. git agentv sync goes to the same place, too.",
    "Cloning with --bare, --mirror, --depth and --filter works, also from and to SHA-256 and reftable repositories. With vcs=agentv, and for an address without a remote's \
     name, --filter has no effect: everything is fetched.",
    "git is started for the address itself: settings for it, credentials and hooks of the host work as they do without agentv::. The \
     pre-push hook of the clone runs once; it is told that what the remote has is not known.",
    "For git, agentv is a protocol like any other: as a submodule's address it needs protocol.agentv.allow=always, see git-config(1).",
];

pub(super) const REMOTE_HELPER_EXAMPLES: [&str; 2] = [
    "git clone agentv::https://host/owner/repo runs\ncd runs\ngit agentv list\ngit agentv record ../out/bundle\ngit push",
    "git fetch agentv::ssh://host/owner/repo runs:refs/agentv/runs/v1",
];
