//! How close a commit is to the code that a run evaluated.

use serde::Serialize;

use super::Source;

/// Whether a commit is what a run evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Closeness {
    /// Its tree is the one that was evaluated, file for file.
    Exact,
    /// It is not, or nobody can tell.
    Near,
}

impl Source {
    /// How close a commit is whose tree is `tree` (hex; none where that is not known), and what makes
    /// it no more than near.
    #[must_use]
    pub fn closeness(&self, commit: &str, tree: Option<&str>) -> (Closeness, Option<&'static str>) {
        let is_source = self.commit.as_deref() == Some(commit);
        if is_source && self.dirty == Some(true) {
            return (Closeness::Near, Some("with uncommitted changes"));
        }
        match (self.tree.as_deref(), tree) {
            (Some(evaluated), Some(tree)) if evaluated == tree => (Closeness::Exact, None),
            // Nothing was changed, so the tree was the commit's own, also where the commit is no longer there.
            (Some(_), None) if is_source && self.dirty == Some(false) => (Closeness::Exact, None),
            (Some(_), Some(_)) => (Closeness::Near, Some("its tree is another one")),
            (None, _) => (Closeness::Near, Some("tree not observed")),
            (Some(_), None) => (Closeness::Near, Some("its tree is unknown")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Closeness, Source};

    #[test]
    fn exact_is_only_what_is_proven() {
        let source = |tree: Option<&str>, dirty| Source {
            commit: Some("c".into()),
            tree: tree.map(str::to_owned),
            dirty,
            ..Source::default()
        };
        let clean = source(Some("t"), Some(false));
        let table = [
            (&clean, "c", Some("t"), Closeness::Exact),
            (&clean, "c", None, Closeness::Exact),
            (&clean, "d", Some("t"), Closeness::Exact),
            (&clean, "d", None, Closeness::Near),
            (&clean, "d", Some("u"), Closeness::Near),
            (&source(Some("u"), Some(true)), "c", Some("t"), Closeness::Near),
            // A commit made of the changes afterwards is what was evaluated.
            (&source(Some("u"), Some(true)), "d", Some("u"), Closeness::Exact),
            (&source(None, Some(true)), "c", Some("t"), Closeness::Near),
            (&source(None, None), "c", Some("t"), Closeness::Near),
            (&Source::default(), "c", None, Closeness::Near),
        ];
        for (source, commit, tree, expected) in table {
            let (found, why) = source.closeness(commit, tree);
            assert_eq!((found, why.is_some()), (expected, expected == Closeness::Near), "{source:?} {commit} {tree:?}");
        }
    }
}
