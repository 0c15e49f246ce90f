//! Changes to files that happen all or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Error, Result};

/// A change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Writes a file, in place of what is there.
    Write { path: PathBuf, content: Vec<u8>, mode: u32 },
    /// Gives a file another name, in place of what has it.
    Rename { from: PathBuf, to: PathBuf },
    /// Removes a file.
    Remove { path: PathBuf },
}

/// How to take a step back.
enum Back {
    Restore(PathBuf, Vec<u8>, fs::Permissions),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

/// Takes the steps. If one fails, those before it are taken back.
pub(super) fn apply(steps: &[Step]) -> Result<()> {
    // What is most likely to fail comes before anything is changed.
    let mut staged = steps.iter().map(stage).collect::<Result<Vec<_>>>()?;
    let mut done = Vec::new();
    for (step, file) in steps.iter().zip(&mut staged) {
        let result = take(step, file.take(), &mut done);
        if result.is_err() {
            // In the order in which they were: a rename has to make room first. The first error is the one to tell.
            done.into_iter().rev().for_each(|back| drop(go_back(back)));
            return result;
        }
    }
    Ok(())
}

/// Writes the new content to a file beside the one that it will replace.
fn stage(step: &Step) -> Result<Option<NamedTempFile>> {
    let Step::Write { path, content, mode } = step else { return Ok(None) };
    let dir = path.parent().unwrap_or(Path::new("."));
    let file = tempfile::Builder::new().prefix(".agentv-").tempfile_in(dir).map_err(Error::io("write", path))?;
    fs::write(file.path(), content).map_err(Error::io("write", path))?;
    set_mode(file.path(), *mode).map_err(Error::io("write", path))?;
    Ok(Some(file))
}

fn take(step: &Step, staged: Option<NamedTempFile>, done: &mut Vec<Back>) -> Result<()> {
    match (step, staged) {
        (Step::Write { path, .. }, Some(file)) => {
            let before = before(path)?;
            file.persist(path).map_err(|err| Error::io("write", path)(err.error))?;
            done.push(before);
        }
        (Step::Rename { from, to }, _) => {
            let before = before(to)?;
            fs::rename(from, to).map_err(Error::io("rename", from))?;
            // Undone last to first: the file goes back, then what it had replaced.
            done.push(before);
            done.push(Back::Rename(to.clone(), from.clone()));
        }
        (Step::Remove { path }, _) => {
            let before = before(path)?;
            fs::remove_file(path).map_err(Error::io("remove", path))?;
            done.push(before);
        }
        (Step::Write { .. }, None) => {}
    }
    Ok(())
}

/// How to get back what is at `path` now. Only regular files are ever replaced.
fn before(path: &Path) -> Result<Back> {
    let Ok(meta) = path.symlink_metadata() else { return Ok(Back::Remove(path.to_owned())) };
    let content = fs::read(path).map_err(Error::io("read", path))?;
    Ok(Back::Restore(path.to_owned(), content, meta.permissions()))
}

fn go_back(back: Back) -> std::io::Result<()> {
    match back {
        Back::Restore(path, content, permissions) => {
            fs::write(&path, content)?;
            fs::set_permissions(path, permissions)
        }
        Back::Remove(path) if path.symlink_metadata().is_err() => Ok(()),
        Back::Remove(path) => fs::remove_file(path),
        Back::Rename(from, to) => fs::rename(from, to),
    }
}

/// Sets who may do what with the file at `path`.
#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// There are no such rights.
#[cfg(not(unix))]
pub(super) fn set_mode(_path: &Path, _mode: u32) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_takes_those_before_it_back() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let files = || {
            let entry = |path: PathBuf| (path.file_name().unwrap().to_owned(), fs::read_to_string(path).unwrap());
            let mut found: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| entry(file.unwrap().path())).collect();
            found.sort();
            found
        };
        for (name, text) in [("edited", "a"), ("moved", "b"), ("replaced", "c"), ("over", "d"), ("removed", "e")] {
            fs::write(at(name), text).unwrap();
        }
        let write = |name: &str| Step::Write { path: at(name), content: b"new".to_vec(), mode: 0o755 };
        let rename = |from: &str, to: &str| Step::Rename { from: at(from), to: at(to) };
        let steps = vec![
            write("edited"),
            write("made"),
            rename("moved", "aside"),
            write("moved"),
            rename("replaced", "over"),
            Step::Remove { path: at("removed") },
        ];
        let before = files();
        let failing = [steps.clone(), vec![Step::Remove { path: at("nothing") }]].concat();
        assert!(matches!(apply(&failing), Err(Error::Io { action: "remove", .. })));
        assert_eq!(files(), before);
        let failing = [steps.clone(), vec![write("no/such/directory")]].concat();
        assert!(matches!(apply(&failing), Err(Error::Io { action: "write", .. })));
        assert_eq!(files(), before);
        apply(&steps).unwrap();
        let after: Vec<_> = files().into_iter().map(|(name, text)| format!("{}={text}", name.display())).collect();
        assert_eq!(after, ["aside=b", "edited=new", "made=new", "moved=new", "over=c"]);
    }
}
