//! What the working tree holds at this moment.

use std::path::Path;

use super::{Error, Oid, Repo, Result};

/// Where HEAD is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The commit; none on an unborn branch.
    pub commit: Option<Oid>,
    /// Short name of the branch; none when detached.
    pub branch: Option<String>,
}

/// The state of the tracked files of a working tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorktreeState {
    /// Where HEAD was.
    pub head: Head,
    /// Whether a tracked file differed from HEAD; unknown in a bare repository.
    pub dirty: Option<bool>,
    /// The tree that a commit of all tracked files, as they were, would have.
    pub tree: Option<Oid>,
}

impl Repo {
    /// Where HEAD of this worktree is.
    pub fn head(&self) -> Result<Head> {
        if self.is_reftable() {
            let (branch, _) = self.git("symbolic-ref").args(["--quiet", "--short", "HEAD"]).output()?;
            let branch = String::from_utf8_lossy(&branch.stdout).trim().to_owned();
            return Ok(Head { commit: self.read_ref("HEAD")?, branch: Some(branch).filter(|b| !b.is_empty()) });
        }
        let error = |err: gix::Error| Error::Ref { action: "read", name: "HEAD".into(), reason: err.to_string() };
        let head = self.gix().head().map_err(error)?;
        let branch = head.referent_name().map(|name| name.shorten().to_string());
        let commit = head.id().map(gix::Id::detach);
        Ok(Head { commit, branch })
    }

    /// Looks at HEAD and the tracked files. What can't be found out stays unknown.
    pub fn worktree_state(&self) -> Result<WorktreeState> {
        let head = self.head()?;
        if self.work_dir().is_none() {
            return Ok(WorktreeState { head, ..Default::default() });
        }
        let status =
            self.git("status").args(["--porcelain=v1", "-z", "--untracked-files=no", "--ignore-submodules=untracked"]);
        let dirty = status.run().ok().map(|out| !out.is_empty());
        let tree = match (dirty, head.commit) {
            (Some(false), Some(commit)) => Some(self.commit(&commit)?.tree),
            (Some(true), _) => self.dirty_tree().ok(),
            _ => None,
        };
        Ok(WorktreeState { head, dirty, tree })
    }

    /// The tree of all tracked files as they are on disk. The index is copied
    /// and the objects go to a place that is thrown away, so nothing of the
    /// user's is touched.
    fn dirty_tree(&self) -> Result<Oid> {
        let dir = self.agentv_dir();
        self.create_dir(&dir).map_err(Error::io(&dir))?;
        let scratch = tempfile::Builder::new().prefix("tree-").tempdir_in(&dir).map_err(Error::io(dir))?;
        // A split index is found beside its shared part, hence in the git directory.
        let index = tempfile::Builder::new()
            .prefix("agentv-index-")
            .tempfile_in(self.git_dir())
            .map_err(Error::io(self.git_dir()))?;
        let current = self.gix().index_path();
        std::fs::copy(&current, index.path()).map_err(Error::io(&current))?;
        // git trusts an entry that is as old as the index only after looking at the file. A copy that seems
        // newer would make it trust a file that was changed within the same second.
        let written = current.metadata().and_then(|meta| meta.modified()).map_err(Error::io(&current))?;
        let copy = std::fs::File::options().write(true).open(index.path()).map_err(Error::io(index.path()))?;
        copy.set_modified(written).map_err(Error::io(index.path()))?;
        let objects = self.objects_dir();
        let run = |subcommand: &str, args: &[&str]| {
            self.git(subcommand)
                .args(args)
                .env("GIT_INDEX_FILE", index.path())
                .env("GIT_OBJECT_DIRECTORY", scratch.path())
                .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates(&objects))
                .run_text()
        };
        // Without a pathspec: git refuses one that matches nothing, as in an index from which all was removed.
        run("add", &["--update"])?;
        let hex = run("write-tree", &[])?;
        self.parse_oid(&hex).ok_or(Error::Command { command: "write-tree".into(), stderr: hex })
    }

    /// The uncommitted changes to tracked files, as a binary patch against HEAD.
    pub fn worktree_diff(&self) -> Result<Vec<u8>> {
        // Everything by which a user may have changed what diffs look like: `git apply` must take it.
        self.git("diff")
            .args(["--binary", "--no-ext-diff", "--no-textconv", "--no-color", "--unified=3", "--submodule=short"])
            .args(["--src-prefix=a/", "--dst-prefix=b/", "--no-relative", "HEAD"])
            .run()
    }

    /// The patch id of a commit (`git patch-id --stable`): the same for a commit
    /// and what a rebase makes of it. None for merges, root and empty commits.
    /// Remembered per clone, because it takes two processes to find.
    pub fn patch_id(&self, commit: &Oid) -> Result<Option<String>> {
        let cache = self.agentv_dir().join("patch-ids");
        let known = std::fs::read_to_string(&cache).unwrap_or_default();
        let hex = commit.to_string();
        if let Some(found) = known.lines().find_map(|line| line.strip_prefix(hex.as_str())?.strip_prefix(' ')) {
            return Ok(Some(found.to_owned()).filter(|id| id != "-"));
        }
        // In a blobless clone it would be fetched for: that is not worth a connection.
        let diff = self
            .git("diff-tree")
            .env("GIT_NO_LAZY_FETCH", "1")
            .args(["-p", "--no-ext-diff", "--no-textconv", "--no-color", &hex])
            .run()?;
        let id = if diff.is_empty() {
            None
        } else {
            let line = self.git("patch-id").arg("--stable").run_with(&diff)?;
            String::from_utf8_lossy(&line).split(' ').next().map(str::to_owned).filter(|id| !id.is_empty())
        };
        let _ = self.create_dir(&self.agentv_dir());
        append_line(&cache, &format!("{hex} {}\n", id.as_deref().unwrap_or("-")));
        self.share(&cache);
        Ok(id)
    }
}

/// The value of `GIT_ALTERNATE_OBJECT_DIRECTORIES` for one directory. In quotes, as in C: git
/// splits the value at colons, which a path may have.
fn alternates(objects: &Path) -> std::ffi::OsString {
    let objects = std::path::absolute(objects).unwrap_or_else(|_| objects.to_owned());
    let mut quoted = std::ffi::OsString::from("\"");
    quoted.push(escape(objects.as_os_str()));
    quoted.push("\"");
    quoted
}

#[cfg(unix)]
fn escape(path: &std::ffi::OsStr) -> std::ffi::OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let escaped = path.as_bytes().iter().flat_map(|&b| {
        let backslash = matches!(b, b'"' | b'\\').then_some(b'\\');
        backslash.into_iter().chain([b])
    });
    std::ffi::OsString::from_vec(escaped.collect())
}

#[cfg(not(unix))]
fn escape(path: &std::ffi::OsStr) -> std::ffi::OsString {
    path.to_string_lossy().replace('\\', "\\\\").into()
}

/// One write, so that two processes never mix their lines. It is a cache: failing is fine.
fn append_line(path: &Path, line: &str) {
    use std::io::Write;
    if let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(path) {
        let _ = file.write_all(line.as_bytes());
    }
}
