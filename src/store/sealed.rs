//! The runs that left the tip's tree: where their directories are.
//!
//! `sealed/<id[:2]>` in the tip's tree has a line for each sealed run of that shard, sorted:
//! `<id[2:]> <object id of the run's directory>`. The directories themselves are reachable through
//! history, from the parent of the commit that sealed them.

use std::collections::BTreeMap;

use crate::git::{Oid, Repo};

use super::{Error, Result};

/// The directory of these lists in the tip's tree.
pub(super) const SEALED: &str = "sealed";

/// The sealed runs of one shard: the rest of their id, and their directory.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Sealed(BTreeMap<String, Oid>);

impl Sealed {
    pub(super) fn decode(repo: &Repo, shard: &str, data: &[u8]) -> Result<Self> {
        let damaged = |line: &str| Error::Damaged {
            what: format!("{SEALED}/{shard}"),
            reason: format!("'{}' is no line of it", line.escape_debug()),
        };
        let text = String::from_utf8_lossy(data);
        let entry = |line: &str| {
            let (rest, hex) = line.split_once(' ').ok_or_else(|| damaged(line))?;
            Ok((rest.to_owned(), repo.parse_oid(hex).ok_or_else(|| damaged(line))?))
        };
        text.lines().map(entry).collect::<Result<_>>().map(Self)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        use std::fmt::Write;
        let mut text = String::new();
        for (rest, tree) in &self.0 {
            let _ = writeln!(text, "{rest} {tree}");
        }
        text.into_bytes()
    }

    pub(super) fn get(&self, rest: &str) -> Option<Oid> {
        self.0.get(rest).copied()
    }

    pub(super) fn insert(&mut self, rest: &str, tree: Oid) {
        self.0.insert(rest.to_owned(), tree);
    }

    /// Those whose id goes on with `prefix`.
    pub(super) fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, Oid)> {
        let from = self.0.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.take_while(move |(rest, _)| rest.starts_with(prefix)).map(|(rest, tree)| (rest.as_str(), *tree))
    }
}
