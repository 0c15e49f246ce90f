//! The run's own summary: `summary.json`, formerly `benchmark.json`.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::run::json;
use crate::run::{BundleError, Files};

/// A summary, as loose JSON: its keys changed with every era.
pub(super) struct Summary {
    whole: Map<String, Value>,
}

impl Summary {
    pub(super) fn read(files: &dyn Files) -> Result<Option<Self>, BundleError> {
        for path in ["summary.json", "benchmark.json"] {
            if let Some(bytes) = files.read(path)? {
                return json::parse(path, 0, &bytes).map(|whole| Some(Self { whole }));
            }
        }
        Ok(None)
    }

    /// Where the summary says that the index is, if that is inside the bundle.
    pub(super) fn index_path(&self, files: &dyn Files) -> Option<String> {
        let path = ["index_path", "manifest_path"].iter().find_map(|key| self.whole.get(*key)?.as_str())?;
        let path = path.strip_prefix("./").unwrap_or(path);
        files.has(path).then(|| path.to_owned())
    }

    pub(super) fn run_id(&self) -> Option<String> {
        self.text("run_id").or_else(|| self.metadata("run_id").and_then(text))
    }

    pub(super) fn timestamp(&self) -> Option<Timestamp> {
        self.metadata("timestamp")?.as_str()?.parse().ok()
    }

    pub(super) fn experiment(&self) -> Option<String> {
        self.metadata("experiment").and_then(text)
    }

    pub(super) fn targets(&self) -> Vec<String> {
        self.metadata("targets").and_then(Value::as_array).into_iter().flatten().filter_map(text).collect()
    }

    pub(super) fn tags(&self) -> Vec<String> {
        self.metadata("tags").map(tags).unwrap_or_default()
    }

    pub(super) fn planned(&self) -> Option<u64> {
        self.metadata("planned_test_count")?.as_u64()
    }

    /// How many different tests were run.
    pub(super) fn tests_run(&self) -> usize {
        let names = self.metadata("tests_run").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str).collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Whether this sums up a run, in whatever era. Summaries of cases have the same name.
    pub(super) fn is_of_a_run(&self) -> bool {
        ["metadata", "run_summary"].iter().any(|key| self.whole.contains_key(*key))
    }

    /// Whether this is what the CLI writes when it begins.
    pub(super) fn is_stub(&self) -> bool {
        let empty = |value: Option<&Value>| match value {
            None => true,
            Some(Value::Object(map)) => map.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            Some(_) => false,
        };
        empty(self.whole.get("run_summary")) && empty(self.metadata("tests_run")) && self.planned() != Some(0)
    }

    fn metadata(&self, key: &str) -> Option<&Value> {
        self.whole.get("metadata")?.get(key)
    }

    fn text(&self, key: &str) -> Option<String> {
        self.whole.get(key).and_then(text)
    }
}

/// Tags that older versions kept in a file of their own.
pub(super) fn tags_file(files: &dyn Files) -> Vec<String> {
    let bytes = files.read("tags.json").ok().flatten().unwrap_or_default();
    let value = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
    tags(value.get("tags").unwrap_or(&value))
}

/// Tags as a list of names, or as pairs.
pub(super) fn tags(value: &Value) -> Vec<String> {
    match value {
        Value::Array(names) => names.iter().filter_map(text).collect(),
        Value::Object(pairs) => {
            pairs.iter().filter_map(|(key, value)| Some(format!("{key}={}", scalar(value)?))).collect()
        }
        _ => Vec::new(),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A text that is not empty.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
