//! Comparing the row that a commit carries with what manifest and overlay say.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::run::Row;

/// Rows that were written before these keys were specified lack them.
const LATER: [&str; 3] = ["source_tree", "patch_id", "links"];

/// In what `logged` differs from the `right` row, a line for each key.
pub(super) fn differences(logged: &Row, right: &Row) -> Vec<String> {
    let (logged, right) = (serde_json::to_value(bare(logged)), serde_json::to_value(bare(right)));
    let (Ok(Value::Object(logged)), Ok(Value::Object(right))) = (logged, right) else { return Vec::new() };
    let is_old = LATER.iter().all(|key| !logged.contains_key(*key));
    let keys: BTreeSet<&String> = logged.keys().chain(right.keys()).collect();
    let differs = keys.into_iter().filter(|key| logged.get(*key) != right.get(*key));
    differs
        .filter(|key| !(is_old && LATER.contains(&key.as_str())))
        .map(|key| match (logged.get(key), right.get(key)) {
            (Some(said), Some(truth)) => format!("row says {key} {}, {} {}", plain(said), who(key), plain(truth)),
            (Some(said), None) => format!("row says {key} {}, {} nothing of it", plain(said), who(key)),
            (None, truth) => {
                format!("row says nothing of {key}, {} {}", who(key), truth.map(plain).unwrap_or_default())
            }
        })
        .collect()
}

/// Without what a newer version added.
fn bare(row: &Row) -> Row {
    Row { extra: serde_json::Map::new(), ..row.clone() }
}

/// Who knows it.
fn who(key: &str) -> &'static str {
    match key {
        "tags" | "status" | "links" => "manifest and overlay say",
        "tree" => "its directory is",
        _ => "manifest says",
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, differences};

    fn row(more: &str) -> Row {
        let text = format!(
            r#"{{"run_id":"a","test_count":2,"passed":1,"id":"0123456789abcdef","tree":"t","errors":0,"format":"f"{more}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn each_key_is_told() {
        let (plain, other) = (row(""), row(r#","target":"x","tags":["b"],"pass_rate":0.5"#));
        assert_eq!(differences(&plain, &plain), [""; 0]);
        let said = differences(&other, &plain);
        let expected = [
            "row says pass_rate 0.5, manifest says nothing of it",
            "row says tags [\"b\"], manifest and overlay say []",
            "row says target x, manifest says nothing of it",
        ];
        assert_eq!(said, expected);
        assert_eq!(differences(&plain, &other)[0], "row says nothing of pass_rate, manifest says 0.5");
    }

    #[test]
    fn what_other_versions_write_is_no_difference() {
        assert_eq!(differences(&row(r#","new":1"#), &row("")), [""; 0]);
        let now = row(r#","source_tree":"s","patch_id":"p","links":["c"]"#);
        assert_eq!(differences(&row(""), &now), [""; 0], "an older version knew none of them");
        assert_eq!(differences(&row(r#","patch_id":"p""#), &now).len(), 2);
    }
}
