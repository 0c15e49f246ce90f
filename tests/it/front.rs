//! `agentv`: our `results`, and a front to the next `agentv` on PATH.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::env::{Ran, TestEnv, bin_dir};

mod eval;
mod next;
mod results;

/// Prints its arguments, each with a NUL behind it, then its input.
const ECHO: &str = "for arg; do printf '%s\\0' \"$arg\"; done; cat";

/// Writes an executable shell script called `agentv` to `<root>/<dir>`, and returns that directory.
fn fake(env: &TestEnv, dir: &str, script: &str) -> PathBuf {
    let dir = env.root().join(dir);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("text"), format!("#!/bin/sh\n{script}\n")).unwrap();
    install(env, &dir.join("text"), &dir.join("agentv"));
    dir
}

/// Copies an executable file. Another process does it: a file that this one, with its
/// many threads, has open for writing may be inherited by a child and then can't be run.
fn install(env: &TestEnv, from: &Path, to: &Path) {
    let script = "cp \"$1\" \"$2\" && chmod +x \"$2\"";
    env.run("sh", env.root(), [OsStr::new("-c"), script.as_ref(), "sh".as_ref(), from.as_ref(), to.as_ref()]).ok();
}

/// Our own `agentv`.
fn ours() -> PathBuf {
    bin_dir().join("agentv")
}

/// PATH with our binaries, `dirs`, and the programs of the system.
fn path(dirs: &[&Path]) -> OsString {
    let system = std::env::var_os("PATH").unwrap();
    let ours = bin_dir();
    let all = std::iter::once(ours).chain(dirs.iter().map(|dir| dir.to_path_buf()));
    std::env::join_paths(all.chain(std::env::split_paths(&system))).unwrap()
}

/// PATH with nothing but `dirs`.
fn only(dirs: &[&Path]) -> OsString {
    std::env::join_paths(dirs).unwrap()
}

/// Our `agentv` in the repository, with this PATH.
fn front(env: &TestEnv, path: impl AsRef<OsStr>) -> Command {
    let mut command = env.command(ours(), &env.repo);
    command.env("PATH", path);
    command
}

/// Runs it with `input` on its standard input.
fn with_input(mut command: Command, input: &[u8]) -> Ran {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, input).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    Ran::of(command.stdin(file))
}

#[test]
fn arguments_input_and_output_are_unchanged() {
    let env = TestEnv::new();
    let fake = fake(&env, "fake", ECHO);
    let odd = OsStr::from_bytes(b"\xff\xfe not UTF-8");
    let cases: [&[&OsStr]; 8] = [
        &[],
        &["".as_ref()],
        &["--help".as_ref()],
        &["-C".as_ref(), "nowhere".as_ref(), "--".as_ref(), "-".as_ref(), "--color=never".as_ref()],
        &[
            "compare".as_ref(),
            "two words".as_ref(),
            "".as_ref(),
            "new\nline".as_ref(),
            "$HOME `x` 'y' \"z\" *".as_ref(),
        ],
        &[odd, "results".as_ref()],
        &["eval".as_ref(), odd, "a b".as_ref(), "".as_ref(), "--".as_ref(), "--target".as_ref()],
        &["list".as_ref()],
    ];
    for args in cases {
        let mut command = front(&env, path(&[&fake]));
        command.args(args);
        let ran = with_input(command, b"in\0put\xff\r\nwithout an end");
        let mut expected: Vec<u8> = args.iter().flat_map(|arg| [arg.as_bytes(), b"\0"].concat()).collect();
        expected.extend(b"in\0put\xff\r\nwithout an end");
        assert_eq!(ran.raw, expected, "{args:?}: {ran:?}");
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{args:?}");
    }
}

#[test]
fn the_end_is_unchanged() {
    use std::os::unix::process::ExitStatusExt;
    let env = TestEnv::new();
    let fake = fake(&env, "fake", "shift; eval \"$1\"");
    let run = |args: [&str; 2]| front(&env, path(&[&fake])).args(args).output().unwrap().status;
    for word in ["other", "eval"] {
        for code in [0, 7, 128, 255] {
            assert_eq!(run([word, &format!("exit {code}")]).code(), Some(code), "{word}");
        }
    }
    assert_eq!(run(["other", "kill -KILL $$"]).signal(), Some(9), "we are no longer there");
    assert_eq!(run(["eval", "kill -KILL $$"]).code(), Some(137), "as a shell says it");
}

#[test]
fn errors_go_where_upstream_sends_them() {
    let env = TestEnv::new();
    let fake = fake(&env, "fake", "echo out; echo err >&2");
    for word in ["other", "eval"] {
        let ran = Ran::of(front(&env, path(&[&fake])).arg(word));
        assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (0, "out\n", "err\n"), "{word}");
    }
}
