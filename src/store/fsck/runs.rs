//! Checking one run: its directory, the row that holds, where the tip has it.

use crate::git::{CommitInfo, Kind, Oid};
use crate::run::{Row, RunId};
use crate::store::message;
use crate::store::sealed::SEALED;

use super::directory::{self, Directory, State};
use super::history::{Entry, History, misnamed};
use super::objects::{Lack, Objects};
use super::problem::{self, Fix, Place, Problem};
use super::rows;
use super::tip::{Stray, Tip};

/// What a run is checked against.
pub(super) struct Checker<'a, 'r> {
    pub(super) objects: Objects<'r>,
    pub(super) history: &'a History,
    pub(super) tip: &'a Tip,
}

/// The result for one or several runs.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) problems: Vec<Problem>,
    pub(super) files: usize,
    pub(super) not_fetched: usize,
}

impl Found {
    fn say(&mut self, run: &RunId, kind: problem::Kind, text: impl Into<String>, fix: Option<&Fix>) {
        let problem = Problem::new(Place::Run(run.clone()), kind, text);
        self.problems.push(Problem { fixes: fix.cloned().into_iter().collect(), ..problem });
    }

    /// What only the directory itself could put right.
    fn say_all(&mut self, run: &RunId, wrong: Vec<(problem::Kind, String)>) {
        for (kind, text) in wrong {
            self.say(run, kind, text, None);
        }
    }
}

impl Checker<'_, '_> {
    /// Checks a run of the log.
    pub(super) fn run(&self, entry: &Entry, found: &mut Found) {
        let id = &entry.id;
        let Some((commit, rows)) = self.commit(&entry.commit) else { return };
        let Some(logged) = rows.iter().find(|row| row.id == *id) else { return };
        // What the tip has is newer than any row; of the others the row is right.
        let mut tried: Option<(Oid, Directory)> = None;
        let mut chosen = None;
        for tree in [entry.window, entry.tree, entry.listed].into_iter().flatten() {
            if tried.as_ref().is_some_and(|(tried, _)| *tried == tree) {
                continue;
            }
            let directory = directory::look(&self.objects, id, &tree);
            if directory.is_plausible() {
                chosen = Some((tree, directory));
                break;
            }
            tried.get_or_insert((tree, directory));
        }
        let Some((tree, directory)) = chosen else {
            let wrong = tried.map(|(_, directory)| directory.wrong).unwrap_or_default();
            found.say_all(id, wrong);
            if entry.tree.is_none() {
                found.say(id, problem::Kind::Row, "its row names no directory, and the tip has none", None);
            }
            return;
        };
        let mend = Fix::Run { id: id.clone(), tree, record: false };
        let bad_row = tried.as_ref().is_some_and(|(bad, _)| Some(*bad) != entry.window);
        for (kind, text) in tried.map(|(_, bad)| bad.wrong).unwrap_or_default() {
            let place = if bad_row { "by its row" } else { "in the tip's tree" };
            found.say(id, kind, format!("{place}: {text}"), Some(&mend));
        }
        found.files += directory.files;
        found.say_all(id, directory.wrong);
        if let Some(text) = directory.rewrite {
            found.say(id, problem::Kind::Overlay, text, Some(&mend));
        }
        if let State::Run(Some(documents)) = &directory.state {
            let right = Row::new(&documents.0, &documents.1, tree.to_string()).compacted(documents.2);
            // That it names a bad directory was said.
            let differences = rows::differences(logged, &right).into_iter();
            for text in differences.filter(|text| !(bad_row && text.starts_with("row says tree "))) {
                found.say(id, problem::Kind::Row, text, Some(&mend));
            }
        } else if entry.tree != Some(tree) {
            found.say(
                id,
                problem::Kind::Row,
                format!("row says tree {}, its directory is {tree}", logged.tree),
                Some(&mend),
            );
        }
        if let Some(text) = misnamed(&commit, &rows) {
            found.say(id, problem::Kind::Trailer, text, Some(&mend));
        }
        if !entry.recorded && !self.history.is_cut() {
            let record = Fix::Run { id: id.clone(), tree, record: true };
            found.say(id, problem::Kind::Unlisted, "no commit records it, so no list shows it", Some(&record));
        }
        self.place(entry, &commit, &tree, &mend, found);
    }

    /// Whether the run, whose directory is `tree`, is found from the tip.
    fn place(&self, entry: &Entry, commit: &CommitInfo, tree: &Oid, mend: &Fix, found: &mut Found) {
        let (shard, id) = (entry.id.shard().0, &entry.id);
        if entry.window.is_some() || entry.misplaced || self.tip.unknown.contains(shard) {
            return;
        }
        // What is in a list only must be alive by history.
        let is_held = self.is_held(commit, id, tree);
        let fix = if is_held { Fix::List(shard.to_owned()) } else { mend.clone() };
        match entry.listed {
            Some(listed) if listed != *tree => {
                let text = format!("{SEALED}/{shard} says tree {listed}, its row says {tree}");
                found.say(id, problem::Kind::Sealed, text, Some(&fix));
            }
            // A row that names another directory was told, and its repair holds this one.
            Some(_) if is_held || entry.tree != Some(*tree) => {}
            Some(_) => {
                let text = format!("{SEALED}/{shard} names its directory, but commit {} does not hold it", commit.id);
                found.say(id, problem::Kind::Sealed, text, Some(&fix));
            }
            None => {
                let text = "it is in history, but neither in the tip's tree nor in a list of sealed runs";
                found.say(id, problem::Kind::Lost, text, Some(&fix));
            }
        }
    }

    fn is_held(&self, commit: &CommitInfo, id: &RunId, tree: &Oid) -> bool {
        let (shard, name) = id.shard();
        let entry = |tree: &Oid, name: &str| -> Result<Option<Oid>, Lack> {
            Ok(self.objects.tree(tree)?.get(name.as_bytes()).map(|entry| entry.id))
        };
        let there = entry(&commit.tree, shard).and_then(|shard| shard.map_or(Ok(None), |shard| entry(&shard, name)));
        match there {
            Ok(there) if there == Some(*tree) => true,
            // A merge may repeat the row of a run that one of its sides had sealed.
            Ok(_) => commit.parents.len() > 1 && self.is_held_before(commit, id, tree),
            Err(lack) => lack == Lack::NotFetched,
        }
    }

    /// Whether an ancestor whose row names the directory holds it.
    fn is_held_before(&self, merge: &CommitInfo, id: &RunId, tree: &Oid) -> bool {
        let Ok(log) = self.objects.repo.log_of_what_is_here(&merge.id) else { return false };
        let hex = tree.to_string();
        let names_it = |commit: &CommitInfo| {
            commit.parents.len() < 2
                && commit.message.contains(&hex)
                && message::rows(commit).is_ok_and(|rows| rows.iter().any(|row| row.id == *id && row.tree == hex))
        };
        log.map_while(Result::ok).any(|commit| {
            let is_merge_of_it = || commit.parents.len() > 1 && commit.id != merge.id && commit.message.contains(&hex);
            (names_it(&commit) || is_merge_of_it()) && self.is_in_window(&commit, id, tree)
        })
    }

    fn is_in_window(&self, commit: &CommitInfo, id: &RunId, tree: &Oid) -> bool {
        let (shard, name) = id.shard();
        let entry = |tree: &Oid, name: &str| self.objects.tree(tree).ok()?.get(name.as_bytes()).map(|entry| entry.id);
        entry(&commit.tree, shard).and_then(|shard| entry(&shard, name)) == Some(*tree)
    }

    fn commit(&self, id: &Oid) -> Option<(CommitInfo, Vec<Row>)> {
        let commit = CommitInfo::decode(*id, &self.objects.read(id, Kind::Commit).ok()?).ok()?;
        let rows = message::rows(&commit).ok()?;
        Some((commit, rows))
    }

    /// Checks a directory of which no commit tells. Returns the run that it is if that belongs elsewhere.
    pub(super) fn stray(&self, stray: &Stray, found: &mut Found) -> Option<RunId> {
        let (is_cut, id) = (self.history.is_cut(), &stray.id);
        if is_cut && stray.in_list {
            return None;
        }
        let (shard, name) = id.shard();
        let directory = directory::look(&self.objects, id, &stray.tree);
        found.files += directory.files;
        let (take_out, path) = if stray.in_list {
            (Fix::List(shard.to_owned()), format!("{SEALED}/{shard}"))
        } else {
            (Fix::Remove { shard: shard.to_owned(), name: name.into() }, format!("{shard}/{name}"))
        };
        match directory.state {
            State::Run(_) => {
                found.say_all(id, directory.wrong);
                if !is_cut {
                    let fix = Fix::Run { id: id.clone(), tree: stray.tree, record: true };
                    let text = format!("it is at {path} of the tip's tree, but no commit tells of it");
                    found.say(id, problem::Kind::Unlisted, text, Some(&fix));
                }
                None
            }
            State::Other(other) => {
                let mut fixes = vec![take_out];
                match self.history.get(&other) {
                    Some(entry) if entry.window.is_some() => {}
                    Some(entry) => {
                        let tree = entry.tree.unwrap_or(stray.tree);
                        fixes.push(Fix::Run { id: other.clone(), tree, record: false });
                    }
                    None if is_cut => fixes.clear(),
                    None => fixes.push(Fix::Run { id: other.clone(), tree: stray.tree, record: true }),
                }
                let text = format!("its directory is at {path} of the tip's tree, where run {id} belongs");
                let problem = Problem::new(Place::Run(other.clone()), problem::Kind::Misplaced, text);
                found.problems.push(Problem { fixes, ..problem });
                Some(other)
            }
            State::Broken if stray.in_list => {
                let text = format!("it names {id}, of which no commit tells, and {} is no run", stray.tree);
                found.problems.push(Problem::new(Place::Tree(path), problem::Kind::Sealed, text).fixed_by(take_out));
                None
            }
            State::Broken => {
                for (kind, text) in directory.wrong {
                    found.problems.push(Problem::new(Place::Tree(path.clone()), kind, text));
                }
                None
            }
        }
    }
}
