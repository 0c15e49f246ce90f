//! What can be asked for.

use super::ast::Op;

/// A field of the query language.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Other names of it.
    pub aliases: &'static [&'static str],
    /// What its values are.
    pub kind: Kind,
    /// The values that it can have, if these are fixed.
    pub values: &'static [&'static str],
    /// Where it is, in SQL; empty where that takes more than a column.
    pub(super) expr: &'static str,
}

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Digits that an id begins with.
    Id,
    /// Digits that a commit id begins with, a revision, or a range of revisions.
    Commit,
    /// A branch.
    Branch,
    /// A name, whole.
    Name,
    /// Names, joined with `, `.
    Names,
    /// The name of a store that has the run.
    Place,
    /// The name of a tag.
    Tag,
    /// A part of a text.
    Text,
    /// A part of the note.
    Note,
    /// A number.
    Number(Unit),
    /// A day or a moment.
    Time,
    /// A day or a moment, compared in a fixed way.
    Since(Op),
    /// One of fixed words.
    Choice,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Whole things.
    Count,
    /// Whole things, also in thousands (`k`) and millions (`m`).
    Tokens,
    /// A fraction of 1, or per cent.
    Rate,
    /// Any number, or per cent.
    Score,
    /// Milliseconds, or with a unit of time.
    Duration,
    /// US dollars.
    Dollars,
}

impl Unit {
    /// Whether values are fractions that were computed, so that the last bits mean nothing.
    pub(super) fn is_real(self) -> bool {
        matches!(self, Self::Rate | Self::Score | Self::Dollars)
    }
}

impl Field {
    /// Whether it is about a case of a run.
    #[must_use]
    pub fn is_of_case(&self) -> bool {
        self.name == "case" || self.name.starts_with("case.")
    }

    /// The field of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.names().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// Its name, and its other names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    const fn new(name: &'static str, kind: Kind, expr: &'static str) -> Self {
        Self { name, aliases: &[], kind, values: &[], expr }
    }

    const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn choice(name: &'static str, expr: &'static str, values: &'static [&'static str]) -> Self {
        Self { name, aliases: &[], kind: Kind::Choice, values, expr }
    }
}

/// When a run took place, in milliseconds: when it began, else when it was recorded. Lists show the same.
pub const WHEN: &str = "coalesce(r.timestamp, r.recorded * 1000)";
/// How many judged cases failed.
pub(super) const FAILED: &str = "(r.test_count - r.errors - r.passed)";

/// All fields.
pub static FIELDS: [Field; 37] = [
    Field::new("id", Kind::Id, "r.id"),
    Field::new("run_id", Kind::Name, "r.run_id"),
    Field::new("experiment", Kind::Name, "r.experiment"),
    Field::new("target", Kind::Names, "r.target"),
    Field::new("tag", Kind::Tag, ""),
    Field::new("note", Kind::Note, ""),
    Field::new("author", Kind::Text, "r.author"),
    Field::new("format", Kind::Name, "r.format"),
    Field::new("repo", Kind::Name, "r.repo"),
    Field::new("where", Kind::Place, ""),
    Field::choice("status", "r.status", &["complete", "partial", "pruned", "stripped", "passed", "failed", "error"]),
    Field::new("sha", Kind::Commit, "r.sha"),
    // A user of `git log` tries the other name.
    Field::new("on", Kind::Branch, "r.sha").or(&["branch"]),
    Field::new("test_count", Kind::Number(Unit::Count), "r.test_count").or(&["tests"]),
    Field::new("passed", Kind::Number(Unit::Count), "r.passed"),
    Field::new("failed", Kind::Number(Unit::Count), FAILED),
    Field::new("errors", Kind::Number(Unit::Count), "r.errors"),
    Field::new("pass_rate", Kind::Number(Unit::Rate), "r.pass_rate"),
    Field::new("avg_score", Kind::Number(Unit::Score), "r.avg_score").or(&["score"]),
    Field::new("duration", Kind::Number(Unit::Duration), "r.duration_ms").or(&["duration_ms"]),
    Field::new("cost", Kind::Number(Unit::Dollars), "r.cost_usd").or(&["cost_usd"]),
    Field::new("tokens", Kind::Number(Unit::Tokens), "r.tokens"),
    Field::new("timestamp", Kind::Time, "r.timestamp"),
    Field::new("recorded", Kind::Time, "(r.recorded * 1000)"),
    Field::new("since", Kind::Since(Op::Ge), WHEN),
    Field::new("until", Kind::Since(Op::Le), WHEN),
    Field::new("before", Kind::Since(Op::Lt), WHEN),
    Field::new("after", Kind::Since(Op::Gt), WHEN),
    Field::new("case", Kind::Name, "c.key"),
    Field::new("case.suite", Kind::Name, "c.suite"),
    Field::new("case.target", Kind::Name, "c.target"),
    Field::choice("case.status", "c.status", &["pass", "fail", "error", "skip", "timeout", "cancelled"]),
    Field::new("case.score", Kind::Number(Unit::Score), "c.score"),
    Field::new("case.duration", Kind::Number(Unit::Duration), "c.duration_ms"),
    Field::new("case.cost", Kind::Number(Unit::Dollars), "c.cost_usd"),
    Field::choice(
        "is",
        "",
        &["mine", "unpushed", "exact", "near", "dirty", "linked", "tagged", "partial", "pruned", "local"],
    ),
    Field::choice(
        "has",
        "",
        &[
            "note",
            "tag",
            "link",
            "cost",
            "tokens",
            "duration",
            "score",
            "pass_rate",
            "timestamp",
            "experiment",
            "target",
            "sha",
            "repo",
        ],
    ),
];

/// The one of `known` that somebody who wrote `word` had in mind.
pub(super) fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let allowed = if word.chars().count() > 5 { 2 } else { 1 };
    let score = |name: &'static str| {
        let far = distance(&word, name);
        if far <= allowed {
            Some((far, name))
        } else {
            // The beginning of a name is as good as the worst slip.
            (word.len() >= 2 && name.starts_with(&word)).then_some((allowed + 1, name))
        }
    };
    known.filter_map(score).min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// How many letters must be changed, added, dropped or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, Field, nearest};

    #[test]
    fn slips_are_understood() {
        let names = || FIELDS.iter().flat_map(Field::names);
        let table = [
            ("experimnet", Some("experiment")),
            ("experment", Some("experiment")),
            ("Exp", Some("experiment")),
            ("taget", Some("target")),
            ("tgas", None),
            ("passrate", Some("pass_rate")),
            ("scroe", Some("score")),
            ("colour", None),
            ("", None),
            ("x", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, names()), expected, "{word}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = FIELDS.iter().flat_map(Field::names).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
