//! Sharing runs through a remote: fetch, union merge, push.
//!
//! A push never forces anything: it moves the remote's ref from the commit that was seen to one on top of it, or to one
//! that has all of it but the files of compacted runs. Whoever loses a race merges what the other
//! pushed and tries again; whoever keeps losing leaves its commits in an inbox of its own, which the next sync of anyone folds in.
//! Nothing here prints, and nothing is remembered between the steps but refs: an interrupted sync is completed by the next one.

mod error;
mod exchange;
mod fetch;
pub mod helper;
mod lock;
mod pace;
mod pair;
pub mod places;
pub mod promote;
mod remote;
pub mod results;
mod standing;

use crate::git::{Oid, Repo};
use crate::store::{RUNS_REF, Store, Traffic};

pub use crate::git::{Remote, without_credentials};
pub use error::{Error, Result};
pub use fetch::{Fetching, fetching};
pub use remote::{destinations, elect, is_known, last_fetch, remember, tracking_ref, was_pushed_to};
pub use standing::{NotSent, Standing, not_sent, note_not_sent, standing};

use exchange::Sync;
use pair::Pair;
use results::Managed;

/// What to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a step of its own, and any of them go together")]
pub struct Steps {
    /// Merge what the remote has into the own runs. A push does so, too.
    pub merge: bool,
    /// Push.
    pub push: bool,
    /// Take in what others left in their inboxes, however much it is. Who only pushes does it when nothing else goes on.
    pub fold: bool,
    /// Change nothing but what is known of the remote.
    pub dry_run: bool,
    /// Fetch the files of all runs, too, also those that earlier fetches left out.
    pub full: bool,
}

/// What a sync came to.
#[derive(Debug, Clone, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Synced {
    /// Runs that came from the remote, or would come.
    pub received: Traffic,
    /// How many bytes git says came for them; of runs that were fetched before about how many they take. Absent if it could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
    /// Runs that went to the remote, or would go.
    pub sent: Traffic,
    /// How many bytes git says went; if they would go, about how many they take. Absent if it could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_bytes: Option<u64>,
    /// Runs that both sides had changed.
    pub merged: usize,
    /// Inboxes of others that were folded in.
    pub folded: Vec<String>,
    /// What of the remote was left alone, and why.
    pub left: Vec<String>,
    /// The inbox that took the runs, because others kept being faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbox: Option<String>,
    /// The tip of this clone's runs before, if it followed a history that was compacted elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
    /// The tip of the remote's runs before, if the compacted history of this clone took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrote: Option<String>,
    /// How often the push was tried.
    pub attempts: u32,
}

/// What is going to be pushed, for who has to agree.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'p> {
    /// The addresses that it goes to; they may hold credentials.
    pub to: &'p [String],
    /// Runs that go.
    pub sent: Traffic,
    /// About how many bytes; none if it could not be told.
    pub bytes: Option<u64>,
}

/// Asks and tells while a sync runs.
pub trait Listener {
    /// Whether to push for the first time to this remote.
    fn agree(&mut self, remote: &Remote, plan: &Plan<'_>) -> bool;
    /// What git is doing.
    fn progress(&mut self, line: &str);
    /// Something that is worth a line.
    fn notice(&mut self, _line: &str) {}
}

/// What is not the same here and on a remote, as of the last fetch from it: what would go there, and what would come.
pub fn difference(repo: &Repo, remote: &Remote) -> Result<(Traffic, Traffic)> {
    let (ours, tracking) = (Store::new(repo, RUNS_REF), tracking_ref(&remote.name));
    let (here, there) = (ours.tip_id()?, Store::new(repo, &tracking).tip_id()?);
    let only_in = |tip: Option<Oid>, other: Option<Oid>| match tip {
        Some(tip) => ours.traffic(&tip, &Vec::from_iter(other)),
        None => Ok(Traffic::default()),
    };
    Ok((only_in(here, there)?, only_in(there, here)?))
}

/// Syncs the runs of `repo` with a remote.
pub fn sync(repo: &Repo, remote: &Remote, steps: Steps, listener: &mut dyn Listener) -> Result<Synced> {
    let (pair, store) = (Pair::of_remote(&remote.name), Store::of(repo));
    if store.name() != RUNS_REF {
        remote::ensure_ref(repo, remote, store.name())?;
    }
    sync_pair(store, remote, &pair, steps, listener)
}

/// Syncs a managed clone with its results repository, as the user of `source`. A push keeps the index of the branch, and puts `readme` there if
/// the branch has no README.md.
pub fn sync_results(
    source: &Repo,
    managed: &Managed,
    readme: Option<&'static str>,
    steps: Steps,
    listener: &mut dyn Listener,
) -> Result<Synced> {
    let pair = Pair::of_results(managed, readme);
    let store = Store::new(managed.repo(), &pair.own).for_source(source, "");
    sync_pair(store, managed.remote(), &pair, steps, listener)
}

fn sync_pair(
    store: Store<'_>,
    remote: &Remote,
    pair: &Pair,
    steps: Steps,
    listener: &mut dyn Listener,
) -> Result<Synced> {
    let repo = store.repo();
    repo.ensure_git().map_err(Error::from)?;
    let _lock = lock::take(repo)?;
    let to = match (steps.push, &pair.dress) {
        (false, _) => Vec::new(),
        (true, Some(_)) => vec![remote.url.clone()],
        (true, None) => destinations(repo, remote)?,
    };
    let synced = Sync::new(store, remote, pair, steps, to).run(listener)?;
    if steps.push && !steps.dry_run {
        standing::forget_not_sent(repo, &remote.name);
    }
    Ok(synced)
}
