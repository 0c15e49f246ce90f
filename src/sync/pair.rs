//! Which ref here is shared with which ref there.

use super::remote::{inbox_prefix, inbox_refspec, runs_refspec, tracking_ref};
use super::results::Managed;
use crate::store::RUNS_REF;

/// A ref of this clone and the ref of a remote that it is shared with.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    /// Our ref.
    pub(super) own: String,
    /// The remote's.
    pub(super) there: String,
    /// What the remote's was when it was last looked at.
    pub(super) tracking: String,
    /// Where inboxes are on the remote.
    pub(super) inboxes: String,
    /// Where they are kept here.
    pub(super) inboxes_here: String,
    /// What is fetched. Patterns: a remote that has none of it is no error.
    pub(super) refspecs: Vec<String>,
    /// And if inboxes are wanted.
    pub(super) inbox_refspec: String,
    /// How the remote is told to people.
    pub(super) shown: String,
    /// Files for whoever looks at the branch; none where nobody does.
    pub(super) dress: Option<Dress>,
}

/// What a branch has beside runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dress {
    /// A README.md, put there if there is none.
    pub(super) readme: Option<&'static str>,
}

impl Pair {
    /// The runs of a repository and those of a remote of it.
    pub(super) fn of_remote(remote: &str) -> Self {
        Self {
            own: RUNS_REF.into(),
            there: RUNS_REF.into(),
            tracking: tracking_ref(remote),
            inboxes: "refs/agentv/inbox/".into(),
            inboxes_here: inbox_prefix(remote),
            refspecs: vec![runs_refspec(remote)],
            inbox_refspec: inbox_refspec(remote),
            shown: remote.to_owned(),
            dress: None,
        }
    }

    /// The branch of a managed clone and that of its results repository. Its inboxes have another place than those of a
    /// repository's own runs: a results repository may have some of these, too.
    pub(super) fn of_results(managed: &Managed, readme: Option<&'static str>) -> Self {
        let branch = managed.branch();
        let (there, tracking) = (format!("refs/heads/{branch}"), managed.tracking_ref());
        let inboxes = format!("refs/agentv/inbox-heads/{branch}/");
        let inboxes_here = format!("refs/agentv/remotes/{}/inbox-heads/{branch}/", managed.remote().name);
        let mut refspecs = vec![format!("+{there}*:{tracking}*")];
        let inbox_refspec = format!("+{inboxes}*:{inboxes_here}*");
        if let Some(other) = managed.other_branch() {
            refspecs.push(format!("+refs/heads/{other}*:{}*", Managed::tracking_of(other)));
        }
        Self {
            own: managed.own_ref(),
            there,
            tracking,
            inboxes,
            inboxes_here,
            refspecs,
            inbox_refspec,
            shown: managed.name().to_owned(),
            dress: Some(Dress { readme }),
        }
    }
}
