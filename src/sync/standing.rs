//! How far this clone and a remote are apart, as of the last time that somebody looked, and what could not be sent by itself.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::git::{Oid, Remote, Repo};
use crate::store::{RUNS_REF, Store, Traffic};

use super::remote::inbox_prefix;
use super::{Result, last_fetch, tracking_ref};

/// Automatic pushes that failed: lines `<seconds since 1970> <remote><tab><reason>`.
const NOT_SENT: &str = "not-sent";

/// How far this clone and a remote are apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// What only this clone has; none if nothing is known of the remote's runs.
    pub ahead: Option<Traffic>,
    /// What only the remote has.
    pub behind: Traffic,
    /// When it was last looked at, in seconds since 1970; none if that is not known.
    pub looked: Option<i64>,
}

/// An automatic push that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSent {
    /// When, in seconds since 1970.
    pub at: i64,
    /// Why.
    pub reason: String,
}

/// How far `repo` and `remote` are apart. Only commits that one of them lacks are read.
pub fn standing(repo: &Repo, remote: &Remote) -> Result<Standing> {
    let looked = last_fetch(repo, remote);
    let (store, tracking) = (Store::new(repo, RUNS_REF), tracking_ref(&remote.name));
    let inboxes = repo.refs_below(&inbox_prefix(&remote.name))?.into_iter().map(|(name, _)| name);
    let (mut theirs, mut there): (Vec<Oid>, _) = (Vec::new(), false);
    for name in std::iter::once(tracking).chain(inboxes) {
        // One that is none of ours is told by a sync.
        if let Ok(Some(tip)) = Store::new(repo, &name).tip_id() {
            there = true;
            theirs.push(tip);
        }
    }
    let ours = store.tip_id()?;
    let ahead = match &ours {
        Some(tip) if there && !theirs.contains(tip) => Some(store.traffic(tip, &theirs)?),
        _ => there.then(Traffic::default),
    };
    let (mut behind, mut known) = (Traffic::default(), ours.into_iter().collect::<Vec<_>>());
    for tip in theirs {
        if !known.contains(&tip) {
            let one = store.traffic(&tip, &known)?;
            behind = Traffic { new: behind.new + one.new, changed: behind.changed + one.changed };
            known.push(tip);
        }
    }
    Ok(Standing { ahead, behind, looked })
}

/// Notes that an automatic push to a remote failed.
pub fn note_not_sent(repo: &Repo, remote: &str, reason: &str) {
    let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    put(repo, NOT_SENT, remote, |rest| is_of(rest, remote), Some(&format!("{remote}\t{reason}")));
}

/// The automatic push to a remote that failed, unless one went through since.
#[must_use]
pub fn not_sent(repo: &Repo, remote: &str) -> Option<NotSent> {
    let (at, rest) = lines(repo, NOT_SENT).into_iter().find(|(_, rest)| is_of(rest, remote))?;
    Some(NotSent { at, reason: rest.split_once('\t')?.1.to_owned() })
}

/// Notes that a push to a remote went through.
pub(super) fn forget_not_sent(repo: &Repo, remote: &str) {
    if not_sent(repo, remote).is_some() {
        put(repo, NOT_SENT, remote, |rest| is_of(rest, remote), None);
    }
}

fn is_of(rest: &str, remote: &str) -> bool {
    rest.split_once('\t').is_some_and(|(name, _)| name == remote)
}

/// The lines of a file of ours: when, and the rest.
fn lines(repo: &Repo, file: &str) -> Vec<(i64, String)> {
    let text = std::fs::read_to_string(repo.agentv_dir().join(file)).unwrap_or_default();
    let line = |line: &str| line.split_once(' ').and_then(|(at, rest)| Some((at.parse().ok()?, rest.to_owned())));
    text.lines().filter_map(line).collect()
}

/// Puts a line of now into a file, in place of those that `replaced` names. Only what is told depends on it, so who can't write
/// goes without, and of two that write at once one may lose.
fn put(repo: &Repo, file: &str, remote: &str, replaced: impl Fn(&str) -> bool, new: Option<&str>) {
    // A name with a line break in it is one that git itself would not take.
    if remote.contains(['\n', '\t']) {
        return;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs().cast_signed());
    let others = lines(repo, file).into_iter().filter(|(_, rest)| !replaced(rest));
    let all = others.chain(new.map(|new| (now, new.to_owned())));
    let text = all.fold(String::new(), |text, (at, rest)| text + &format!("{at} {rest}\n"));
    let (dir, path) = (repo.agentv_dir(), repo.agentv_dir().join(file));
    let _ = repo.create_dir(&dir);
    let written = tempfile::Builder::new().prefix(".told-").tempfile_in(&dir).and_then(|new| {
        std::fs::write(new.path(), text)?;
        new.persist(&path).map_err(|err| err.error)
    });
    if written.is_ok() {
        repo.share(&path);
    }
}
