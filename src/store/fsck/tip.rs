//! Looking at the tip's tree: where it says that runs are.

use std::collections::HashSet;

use crate::git::{EntryKind, Kind, Oid, Tree};
use crate::run::RunId;
use crate::store::index_files;
use crate::store::sealed::{NEW, SEALED, decode_leniently};

use super::history::History;
use super::objects::{Lack, Objects};
use super::problem::{self, Fix, Place, Problem};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Tip {
    /// Shards and lists that could not be read: nothing can be said about where their runs are.
    pub(super) unknown: HashSet<String>,
    /// Directories of which no commit tells.
    pub(super) strays: Vec<Stray>,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<String>,
    /// It has the directory of a results index.
    pub(super) has_index: bool,
}

/// A directory where a run belongs of which the log says nothing.
#[derive(Debug)]
pub(super) struct Stray {
    /// The run that belongs there.
    pub(super) id: RunId,
    pub(super) tree: Oid,
    /// It is the list that names it.
    pub(super) in_list: bool,
}

/// Notes in `history` where the tree `root` has its runs.
pub(super) fn look(objects: &Objects<'_>, root: &Oid, history: &mut History) -> Tip {
    let mut tip = Tip::default();
    let Some(root) = tip.tree(objects, root, "the tip's tree", None) else {
        tip.unknown.extend((0..=255).map(|shard: u8| format!("{shard:02x}")));
        return tip;
    };
    for entry in root.entries() {
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        match (name.as_str(), entry.kind) {
            (SEALED, EntryKind::Dir) => tip.lists(objects, &entry.id, SEALED, history),
            (shard, EntryKind::Dir) if is_shard(shard) => tip.shard(objects, shard, &entry.id, history),
            (index_files::DIR, EntryKind::Dir) => tip.has_index = true,
            // Whatever later versions keep there.
            _ => tip.notes.push(format!("{name} in the tip's tree is nothing of ours; it is left alone")),
        }
    }
    tip
}

fn is_shard(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

impl Tip {
    /// Reads a tree; if that is not possible nothing is known of `shard`.
    fn tree(&mut self, objects: &Objects<'_>, id: &Oid, path: &str, shard: Option<&str>) -> Option<Tree> {
        match objects.tree(id) {
            Ok(tree) => return Some(tree),
            Err(Lack::Bad(kind, text)) => {
                self.problems.push(Problem::new(Place::Tree(path.to_owned()), kind, text));
            }
            Err(Lack::NotFetched) => {}
        }
        self.unknown.extend(shard.map(str::to_owned));
        None
    }

    fn shard(&mut self, objects: &Objects<'_>, shard: &str, id: &Oid, history: &mut History) {
        let Some(tree) = self.tree(objects, id, shard, Some(shard)) else { return };
        for entry in tree.entries() {
            let name = String::from_utf8_lossy(&entry.name);
            match format!("{shard}{name}").parse::<RunId>() {
                Ok(id) if entry.kind == EntryKind::Dir => match history.get_mut(&id) {
                    Some(run) => run.window = Some(entry.id),
                    None => self.strays.push(Stray { id, tree: entry.id, in_list: false }),
                },
                _ => self.notes.push(format!("{shard}/{name} in the tip's tree is no run; it is left alone")),
            }
        }
    }

    /// Reads the lists in the directory `path`.
    fn lists(&mut self, objects: &Objects<'_>, id: &Oid, path: &str, history: &mut History) {
        let Some(tree) = self.tree(objects, id, path, None) else {
            self.unknown.extend((0..=255).map(|shard: u8| format!("{shard:02x}")));
            return;
        };
        for entry in tree.entries() {
            let shard = String::from_utf8_lossy(&entry.name).into_owned();
            // It comes after all long lists, and what it says holds.
            if (path, shard.as_str(), entry.kind) == (SEALED, NEW, EntryKind::Dir) {
                self.lists(objects, &entry.id, &format!("{SEALED}/{NEW}"), history);
                continue;
            }
            let path = format!("{path}/{shard}");
            if !is_shard(&shard) || entry.kind == EntryKind::Dir {
                self.notes.push(format!("{path} in the tip's tree is no list; it is left alone"));
                continue;
            }
            let wrong = |text: String| {
                Problem::new(Place::Tree(path.clone()), problem::Kind::Sealed, text).fixed_by(Fix::List(shard.clone()))
            };
            if entry.kind != EntryKind::File {
                self.problems.push(wrong("it has a wrong mode".into()));
            }
            let data = match objects.read(&entry.id, Kind::Blob) {
                Ok(data) => data,
                Err(Lack::NotFetched) => {
                    self.unknown.insert(shard);
                    continue;
                }
                // The log knows all of it.
                Err(Lack::Bad(_, text)) => {
                    self.unknown.insert(shard.clone());
                    self.problems.push(wrong(text));
                    continue;
                }
            };
            let (lines, complaints) = decode_leniently(objects.repo, &data);
            self.problems.extend(complaints.into_iter().map(wrong));
            for (rest, tree) in lines {
                let Ok(id) = format!("{shard}{rest}").parse::<RunId>() else { continue };
                match history.get_mut(&id) {
                    Some(run) => run.listed = Some(tree),
                    None => self.strays.push(Stray { id, tree, in_list: true }),
                }
            }
        }
    }
}
