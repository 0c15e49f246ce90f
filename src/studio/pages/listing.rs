//! The files of a run, as a tree that folds, or directory by directory if they are many.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::store::StoredFile;

use super::markup::escape;
use super::of_run::OfThis;
use super::show;

/// Files that are shown as a tree.
const NESTED: usize = 300;
/// Directories within each other that are shown as a tree.
const DEPTH: usize = 24;
/// Entries of a directory that are shown.
const ENTRIES: usize = 2000;

/// Files below a directory.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Whether it is the tree; else it is the entries.
    pub(super) nested: bool,
    /// The tree, as HTML.
    pub(super) tree: String,
    pub(super) entries: Vec<Entry>,
    /// How many entries are not shown.
    pub(super) left: usize,
    /// How many files there are.
    pub(super) count: usize,
}

/// An entry of a directory.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) dir: bool,
    pub(super) size: String,
}

#[derive(Default)]
struct Dir<'f> {
    dirs: BTreeMap<&'f str, Self>,
    files: Vec<(&'f str, &'f str, u64)>,
}

impl Listing {
    /// The files of `files` below `dir`; all of them if that is empty.
    pub(super) fn of(this: &OfThis, files: Vec<StoredFile>, dir: &str) -> Self {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let files: Vec<(String, u64)> = files
            .into_iter()
            .map(|file| (String::from_utf8_lossy(&file.path).into_owned(), file.size))
            .filter(|(path, _)| path.starts_with(&prefix))
            .collect();
        let below = |path: &'_ str| path[prefix.len()..].matches('/').count();
        if files.len() <= NESTED && files.iter().all(|(path, _)| below(path) < DEPTH) {
            let mut top = Dir::default();
            for (path, size) in &files {
                let mut parts: Vec<&str> = path[prefix.len()..].split('/').collect();
                let name = parts.pop().unwrap_or_default();
                let mut dir = &mut top;
                for part in parts {
                    dir = dir.dirs.entry(part).or_default();
                }
                dir.files.push((name, path, *size));
            }
            let mut tree = String::new();
            top.push(&mut tree, this, files.len() <= 16);
            return Self { nested: true, tree, count: files.len(), ..Self::default() };
        }
        let mut entries: BTreeMap<(bool, &str), (usize, u64)> = BTreeMap::new();
        for (path, size) in &files {
            let rest = &path[prefix.len()..];
            let (name, dir) = rest.split_once('/').map_or((rest, false), |(name, _)| (name, true));
            let entry = entries.entry((!dir, name)).or_default();
            *entry = (entry.0 + 1, entry.1 + size);
        }
        let left = entries.len().saturating_sub(ENTRIES);
        let entry = |((file, name), (count, size)): ((bool, &str), (usize, u64))| Entry {
            name: name.to_owned(),
            address: this.file(&format!("{prefix}{name}")),
            dir: !file,
            size: if file { show::size(size) } else { format!("{} files", show::count(count as u64)) },
        };
        let count = files.len();
        Self { entries: entries.into_iter().take(ENTRIES).map(entry).collect(), left, count, ..Self::default() }
    }
}

impl Dir<'_> {
    fn push(&self, out: &mut String, this: &OfThis, open: bool) {
        out.push_str("<ul>");
        for (name, dir) in &self.dirs {
            let open = if open { " open" } else { "" };
            let _ = write!(out, "<li><details{open}><summary>{}/</summary>", escape(name));
            dir.push(out, this, !open.is_empty());
            out.push_str("</details></li>");
        }
        for (name, path, size) in &self.files {
            let (address, name, size) = (escape(&this.file(path)), escape(name), show::size(*size));
            let _ = write!(out, "<li><a href=\"{address}\">{name}</a> <span class=\"dim\">{size}</span></li>");
        }
        out.push_str("</ul>");
    }
}
