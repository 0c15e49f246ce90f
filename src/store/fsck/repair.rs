//! Putting right what can be derived, by new commits: lists, places and rows. Files and history are never touched.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::git::Oid;
use crate::run::{Row, RunId};
use crate::store::draft::{Change, Draft, Storage};
use crate::store::message::Op;
use crate::store::{Error, Result, Store, StoredRun};

use super::problem::Fix;
use super::{Checked, Problem};

/// More runs than this are too many for the memory that a small pack takes.
const MANY: usize = 200;

/// All fixes together.
#[derive(Debug, Default)]
struct Plan {
    /// Of each run its directory, and whether it is to be recorded.
    runs: BTreeMap<RunId, (Oid, bool)>,
    lists: BTreeSet<String>,
    misplaced: Vec<(String, Vec<u8>)>,
}

impl Plan {
    fn of(problems: &[Problem]) -> Self {
        let mut plan = Self::default();
        for fix in problems.iter().flat_map(|problem| &problem.fixes) {
            match fix {
                Fix::Run { id, tree, record } => {
                    let run = plan.runs.entry(id.clone()).or_insert((*tree, *record));
                    run.1 |= record;
                }
                Fix::List(shard) => drop(plan.lists.insert(shard.clone())),
                Fix::Remove { shard, name } => plan.misplaced.push((shard.clone(), name.clone())),
            }
        }
        plan
    }
}

impl Store<'_> {
    /// Repairs what is derivable, in new commits on top of the tip, and marks those problems as repaired.
    /// A run that somebody changed since it was checked is left alone.
    pub fn repair(&self, checked: &mut Checked) -> Result<()> {
        let plan = Plan::of(&checked.problems);
        let is_empty = plan.runs.is_empty() && plan.lists.is_empty() && plan.misplaced.is_empty();
        let Some(tip) = checked.tip.filter(|_| !is_empty) else { return Ok(()) };
        let storage = if plan.runs.len() > MANY { Storage::Bulk } else { Storage::for_few(self.repo()) };
        let skipped = self.transact(None, storage, |draft| self.repair_in(draft, checked, &tip, &plan))?;
        for problem in &mut checked.problems {
            let is_done = |fix: &Fix| !matches!(fix, Fix::Run { id, .. } if skipped.contains(id));
            problem.repaired = problem.is_repairable() && problem.fixes.iter().all(is_done);
        }
        Ok(())
    }

    /// Returns the runs that were left alone.
    fn repair_in(&self, draft: &mut Draft<'_>, checked: &Checked, tip: &Oid, plan: &Plan) -> Result<HashSet<RunId>> {
        // Others may have gone on meanwhile.
        let news = match draft.base().map(|base| base.id) {
            Some(now) if now != *tip => self.changes(&now, tip)?,
            Some(_) => Some(Vec::new()),
            None => None,
        };
        let moved =
            || Error::Damaged { what: self.name().to_owned(), reason: "it was replaced while it was checked".into() };
        let news: HashMap<RunId, Row> =
            news.ok_or_else(moved)?.into_iter().map(|news| (news.row.id.clone(), news.row)).collect();
        let mut skipped = HashSet::new();
        if !plan.lists.is_empty() || !plan.misplaced.is_empty() {
            let lists = self.lists(draft, checked, plan, &news)?;
            draft.correct(lists, &plan.misplaced)?;
        }
        for (id, (tree, record)) in &plan.runs {
            if news.contains_key(id) || !self.mend(draft, tree, *record)? {
                skipped.insert(id.clone());
            }
        }
        Ok(skipped)
    }

    /// The right lists of those shards of which it is wrong.
    fn lists(
        &self,
        draft: &mut Draft<'_>,
        checked: &Checked,
        plan: &Plan,
        news: &HashMap<RunId, Row>,
    ) -> Result<BTreeMap<String, BTreeMap<String, Oid>>> {
        let (repo, mut right) = (self.repo(), BTreeMap::new());
        for shard in &plan.lists {
            // What is there and right stays as it is.
            let mut list = BTreeMap::new();
            for (rest, tree) in draft.tree().readable_list(repo, shard).unwrap_or_default() {
                let id: Option<RunId> = format!("{shard}{rest}").parse().ok();
                let known =
                    id.is_some_and(|id| checked.knows(&id) || news.contains_key(&id) || plan.runs.contains_key(&id));
                if known || checked.history.is_cut() {
                    list.insert(rest, tree);
                }
            }
            right.insert(shard.clone(), list);
        }
        for entry in &checked.history.runs {
            let (shard, rest) = entry.id.shard();
            let Some(list) = right.get_mut(shard) else { continue };
            if plan.runs.contains_key(&entry.id) || draft.tree().unsealed(repo, shard, rest)?.is_some() {
                continue;
            }
            let tree = news.get(&entry.id).map_or(entry.tree, |row| repo.parse_oid(&row.tree));
            if let Some(tree) = tree {
                list.insert(rest.to_owned(), tree);
            }
        }
        Ok(right)
    }

    /// Makes a commit with the row of the run whose directory is `tree`; false if it can't be read.
    fn mend(&self, draft: &mut Draft<'_>, tree: &Oid, record: bool) -> Result<bool> {
        let run = match StoredRun::open(self.repo(), tree) {
            Ok(run) => run,
            Err(Error::Damaged { .. } | Error::Git(crate::git::Error::Missing(_) | crate::git::Error::Odb { .. })) => {
                return Ok(false);
            }
            Err(err) => return Err(err),
        };
        let new = self.rebuild(draft.sink(), &run, &run.overlay, run.artifacts.as_ref(), run.source_diff.as_ref())?;
        let row = Row::new(&run.manifest, &run.overlay, new.to_string()).compacted(run.compacted);
        let (op, word, author) = if record {
            let started = run.manifest.started_at.as_deref().and_then(|time| time.parse().ok());
            (Op::Record, "run", self.author_at(started)?)
        } else {
            let op = if run.is_deleted() { Op::Prune } else { Op::Overlay };
            (op, "repair", self.repo().author()?)
        };
        let subject = format!("{word} {}: {}", row.id, row.headline());
        draft.commit(&Change { subject: &subject, op, row: &row, run: new, author: &author, committed: None })?;
        Ok(true)
    }
}
