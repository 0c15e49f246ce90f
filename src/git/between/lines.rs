//! Where two long lines of commits part, read by two threads.
//!
//! A history of runs is one line of commits but for its merges, and what two clones recorded since they last met has none. There the
//! commits that only one has are those before the newest that both lines have, whatever their dates say.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::hashtable::HashMap;

use super::walk::Walked;
use crate::git::{CommitInfo, Kind, Oid, Repo};

/// Lines are told of after so many commits.
const STEP: usize = 32;
/// Lines that are longer than this are not read here: one of them may be read much further than where they part.
const MOST: usize = 1 << 14;

/// What both threads know.
struct Met {
    /// The commits of the lines as far as they were told of, and whose they are.
    seen: Mutex<HashMap<Oid, usize>>,
    /// Whether a commit of both was met, or one of them can't be read on here.
    enough: AtomicBool,
    /// The date to which a line was read that is no line any more, in seconds since 1970: where dates never go back, no older commit is in it.
    ended: AtomicI64,
}

/// Reads both lines until they meet; none if they do not, or not soon.
pub(super) fn apart(repo: &Repo, ours: &Oid, theirs: &Oid) -> Option<Walked> {
    let met = Met { seen: Mutex::default(), enough: AtomicBool::new(false), ended: AtomicI64::new(i64::MIN) };
    let objects = repo.objects();
    repo.packs().expect_many();
    let (ours, theirs) = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let reader = objects.open();
            read(|id| reader.read(id, Kind::Commit), theirs, 1, &met)
        });
        let ours = read(|id| repo.try_read(id, Kind::Commit).ok().flatten(), ours, 0, &met);
        Some((ours, other.join().ok()?))
    })?;
    let places: HashMap<Oid, usize> = ours.iter().enumerate().map(|(at, commit)| (commit.id, at)).collect();
    let (at, place) = theirs.iter().enumerate().find_map(|(at, commit)| Some((at, *places.get(&commit.id)?)))?;
    let base = theirs[at].id;
    let until = |mut line: Vec<CommitInfo>, at: usize| {
        line.truncate(at);
        line
    };
    Some(Walked { ours: until(ours, place), theirs: until(theirs, at), edge: vec![base] })
}

/// Reads a line until a commit of it is known to be of both. What is not here, or can't be read, ends it.
fn read(object: impl Fn(&Oid) -> Option<Vec<u8>>, tip: &Oid, line: usize, met: &Met) -> Vec<CommitInfo> {
    let (mut commits, mut next): (Vec<CommitInfo>, _) = (Vec::new(), Some(*tip));
    let mut told = 0;
    while let Some(id) = next {
        let Some(commit) = object(&id).and_then(|data| CommitInfo::from_vec(id, data).ok()) else {
            met.enough.store(true, Ordering::Release);
            break;
        };
        next = if let [parent] = commit.parents[..] { Some(parent) } else { None };
        commits.push(commit);
        if commits.len() % STEP == 0 {
            tell(&commits[told..], line, met);
            told = commits.len();
            let is_older = commits[told - 1].committed < met.ended.load(Ordering::Acquire);
            if met.enough.load(Ordering::Acquire) || is_older || told >= MOST {
                break;
            }
        }
    }
    tell(&commits[told..], line, met);
    if next.is_none() {
        let date = commits.last().map_or(i64::MAX, |commit| commit.committed);
        met.ended.fetch_max(date, Ordering::AcqRel);
    }
    commits
}

/// Tells the other thread of commits, and finds those that it told of.
fn tell(commits: &[CommitInfo], line: usize, met: &Met) {
    let mut seen = met.seen.lock().unwrap_or_else(PoisonError::into_inner);
    for commit in commits {
        if seen.insert(commit.id, line).is_some_and(|other| other != line) {
            met.enough.store(true, Ordering::Release);
        }
    }
}
