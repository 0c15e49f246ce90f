//! Letting git talk to a remote on behalf of a remote helper of ours.
//!
//! It is the user's own git that does it, so that every transport works, with all credentials: what it says
//! goes to whoever listens, and it may ask for a password.

use std::io::{Read, Write};
use std::process::ExitStatus;

use super::transfer::verdict;
use super::{Error, Git, Oid, PushRef, RefPush, Repo, Result, without_credentials};

/// The variable that counts helpers of ours above a git: they could start each other for ever.
pub const INSIDE: &str = "AGENTV_REMOTE_HELPER";

/// Takes what git says on standard error, in pieces of any size.
pub type Heard<'h> = dyn FnMut(&[u8]) + 'h;

/// The remote that a helper stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its address, as git takes it.
    pub address: String,
    /// The remote whose address is this one behind `agentv::`; none if it was given by hand, or in another way.
    pub remote: Option<String>,
}

/// What a remote has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advertised {
    /// Refs by their full names, and what they name.
    pub refs: Vec<(String, Oid)>,
    /// Full name of the branch that its HEAD names.
    pub head: Option<String>,
}

impl Advertised {
    /// What a ref names.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Oid> {
        self.refs.iter().find(|(known, _)| known == name).map(|(_, id)| *id)
    }
}

impl Peer {
    /// Asks for HEAD and for the ref `name`. Works outside of a repository, too.
    pub fn look(&self, name: &str, heard: &mut Heard<'_>) -> Result<Advertised> {
        let git = Git::anywhere("ls-remote").args(["--symref", "--", &self.address, "HEAD", name]);
        let (status, out) = git.inside().stream(b"", heard)?;
        if !status.success() {
            return Err(self.cannot("read its refs"));
        }
        let mut seen = Advertised::default();
        for line in String::from_utf8_lossy(&out).lines() {
            match line.split_once('\t') {
                Some((to, "HEAD")) if to.starts_with("ref: ") => seen.head = to.get(5..).map(str::to_owned),
                // Patterns also match the ends of longer names.
                Some((id, found)) if found == "HEAD" || found == name => {
                    let id = Oid::from_hex(id.as_bytes()).map_err(|_| self.cannot("understand its list of refs"))?;
                    seen.refs.push((found.to_owned(), id));
                }
                _ => {}
            }
        }
        Ok(seen)
    }

    /// The commit at the ref `name` of the remote, as it is stored. It is fetched to a place that is thrown away.
    pub fn raw_commit(&self, name: &str, id: &Oid, heard: &mut Heard<'_>) -> Result<String> {
        let dir = tempfile::Builder::new().prefix("agentv-").tempdir().map_err(Error::io(std::env::temp_dir()))?;
        let format = if id.as_bytes().len() == 20 { "--object-format=sha1" } else { "--object-format=sha256" };
        Git::in_dir(dir.path(), "init").args(["--quiet", "--bare", "--template=", format]).run()?;
        let git = Git::in_dir(dir.path(), "fetch").args(["--quiet", "--depth=1", "--filter=tree:0", "--no-tags"]);
        let mut said = Vec::new();
        let (status, _) =
            git.args(["--", &self.address, name]).inside().stream(b"", &mut |bytes| said.extend_from_slice(bytes))?;
        if !status.success() {
            heard(&said);
            return Err(self.cannot(&format!("fetch '{name}'")));
        }
        Git::in_dir(dir.path(), "cat-file").args(["commit", "FETCH_HEAD"]).run_text()
    }

    fn cannot(&self, what: &str) -> Error {
        Error::Remote { url: without_credentials(&self.address), reason: format!("git could not {what}") }
    }
}

impl Repo {
    /// Fetches objects, and no ref, into this repository. `args` are options of `git fetch`; with `on_demand` only
    /// what is named is fetched, as a partial clone does it.
    pub fn fetch_objects(
        &self,
        peer: &Peer,
        (args, wants): (&[String], &[String]),
        on_demand: bool,
        heard: &mut Heard<'_>,
    ) -> Result<()> {
        let mut git = self.git_to(peer);
        if on_demand {
            git = git.args(["-c", "fetch.negotiationAlgorithm=noop"]).env("GIT_NO_LAZY_FETCH", "1");
        }
        let git = git.args(["fetch", "--no-write-fetch-head", "--no-tags", "--no-prune", "--no-auto-maintenance"]);
        let git = git.args(["--recurse-submodules=no", "--refmap=", "--stdin"]).args(args);
        let git = git.args(["--", peer.remote.as_deref().unwrap_or(&peer.address)]);
        let input = wants.iter().fold(String::new(), |text, want| text + want + "\n");
        let mut filter = Lines::default();
        let (status, _) = git.stream(input.as_bytes(), &mut |bytes| filter.pass(bytes, heard))?;
        heard(&filter.line);
        if status.success() { Ok(()) } else { Err(peer.cannot("fetch from it")) }
    }

    /// Pushes one ref, never by force. `args` are options of `git push`. What the host says goes to `heard` as it
    /// comes only while it is progress, the rest is part of the answer.
    pub fn push_ref(&self, peer: &Peer, args: &[String], what: PushRef<'_>, heard: &mut Heard<'_>) -> Result<RefPush> {
        let old = what.old.map(|id| id.to_string()).unwrap_or_default();
        let new = what.new.map(|id| id.to_string()).unwrap_or_default();
        let git = self.git_to(peer).args(["push", "--porcelain", "--no-verify", "--no-follow-tags"]);
        let git = git.args(["--recurse-submodules=no", &format!("--force-with-lease={}:{old}", what.name)]).args(args);
        let git = git.args(["--", &peer.address, &format!("{new}:{}", what.name)]);
        let mut stderr = Vec::new();
        let (status, out) = git.stream(b"", &mut |bytes| {
            stderr.extend_from_slice(bytes);
            if bytes.contains(&b'%') && !bytes.starts_with(b"error") {
                heard(bytes);
            }
        })?;
        let stderr = String::from_utf8_lossy(&stderr);
        match verdict(&String::from_utf8_lossy(&out), &stderr, what.name) {
            Some(verdict) => Ok(verdict),
            None if status.success() => Ok(RefPush::Done),
            None => {
                heard(stderr.as_bytes());
                Err(peer.cannot("push to it"))
            }
        }
    }

    /// A git that takes the address behind `agentv::` for the remote's own: so its settings hold, and what
    /// it notes about a partial clone stands where git looks for it.
    fn git_to(&self, peer: &Peer) -> Git {
        // The address may contain a `=`, at which `-c` would split.
        let git = self.git(&format!("--config-env=url.{}.insteadOf=AGENTV_ADDRESS", peer.address));
        git.env("AGENTV_ADDRESS", format!("agentv::{}", peer.address)).inside()
    }

    /// The first address of a remote as it is written down.
    #[must_use]
    pub fn written_url(&self, remote: &str) -> Option<String> {
        let snapshot = self.gix().config_snapshot();
        let all = snapshot.plumbing().strings(format!("remote.{remote}.url").as_str())?;
        all.first().map(ToString::to_string)
    }
}

impl Git {
    /// For a git that a helper starts: it may ask for passwords, unless the user forbade that.
    #[expect(clippy::disallowed_methods, reason = "what the user set is put back, and what we set is passed on")]
    fn inside(self) -> Self {
        let prompt = std::env::var_os("GIT_TERMINAL_PROMPT").unwrap_or_else(|| "1".into());
        let depth = std::env::var(INSIDE).ok().and_then(|depth| depth.parse::<u32>().ok()).unwrap_or(0);
        self.env("GIT_TERMINAL_PROMPT", prompt).env(INSIDE, depth.saturating_add(1).to_string())
    }

    /// Runs the command to its end with `input`, and hands on what it says while it says it. Returns what it printed.
    fn stream(self, input: &[u8], heard: &mut Heard<'_>) -> Result<(ExitStatus, Vec<u8>)> {
        let (mut child, shown) = self.spawn_piped()?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let out = std::thread::scope(|scope| {
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
            let out = scope.spawn(move || {
                let mut out = Vec::new();
                let _ = stdout.map(|mut stdout| stdout.read_to_end(&mut out));
                out
            });
            let mut buffer = [0; 8192];
            let mut stderr = stderr;
            while let Some(n) = stderr.as_mut().and_then(|pipe| pipe.read(&mut buffer).ok()).filter(|&n| n > 0) {
                heard(&buffer[..n]);
            }
            out.join().unwrap_or_default()
        });
        let status = child.wait().map_err(Error::io("git"))?;
        tracing::debug!(command = %shown, code = status.code(), "git ended");
        Ok((status, out))
    }
}

/// Passes on what `git fetch` says, without its summary: the git above has one of its own.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
}

impl Lines {
    fn pass(&mut self, bytes: &[u8], heard: &mut Heard<'_>) {
        for &byte in bytes {
            self.line.push(byte);
            if byte == b'\n' || byte == b'\r' {
                let is_summary = self.line.starts_with(b"From ") || self.line.starts_with(b" * branch ");
                if !is_summary {
                    heard(&self.line);
                }
                self.line.clear();
            }
        }
    }
}
