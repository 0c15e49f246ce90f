//! The one place that starts git.
//!
//! Every git that we start has its locale pinned (we never parse messages, but
//! we show them), reads no terminal, starts no maintenance and writes no
//! trace of ours into the user's trace files.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::version::fingerprint;
use super::{Error, MINIMUM, Result, Version};

/// Variables that name a repository (`git rev-parse --local-env-vars`). They
/// are set anew for each git, from the repository that we opened.
const LOCAL_ENV: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
];

/// Variables that name another place for objects.
const OBJECTS_ENV: [&str; 2] = ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"];

/// A git command that is being put together.
#[derive(Debug)]
pub struct Git {
    command: Command,
    shown: String,
}

impl Git {
    /// A git command that needs no repository.
    pub(crate) fn anywhere(subcommand: &str) -> Self {
        Self::new(subcommand)
    }

    /// A git command on the repository that git itself finds at `dir`, as if it was started there by hand: its
    /// hooks see nothing of the repository that we work on.
    pub(crate) fn in_dir(dir: &Path, subcommand: &str) -> Self {
        let mut git = Self::new(subcommand);
        for name in LOCAL_ENV.iter().chain(&OBJECTS_ENV) {
            git.command.env_remove(name);
        }
        git.command.current_dir(dir);
        git
    }

    /// A git command on the repository at `git_dir`.
    pub(super) fn at(git_dir: &Path, work_dir: Option<&Path>, subcommand: &str) -> Self {
        let mut git = Self::new(subcommand);
        for name in LOCAL_ENV {
            git.command.env_remove(name);
        }
        git.command.env("GIT_DIR", git_dir);
        if let Some(dir) = work_dir {
            git.command.env("GIT_WORK_TREE", dir).current_dir(dir);
        }
        git
    }

    #[expect(clippy::disallowed_methods, reason = "this is the factory that everything else must use")]
    fn new(subcommand: &str) -> Self {
        // Looked up once: a process that is started by name tries every directory of PATH.
        let mut command = Command::new(program().unwrap_or(Path::new("git")));
        command
            .args(["-c", "gc.auto=0", "-c", "maintenance.auto=0", "-c", "core.fsmonitor=false"])
            .arg(subcommand)
            .env_remove("LC_ALL")
            .env_remove("LANGUAGE")
            .env("LC_MESSAGES", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TRACE2", "0")
            .env("GIT_TRACE2_EVENT", "0")
            .env("GIT_TRACE2_PERF", "0")
            .stdin(Stdio::null());
        Self { command, shown: subcommand.to_owned() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&arg.as_ref().to_string_lossy());
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(self, args: impl IntoIterator<Item = S>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Sets a variable for this command only.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives the command a file to read.
    #[must_use]
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    /// Starts the command with pipes on all three ends.
    pub fn spawn_piped(mut self) -> Result<(Child, String)> {
        let child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|err| spawn_error(&self.shown, &err))?;
        tracing::debug!(command = %self.shown, "git started");
        Ok((child, self.shown))
    }

    /// Runs the command to its end, whatever that is.
    pub fn output(mut self) -> Result<(Output, String)> {
        let start = Instant::now();
        let output = self.command.output().map_err(|err| spawn_error(&self.shown, &err))?;
        tracing::debug!(command = %self.shown, code = output.status.code(), took = ?start.elapsed(), "git ended");
        Ok((output, self.shown))
    }

    /// Runs the command and returns what it printed; anything but exit code 0 is an error.
    pub fn run(self) -> Result<Vec<u8>> {
        let (output, command) = self.output()?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(Error::Command { command, stderr: one_line(&output.stderr) })
    }

    /// Like [`Git::run`], but gives up after `limit`; none then.
    ///
    /// # Panics
    ///
    /// Never: the pipe that it reads is its own.
    pub fn run_within(mut self, limit: Duration) -> Result<Option<Vec<u8>>> {
        let start = Instant::now();
        self.command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = self.command.spawn().map_err(|err| spawn_error(&self.shown, &err))?;
        let mut stdout = child.stdout.take().expect("stdout is piped");
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // Nobody waits for it any more if the time is over.
            let _ = sender.send(stdout.read_to_end(&mut bytes).map(|_| bytes));
        });
        let Ok(read) = receiver.recv_timeout(limit) else {
            let _ = child.kill();
            let _ = child.wait();
            tracing::debug!(command = %self.shown, "git took too long");
            return Ok(None);
        };
        let status = child.wait().map_err(Error::io("git"))?;
        tracing::debug!(command = %self.shown, code = status.code(), took = ?start.elapsed(), "git ended");
        if status.success() {
            return read.map(Some).map_err(Error::io("git"));
        }
        Err(Error::Command { command: self.shown, stderr: String::new() })
    }

    /// Like [`Git::run`], as text without its final newline.
    pub fn run_text(self) -> Result<String> {
        let text = String::from_utf8_lossy(&self.run()?).into_owned();
        Ok(text.trim_end_matches('\n').to_owned())
    }

    /// Runs the command with `input` on its standard input. For commands that
    /// read all of it before they print.
    ///
    /// # Panics
    ///
    /// Never: the pipe that it writes to is its own.
    pub fn run_with(mut self, input: &[u8]) -> Result<Vec<u8>> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(|err| spawn_error(&self.shown, &err))?;
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let output = std::thread::scope(|scope| {
            // A child that stops reading early tells why on stderr.
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output()
        })
        .map_err(Error::io("git"))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(Error::Command { command: self.shown, stderr: one_line(&output.stderr) })
    }
}

/// A program that is not git, but that git would start, too.
#[expect(clippy::disallowed_methods, reason = "git's own settings name it")]
pub(super) fn other_program(program: &OsStr) -> Command {
    Command::new(program)
}

/// git's last words, on one line, without their `fatal:`.
pub(super) fn one_line(stderr: &[u8]) -> String {
    String::from_utf8_lossy(stderr)
        .lines()
        .map(|line| line.trim_start_matches("fatal: ").trim_start_matches("error: ").trim())
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

fn spawn_error(command: &str, err: &std::io::Error) -> Error {
    if err.kind() == std::io::ErrorKind::NotFound {
        Error::GitMissing
    } else {
        Error::Command { command: command.to_owned(), stderr: err.to_string() }
    }
}

/// The git that is used: the first on `PATH`.
fn program() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM.get_or_init(|| find_program("git", |_| true)).as_deref()
}

/// What we know of the git that is used.
#[derive(Debug)]
pub(super) struct Installed {
    /// Its settings for the whole system; none if it is too old to tell.
    system_config: Option<PathBuf>,
}

impl Installed {
    /// Whether it has no settings where gix would not look for them: a git that somebody built has them below its own
    /// directory.
    pub(super) fn has_usual_settings(&self) -> bool {
        self.system_config.as_ref().is_some_and(|path| path == Path::new("/etc/gitconfig") || !path.exists())
    }
}

/// What we know of the `git` on `PATH`; an error unless it is new enough. The answer is remembered in
/// `cache` for as long as the program does not change, so that a command
/// does not pay for asking.
pub(super) fn installed(cache: &Path) -> Result<&'static Installed> {
    static INSTALLED: OnceLock<Installed> = OnceLock::new();
    if let Some(known) = INSTALLED.get() {
        return Ok(known);
    }
    let program = program().ok_or(Error::GitMissing)?;
    let key = fingerprint(program);
    let kept = std::fs::read_to_string(cache).unwrap_or_default();
    let known = kept.strip_suffix('\n').and_then(|kept| kept.split_once('\n'));
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    if let Some((_, config)) = known.filter(|(of, _)| Some(*of) == key.as_deref()) {
        return Ok(INSTALLED.get_or_init(|| Installed { system_config: path(config) }));
    }
    let line = Git::anywhere("version").run_text()?;
    let found = Version::parse(&line)
        .ok_or_else(|| Error::Command { command: "version".into(), stderr: format!("it printed '{line}'") })?;
    if found < MINIMUM {
        return Err(Error::GitTooOld { found });
    }
    let mut var = Git::anywhere("var").arg("GIT_CONFIG_SYSTEM");
    for name in ["GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"] {
        var.command.env_remove(name);
    }
    let config = var.run_text().unwrap_or_default();
    if let Some(key) = key {
        // Only a cache: in a read-only repository we ask again next time.
        let _ = cache.parent().map(std::fs::create_dir_all);
        let _ = std::fs::write(cache, format!("{key}\n{config}\n"));
    }
    Ok(INSTALLED.get_or_init(|| Installed { system_config: path(&config) }))
}

/// The first executable called `name` on `PATH` that `accept` takes.
#[expect(clippy::disallowed_methods, reason = "PATH decides which program runs; nothing else is read here")]
pub fn find_program(name: &str, accept: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    // An empty entry means the current directory; a bare name would be looked up on PATH again.
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| Path::new(".").join(dir).join(name))
        .find(|path| is_executable(path) && accept(path))
}

/// Whether there is a file at `path` that can be run.
#[cfg(unix)]
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Whether there is a file at `path` that can be run.
#[cfg(not(unix))]
pub fn is_executable(path: &Path) -> bool {
    path.is_file()
}
