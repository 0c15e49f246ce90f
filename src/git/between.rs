//! Two lines of history: what only one of them has.

use super::{CommitInfo, Error, Oid, Repo, Result};

impl Repo {
    /// The commits that only `ours` has, and those that only `theirs` has, children before parents.
    pub fn only_in(&self, ours: &Oid, theirs: &Oid) -> Result<(Vec<CommitInfo>, Vec<CommitInfo>)> {
        let range = format!("{ours}...{theirs}");
        let listed = self.git("rev-list").args(["--left-right", "--date-order", &range]).run()?;
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for line in String::from_utf8_lossy(&listed).lines() {
            let Some(id) = self.parse_oid(line.trim_start_matches(['<', '>'])) else { continue };
            let side = if line.starts_with('<') { &mut left } else { &mut right };
            side.push(self.commit(&id)?);
        }
        Ok((left, right))
    }

    /// The commits of `tip` that none of `known` has, children before parents.
    pub fn not_in(&self, tip: &Oid, known: &[Oid]) -> Result<Vec<CommitInfo>> {
        let known = known.iter().filter(|id| self.has(id)).map(|id| format!("^{id}"));
        let listed = self.git("rev-list").args(["--date-order", &tip.to_string()]).args(known).run()?;
        let ids = String::from_utf8_lossy(&listed).into_owned();
        ids.lines().filter_map(|id| self.parse_oid(id)).map(|id| self.commit(&id)).collect()
    }

    /// The newest common ancestor of two commits. Of several it is always the same one, whichever commit is named first.
    pub fn merge_base(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>> {
        let git = self.git("merge-base").args(["--all", &one.to_string(), &other.to_string()]);
        let (output, command) = git.output()?;
        match output.status.code() {
            Some(0 | 1) => {}
            _ => return Err(Error::Command { command, stderr: super::process::one_line(&output.stderr) }),
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(|id| self.parse_oid(id)).min())
    }

    /// About how many bytes a transfer of what `tip` has and none of `known` takes: those on disk here. None if that can't be
    /// told, because objects are missing for instance.
    #[must_use]
    pub fn bytes_not_in(&self, tip: &Oid, known: &[Oid]) -> Option<u64> {
        let known = known.iter().filter(|id| self.has(id)).map(|id| format!("^{id}"));
        let git = self.git("rev-list").env("GIT_NO_LAZY_FETCH", "1").args(["--objects", "--disk-usage"]);
        git.arg(tip.to_string()).args(known).run_text().ok()?.trim().parse().ok()
    }
}
