//! One sync with one remote: fetch, merge and push, again and again until nothing is left or others keep being faster.

mod inbox;

use std::cell::Cell;

use crate::git::{Moved, Oid, PushRef, RefPush, Repo};
use crate::store::{self, Store, Succession};

use super::pace::{Pace, is_lock};
use super::pair::Pair;
use super::remote::{Noted, is_known};
use super::{Error, Listener, Plan, Remote, Result, Steps, Synced, fetch};

/// A sync that goes on.
pub(super) struct Sync<'a> {
    repo: &'a Repo,
    store: Store<'a>,
    remote: &'a Remote,
    pair: &'a Pair,
    steps: Steps,
    /// The addresses that a push goes to.
    to: Vec<String>,
    /// Whether all was fetched already that may be missing.
    filled: Cell<bool>,
}

/// What the remote has, as it was last seen.
#[derive(Default)]
struct Seen {
    tip: Option<Oid>,
    /// Name of each inbox on the remote, and its tip.
    inboxes: Vec<(String, Oid)>,
}

/// What came from the remote.
#[derive(Default)]
struct Came {
    seen: Seen,
    /// Tips of its runs that were seen before.
    tips: Vec<Oid>,
    /// What we pushed: that came from nobody.
    pushed: Option<Oid>,
    /// Whether the inboxes are taken in, too.
    folded: bool,
    /// Whether the remote has files of runs that were compacted here.
    stripped: bool,
}

impl<'a> Sync<'a> {
    /// A sync of `store` with a remote. `to` are the addresses that a push goes to.
    pub(super) fn new(store: Store<'a>, remote: &'a Remote, pair: &'a Pair, steps: Steps, to: Vec<String>) -> Self {
        Self { repo: store.repo(), store, remote, pair, steps, to, filled: Cell::new(false) }
    }

    /// Does it.
    pub(super) fn run(&self, listener: &mut dyn Listener) -> Result<Synced> {
        let mut synced = Synced::default();
        let before: Vec<Oid> = self.store.tip_id()?.into_iter().collect();
        let mut came = Came { seen: self.fetch(true, listener, &mut synced)?, ..Came::default() };
        self.exchange(&mut came, listener, &mut synced)?;
        came.note_tip();
        if came.folded || !self.steps.push || self.steps.dry_run {
            came.tips.extend(came.seen.inboxes.iter().map(|(_, id)| *id));
        }
        (synced.received, synced.received_bytes) = self.store.news(&came.tips, &before)?;
        let moved = self.repo.bytes_moved().received;
        synced.received_bytes = Some(moved).filter(|&moved| moved > 0).or(synced.received_bytes);
        Ok(synced)
    }

    /// Merges and pushes until the remote has all that we have, or our inbox does.
    fn exchange(&self, came: &mut Came, listener: &mut dyn Listener, synced: &mut Synced) -> Result<()> {
        let (mut pace, mut agreed) = (Pace::new(), is_known(self.repo, &self.to));
        let mut is_sent = false;
        loop {
            self.merge(came, synced)?;
            self.dress()?;
            let ours = self.store.tip_id()?;
            if ours.is_none() && self.steps.fold && !self.steps.dry_run && !came.folded {
                // Nobody has any runs, but for those in inboxes.
                came.folded = true;
                continue;
            }
            let Some(tip) = ours.filter(|_| self.steps.push) else { return Ok(()) };
            let known: Vec<Oid> = came.seen.all().collect();
            if self.steps.dry_run {
                (synced.sent, synced.sent_bytes) = self.store.news(&[tip], &known)?;
                return Ok(());
            }
            if came.seen.tip != Some(tip) {
                if !agreed {
                    let (sent, bytes) = self.store.news(&[tip], &known)?;
                    if !listener.agree(&self.shown(), &Plan { sent, bytes, to: &self.to }) {
                        return Err(Error::NotAgreed);
                    }
                }
                agreed = true;
                self.fetch_what_goes(&tip, &known, listener)?;
                synced.attempts += 1;
                let rewrites = self.rewrites(&tip, came)?;
                let what = PushRef { name: &self.pair.there, new: Some(tip), old: came.seen.tip };
                match self.repo.push(&self.remote.name, what, &mut |line| listener.progress(line))? {
                    RefPush::Done => {
                        self.remember();
                        self.note(&self.pair.tracking, &tip, came.seen.tip)?;
                        if let Some(old) = came.seen.tip.filter(|_| rewrites) {
                            synced.rewrote = Some(old.to_string());
                        }
                        came.note_tip();
                        (came.seen.tip, came.pushed) = (Some(tip), Some(tip));
                    }
                    RefPush::Rejected(reason) => {
                        tracing::debug!(%reason, ?pace, "push rejected");
                        // Whether it was a race shows in the ref, never in words alone.
                        let now = self.fetch(self.steps.fold, listener, synced)?;
                        if now.tip != came.seen.tip {
                            pace.lost();
                        } else if !(is_lock(&reason) && pace.locked()) {
                            return Err(if rewrites {
                                Error::NotRewritten { remote: self.pair.shown.clone(), reason }
                            } else {
                                self.refused(reason)
                            });
                        }
                        came.note_tip();
                        came.seen.tip = now.tip;
                        if self.steps.fold {
                            came.seen.inboxes = now.inboxes;
                        }
                        if !pace.is_crowded() {
                            pace.wait();
                        } else if is_sent {
                            // Ours is there. What is in the inboxes stays in them.
                            return Ok(());
                        } else {
                            (synced.sent, synced.sent_bytes) = self.store.news(&[tip], &known)?;
                            return self.leave_in_inbox(came, listener, synced);
                        }
                        continue;
                    }
                }
                if !is_sent {
                    (synced.sent, synced.sent_bytes) = self.store.news(&[tip], &known)?;
                    let moved = self.repo.bytes_moved().sent;
                    synced.sent_bytes = Some(moved).filter(|&moved| moved > 0).or(synced.sent_bytes);
                }
            }
            is_sent = true;
            if came.seen.inboxes.is_empty() || came.folded {
                self.clear(&came.seen.inboxes, listener, synced);
                return Ok(());
            }
            // Only now: while others push, too, the own runs are quicker without them.
            if !self.steps.fold && !pace.is_quiet() {
                return Ok(());
            }
            came.folded = true;
        }
    }

    /// Whether a push of `tip` takes commits away from the remote: only for a compacted history that has all the rest of them.
    /// A lease alone would let anything through.
    fn rewrites(&self, tip: &Oid, came: &Came) -> Result<bool> {
        let Some(old) = came.seen.tip.filter(|_| came.stripped) else { return Ok(false) };
        match self.store.succession(tip, &old)? {
            Succession::OnTop => Ok(false),
            Succession::Compacted => Ok(true),
            Succession::Lacks => Err(Error::Moved),
        }
    }

    /// Looks at what the remote has: its runs, and inboxes if they are wanted.
    fn fetch(&self, inboxes: bool, listener: &mut dyn Listener, synced: &mut Synced) -> Result<Seen> {
        let pair = self.pair;
        let refspecs: Vec<String> =
            pair.refspecs.iter().cloned().chain(inboxes.then(|| pair.inbox_refspec.clone())).collect();
        // What was left out before is filled in once.
        let full = self.steps.full && !self.filled.replace(true);
        let mut look = || {
            if pair.dress.is_some() {
                // A managed clone is whole.
                return Ok(self.repo.fetch(&self.remote.name, &refspecs, &mut |line| listener.progress(line))?);
            }
            fetch::fetch(self.repo, self.remote, &refspecs, full, listener)
        };
        if let Err(err) = look() {
            // A sync that was killed may have left a ref locked.
            if !self.repo.wait_for_locks("refs/agentv/remotes") {
                return Err(err);
            }
            look()?;
        }
        let tip = Store::new(self.repo, &pair.tracking).tip_id().map_err(|err| self.foreign(err))?;
        let mut seen = Seen { tip, inboxes: Vec::new() };
        let prefix = &pair.inboxes_here;
        for (full, id) in if inboxes { self.repo.refs_below(prefix)? } else { Vec::new() } {
            let short = full.strip_prefix(prefix).unwrap_or(&full).to_owned();
            match Store::new(self.repo, &full).tip_id() {
                Ok(_) => seen.inboxes.push((short, id)),
                Err(err) => synced.leave(format!("{}{short}: {err}", pair.inboxes)),
            }
        }
        Ok(seen)
    }

    /// Merges what was seen.
    fn merge(&self, came: &mut Came, synced: &mut Synced) -> Result<()> {
        if self.steps.dry_run || !(self.steps.merge || self.steps.push) {
            return Ok(());
        }
        if !self.steps.push {
            came.folded = true;
        }
        if let Some(tip) = &came.seen.tip {
            let merged = self.store.merge(tip)?;
            synced.merged += merged.both;
            synced.replaced = synced.replaced.take().or_else(|| merged.replaced.map(|id| id.to_string()));
            came.stripped = merged.stripped;
        }
        if came.folded && !came.seen.inboxes.is_empty() {
            // After a race nearly all of them are here already.
            let inboxes: Vec<Oid> = came.seen.inboxes.iter().map(|(_, id)| *id).collect();
            let ours: Vec<Oid> = self.store.tip_id()?.into_iter().collect();
            let missing = self.repo.ids_not_in(&inboxes, &ours)?;
            for id in inboxes.iter().filter(|id| missing.contains(id)) {
                synced.merged += self.store.merge(id)?.both;
            }
        }
        Ok(())
    }

    /// Fetches, from whichever remote has it, what is going to be pushed and is not here. The remote that it came
    /// from has it already, so this is for others.
    fn fetch_what_goes(&self, tip: &Oid, known: &[Oid], listener: &mut dyn Listener) -> Result<()> {
        if self.repo.is_partial() {
            self.repo.ensure_whole(&[*tip], known, &mut |line| listener.progress(line))?;
        }
        Ok(())
    }

    /// Puts what a branch for people has beside the runs. Once it is there, whoever writes keeps it.
    fn dress(&self) -> Result<()> {
        let Some(dress) = self.pair.dress.filter(|_| self.steps.push && !self.steps.dry_run) else { return Ok(()) };
        if self.store.tip_id()?.is_some() {
            self.store.dress(dress.readme)?;
        }
        Ok(())
    }

    /// Notes that runs went to the remote: the next push does not ask.
    fn remember(&self) {
        self.to.iter().for_each(|url| Noted::Pushed.add(self.repo, url));
    }

    /// The remote, as people know it.
    fn shown(&self) -> Remote {
        Remote { name: self.pair.shown.clone(), url: self.remote.url.clone() }
    }

    fn refused(&self, reason: String) -> Error {
        Error::Refused { remote: self.pair.shown.clone(), name: self.pair.there.clone(), reason }
    }

    /// A branch of somebody else's, where there should be runs.
    fn foreign(&self, err: store::Error) -> Error {
        match err {
            store::Error::NotRuns { reason, .. } if self.pair.dress.is_some() => {
                Error::Unrelated { place: self.pair.shown.clone(), reason }
            }
            err => err.into(),
        }
    }

    /// Notes what the remote has now.
    fn note(&self, tracking: &str, tip: &Oid, old: Option<Oid>) -> Result<()> {
        let moved = self.repo.start_ref_move(tracking, "agentv: push")?.finish(self.repo, tip, old.as_ref())?;
        if let Moved::Refused(reason) = moved {
            // The next fetch sees it anyhow.
            tracing::debug!(%reason, "{tracking} not moved");
        }
        Ok(())
    }
}

impl Came {
    /// Notes the tip that was seen last, before another one is.
    fn note_tip(&mut self) {
        self.tips.extend(self.seen.tip.filter(|tip| self.pushed != Some(*tip)));
    }
}

impl Seen {
    fn all(&self) -> impl Iterator<Item = Oid> {
        self.tip.into_iter().chain(self.inboxes.iter().map(|(_, id)| *id))
    }
}

impl Synced {
    /// Says once that something was left alone.
    fn leave(&mut self, line: String) {
        if !self.left.contains(&line) {
            self.left.push(line);
        }
    }
}
