//! Running a command as if we were not there: its terminal, its signals, its exit code.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, ExitStatus};

use super::failure::Failure;

/// Shells say it so.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// Runs a command in `dir` to its end and returns its exit code; 128 + N if signal N killed it.
///
/// Ctrl-C reaches the command directly, as part of the terminal's foreground
/// group, and only makes us wait for its end. What is sent to us alone, to
/// terminate or hang up, is passed on.
#[expect(clippy::disallowed_methods, reason = "it is the user's command, not git")]
pub(super) fn run(program: &OsStr, args: &[OsString], env: &[(&str, OsString)], dir: &Path) -> Result<u8, Failure> {
    let signals = Signals::watch();
    let mut child = Command::new(program)
        .args(args)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .current_dir(dir)
        .spawn()
        .map_err(|err| cannot_run(program, &err))?;
    signals.forward_to(&child);
    let status = child.wait()?;
    signals.stop();
    Ok(code(status))
}

/// Becomes the command. Only returns if that fails.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "it is the user's command, not git")]
pub(super) fn replace(program: &OsStr, args: &[OsString], env: &[(&str, OsString)]) -> Failure {
    use std::os::unix::process::CommandExt;
    let err = Command::new(program).args(args).envs(env.iter().map(|(name, value)| (name, value))).exec();
    cannot_run(program, &err)
}

fn cannot_run(program: &OsStr, err: &std::io::Error) -> Failure {
    let program = program.to_string_lossy();
    if err.kind() == std::io::ErrorKind::NotFound {
        let failure = Failure { code: NOT_FOUND, ..Failure::new(format!("'{program}' is not a command")) };
        return failure.hint("nothing was run; check the name and PATH");
    }
    Failure { code: NOT_EXECUTABLE, ..Failure::new(format!("cannot run '{program}': {err}")) }
}

#[cfg(unix)]
fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

#[cfg(not(unix))]
fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Keeps us alive while the child decides what a signal means.
#[cfg(unix)]
struct Signals {
    handle: Option<signal_hook::iterator::Handle>,
    child: std::sync::mpsc::Sender<rustix::process::Pid>,
}

#[cfg(unix)]
impl Signals {
    fn watch() -> Self {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let (sender, receiver) = std::sync::mpsc::channel();
        let signals = signal_hook::iterator::Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP]).ok();
        let handle = signals.as_ref().map(signal_hook::iterator::Signals::handle);
        if let Some(mut signals) = signals {
            std::thread::spawn(move || {
                let Ok(child) = receiver.recv() else { return };
                for signal in signals.forever() {
                    let forwarded = match signal {
                        SIGTERM => rustix::process::Signal::TERM,
                        SIGHUP => rustix::process::Signal::HUP,
                        _ => continue,
                    };
                    // A child that is gone already needs no signal.
                    let _ = rustix::process::kill_process(child, forwarded);
                }
            });
        }
        Self { handle, child: sender }
    }

    fn forward_to(&self, child: &std::process::Child) {
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = self.child.send(pid);
        }
    }

    fn stop(self) {
        if let Some(handle) = self.handle {
            handle.close();
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn watch() -> Self {
        Self
    }

    fn forward_to(&self, _child: &std::process::Child) {}

    fn stop(self) {}
}
