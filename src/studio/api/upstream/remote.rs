//! The status of the remote in upstream's words.

use serde::Serialize;

use crate::store::Traffic;
use crate::sync::Standing;

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
    pub(in crate::studio) fn of(standing: Option<&Standing>, runs: u64) -> Self {
        let count = |traffic: Traffic| traffic.new + traffic.changed;
        let (ahead, behind) = standing.map_or((0, 0), |standing| (count(standing.ahead), count(standing.behind)));
        Self {
            configured: standing.is_some(),
            available: standing.is_some(),
            repo: standing.map(|standing| shown_url(&standing.remote.url)).unwrap_or_default(),
            local_dir: "",
            sync_status: match (standing.is_some(), ahead > 0, behind > 0) {
                (false, _, _) => "unavailable",
                (true, false, false) => "clean",
                (true, true, false) => "ahead",
                (true, false, true) => "behind",
                (true, true, true) => "diverged",
            },
            ahead,
            behind,
            run_count: if standing.is_some() { runs } else { 0 },
        }
    }
}
