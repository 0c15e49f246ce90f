//! Making the entries of a small pack: in the caller's thread, or in one of its own while the caller goes on.
//!
//! To deflate a run's files takes as long as to read, hash and place them. Done beside that it costs no time,
//! where there is a second core.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use flate2::Crc;

use super::entry::{Deflater, header, store, type_number};
use super::index::Indexed;
use crate::git::{Kind, Oid};

/// How many objects may wait for the thread.
const WAITING: usize = 64;
/// What deflating works on is on the heap.
const STACK: usize = 128 << 10;

/// A pack without its checksum.
pub(super) struct Packed {
    pub(super) data: Vec<u8>,
    pub(super) entries: Vec<Indexed>,
    /// Set up with the first entry: it has to clear a third of a megabyte.
    deflater: Option<Deflater>,
    failed: Option<io::Error>,
}

/// How an entry holds its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Deflated.
    Deflated,
    /// As it is, because little would be gained.
    Stored,
}

/// An object that is to become an entry.
type Job = (Kind, Oid, Form, Vec<u8>);

/// Who makes the entries.
pub(super) enum Packing {
    /// The caller.
    Here(Packed),
    /// A thread.
    There { jobs: SyncSender<Job>, thread: JoinHandle<Packed> },
}

impl Packed {
    fn new() -> Self {
        let data = b"PACK\0\0\0\x02\0\0\0\0".to_vec();
        Self { data, entries: Vec::new(), deflater: None, failed: None }
    }

    /// Forgets all but the first `count` entries.
    pub(super) fn truncate(&mut self, count: usize) {
        if let Some(entry) = self.entries.get(count) {
            self.data.truncate(entry.offset as usize);
            self.entries.truncate(count);
        }
    }

    /// Appends an entry. That it failed is told by [`Packing::finished`].
    fn add(&mut self, kind: Kind, id: Oid, form: Form, object: &[u8]) {
        if self.failed.is_none()
            && let Err(err) = self.try_add(kind, id, form, object)
        {
            self.failed = Some(err);
        }
    }

    fn try_add(&mut self, kind: Kind, id: Oid, form: Form, object: &[u8]) -> io::Result<()> {
        let start = self.data.len();
        let offset = u32::try_from(start).ok().filter(|&offset| offset < 1 << 31);
        let offset = offset.ok_or_else(|| io::Error::other("too much for a small pack"))?;
        self.data.extend(header(type_number(kind), object.len()));
        match form {
            Form::Deflated => self.deflater.get_or_insert_default().deflate(kind, object, &mut self.data)?,
            Form::Stored => store(object, &mut self.data),
        }
        let mut crc = Crc::new();
        crc.update(&self.data[start..]);
        self.entries.push(Indexed { id, crc: crc.sum(), offset });
        Ok(())
    }

    fn work(mut self, jobs: &Receiver<Job>) -> Self {
        self.deflater = Some(Deflater::default());
        for (kind, id, form, object) in jobs {
            self.add(kind, id, form, &object);
        }
        self
    }
}

impl Packing {
    /// Entries are made by whoever adds them.
    pub(super) fn here() -> Self {
        Self::Here(Packed::new())
    }

    /// Entries are made by a thread until [`Packing::finished`] is called; by whoever adds them if there can be no thread.
    pub(super) fn there() -> Self {
        let (jobs, receiver) = sync_channel(WAITING);
        let thread = Builder::new().stack_size(STACK).spawn(move || Packed::new().work(&receiver));
        thread.map_or_else(|_| Self::here(), |thread| Self::There { jobs, thread })
    }

    /// Adds an object.
    pub(super) fn add(&mut self, kind: Kind, id: Oid, form: Form, object: &[u8]) {
        match self {
            Self::Here(packed) => packed.add(kind, id, form, object),
            // A thread that is gone leaves fewer entries, which `finished` notices.
            Self::There { jobs, .. } => drop(jobs.send((kind, id, form, object.to_vec()))),
        }
    }

    /// The pack with all `count` entries that were added. Further ones are made by whoever adds them.
    pub(super) fn finished(&mut self, count: usize) -> io::Result<&mut Packed> {
        let made = match std::mem::replace(self, Self::Here(Packed::new())) {
            Self::Here(packed) => packed,
            Self::There { jobs, thread } => {
                // It ends when it has made all of them.
                drop(jobs);
                thread.join().map_err(|_| io::Error::other("the thread that deflates died"))?
            }
        };
        *self = Self::Here(made);
        let Self::Here(packed) = self else { unreachable!("it was just put there") };
        match packed.failed.take() {
            Some(err) => Err(err),
            None if packed.entries.len() < count => Err(io::Error::other("entries are missing")),
            None => Ok(packed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(n: u8) -> (Kind, Oid, Vec<u8>) {
        let id = Oid::from_hex(format!("{n:040x}").as_bytes()).expect("it is an id");
        let kind = if n.is_multiple_of(5) { Kind::Commit } else { Kind::Blob };
        (kind, id, (0..u32::from(n) * 300).map(|at| (at * u32::from(n) % 251) as u8).collect())
    }

    fn add(packing: &mut Packing, objects: std::ops::Range<u8>) {
        for (kind, id, data) in objects.map(object) {
            let form = if data.len().is_multiple_of(7) { Form::Stored } else { Form::Deflated };
            packing.add(kind, id, form, &data);
        }
    }

    #[test]
    fn a_thread_makes_what_the_caller_would() {
        let (mut here, mut there) = (Packing::here(), Packing::there());
        assert!(matches!(there, Packing::There { .. }));
        // More than may wait; then some are taken back, and others follow.
        for packing in [&mut here, &mut there] {
            add(packing, 1..200);
            packing.finished(199).expect("all are there").truncate(150);
            add(packing, 200..210);
        }
        let (here, there) = (here.finished(160).expect("all are there"), there.finished(160).expect("all are there"));
        assert!(here.data == there.data);
        let parts = |packed: &Packed| packed.entries.iter().map(|e| (e.id, e.crc, e.offset)).collect::<Vec<_>>();
        assert_eq!(parts(here), parts(there));
    }

    #[test]
    fn what_is_missing_is_noticed() {
        let mut packing = Packing::there();
        add(&mut packing, 1..3);
        assert!(packing.finished(3).is_err());
    }
}
