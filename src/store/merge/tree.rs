//! Merging the trees of two tips: only what differs is read.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{Entry, EntryKind, ObjectSink, Oid, Repo, Tree};
use crate::run::RunId;

use crate::store::Result;
use crate::store::index_files::DIR;
use crate::store::sealed::SEALED;
use crate::store::tip_tree::TipTree;

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

/// Decides where a run is that is in different places, or has different directories.
pub(super) type Decide<'f> = dyn FnMut(&mut dyn ObjectSink, &str, Place, Place) -> Result<Place> + 'f;

/// Makes `ours` the merge of both trees, without their index, and does not store the root.
pub(super) fn merge(
    repo: &Repo,
    sink: &mut dyn ObjectSink,
    ours: &mut TipTree,
    theirs: &mut TipTree,
    base: Option<&Tree>,
    decide: &mut Decide<'_>,
) -> Result<()> {
    let mut sealed = false;
    for shard in differing(repo, ours, theirs)? {
        sealed |= merge_shard(repo, sink, &shard, (ours, theirs), decide)?;
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

/// The shards that are not the same in both, or have other lists.
fn differing(repo: &Repo, ours: &mut TipTree, theirs: &mut TipTree) -> Result<BTreeSet<String>> {
    let mut names: BTreeSet<String> = ours.shard_names().into_iter().chain(theirs.shard_names()).collect();
    names.retain(|name| ours.directory(name) != theirs.directory(name));
    if ours.directory(SEALED) != theirs.directory(SEALED) {
        let (a, b) = (ours.sealed(repo)?, theirs.sealed(repo)?);
        let lists = a.shard_names().into_iter().chain(b.shard_names());
        names.extend(lists.filter(|shard| a.blobs(shard) != b.blobs(shard)).collect::<Vec<_>>());
    }
    Ok(names)
}

/// Merges one shard and its lists. Says whether these were changed.
fn merge_shard(
    repo: &Repo,
    sink: &mut dyn ObjectSink,
    shard: &str,
    (ours, theirs): (&mut TipTree, &mut TipTree),
    decide: &mut Decide<'_>,
) -> Result<bool> {
    let (our_window, our_lines) = ours.places(repo, shard)?;
    let (their_window, their_lines) = theirs.places(repo, shard)?;
    let all = [&our_window, &our_lines, &their_window, &their_lines];
    let names: BTreeSet<&String> = all.into_iter().flat_map(BTreeMap::keys).collect();
    let (mut window, mut lines) = (our_window.clone(), our_lines.clone());
    for name in names {
        let place = |window: &BTreeMap<String, Oid>, lines: &BTreeMap<String, Oid>| Place {
            window: window.get(name).copied(),
            line: lines.get(name).copied(),
        };
        let (a, b) = (place(&our_window, &our_lines), place(&their_window, &their_lines));
        if a == b {
            continue;
        }
        let place = decide(sink, &format!("{shard}{name}"), a, b)?;
        set(&mut window, name, place.window);
        set(&mut lines, name, place.line);
    }
    let foreign: Vec<Entry> = theirs.shard_tree(repo, shard)?.entries().to_vec();
    let tree = ours.shard_tree(repo, shard)?;
    for name in our_window.keys().filter(|name| !window.contains_key(*name)) {
        tree.remove(name.as_bytes());
    }
    for (name, id) in window.iter().filter(|(name, id)| our_window.get(*name) != Some(id)) {
        tree.insert(name.as_bytes(), EntryKind::Dir, *id);
    }
    for entry in foreign.iter().filter(|entry| entry.kind != EntryKind::Dir) {
        merge_entry(tree, entry);
    }
    ours.store_shard(repo, sink, shard)?;
    // Other lists of the same lines are made one, so that it does not matter whose they were.
    let (a, b) = (ours.sealed(repo)?.blobs(shard), theirs.sealed(repo)?.blobs(shard));
    if a == b && lines == our_lines {
        return Ok(false);
    }
    ours.sealed(repo)?.replace(repo, sink, shard, &lines)?;
    Ok(true)
}

fn set(map: &mut BTreeMap<String, Oid>, name: &str, value: Option<Oid>) {
    match value {
        Some(id) => drop(map.insert(name.to_owned(), id)),
        None => drop(map.remove(name)),
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
