//! Fetching from a remote and pushing to it: refs by name, never the user's own.

use std::io::Read;
use std::process::ExitStatus;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::remote_branch::scrub;
use super::{Error, Git, Oid, Repo, Result};

/// Without a sign of life for so many seconds a remote counts as unreachable (`agentv.timeout`).
const DEFAULT_TIMEOUT: u64 = 60;

/// What became of one ref of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefPush {
    /// The remote has it.
    Done,
    /// It does not, and this is why: git's words, and those of the host.
    Rejected(String),
}

/// One ref to be pushed.
#[derive(Debug, Clone, Copy)]
pub struct PushRef<'a> {
    /// The ref on the remote, a full name.
    pub name: &'a str,
    /// What it is to be; none deletes it.
    pub new: Option<Oid>,
    /// What it must be before; none: it must not exist.
    pub old: Option<Oid>,
}

impl Repo {
    /// Fetches by `refspecs` from a remote of this repository and forgets what is gone there. Nothing else is touched.
    pub fn fetch(&self, remote: &str, refspecs: &[String], progress: &mut dyn FnMut(&str)) -> Result<()> {
        let git =
            self.git_of(remote).args(["-c", "fetch.fsckObjects=true", "fetch", "--progress", "--prune", "--no-tags"]);
        let git = git.args(["--no-write-fetch-head", "--recurse-submodules=no", "--end-of-options", remote]);
        let (status, _, stderr) = self.transfer(git.args(refspecs), remote, progress)?;
        if status.success() { Ok(()) } else { Err(self.cannot_reach(remote, &words(&stderr))) }
    }

    /// Pushes one ref, never by force: it is moved if it is what was seen, or not at all. No hook of the user runs.
    pub fn push(&self, remote: &str, what: PushRef<'_>, progress: &mut dyn FnMut(&str)) -> Result<RefPush> {
        let done = self.push_all(remote, &[what], progress)?;
        Ok(done.into_iter().next().unwrap_or_else(|| RefPush::Rejected("git said nothing".into())))
    }

    /// Pushes several refs over one connection, each as [`Repo::push`] does, whatever becomes of the others.
    /// Returns what became of each.
    pub fn push_all(&self, remote: &str, what: &[PushRef<'_>], progress: &mut dyn FnMut(&str)) -> Result<Vec<RefPush>> {
        let text = |id: Option<Oid>| id.map(|id| id.to_string()).unwrap_or_default();
        // A mirror's setting would push everything, or refuse to push one ref.
        let no_mirror = format!("remote.{remote}.mirror=false");
        let git = self.git_of(remote).args(["-c", &no_mirror, "push"]);
        let git = git.args(["--porcelain", "--progress", "--no-verify", "--no-signed", "--no-follow-tags"]);
        let git = git.arg("--recurse-submodules=no");
        let git = git.args(what.iter().map(|one| format!("--force-with-lease={}:{}", one.name, text(one.old))));
        let git = git.args(["--end-of-options", remote]);
        let git = git.args(what.iter().map(|one| format!("{}:{}", text(one.new), one.name)));
        let (status, stdout, stderr) = self.transfer(git, remote, progress)?;
        let mut done = Vec::new();
        for one in what {
            done.push(match verdict(&stdout, &stderr, one.name) {
                Some(verdict) => verdict,
                None if status.success() => RefPush::Done,
                None => return Err(self.cannot_reach(remote, &words(&stderr))),
            });
        }
        Ok(done)
    }

    /// A git that goes where the runs of a remote are: not by way of our own helper, which shows them as a branch.
    fn git_of(&self, remote: &str) -> Git {
        match self.written_url(remote).as_deref().and_then(|url| url.strip_prefix("agentv::")) {
            Some(address) => self
                .git(&format!("--config-env=url.{address}.insteadOf=AGENTV_ADDRESS"))
                .env("AGENTV_ADDRESS", format!("agentv::{address}")),
            None => self.git("--no-pager"),
        }
    }

    fn cannot_reach(&self, remote: &str, reason: &str) -> Error {
        let url = self.remote_url(remote).map_or_else(|| remote.to_owned(), |url| super::without_credentials(&url));
        Error::Remote { url, reason: scrub(reason) }
    }

    /// Runs a command that talks to a remote until it ends, or until nothing was heard for too long.
    fn transfer(&self, git: Git, remote: &str, progress: &mut dyn FnMut(&str)) -> Result<(ExitStatus, String, String)> {
        let seconds = self.setting_u64("agentv.timeout")?.unwrap_or(DEFAULT_TIMEOUT).max(1);
        let (mut child, _) = git.spawn_piped()?;
        drop(child.stdin.take());
        let (sender, receiver) = channel();
        let out = child.stdout.take().map(|pipe| read(pipe, true, sender.clone()));
        let err = child.stderr.take().map(|pipe| read(pipe, false, sender));
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        loop {
            match receiver.recv_timeout(Duration::from_secs(seconds)) {
                Ok((true, bytes)) => stdout.extend(bytes),
                Ok((false, bytes)) => {
                    stderr.extend(bytes);
                    let text = String::from_utf8_lossy(&stderr);
                    if let Some(line) = text.rsplit(['\r', '\n']).find(|line| line.contains('%')) {
                        progress(line.trim());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(self.cannot_reach(remote, &format!("no answer for {seconds} seconds")));
                }
            }
        }
        for thread in [out, err].into_iter().flatten() {
            let _ = thread.join();
        }
        let status = child.wait().map_err(Error::io("git"))?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok((status, text(stdout), text(stderr)))
    }
}

/// What `git push --porcelain` said of the ref `name`; none if it got no answer about it.
pub(super) fn verdict(stdout: &str, stderr: &str, name: &str) -> Option<RefPush> {
    // `<flag> TAB <from>:<to> TAB <summary>`, see `git help push`.
    let is_it = |refs: &str| refs.split_once(':').is_some_and(|(_, to)| to == name);
    let line = stdout.lines().find(|line| line.split('\t').nth(1).is_some_and(is_it))?;
    if !line.starts_with('!') {
        return Some(RefPush::Done);
    }
    let summary = line.split('\t').nth(2).unwrap_or_default();
    let host = stderr.lines().filter_map(|line| line.strip_prefix("remote:"));
    let said = host.map(str::trim).filter(|line| !line.is_empty());
    Some(RefPush::Rejected(scrub(&std::iter::once(summary).chain(said).collect::<Vec<_>>().join("; "))))
}

fn read(
    mut pipe: impl Read + Send + 'static,
    is_stdout: bool,
    to: Sender<(bool, Vec<u8>)>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(n) = pipe.read(&mut buffer)
            && n > 0
            && to.send((is_stdout, buffer[..n].to_vec())).is_ok()
        {}
    })
}

/// What git said, without its progress.
fn words(stderr: &str) -> String {
    let lines = stderr.lines().filter(|line| !line.contains('\r') && !line.contains('%'));
    super::process::one_line(lines.collect::<Vec<_>>().join("\n").as_bytes())
}
