//! The environment: the one place of the command line that reads it.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use crate::sync::results::Dirs;

/// What the environment says, read once.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact of the environment")]
pub(crate) struct Env {
    /// Standard output is a terminal.
    pub(crate) stdout_is_terminal: bool,
    /// Standard error is a terminal.
    pub(crate) stderr_is_terminal: bool,
    /// `COLUMNS`.
    pub(crate) columns: Option<usize>,
    /// `NO_COLOR` is set and not empty.
    pub(crate) no_color: bool,
    /// `CLICOLOR_FORCE` is set and not 0.
    pub(crate) force_color: bool,
    /// `TERM=dumb`, or no `TERM`.
    pub(crate) dumb_terminal: bool,
    /// `GIT_PAGER`.
    pub(crate) git_pager: Option<String>,
    /// `PAGER`.
    pub(crate) pager: Option<String>,
    /// Somebody above us pages already.
    pub(crate) pager_in_use: bool,
    /// `LESS` is set.
    pub(crate) less_is_set: bool,
    /// `LV` is set.
    pub(crate) lv_is_set: bool,
    /// `AGENTV_LOG`.
    pub(crate) log: Option<String>,
    /// `GIT_CONFIG_PARAMETERS`: what `git -c` handed over.
    pub(crate) git_config_parameters: Option<String>,
    /// `AGENTV_HOOK=0`: the hooks do nothing.
    pub(crate) hooks_are_off: bool,
    /// `AGENTV_HOOK_TIMEOUT`: seconds after which a hook gives up.
    pub(crate) hook_timeout: Option<f64>,
    /// `GIT_EDITOR`: `:` in a hook of a commit that opens no editor.
    pub(crate) git_editor: Option<String>,
    /// `PRE_COMMIT_COMMIT_MSG_SOURCE`: how pre-commit hands over where the message came from.
    pub(crate) commit_msg_source: Option<String>,
    /// `PRE_COMMIT_COMMIT_OBJECT_NAME`: and of which commit it was.
    pub(crate) commit_msg_object: Option<String>,
    /// `AGENTV_PUSH_PID`: the process that started the shell of a `pre-push` hook.
    pub(crate) push_pid: Option<u32>,
    /// `PRE_COMMIT_REMOTE_NAME`: how pre-commit hands over where a push goes.
    pub(crate) push_remote: Option<String>,
    /// `PRE_COMMIT_TO_REF`: and what.
    pub(crate) push_object: Option<String>,
    /// `PRE_COMMIT_REMOTE_BRANCH`: and to which ref.
    pub(crate) push_ref: Option<String>,
    /// `GIT_SSH_COMMAND`.
    pub(crate) ssh_command: Option<String>,
    /// `GIT_SSH`.
    pub(crate) ssh: Option<OsString>,
    /// `XDG_DATA_HOME`.
    pub(crate) data_home: Option<OsString>,
    /// `HOME`.
    pub(crate) home: Option<OsString>,
    /// Helpers of ours that are at work above this one.
    pub(crate) helper_depth: u32,
    /// There is an X or a Wayland display.
    pub(crate) has_display: bool,
    /// `BROWSER`, if it is one program.
    pub(crate) browser: Option<String>,
    /// Programs called `agentv` that passed through to this one.
    pub(crate) passed_through: Option<OsString>,
}

/// Tells the next `agentv` on PATH who called it, so that two copies of us never call each other for ever.
pub(crate) const PASSED_THROUGH: &str = "AGENTV_PASSED_THROUGH";

impl Env {
    /// Directories of the user.
    pub(crate) fn dirs(&self) -> Dirs {
        let home = self.home.as_ref().map(PathBuf::from);
        let data = self.data_home.as_ref().map(PathBuf::from).filter(|path| path.is_absolute());
        Dirs { data: data.or_else(|| home.as_ref().map(|home| home.join(".local/share"))), home }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub(crate) fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok();
        let full = |name: &str| text(name).filter(|value| !value.is_empty());
        Self {
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            columns: full("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|&columns| columns > 0),
            no_color: full("NO_COLOR").is_some(),
            force_color: full("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            dumb_terminal: text("TERM").is_none_or(|term| term == "dumb"),
            git_pager: text("GIT_PAGER"),
            pager: text("PAGER"),
            pager_in_use: full("GIT_PAGER_IN_USE").is_some_and(|value| !matches!(value.as_str(), "0" | "false")),
            less_is_set: std::env::var_os("LESS").is_some(),
            lv_is_set: std::env::var_os("LV").is_some(),
            log: full("AGENTV_LOG"),
            git_config_parameters: full("GIT_CONFIG_PARAMETERS"),
            hooks_are_off: text("AGENTV_HOOK").is_some_and(|value| value == "0"),
            hook_timeout: full("AGENTV_HOOK_TIMEOUT").and_then(|seconds| seconds.parse().ok()),
            git_editor: text("GIT_EDITOR"),
            commit_msg_source: full("PRE_COMMIT_COMMIT_MSG_SOURCE"),
            commit_msg_object: full("PRE_COMMIT_COMMIT_OBJECT_NAME"),
            push_pid: full("AGENTV_PUSH_PID").and_then(|pid| pid.parse().ok()),
            push_remote: full("PRE_COMMIT_REMOTE_NAME"),
            push_object: full("PRE_COMMIT_TO_REF"),
            push_ref: full("PRE_COMMIT_REMOTE_BRANCH"),
            ssh_command: full("GIT_SSH_COMMAND"),
            ssh: std::env::var_os("GIT_SSH").filter(|value| !value.is_empty()),
            data_home: std::env::var_os("XDG_DATA_HOME").filter(|value| !value.is_empty()),
            home: std::env::var_os("HOME").filter(|value| !value.is_empty()),
            helper_depth: text(crate::git::INSIDE).and_then(|depth| depth.parse().ok()).unwrap_or(0),
            has_display: full("DISPLAY").or_else(|| full("WAYLAND_DISPLAY")).is_some(),
            browser: full("BROWSER").filter(|value| !value.contains([':', ' ', '%'])),
            passed_through: std::env::var_os(PASSED_THROUGH),
        }
    }
}
