//! Merging the trees of two tips: only what differs is read, and of theirs not even that where it is known what it must be.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::git::{Entry, EntryKind, Kind, ObjectSink, Oid, Repo, Tree};
use crate::run::RunId;

use crate::store::Result;
use crate::store::index_files::DIR;
use crate::store::sealed::SEALED;
use crate::store::tip_tree::TipTree;

use super::ahead::Ahead;
use super::sides::News;

/// Where a run is in a tip's tree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Its directory in the shard.
    pub(super) window: Option<Oid>,
    /// Its directory by the lists of sealed runs.
    pub(super) line: Option<Oid>,
}

impl Place {
    /// The run's directory.
    pub(super) fn directory(&self) -> Option<Oid> {
        self.window.or(self.line)
    }

    /// Without a line that has no effect.
    pub(super) fn canonical(self) -> Self {
        if self.window.is_some() { Self { line: None, ..self } } else { self }
    }

    pub(super) fn unsealed(directory: Option<Oid>) -> Self {
        Self { window: directory, line: None }
    }

    pub(super) fn sealed(directory: Option<Oid>) -> Self {
        Self { window: None, line: directory }
    }
}

/// What is known of the runs by their names.
pub(super) trait Runs<'s> {
    /// What was recorded in each shard in which nothing else was done.
    fn news(&self) -> HashMap<&'s str, News<'s>>;

    /// Whether ours or theirs alone recorded a run.
    fn is_new(&self, name: &str) -> (bool, bool);

    /// Decides where a run is that is in different places, or has different directories.
    fn decide(&mut self, sink: &mut dyn ObjectSink, name: &str, ours: Place, theirs: Place) -> Result<Place>;
}

/// Makes `ours` the merge of both trees, without their index, and does not store the root.
pub(super) fn merge(
    repo: &Repo,
    sink: &mut dyn ObjectSink,
    ours: &mut TipTree,
    theirs: &mut TipTree,
    base: Option<&Tree>,
    runs: &mut dyn Runs<'_>,
    ahead: Option<&Ahead>,
) -> Result<()> {
    let (mut sealed, mut news) = (false, runs.news());
    for shard in differing(repo, ours, theirs)? {
        if let Some(ahead) = ahead {
            let [one, other] = ahead.take([ours.directory(&shard), theirs.directory(&shard)]);
            ours.hold(&shard, one);
            theirs.hold(&shard, other);
        }
        if let Some(news) = news.remove(shard.as_str())
            && let Some(came) = foreseen(repo, &shard, (ours, theirs), news)?
        {
            ours.shard_tree(repo, &shard)?.insert_all(came);
            ours.store_shard(repo, sink, &shard)?;
            continue;
        }
        sealed |= merge_shard(repo, sink, &shard, (ours, theirs), runs)?;
    }
    if sealed {
        let lists = ours.sealed(repo)?;
        if lists.is_empty() {
            ours.root().remove(SEALED.as_bytes());
        } else {
            let id = lists.store(sink)?;
            ours.root().insert(SEALED.as_bytes(), EntryKind::Dir, id);
        }
    }
    merge_rest(ours.root(), theirs.root(), base);
    Ok(())
}

/// The shards that one of them has.
pub(super) fn shards(ours: &TipTree, theirs: &TipTree) -> BTreeSet<String> {
    ours.shard_names().into_iter().chain(theirs.shard_names()).collect()
}

/// The shards that are not the same in both, or have other lists.
fn differing(repo: &Repo, ours: &mut TipTree, theirs: &mut TipTree) -> Result<BTreeSet<String>> {
    let mut names = shards(ours, theirs);
    names.retain(|name| ours.directory(name) != theirs.directory(name));
    if ours.directory(SEALED) != theirs.directory(SEALED) {
        let (a, b) = (ours.sealed(repo)?, theirs.sealed(repo)?);
        let lists = a.shard_names().into_iter().chain(b.shard_names());
        names.extend(lists.filter(|shard| a.blobs(shard) != b.blobs(shard)).collect::<Vec<_>>());
    }
    Ok(names)
}

/// What theirs has more in a shard, if that is what its log says, no more and no less: then it is what both had, and what theirs
/// recorded since, and has the id that this has. So it need not be read.
fn foreseen(
    repo: &Repo,
    shard: &str,
    (ours, theirs): (&mut TipTree, &mut TipTree),
    news: News<'_>,
) -> Result<Option<Vec<Entry>>> {
    let (Some(_), Some(there)) = (ours.directory(shard), theirs.directory(shard)) else { return Ok(None) };
    if ours.sealed(repo)?.blobs(shard) != theirs.sealed(repo)?.blobs(shard) {
        return Ok(None);
    }
    let tree = ours.shard_tree(repo, shard)?;
    let is_it = repo.hash(Kind::Tree, &tree.encode_with(&news.ours, &news.theirs))? == there;
    Ok(is_it.then_some(news.theirs))
}

/// Merges one shard and its lists. Says whether these were changed.
fn merge_shard(
    repo: &Repo,
    sink: &mut dyn ObjectSink,
    shard: &str,
    (ours, theirs): (&mut TipTree, &mut TipTree),
    runs: &mut dyn Runs<'_>,
) -> Result<bool> {
    let same_lists = ours.sealed(repo)?.blobs(shard) == theirs.sealed(repo)?.blobs(shard);
    if same_lists
        && let Some(came) = only_new(ours.shard_tree(repo, shard)?, theirs.shard_tree(repo, shard)?, shard, runs)
    {
        ours.shard_tree(repo, shard)?.insert_all(came);
        ours.store_shard(repo, sink, shard)?;
        return Ok(false);
    }
    let mut names = apart(&ours.window(repo, shard)?, &theirs.window(repo, shard)?);
    if !same_lists {
        names.extend(apart(&ours.lines(repo, shard)?, &theirs.lines(repo, shard)?));
    }
    let mut moved: Vec<(String, Option<Oid>)> = Vec::new();
    for name in names {
        let windows = (ours.unsealed(repo, shard, &name)?, theirs.unsealed(repo, shard, &name)?);
        let id = format!("{shard}{name}");
        let new = match (runs.is_new(&id), windows) {
            ((true, _), (window, None)) | ((_, true), (None, window)) => window,
            _ => None,
        };
        // Lists are long, and those that were there before need not be read for what came since.
        let window = if same_lists && new.is_some() {
            new
        } else {
            let line = ours.line(repo, shard, &name)?;
            let a = Place { window: windows.0, line };
            let line = if same_lists { line } else { theirs.line(repo, shard, &name)? };
            let b = Place { window: windows.1, line };
            let place = runs.decide(sink, &id, a, b)?;
            if place.line != a.line {
                moved.push((name.clone(), place.line));
            }
            place.window
        };
        if window != windows.0 {
            let tree = ours.shard_tree(repo, shard)?;
            match window {
                Some(id) => tree.insert(name.as_bytes(), EntryKind::Dir, id),
                None => drop(tree.remove(name.as_bytes())),
            }
        }
    }
    let foreign = theirs.shard_tree(repo, shard)?;
    let tree = ours.shard_tree(repo, shard)?;
    for entry in foreign.entries().iter().filter(|entry| entry.kind != EntryKind::Dir) {
        merge_entry(tree, entry);
    }
    ours.store_shard(repo, sink, shard)?;
    // Other lists of the same lines are made one, so that it does not matter whose they were.
    if same_lists && moved.is_empty() {
        return Ok(false);
    }
    let mut lines: BTreeMap<String, Oid> = ours.lines(repo, shard)?.into_iter().collect();
    for (name, line) in moved {
        match line {
            Some(id) => drop(lines.insert(name, id)),
            None => drop(lines.remove(&name)),
        }
    }
    ours.sealed(repo)?.replace(repo, sink, shard, &lines)?;
    Ok(true)
}

/// What `theirs` has and `ours` has not, if all in which they differ are runs that are new in one of them: nearly always.
fn only_new(ours: &Tree, theirs: &Tree, shard: &str, runs: &dyn Runs<'_>) -> Option<Vec<Entry>> {
    let is_run = |entry: &Entry| entry.kind == EntryKind::Dir;
    let mut id = shard.to_owned();
    let mut is_new = |entry: &Entry| {
        id.truncate(shard.len());
        id.push_str(std::str::from_utf8(&entry.name).ok()?);
        Some(runs.is_new(&id))
    };
    let (mut ours, mut theirs) = (ours.entries().iter().peekable(), theirs.entries().iter().peekable());
    let mut came = Vec::new();
    loop {
        let order = match (ours.peek(), theirs.peek()) {
            (Some(one), Some(other)) => one.order(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Some(came),
        };
        let one = if order == Ordering::Greater { None } else { ours.next() };
        let other = if order == Ordering::Less { None } else { theirs.next() };
        match (one, other) {
            (Some(one), Some(other)) if one == other && is_run(one) => {}
            (Some(one), None) if is_run(one) && is_new(one)?.0 => {}
            (None, Some(other)) if is_run(other) && is_new(other)?.1 => came.push(other.clone()),
            _ => return None,
        }
    }
}

/// The names that are not the same in both, which are sorted by name.
fn apart<N: Ord + AsRef<[u8]>>(ours: &[(N, Oid)], theirs: &[(N, Oid)]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |name: &N| names.insert(String::from_utf8_lossy(name.as_ref()).into_owned());
    let (mut ours, mut theirs) = (ours.iter().peekable(), theirs.iter().peekable());
    loop {
        let order = match (ours.peek(), theirs.peek()) {
            (Some((one, _)), Some((other, _))) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return names,
        };
        let one = (order != Ordering::Greater).then(|| ours.next()).flatten();
        let other = (order != Ordering::Less).then(|| theirs.next()).flatten();
        if let (Some((name, _)), _) | (None, Some((name, _))) = (one, other)
            && one.map(|(_, id)| id) != other.map(|(_, id)| id)
        {
            add(name);
        }
    }
}

/// An entry that is not ours: who has one wins over who has none, and of two the greater id.
fn merge_entry(tree: &mut Tree, entry: &Entry) {
    let rank = |entry: &Entry| (format!("{:?}", entry.kind), entry.id);
    let stays = tree.get(&entry.name).is_some_and(|own| rank(own) >= rank(entry));
    if !stays {
        tree.insert(&entry.name, entry.kind, entry.id);
    }
}

/// What stands at the root beside runs, lists and index: whoever changed it since `base` has it.
fn merge_rest(ours: &mut Tree, theirs: &Tree, base: Option<&Tree>) {
    let names = ours.entries().iter().chain(theirs.entries()).map(|entry| entry.name.clone());
    let is_shard = |name: &[u8]| name.len() == 2 && name.iter().all(u8::is_ascii_hexdigit);
    let is_ours = |name: &[u8]| is_shard(name) || name == SEALED.as_bytes() || name == DIR.as_bytes();
    let names: BTreeSet<Vec<u8>> = names.filter(|name| !is_ours(name)).collect();
    for name in names {
        let at = |tree: &Tree| tree.get(&name).cloned();
        let (a, b, old) = (at(ours), at(theirs), base.and_then(at));
        if a == b || (b == old && base.is_some()) {
            continue;
        }
        match b {
            None if a == old => drop(ours.remove(&name)),
            None => {}
            Some(entry) if a == old => ours.insert(&name, entry.kind, entry.id),
            Some(entry) => merge_entry(ours, &entry),
        }
    }
}

/// The run that a shard's name and the name in it mean.
pub(super) fn run_id(name: &str) -> Option<RunId> {
    name.parse().ok()
}
