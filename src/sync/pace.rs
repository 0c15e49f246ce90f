//! How long to go on while others push, too.

use std::time::{Duration, Instant};

/// How often a refusal may be one of the host's own locks.
const REFUSALS: u32 = 3;

/// How a push goes so far.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    races: u32,
    refusals: u32,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), races: 0, refusals: 0 }
    }

    /// Somebody else was faster.
    pub(super) fn lost(&mut self) {
        self.races += 1;
    }

    /// Nobody was faster, but a lock of the host was taken. False if that was so too often.
    pub(super) fn locked(&mut self) -> bool {
        self.refusals += 1;
        self.refusals <= REFUSALS
    }

    /// Whether to give way to the others. With few of them each gets through after some attempts. With very many an attempt takes long
    /// and is lost for sure, and each makes it worse for all.
    pub(super) fn is_crowded(&self) -> bool {
        let elapsed = self.start.elapsed().as_secs();
        self.races >= 5 || self.races >= 2 && elapsed >= 3 || self.races >= 1 && elapsed >= 8
    }

    /// Whether even those who can't give way stop.
    pub(super) fn is_hopeless(&self) -> bool {
        self.races >= 40 || self.start.elapsed() > Duration::from_secs(30)
    }

    /// Whether nobody was in the way, and time is left for what others left behind.
    pub(super) fn is_quiet(&self) -> bool {
        self.races + self.refusals == 0 && self.start.elapsed() < Duration::from_secs(2)
    }

    /// A pause that grows and differs between processes, so that they do not meet again.
    pub(super) fn wait(&self) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let nanos = now.map_or(0, |now| now.subsec_nanos());
        let spread = u64::from((nanos ^ std::process::id().wrapping_mul(0x9e37_79b9)) % 1000);
        let attempts = u64::from((self.races + self.refusals).min(8));
        std::thread::sleep(Duration::from_micros(spread * 60 * attempts));
    }
}

/// Whether a host says that one of its locks was taken. It is only asked when the ref did not move.
pub(super) fn is_lock(reason: &str) -> bool {
    [
        "lock",
        "failed to update ref",
        "incorrect old value",
        "stale info",
        "fetch first",
        "non-fast-forward",
        "reference already exists",
    ]
    .iter()
    .any(|words| reason.contains(words))
}
