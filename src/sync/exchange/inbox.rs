//! Inboxes: where who keeps losing races leaves its commits. Nobody else writes there, and whoever has taken one in
//! deletes it.

use crate::git::{PushRef, RefPush};

use super::super::remote::writer;
use super::{Came, Listener, Oid, Result, Sync, Synced};

/// How often to try: only who takes it in at the same moment, or a copy of this clone, can be in the way.
const ATTEMPTS: u32 = 4;
/// How many are deleted at once: names are given on a command line.
const BATCH: usize = 200;

impl Sync<'_> {
    /// Pushes to where nobody else does, and what we have as it is: it need not contain what others pushed.
    pub(super) fn leave_in_inbox(
        &self,
        came: &mut Came,
        listener: &mut dyn Listener,
        synced: &mut Synced,
    ) -> Result<()> {
        let writer = writer(self.repo)?;
        let full = format!("{}{writer}", self.pair.inboxes);
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            let old = came.seen.inboxes.iter().find(|(name, _)| *name == writer).map(|(_, id)| *id);
            if let Some(theirs) = &old {
                // Of this clone, or of a copy of it.
                self.store.merge(theirs)?;
            }
            let Some(tip) = self.store.tip_id()? else { return Ok(()) };
            let what = PushRef { name: &full, new: Some(tip), old };
            match self.repo.push(&self.remote.name, what, &mut |line| listener.progress(line))? {
                RefPush::Done => {
                    self.remember();
                    self.note(&format!("{}{writer}", self.pair.inboxes_here), &tip, old)?;
                    synced.inbox = Some(full);
                    return Ok(());
                }
                RefPush::Rejected(reason) => last = reason,
            }
            tracing::debug!(attempt, reason = %last, "inbox not written");
            came.seen = self.fetch(true, listener, synced)?;
        }
        Err(self.refused(last))
    }

    /// Deletes inboxes whose commits the remote's ref has. Somebody may have added to one: then it stays.
    pub(super) fn clear(&self, inboxes: &[(String, Oid)], listener: &mut dyn Listener, synced: &mut Synced) {
        for batch in inboxes.chunks(BATCH) {
            let names: Vec<String> = batch.iter().map(|(name, _)| format!("{}{name}", self.pair.inboxes)).collect();
            let what = names.iter().zip(batch).map(|(name, (_, id))| PushRef { name, new: None, old: Some(*id) });
            let what: Vec<PushRef<'_>> = what.collect();
            match self.repo.push_all(&self.remote.name, &what, &mut |line| listener.progress(line)) {
                Ok(done) => {
                    let gone = batch.iter().zip(&done).filter(|(_, done)| **done == RefPush::Done);
                    synced.folded.extend(gone.map(|((name, _), _)| name.clone()));
                    tracing::debug!(?done, "inboxes deleted");
                }
                Err(err) => tracing::debug!(%err, "inboxes stay"),
            }
        }
    }
}
