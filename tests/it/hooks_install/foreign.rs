//! Hooks that were there before: they run as they did, and come back as they were.

use std::path::{Path, PathBuf};

use super::{EVENTS, hooks_dir, links_a_commit, put, snapshot};
use crate::env::{Ran, TestEnv};

/// A hook of somebody else.
struct Foreign {
    name: &'static str,
    /// How ours is wired beside it.
    state: &'static str,
    put: fn(&Path, &str),
}

/// Appends its name, arguments and standard input to the log beside the repository.
const LOG: &str = "{ printf '%s' \"${0##*/}\" | cut -d. -f1; printf '<%s>' \"$@\"; echo; cat; echo; } >>../log\n";

fn shell(path: &Path, shebang: &str, more: &str) {
    put(path, format!("{shebang}\n{LOG}{more}"), 0o755);
}

const FOREIGN: [Foreign; 17] = [
    Foreign { name: "none", state: "file", put: |_, _| {} },
    Foreign { name: "sh", state: "block", put: |path, _| shell(path, "#!/bin/sh", "") },
    Foreign { name: "bash", state: "block", put: |path, _| shell(path, "#!/bin/bash", "[[ 1 ]]\n") },
    Foreign { name: "env bash", state: "block", put: |path, _| shell(path, "#!/usr/bin/env bash", "x=(1)\n") },
    Foreign { name: "env -S", state: "block", put: |path, _| shell(path, "#!/usr/bin/env -S A=b bash -eu", "true\n") },
    Foreign { name: "sh -e", state: "block", put: |path, _| shell(path, "#!/bin/sh -e", "true\n") },
    Foreign { name: "set -eu", state: "block", put: |path, _| put(path, format!("#!/bin/sh\nset -eu\n{LOG}"), 0o700) },
    Foreign {
        name: "exit",
        state: "block",
        put: |path, _| shell(path, "#! /bin/sh", "exit 0\necho unreached >>../log\n"),
    },
    Foreign { name: "exec", state: "block", put: |path, _| shell(path, "#!/bin/sh", "exec true") },
    Foreign { name: "no final newline", state: "block", put: |path, _| shell(path, "#!/bin/sh", ": end") },
    Foreign {
        name: "python",
        state: "chained",
        put: |path, event| {
            let log = format!(
                "#!/usr/bin/env python3\nimport sys\nwith open('../log', 'a') as log:\n    log.write('{event}\\n' + \
                 ''.join(f'<{{arg}}>' for arg in sys.argv[1:]) + '\\n' + sys.stdin.read() + '\\n')\n"
            );
            put(path, log, 0o755);
        },
    },
    Foreign {
        name: "program",
        state: "chained",
        put: |path, _| put(path, std::fs::read(which("true")).unwrap(), 0o755),
    },
    Foreign { name: "no first line", state: "chained", put: |path, _| put(path, LOG, 0o755) },
    Foreign {
        name: "archive",
        state: "chained",
        put: |path, _| put(path, [b"#!/bin/sh\n", LOG.as_bytes(), b"exit 0\n\0\x01\x02"].concat(), 0o755),
    },
    Foreign { name: "not executable", state: "chained", put: |path, _| put(path, format!("#!/bin/sh\n{LOG}"), 0o644) },
    Foreign {
        name: "symlink",
        state: "chained",
        put: |path, event| {
            let target = path.with_file_name("scripts").join(event);
            shell(&target, "#!/bin/sh", "");
            std::os::unix::fs::symlink(Path::new("scripts").join(event), path).unwrap();
        },
    },
    Foreign {
        name: "symlink to nowhere",
        state: "chained",
        put: |path, _| std::os::unix::fs::symlink("nowhere", path).unwrap(),
    },
];

fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file()).unwrap()
}

/// Commits with and without an editor, an amend and a rebase. Returns what the hooks have logged.
fn work(env: &TestEnv) -> String {
    let log = env.root().join("log");
    let _ = std::fs::remove_file(&log);
    env.git(["checkout", "-q", "-b", "side"]).ok();
    env.git(["commit", "-q", "--allow-empty", "-m", "feat: one"]).ok();
    let mut editor = env.command("git", &env.repo);
    editor.env("GIT_EDITOR", "printf 'two\\n' >").args(["commit", "-q", "--allow-empty"]);
    Ran::of(&mut editor).ok();
    env.git(["commit", "-q", "--allow-empty", "--amend", "--no-edit", "--date=@1 +0000"]).ok();
    env.git(["rebase", "-q", "--force-rebase", "main"]).ok();
    env.git(["checkout", "-q", "main"]).ok();
    env.git(["branch", "-q", "-D", "side"]).ok();
    std::fs::read_to_string(log).unwrap_or_default()
}

#[test]
fn other_hooks_run_once_as_before_and_come_back_as_they_were() {
    for foreign in &FOREIGN {
        let name = foreign.name;
        let env = TestEnv::new();
        for event in EVENTS {
            (foreign.put)(&hooks_dir(&env).join(event), event);
        }
        let (before, alone) = (snapshot(&hooks_dir(&env)), work(&env));
        let silent = ["none", "program", "not executable", "symlink to nowhere"].contains(&name);
        assert_eq!(alone.is_empty(), silent, "{name}: {alone}");
        let said = env.agentv(["hooks", "install"]).ok();
        assert_eq!(said.lines().count(), 3, "{name}: {said}");
        assert_eq!(work(&env), alone, "{name}");
        assert!(links_a_commit(&env, &env.repo, 1), "{name}");
        env.git(["reset", "-q", "--hard", "HEAD~1"]).ok();
        let found = env.agentv(["hooks", "status", "--format", "json"]);
        assert_eq!(found.code, 0, "{name}: {found:?}");
        for hook in found.json()["hooks"].as_array().unwrap() {
            let on_demand = name == "none" && hook["hook"] == "commit-msg";
            assert_eq!(hook["state"], if on_demand { "on-demand" } else { foreign.state }, "{name}: {hook}");
        }
        let now = snapshot(&hooks_dir(&env));
        env.agentv(["hooks", "install"]).ok();
        assert_eq!(snapshot(&hooks_dir(&env)), now, "{name}: nothing new");
        env.agentv(["hooks", "uninstall"]).ok();
        assert_eq!(snapshot(&hooks_dir(&env)), before, "{name}");
        assert_eq!(work(&env), alone, "{name}");
        assert!(!links_a_commit(&env, &env.repo, 2), "{name}");
    }
}

#[test]
fn the_exit_code_of_another_hook_is_gits() {
    for (shebang, mode) in [("#!/bin/sh\n", 0o755), ("", 0o755)] {
        for event in ["prepare-commit-msg", "commit-msg"] {
            let env = TestEnv::new();
            put(&hooks_dir(&env).join(event), format!("{shebang}echo refused >&2\nexit 3\n"), mode);
            env.agentv(["hooks", "install"]).ok();
            let head = env.git(["rev-parse", "HEAD"]).ok();
            let ran = env.git(["commit", "-q", "--allow-empty", "-m", "x"]);
            assert_eq!((ran.code, ran.stderr.as_str()), (1, "refused\n"), "{event} {shebang}");
            assert_eq!(env.git(["rev-parse", "HEAD"]).ok(), head);
        }
    }
}

#[test]
fn a_first_line_for_another_system_is_no_shell() {
    let env = TestEnv::new();
    let path = hooks_dir(&env).join("commit-msg");
    put(&path, "#!/bin/sh\r\nexit 0\r\n", 0o755);
    let before = snapshot(&hooks_dir(&env));
    let said = env.agentv(["hooks", "install"]).ok();
    assert!(said.contains("commit-msg.agentv-chained"), "{said}");
    env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(snapshot(&hooks_dir(&env)), before);
}
