//! Merging the index of a results repository (`docs/format.md`, section 14).

use std::collections::HashMap;

use crate::git::{EntryKind, Kind, ObjectSink, Repo, Tree};
use crate::run::{Row, RunId};

use crate::store::Result;
use crate::store::index_files::{CURRENT, DIR, ROWS, id_of, sealed_files, sealed_name};
use crate::store::tip_tree::TipTree;

use super::sides::Side;

/// One file of an index: its lines, and the runs that they are of.
struct File {
    name: Vec<u8>,
    lines: Vec<(Option<RunId>, String)>,
}

impl File {
    /// Puts the lines of `news` in place of those of the same runs, and takes them out of it. Whether that changed anything.
    fn renew(&mut self, news: &mut HashMap<RunId, String>) -> bool {
        let mut changed = false;
        for (id, line) in &mut self.lines {
            if let Some(row) = id.as_ref().and_then(|id| news.remove(id)) {
                changed |= *line != row;
                *line = row;
            }
        }
        changed
    }

    fn put(&self, sink: &mut dyn ObjectSink, dir: &mut Tree) -> Result<()> {
        put(sink, dir, &self.name, self.lines.iter().map(|(_, line)| line.as_str()))
    }
}

/// Puts the index of both into `ours`, if one of them keeps one. `both` are the rows of the runs that both changed.
///
/// Files of the same runs keep their lines where they are. From the first file on that has other runs, all lines stand in the order
/// of `timestamp` and `id`, so that it is the same whichever history was merged into the other.
pub(super) fn merge(
    repo: &Repo,
    sink: &mut dyn ObjectSink,
    ours: &mut TipTree,
    theirs: &mut TipTree,
    sides: (&Side<'_>, &Side<'_>),
    both: &[Row],
) -> Result<()> {
    let (Some(a), Some(b)) = (ours.directory(DIR), theirs.directory(DIR)) else {
        return keep_one(repo, sink, ours, theirs, sides, both);
    };
    if a == b && both.is_empty() {
        return Ok(());
    }
    let (mut dir, other) = (repo.tree(&a)?, repo.tree(&b)?);
    let (mut a, mut b) = (files(repo, &dir)?, files(repo, &other)?);
    let same = a.iter().zip(&b).take_while(|(a, b)| a.name != CURRENT.as_bytes() && ids(a) == ids(b)).count();
    let mut news = news(sides, both)?;
    let mut tail: HashMap<RunId, String> = HashMap::new();
    let mut odd: Vec<String> = Vec::new();
    for file in a.drain(same..).chain(b.drain(same..)) {
        for (id, line) in file.lines {
            match id {
                Some(id) => drop(tail.entry(id).or_insert(line)),
                None => odd.push(line),
            }
        }
    }
    for file in &mut a {
        for id in file.lines.iter().filter_map(|(id, _)| id.as_ref()) {
            tail.remove(id);
        }
        if file.renew(&mut news) {
            file.put(sink, &mut dir)?;
        }
    }
    tail.extend(news);
    for (_, name, _) in sealed_files(&dir).split_off(same) {
        dir.remove(&name);
    }
    write(sink, &mut dir, same, tail, odd)?;
    let id = sink.put(Kind::Tree, &dir.encode())?;
    ours.set_directory(DIR, id);
    Ok(())
}

/// The index of one of them, with what the other brings.
fn keep_one(
    repo: &Repo,
    sink: &mut dyn ObjectSink,
    ours: &mut TipTree,
    theirs: &mut TipTree,
    sides: (&Side<'_>, &Side<'_>),
    both: &[Row],
) -> Result<()> {
    let Some(id) = ours.directory(DIR).or_else(|| theirs.directory(DIR)) else { return Ok(()) };
    let mut dir = repo.tree(&id)?;
    if dir.get(CURRENT.as_bytes()).is_some() {
        let mut news = news(sides, both)?;
        let sealed = sealed_files(&dir).len();
        let (mut tail, mut odd) = (HashMap::new(), Vec::new());
        for mut file in files(repo, &dir)? {
            let changed = file.renew(&mut news);
            if file.name == CURRENT.as_bytes() {
                for (id, line) in file.lines {
                    match id {
                        Some(id) => drop(tail.insert(id, line)),
                        None => odd.push(line),
                    }
                }
            } else if changed {
                file.put(sink, &mut dir)?;
            }
        }
        tail.extend(news);
        write(sink, &mut dir, sealed, tail, odd)?;
    }
    let id = sink.put(Kind::Tree, &dir.encode())?;
    ours.set_directory(DIR, id);
    Ok(())
}

/// The lines of the runs that one of the two changed, as they are now.
fn news(sides: (&Side<'_>, &Side<'_>), both: &[Row]) -> Result<HashMap<RunId, String>> {
    let all = sides.0.runs.values().chain(sides.1.runs.values()).map(|deeds| deeds.row.row());
    all.chain(both.iter().cloned().map(Ok)).map(|row| row.map(|row| (row.id.clone(), row.to_line()))).collect()
}

fn ids(file: &File) -> Vec<Option<&RunId>> {
    file.lines.iter().map(|(id, _)| id.as_ref()).collect()
}

fn files(repo: &Repo, dir: &Tree) -> Result<Vec<File>> {
    let sealed = sealed_files(dir).into_iter().map(|(_, name, id)| (name, id));
    let current = dir.get(CURRENT.as_bytes()).map(|entry| (CURRENT.as_bytes().to_vec(), entry.id));
    let all: Vec<_> = sealed.chain(current).collect();
    repo.ensure_present(&all.iter().map(|(_, id)| *id).collect::<Vec<_>>())?;
    let read = |(name, id)| {
        let data = repo.read(&id, Kind::Blob)?;
        let text = String::from_utf8_lossy(&data);
        Ok(File { name, lines: text.lines().map(|line| (id_of(line), line.to_owned())).collect() })
    };
    all.into_iter().map(read).collect()
}

/// Writes rows behind the first `sealed` files.
fn write(
    sink: &mut dyn ObjectSink,
    dir: &mut Tree,
    sealed: usize,
    tail: HashMap<RunId, String>,
    mut odd: Vec<String>,
) -> Result<()> {
    // A line that is no row is nobody's; it is kept, once.
    odd.sort();
    odd.dedup();
    let time = |line: &str| serde_json::from_str::<Row>(line).ok().and_then(|row| row.timestamp);
    let mut rows: Vec<_> = tail.into_iter().map(|(id, line)| (time(&line), id, line)).collect();
    rows.sort();
    let lines: Vec<&str> = rows.iter().map(|(.., line)| line.as_str()).chain(odd.iter().map(String::as_str)).collect();
    let last = sealed_files(dir).last().map_or(sealed, |(n, ..)| *n);
    let mut chunks: Vec<&[&str]> = lines.chunks(ROWS).collect();
    let newest = chunks.pop().unwrap_or_default();
    for (n, chunk) in chunks.into_iter().enumerate() {
        put(sink, dir, sealed_name(last + n + 1).as_bytes(), chunk.iter().copied())?;
    }
    put(sink, dir, CURRENT.as_bytes(), newest.iter().copied())
}

fn put<'l>(sink: &mut dyn ObjectSink, dir: &mut Tree, name: &[u8], lines: impl Iterator<Item = &'l str>) -> Result<()> {
    let text = lines.fold(String::new(), |text, line| text + line + "\n");
    dir.insert(name, EntryKind::File, sink.put(Kind::Blob, text.as_bytes())?);
    Ok(())
}
