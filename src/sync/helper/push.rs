//! A push to the branch `runs`: a union merge with what the remote has, in a loop that ends.

use crate::git::{Oid, PushRef, RefPush, Repo};
use crate::store::{Store, is_of_runs};
use crate::sync::pace::{Pace, is_lock};

use super::error::Result;
use super::host::Host;
use super::options::Options;
use super::session::Pushed;

pub(super) fn push(host: &mut Host<'_>, options: &Options, from: &str, force: bool) -> Result<Pushed> {
    let (repo, peer) = (host.repo()?, host.peer());
    repo.ensure_git()?;
    let Ok(source) = repo.resolve_commit(from) else {
        return Ok(Pushed::Refused(format!("'{from}' is not a commit")));
    };
    let (mut pace, mut rejected) = (Pace::new(), None::<(Option<Oid>, String)>);
    loop {
        let there = host.look()?;
        if let Some((seen, reason)) = rejected.take() {
            // Whether it was a race shows in the ref, never in words alone.
            if seen != there.tip {
                pace.lost();
            } else if !(is_lock(&reason) && pace.locked()) {
                return Ok(Pushed::Refused(in_words(&reason)));
            }
            if pace.is_hopeless() {
                return Ok(Pushed::Refused("others kept being faster; nothing is lost, push again".into()));
            }
        }
        if let Some(tip) = &there.tip {
            if !repo.has(tip) {
                repo.fetch_objects(&peer, (&options.for_merge(), &[tip.to_string()]), false, host.heard)?;
            }
            if !is_of_runs(&repo.commit(tip)?.message) {
                return Ok(Pushed::Refused(format!("{} of the remote is no history of runs", there.name)));
            }
            if *tip == source || !repo.reachable_from(tip, &[source])?.is_empty() {
                return Ok(Pushed::UpToDate);
            }
        }
        let ours = match of_runs(&repo, &source)? {
            Ok(ours) => ours,
            Err(reason) => return Ok(Pushed::Refused(reason)),
        };
        let new = match &there.tip {
            Some(tip) => Store::union(&repo, tip, &ours)?,
            None => ours,
        };
        let moved = Pushed::Moved { old: there.tip, new };
        let merged = new != source && there.tip.is_some();
        if !options.dry_run {
            let what = PushRef { name: &there.name, new: Some(new), old: there.tip };
            if let RefPush::Rejected(reason) = repo.push_ref(&peer, &options.for_push(), what, host.heard)? {
                rejected = Some((there.tip, reason));
                pace.wait();
                continue;
            }
        }
        if merged {
            let forced = if force { "a history of runs is never forced: " } else { "" };
            host.say(options, &format!("{forced}merged with what is there; 'git pull' brings it here"));
        }
        return Ok(moved);
    }
}

/// What `git push` says of a ref, to be shown by another one: without its own marks.
fn in_words(reason: &str) -> String {
    if reason.contains("(stale info)") {
        return "the host shows this history to those who fetch, and not to those who push".into();
    }
    let inner = reason.strip_prefix('[').and_then(|rest| rest.split_once("] ("));
    match inner.and_then(|(_, rest)| rest.split_once(')')) {
        Some((words, rest)) => format!("{words}{rest}"),
        None => reason.to_owned(),
    }
}

/// A commit of ours that has all of `source`: itself, if it is one; if git made it from two of them, as `git pull` does, a merge of
/// ours on top. Else why not.
fn of_runs(repo: &Repo, source: &Oid) -> Result<std::result::Result<Oid, String>> {
    let commit = repo.commit(source)?;
    if is_of_runs(&commit.message) {
        return Ok(Ok(*source));
    }
    let mut joined = None;
    for parent in commit.parents.iter().filter(|_| commit.parents.len() > 1) {
        let parent = match of_runs(repo, parent)? {
            Ok(parent) => parent,
            Err(reason) => return Ok(Err(reason)),
        };
        joined = Some(match joined {
            Some(so_far) => Store::union(repo, &so_far, &parent)?,
            None => parent,
        });
    }
    match joined {
        Some(joined) => Ok(Ok(Store::adopt(repo, &joined, source)?)),
        None => {
            Ok(Err(format!("commit {} '{}' was not made by git agentv", &source.to_string()[..10], commit.subject())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn refusals_in_words() {
        assert_eq!(
            in_words("[remote rejected] (hook declined); no, says the boss"),
            "hook declined; no, says the boss"
        );
        assert_eq!(in_words("[remote failure]"), "[remote failure]");
        assert!(in_words("[rejected] (stale info)").contains("not to those who push"));
    }
}
