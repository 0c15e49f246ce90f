//! Bundles in directories: finding them, and reading one so that what is
//! stored and what is summed up are the same bytes.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{BundleError, Files, formats, is_valid_name};

/// Files up to this size are kept in memory …
const SMALL: u64 = 4 << 20;
/// … as long as they are not more than this together.
const BUDGET: u64 = 256 << 20;
/// How deep below `.agentv/results` bundles are looked for: `runs/<experiment>/<time>/<target>/<variant>`.
const MAX_DEPTH: usize = 6;
/// Directories beside bundles that never hold any.
const RESERVED: [&str; 4] = [".indexes", ".cache", "export", "metadata"];

/// A directory (or one file) that is going to be recorded.
#[derive(Debug)]
pub struct DirBundle {
    /// Its last path component.
    pub name: String,
    /// What there is to store, sorted by path.
    pub files: Vec<ScannedFile>,
    /// What can't be stored, and why.
    pub skipped: Vec<Skipped>,
    paths: Vec<String>,
    shown: String,
}

/// A file of a bundle.
#[derive(Debug)]
pub struct ScannedFile {
    /// Path inside the bundle, parts separated by `/`; bytes, not always UTF-8.
    pub path: Vec<u8>,
    /// Bytes.
    pub size: u64,
    /// Whether it may be executed.
    pub executable: bool,
    /// What is in it.
    pub content: Content,
}

/// The content of a file of a bundle.
#[derive(Debug)]
pub enum Content {
    /// Read already.
    Loaded(Vec<u8>),
    /// Too large for memory; still where it was.
    OnDisk {
        /// The file.
        path: PathBuf,
        /// When it was last written, to notice a change.
        modified: Option<SystemTime>,
    },
}

/// Something in a bundle that is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Path inside the bundle, escaped for display.
    pub path: String,
    /// `symlink`, `special file`, `name that git refuses`.
    pub why: &'static str,
}

impl DirBundle {
    /// Reads the bundle at `path`. Symlinks are not followed, but for `path` itself.
    pub fn load(path: &Path) -> Result<Self, BundleError> {
        let shown = path.display().to_string();
        let meta = path.metadata().map_err(|err| match err.kind() {
            ErrorKind::NotFound => {
                BundleError::NotABundle { path: shown.clone(), reason: "there is no such directory".into() }
            }
            _ => unreadable(path, &err),
        })?;
        let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let name = whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut bundle = Self { name, files: Vec::new(), skipped: Vec::new(), paths: Vec::new(), shown };
        let mut budget = BUDGET;
        if meta.is_dir() {
            bundle.scan(path, &mut Vec::new(), &mut budget)?;
        } else if !meta.is_file() {
            // Not even opened: a FIFO would wait for a writer for ever.
            let reason = "it is neither a directory nor a regular file".into();
            return Err(BundleError::NotABundle { path: bundle.shown, reason });
        } else {
            let file_name = bytes(whole.file_name().unwrap_or_default());
            bundle.load_file(path, file_name, &mut budget)?;
        }
        if bundle.files.is_empty() {
            return Err(BundleError::NotABundle { path: bundle.shown, reason: "there are no files in it".into() });
        }
        bundle.files.sort_by(|a, b| a.path.cmp(&b.path));
        bundle.paths = bundle.files.iter().filter_map(|file| String::from_utf8(file.path.clone()).ok()).collect();
        Ok(bundle)
    }

    /// A bundle that is in memory: paths inside the bundle and content.
    #[must_use]
    pub fn from_files(name: &str, files: Vec<(String, Vec<u8>)>) -> Self {
        let mut paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        paths.sort();
        let scanned = |(path, data): (String, Vec<u8>)| ScannedFile {
            path: path.into_bytes(),
            size: data.len() as u64,
            executable: false,
            content: Content::Loaded(data),
        };
        let mut files: Vec<ScannedFile> = files.into_iter().map(scanned).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { name: name.into(), files, skipped: Vec::new(), paths, shown: name.into() }
    }

    /// All bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    fn scan(&mut self, dir: &Path, prefix: &mut Vec<u8>, budget: &mut u64) -> Result<(), BundleError> {
        for entry in std::fs::read_dir(dir).map_err(|err| unreadable(dir, &err))? {
            let entry = entry.map_err(|err| unreadable(dir, &err))?;
            let name = bytes(&entry.file_name());
            let length = prefix.len();
            prefix.extend_from_slice(&name);
            let kind = entry.file_type().map_err(|err| unreadable(&entry.path(), &err))?;
            if !is_valid_name(&name) {
                self.skip(prefix, "name that git refuses");
            } else if kind.is_symlink() {
                self.skip(prefix, "symlink");
            } else if kind.is_dir() {
                prefix.push(b'/');
                self.scan(&entry.path(), prefix, budget)?;
            } else if kind.is_file() {
                self.load_file(&entry.path(), prefix.clone(), budget)?;
            } else {
                self.skip(prefix, "special file");
            }
            prefix.truncate(length);
        }
        Ok(())
    }

    fn skip(&mut self, path: &[u8], why: &'static str) {
        let path = String::from_utf8_lossy(path).escape_debug().to_string();
        self.skipped.push(Skipped { path, why });
    }

    fn load_file(&mut self, from: &Path, path: Vec<u8>, budget: &mut u64) -> Result<(), BundleError> {
        let file = open(from)?;
        let meta = file.metadata().map_err(|err| unreadable(from, &err))?;
        let (size, modified) = (meta.len(), meta.modified().ok());
        let content = if size <= SMALL && size <= *budget {
            *budget -= size;
            let mut data = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
            (&file).take(size + 1).read_to_end(&mut data).map_err(|err| unreadable(from, &err))?;
            check_unchanged(from, &file, data.len() as u64, size, modified)?;
            Content::Loaded(data)
        } else {
            Content::OnDisk { path: from.to_owned(), modified }
        };
        self.files.push(ScannedFile { path, size, executable: is_executable(&meta), content });
        Ok(())
    }
}

impl ScannedFile {
    /// Gives the content to `each` in pieces of `piece` bytes (the last may be
    /// shorter; an empty file is one empty piece), and fails if the file is
    /// not the one that was scanned.
    pub fn in_pieces<E: From<BundleError>>(
        &self,
        piece: usize,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.content {
            Content::Loaded(data) if data.is_empty() => each(data),
            Content::Loaded(data) => data.chunks(piece).try_for_each(each),
            Content::OnDisk { path, modified } => {
                let file = open(path)?;
                let (mut total, mut buffer) = (0, Vec::new());
                loop {
                    buffer.clear();
                    let n =
                        (&file).take(piece as u64).read_to_end(&mut buffer).map_err(|err| unreadable(path, &err))?;
                    total += n as u64;
                    if n == 0 || total > self.size {
                        break;
                    }
                    each(&buffer)?;
                }
                Ok(check_unchanged(path, &file, total, self.size, *modified)?)
            }
        }
    }
}

impl Files for DirBundle {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, BundleError> {
        let Ok(at) = self.files.binary_search_by(|file| file.path.as_slice().cmp(path.as_bytes())) else {
            return Ok(None);
        };
        let mut data = Vec::new();
        self.files[at].in_pieces(4 << 20, |piece| {
            data.extend_from_slice(piece);
            Ok::<_, BundleError>(())
        })?;
        Ok(Some(data))
    }
}

/// The bundles in and below `dir`, sorted by path. Directories that can't be
/// read are passed over: they are not ours to complain about.
#[must_use]
pub fn find_bundles(dir: &Path) -> Vec<PathBuf> {
    look_below(dir).bundles
}

/// What is at and below a directory.
#[derive(Debug, Default)]
pub struct Below {
    /// Directories that look like bundles, sorted.
    pub bundles: Vec<PathBuf>,
    /// The directories around them, in which new bundles would appear.
    pub containers: Vec<PathBuf>,
}

/// Looks for bundles at and below `dir`, as [`find_bundles`].
#[must_use]
pub fn look_below(dir: &Path) -> Below {
    let mut below = Below::default();
    descend(dir, 0, &mut below);
    below.bundles.sort();
    below
}

fn descend(dir: &Path, depth: usize, below: &mut Below) {
    if formats::is_root(&|name: &str| dir.join(name).is_file()) {
        below.bundles.push(dir.to_owned());
        return;
    }
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    below.containers.push(dir.to_owned());
    for entry in entries.flatten() {
        let name = entry.file_name();
        let reserved = RESERVED.iter().any(|reserved| name == *reserved) || name == ".git";
        if depth < MAX_DEPTH && !reserved && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            descend(&entry.path(), depth + 1, below);
        }
    }
}

fn open(path: &Path) -> Result<std::fs::File, BundleError> {
    std::fs::File::open(path).map_err(|err| match err.kind() {
        ErrorKind::NotFound => BundleError::Changed { path: path.display().to_string(), what: "vanished" },
        _ => unreadable(path, &err),
    })
}

fn check_unchanged(
    path: &Path,
    file: &std::fs::File,
    read: u64,
    size: u64,
    modified: Option<SystemTime>,
) -> Result<(), BundleError> {
    let meta = file.metadata().map_err(|err| unreadable(path, &err))?;
    if read == size && meta.len() == size && meta.modified().ok() == modified {
        return Ok(());
    }
    Err(BundleError::Changed { path: path.display().to_string(), what: "changed" })
}

fn unreadable(path: &Path, err: &std::io::Error) -> BundleError {
    if err.kind() == ErrorKind::NotFound {
        return BundleError::Changed { path: path.display().to_string(), what: "vanished" };
    }
    BundleError::Unreadable { path: path.display().to_string(), reason: err.to_string() }
}

#[cfg(unix)]
fn bytes(name: &std::ffi::OsStr) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    name.as_bytes().to_vec()
}

#[cfg(not(unix))]
fn bytes(name: &std::ffi::OsStr) -> Vec<u8> {
    name.to_string_lossy().into_owned().into_bytes()
}

#[cfg(unix)]
fn is_executable(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_meta: &std::fs::Metadata) -> bool {
    false
}
