//! A hermetic place for a test: own HOME, no system configuration, fixed dates.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The commit date of everything, unless a test sets another: 2026-07-04T12:00:00Z.
pub const NOW: i64 = 1_783_166_400;

/// A temporary directory with a home and, below `repo`, a git repository with one commit.
pub struct TestEnv {
    root: TempDir,
    /// What `git` is called with in addition: object and ref format.
    pub repo: PathBuf,
    /// Variables for every command.
    vars: Vec<(OsString, OsString)>,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
#[must_use = "look at the output, or say `.ok()`"]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub raw: Vec<u8>,
}

impl Ran {
    /// Runs a command that a test put together itself.
    pub fn of(command: &mut Command) -> Self {
        ran(command.output().unwrap_or_else(|err| panic!("cannot run {command:?}: {err}")))
    }

    /// Fails the test unless the exit code is 0. Returns standard output.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self.stdout
    }

    /// Fails the test unless the exit code is `code`. Returns standard error.
    #[track_caller]
    pub fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self.stderr
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.ok()).expect("standard output is JSON")
    }
}

impl TestEnv {
    /// With a repository made by `git init`.
    pub fn new() -> Self {
        Self::with_init(&[])
    }

    /// With a repository made by `git init <args>`.
    pub fn with_init(args: &[&str]) -> Self {
        let env = Self::without_repo();
        env.git_in(env.root(), [&["init", "-q", "-b", "main", "repo"], args].concat()).ok();
        env.git(["commit", "-q", "--allow-empty", "-m", "first"]).ok();
        env
    }

    /// Without a repository; `repo` does not exist.
    pub fn without_repo() -> Self {
        let root = tempfile::Builder::new().prefix("agentv-test-").tempdir().unwrap();
        let path = root.path().canonicalize().unwrap();
        std::fs::create_dir(path.join("home")).unwrap();
        std::fs::write(path.join("home/.gitconfig"), "[user]\n\tname = Ada Tester\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[maintenance]\n\tauto = false\n[gc]\n\tauto = 0\n[protocol \"file\"]\n\tallow = always\n").unwrap();
        let repo = path.join("repo");
        Self { root, repo, vars: Vec::new() }
    }

    /// The temporary directory.
    pub fn root(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap()
    }

    /// Sets a variable for every command from now on.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.vars.push((name.into(), value.as_ref().to_owned()));
    }

    /// A command with the hermetic environment, in `dir`.
    pub fn command(&self, program: impl AsRef<OsStr>, dir: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).env_clear().stdin(Stdio::null());
        command.env("HOME", self.root().join("home"));
        command.env("PATH", path_with_us());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_AUTHOR_DATE", format!("@{NOW} +0000"));
        command.env("GIT_COMMITTER_DATE", format!("@{NOW} +0000"));
        command.env("TZ", "UTC").env("LC_ALL", "C.UTF-8").env("TMPDIR", self.root());
        command.env("GIT_CEILING_DIRECTORIES", self.root());
        // What hooks do must not depend on how busy the machine is. Empty is as if it were not set.
        command.env("AGENTV_HOOK_TIMEOUT", "60");
        for (name, value) in &self.vars {
            command.env(name, value);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run<S: AsRef<OsStr>>(&self, program: &str, dir: impl AsRef<Path>, args: impl IntoIterator<Item = S>) -> Ran {
        ran(self.command(program, dir).args(args).output().unwrap_or_else(|err| panic!("cannot run {program}: {err}")))
    }

    /// `git …` in the repository.
    pub fn git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.git_in(&self.repo, args)
    }

    /// `git …` in `dir`.
    pub fn git_in<S: AsRef<OsStr>>(&self, dir: impl AsRef<Path>, args: impl IntoIterator<Item = S>) -> Ran {
        self.run("git", dir, args)
    }

    /// `git …` in the repository, with `input` on its standard input. Returns what it printed, trimmed.
    #[track_caller]
    pub fn git_stdin<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> String {
        use std::io::Write;
        let mut command = self.command("git", &self.repo);
        let mut child =
            command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        ran(child.wait_with_output().unwrap()).ok().trim().to_owned()
    }

    /// `git agentv …` in the repository.
    pub fn agentv<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.agentv_in(&self.repo, args)
    }

    /// `git agentv …` in `dir`.
    pub fn agentv_in<S: AsRef<OsStr>>(&self, dir: impl AsRef<Path>, args: impl IntoIterator<Item = S>) -> Ran {
        let args: Vec<OsString> =
            std::iter::once("agentv".into()).chain(args.into_iter().map(|arg| arg.as_ref().to_owned())).collect();
        self.run("git", dir, args)
    }

    /// The runs of the repository, newest first, as `list --format json` gives them.
    #[track_caller]
    pub fn runs(&self) -> Vec<serde_json::Value> {
        self.agentv(["list", "-n", "0", "--format", "json"]).json()["runs"].as_array().unwrap().clone()
    }

    /// Fails the test unless the repository is whole.
    #[track_caller]
    pub fn fsck(&self) {
        self.fsck_in(&self.repo);
    }

    /// Fails the test unless the repository at `dir` is whole.
    #[track_caller]
    pub fn fsck_in(&self, dir: impl AsRef<Path>) {
        let ran = self.git_in(dir, ["fsck", "--full", "--strict"]);
        assert!(ran.code == 0 && !ran.stderr.contains("error") && !ran.stdout.contains("missing"), "{ran:?}");
    }

    /// Copies one of our own bundles to `to` below the repository.
    pub fn bundle(&self, name: &str, to: &str) -> PathBuf {
        let target = self.repo.join(to);
        copy_dir(&data().join("bundles").join(name), &target);
        target
    }

    /// A small bundle of one case, different for each `n`, below `.agentv/results`.
    pub fn small_bundle(&self, n: u32) -> PathBuf {
        let dir = self.repo.join(format!(".agentv/results/small-{n}"));
        write_small_bundle(&dir, &format!("small-{n}"), "2026-07-04T10:00:00.000Z");
        dir
    }
}

/// Writes a complete bundle of one passed case in the current layout.
pub fn write_small_bundle(dir: &Path, run_id: &str, time: &str) {
    let row = serde_json::json!({
        "timestamp": time, "test_id": "only", "suite": "small", "score": 1, "target": "t", "execution_status": "ok",
        "experiment": "small", "result_dir": "only",
    });
    let summary = serde_json::json!({
        "run_id": run_id,
        "metadata": {"timestamp": time, "targets": ["t"], "tests_run": ["only"], "experiment": "small", "planned_test_count": 1},
        "run_summary": {"t": {"pass_rate": {"mean": 1, "stddev": 0}}},
    });
    std::fs::create_dir_all(dir.join(".internal")).unwrap();
    std::fs::create_dir_all(dir.join("only")).unwrap();
    std::fs::write(dir.join(".internal/index.jsonl"), format!("{row}\n")).unwrap();
    std::fs::write(dir.join("only/answer.md"), format!("answer of {run_id}\n")).unwrap();
    std::fs::write(dir.join("summary.json"), serde_json::to_string_pretty(&summary).unwrap()).unwrap();
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        raw: output.stdout,
    }
}

/// The directory of our binaries.
pub fn bin_dir() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_git-agentv")).parent().unwrap().to_owned()
}

/// `PATH` with our binaries first.
pub fn path_with_us() -> OsString {
    let path = std::env::var_os("PATH").unwrap();
    std::env::join_paths(std::iter::once(bin_dir()).chain(std::env::split_paths(&path))).unwrap()
}

/// Our own test data.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// Data that is read in place; none, and the reason printed, where it is missing.
pub fn shared(name: &str) -> Option<PathBuf> {
    let top = std::env::var_os("AGENTV_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = top.join(name);
    if !path.exists() {
        eprintln!("skipped: {name} is not on this machine (AGENTV_SHARED_DATA names its directory)");
        return None;
    }
    Some(path)
}

/// Copies a directory.
pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Files below a directory by path, with their content.
pub fn read_dir(dir: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    fn walk(top: &Path, dir: &Path, found: &mut std::collections::BTreeMap<PathBuf, Vec<u8>>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(top, &path, found);
            } else {
                found.insert(path.strip_prefix(top).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    let mut found = std::collections::BTreeMap::new();
    walk(dir, dir, &mut found);
    found
}
