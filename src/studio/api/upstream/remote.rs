//! The status of the remote in upstream's words.

use serde::Serialize;

use crate::store::Traffic;

use super::super::remote::shown_url;

/// The status of the remote.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Extra {
    configured: bool,
    available: bool,
    repo: String,
    local_dir: &'static str,
    /// `clean`, `ahead`, `behind`, `diverged`, `unavailable`.
    sync_status: &'static str,
    ahead: usize,
    behind: usize,
    run_count: u64,
}

impl Extra {
    /// `remote` is its address, what it lacks, and what it has and is not merged here.
    pub(in crate::studio) fn of(remote: Option<(&str, Traffic, Traffic)>, runs: u64) -> Self {
        let count = |traffic: Traffic| traffic.new + traffic.changed;
        let (ahead, behind) = remote.map_or((0, 0), |(_, ahead, behind)| (count(ahead), count(behind)));
        Self {
            configured: remote.is_some(),
            available: remote.is_some(),
            repo: remote.map(|(url, ..)| shown_url(url)).unwrap_or_default(),
            local_dir: "",
            sync_status: match (remote.is_some(), ahead > 0, behind > 0) {
                (false, _, _) => "unavailable",
                (true, false, false) => "clean",
                (true, true, false) => "ahead",
                (true, false, true) => "behind",
                (true, true, true) => "diverged",
            },
            ahead,
            behind,
            run_count: if remote.is_some() { runs } else { 0 },
        }
    }
}
