//! Questions about the source history: which commits a revision means, what they cite, and
//! what became of those that are gone.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{Error, Oid, Repo, Result};

/// Our own refs are no part of the source's history.
const OURS: &str = "--exclude=refs/agentv/*";

/// Between the fields of a line that git prints for us; in no trailer's value.
const FIELD: char = '\u{1f}';

/// A commit of the source, with what runs may be found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCommit {
    /// The commit.
    pub id: Oid,
    /// Its tree.
    pub tree: Oid,
    /// When it was committed, in seconds since 1970.
    pub committed: i64,
    /// The first line of its message.
    pub subject: String,
    /// The values of the trailer that was asked for.
    pub cites: Vec<String>,
    /// Its patch id; none if it was not asked for, or there is none.
    pub patch_id: Option<String>,
}

impl Repo {
    /// The commits that `revisions` (`git help revisions`) mean, newest first: of a single one
    /// that commit alone, of a range (`main..topic`) all that are in it. With the values of the trailer `key`.
    pub fn source_commits(&self, revisions: &[String], key: &str) -> Result<Vec<SourceCommit>> {
        let unknown = |spec: &str| Error::NoSuchCommit(spec.to_owned());
        if let Some(bad) = revisions.iter().find(|spec| spec.starts_with('-') || spec.is_empty()) {
            return Err(unknown(bad));
        }
        let (output, _) = self.git("rev-parse").args(["--revs-only", "--end-of-options"]).args(revisions).output()?;
        let parsed = String::from_utf8_lossy(&output.stdout).into_owned();
        // `--end-of-options` is printed as it is by some versions.
        let parsed: Vec<&str> = parsed.lines().filter(|line| !line.starts_with("--")).collect();
        let is_range = parsed.iter().any(|line| line.starts_with('^'));
        if !output.status.success() || parsed.is_empty() {
            return Err(unknown(&revisions.join(" ")));
        }
        let walk = if is_range { "--date-order" } else { "--no-walk=unsorted" };
        let mut commits = self.log_of(&[walk], &parsed.join("\n"), key)?;
        // A revision may mean a file or a tree, of which a walk has nothing.
        if !is_range && commits.is_empty() {
            return Err(unknown(&revisions.join(" ")));
        }
        self.add_patch_ids(&mut commits)?;
        Ok(commits)
    }

    /// All commits of branches, tags and other refs that have a trailer `key`, newest first.
    pub fn citing_commits(&self, key: &str) -> Result<Vec<SourceCommit>> {
        let grep = format!("--grep=^{key}:");
        let mut commits = self.log_of(&[&grep, "-i", "--date-order", OURS, "--all"], "HEAD", key)?;
        commits.retain(|commit| !commit.cites.is_empty());
        Ok(commits)
    }

    /// The commits of `to` that are not in `from` and have a trailer `key`, newest first.
    pub fn citing_between(&self, from: &Oid, to: &Oid, key: &str) -> Result<Vec<SourceCommit>> {
        if !self.has(from) {
            return Ok(Vec::new());
        }
        let grep = format!("--grep=^{key}:");
        self.log_of(&[&grep, "-i"], &format!("{to}\n^{from}"), key)
    }

    /// Commits of all refs that were committed at `since` (seconds since 1970) or later, with their patch ids.
    pub fn recent_commits(&self, since: i64) -> Result<Vec<SourceCommit>> {
        let since = format!("--since=@{since}");
        let mut commits = self.log_of(&[&since, "--date-order", OURS, "--all"], "HEAD", "-")?;
        self.add_patch_ids(&mut commits)?;
        Ok(commits)
    }

    /// Those of `commits` that no branch, tag or other ref reaches. Each must be in the repository.
    pub fn unreachable(&self, commits: &[Oid]) -> Result<HashSet<Oid>> {
        if commits.is_empty() {
            return Ok(HashSet::new());
        }
        // HEAD may be detached. It is not in `--all` of a linked worktree's repository either.
        let head = self.head()?.commit.map(|id| format!("^{id}\n")).unwrap_or_default();
        let input = lines(commits.iter());
        let walked = self
            .git("rev-list")
            .args(["--stdin", "--not", OURS, "--all"])
            .run_with(format!("{head}{input}").as_bytes())?;
        let walked: HashSet<Oid> =
            String::from_utf8_lossy(&walked).lines().filter_map(|id| self.parse_oid(id)).collect();
        Ok(commits.iter().copied().filter(|id| walked.contains(id)).collect())
    }

    /// The commits of a range, `main..topic`.
    pub fn range(&self, range: &str) -> Result<Vec<Oid>> {
        let unknown = || Error::NoSuchCommit(range.to_owned());
        let out = self.git("rev-list").args(["--end-of-options", range, "--"]).run_text().map_err(|_| unknown())?;
        Ok(out.lines().filter_map(|id| self.parse_oid(id)).collect())
    }

    /// Those of `commits` that can be reached from `tip`. Each must be in the repository.
    pub fn reachable_from(&self, tip: &Oid, commits: &[Oid]) -> Result<Vec<Oid>> {
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        let input = lines(commits.iter()) + &format!("^{tip}\n");
        let walked = self.git("rev-list").arg("--stdin").run_with(input.as_bytes())?;
        let walked: HashSet<Oid> =
            String::from_utf8_lossy(&walked).lines().filter_map(|id| self.parse_oid(id)).collect();
        Ok(commits.iter().copied().filter(|id| !walked.contains(id)).collect())
    }

    /// The commit that last changed lines `from` to `to` (counted from 1) of a file.
    /// What is not committed yet has the [null id](Repo::null_id).
    pub fn blame(&self, file: &Path, from: usize, to: usize) -> Result<Vec<Oid>> {
        let lines = format!("-L{from},{to}");
        let out = self.git("blame").args(["--porcelain", &lines, "--"]).arg(file).run_text()?;
        let mut found: Vec<Oid> = Vec::new();
        for line in out.lines().filter(|line| !line.starts_with('\t')) {
            let id = line.split(' ').next().and_then(|word| self.parse_oid(word));
            found.extend(id.filter(|id| !found.contains(id)));
        }
        Ok(found)
    }

    fn log_of(&self, args: &[&str], revisions: &str, key: &str) -> Result<Vec<SourceCommit>> {
        let format = format!(
            "--format=tformat:%H{FIELD}%T{FIELD}%ct{FIELD}%s{FIELD}%(trailers:key={key},valueonly,unfold,separator=%x1d)"
        );
        let head_only = revisions == "HEAD";
        if head_only && self.head()?.commit.is_none() && args.contains(&"--all") {
            // git refuses an unborn HEAD.
            return self.log_of(args, "", key);
        }
        let out = self
            .git("log")
            .args(["--no-show-signature", "--no-notes", "--no-color", "--no-decorate", "--encoding=UTF-8", "-s"])
            .arg(&format)
            .args(args)
            .arg("--stdin")
            .run_with(revisions.as_bytes())?;
        let text = String::from_utf8_lossy(&out);
        let commit = |line: &str| {
            let fields: Vec<&str> = line.split(FIELD).collect();
            let [id, tree, committed, subject, cites] = fields[..] else { return None };
            Some(SourceCommit {
                id: self.parse_oid(id)?,
                tree: self.parse_oid(tree)?,
                committed: committed.parse().ok()?,
                subject: subject.to_owned(),
                cites: cites.split('\u{1d}').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect(),
                patch_id: None,
            })
        };
        Ok(text.lines().filter_map(commit).collect())
    }

    /// Finds the patch ids of several commits with two processes.
    fn add_patch_ids(&self, commits: &mut [SourceCommit]) -> Result<()> {
        let input = lines(commits.iter().map(|commit| &commit.id));
        // In a blobless clone it would be fetched for: that is not worth a connection.
        let diff = self
            .git("diff-tree")
            .env("GIT_NO_LAZY_FETCH", "1")
            .args(["--stdin", "-p", "--no-ext-diff", "--no-textconv", "--no-color"])
            .run_with(input.as_bytes());
        let Ok(diff) = diff else { return Ok(()) };
        let lines = self.git("patch-id").arg("--stable").run_with(&diff)?;
        let lines = String::from_utf8_lossy(&lines);
        let ids: HashMap<Oid, &str> = lines
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(patch, commit)| Some((self.parse_oid(commit)?, patch)))
            .collect();
        for commit in commits {
            commit.patch_id = ids.get(&commit.id).map(|&patch| patch.to_owned());
        }
        Ok(())
    }
}

/// Ids for git to read, each with a line of its own.
fn lines<'a>(ids: impl Iterator<Item = &'a Oid>) -> String {
    ids.fold(String::new(), |text, id| text + &id.to_string() + "\n")
}
