//! `git agentv hooks`: what is there keeps working, and comes back.

mod foreign;
#[cfg(unix)]
mod managers;
mod places;
mod scripts;
mod status;
mod twice;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::env::TestEnv;

const EVENTS: [&str; 3] = ["prepare-commit-msg", "commit-msg", "post-rewrite"];

/// Writes a file with a mode, and the directories above it.
pub fn put(path: &Path, content: impl AsRef<[u8]>, mode: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Files of a directory with content and mode, and where symlinks lead.
pub fn snapshot(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let mut found = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(dir) else { return found };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let meta = path.symlink_metadata().unwrap();
        if meta.is_dir() {
            found.extend(snapshot(&path));
            continue;
        }
        let content = if meta.is_symlink() {
            std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else {
            std::fs::read(&path).unwrap()
        };
        found.insert(path, (content, meta.permissions().mode()));
    }
    found
}

fn hooks_dir(env: &TestEnv) -> PathBuf {
    env.repo.join(".git/hooks")
}

/// Records a run of HEAD in `dir`, makes a commit on it and says whether the commit names the run.
fn links_a_commit(env: &TestEnv, dir: &Path, n: u32) -> bool {
    let name = format!("linked-{n}");
    put(&dir.join("../bundle").join(&name).join("log"), &name, 0o644);
    let bundle = format!("../bundle/{name}");
    let said = env.agentv_in(dir, ["record", &bundle, "--name", &name, "--commit", "HEAD"]).ok();
    let id = said.split(' ').nth(1).unwrap().to_owned();
    env.git_in(dir, ["commit", "-q", "--allow-empty", "-m", &format!("commit {n}")]).ok();
    let named = env.git_in(dir, ["log", "-1", "--format=%(trailers:key=Agentv-Run,valueonly)"]).ok();
    named.trim() == id
}
