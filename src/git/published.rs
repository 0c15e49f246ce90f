//! Whether a commit may be rewritten: who else would keep the old one, and what git is in the middle of.

use super::{Oid, Repo, Result};

/// Refs that move with a branch, or that nobody but git itself looks at.
const OWN: [&str; 4] = ["refs/agentv/", "refs/bisect/", "refs/stash", "refs/worktree/"];

impl Repo {
    /// Something besides the branch `branch` by which the commit can be reached, so that it would live on
    /// if that branch were rewritten: a remote's branch, a tag, another branch, another worktree.
    pub fn other_holder(&self, commit: &Oid, branch: Option<&str>) -> Result<Option<String>> {
        let hex = commit.to_string();
        let own = branch.map(|branch| format!("refs/heads/{branch}")).unwrap_or_default();
        let refs = self.git("for-each-ref").args(["--format=%(refname) %(symref)", "--contains", &hex]).run_text()?;
        let holds = |line: &&str| {
            let (name, target) = line.split_once(' ').unwrap_or((line, ""));
            // Another name of the branch moves with it.
            name != own && (target.is_empty() || target != own) && !OWN.iter().any(|prefix| name.starts_with(prefix))
        };
        if let Some(line) = refs.lines().find(holds) {
            return Ok(line.split(' ').next().map(str::to_owned));
        }
        let here = self.git("rev-parse").arg("--show-toplevel").run_text().unwrap_or_default();
        let listed = self.git("worktree").args(["list", "--porcelain"]).run_text()?;
        for worktree in listed.split("\n\n") {
            let value = |key: &str| worktree.lines().find_map(|line| line.strip_prefix(key));
            let detached = worktree.lines().any(|line| line == "detached");
            let (Some(path), Some(head)) = (value("worktree "), value("HEAD ")) else { continue };
            if detached && path != here {
                let inside = self.git("merge-base").args(["--is-ancestor", &hex, head]).output()?.0.status.success();
                if inside {
                    return Ok(Some(format!("the worktree {path}")));
                }
            }
        }
        Ok(None)
    }

    /// What git is in the middle of in this worktree, such that the next commit is not an ordinary one. Bisecting is fine.
    pub fn operation(&self) -> Result<Option<&'static str>> {
        let files = [
            ("rebase-merge", "a rebase"),
            ("rebase-apply", "a rebase or am"),
            ("MERGE_HEAD", "a merge"),
            ("CHERRY_PICK_HEAD", "a cherry-pick"),
            ("REVERT_HEAD", "a revert"),
            ("sequencer", "a cherry-pick or revert"),
            ("SQUASH_MSG", "a squash merge"),
            // A revert without conflicts leaves no other trace than the message that git prepared for it.
            ("MERGE_MSG", "a merge, cherry-pick or revert"),
        ];
        for (name, what) in files {
            // In reftables some of them are no files.
            let is_ref = || self.is_reftable() && matches!(name, "CHERRY_PICK_HEAD" | "REVERT_HEAD");
            if self.git_dir().join(name).exists() || (is_ref() && self.read_ref(name)?.is_some()) {
                return Ok(Some(what));
            }
        }
        Ok(None)
    }
}
