//! Worktrees have their hooks in common: several editors may wait for the same one.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use super::{EMPTY, TYPES, commit, hook, last, record, with_run};
use crate::env::TestEnv;

/// An editor that is open until somebody says otherwise.
struct Open {
    git: Child,
    say: PathBuf,
}

impl Open {
    /// `git commit` in `dir`, with its editor open when this returns.
    fn new(env: &TestEnv, dir: &Path) -> Self {
        let at = tempfile::Builder::new().prefix("editor-").tempdir_in(env.root()).unwrap().keep();
        let [is_open, say] = ["open", "say"].map(|name| at.join(name));
        assert!(Command::new("mkfifo").args([&is_open, &say]).status().unwrap().success());
        let editor =
            format!("type() {{ echo >'{}'; read -r c <'{}'; eval \"$c\"; }}; type", is_open.display(), say.display());
        let mut command = env.command("git", dir);
        command.env("GIT_EDITOR", editor).args(["commit", "-q", "--allow-empty"]);
        let git = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // Until it writes.
        File::open(is_open).unwrap().read_exact(&mut [0]).unwrap();
        Self { git, say }
    }

    /// Does `what` and leaves. The exit code, and what git said.
    fn leave(self, what: &str) -> (Option<i32>, String) {
        File::options().write(true).open(self.say).unwrap().write_all(format!("{what}\n").as_bytes()).unwrap();
        let output = self.git.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A repository with two more worktrees, each with a run that waits.
fn with_worktrees() -> (TestEnv, [PathBuf; 3]) {
    let env = with_run();
    let dirs = [env.repo.clone(), env.root().join("one"), env.root().join("two")];
    for (n, dir) in (2..).zip(&dirs[1..]) {
        env.git(["worktree".as_ref(), "add".as_ref(), "-q".as_ref(), dir.as_os_str()]).ok();
        record(&env, dir, n);
    }
    (env, dirs)
}

/// As if the last message was written long ago.
fn calm(env: &TestEnv, dir: &Path) {
    written(env, dir, SystemTime::now() - Duration::from_secs(3600));
}

/// As if the last message was written at that time.
fn written(env: &TestEnv, dir: &Path, time: SystemTime) {
    let path = env.git_in(dir, ["rev-parse", "--path-format=absolute", "--git-path", "COMMIT_EDITMSG"]).ok();
    if let Ok(file) = File::options().write(true).open(path.trim()) {
        file.set_modified(time).unwrap();
    }
}

fn template(env: &TestEnv, dir: &Path) -> PathBuf {
    let path = env.git_in(dir, ["rev-parse", "--path-format=absolute", "--git-path", "agentv/template"]).ok();
    path.trim().into()
}

#[test]
fn it_stays_until_the_last_editor_is_left() {
    let (env, [main, one, two]) = with_worktrees();
    let (first, second) = (Open::new(&env, &one), Open::new(&env, &two));
    assert!(hook(&env).exists() && template(&env, &one).exists() && template(&env, &two).exists());
    let left = first.leave(":");
    assert_eq!(left, (Some(1), EMPTY.into()));
    assert!(hook(&env).exists() && !template(&env, &one).exists());
    // Commits without an editor go on meanwhile.
    env.git_in(&one, ["commit", "-q", "--allow-empty", "-m", "one"]).ok();
    env.git_in(&main, ["commit", "-q", "--allow-empty", "-m", "main"]).ok();
    assert_eq!([last(&env, &one), last(&env, &main)], [("one".into(), 1), ("main".into(), 1)]);
    assert!(hook(&env).exists());
    for dir in [&main, &one, &two] {
        calm(&env, dir);
    }
    assert_eq!(second.leave(":"), (Some(1), EMPTY.into()));
    assert!(!hook(&env).exists());
    assert_eq!(last(&env, &two), ("first".into(), 0));
    commit(&env, &two, TYPES, &[]).ok();
    assert_eq!(last(&env, &two), ("typed".into(), 1));
}

#[test]
fn also_with_the_main_worktree_among_them() {
    let (env, [main, one, two]) = with_worktrees();
    let (first, second) = (Open::new(&env, &main), Open::new(&env, &one));
    assert_eq!(second.leave("sed -i '1s/^/typed/' \"$1\""), (Some(0), String::new()));
    assert_eq!(last(&env, &one), ("typed".into(), 1));
    assert!(hook(&env).exists());
    env.git_in(&two, ["commit", "-q", "--allow-empty", "-m", "two"]).ok();
    assert!(hook(&env).exists());
    for dir in [&one, &two] {
        calm(&env, dir);
    }
    assert_eq!(first.leave(":"), (Some(1), EMPTY.into()));
    assert!(!hook(&env).exists());
}

/// git looks for a hook and then starts it; if it vanishes in between, git fails.
#[test]
fn it_does_not_go_while_another_worktree_makes_a_commit() {
    let (env, [main, one, two]) = with_worktrees();
    env.git_in(&two, ["commit", "-q", "--allow-empty", "-m", "two"]).ok();
    // However slow this machine is.
    written(&env, &two, SystemTime::now() + Duration::from_secs(3600));
    commit(&env, &one, TYPES, &[]).ok();
    assert!(hook(&env).exists(), "somebody has just written a message elsewhere");
    calm(&env, &two);
    calm(&env, &one);
    env.git_in(&main, ["commit", "-q", "--allow-empty", "-m", "main"]).ok();
    assert!(!hook(&env).exists(), "the next commit takes it away");
    assert_eq!([last(&env, &main), last(&env, &one), last(&env, &two)].map(|(_, runs)| runs), [1; 3]);
}

/// Many at once: no commit fails for a hook that comes and goes, and none has nothing but a trailer.
#[test]
fn many_at_once() {
    let (env, dirs) = with_worktrees();
    std::thread::scope(|scope| {
        for (at, dir) in dirs.iter().enumerate() {
            let env = &env;
            scope.spawn(move || {
                for round in 0..12 {
                    let before = env.git_in(dir, ["rev-parse", "HEAD"]).ok();
                    let bundle = env.root().join(format!("many/{at}-{round}"));
                    crate::env::write_small_bundle(&bundle, &format!("{at}-{round}"), "2026-11-22T08:00:00.000Z");
                    env.agentv_in(dir, ["record".as_ref(), "--commit".as_ref(), "HEAD".as_ref(), bundle.as_os_str()])
                        .ok();
                    match (round + at) % 3 {
                        0 => {
                            let ran = commit(env, dir, "true", &[]);
                            assert_eq!((ran.code, ran.stderr.as_str()), (1, EMPTY), "{ran:?}");
                            assert_eq!(env.git_in(dir, ["rev-parse", "HEAD"]).ok(), before);
                        }
                        1 => drop(commit(env, dir, TYPES, &[]).ok()),
                        _ => drop(env.git_in(dir, ["commit", "-q", "--allow-empty", "-m", "plain"]).ok()),
                    }
                    let (subject, _) = last(env, dir);
                    assert!(["first", "typed", "plain"].contains(&subject.as_str()), "{subject}");
                }
            });
        }
    });
    dirs.iter().for_each(|dir| calm(&env, dir));
    env.git(["commit", "-q", "--allow-empty", "-m", "last"]).ok();
    assert!(!hook(&env).exists());
}
