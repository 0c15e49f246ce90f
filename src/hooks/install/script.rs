//! The scripts, and our marked part inside a hook of somebody else.

use crate::hooks::Event;

/// Our part of a hook is between these lines.
const START: &str = "# >>> git agentv >>>";
const END: &str = "# <<< git agentv <<<";
/// Only a file of our own goes on to the hook that was there before; it says so on this line.
const CHAIN: &str = "# The hook that was here before.";
/// The hook that was there before is called like ours, with this behind.
pub(super) const CHAINED: &str = ".agentv-chained";
/// A file of our own that is there only while an editor is open says so on this line.
const ON_DEMAND: &str = "# Here only while an editor is open";
/// What is left of a file of our own without our part.
const SHEBANG: &[u8] = b"#!/bin/sh\n";
/// Shells that understand our part.
const SHELLS: [&str; 10] = ["sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "zsh", "yash", "posh"];

/// The script of a hook: a file of its own.
#[must_use]
pub fn script(event: Event) -> &'static str {
    match event {
        Event::PrepareCommitMsg => include_str!("../../../git-hooks/prepare-commit-msg"),
        Event::CommitMsg => include_str!("../../../git-hooks/commit-msg"),
        Event::PostRewrite => include_str!("../../../git-hooks/post-rewrite"),
        Event::PrePush => include_str!("../../../git-hooks/pre-push"),
    }
}

/// The script of a `commit-msg` that is there only while an editor is open.
#[must_use]
pub fn on_demand() -> &'static str {
    include_str!("../../../git-hooks/commit-msg-on-demand")
}

/// The line that does the same where a hook has to be wired by hand, but for the watchdog. Others want to read what git
/// tells of a push, too, so that takes a few more.
#[must_use]
pub fn line(event: Event) -> String {
    let name = event.name();
    if event == Event::PrePush {
        return format!(
            "if command -v git-agentv >/dev/null 2>&1; then\n    agentv_lines=$(cat)\n    \
             printf '%s\\n' \"$agentv_lines\" | git-agentv hook {name} \"$@\" || :\n    \
             exec <<agentv_end\n$agentv_lines\nagentv_end\nfi"
        );
    }
    format!("command -v git-agentv >/dev/null 2>&1 && git-agentv hook {name} \"$@\" || :")
}

/// Whether `text` calls us for `event`, in whatever way.
pub(super) fn calls_us(text: &[u8], event: Event) -> bool {
    let text = String::from_utf8_lossy(text);
    let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let calls = [format!("git-agentv hook {}", event.name()), format!("git agentv hook {}", event.name())];
    code.into_iter().any(|line| calls.iter().any(|call| line.contains(call)))
}

/// A script without its first line.
fn body(script: &str) -> &str {
    script.split_once('\n').map_or("", |(_, body)| body)
}

/// Our part of a shell hook of somebody else: all of the script but the going on.
fn block(event: Event) -> String {
    let body = body(script(event));
    body.split_once(CHAIN).map_or_else(|| body.to_owned(), |(ours, _)| format!("{ours}{END}\n"))
}

/// A hook with our part in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Marked {
    /// Without our part: what the user has, byte for byte.
    pub(super) rest: Vec<u8>,
    /// With our part as this version has it, at the same place.
    pub(super) renewed: Vec<u8>,
    /// Whether it was a file of our own from the beginning: it goes on to a chained hook, or is there on demand.
    pub(super) own: bool,
    /// Whether it is there only while an editor is open.
    pub(super) on_demand: bool,
}

impl Marked {
    /// Whether nothing in the file is the user's.
    pub(super) fn is_all_ours(&self) -> bool {
        self.own && self.rest == SHEBANG
    }
}

/// A hook up to the end of our part, so that nothing of somebody else's runs but what stands before it. None if our part is
/// not there.
pub(super) fn up_to_our_end(text: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let end = lines.iter().position(|line| line.strip_suffix(b"\n").unwrap_or(line) == END.as_bytes())?;
    Some(lines[..=end].concat())
}

/// What [`find`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Nothing of ours.
    None,
    /// Our part.
    Marked(Marked),
    /// A mark without its counterpart.
    Damaged,
}

/// Looks for our part in a hook.
pub(super) fn find(text: &[u8], event: Event) -> Part {
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let at = |mark: &str| lines.iter().position(|line| line.strip_suffix(b"\n").unwrap_or(line) == mark.as_bytes());
    let count = |mark: &str| lines.iter().filter(|line| line.starts_with(mark.as_bytes())).count();
    match (at(START), at(END)) {
        (None, None) => Part::None,
        (Some(start), Some(end)) if start < end && count(START) == 1 && count(END) == 1 => {
            let (before, after) = (lines[..start].concat(), lines[end + 1..].concat());
            let says = |words: &str| lines[start..end].iter().any(|line| line.starts_with(words.as_bytes()));
            let (on_demand, chains) = (event == Event::CommitMsg && says(ON_DEMAND), says(CHAIN));
            let ours = match (on_demand, chains) {
                (true, _) => body(self::on_demand()).to_owned(),
                (_, true) => body(script(event)).to_owned(),
                _ => block(event),
            };
            let own = on_demand || chains;
            let renewed = [&before, ours.as_bytes(), &after].concat();
            Part::Marked(Marked { rest: [before, after].concat(), renewed, own, on_demand })
        }
        _ => Part::Damaged,
    }
}

/// `text`, a shell script, with our part right after its first line: an `exit` or `exec` further down can't skip it.
/// None if it is no script of a shell that we know, or has binary data behind: then nothing may be put in.
pub(super) fn insert(text: &[u8], event: Event) -> Option<Vec<u8>> {
    let first = text.iter().position(|&byte| byte == b'\n')? + 1;
    let shebang = std::str::from_utf8(&text[..first - 1]).ok()?.strip_prefix("#!")?;
    if text.contains(&0) || !is_shell(shebang) {
        return None;
    }
    Some([&text[..first], block(event).as_bytes(), &text[first..]].concat())
}

/// `/bin/sh -e`, `/usr/bin/env bash`, `/usr/bin/env -S A=b zsh -f`.
fn is_shell(shebang: &str) -> bool {
    // A carriage return belongs to the name of the interpreter, which is then no shell.
    let mut words = shebang.split([' ', '\t']).filter(|word| !word.is_empty());
    let base = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let mut program = words.next().map(base);
    if program.as_deref() == Some("env") {
        program = words.find(|word| !word.starts_with('-') && !word.contains('=')).map(base);
    }
    program.is_some_and(|program| SHELLS.contains(&program.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_part_comes_out_as_it_went_in() {
        for event in Event::ALL {
            for text in ["#!/bin/sh\n", "#!/bin/sh\nexit 0", "#! /usr/bin/env -S bash -eu\n\n# \u{e4}\nfoo\r\n"] {
                let with = insert(text.as_bytes(), event).expect("it is a shell script");
                let (first, _) = text.split_once('\n').expect("it has a first line");
                assert!(with.starts_with(format!("{first}\n{START}\n").as_bytes()));
                assert!(!String::from_utf8_lossy(&with).contains("chained"));
                let Part::Marked(marked) = find(&with, event) else { panic!("no marks") };
                assert_eq!((marked.rest.as_slice(), marked.own), (text.as_bytes(), false));
                assert_eq!(marked.renewed, with);
                assert!(calls_us(&with, event));
            }
            let Part::Marked(own) = find(script(event).as_bytes(), event) else { panic!("no marks") };
            assert!(own.is_all_ours());
            assert_eq!(own.renewed, script(event).as_bytes());
        }
    }

    #[test]
    fn only_shells_get_our_part() {
        for yes in ["/bin/sh", " /bin/sh -e", "/usr/bin/env bash", "/usr/bin/env -S A=b zsh -f", "/opt/x/ksh"] {
            assert!(is_shell(yes), "{yes}");
        }
        for no in ["/usr/bin/python3", "/bin/sh\r", "/usr/bin/env python", "/usr/bin/env", "", "/bin/fish", "/bin/tcsh"]
        {
            assert!(!is_shell(no), "{no}");
        }
        assert_eq!(insert(b"#!/bin/sh", Event::CommitMsg), None, "no line to put it after");
        assert_eq!(insert(b"#!/bin/sh\nexit\n\0\x01", Event::CommitMsg), None, "an archive that unpacks itself");
        assert_eq!(insert(b"echo\n", Event::CommitMsg), None);
    }

    #[test]
    fn half_a_part_is_damage() {
        let text = script(Event::CommitMsg);
        let cut = text.replace(END, "");
        assert_eq!(find(cut.as_bytes(), Event::CommitMsg), Part::Damaged);
        assert_eq!(find(format!("{text}{text}").as_bytes(), Event::CommitMsg), Part::Damaged);
        assert_eq!(find(b"#!/bin/sh\n", Event::CommitMsg), Part::None);
    }
}
