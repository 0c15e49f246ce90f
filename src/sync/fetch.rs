//! Fetching from a remote: what lists and writers need, and the rest when it is asked for.

use crate::git::{Error as GitError, Oid, Remote, Repo};
use crate::store::{RUNS_REF, Store};

use super::remote::{Noted, inbox_prefix, note_fetch, tracking_ref};
use super::{Listener, Result};

/// The setting that says what is fetched.
const SETTING: &str = "agentv.fetch";

/// What is fetched of a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fetching {
    /// Commits, directories and what people said of runs; of many runs at the first time no directories of their own. The rest comes
    /// when it is opened.
    Light,
    /// Everything, because it was asked for.
    Full,
    /// Everything, because the other side can't leave anything out.
    Unfiltered,
    /// Everything, because this repository writes bitmaps of its packs, for which git wants all objects.
    Bitmaps,
    /// Everything, because the user has a remote of the name that the entry of ours would have.
    NameTaken,
}

/// What a fetch from a remote takes, given the settings and what is known of it.
pub fn fetching(repo: &Repo, remote: &Remote) -> Result<Fetching> {
    let setting = repo.setting(SETTING).filter(|value| !value.is_empty());
    let asked = match setting.as_deref() {
        None => false,
        Some("full") => return Ok(Fetching::Full),
        Some("light") => true,
        Some(_) => {
            let (key, value) = (SETTING.to_owned(), setting.unwrap_or_default());
            return Err(GitError::Config { key, value, reason: "it is light or full".into() }.into());
        }
    };
    if repo.writes_bitmaps()? {
        return Ok(Fetching::Bitmaps);
    }
    if repo.is_light_name_taken(&remote.name) {
        return Ok(Fetching::NameTaken);
    }
    let unfiltered = !asked && Noted::Unfiltered.has(repo, &remote.url);
    Ok(if unfiltered { Fetching::Unfiltered } else { Fetching::Light })
}

/// Fetches what the remote has; with `full` also what earlier fetches left out.
pub(super) fn fetch(
    repo: &Repo,
    remote: &Remote,
    refspecs: &[String],
    full: bool,
    listener: &mut dyn Listener,
) -> Result<()> {
    let name = &remote.name;
    let mut known = tips(repo, name)?;
    // Of a first fetch that was killed there may be nothing but commits.
    known.retain(|(_, tip)| repo.commit(tip).is_ok_and(|commit| repo.has(&commit.tree)));
    match fetching(repo, remote)? {
        Fetching::Light if !full => {
            let first = !known.iter().any(|(full, _)| *full == tracking_ref(name));
            let unfiltered = repo.fetch_light(name, refspecs, first, &mut |line| listener.progress(line))?;
            if unfiltered && !Noted::Unfiltered.has(repo, &remote.url) {
                Noted::Unfiltered.add(repo, &remote.url);
                listener
                    .notice(&format!("'{name}' sends the files of all runs, wanted or not; so everything is fetched"));
            }
            let came = tips(repo, name)?.into_iter().filter(|tip| !known.contains(tip));
            // What is no history of runs is told by who reads it.
            let came = came.filter(|(full, _)| matches!(Store::new(repo, full).tip_id(), Ok(Some(_))));
            let came: Vec<Oid> = came.map(|(_, id)| id).collect();
            let known: Vec<Oid> = known.iter().map(|(_, id)| *id).collect();
            Store::new(repo, RUNS_REF).fetch_basics(&came, &known, &mut |line| listener.progress(line))?;
            note_fetch(repo, remote);
            return Ok(());
        }
        Fetching::NameTaken if !full => {
            let entry = crate::git::light_name(name);
            listener.notice(&format!("everything is fetched, because there is a remote '{entry}' that is not ours"));
        }
        _ => {}
    }
    repo.fetch(name, refspecs, &mut |line| listener.progress(line))?;
    note_fetch(repo, remote);
    if full && repo.is_partial() {
        let all = tips(repo, name)?.into_iter().map(|(_, id)| id).chain(repo.read_ref(RUNS_REF)?);
        let all: Vec<Oid> = all.filter(|id| repo.commit(id).is_ok()).collect();
        repo.ensure_whole(&all, &[], &mut |line| listener.progress(line))?;
    }
    Ok(())
}

/// What is known of a remote: the refs here that follow its runs and its inboxes.
fn tips(repo: &Repo, remote: &str) -> Result<Vec<(String, Oid)>> {
    let tracking = tracking_ref(remote);
    let mut tips: Vec<(String, Oid)> = repo.read_ref(&tracking)?.map(|id| (tracking, id)).into_iter().collect();
    tips.extend(repo.refs_below(&inbox_prefix(remote))?);
    Ok(tips)
}
