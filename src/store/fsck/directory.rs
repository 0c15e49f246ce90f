//! Checking the directory of a run by itself: manifest, overlay, files.

use jiff::Timestamp;
use serde_json::Value;

use crate::git::{Entry, EntryKind, Kind, Oid, Tree};
use crate::run::{MANIFEST_SCHEMA, Manifest, OVERLAY_SCHEMA, Overlay, RunId, canonical};
use crate::store::run_files::{ARTIFACTS, COMPACTED, MANIFEST, OVERLAY, SOURCE_DIFF};

use super::artifacts;
use super::objects::{Lack, Objects};
use super::problem;

/// A directory that was looked at.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) state: State,
    pub(super) wrong: Vec<(problem::Kind, String)>,
    /// The overlay says what it should, but not in the form it should.
    pub(super) rewrite: Option<String>,
    pub(super) files: usize,
}

/// What a directory is.
#[derive(Debug)]
pub(super) enum State {
    /// The run that was expected. Without documents if a partial clone did not fetch them.
    Run(Option<Box<(Manifest, Overlay, bool)>>),
    /// Another run.
    Other(RunId),
    /// Nothing that could be read as a run.
    Broken,
}

impl Directory {
    fn broken(kind: problem::Kind, text: String) -> Self {
        Self { state: State::Broken, wrong: vec![(kind, text)], rewrite: None, files: 0 }
    }

    /// Whether it can stand for the run.
    pub(super) fn is_plausible(&self) -> bool {
        matches!(self.state, State::Run(_))
    }
}

/// Looks at the directory `id` of the run `run`, its files included.
pub(super) fn look(objects: &Objects<'_>, run: &RunId, id: &Oid) -> Directory {
    let tree = match objects.tree(id) {
        Ok(tree) => tree,
        Err(Lack::NotFetched) => return not_fetched(),
        Err(Lack::Bad(kind, text)) => return Directory::broken(kind, format!("its directory: {text}")),
    };
    let manifest = match document(objects, &tree, MANIFEST) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Directory::broken(problem::Kind::Shape, format!("{MANIFEST} is not in its directory {id}")),
        Err(Lack::NotFetched) => return not_fetched(),
        Err(Lack::Bad(kind, text)) => return Directory::broken(kind, format!("{MANIFEST}: {text}")),
    };
    let parsed: Manifest = match serde_json::from_slice(&manifest) {
        Ok(parsed) => parsed,
        Err(err) => return Directory::broken(problem::Kind::Manifest, format!("{MANIFEST}: {err}")),
    };
    let mut wrong = Vec::new();
    check_manifest(&parsed, &manifest, &mut wrong);
    let (overlay, rewrite) = match document(objects, &tree, OVERLAY) {
        Ok(None) => (Some(Overlay::default()), None),
        Ok(Some(bytes)) => check_overlay(&bytes, objects, &mut wrong),
        Err(Lack::NotFetched) => (None, None),
        Err(Lack::Bad(kind, text)) => {
            wrong.push((kind, format!("{OVERLAY}: {text}")));
            (None, None)
        }
    };
    let digest = digest(objects, &parsed, &mut wrong);
    if parsed.id != *run {
        let is_itself = digest.is_some_and(|digest| is_itself(&parsed, &digest));
        let state = if is_itself { State::Other(parsed.id.clone()) } else { State::Broken };
        wrong.push((problem::Kind::Id, format!("{MANIFEST} is that of run {}", parsed.id)));
        return Directory { state, wrong, rewrite, files: 0 };
    }
    if let Some(digest) = digest
        && !is_itself(&parsed, &digest)
    {
        wrong.push((problem::Kind::Id, format!("it is not the id that follows from what {MANIFEST} says")));
    }
    let files = check_files(objects, &tree, &parsed, overlay.as_ref(), digest.as_ref(), &mut wrong);
    // An overlay that can't be read leaves nothing that a row could be compared with.
    let compacted = tree.get(COMPACTED.as_bytes()).is_some();
    let documents = overlay.map(|overlay| Box::new((parsed, overlay, compacted)));
    Directory { state: State::Run(documents), wrong, rewrite, files }
}

fn not_fetched() -> Directory {
    Directory { state: State::Run(None), wrong: Vec::new(), rewrite: None, files: 0 }
}

fn is_itself(manifest: &Manifest, artifacts: &Oid) -> bool {
    manifest.id.is_of(&manifest.run_id, manifest.started_at.as_deref(), &artifacts.to_string())
}

/// A file of the directory.
fn document(objects: &Objects<'_>, tree: &Tree, name: &str) -> Result<Option<Vec<u8>>, Lack> {
    let Some(entry) = tree.get(name.as_bytes()) else { return Ok(None) };
    if entry.kind == EntryKind::Dir {
        return Err(Lack::Bad(problem::Kind::Shape, "it is a directory".into()));
    }
    objects.read(&entry.id, Kind::Blob).map(Some)
}

fn check_manifest(manifest: &Manifest, bytes: &[u8], wrong: &mut Vec<(problem::Kind, String)>) {
    let mut say = |text: String| wrong.push((problem::Kind::Manifest, format!("{MANIFEST}: {text}")));
    if manifest.schema != MANIFEST_SCHEMA {
        say(format!("its schema is '{}', not {MANIFEST_SCHEMA}", manifest.schema));
    }
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if canonical(&value).as_bytes() != bytes {
        say("it is not in canonical form".into());
    }
    let times = [
        ("started_at", manifest.started_at.as_ref()),
        ("finished_at", manifest.finished_at.as_ref()),
        ("recorded_at", Some(&manifest.recorded_at)),
    ];
    for (key, time) in times {
        if let Some(time) = time.filter(|time| !is_time(time)) {
            say(format!("{key} is '{time}', which is no time"));
        }
    }
}

fn is_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok_and(|time| crate::run::format_time(time) == text)
}

/// The overlay, and what is wrong with its form only.
fn check_overlay(
    bytes: &[u8],
    objects: &Objects<'_>,
    wrong: &mut Vec<(problem::Kind, String)>,
) -> (Option<Overlay>, Option<String>) {
    let mut say = |text: String| wrong.push((problem::Kind::Overlay, format!("{OVERLAY}: {text}")));
    let overlay: Overlay = match serde_json::from_slice(bytes) {
        Ok(overlay) => overlay,
        Err(err) => {
            say(err.to_string());
            return (None, None);
        }
    };
    if overlay.schema != OVERLAY_SCHEMA {
        say(format!("its schema is '{}', not {OVERLAY_SCHEMA}", overlay.schema));
    }
    if let Some(link) = overlay.links.iter().find(|link| objects.repo.parse_oid(&link.commit).is_none()) {
        say(format!("a link names '{}', which is no object id", link.commit));
    }
    let times = overlay.links.iter().map(|link| &link.at).chain(overlay.pruned.iter().map(|pruned| &pruned.at));
    for time in times.filter(|time| !is_time(time)) {
        say(format!("'{time}' is no time"));
    }
    let rewrite = if canonical(&overlay).as_bytes() != bytes {
        Some(format!("{OVERLAY} is not in canonical form"))
    } else if overlay == Overlay::default() {
        Some(format!("{OVERLAY} says nothing and is there"))
    } else {
        None
    };
    (Some(overlay), rewrite)
}

/// The tree of files that was recorded, by the manifest.
fn digest(objects: &Objects<'_>, manifest: &Manifest, wrong: &mut Vec<(problem::Kind, String)>) -> Option<Oid> {
    let parsed = manifest.files.digest.split_once(':').filter(|(format, _)| *format == objects.repo.object_format());
    let id = parsed.and_then(|(_, hex)| objects.repo.parse_oid(hex));
    if id.is_none() {
        let text = format!("{MANIFEST}: its digest '{}' is none of this repository", manifest.files.digest);
        wrong.push((problem::Kind::Digest, text));
    }
    id
}

/// Checks what is there besides the documents; returns how many files that is.
fn check_files(
    objects: &Objects<'_>,
    tree: &Tree,
    manifest: &Manifest,
    overlay: Option<&Overlay>,
    digest: Option<&Oid>,
    wrong: &mut Vec<(problem::Kind, String)>,
) -> usize {
    let is = |entry: &Entry, kind: EntryKind| entry.kind == kind;
    for (name, kind) in [
        (MANIFEST, EntryKind::File),
        (OVERLAY, EntryKind::File),
        (SOURCE_DIFF, EntryKind::File),
        (COMPACTED, EntryKind::File),
        (ARTIFACTS, EntryKind::Dir),
    ] {
        if tree.get(name.as_bytes()).is_some_and(|entry| !is(entry, kind)) {
            wrong.push((problem::Kind::Shape, format!("{name} has a wrong mode")));
        }
    }
    let diff = tree.get(SOURCE_DIFF.as_bytes());
    if let Some(Err(Lack::Bad(kind, text))) = diff.map(|entry| objects.require(&entry.id)) {
        wrong.push((kind, format!("{SOURCE_DIFF}: {text}")));
    }
    let artifacts = tree.get(ARTIFACTS.as_bytes()).filter(|entry| is(entry, EntryKind::Dir)).map(|entry| entry.id);
    let compacted = tree.get(COMPACTED.as_bytes()).is_some();
    match (overlay.map(|overlay| compacted || overlay.pruned.is_some()), artifacts) {
        (Some(true), None) if diff.is_none() => return 0,
        (Some(true), there) => {
            let what = if there.is_some() { ARTIFACTS } else { SOURCE_DIFF };
            wrong.push((problem::Kind::Shape, format!("it is deleted, but {what} is there: restore and delete it")));
        }
        (Some(false), None) => {
            wrong.push((problem::Kind::Shape, format!("{ARTIFACTS} is not there, and it is not deleted")));
        }
        _ => {}
    }
    let Some(artifacts) = artifacts else { return 0 };
    if digest.is_some_and(|digest| *digest != artifacts) {
        let text = format!("{ARTIFACTS} is {artifacts}, {MANIFEST} says {}", manifest.files.digest);
        wrong.push((problem::Kind::Digest, text));
    }
    let files = artifacts::look(objects, &artifacts, &manifest.files.split);
    wrong.extend(files.wrong);
    if let Some(count) = files.count.filter(|count| *count as u64 != manifest.files.count) {
        wrong.push((problem::Kind::Digest, format!("it has {count} files, {MANIFEST} says {}", manifest.files.count)));
    }
    files.count.unwrap_or(0)
}
