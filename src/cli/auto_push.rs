//! Runs that follow a `git push` (`agentv.autoPush`): what the `pre-push` hook starts, and what goes on behind it.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::git::{Remote, Repo};
use crate::hooks::push::{self, Sign};
use crate::sync::{self, Listener, Plan, Steps};

use super::args::Hook;
use super::context::{Context, store};
use super::env::Env;
use super::failure::Failure;

/// The word by which the hook starts what goes on behind it.
pub(super) const FOLLOW: &str = "follow-push";

/// A push of commits may take long. Who waits for its end for so long gives up.
const PATIENCE: Duration = Duration::from_secs(600);
/// Sending the runs may take so long altogether, however alive the remote is. Each silence is bounded by `agentv.timeout`.
const BOUND: Duration = Duration::from_secs(300);
/// After git has ended its tracking ref is there; some file systems take a moment to show it.
const GRACE: Duration = Duration::from_millis(500);

/// The `pre-push` hook: decides, and starts the rest in the background.
pub(super) fn start(context: &Context, repo: &Repo, args: &Hook) -> Result<(), Failure> {
    let env = &context.ui.env;
    let text = |word: Option<&OsString>| word.map(|word| word.to_string_lossy().into_owned());
    // pre-commit has its own way to hand over what git said.
    let managed = args.args.is_empty();
    let remote = if managed { env.push_remote.clone() } else { text(args.args.first()) };
    let Some(remote) = remote else { return Ok(()) };
    let mut lines = String::new();
    if managed {
        let (new, to) = (env.push_object.as_deref().unwrap_or_default(), env.push_ref.as_deref().unwrap_or_default());
        lines = format!("- {new} {to} -");
    } else {
        std::io::stdin().lock().read_to_string(&mut lines)?;
    }
    let pushed = push::parse(repo, &lines);
    match push::decide(&store(repo), &remote, &pushed)? {
        Ok(signs) => follow(context, repo, &remote, &signs),
        Err(no) => {
            tracing::debug!(?no, remote, "runs do not follow");
            Ok(())
        }
    }
}

/// Starts the rest. It has none of our pipes, so that nobody waits for it, no terminal to ask at, and a process group of its own.
#[expect(clippy::disallowed_methods, reason = "it is not git but ourselves")]
fn follow(context: &Context, repo: &Repo, remote: &str, signs: &[Sign]) -> Result<(), Failure> {
    let env = &context.ui.env;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["hook", FOLLOW]).arg(pid_of_git(env).unwrap_or_default().to_string()).arg(remote);
    command.args(signs.iter().map(|sign| format!("{}={}", sign.name, sign.commit)));
    command.current_dir(&context.dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for (name, value) in [
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", ""),
        ("SSH_ASKPASS", ""),
        ("SSH_ASKPASS_REQUIRE", "never"),
        ("GCM_INTERACTIVE", "never"),
    ] {
        command.env(name, value);
    }
    if let Some(ssh) = ssh(env, repo) {
        command.env("GIT_SSH_COMMAND", ssh);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()?;
    Ok(())
}

/// How git is to start ssh so that it never asks. None if it is not ssh that is started, but some program of the user's.
fn ssh(env: &Env, repo: &Repo) -> Option<String> {
    let given = env.ssh_command.clone().or_else(|| repo.setting("core.sshCommand")).filter(|ssh| !ssh.is_empty());
    let command = match (given, &env.ssh) {
        (Some(command), _) => command,
        (None, Some(_)) => return None,
        (None, None) => "ssh".to_owned(),
    };
    // git tells by the name, too, whether it is OpenSSH.
    let program = command.split_whitespace().next()?.trim_matches(['\'', '"']);
    let is_ssh = program.rsplit('/').next().is_some_and(|name| name == "ssh");
    is_ssh.then(|| format!("{command} -oBatchMode=yes"))
}

/// The git that pushes, if the hook's shell was started by it and not by a manager of hooks.
fn pid_of_git(env: &Env) -> Option<u32> {
    let pid = env.push_pid?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    name.starts_with("git").then_some(pid)
}

/// What goes on behind the hook: waits until the commits arrived, then sends the runs. What does not go is noted for 'status'.
pub(super) fn run(context: &Context, args: &[OsString]) -> Result<(), Failure> {
    let parameters = context.ui.env.git_config_parameters.as_deref();
    let repo = Repo::discover(&context.dir, crate::git::ConfigScope::Full, parameters)?;
    let [pid, remote, signs @ ..] = args else { return Ok(()) };
    let (pid, remote) = (pid.to_string_lossy().parse().unwrap_or(0), remote.to_string_lossy());
    let signs: Vec<Sign> = signs.iter().filter_map(|sign| sign_of(&repo, sign)).collect();
    if !arrived(&repo, pid, &signs)? {
        return Ok(());
    }
    let remote = sync::elect(&repo, Some(&remote))?;
    let name = remote.name.clone();
    let note = {
        let dir = repo.git_dir().to_owned();
        let name = name.clone();
        move |reason: &str| {
            if let Ok(repo) = Repo::at(&dir) {
                sync::note_not_sent(&repo, &name, reason);
            }
        }
    };
    watch(note);
    let steps = Steps { merge: true, push: true, fold: false, dry_run: false, full: false };
    if let Err(err) = sync::sync(&repo, &remote, steps, &mut Silent) {
        sync::note_not_sent(&repo, &name, &err.to_string());
        end();
    }
    Ok(())
}

fn sign_of(repo: &Repo, word: &OsStr) -> Option<Sign> {
    let word = word.to_str()?;
    let (name, commit) = word.rsplit_once('=')?;
    Some(Sign { name: name.to_owned(), commit: repo.parse_oid(commit)? })
}

/// Waits until the commits arrived, or the push has ended without that.
fn arrived(repo: &Repo, pid: u32, signs: &[Sign]) -> Result<bool, Failure> {
    let (start, mut ended, mut pause) = (Instant::now(), None::<Instant>, Duration::from_millis(20));
    loop {
        if push::is_seen(repo, signs)? {
            return Ok(true);
        }
        if start.elapsed() > PATIENCE || ended.is_some_and(|at| at.elapsed() > GRACE) {
            return Ok(false);
        }
        if ended.is_none() && pid != 0 && !is_alive(pid) {
            ended = Some(Instant::now());
            pause = Duration::from_millis(20);
        }
        std::thread::sleep(pause);
        pause = (pause * 3 / 2).min(Duration::from_millis(500));
    }
}

/// Ends everything when it takes too long.
fn watch(note: impl FnOnce(&str) + Send + 'static) {
    std::thread::spawn(move || {
        std::thread::sleep(BOUND);
        note(&format!("it took longer than {} seconds", BOUND.as_secs()));
        end();
    });
}

/// Ends this process, and all that it started: a git that was given up may have left a helper that waits for the remote.
#[cfg(unix)]
fn end() {
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::KILL);
}

/// Only the children that we know end.
#[cfg(not(unix))]
#[expect(clippy::disallowed_methods, clippy::exit, reason = "nothing else ends a process that hangs")]
fn end() {
    std::process::exit(0);
}

#[cfg(unix)]
fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

#[cfg(not(unix))]
fn is_alive(_pid: u32) -> bool {
    true
}

/// Nobody listens, and nobody agrees to anything.
struct Silent;

impl Listener for Silent {
    fn agree(&mut self, _remote: &Remote, _plan: &Plan<'_>) -> bool {
        false
    }

    fn progress(&mut self, _line: &str) {}
}
