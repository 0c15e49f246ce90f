//! Signing commits as `git commit -S` does: by the program and the key that git's own settings name.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::process::{one_line, other_program};
use super::{Commit, Error, Repo, Result, Signature};

/// A program that says nothing for so many seconds is given up (`agentv.signTimeout`): time enough to type a passphrase.
const DEFAULT_TIMEOUT: u64 = 60;

/// Signs commits.
#[derive(Debug)]
pub struct Signer {
    format: Format,
    program: OsString,
    /// Name of the header that holds the signature.
    header: &'static str,
    limit: Duration,
}

/// `gpg.format`, and what names the key.
#[derive(Debug)]
enum Format {
    /// `openpgp` and `x509`: programs that speak like gpg.
    Gpg { key: String },
    /// The path of a key.
    Ssh { key: OsString },
    /// A public key, whose other half an agent has.
    SshAgent { key: String },
}

impl Repo {
    /// Who signs the commits of `committer`; none unless `agentv.sign` is set. `commit.gpgSign` is about commits
    /// that a person makes: a program that asks for a passphrase at every run would be a surprise.
    pub fn signer(&self, committer: &Signature) -> Result<Option<Signer>> {
        if self.setting_bool("agentv.sign")? != Some(true) {
            return Ok(None);
        }
        let format = self.setting("gpg.format").unwrap_or_else(|| "openpgp".into());
        let (own, default) = match format.as_str() {
            "openpgp" => ("gpg.openpgp.program", "gpg"),
            "x509" => ("gpg.x509.program", "gpgsm"),
            "ssh" => ("gpg.ssh.program", "ssh-keygen"),
            _ => {
                let reason = "git knows openpgp, x509 and ssh".into();
                return Err(Error::Config { key: "gpg.format".into(), value: format, reason });
            }
        };
        let named = match self.path_setting(own) {
            None if format == "openpgp" => self.path_setting("gpg.program"),
            named => named,
        };
        let program = named.unwrap_or_else(|| default.into());
        let format = if format == "ssh" {
            self.ssh_key(&program)?
        } else {
            let whose = || format!("{} <{}>", committer.who.name, committer.who.email);
            Format::Gpg { key: self.setting("user.signingKey").unwrap_or_else(whose) }
        };
        let header = if self.object_format() == "sha1" { "gpgsig" } else { "gpgsig-sha256" };
        let seconds = self.setting_u64("agentv.signTimeout")?.unwrap_or(DEFAULT_TIMEOUT).max(1);
        Ok(Some(Signer { format, program, header, limit: Duration::from_secs(seconds) }))
    }

    fn ssh_key(&self, program: &OsString) -> Result<Format> {
        let literal = |key: &str| {
            let key = key.strip_prefix("key::").or_else(|| key.starts_with("ssh-").then_some(key));
            key.map(|key| Format::SshAgent { key: key.to_owned() })
        };
        if let Some(key) = self.setting("user.signingKey") {
            let path = || Some(Format::Ssh { key: self.path_setting("user.signingKey")? });
            return literal(&key).or_else(path).ok_or_else(|| sign_error(program, "user.signingKey is empty"));
        }
        let none = || sign_error(program, "neither user.signingKey nor gpg.ssh.defaultKeyCommand names a key");
        let command = self.setting("gpg.ssh.defaultKeyCommand").ok_or_else(none)?;
        let mut words = command.split_whitespace();
        let mut asks = other_program(words.next().ok_or_else(none)?.as_ref());
        let said =
            asks.args(words).stdin(Stdio::null()).output().map_err(|err| sign_error(program, &err.to_string()))?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        said.lines().find_map(literal).ok_or_else(none)
    }

    /// A setting that names a file: git knows what `~` means in it.
    fn path_setting(&self, key: &str) -> Option<OsString> {
        self.setting(key)?;
        let path = self.git("config").args(["--type=path", "--get", key]).run_text().ok()?;
        (!path.is_empty()).then(|| path.into())
    }
}

impl Signer {
    /// The bytes of `commit`, with a signature.
    pub fn encode(&self, commit: &Commit<'_>) -> Result<Vec<u8>> {
        let plain = commit.encode();
        let signature = self.sign(&plain)?;
        let end = plain.windows(2).position(|two| two == b"\n\n").map_or(plain.len(), |at| at + 1);
        let mut out = plain[..end].to_vec();
        let text = signature.trim_end().replace("\r\n", "\n").replace('\n', "\n ");
        out.extend(format!("{} {text}\n", self.header).into_bytes());
        out.extend(&plain[end..]);
        Ok(out)
    }

    fn sign(&self, data: &[u8]) -> Result<String> {
        let mut command = other_program(&self.program);
        match &self.format {
            Format::Gpg { key } => {
                command.args(["--status-fd=2", "-bsau", key]);
                let (stdout, stderr) = self.run(&mut command, data)?;
                // It may end well without having signed.
                if !stderr.contains("[GNUPG:] SIG_CREATED ") || stdout.trim().is_empty() {
                    return Err(sign_error(&self.program, &without_status(&stderr)));
                }
                Ok(stdout)
            }
            Format::Ssh { key } => self.sign_by_ssh(command, key, &[], data),
            Format::SshAgent { key } => {
                let file = self.scratch(key.as_bytes())?;
                self.sign_by_ssh(command, file.path().as_os_str(), &["-U"], data)
            }
        }
    }

    fn sign_by_ssh(&self, mut command: Command, key: &std::ffi::OsStr, more: &[&str], data: &[u8]) -> Result<String> {
        let dir = tempfile::tempdir().map_err(|err| sign_error(&self.program, &err.to_string()))?;
        let file = dir.path().join("commit");
        std::fs::write(&file, data).map_err(Error::io(&file))?;
        command.args(["-Y", "sign", "-n", "git", "-f"]).arg(key).args(more).arg(&file);
        let (_, stderr) = self.run(&mut command, b"")?;
        let signature = std::fs::read_to_string(dir.path().join("commit.sig"));
        signature
            .map_err(|_| sign_error(&self.program, &format!("it made no signature; {}", one_line(stderr.as_bytes()))))
    }

    fn scratch(&self, data: &[u8]) -> Result<tempfile::NamedTempFile> {
        let failed = |err: std::io::Error| sign_error(&self.program, &err.to_string());
        let mut file = tempfile::NamedTempFile::new().map_err(failed)?;
        file.write_all(data).map_err(failed)?;
        Ok(file)
    }

    /// Runs it to its end; what it printed.
    fn run(&self, command: &mut Command, input: &[u8]) -> Result<(String, String)> {
        let fail = |reason: &str| sign_error(&self.program, reason);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|err| fail(&err.to_string()))?;
        let (sender, receiver) = channel();
        if let Some(mut pipe) = child.stdin.take() {
            let input = input.to_vec();
            std::thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let pipes: [Option<Box<dyn Read + Send>>; 2] =
            [child.stdout.take().map(|pipe| Box::new(pipe) as _), child.stderr.take().map(|pipe| Box::new(pipe) as _)];
        for (at, mut pipe) in pipes.into_iter().enumerate().filter_map(|(at, pipe)| Some((at, pipe?))) {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let _ = pipe.read_to_end(&mut text);
                let _ = sender.send((at, String::from_utf8_lossy(&text).into_owned()));
            });
        }
        drop(sender);
        let (start, mut said) = (Instant::now(), [String::new(), String::new()]);
        loop {
            match receiver.recv_timeout(self.limit.saturating_sub(start.elapsed())) {
                Ok((at, text)) => said[at] = text,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    give_up(&mut child);
                    return Err(fail(&format!("it took more than {} seconds", self.limit.as_secs())));
                }
            }
        }
        let status = child.wait().map_err(Error::io(&self.program))?;
        let [stdout, stderr] = said;
        if status.success() { Ok((stdout, stderr)) } else { Err(fail(&without_status(&stderr))) }
    }
}

fn give_up(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn sign_error(program: &OsString, reason: &str) -> Error {
    let reason = if reason.is_empty() { "it failed and did not say why" } else { reason };
    Error::Sign { program: program.to_string_lossy().into_owned(), reason: reason.to_owned() }
}

/// What gpg says to people, on one line.
fn without_status(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.starts_with("[GNUPG:]")).collect();
    one_line(lines.join("\n").as_bytes())
}
