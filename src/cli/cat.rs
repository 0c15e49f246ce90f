//! `git agentv cat`

use std::io::Write;
use std::process::ExitCode;

use super::args::Cat;
use super::context::Context;
use super::failure::Failure;
use super::output::sanitize_lines;
use super::places::Places;

pub(super) fn run(context: &mut Context, args: &Cat) -> Result<ExitCode, Failure> {
    let repo = context.repo_to_read()?;
    let places = Places::of(context, &repo);
    let (run, _) = places.find(&args.run)?;
    let path = path_bytes(&args.path);
    let mut out = context.ui.out(Some(&repo));
    let terminal = context.ui.is_terminal();
    let mut broken_pipe = false;
    let result = run.read_file(&path, &mut |piece| {
        let written = if terminal {
            out.write_all(sanitize_lines(&String::from_utf8_lossy(piece)).as_bytes())
        } else {
            out.write_all(piece)
        };
        broken_pipe |= written.as_ref().is_err_and(|err| err.kind() == std::io::ErrorKind::BrokenPipe);
        written
    });
    if broken_pipe {
        return Err(Failure::silent(0));
    }
    result?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(unix)]
fn path_bytes(path: &std::ffi::OsStr) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_bytes().to_vec()
}

#[cfg(not(unix))]
fn path_bytes(path: &std::ffi::OsStr) -> Vec<u8> {
    path.to_string_lossy().replace('\\', "/").into_bytes()
}
