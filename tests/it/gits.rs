//! The gits that hooks are tested with: the one on `PATH`, the system's own if it is another, and those that
//! `AGENTV_TEST_GITS` names (paths of git programs, separated by colons).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use git_agentv::git::{MINIMUM, Version};

use crate::env::bin_dir;

/// A git program.
#[derive(Debug, Clone)]
pub struct Git {
    pub program: PathBuf,
    /// What it says it is: `git version 2.47.3`.
    pub name: String,
    pub version: Version,
}

impl Git {
    fn at(program: &Path) -> Option<Self> {
        let output = Command::new(program).arg("version").output().ok()?;
        let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Some(Self { program: program.to_owned(), version: Version::parse(&name)?, name })
    }

    /// `PATH` with this git before all others, and with our programs before it if `with_us`.
    pub fn path(&self, with_us: bool) -> OsString {
        let path = std::env::var_os("PATH").unwrap();
        let ours = with_us.then(bin_dir);
        let git = self.program.parent().unwrap().to_owned();
        // Wherever somebody installed us: the tests say which of our programs is meant, or that there is none.
        let others = std::env::split_paths(&path).filter(|dir| !dir.join("git-agentv").exists());
        std::env::join_paths(ours.into_iter().chain([git]).chain(others)).unwrap()
    }
}

/// The git on `PATH`.
pub fn first() -> Git {
    let path = std::env::var_os("PATH").unwrap();
    let program = std::env::split_paths(&path).map(|dir| dir.join("git")).find(|path| path.is_file());
    Git::at(&program.expect("git is on PATH")).expect("git tells its version")
}

/// All gits that the tests of hooks run with. Says which.
#[track_caller]
pub fn all() -> Vec<Git> {
    let mut gits = vec![first()];
    let system = Path::new("/usr/bin/git");
    if let Some(git) = Git::at(system).filter(|git| git.version >= MINIMUM)
        && gits.iter().all(|known| known.name != git.name)
    {
        gits.push(git);
    }
    for program in std::env::split_paths(&std::env::var_os("AGENTV_TEST_GITS").unwrap_or_default()) {
        if program.as_os_str().is_empty() {
            continue;
        }
        let git = Git::at(&program).unwrap_or_else(|| panic!("AGENTV_TEST_GITS: {} is no git", program.display()));
        assert!(program.ends_with("git"), "AGENTV_TEST_GITS: {} must be called git", program.display());
        if gits.iter().all(|known| known.name != git.name) {
            gits.push(git);
        }
    }
    for git in &gits {
        eprintln!("with {} at {}", git.name, git.program.display());
    }
    gits
}
