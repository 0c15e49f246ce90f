//! What the command lines of git hosts know of a repository: `gh` of GitHub, `glab` of GitLab. Only where they are installed and signed in.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::address::{host_of, repository_name};
use super::find_program;

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who can read a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Those who were let in.
    Restricted,
    /// There is no such repository, or none that the user may see.
    Missing,
}

/// A repository on a host, and the program that knows it.
#[derive(Debug, Clone)]
pub struct HostCli {
    program: PathBuf,
    is_gitlab: bool,
    host: String,
    path: String,
}

/// The program for the host of `url`, if it is one of GitHub or GitLab, the program is installed, and the user is signed in.
#[must_use]
pub fn host_cli(url: &str) -> Option<HostCli> {
    let (host, is_gitlab) = known(url)?;
    let program = find_program(if is_gitlab { "glab" } else { "gh" }, |_| true)?;
    let cli = HostCli { program, is_gitlab, host, path: repository_name(url)? };
    let (signed_in, _) = cli.run(&["auth", "status", "--hostname", &cli.host])?;
    signed_in.then_some(cli)
}

/// The host, and whether it is one of GitLab.
fn known(url: &str) -> Option<(String, bool)> {
    let host = host_of(url)?;
    let host = match host.as_str() {
        "ssh.github.com" => "github.com".to_owned(),
        "altssh.gitlab.com" => "gitlab.com".to_owned(),
        _ => host,
    };
    let is_github = host.starts_with("github.") || host.ends_with(".ghe.com");
    (is_github || host.starts_with("gitlab.")).then_some((host, !is_github))
}

/// What to type to make the repository of `url`, private; none if its host is not known.
#[must_use]
pub fn create_command(url: &str) -> Option<String> {
    let ((host, is_gitlab), path) = (known(url)?, repository_name(url)?);
    Some(match (is_gitlab, host.as_str()) {
        (false, "github.com") => format!("gh repo create {path} --private"),
        (false, host) => format!("gh repo create {host}/{path} --private"),
        (true, "gitlab.com") => format!("glab repo create {path} --private"),
        (true, host) => format!("GITLAB_HOST={host} glab repo create {path} --private"),
    })
}

impl HostCli {
    /// The program's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        if self.is_gitlab { "glab" } else { "gh" }
    }

    /// Who can read the repository; none if nobody says.
    #[must_use]
    pub fn visibility(&self) -> Option<Visibility> {
        let named = format!("{}/{}", self.host, self.path);
        let (found, said) = if self.is_gitlab {
            self.run(&["repo", "view", &self.path, "--output", "json"])?
        } else {
            self.run(&["repo", "view", &named, "--json", "visibility"])?
        };
        if !found {
            let said = said.to_lowercase();
            let gone = ["could not resolve", "not found", "404"].iter().any(|words| said.contains(words));
            return gone.then_some(Visibility::Missing);
        }
        let answer: serde_json::Value = serde_json::from_str(&said).ok()?;
        let visibility = answer.get("visibility")?.as_str()?;
        Some(if visibility.eq_ignore_ascii_case("public") { Visibility::Public } else { Visibility::Restricted })
    }

    /// Makes the repository, private. Fails with what the program said.
    pub fn create(&self) -> Result<(), String> {
        let named = format!("{}/{}", self.host, self.path);
        let name = if self.is_gitlab { &self.path } else { &named };
        match self.run(&["repo", "create", name, "--private"]) {
            Some((true, _)) => Ok(()),
            Some((false, said)) => Err(super::process::one_line(said.as_bytes())),
            None => Err("it gave no answer".into()),
        }
    }

    /// Whether it succeeded, and what it printed: the answer, or the complaint. None if it could not be run or takes too long.
    #[expect(clippy::disallowed_methods, reason = "the only programs that are started here and are not git")]
    fn run(&self, args: &[&str]) -> Option<(bool, String)> {
        let mut command = Command::new(&self.program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("GH_PROMPT_DISABLED", "1").env("NO_PROMPT", "1").env("NO_COLOR", "1");
        if self.is_gitlab {
            command.env("GITLAB_HOST", &self.host);
        }
        let child = command.spawn().ok()?;
        let (sender, receiver) = channel();
        std::thread::spawn(move || drop(sender.send(child.wait_with_output())));
        let output = receiver.recv_timeout(PATIENCE).ok()?.ok()?;
        let said = if output.status.success() { output.stdout } else { output.stderr };
        Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::create_command;

    #[test]
    fn what_to_type() {
        let command = |url| create_command(url);
        assert_eq!(command("git@github.com:acme/evals.git").as_deref(), Some("gh repo create acme/evals --private"));
        assert_eq!(
            command("https://gitlab.example.com/a/b/evals").as_deref(),
            Some("GITLAB_HOST=gitlab.example.com glab repo create a/b/evals --private")
        );
        assert_eq!(command("https://git.example.com/acme/evals"), None);
        assert_eq!(command("/srv/git/evals.git"), None);
    }
}
