//! Moving a store's ref to commits that were drafted on top of its tip, or not at all.
//!
//! Writers of one clone queue at a lock file, which saves them from redoing
//! each other's work. What keeps runs safe is not that lock but the ref's
//! compare-and-swap: who loses it builds again on the new tip.

use std::time::Instant;

use crate::git::{CommitInfo, Mark, Moved, ObjectSink, Oid, PackWriter, RefMove, Repo};

use super::draft::{Built, Draft, Storage, short};
use super::message;
use super::turns::{PATIENCE, jitter};
use super::{Error, Result, Store};

/// How often git may refuse for a reason that is no race.
const MAX_REFUSALS: u32 = 3;

impl<'r> Store<'r> {
    /// The id of the commit that the ref names, if it exists and is ours.
    pub fn tip_id(&self) -> Result<Option<Oid>> {
        Ok(self.tip()?.map(|tip| tip.id))
    }

    /// The commit that the ref names, if it exists and is ours.
    pub(super) fn tip(&self) -> Result<Option<CommitInfo>> {
        let Some(id) = self.repo.read_ref(self.name)? else { return Ok(None) };
        let not_runs = |reason: String| Error::NotRuns { name: self.name.to_owned(), reason };
        let tip = match self.repo.commit(&id) {
            Err(crate::git::Error::Invalid { reason, .. }) => return Err(not_runs(format!("object {id}: {reason}"))),
            other => other?,
        };
        if message::op(&tip).is_none() {
            return Err(not_runs(format!("its tip {} '{}' was not made by git agentv", short(&tip.id), tip.subject())));
        }
        Ok(Some(tip))
    }

    /// Builds commits with `build` and moves the ref to the last one; builds
    /// again when somebody else was faster. Nothing is moved if `build` makes no commit.
    pub(super) fn transact<T>(
        &self,
        first_move: Option<RefMove>,
        mut storage: Storage<'r>,
        mut build: impl FnMut(&mut Draft<'_>) -> Result<T>,
    ) -> Result<T> {
        self.repo.ensure_git()?;
        let (start, mut first_move) = (Instant::now(), first_move);
        let (mut attempts, mut refusals) = (0, 0);
        // What a caller put into the pack before stays there from attempt to attempt.
        let mark = if let Storage::Small(pack) = &storage { pack.mark() } else { Mark::default() };
        let queue = self.queue();
        loop {
            attempts += 1;
            let ref_move = match first_move.take() {
                Some(waiting) => waiting,
                None => self.repo.start_ref_move(self.name, "agentv")?,
            };
            let ((result, drafted), keep) = match &mut storage {
                Storage::Small(pack) => {
                    pack.rewind(mark)?;
                    let attempt = self.attempt(pack.as_mut(), &mut build)?;
                    let keep = if attempt.1.head.is_some() { pack.finish()? } else { None };
                    (attempt, keep)
                }
                Storage::Bulk => {
                    let mut pack = PackWriter::new(self.repo)?;
                    let attempt = self.attempt(&mut pack, &mut build)?;
                    let keep = if attempt.1.head.is_some() { pack.finish()? } else { None };
                    (attempt, keep)
                }
            };
            let Some(head) = drafted.head else { return Ok(result) };
            let moved = self.move_to(ref_move, &head, drafted.old.as_ref())?;
            drop(keep);
            let Moved::Refused(reason) = moved else {
                if queue.is_some() {
                    self.repo.roll_up();
                }
                return Ok(result);
            };
            // What git says is for people. Whether we lost a race shows in the ref itself.
            if self.repo.read_ref(self.name)? == drafted.old
                && !self.repo.wait_for_locks(self.name.rsplit_once('/').map_or("refs", |(dir, _)| dir))
            {
                refusals += 1;
            }
            tracing::debug!(attempts, refusals, %reason, "ref not moved");
            if refusals >= MAX_REFUSALS || start.elapsed() > PATIENCE {
                return Err(Error::Contended { name: self.name.to_owned(), attempts, reason });
            }
            std::thread::sleep(jitter(attempts));
        }
    }

    /// Moves the ref. If it is a branch, whoever has it checked out gets the files, too: else the next commit there would
    /// undo what was done.
    fn move_to(&self, ref_move: RefMove, new: &Oid, old: Option<&Oid>) -> Result<Moved> {
        match old.filter(|_| self.name.starts_with("refs/heads/")) {
            Some(old) => Ok(self.repo.advance(self.name, &self.repo.commit(old)?, new, "agentv")?.0),
            None => Ok(ref_move.finish(self.repo, new, old)?),
        }
    }

    /// Builds commits on `base` and moves no ref. Returns the last of them; `base` if there was nothing to do.
    pub(super) fn build_on(
        repo: &'r Repo,
        base: CommitInfo,
        build: impl FnOnce(&mut Draft<'_>) -> Result<()>,
    ) -> Result<Oid> {
        let (mut pack, id) = (PackWriter::new(repo)?, base.id);
        let mut draft = Draft::on(repo, repo, Some(base), &mut pack)?;
        build(&mut draft)?;
        let Some(head) = draft.finish()?.head else { return Ok(id) };
        drop(pack.finish()?);
        Ok(head)
    }

    /// Builds commits on the tip of this moment.
    fn attempt<T>(
        &self,
        sink: &mut dyn ObjectSink,
        build: &mut impl FnMut(&mut Draft<'_>) -> Result<T>,
    ) -> Result<(T, Built)> {
        let mut draft = Draft::open(self, sink)?;
        let result = build(&mut draft)?;
        Ok((result, draft.finish()?))
    }
}
