//! The oldest git we work with, and the check for it.

use std::fmt;
use std::path::Path;

/// The oldest git that will do.
///
/// | needs git | for |
/// | --- | --- |
/// | 2.28 | `update-ref --stdin` with `start`, `prepare` and `commit` |
/// | 2.36 | `core.fsync`, so that git syncs what it moves as the user asked |
/// | 2.38 | `merge-tree --write-tree`, which union merges are checked against |
pub const MINIMUM: Version = Version(2, 38);

/// Major and minor version of git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl Version {
    /// Reads what `git version` prints: `git version 2.47.3`, also with a vendor's suffix.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut parts = line.trim().strip_prefix("git version ")?.split(['.', ' ', '-']);
        Some(Self(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// One line that changes whenever the program at `path` is replaced, so that
/// its version needs to be asked only once.
pub(super) fn fingerprint(path: &Path) -> Option<String> {
    let meta = path.metadata().ok()?;
    let modified = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", modified.as_nanos(), meta.len(), path.display()))
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn reads_what_gits_print() {
        assert_eq!(Version::parse("git version 2.47.3\n"), Some(Version(2, 47)));
        assert_eq!(Version::parse("git version 2.39.5 (Apple Git-154)"), Some(Version(2, 39)));
        assert_eq!(Version::parse("git version 2.55.GIT"), Some(Version(2, 55)));
        assert_eq!(Version::parse("git version 3.0-rc1"), Some(Version(3, 0)));
        assert_eq!(Version::parse("hub version 2.14"), None);
        assert!(Version(2, 9) < Version(2, 38) && Version(2, 38) < Version(3, 0));
    }
}
