//! Finding and opening a repository.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gix::sec::Trust;
use gix::sec::trust::{DefaultForLevel, Mapping};

use super::pack::Packs;
use super::transfer::Moved;
use super::{Error, Git, Oid, Result, config, process, room};

/// How much configuration to read when a repository is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigScope {
    /// All that git would read: needed to write, and for settings of the user.
    Full,
    /// The repository's own file and the environment only: half a millisecond
    /// less, for commands that only read runs.
    Repository,
}

/// An open repository.
pub struct Repo {
    gix: gix::Repository,
    scope: ConfigScope,
    reftable: bool,
    packs: OnceCell<Packs>,
    /// Whether the last object that was read came from a pack.
    pub(super) packed_last: Cell<bool>,
    /// Whether so many objects are read that it pays to let gix open all pack indexes.
    many_reads: Cell<bool>,
    /// Promisor entries that were written (true) or removed since the configuration was read.
    pub(super) light: RefCell<BTreeMap<String, bool>>,
    pub(super) moved: Cell<Moved>,
    /// Whether what is missing is fetched.
    pub(super) fetches: Cell<bool>,
    branch: OnceCell<Option<String>>,
}

impl std::fmt::Debug for Repo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Repo").field(&self.gix.git_dir()).finish()
    }
}

impl Repo {
    /// Opens the repository that git would use in `dir`: named by `GIT_DIR`, or
    /// found at or above `dir`. `parameters` is the value of
    /// `GIT_CONFIG_PARAMETERS`, by which `git -c key=value` reaches us.
    pub fn discover(dir: &Path, scope: ConfigScope, parameters: Option<&str>) -> Result<Self> {
        match open(dir, scope, parameters) {
            // `safe.directory` is only honoured in the user's own settings.
            Err(Error::Untrusted(_)) if scope == ConfigScope::Repository => open(dir, ConfigScope::Full, parameters),
            result => result,
        }
    }

    /// Opens the repository at or above `dir`, whichever the environment names. Who the user is, it still says.
    pub fn discover_at(dir: &Path, scope: ConfigScope, parameters: Option<&str>) -> Result<Self> {
        let gix = room::open(scope, |slots| {
            let (trust, discovery) = (trust(scope, parameters, slots), gix::discover::upwards::Options::default());
            gix::ThreadSafeRepository::discover_opts(dir, discovery, trust)
        });
        Ok(Self::from_gix(gix.map_err(|err| explain(dir, &err))?, scope))
    }

    /// Opens the repository at the top of the working tree `dir`, whatever the environment says.
    pub fn at(dir: &Path) -> Result<Self> {
        let mut permissions = gix::open::Permissions::default_for_level(Trust::Full);
        permissions.env.git_prefix = gix::sec::Permission::Deny;
        let options = gix::open::Options::default().permissions(permissions).lossy_config(true);
        let gix = room::open(ConfigScope::Full, |slots| {
            gix::ThreadSafeRepository::open_opts(dir, options.clone().object_store_slots(slots))
        });
        // What the environment and `git -c` set is not seen.
        Ok(Self::from_gix(gix.map_err(|err| explain(dir, &err))?, ConfigScope::Repository))
    }

    fn from_gix(gix: gix::Repository, scope: ConfigScope) -> Self {
        let reftable = gix.config_snapshot().string("extensions.refStorage").is_some_and(|kind| kind != "files");
        let (packed_last, many_reads) = (Cell::new(false), Cell::new(false));
        Self {
            gix,
            scope,
            reftable,
            packs: OnceCell::new(),
            packed_last,
            many_reads,
            light: RefCell::default(),
            moved: Cell::default(),
            fetches: Cell::new(true),
            branch: OnceCell::new(),
        }
    }

    /// How much configuration was read.
    pub(super) fn scope(&self) -> ConfigScope {
        self.scope
    }

    pub(super) fn gix(&self) -> &gix::Repository {
        &self.gix
    }

    pub(super) fn packs(&self) -> &Packs {
        self.packs.get_or_init(|| Packs::open(&self.objects_dir(), self.gix.object_hash()))
    }

    /// The repository's own directory; of a linked worktree, its part of it.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        self.gix.git_dir()
    }

    /// The directory that all worktrees share.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        self.gix.common_dir()
    }

    /// Top of the working tree; none in a bare repository.
    #[must_use]
    pub fn work_dir(&self) -> Option<&Path> {
        self.gix.workdir()
    }

    /// Where our own files for this clone are: `<common dir>/agentv`.
    #[must_use]
    pub fn agentv_dir(&self) -> PathBuf {
        self.common_dir().join("agentv")
    }

    /// Where objects are.
    #[must_use]
    pub fn objects_dir(&self) -> PathBuf {
        self.gix.objects.store_ref().path().to_owned()
    }

    /// `sha1` or `sha256`.
    #[must_use]
    pub fn object_format(&self) -> &'static str {
        match self.gix.object_hash() {
            gix::hash::Kind::Sha1 => "sha1",
            _ => "sha256",
        }
    }

    /// Full name of the branch that HEAD named when this was first asked; none if it is detached or can't be read.
    pub fn branch(&self) -> Option<&str> {
        let find = || self.head().ok()?.branch.map(|branch| format!("refs/heads/{branch}"));
        self.branch.get_or_init(find).as_deref()
    }

    /// Whether the remote `name` is reached by way of our own helper.
    #[must_use]
    pub fn is_through_helper(&self, name: &str) -> bool {
        let is_ours = |url: String| url.starts_with("agentv::");
        self.written_url(name).is_some_and(is_ours)
            || self.setting(&format!("remote.{name}.vcs")).as_deref() == Some("agentv")
    }

    /// Whether refs are in reftables, which only git itself can read and write.
    #[must_use]
    pub fn is_reftable(&self) -> bool {
        self.reftable
    }

    /// Says that very many objects are going to be read: what takes a few milliseconds once is then cheaper than
    /// some system calls for each of them.
    pub fn expect_many_reads(&self) {
        self.many_reads.set(true);
    }

    pub(super) fn expects_many_reads(&self) -> bool {
        self.many_reads.get()
    }

    pub(super) fn hash_kind(&self) -> gix::hash::Kind {
        self.gix.object_hash()
    }

    /// The all-zero id: "no object" in git's commands.
    #[must_use]
    pub fn null_id(&self) -> Oid {
        Oid::null(self.gix.object_hash())
    }

    /// Reads an object id in full hexadecimal form.
    #[must_use]
    pub fn parse_oid(&self, hex: &str) -> Option<Oid> {
        Oid::from_hex(hex.as_bytes()).ok().filter(|id| id.kind() == self.gix.object_hash())
    }

    /// Whether git is told to give other users of this machine access
    /// (`core.sharedRepository`): then only git writes, it knows the modes.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.setting("core.sharedRepository").is_some_and(|value| !matches!(value.as_str(), "umask" | "false" | "0"))
    }

    /// Creates a directory of ours below the git directory, with its parents.
    pub fn create_dir(&self, dir: &Path) -> std::io::Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            self.create_dir(parent)?;
        }
        match std::fs::create_dir(dir) {
            Err(err) if err.kind() != std::io::ErrorKind::AlreadyExists => return Err(err),
            _ => self.share(dir),
        }
        Ok(())
    }

    /// Opens a file or directory of ours to whom `core.sharedRepository` names, as git does with its own.
    #[cfg(unix)]
    pub fn share(&self, path: &Path) {
        use std::os::unix::fs::PermissionsExt;
        if !self.is_shared() {
            return;
        }
        let bits = match self.setting("core.sharedRepository").as_deref() {
            Some("all" | "world" | "everybody" | "2") => 0o664,
            Some(octal) if octal.starts_with('0') => u32::from_str_radix(octal, 8).unwrap_or(0o660) & 0o666,
            _ => 0o660,
        };
        let Ok(meta) = path.metadata() else { return };
        let mode = meta.permissions().mode() & 0o7777;
        let wanted = if meta.is_dir() { mode | bits | (bits & 0o444) >> 2 | 0o2000 } else { mode | bits };
        if wanted != mode {
            // Only the owner may; who else comes here finds it open already.
            let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(wanted));
        }
    }

    /// There is nothing to open on this system.
    #[cfg(not(unix))]
    pub fn share(&self, _path: &Path) {}

    /// A git command on this repository.
    #[must_use]
    pub fn git(&self, subcommand: &str) -> Git {
        Git::at(&absolute(self.git_dir()), self.work_dir().map(absolute).as_deref(), subcommand)
    }

    /// Fails unless the installed git is new enough to write for us.
    pub fn ensure_git(&self) -> Result<()> {
        self.installed_git().map(drop)
    }

    pub(super) fn installed_git(&self) -> Result<&'static process::Installed> {
        let cache = self.agentv_dir().join("git");
        if !cache.exists() {
            // Only a cache: it may fail.
            let _ = self.create_dir(&self.agentv_dir());
        }
        let installed = process::installed(&cache)?;
        self.share(&cache);
        Ok(installed)
    }

    /// Where git looks for hooks (`core.hooksPath` and worktrees considered).
    pub fn hooks_dir(&self) -> Result<PathBuf> {
        let path = self.git("rev-parse").args(["--git-path", "hooks"]).run_text()?;
        Ok(self.work_dir().unwrap_or(self.git_dir()).join(path))
    }

    /// The commit that a revision names.
    pub fn resolve_commit(&self, revision: &str) -> Result<Oid> {
        let spec = format!("{revision}^{{commit}}");
        let (output, _) = self.git("rev-parse").args(["--verify", "--quiet", "--end-of-options", &spec]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        self.parse_oid(text.trim()).ok_or_else(|| Error::NoSuchCommit(revision.to_owned()))
    }
}

/// A child runs in the working tree, so a path relative to our own directory would mislead it.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn open(dir: &Path, scope: ConfigScope, parameters: Option<&str>) -> Result<Repo> {
    let gix = room::open(scope, |slots| {
        let discovery = gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
        let trust = trust(scope, parameters, slots);
        gix::ThreadSafeRepository::discover_with_environment_overrides_opts(dir, discovery, trust)
    });
    Ok(Repo::from_gix(gix.map_err(|err| explain(dir, &err))?, scope))
}

/// How to open a repository, whoever owns it.
fn trust(scope: ConfigScope, parameters: Option<&str>, slots: room::Slots) -> Mapping<gix::open::Options> {
    let overrides = parameters.map(config::from_parameters).unwrap_or_default();
    let options = |trust: Trust| {
        let mut permissions = gix::open::Permissions::default_for_level(trust);
        if scope == ConfigScope::Repository {
            permissions.config.system = false;
            permissions.config.git = false;
            permissions.config.user = false;
        }
        gix::open::Options::default()
            .permissions(permissions)
            .bail_if_untrusted(true)
            .lossy_config(true)
            .object_store_slots(slots)
            .cli_overrides(overrides.iter().map(String::as_str))
    };
    Mapping { full: options(Trust::Full), reduced: options(Trust::Reduced) }
}

/// gix says all of this in prose only; the question that it answers is asked again, of the file system.
fn explain(dir: &Path, err: &gix::Error) -> Error {
    let text = err.to_string();
    let lower = text.to_lowercase();
    if lower.contains("unsafe") || lower.contains("trust") || lower.contains("owner") {
        return Error::Untrusted(dir.to_owned());
    }
    let has_git = dir.ancestors().any(|dir| dir.join(".git").exists() || dir.join("HEAD").is_file());
    if has_git && !lower.contains("could not find") && !lower.contains("no git repository") {
        return Error::Open(text);
    }
    Error::NotARepository(dir.to_owned())
}
