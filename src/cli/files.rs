//! `git agentv files`

use std::process::ExitCode;

use serde::Serialize;

use super::args::{Files, Format};
use super::context::Context;
use super::failure::Failure;
use super::human::bytes;
use super::output::{GREEN, sanitize};
use super::places::Places;
use super::records;
use super::table::{Cell, Column, print};

#[derive(Serialize)]
struct File {
    path: String,
    size: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    executable: bool,
    object: String,
}

pub(super) fn run(context: &mut Context, args: &Files) -> Result<ExitCode, Failure> {
    let repo = context.repo_to_read()?;
    let places = Places::of(context, &repo);
    let files = places.find(&args.run)?.0.files()?;
    let files: Vec<File> = files
        .iter()
        .map(|file| File {
            path: String::from_utf8_lossy(&file.path).into_owned(),
            size: file.size,
            executable: file.executable,
            object: file.object.to_string(),
        })
        .collect();
    let mut out = context.ui.out(Some(&repo));
    if args.format == Format::Table {
        let columns = [Column::right("SIZE"), Column::left("PATH")];
        let row = |file: &File| {
            let path = sanitize(&file.path).into_owned();
            vec![Cell::new(bytes(file.size)), if file.executable { Cell::styled(path, GREEN) } else { Cell::new(path) }]
        };
        // A path is there to be copied: it is never cut.
        print(&mut out, &columns, &files.iter().map(row).collect::<Vec<_>>(), None)?;
    } else {
        records::print(&mut out, args.format, "files", &["path", "size", "executable", "object"], &files)?;
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
