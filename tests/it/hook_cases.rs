//! The case table of the hooks: every way to make a commit, in a repository with hooks and two runs that wait for
//! a commit, and in a twin without either.
//!
//! Each case is a shell script that drives real git. Both sides must do the same, print the same and make the same
//! commits, but for the trailers, which must be those that the case names and which git itself must find.
//! Runs with each git of [`crate::gits`].

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::gits;

mod amend;
mod check;
mod comments;
mod editor;
mod history;
mod message;
mod places;
mod rebase;
mod trailers;
mod world;

/// One case.
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    /// What to do; see [`world`] for the words it can use. The index holds a change.
    script: &'static str,
    /// The commits that there are then, oldest first, without the very first: its subject, then `<-` and the runs
    /// that it cites, if any.
    log: &'static [&'static str],
    /// The script's exit code.
    exit: i32,
    /// The oldest git that can do it.
    since: (u32, u32),
    /// More arguments for `git init`.
    init: &'static [&'static str],
    /// Where the commits are looked for, from the directory above the repository.
    look_in: &'static str,
    /// Whether the twin without hooks makes something else of it.
    unlike_git: bool,
}

const fn case(name: &'static str, script: &'static str, log: &'static [&'static str]) -> Case {
    Case { name, script, log, exit: 0, since: (0, 0), init: &[], look_in: "repo", unlike_git: false }
}

impl Case {
    const fn since(self, major: u32, minor: u32) -> Self {
        Self { since: (major, minor), ..self }
    }

    const fn init(self, init: &'static [&'static str]) -> Self {
        Self { init, ..self }
    }

    const fn unlike_git(self) -> Self {
        Self { unlike_git: true, ..self }
    }

    const fn look_in(self, look_in: &'static str) -> Self {
        Self { look_in, ..self }
    }
}

/// Checks all cases with all gits and tells all that is wrong. `AGENTV_TEST_CASE` picks those whose name contains it.
#[track_caller]
fn check_all(cases: &[Case]) {
    let only = std::env::var("AGENTV_TEST_CASE").unwrap_or_default();
    let mut wrong = Vec::new();
    for git in gits::all() {
        let world = world::World::new(git);
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if !case.name.contains(&only) {
                            continue;
                        }
                        if (world.git.version.0, world.git.version.1) < case.since {
                            eprintln!("skipped: '{}' needs git {}.{}", case.name, case.since.0, case.since.1);
                            continue;
                        }
                        for problem in check::check(&world, case) {
                            let name = format!("{}: {}", world.git.name, case.name);
                            found.lock().unwrap().push(format!("--- {name}\n{}\n{problem}", case.script.trim()));
                        }
                    }
                });
            }
        });
        wrong.extend(found.into_inner().unwrap());
    }
    assert!(wrong.is_empty(), "{} problems\n\n{}", wrong.len(), wrong.join("\n\n"));
}
