//! Sharing runs through a remote: fetch, union merge, push.
//!
//! A push never forces anything: it moves the remote's ref from the commit that was seen to one on top of it. Whoever loses a race merges what the other
//! pushed and tries again; whoever keeps losing leaves its commits in an inbox of its own, which the next sync of anyone folds in.
//! Nothing here prints, and nothing is remembered between the steps but refs: an interrupted sync is completed by the next one.

mod error;
mod lock;
pub mod places;
mod remote;
pub mod results;

use std::time::{Duration, Instant};

use crate::git::{Moved, Oid, PushRef, RefPush, Remote, Repo};
use crate::store::{How, RUNS_REF, Store, Traffic};

pub use error::{Error, Result};
pub use remote::{elect, is_known, tracking_ref};

use remote::{inbox_prefix, refspecs, remember, writer};

/// Races in a row after which the inbox is used.
const RACES: u32 = 8;
/// Nobody tries for longer than this.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a refusal may be one of the host's own locks.
const REFUSALS: u32 = 3;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Merge what the remote has into the own runs. A push does so, too.
    pub merge: bool,
    /// Push.
    pub push: bool,
    /// Change nothing but what is known of the remote.
    pub dry_run: bool,
}

/// What a sync came to.
#[derive(Debug, Clone, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Synced {
    /// Runs that came from the remote, or would come.
    pub received: Traffic,
    /// About how many bytes they take; absent if it could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
    /// Runs that went to the remote, or would go.
    pub sent: Traffic,
    /// About how many bytes they take; absent if it could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_bytes: Option<u64>,
    /// Runs that both sides had changed.
    pub merged: usize,
    /// Inboxes of others that were folded in.
    pub folded: Vec<String>,
    /// What of the remote was left alone, and why.
    pub left: Vec<String>,
    /// The inbox that took the runs, because others kept being faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbox: Option<String>,
    /// How often the push was tried.
    pub attempts: u32,
}

/// What is going to be pushed, for who has to agree.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Runs that go.
    pub sent: Traffic,
    /// About how many bytes; none if it could not be told.
    pub bytes: Option<u64>,
}

/// Asks and tells while a sync runs.
pub trait Listener {
    /// Whether to push for the first time to this remote.
    fn agree(&mut self, remote: &Remote, plan: Plan) -> bool;
    /// What git is doing.
    fn progress(&mut self, line: &str);
}

/// Syncs the runs of `repo` with a remote.
pub fn sync(repo: &Repo, remote: &Remote, steps: Steps, listener: &mut dyn Listener) -> Result<Synced> {
    repo.ensure_git().map_err(Error::from)?;
    let _lock = lock::take(repo)?;
    Sync { repo, store: Store::new(repo, RUNS_REF), remote, steps }.run(listener)
}

struct Sync<'a> {
    repo: &'a Repo,
    store: Store<'a>,
    remote: &'a Remote,
    steps: Steps,
}

/// What the remote has, as it was last seen.
struct Seen {
    tip: Option<Oid>,
    /// Name of each inbox on the remote, and its tip.
    inboxes: Vec<(String, Oid)>,
}

impl Sync<'_> {
    fn run(&self, listener: &mut dyn Listener) -> Result<Synced> {
        let (start, mut synced) = (Instant::now(), Synced::default());
        let (mut races, mut refusals) = (0, 0);
        let before = self.store.tip_id()?;
        let mut agreed = is_known(self.repo, self.remote);
        let mut seen = self.fetch(listener, &mut synced)?;
        loop {
            let folded = self.merge(&seen, &mut synced)?;
            self.count_received(before, &seen, &mut synced)?;
            let ours = self.store.tip_id()?;
            let Some(tip) = ours.filter(|_| self.steps.push) else { return Ok(synced) };
            if seen.tip == Some(tip) {
                self.clear(&folded, listener, &mut synced);
                return Ok(synced);
            }
            let known: Vec<Oid> = seen.tip.into_iter().chain(seen.inboxes.iter().map(|(_, id)| *id)).collect();
            synced.sent = self.store.traffic(&tip, &known)?;
            synced.sent_bytes = self.repo.bytes_not_in(&tip, &known);
            if self.steps.dry_run {
                return Ok(synced);
            }
            if !agreed && !listener.agree(self.remote, Plan { sent: synced.sent, bytes: synced.sent_bytes }) {
                return Err(Error::NotAgreed);
            }
            agreed = true;
            synced.attempts += 1;
            let what = PushRef { name: RUNS_REF, new: Some(tip), old: seen.tip };
            match self.repo.push(&self.remote.name, what, &mut |line| listener.progress(line))? {
                RefPush::Done => {
                    remember(self.repo, self.remote);
                    self.note(&tip, seen.tip)?;
                    self.clear(&folded, listener, &mut synced);
                    return Ok(synced);
                }
                RefPush::Rejected(reason) => {
                    tracing::debug!(%reason, races, refusals, "push rejected");
                    // Whether it was a race shows in the ref, never in words alone.
                    let now = self.fetch(listener, &mut synced)?;
                    if now.tip != seen.tip {
                        races += 1;
                    } else if is_lock(&reason) && refusals < REFUSALS {
                        refusals += 1;
                    } else {
                        return Err(Error::Refused { remote: self.remote.name.clone(), reason });
                    }
                    seen = now;
                }
            }
            if races + refusals >= RACES || start.elapsed() > PATIENCE {
                return self.leave_in_inbox(listener, synced);
            }
            std::thread::sleep(pause(races + refusals));
        }
    }

    /// Looks at what the remote has.
    fn fetch(&self, listener: &mut dyn Listener, synced: &mut Synced) -> Result<Seen> {
        let name = &self.remote.name;
        self.repo.fetch(name, &refspecs(name), &mut |line| listener.progress(line))?;
        let tracking = tracking_ref(name);
        let tip = Store::new(self.repo, &tracking).tip_id()?;
        let (mut inboxes, prefix) = (Vec::new(), inbox_prefix(name));
        for (full, id) in self.repo.refs_below(&prefix)? {
            let short = full.strip_prefix(&prefix).unwrap_or(&full).to_owned();
            match Store::new(self.repo, &full).tip_id() {
                Ok(_) => inboxes.push((short, id)),
                Err(err) => {
                    let line = format!("refs/agentv/inbox/{short}: {err}");
                    if !synced.left.contains(&line) {
                        synced.left.push(line);
                    }
                }
            }
        }
        Ok(Seen { tip, inboxes })
    }

    /// Merges what was seen. Returns the inboxes that the own runs contain now.
    fn merge(&self, seen: &Seen, synced: &mut Synced) -> Result<Vec<(String, Oid)>> {
        if self.steps.dry_run || !(self.steps.merge || self.steps.push) {
            return Ok(Vec::new());
        }
        if let Some(tip) = &seen.tip {
            let merged = self.store.merge(tip)?;
            synced.merged += merged.both;
        }
        for (_, id) in &seen.inboxes {
            let merged = self.store.merge(id)?;
            if merged.how != How::Nothing {
                synced.merged += merged.both;
            }
        }
        Ok(seen.inboxes.clone())
    }

    fn count_received(&self, before: Option<Oid>, seen: &Seen, synced: &mut Synced) -> Result<()> {
        let known: Vec<Oid> = before.into_iter().collect();
        let mut bytes = Some(0);
        let (mut all, mut done) = (Traffic::default(), known);
        for tip in seen.tip.iter().chain(seen.inboxes.iter().map(|(_, id)| id)) {
            let one = self.store.traffic(tip, &done)?;
            all = Traffic { new: all.new + one.new, changed: all.changed + one.changed };
            bytes = bytes.zip(self.repo.bytes_not_in(tip, &done)).map(|(all, one)| all + one);
            done.push(*tip);
        }
        (synced.received, synced.received_bytes) = (all, bytes);
        Ok(())
    }

    /// Notes what the remote has now.
    fn note(&self, tip: &Oid, old: Option<Oid>) -> Result<()> {
        let tracking = tracking_ref(&self.remote.name);
        let moved = self.repo.start_ref_move("agentv: push")?.finish(self.repo, &tracking, tip, old.as_ref())?;
        if let Moved::Refused(reason) = moved {
            // The next fetch sees it anyhow.
            tracing::debug!(%reason, "{tracking} not moved");
        }
        Ok(())
    }

    /// Deletes inboxes whose commits the remote's ref has. Somebody may have added to one: then it stays.
    fn clear(&self, inboxes: &[(String, Oid)], listener: &mut dyn Listener, synced: &mut Synced) {
        for (name, id) in inboxes.iter().filter(|_| !self.steps.dry_run) {
            let full = format!("refs/agentv/inbox/{name}");
            let what = PushRef { name: &full, new: None, old: Some(*id) };
            match self.repo.push(&self.remote.name, what, &mut |line| listener.progress(line)) {
                Ok(RefPush::Done) => synced.folded.push(name.clone()),
                Ok(RefPush::Rejected(reason)) => tracing::debug!(%name, %reason, "inbox stays"),
                Err(err) => tracing::debug!(%name, %err, "inbox stays"),
            }
        }
    }

    /// Pushes to where nobody else does.
    fn leave_in_inbox(&self, listener: &mut dyn Listener, mut synced: Synced) -> Result<Synced> {
        let writer = writer(self.repo)?;
        let seen = self.fetch(listener, &mut synced)?;
        let (Some(_), Some(tip)) = (self.merge(&seen, &mut synced).ok(), self.store.tip_id()?) else {
            return Ok(synced);
        };
        let full = format!("refs/agentv/inbox/{writer}");
        let old = seen.inboxes.iter().find(|(name, _)| *name == writer).map(|(_, id)| *id);
        let what = PushRef { name: &full, new: Some(tip), old };
        match self.repo.push(&self.remote.name, what, &mut |line| listener.progress(line))? {
            RefPush::Done => {
                remember(self.repo, self.remote);
                synced.inbox = Some(full);
                Ok(synced)
            }
            RefPush::Rejected(reason) => Err(Error::Refused { remote: self.remote.name.clone(), reason }),
        }
    }
}

/// Whether a host says that one of its locks was taken. It is only asked when the ref did not move.
fn is_lock(reason: &str) -> bool {
    [
        "lock",
        "failed to update ref",
        "incorrect old value",
        "stale info",
        "fetch first",
        "non-fast-forward",
        "reference already exists",
    ]
    .iter()
    .any(|words| reason.contains(words))
}

/// A pause that grows and differs between processes, so that they do not meet again.
fn pause(attempt: u32) -> Duration {
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
    let spread = u64::from((nanos ^ std::process::id().wrapping_mul(0x9e37_79b9)) % 1000);
    Duration::from_micros(spread * 60 * u64::from(attempt.min(8)))
}
