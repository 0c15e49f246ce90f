//! Compares the two sides of a case.

use std::collections::BTreeMap;

use super::Case;
use super::world::{Commit, Side, World};

/// All that is wrong with a case.
pub(super) fn check(world: &World, case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    let (sides, log) = world.both(case, |hooked, dir| subjects_and_runs(world, case, hooked, dir, &mut wrong));
    let [hooked, plain] = &sides;
    let mut same = |what: &str, ours: &str, gits: &str| {
        if ours != gits && !case.unlike_git {
            wrong.push(format!("{what} with hooks:\n{ours}\n{what} without:\n{gits}"));
        }
    };
    same("exit code", &hooked.ran.code.to_string(), &plain.ran.code.to_string());
    same("standard output", &hooked.ran.stdout, &plain.ran.stdout);
    same("standard error", &hooked.ran.stderr, &plain.ran.stderr);
    same("status", &hooked.status, &plain.status);
    same("number of commits", &hooked.commits.len().to_string(), &plain.commits.len().to_string());
    for (ours, gits) in hooked.commits.iter().zip(&plain.commits) {
        same("commit", &ours.headers.escape_ascii().to_string(), &gits.headers.escape_ascii().to_string());
        let ours = with_names_of(plain, hooked, &ours.message);
        if !only_trailers_more(&ours, &gits.message) {
            same("message", &ours.escape_ascii().to_string(), &gits.message.escape_ascii().to_string());
        }
    }
    if hooked.ran.code != case.exit {
        wrong.push(format!(
            "exit code {}, expected {}\n{}{}",
            hooked.ran.code, case.exit, hooked.ran.stdout, hooked.ran.stderr
        ));
    }
    if log != case.log {
        wrong.push(format!("commits: {log:#?}\nexpected: {:#?}\nmessages:\n{}", case.log, messages(hooked)));
    }
    if !hooked.log.is_empty() {
        wrong.push(format!("hook.log: {:?}", hooked.log));
    }
    wrong
}

/// `subject <- runs` of each commit but the first.
fn subjects_and_runs(
    world: &World,
    case: &Case,
    hooked: &Side,
    dir: &std::path::Path,
    wrong: &mut Vec<String>,
) -> Vec<String> {
    let mut log = Vec::new();
    for commit in &hooked.commits {
        let [shown, parsed] = world.cited(case, commit, dir);
        if shown != parsed {
            wrong.push(format!("git log sees {shown:?}, git interpret-trailers {parsed:?} in\n{}", text(commit)));
        }
        let subject =
            String::from_utf8_lossy(&commit.message).trim_start().lines().next().unwrap_or("").trim().to_owned();
        let runs: Vec<_> = shown.iter().map(|id| hooked.runs.get(id).map_or(id.as_str(), String::as_str)).collect();
        log.push(if runs.is_empty() { subject } else { format!("{subject} <- {}", runs.join(" ")) });
    }
    if log.first().is_some_and(|first| first == "first") {
        log.remove(0);
    }
    log
}

/// A message in which commits have the names that they have on the other side: that of a revert names one.
fn with_names_of(plain: &Side, hooked: &Side, message: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(message) else { return message.to_vec() };
    let pairs = hooked.commits.iter().zip(&plain.commits);
    pairs.fold(text.to_owned(), |text, (ours, gits)| text.replace(&ours.name, &gits.name)).into_bytes()
}

/// Whether `ours` is `gits` with nothing but our trailers added: each block of them after a blank line, or at the
/// end of a block that was there.
fn only_trailers_more(ours: &[u8], gits: &[u8]) -> bool {
    let theirs = count(gits);
    let mut seen = BTreeMap::new();
    // What stands between our blocks.
    let (mut parts, mut in_block) = (vec![Vec::new()], false);
    for line in ours.split_inclusive(|&byte| byte == b'\n') {
        let trailer = line.trim_ascii_end();
        if trailer.starts_with(b"Agentv-Run: ") {
            let before: &mut usize = seen.entry(trailer.to_vec()).or_default();
            *before += 1;
            if *before > theirs.get(trailer).copied().unwrap_or(0) {
                if !in_block {
                    parts.push(Vec::new());
                }
                in_block = true;
                continue;
            }
        }
        in_block = false;
        parts.last_mut().expect("never empty").extend_from_slice(line);
    }
    let mut parts = parts.into_iter();
    let mut possible = vec![parts.next().unwrap_or_default()];
    for part in parts {
        // With and without the blank line before the block.
        let before = possible.iter().flat_map(|text| [Some(&text[..]), text.strip_suffix(b"\n")].into_iter().flatten());
        possible = before.map(|text| [text, &part].concat()).collect();
    }
    // git may leave a message without a newline at its end.
    possible
        .iter()
        .any(|text| text == gits || text.strip_suffix(b"\n").is_some_and(|text| text == gits && !gits.ends_with(b"\n")))
}

/// How often each of our trailers stands in a message.
fn count(message: &[u8]) -> BTreeMap<Vec<u8>, usize> {
    let mut lines = BTreeMap::new();
    for line in message.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"Agentv-Run: ")) {
        *lines.entry(line.trim_ascii_end().to_vec()).or_default() += 1;
    }
    lines
}

fn messages(side: &Side) -> String {
    side.commits.iter().map(text).collect::<Vec<_>>().join("\n~~~\n")
}

fn text(commit: &Commit) -> String {
    String::from_utf8_lossy(&commit.message).into_owned()
}

#[test]
fn sees_what_is_more() {
    let id = "Agentv-Run: 1\n";
    for (ours, gits, right) in [
        (format!("s\n\n{id}"), "s\n", true),
        (format!("s\n\n{id}"), "s", true),
        (format!("s\n\nA: b\n{id}"), "s\n\nA: b\n", true),
        (format!("s\n\n{id}# c\n"), "s\n# c\n", true),
        (format!("s\n\n{id}\n# c\n"), "s\n\n# c\n", true),
        (format!("s\n\n{id}"), "t\n", false),
        (format!("s\n\nb\n\n{id}"), "s\n\n", false),
        (format!("s\n\n{id}\nb\n\n{id}"), "s\n\nb\n", true),
        (format!("s\n\n{id}\nb\n\n\n{id}"), "s\n\nb\n", false),
        (format!("s\n\n{id}"), "s\n\nAgentv-Run: 1\n", true),
        (format!("s\n\n{id}{id}"), "s\n\nAgentv-Run: 1\n", true),
        ("s \n".into(), "s\n", false),
    ] {
        assert_eq!(only_trailers_more(ours.as_bytes(), gits.as_bytes()), right, "{ours:?} and {gits:?}");
    }
}
