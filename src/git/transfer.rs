//! Fetching from a remote and pushing to it: refs by name, never the user's own.

use std::io::{Read, Write};
use std::process::ExitStatus;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::remote_branch::scrub;
use super::{Error, Git, Oid, Repo, Result};

/// Without a sign of life for so many seconds a remote counts as unreachable (`agentv.timeout`).
const DEFAULT_TIMEOUT: u64 = 60;

/// How many bytes are kept of what git and a host say to people.
const WORDS: usize = 64 << 10;

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

/// What a command that talked to a remote left.
pub(super) struct ToRemote {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Bytes that git said were moved, since the repository was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// From remotes.
    pub received: u64,
    /// To remotes.
    pub sent: u64,
}

impl Repo {
    /// How many bytes went over the wire, as far as git told.
    #[must_use]
    pub fn bytes_moved(&self) -> Moved {
        self.moved.get()
    }

    /// Fetches all by `refspecs` from a remote of this repository and forgets what is gone there. Nothing else is touched.
    pub fn fetch(&self, remote: &str, refspecs: &[String], progress: &mut dyn FnMut(&str)) -> Result<()> {
        // A remote that the user made a promisor has a filter of its own.
        let git = self.git_of(remote).args(["-c", "fetch.fsckObjects=true"]);
        self.fetch_by(git, remote, remote, "--no-filter", refspecs, progress)
    }

    /// Fetches by the entry `by`; in messages it is `remote`. `git` has the options that stand before the command.
    pub(super) fn fetch_by(
        &self,
        git: Git,
        remote: &str,
        by: &str,
        filter: &str,
        refspecs: &[String],
        progress: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let git = git.args(["fetch", "--progress", "--prune", "--no-tags"]);
        let git = git.args(["--no-write-fetch-head", "--recurse-submodules=no", filter, "--end-of-options", by]);
        let ToRemote { status, stderr, .. } = self.transfer(git.args(refspecs), Vec::new(), remote, progress)?;
        if status.success() { Ok(()) } else { Err(self.cannot_reach(remote, &words(&stderr))) }
    }

    /// Fetches one ref of another repository on this machine, at `git_dir`, whatever it was here before.
    pub fn fetch_from(&self, git_dir: &std::path::Path, from: &str, to: &str) -> Result<()> {
        let dir = std::path::absolute(git_dir).unwrap_or_else(|_| git_dir.to_owned());
        let git = self.git("fetch").args(["--quiet", "--no-tags", "--no-write-fetch-head", "--end-of-options"]);
        git.arg(dir).arg(format!("+{from}:{to}")).run().map(drop)
    }

    /// Deletes a ref of this repository, if it is `old`.
    pub fn delete_ref(&self, name: &str, old: &Oid) -> Result<()> {
        self.git("update-ref").args(["--no-deref", "-d", name, &old.to_string()]).run().map(drop)
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
        let is_on_top = |old: Oid, new: Oid| self.not_in(&[old], &[new]).is_ok_and(|left| left.is_empty());
        let rewrites = |one: &PushRef<'_>| one.old.zip(one.new).is_some_and(|(old, new)| !is_on_top(old, new));
        // A rewritten history builds on older commits. Of those git would fetch each directory that is not here, only to send less;
        // and to send what is different from one it must be there.
        let whole = self.is_partial() && what.iter().any(rewrites);
        let git = if whole { git.arg("--no-thin").env("GIT_NO_LAZY_FETCH", "1") } else { git };
        let git = git.args(["--end-of-options", remote]);
        let git = git.args(what.iter().map(|one| format!("{}:{}", text(one.new), one.name)));
        let ToRemote { status, stdout, stderr } = self.transfer(git, Vec::new(), remote, progress)?;
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
    pub(super) fn transfer(
        &self,
        git: Git,
        input: Vec<u8>,
        remote: &str,
        progress: &mut dyn FnMut(&str),
    ) -> Result<ToRemote> {
        let seconds = self.setting_u64("agentv.timeout")?.unwrap_or(DEFAULT_TIMEOUT).max(1);
        // What git starts for http outlives it, and would wait for ever.
        let git = git.env("GIT_HTTP_LOW_SPEED_LIMIT", "1").env("GIT_HTTP_LOW_SPEED_TIME", (seconds + 2).to_string());
        let (mut child, _) = git.spawn_piped()?;
        if let Some(mut stdin) = child.stdin.take().filter(|_| !input.is_empty()) {
            // A child that stops reading early tells why.
            std::thread::spawn(move || drop(stdin.write_all(&input)));
        }
        let (sender, heard) = channel();
        let out = child.stdout.take().map(|pipe| read(pipe, true, sender.clone()));
        let err = child.stderr.take().map(|pipe| read(pipe, false, sender));
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        loop {
            match heard.recv_timeout(Duration::from_secs(seconds)) {
                Ok((true, bytes)) => stdout.extend(bytes),
                Ok((false, bytes)) => {
                    let text = String::from_utf8_lossy(&bytes);
                    if let Some(line) = text.rsplit(['\r', '\n']).find(|line| line.contains('%')) {
                        progress(line.trim());
                    }
                    stderr.extend(&bytes);
                    // A host may talk without end. Its last words are those that count.
                    if stderr.len() > 2 * WORDS {
                        stderr.drain(..stderr.len() - WORDS);
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
        let (stdout, stderr) = (text(stdout), text(stderr));
        let mut all = self.moved.get();
        all.received += moved(&stderr, "Receiving objects");
        all.sent += moved(&stderr, "Writing objects");
        self.moved.set(all);
        Ok(ToRemote { status, stdout, stderr })
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
    let host = spoken(stderr).filter_map(|line| line.strip_prefix("remote:"));
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

/// How many bytes were moved, by the last line of git's progress: `Receiving objects: 100% (5/5), 1.23 MiB | 2.00 MiB/s, done.`
/// 0 where it says nothing, as when there was nothing to move.
fn moved(stderr: &str, phase: &str) -> u64 {
    let line = stderr.split(['\r', '\n']).rev().find(|line| line.contains(phase) && line.contains("100%"));
    let amount = line.and_then(|line| line.split_once("), ")?.1.split([',', '|']).next());
    let Some((number, unit)) = amount.and_then(|text| text.trim().split_once(' ')) else { return 0 };
    let unit: f64 = match unit {
        "bytes" | "byte" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        _ => return 0,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of bytes that git printed")]
    number.parse::<f64>().map_or(0, |number| (number * unit).round() as u64)
}

/// What git and the host said, without their progress.
pub(super) fn words(stderr: &str) -> String {
    super::process::one_line(spoken(stderr).collect::<Vec<_>>().join("\n").as_bytes())
}

/// The lines that are no progress.
fn spoken(stderr: &str) -> impl Iterator<Item = &str> {
    let is_progress = |line: &str| {
        let line = line.trim_start_matches("remote:").trim();
        line.is_empty() || line.contains('%') || line.starts_with("Enumerating objects:") || line.starts_with("Total ")
    };
    stderr.split(['\r', '\n']).map(str::trim).filter(move |line| !is_progress(line))
}

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn bytes_that_git_tells() {
        let receiving = |text: &str| moved(text, "Receiving objects");
        let text = "remote: Total 5\rReceiving objects:  20% (1/5)\rReceiving objects: 100% (5/5), 1.50 KiB | 2 MiB/s, done.\n";
        assert_eq!(receiving(text), 1536);
        assert_eq!(receiving("Receiving objects: 100% (5/5), 289 bytes | 289.00 KiB/s, done.\nResolving"), 289);
        assert_eq!(receiving("Receiving objects: 100% (5/5), done.\n"), 0);
        assert_eq!(receiving("Writing objects: 100% (5/5), 2.00 MiB | 1.00 MiB/s, done."), 0);
        assert_eq!(moved("Writing objects: 100% (5/5), 2.00 MiB | 1.00 MiB/s, done.", "Writing objects"), 2 << 20);
    }
}
