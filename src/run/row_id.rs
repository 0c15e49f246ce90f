//! Whose row a line is and where the run is, for those who look at thousands of rows and want the rest of a few.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::{RunId, RunStatus};

/// Text that nobody asks for: it is not copied.
#[derive(Default)]
struct Text;

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Self)
    }
}

impl Visitor<'_> for Text {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}

/// What a [`Row`](super::Row) is read from, with the same keys.
#[derive(Deserialize)]
#[expect(dead_code, reason = "all that is wanted of them is that they are there, and what they should be")]
struct Shape<'l> {
    run_id: Text,
    timestamp: Option<Text>,
    experiment: Option<Text>,
    target: Option<Text>,
    test_count: u64,
    passed: u64,
    pass_rate: Option<f64>,
    avg_score: Option<f64>,
    #[serde(default)]
    tags: Vec<Text>,
    sha: Option<Text>,
    id: RunId,
    #[serde(default, borrow)]
    tree: Cow<'l, str>,
    errors: u64,
    duration_ms: Option<u64>,
    cost_usd: Option<f64>,
    tokens: Option<u64>,
    format: Text,
    #[serde(default)]
    status: RunStatus,
    source_tree: Option<Text>,
    patch_id: Option<Text>,
    #[serde(default)]
    links: Vec<Text>,
    repo: Option<Text>,
}

/// The id of the run whose row `line` is, and its directory as it stands there. What can't be read as a [`Row`](super::Row) is an
/// error here, too.
pub fn place_of_row(line: &str) -> serde_json::Result<(RunId, Cow<'_, str>)> {
    serde_json::from_str::<Shape<'_>>(line).map(|shape| (shape.id, shape.tree))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Map, Value, json};

    use super::place_of_row;
    use crate::run::Row;

    /// A row that has all keys, and one that we do not know. A key that a [`Row`] comes to have belongs into `Shape`, too.
    fn whole() -> Map<String, Value> {
        let row = json!({
            "run_id": "r", "timestamp": "2026-01-01T00:00:00.000Z", "experiment": "e", "target": "t \"quoted\"", "test_count": 3, "passed": 2,
            "pass_rate": 0.5, "avg_score": 1.0, "tags": ["a", "ü"], "sha": "0".repeat(40), "id": "0123456789abcdef", "tree": "1".repeat(40),
            "errors": 0, "duration_ms": 12, "cost_usd": 0.25, "tokens": 7, "format": "f", "status": "complete", "source_tree": "2", "patch_id": "3",
            "links": ["4"], "repo": "app", "of a newer version": {"any": [1, null, "thing"]},
        });
        let Row {
            run_id: _,
            timestamp: Some(_),
            experiment: Some(_),
            target: Some(_),
            test_count: _,
            passed: _,
            pass_rate: Some(_),
            avg_score: Some(_),
            tags: _,
            sha: Some(_),
            id: _,
            tree: _,
            errors: _,
            duration_ms: Some(_),
            cost_usd: Some(_),
            tokens: Some(_),
            format: _,
            status: _,
            source_tree: Some(_),
            patch_id: Some(_),
            links: _,
            repo: Some(_),
            extra,
        } = Row::deserialize(&row).unwrap()
        else {
            panic!("a key is missing: {row}")
        };
        assert_eq!(extra.len(), 1);
        row.as_object().unwrap().clone()
    }

    fn same(line: &str) {
        let (row, place) = (serde_json::from_str::<Row>(line), place_of_row(line));
        assert_eq!(row.is_ok(), place.is_ok(), "{line}: {row:?}, {place:?}");
        assert_eq!(row.ok().map(|row| (row.id, row.tree.into())), place.ok(), "{line}");
    }

    #[test]
    fn what_is_a_row_is_told_as_by_reading_it() {
        let all = whole();
        let odd = [
            Value::Null,
            json!(true),
            json!(-1),
            json!(1),
            json!(1.5),
            json!(u64::MAX),
            json!("text"),
            json!("pruned"),
            json!("0123456789abcdef"),
            json!("with \"quotes\" and \n"),
            json!([]),
            json!(["a"]),
            json!([1]),
            json!([null]),
            json!({}),
            json!({"a": 1}),
        ];
        same(&Value::Object(all.clone()).to_string());
        assert!(place_of_row(&Value::Object(all.clone()).to_string()).is_ok());
        for key in all.keys() {
            let mut without = all.clone();
            without.remove(key);
            same(&Value::Object(without).to_string());
            for value in &odd {
                let mut changed = all.clone();
                changed.insert(key.clone(), value.clone());
                same(&Value::Object(changed).to_string());
            }
            // The same key twice.
            let line = Value::Object(all.clone()).to_string();
            same(&format!("{}, {:?}: {}}}", line.trim_end_matches('}'), key, all[key]));
        }
        for line in ["", "{", "[]", "null", "{}", "7", "\"text\""] {
            same(line);
        }
        let line = Value::Object(all).to_string();
        (0..line.len()).filter(|&at| line.is_char_boundary(at)).for_each(|at| same(&line[..at]));
    }
}
