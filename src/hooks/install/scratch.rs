//! A scratch repository with the hooks of another one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::git::{Git, Repo};
use crate::hooks::Event;

use super::manager::Manager;
use super::{Error, Place, Result};

/// Hooks of git that are no business of ours: they don't run when ours are tried.
const OTHERS: [&str; 25] = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-receive",
    "update",
    "proc-receive",
    "post-receive",
    "post-update",
    "post-index-change",
    "reference-transaction",
    "push-to-checkout",
    "pre-auto-gc",
    "sendemail-validate",
    "fsmonitor-watchman",
    "p4-changelist",
    "p4-prepare-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
];
/// What scripts of hooks look for at the top of the working tree, beside the files of the managers.
const NEIGHBOURS: [&str; 8] = [
    "package.json",
    ".npmrc",
    "commitlint.config.js",
    "commitlint.config.mjs",
    "commitlint.config.cjs",
    ".commitlintrc",
    ".commitlintrc.json",
    ".commitlintrc.yml",
];
/// Hooks are small; a directory that holds more than this is not only hooks.
const MOST_FILES: usize = 2000;
const MOST_BYTES: u64 = 64 << 20;
const DEPTH: usize = 4;

/// Makes a repository at `top` with one commit and a copy of the hooks of `repo`.
pub(super) fn create(repo: &Repo, place: &Place, top: &Path) -> Result<Repo> {
    fs::create_dir(top).map_err(Error::io("create", top))?;
    let git = |subcommand: &str, args: &[&str]| Git::in_dir(top, subcommand).args(args).run_text();
    git("init", &["--quiet", "--initial-branch=main", "--template="])?;
    for (key, value) in [("user.name", "git agentv"), ("user.email", "agentv@localhost"), ("commit.gpgSign", "false")] {
        git("config", &["--local", key, value])?;
    }
    // By plumbing: no hook runs before all of them are there.
    let tree = git("mktree", &[])?;
    let commit = git("commit-tree", &["-m", "start", &tree])?;
    git("update-ref", &["HEAD", &commit])?;
    let hooks = hooks_dir(repo, place, top);
    let mut copy = Copy { files: 0, bytes: 0 };
    copy.dir(&place.dir, &hooks, 0).map_err(Error::io("copy", &place.dir))?;
    if Manager::of_dir(&place.dir) == Some(Manager::Husky)
        && place.dir.ends_with("_")
        && let (Some(from), Some(to)) = (place.dir.parent(), hooks.parent())
    {
        copy.dir(from, to, 0).map_err(Error::io("copy", from))?;
    }
    if place.config.is_some() {
        let relative = hooks.strip_prefix(top).unwrap_or(&hooks);
        git("config", &["--local", "core.hooksPath", &relative.to_string_lossy()])?;
    }
    if let Some(from) = repo.work_dir() {
        neighbours(from, top).map_err(Error::io("copy", from))?;
    }
    // By this lefthook knows that its hooks are up to date; otherwise it would put more of them here.
    let checksum = Path::new("info/lefthook.checksum");
    let from = repo.common_dir().join(checksum);
    if from.is_file() {
        let to = top.join(".git").join(checksum);
        fs::create_dir_all(to.with_file_name(""))
            .and_then(|()| fs::copy(&from, to))
            .map_err(Error::io("copy", from))?;
    }
    Ok(Repo::at(top)?)
}

/// Where the copy goes: to the same place, seen from the top of the working tree, if it is below that.
fn hooks_dir(repo: &Repo, place: &Place, top: &Path) -> PathBuf {
    let inside = repo.work_dir().and_then(|work| place.dir.strip_prefix(work).ok()).filter(|_| place.in_work_tree);
    // A directory that holds all of the project, too, is not copied to the top.
    let inside = inside.filter(|inside| !inside.as_os_str().is_empty() && inside.is_relative());
    match inside {
        Some(inside) => top.join(inside),
        None if place.config.is_none() => top.join(".git/hooks"),
        None => top.join(".git/other-hooks"),
    }
}

/// Copies what the managers read, and lends them what they have installed.
fn neighbours(from: &Path, to: &Path) -> io::Result<()> {
    let managers = [Manager::Lefthook, Manager::PreCommit, Manager::Overcommit];
    let files = managers.iter().flat_map(|manager| manager.files(Event::CommitMsg));
    for file in files.chain(NEIGHBOURS.iter().map(PathBuf::from)) {
        let (from, to) = (from.join(&file), to.join(&file));
        if from.is_file() && !to.exists() {
            fs::create_dir_all(to.with_file_name(""))?;
            fs::copy(from, to)?;
        }
    }
    let (modules, lent) = (from.join("node_modules"), to.join("node_modules"));
    if modules.is_dir() && !lent.exists() {
        symlink(&std::path::absolute(modules)?, &lent)?;
    }
    Ok(())
}

struct Copy {
    files: usize,
    bytes: u64,
}

impl Copy {
    fn dir(&mut self, from: &Path, to: &Path, depth: usize) -> io::Result<()> {
        fs::create_dir_all(to)?;
        let Ok(entries) = fs::read_dir(from) else { return Ok(()) };
        for entry in entries {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let other = depth == 0 && name.to_str().is_some_and(|name| OTHERS.contains(&name));
            if other || name == ".git" || name == "node_modules" || path.extension() == Some("sample".as_ref()) {
                continue;
            }
            self.entry(&path, &to.join(name), depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, from: &Path, to: &Path, depth: usize) -> io::Result<()> {
        let meta = from.symlink_metadata()?;
        if to.symlink_metadata().is_ok() && !meta.is_dir() {
            return Ok(());
        }
        if meta.is_symlink() {
            // It leads to the same thing from here.
            let target = from.canonicalize().or_else(|_| fs::read_link(from))?;
            return symlink(&target, to);
        }
        if meta.is_dir() {
            return if depth < DEPTH { self.dir(from, to, depth + 1) } else { Ok(()) };
        }
        self.files += 1;
        self.bytes += meta.len();
        if !meta.is_file() || self.files > MOST_FILES || self.bytes > MOST_BYTES {
            return Ok(());
        }
        fs::copy(from, to).map(drop)
    }
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn symlink(_target: &Path, _link: &Path) -> io::Result<()> {
    Ok(())
}
