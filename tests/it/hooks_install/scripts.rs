//! The scripts themselves, in every shell that is here, as a file and as a part of somebody's script.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{hooks_dir, put};
use crate::env::{Ran, TestEnv};

const EVENTS: [&str; 4] = ["prepare-commit-msg", "commit-msg", "post-rewrite", "pre-push"];

/// Logs its arguments and its standard input; then does what a test wants.
const FAKE: &str = "#!/bin/sh\n{ printf '<%s>' \"$@\"; echo; cat; } >>\"$LOG\"\necho $$ >\"$LOG.pid\"\n";
/// Below a part of ours: whatever it has changed comes out.
const BELOW: &str =
    "printf '%s|' \"$@\" \"${agentv-}\" \"${agentv_line-}\" \"${agentv_lines-}\" \"$mine\"\ntrap\ncat\nexit 3\n";
const LINES: &str = "1111 2222\n3333 4444\n";

fn shells() -> Vec<Vec<&'static str>> {
    let known: [&[&str]; 6] = [&["dash"], &["bash"], &["busybox", "sh"], &["zsh"], &["mksh"], &["ksh93"]];
    let here = |words: &&&[&str]| {
        let found = Command::new(words[0]).arg("-c").arg(":").stderr(Stdio::null()).stdout(Stdio::null()).status();
        if found.is_err() {
            eprintln!("skipped: {} is not on this machine", words[0]);
        }
        found.is_ok()
    };
    known.iter().filter(here).map(|words| words.to_vec()).collect()
}

struct Place {
    env: TestEnv,
    log: PathBuf,
    path: OsString,
}

impl Place {
    /// With `git-agentv` replaced by [`FAKE`] and what a test adds to it.
    fn new(more: &str) -> Self {
        let env = TestEnv::new();
        put(&env.root().join("fake/git-agentv"), format!("{FAKE}{more}\n"), 0o755);
        for event in EVENTS {
            put(&env.root().join("own").join(event), git_agentv::hooks::install::script(of(event)), 0o755);
            put(
                &hooks_dir(&env).join(event),
                format!("#!/bin/sh\nset -eu\nmine=1\ntrap 'echo END' EXIT\n{BELOW}"),
                0o755,
            );
        }
        env.git(["config", "agentv.autoPush", "true"]).ok();
        env.agentv(["hooks", "install"]).ok();
        let system = std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect::<Vec<_>>();
        let path = std::env::join_paths([env.root().join("fake")].into_iter().chain(system)).unwrap();
        Self { log: env.root().join("log"), path, env }
    }

    fn run(&self, shell: &[&str], script: &Path, event: &str, input: &str, vars: &[(&str, &str)]) -> (Ran, String) {
        use std::io::Write;
        let _ = std::fs::remove_file(&self.log);
        // As if a run were pending.
        let _ = std::fs::create_dir(self.env.root().join("agentv"));
        put(&self.env.root().join("agentv/pending"), "0123456789abcdef\n", 0o644);
        put(&self.env.root().join("message"), "\nAgentv-Run: 1\n# comment\n", 0o644);
        let mut command = self.env.command(shell[0], self.env.root());
        command.args(&shell[1..]).arg(script).args(args(event)).env("PATH", &self.path).env("LOG", &self.log);
        command.env("AGENTV_HOOK_TIMEOUT", "");
        command.envs(vars.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        // Nobody has to read it.
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            raw: Vec::new(),
        };
        (ran, std::fs::read_to_string(&self.log).unwrap_or_default())
    }

    fn own(&self, event: &str) -> PathBuf {
        self.env.root().join("own").join(event)
    }

    fn part(&self, event: &str) -> PathBuf {
        hooks_dir(&self.env).join(event)
    }
}

fn of(event: &str) -> git_agentv::hooks::Event {
    git_agentv::hooks::Event::parse(event).unwrap()
}

fn args(event: &str) -> Vec<&'static str> {
    match event {
        "prepare-commit-msg" => vec!["./message", "commit", "HE AD"],
        "commit-msg" => vec!["./message"],
        "pre-push" => vec!["origin", "../a hub.git"],
        _ => vec!["rebase"],
    }
}

/// What the fake logs.
fn logged(event: &str, input: &str) -> String {
    let args: String = args(event).iter().map(|arg| format!("<{arg}>")).collect();
    format!("<hook><{event}>{args}\n{}", if matches!(event, "post-rewrite" | "pre-push") { input } else { "" })
}

/// What [`BELOW`] prints where nothing was changed.
fn below(event: &str, input: &str) -> (Vec<String>, String) {
    let words = args(event).into_iter().map(str::to_owned).chain(["", "", "", "1"].map(str::to_owned)).collect();
    (words, input.to_owned())
}

#[test]
fn every_shell_runs_them_and_is_left_as_it_was() {
    let place = Place::new("exit 7");
    // More than a pipe holds: some shells write such a text to a file or from a process of its own.
    let many: String = (0..4000).map(|n| format!("{n:040} {n:040}\n")).collect();
    for shell in shells() {
        for event in EVENTS {
            for input in [LINES, &many] {
                let (ran, log) = place.run(&shell, &place.own(event), event, input, &[]);
                assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""), "{shell:?} {event}");
                assert_eq!(log, logged(event, input), "{shell:?} {event}");
                let (ran, log) = place.run(&shell, &place.part(event), event, input, &[]);
                let (words, rest) = below(event, input);
                assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{shell:?} {event}");
                let expected: String = words.iter().map(|word| format!("{word}|")).collect();
                let said = ran.stdout.strip_prefix(&expected).unwrap_or_else(|| panic!("{shell:?} {event}: {ran:?}"));
                assert!(said.contains("echo END"), "its trap is still there: {said:?}");
                assert!(said.ends_with(&format!("{rest}END\n")), "{shell:?} {event}: {said:.200}");
                assert_eq!(log, logged(event, input), "{shell:?} {event}");
            }
        }
    }
}

#[test]
fn without_lines_there_is_an_end_to_read() {
    let place = Place::new("");
    for shell in shells() {
        let (ran, log) = place.run(&shell, &place.part("post-rewrite"), "post-rewrite", "", &[]);
        assert_eq!((ran.code, log.as_str()), (3, "<hook><post-rewrite><rebase>\n\n"), "{shell:?}");
        assert!(ran.stdout.ends_with("EXIT\nEND\n") || ran.stdout.ends_with("END\n"), "{ran:?}");
    }
}

#[test]
fn what_is_switched_off_or_missing_is_not_noticed() {
    let place = Place::new("");
    let gone = TestEnv::new();
    let empty = gone.root().join("empty");
    std::fs::create_dir(&empty).unwrap();
    for shell in shells() {
        for event in EVENTS {
            for script in [place.own(event), place.part(event)] {
                let code = if script == place.own(event) { 0 } else { 3 };
                let (ran, log) = place.run(&shell, &script, event, LINES, &[("AGENTV_HOOK", "0")]);
                assert_eq!((ran.code, ran.stderr.as_str(), log.as_str()), (code, "", ""), "{shell:?} {event}");
                // The directories of the system, in which there is no git-agentv.
                let (ran, log) = place.run(&shell, &script, event, LINES, &[("PATH", &system_path(&empty))]);
                assert_eq!((ran.code, ran.stderr.as_str(), log.as_str()), (code, "", ""), "{shell:?} {event}");
            }
        }
    }
}

/// PATH without any directory that has a `git-agentv`.
fn system_path(empty: &Path) -> String {
    let path = std::env::var_os("PATH").unwrap();
    let without = std::env::split_paths(&path).filter(|dir| !dir.join("git-agentv").exists());
    let path = std::env::join_paths(without.chain([empty.to_owned()])).unwrap();
    path.into_string().unwrap()
}

/// The one that is there while an editor is open tells where it is, and is quiet while it waits for somebody else.
#[test]
fn the_one_on_demand_in_every_shell() {
    let place = Place::new("exit 7");
    let own = place.own("commit-msg-on-demand");
    put(&own, git_agentv::hooks::install::on_demand_script(), 0o755);
    let (marker, linked) =
        (place.env.root().join("agentv/template"), place.env.root().join("worktrees/a b/agentv/template"));
    let logged = format!("<hook><commit-msg><./message><{}>\n", own.display());
    for mut shell in shells() {
        if shell == ["zsh"] {
            // As it is where it is /bin/sh: this file is never a part of somebody's script.
            shell.extend(["--emulate", "sh"]);
        }
        let run = |vars: &[(&str, &str)]| {
            let (ran, log) = place.run(&shell, &own, "commit-msg", "", vars);
            assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""), "{shell:?}");
            log
        };
        assert_eq!(run(&[]), logged, "{shell:?}: nobody waits for it");
        put(&linked, "", 0o644);
        assert_eq!(run(&[]), "", "{shell:?}: it waits for another");
        put(&marker, "", 0o644);
        assert_eq!(run(&[]), logged, "{shell:?}: it waits for this one");
        assert_eq!(run(&[("AGENTV_HOOK", "0")]), "", "{shell:?}");
        let empty = place.env.root().join("empty");
        assert_eq!(run(&[("PATH", &system_path(&empty))]), "", "{shell:?}");
        std::fs::remove_file(&marker).unwrap();
        std::fs::remove_file(&linked).unwrap();
    }
}

#[test]
fn a_message_that_begins_with_a_word_starts_nothing() {
    let place = Place::new("");
    let run = |text: &str| {
        let message = place.env.root().join("message");
        let mut command = place.env.command("sh", place.env.root());
        put(&message, text, 0o644);
        let _ = std::fs::remove_file(&place.log);
        command.arg(place.own("commit-msg")).arg("./message").env("PATH", &place.path).env("LOG", &place.log);
        Ran::of(&mut command).ok();
        place.log.exists()
    };
    for text in ["feat: x\n\nAgentv-Run: 1\n", "\n  \n\r\n7 things\n", "no final newline", "", "\n\n", " \n\t\n"] {
        assert!(!run(text), "{text:?}");
    }
    for text in ["Agentv-Run: 1\n", "\n\nAgentv-Run: 1", "# comment\n", "; comment\n", "  indented\n", "\u{e4}rger\n"] {
        assert!(run(text), "{text:?}");
    }
}

#[test]
fn a_program_that_crashes_or_hangs_is_no_obstacle() {
    for (what, more) in [("crash", "kill -SEGV $$"), ("hang", "exec sleep 60")] {
        let place = Place::new(more);
        for shell in shells() {
            for event in EVENTS {
                // Five seconds for one shell are enough.
                if what == "hang" && event == "post-rewrite" && shell[0] != "bash" {
                    continue;
                }
                let start = Instant::now();
                let (ran, log) = place.run(&shell, &place.part(event), event, LINES, &[]);
                let took = start.elapsed();
                assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{shell:?} {event}");
                assert_eq!(log, logged(event, LINES), "{shell:?} {event}");
                assert!(took < Duration::from_secs(if event == "post-rewrite" { 20 } else { 5 }), "{event}: {took:?}");
                let pid = std::fs::read_to_string(place.log.with_extension("pid")).unwrap();
                let alive = Path::new("/proc").join(pid.trim()).exists();
                assert!(!alive, "{shell:?} {event}: {pid} still runs");
            }
        }
    }
}
