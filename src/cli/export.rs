//! `git agentv export`

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::store::{StoredFile, StoredRun};

use super::args::Export;
use super::context::Context;
use super::failure::Failure;
use super::human::plural;
use super::places::Places;
use super::progress::Progress;

pub(super) fn run(context: &mut Context, args: &Export) -> Result<ExitCode, Failure> {
    let repo = context.repo_to_read()?;
    let places = Places::of(context, &repo);
    let (run, _) = places.find(&args.run)?;
    run.fetch()?;
    let files = run.files()?;
    let dir = context.path(&args.dir);
    let shown = args.dir.display();
    let taken = match fs::read_dir(&dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => false,
        Err(err) => return Err(Failure::new(format!("cannot write to '{shown}': {err}"))),
    };
    if taken {
        return Err(Failure::new(format!("'{shown}' is not empty")).hint("name a directory that does not exist"));
    }
    // Everything is written beside its place first: DIR holds the whole run or nothing.
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |err: std::io::Error| Failure::new(format!("cannot write to '{shown}': {err}"));
    fs::create_dir_all(parent).map_err(failed)?;
    let scratch = tempfile::Builder::new().prefix(".agentv-export-").tempdir_in(parent).map_err(failed)?;
    let whole = scratch.path().join("run");
    fs::create_dir(&whole).map_err(failed)?;
    let mut progress = Progress::new(&context.ui, "exporting");
    for (done, file) in files.iter().enumerate() {
        progress.set(done, files.len());
        write(&run, file, &whole)?;
    }
    drop(progress);
    let _ = fs::remove_dir(&dir);
    fs::rename(&whole, &dir).map_err(failed)?;
    let mut out = context.ui.out(None);
    writeln!(out, "{} of run {} in {shown}", plural(files.len(), "file"), run.id())?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn write(run: &StoredRun<'_>, file: &StoredFile, dir: &Path) -> Result<(), Failure> {
    let path = relative(&file.path)?;
    let failed = |err: std::io::Error| Failure::new(format!("cannot write '{}': {err}", path.display()));
    let target = dir.join(&path);
    fs::create_dir_all(target.parent().unwrap_or(dir)).map_err(failed)?;
    let mut to = File::create_new(&target).map_err(failed)?;
    run.read(file, &mut |piece| to.write_all(piece))?;
    if file.executable {
        make_executable(&to).map_err(failed)?;
    }
    Ok(())
}

/// A stored path as one of this system that stays inside the directory it is joined to.
fn relative(path: &[u8]) -> Result<PathBuf, Failure> {
    let unsafe_path =
        || Failure::new(format!("refusing to write the path '{}'", String::from_utf8_lossy(path).escape_debug()));
    if path.split(|&b| b == b'/').any(|part| !crate::run::is_valid_name(part)) {
        return Err(unsafe_path());
    }
    os_path(path).filter(|path| path.is_relative()).ok_or_else(unsafe_path)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere a path must be UTF-8")]
fn os_path(path: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(path)))
}

#[cfg(not(unix))]
fn os_path(path: &[u8]) -> Option<PathBuf> {
    String::from_utf8(path.to_vec()).ok().map(PathBuf::from)
}

#[cfg(unix)]
fn make_executable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode();
    // As git does: whoever may read it may execute it.
    file.set_permissions(fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))
}

#[cfg(not(unix))]
fn make_executable(_file: &File) -> std::io::Result<()> {
    Ok(())
}
