//! Loose objects: one file each.
//!
//! gix can write them too, but sets up a new compressor for each object: 300 KB of
//! memory that is touched and thrown away, which costs more than all else
//! that recording a run does. Format: `gitformat-loose(5)`.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use flate2::{Compress, Compression, FlushCompress, Status};

use super::{Kind, Oid};

/// The loose objects of one object directory.
pub(super) struct Loose {
    dir: PathBuf,
    state: RefCell<State>,
}

struct State {
    compress: Compress,
    deflated: Vec<u8>,
    count: u64,
}

impl Loose {
    pub(super) fn new(dir: PathBuf) -> Self {
        // Level 1 is 5 % larger than the default and takes half the time.
        let state = State { compress: Compress::new(Compression::fast(), true), deflated: Vec::new(), count: 0 };
        Self { dir, state: RefCell::new(state) }
    }

    pub(super) fn path(&self, id: &Oid) -> PathBuf {
        let hex = id.to_string();
        self.dir.join(&hex[..2]).join(&hex[2..])
    }

    /// Reads an object; none if it is not here as a loose file that we can make sense of.
    pub(super) fn read(&self, id: &Oid) -> Option<(Kind, Vec<u8>)> {
        let deflated = fs::read(self.path(id)).ok()?;
        let mut data = Vec::new();
        flate2::read::ZlibDecoder::new(deflated.as_slice()).read_to_end(&mut data).ok()?;
        let end = data.iter().position(|&b| b == 0)?;
        let (kind, size) = std::str::from_utf8(&data[..end]).ok()?.split_once(' ')?;
        let kind = [Kind::Blob, Kind::Tree, Kind::Commit].into_iter().find(|known| known.name() == kind)?;
        let size: Option<usize> = size.parse().ok();
        data.drain(..=end);
        (size == Some(data.len())).then_some((kind, data))
    }

    /// Whether an object is here as a loose file.
    pub(super) fn has(&self, id: &Oid) -> bool {
        self.path(id).is_file()
    }

    /// Writes an object whose id is known. It appears whole or not at all.
    pub(super) fn write(&self, id: &Oid, kind: Kind, data: &[u8], sync: bool) -> io::Result<()> {
        let mut state = self.state.borrow_mut();
        state.deflate(kind, data)?;
        state.count += 1;
        let path = self.path(id);
        let dir = path.parent().expect("an object is in a directory");
        // `git prune` knows files of this name and removes those that a killed process left.
        let temporary = dir.join(format!("tmp_obj_{}_{}", std::process::id(), state.count));
        let result = create(dir, &temporary).and_then(|mut file| {
            file.write_all(&state.deflated)?;
            if sync { file.sync_all() } else { Ok(()) }
        });
        let result = result.and_then(|()| fs::rename(&temporary, &path));
        if result.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        result
    }
}

impl State {
    fn deflate(&mut self, kind: Kind, data: &[u8]) -> io::Result<()> {
        self.compress.reset();
        self.deflated.clear();
        let header = format!("{} {}\0", kind.name(), data.len());
        for (piece, flush) in [(header.as_bytes(), FlushCompress::None), (data, FlushCompress::Finish)] {
            let mut rest = piece;
            loop {
                self.deflated.reserve(rest.len() / 2 + 256);
                let before = self.compress.total_in();
                let status = self.compress.compress_vec(rest, &mut self.deflated, flush).map_err(io::Error::other)?;
                let taken = usize::try_from(self.compress.total_in() - before).map_err(io::Error::other)?;
                rest = &rest[taken..];
                let more = if flush == FlushCompress::Finish { status != Status::StreamEnd } else { !rest.is_empty() };
                if !more {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Creates the file, and its directory if it is the first in it.
fn create(dir: &Path, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o444);
    }
    match options.open(path) {
        Err(err) if err.kind() == ErrorKind::NotFound => {
            fs::create_dir(dir)
                .or_else(|err| if err.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(err) })?;
            options.open(path)
        }
        // What a killed process with our number left.
        Err(err) if err.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)
        }
        result => result,
    }
}
