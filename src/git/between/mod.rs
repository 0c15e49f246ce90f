//! Two lines of history: what only one of them has.

mod lines;
mod walk;

use super::{CommitInfo, Error, Oid, Repo, Result};

/// Two lines of history.
#[derive(Debug)]
pub struct Apart {
    /// The commits that only the first has, children before parents.
    pub ours: Vec<CommitInfo>,
    /// The commits that only the second has, children before parents.
    pub theirs: Vec<CommitInfo>,
    /// Their newest common ancestor. Of several it is always the same one, whichever line is named first.
    pub base: Option<Oid>,
}

impl Repo {
    /// What each of two lines of history has that the other lacks, and where they part.
    pub fn apart(&self, ours: &Oid, theirs: &Oid) -> Result<Apart> {
        let walk::Walked { ours: left, theirs: right, edge } = walk::apart(self, ours, theirs)?;
        // All ways from one to the other lead over the edge. If it is one commit, no other common ancestor is newer.
        let base = match edge[..] {
            [] => None,
            [one] => Some(one),
            _ => self.merge_base(ours, theirs)?,
        };
        Ok(Apart { ours: left, theirs: right, base })
    }

    /// The commits of `tips` that none of `known` has, children before parents.
    pub fn not_in(&self, tips: &[Oid], known: &[Oid]) -> Result<Vec<CommitInfo>> {
        self.ids_not_in(tips, known)?.iter().map(|id| self.commit(id)).collect()
    }

    /// The ids of [`Repo::not_in`].
    pub fn ids_not_in(&self, tips: &[Oid], known: &[Oid]) -> Result<Vec<Oid>> {
        if tips.is_empty() {
            return Ok(Vec::new());
        }
        let revisions = self.revisions(tips, known);
        let listed = self.git("rev-list").args(["--date-order", "--stdin"]).run_with(revisions.as_bytes())?;
        Ok(String::from_utf8_lossy(&listed).lines().filter_map(|id| self.parse_oid(id)).collect())
    }

    /// The newest common ancestor of two commits. Of several it is always the same one, whichever commit is named first.
    fn merge_base(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>> {
        let git = self.git("merge-base").args(["--all", &one.to_string(), &other.to_string()]);
        let (output, command) = git.output()?;
        match output.status.code() {
            Some(0 | 1) => {}
            _ => return Err(Error::Command { command, stderr: super::process::one_line(&output.stderr) }),
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(|id| self.parse_oid(id)).min())
    }

    /// How many bytes the objects that are in the trees `wanted` and not in those `kept` take on disk. None if that can't be told.
    #[must_use]
    pub fn bytes_of_trees(&self, wanted: &[Oid], kept: &[Oid]) -> Option<u64> {
        let lines = wanted.iter().map(|id| format!("{id}\n")).chain(kept.iter().map(|id| format!("^{id}\n")));
        let git = self.git("rev-list").env("GIT_NO_LAZY_FETCH", "1").args(["--objects", "--disk-usage", "--stdin"]);
        let out = git.run_with(lines.collect::<String>().as_bytes()).ok()?;
        String::from_utf8_lossy(&out).trim().parse().ok()
    }

    /// About how many bytes a transfer of what `tips` have and none of `known` takes: those on disk here. None if that
    /// can't be told, because objects are missing for instance. `tips` may be trees, too.
    #[must_use]
    pub fn bytes_not_in(&self, tips: &[Oid], known: &[Oid]) -> Option<u64> {
        if tips.is_empty() {
            return Some(0);
        }
        let git = self.git("rev-list").env("GIT_NO_LAZY_FETCH", "1").args(["--objects", "--disk-usage", "--stdin"]);
        let said = git.run_with(self.revisions(tips, known).as_bytes()).ok()?;
        std::str::from_utf8(&said).ok()?.trim().parse().ok()
    }

    /// What `git rev-list --stdin` reads. What is not here can't be known.
    fn revisions(&self, tips: &[Oid], known: &[Oid]) -> String {
        let known = known.iter().filter(|id| self.has(id)).map(|id| format!("^{id}\n"));
        tips.iter().map(|id| format!("{id}\n")).chain(known).collect()
    }
}
