//! Everything that is printed goes through here.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::process::{Child, Command, Stdio};

use anstyle::{AnsiColor, Style};

use super::args::{ColorWhen, Global};
use super::env::Env;
use crate::git::Repo;
use crate::run::is_unsafe;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();

/// How to print, and where to.
#[derive(Debug)]
pub(crate) struct Ui {
    pub(crate) env: Env,
    color: ColorWhen,
    no_pager: bool,
    /// `color.ui` of git, once a repository is open.
    git_color: Option<bool>,
}

impl Ui {
    pub(crate) fn new(env: Env, global: &Global) -> Self {
        Self { env, color: global.color, no_pager: global.no_pager, git_color: None }
    }

    /// Takes git's settings about colour into account.
    pub(crate) fn adopt(&mut self, repo: &Repo) {
        self.git_color = match repo.setting("color.ui").as_deref() {
            Some("always") => Some(true),
            Some("never" | "false") => Some(false),
            _ => None,
        };
    }

    fn color(&self, is_terminal: bool) -> bool {
        match self.color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto if self.env.no_color => false,
            ColorWhen::Auto if self.env.force_color => true,
            ColorWhen::Auto => self.git_color.unwrap_or(is_terminal && !self.env.dumb_terminal),
        }
    }

    /// Whether somebody reads standard output on a terminal, maybe through git's pager.
    pub(crate) fn is_terminal(&self) -> bool {
        self.env.stdout_is_terminal || self.env.pager_in_use
    }

    /// Columns to fit the output in; none if it goes to a program.
    pub(crate) fn width(&self) -> Option<usize> {
        let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        self.env.columns.or_else(|| self.is_terminal().then(|| terminal().unwrap_or(80)))
    }

    /// Opens standard output, through the user's pager if git would use one.
    pub(crate) fn out(&self, repo: Option<&Repo>) -> Out {
        let color = self.color(self.is_terminal());
        if let Some(command) = self.pager(repo)
            && let Ok(child) = self.start_pager(&command)
        {
            return Out { to: Some(To::Pager(child)), color };
        }
        Out { to: Some(To::Stdout(BufWriter::new(io::stdout()))), color }
    }

    /// git's rules: `GIT_PAGER`, `core.pager`, `PAGER`, `less`; `pager.agentv` decides for us alone.
    fn pager(&self, repo: Option<&Repo>) -> Option<String> {
        if !self.env.stdout_is_terminal || self.no_pager || self.env.pager_in_use || self.env.dumb_terminal {
            return None;
        }
        let repo = repo?;
        let own = repo.setting("pager.agentv");
        let command = match own.as_deref() {
            Some("false" | "no" | "off" | "0") => return None,
            None | Some("true" | "yes" | "on" | "1" | "") => {
                self.env.git_pager.clone().or_else(|| repo.setting("core.pager")).or_else(|| self.env.pager.clone())
            }
            Some(command) => Some(command.to_owned()),
        };
        let command = command.unwrap_or_else(|| "less".into());
        (!command.trim().is_empty() && command.trim() != "cat").then_some(command)
    }

    #[expect(clippy::disallowed_methods, reason = "a pager is a shell command of the user's, as in git")]
    fn start_pager(&self, command: &str) -> io::Result<Child> {
        let mut pager = Command::new("sh");
        pager.args(["-c", command]).stdin(Stdio::piped()).env("GIT_PAGER_IN_USE", "true");
        if !self.env.less_is_set {
            pager.env("LESS", "FRX");
        }
        if !self.env.lv_is_set {
            pager.env("LV", "-c");
        }
        pager.spawn()
    }

    pub(crate) fn error(&self, message: &str) {
        self.say("error", RED, message);
    }

    pub(crate) fn warning(&self, message: &str) {
        self.say("warning", YELLOW, message);
    }

    pub(crate) fn hint(&self, message: &str) {
        self.say("hint", CYAN, message);
    }

    /// Lines as they are, indented.
    pub(crate) fn lines(&self, text: &str) {
        for line in text.lines() {
            self.tell(&format!("  {}", sanitize(line)));
        }
    }

    fn say(&self, kind: &str, style: Style, message: &str) {
        let style = if self.color(self.env.stderr_is_terminal) { style } else { Style::new() };
        self.tell(&format!("{style}{kind}:{style:#} {}", sanitize(message)));
    }

    /// A line on standard error. Nobody can be told that it can't be written.
    #[expect(clippy::unused_self, reason = "who prints needs a Ui")]
    pub(crate) fn tell(&self, line: &str) {
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// Standard output, or the pager before it.
#[derive(Debug)]
pub(crate) struct Out {
    to: Option<To>,
    pub(crate) color: bool,
}

#[derive(Debug)]
enum To {
    Stdout(BufWriter<io::Stdout>),
    Pager(Child),
}

impl Out {
    /// `text` in a style, if there are colours.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Writes what is left and waits for the pager.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let flushed = self.flush();
        if let Some(To::Pager(mut child)) = self.to.take() {
            drop(child.stdin.take());
            child.wait()?;
        }
        flushed
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.to.as_mut().expect("only `finish` takes it") {
            To::Stdout(out) => out.write(bytes),
            To::Pager(child) => child.stdin.as_mut().expect("stdin is piped").write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.to.as_mut().expect("only `finish` takes it") {
            To::Stdout(out) => out.flush(),
            To::Pager(child) => child.stdin.as_mut().expect("stdin is piped").flush(),
        }
    }
}

impl Drop for Out {
    /// An error on the way must not leave the pager on a terminal that the shell uses again.
    fn drop(&mut self) {
        if let Some(To::Pager(child)) = &mut self.to {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

/// Text from a run, made harmless for a terminal: no control characters (they
/// could move the cursor, change colours or the clipboard), none of the marks
/// that reorder text.
pub(crate) fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let replace = |c: char| match c {
        '\n' | '\t' | '\r' => ' ',
        c if is_unsafe(c) => '\u{fffd}',
        c => c,
    };
    Cow::Owned(text.chars().map(replace).collect())
}

/// [`sanitize`] for text of several lines: line breaks and tabs stay.
pub(crate) fn sanitize_lines(text: &str) -> String {
    let replace = |c: char| if is_unsafe(c) && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c };
    text.replace("\r\n", "\n").chars().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_run_controls_the_terminal() {
        let evil = "a\x1b]52;c;aGk=\x07b\u{9b}31m\u{202e}c\nd";
        assert_eq!(sanitize(evil), "a\u{fffd}]52;c;aGk=\u{fffd}b\u{fffd}31m\u{fffd}c d");
        assert!(sanitize_lines("x\ty\r\nz\x1b").ends_with("y\nz\u{fffd}"));
        assert!(matches!(sanitize("plain · ä"), Cow::Borrowed(_)));
    }
}
