//! Reading one of two lines of history on a thread of its own, while the other one is walked.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::git::{CommitInfo, Kind, Oid, Repo};

/// So many commits may wait: they are a few kilobytes each.
const QUEUED: usize = 2048;

/// The commits of a line in which each has one parent, in their order.
pub(super) struct Ahead {
    next: Option<Oid>,
    commits: Receiver<CommitInfo>,
}

impl Ahead {
    /// Begins to read at the commit `first`.
    pub(super) fn start(repo: &Repo, first: Oid) -> Option<Self> {
        let (to, commits) = sync_channel(QUEUED);
        let dir = std::path::absolute(repo.git_dir()).ok()?;
        // It ends when nobody takes what it reads.
        std::thread::Builder::new().spawn(move || follow(&dir, first, &to)).ok()?;
        Some(Self { next: Some(first), commits })
    }

    /// The commit `id` if it is the next one and could be read here.
    pub(super) fn take(&mut self, id: &Oid) -> Option<CommitInfo> {
        if self.next != Some(*id) {
            return None;
        }
        let commit = self.commits.recv().ok();
        self.next = commit.as_ref().and_then(only_parent);
        commit
    }
}

/// What can't be read here is read by who asks for it, who may have to fetch it, and tells what is wrong.
fn follow(dir: &Path, first: Oid, to: &SyncSender<CommitInfo>) {
    // What was opened by one thread can't be used by another.
    let Ok(repo) = Repo::at(dir) else { return };
    let mut next = Some(first);
    while let Some(id) = next {
        let Some(data) = repo.try_read(&id, Kind::Commit).ok().flatten() else { return };
        let Ok(commit) = CommitInfo::decode(id, &data) else { return };
        next = only_parent(&commit);
        if to.send(commit).is_err() {
            return;
        }
    }
}

fn only_parent(commit: &CommitInfo) -> Option<Oid> {
    if let [parent] = commit.parents[..] { Some(parent) } else { None }
}
