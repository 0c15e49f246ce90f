//! The projection: the rows of the log in SQLite, for filters, sorting and counting.
//!
//! `<git common dir>/agentv/index-v<schema>.sqlite` is a cache and never the truth. It is brought up to
//! date with the ref before each question. Whatever is wrong with it, a damaged file or a full disk, it is
//! built anew, in memory if need be, and the question is answered.

mod cases;
mod check;
mod fill;
mod schema;
mod wal;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::git::{Oid, Repo};
use crate::store::{self, Store};

use super::Counts;

pub use check::Drift;
pub use schema::VERSION;
pub(super) use schema::{OF_TEXTS, row_ids};
pub use wal::move_long;

/// How long we wait for another process that brings the file up to date.
const BUSY: Duration = Duration::from_secs(10);

/// A file that nobody wrote to for so long is not being built any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Bytes of the file that are looked at where the system has them, and not copied page by page: the rest is read as usual.
const MAPPED: i64 = 1 << 30;

/// A question could not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The runs can't be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// SQLite failed us, in memory, too.
    #[error("the index of runs: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl From<crate::git::Error> for Error {
    fn from(err: crate::git::Error) -> Self {
        Self::Store(err.into())
    }
}

/// The result of working with the projection.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The rows of one or several stores, as they are at their tips.
#[derive(Debug)]
pub struct Projection {
    db: Connection,
    /// The stores that are asked, by their numbers in the file. Of a run that is in several the row of the first holds.
    stores: Vec<i64>,
    /// What stores are called, those too that are not asked.
    names: Vec<(String, Vec<i64>)>,
    /// Where numbers that were counted are remembered.
    counts: Option<Arc<Counts>>,
    /// Whether somebody else sees to SQLite's log.
    leaves_log: bool,
}

/// Stores that go by one name: a ref, or what is known of a remote.
#[derive(Debug, Clone)]
pub struct StoreSet<'r> {
    /// `local`, the name of a remote, `acme/evals`.
    pub name: String,
    /// The stores. They may be in other repositories than the one whose projection it is.
    pub stores: Vec<Store<'r>>,
    /// Whether its runs are asked for. If not, a query may still name it: `-where:origin`.
    pub asked: bool,
}

impl<'r> StoreSet<'r> {
    /// A store by itself.
    #[must_use]
    pub fn own(store: Store<'r>) -> Self {
        Self { name: LOCAL.into(), stores: vec![store], asked: true }
    }
}

/// What the runs of the repository itself are called.
pub const LOCAL: &str = "local";

impl Projection {
    /// Opens the projection of `store` and brings it up to date. `progress` is told how many runs were read.
    pub fn open(store: &Store<'_>, progress: &mut dyn FnMut(usize)) -> Result<Self> {
        Self::open_sets(store.repo(), &[StoreSet::own(*store)], progress)
    }

    /// Opens the projection of the repository `home` and brings all of `sets` up to date in it. A run that is in several
    /// of those that are asked is there once, with the row that the first of them has.
    pub fn open_sets(home: &Repo, sets: &[StoreSet<'_>], progress: &mut dyn FnMut(usize)) -> Result<Self> {
        let path = path(home);
        for attempt in 0..2 {
            match Self::open_at(&path, home, sets, progress) {
                Err(Error::Sqlite(err)) if attempt == 0 && is_damaged(&err) => {
                    tracing::debug!(%err, path = %path.display(), "the projection is built anew");
                    remove(&path);
                }
                Err(Error::Sqlite(err)) => {
                    tracing::debug!(%err, path = %path.display(), "working in memory");
                    break;
                }
                result => return result,
            }
        }
        let db = Connection::open_in_memory()?;
        Self::with(db, home, sets, progress)
    }

    /// The database: table `runs` and its companions, see the documentation of the query language.
    #[must_use]
    pub fn db(&self) -> &Connection {
        &self.db
    }

    /// The number of the first store that is asked, in the column `store`.
    #[must_use]
    pub fn store(&self) -> i64 {
        self.stores.first().copied().unwrap_or_default()
    }

    /// The numbers of all stores that are asked.
    pub(super) fn stores(&self) -> &[i64] {
        &self.stores
    }

    /// What stores are called.
    pub(super) fn names(&self) -> &[(String, Vec<i64>)] {
        &self.names
    }

    pub(super) fn counts(&self) -> Option<&Counts> {
        self.counts.as_deref()
    }

    /// Remembers numbers that are counted, for all projections of the same file that share `counts`.
    pub fn remember_counts(&mut self, counts: Arc<Counts>) {
        self.counts = Some(counts);
    }

    /// The condition that a row `r` is of the store that was asked as number `at`, and no earlier one has the run.
    pub(super) fn of_store(&self, at: usize) -> String {
        // The plus keeps SQLite from the index: nearly all runs of a file may be of one store.
        let here = format!("+r.store = {}", self.stores[at]);
        if at == 0 {
            return here;
        }
        let earlier: Vec<String> = self.stores[..at].iter().map(ToString::to_string).collect();
        let earlier = earlier.join(", ");
        format!("{here} AND NOT EXISTS (SELECT 1 FROM facts e WHERE e.store IN ({earlier}) AND e.id = r.id)")
    }

    /// Brings a store up to date in the file of `home`. Returns its number.
    pub(super) fn add(&mut self, home: &Repo, store: &Store<'_>) -> Result<i64> {
        self.number(home, store, &mut |_| {})
    }

    fn open_at(path: &Path, home: &Repo, sets: &[StoreSet<'_>], progress: &mut dyn FnMut(usize)) -> Result<Self> {
        let dir = path.with_file_name("");
        let _ = home.create_dir(&dir);
        if !path.exists() {
            return Self::build(path, home, sets, progress);
        }
        Self::with(Self::connect(path)?, home, sets, progress)
    }

    /// Builds the file beside its place and moves it there when it is whole: nobody waits for it, and
    /// nothing has to be written twice.
    fn build(path: &Path, home: &Repo, sets: &[StoreSet<'_>], progress: &mut dyn FnMut(usize)) -> Result<Self> {
        let dir = path.parent().unwrap_or(Path::new("."));
        sweep(dir);
        let mut builder = tempfile::Builder::new();
        builder.prefix("index-").suffix(".tmp");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let new = builder.tempfile_in(dir);
        let new = new.map_err(|_| failed(ErrorCode::CannotOpen))?.into_temp_path();
        let db = Connection::open(&new)?;
        db.pragma_update(None, "journal_mode", "off")?;
        db.pragma_update(None, "synchronous", "off")?;
        // Bytes. A scan reads half as often as with the usual ones; what a new run changes is not much more.
        db.pragma_update(None, "page_size", 8192)?;
        let built = Self::with(db, home, sets, progress)?;
        built.db.close().map_err(|(_, err)| err)?;
        home.share(&new);
        match new.persist_noclobber(path) {
            Err(err) if err.error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(failed(ErrorCode::CannotOpen).into())
            }
            // Another process may have put its own there since, perhaps of an older tip. To replace that would give the
            // new file the log that SQLite keeps beside the old one.
            _ => Self::with(Self::connect(path)?, home, sets, progress),
        }
    }

    fn connect(path: &Path) -> Result<Connection> {
        let db = Connection::open(path)?;
        db.busy_timeout(BUSY)?;
        // Readers and the one who writes do not wait for each other; where that can't be had it stays as it is.
        let _ = db.pragma_update(None, "journal_mode", "wal");
        db.pragma_update(None, "synchronous", "normal")?;
        let _ = db.pragma_update(None, "mmap_size", MAPPED);
        wal::prepare(&db);
        Ok(db)
    }

    /// Makes sure that the tables are there and up to date.
    fn with(mut db: Connection, home: &Repo, sets: &[StoreSet<'_>], progress: &mut dyn FnMut(usize)) -> Result<Self> {
        schema::prepare(&mut db)?;
        let mut projection = Self { db, stores: Vec::new(), names: Vec::new(), counts: None, leaves_log: false };
        projection.refresh(home, sets, progress)?;
        Ok(projection)
    }

    /// Brings a projection that was opened before up to date with `sets`, as they are now.
    pub fn refresh(&mut self, home: &Repo, sets: &[StoreSet<'_>], progress: &mut dyn FnMut(usize)) -> Result<()> {
        let (mut stores, mut names) = (Vec::new(), Vec::new());
        for set in sets {
            let numbers = set.stores.iter().map(|store| self.number(home, store, progress));
            let numbers = numbers.collect::<Result<Vec<_>>>()?;
            stores.extend(numbers.iter().filter(|_| set.asked));
            names.push((set.name.clone(), numbers));
        }
        (self.stores, self.names) = (stores, names);
        Ok(())
    }

    /// Whether it says what is at the tips of `sets` now, so that [`Self::refresh`] has nothing to do.
    pub fn is_fresh(&self, home: &Repo, sets: &[StoreSet<'_>]) -> Result<bool> {
        if !sets.iter().map(|set| &set.name).eq(self.names.iter().map(|(name, _)| name)) {
            return Ok(false);
        }
        for store in sets.iter().flat_map(|set| &set.stores) {
            let tip = store.tip_id()?.map(|tip| tip.to_string());
            if known(&self.db, &name(home, store))?.is_none_or(|(_, at)| at != tip) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the rows are: another text whenever a store in the file has another tip or was read anew.
    pub fn state(&self) -> Result<String> {
        let mut found = self.db.prepare_cached(
            "SELECT group_concat(id || ' ' || name || ' ' || coalesce(tip, '') || ' ' || coalesce(generation, ''), char(10)) \
             FROM (SELECT * FROM stores ORDER BY id)",
        )?;
        let stores: Option<String> = found.query_row([], |row| row.get(0))?;
        Ok(format!("{:?} {:?} {}", self.stores, self.names, stores.unwrap_or_default()))
    }

    /// Brings one store up to date. Returns its number in the file.
    fn number(&mut self, home: &Repo, store: &Store<'_>, progress: &mut dyn FnMut(usize)) -> Result<i64> {
        let (tip, name) = (store.tip_id()?, name(home, store));
        if let Some((number, at)) = known(&self.db, &name)?
            && at == tip.map(|tip| tip.to_string())
        {
            return Ok(number);
        }
        let number = fill::bring_up_to_date(&mut self.db, &name, store, tip, progress)?;
        if !self.leaves_log {
            wal::shorten(&self.db);
        }
        Ok(number)
    }
}

/// What a store is called in the file: its ref; of another repository, with where that is.
fn name(home: &Repo, store: &Store<'_>) -> String {
    if store.repo().common_dir() == home.common_dir() {
        return store.name().to_owned();
    }
    format!("{}:{}", store.repo().common_dir().display(), store.name())
}

/// The number of a store, and the tip that was last read.
fn known(db: &Connection, name: &str) -> Result<Option<(i64, Option<String>)>> {
    let mut found = db.prepare_cached("SELECT id, tip FROM stores WHERE name = ?1")?;
    Ok(found.query_row([name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// The tip that was last read, as an object id.
fn known_tip(store: &Store<'_>, known: Option<&(i64, Option<String>)>) -> Option<Oid> {
    store.repo().parse_oid(known?.1.as_deref()?)
}

fn path(home: &Repo) -> PathBuf {
    home.agentv_dir().join(format!("index-v{VERSION}.sqlite"))
}

/// Whether throwing the file away may help.
fn is_damaged(err: &rusqlite::Error) -> bool {
    !matches!(
        err.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull | ErrorCode::ReadOnly)
    )
}

fn failed(code: ErrorCode) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error { code, extended_code: 0 }, None)
}

/// Removes what was left half built by a process that was killed.
fn sweep(dir: &Path) {
    let is_old = |entry: &std::fs::DirEntry| {
        let modified = entry.metadata().and_then(|meta| meta.modified()).ok();
        modified.and_then(|then| then.elapsed().ok()).is_some_and(|age| age > ABANDONED)
    };
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let inside = name.to_str().and_then(|name| name.strip_prefix("index-"));
        let is_ours = inside.is_some_and(|name| name.strip_suffix(".tmp").is_some());
        if is_ours && is_old(&entry) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Removes a database and what SQLite keeps beside it.
fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}
