//! Every row of the imported branch against numbers that are computed here
//! from the raw files, read with git: the definition of docs/format.md,
//! written a second time.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use crate::env::TestEnv;
use crate::import::{BRANCH, import, with_branch};

/// A file of the branch.
fn show(env: &TestEnv, path: &str) -> Option<String> {
    let ran = env.git(["show", &format!("{BRANCH}:{path}")]);
    (ran.code == 0).then(|| ran.ok())
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

fn millis(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// `2026-07-04T03-53-57-344Z` with the punctuation of a time.
fn time_of_id(id: &str) -> Option<i64> {
    let (date, time) = id.split_once('T')?;
    let parts: Vec<&str> = time.strip_suffix('Z')?.split('-').collect();
    let [hour, minute, second, milli] = parts.as_slice() else { return None };
    millis(&format!("{date}T{hour}:{minute}:{second}.{milli}Z"))
}

/// The row that a bundle should get, but for what is ours: id, tree, tags of other places.
fn expected(name: &str, variant: &str, summary: &Value, index: &[Value]) -> Map<String, Value> {
    let dimensions = |row: &Value, key: &str| text(&row["projection_identity"]["dimensions"][key]).map(str::to_owned);
    let mut cases: HashMap<String, &Value> = HashMap::new();
    for row in index {
        let eval = dimensions(row, "eval_path").unwrap_or_else(|| row["eval_path"].to_string());
        let key = json!([eval, row["suite"], row["test_id"], row["target"], row["variant"]]);
        cases.insert(key.to_string(), row);
    }
    let (mut passed, mut errors, mut judged) = (0, 0, Vec::new());
    for row in cases.values() {
        match row["execution_status"].as_str() {
            Some("ok") => passed += 1,
            Some("quality_failure") => {}
            Some("execution_error") => errors += 1,
            Some(other) => panic!("{name}: no rule for '{other}'"),
            None if !row["error"].is_null() || row["score"].is_null() => errors += 1,
            None => passed += u64::from(row["score"].as_f64().unwrap() >= 0.8),
        }
        let error = row["execution_status"] == "execution_error"
            || row["execution_status"].is_null() && !row["error"].is_null();
        judged.extend(row["score"].as_f64().filter(|_| !error));
    }
    let test_count = cases.len() as u64;
    let metadata = &summary["metadata"];
    let run_id = [text(&summary["run_id"]), text(&metadata["run_id"])].into_iter().flatten().next().map(str::to_owned);
    let run_id =
        run_id.or_else(|| index.iter().find_map(|row| dimensions(row, "run_id"))).unwrap_or_else(|| name.to_owned());
    let times = || index.iter().filter_map(|row| millis(row["timestamp"].as_str()?));
    let started = time_of_id(&run_id)
        .or_else(|| time_of_id(name))
        .or_else(|| metadata["timestamp"].as_str().and_then(millis))
        .or_else(|| times().min());
    let ended = times().chain(index.iter().filter_map(|row| millis(row["end_time"].as_str()?))).max();
    let wall = started.zip(ended).map(|(start, end)| end - start).filter(|&wall| wall > 0);
    let sum = |key: &str| {
        let values: Vec<f64> = cases.values().filter_map(|row| row[key].as_f64()).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>())
    };
    let tokens: u64 = cases
        .values()
        .flat_map(|row| ["input", "output", "reasoning"].map(|key| row["token_usage"][key].as_u64().unwrap_or(0)))
        .sum();
    let mut targets: Vec<&str> = metadata["targets"].as_array().into_iter().flatten().filter_map(text).collect();
    if targets.is_empty() {
        for target in index.iter().filter_map(|row| text(&row["target"])) {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    let experiment = text(&metadata["experiment"])
        .or_else(|| index.iter().find_map(|row| text(&row["experiment"])))
        .unwrap_or("default");

    let mut row = Map::new();
    row.insert("run_id".into(), run_id.clone().into());
    row.insert("experiment".into(), experiment.into());
    row.insert("test_count".into(), test_count.into());
    row.insert("passed".into(), passed.into());
    row.insert("errors".into(), errors.into());
    row.insert("format".into(), variant.into());
    row.insert("status".into(), "complete".into());
    let mut maybe = |key: &str, value: Option<Value>| value.map(|value| row.insert(key.into(), value));
    maybe(
        "timestamp",
        started.map(|ms| {
            jiff::Timestamp::from_millisecond(ms).unwrap().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into()
        }),
    );
    maybe("target", (!targets.is_empty()).then(|| targets.join(", ").into()));
    maybe("pass_rate", (test_count > errors).then(|| (passed as f64 / (test_count - errors) as f64).into()));
    maybe("avg_score", (!judged.is_empty()).then(|| (judged.iter().sum::<f64>() / judged.len() as f64).into()));
    maybe(
        "duration_ms",
        wall.map(|wall| wall as f64).or_else(|| sum("duration_ms")).map(|ms| (ms.round() as u64).into()),
    );
    maybe("cost_usd", sum("cost_usd").map(Into::into));
    maybe("tokens", (tokens > 0).then(|| tokens.into()));
    row
}

/// Tags of the summary, else of the first line that has any; pairs as `key=value`.
fn tags(summary: &Value, index: &[Value], experiment: &str) -> Vec<String> {
    let read = |value: &Value| -> Vec<String> {
        match value {
            Value::Array(names) => names.iter().filter_map(|name| Some(text(name)?.to_owned())).collect(),
            Value::Object(pairs) => pairs
                .iter()
                .map(|(key, value)| format!("{key}={}", value.as_str().map_or(value.to_string(), str::to_owned)))
                .collect(),
            _ => Vec::new(),
        }
    };
    let mut found = read(&summary["metadata"]["tags"]);
    if found.is_empty() {
        found = index.iter().map(|row| read(&row["tags"])).find(|tags| !tags.is_empty()).unwrap_or_default();
    }
    found.retain(|tag| *tag != format!("experiment={experiment}"));
    found
}

/// Floats agree to the last bit but one: sums may be taken in another order.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(1.0),
        _ => a == b,
    }
}

#[test]
fn every_row_has_the_right_numbers() {
    let Some(env) = with_branch(&[]) else { return };
    import(&env, &[]);
    let rows: BTreeMap<String, Value> =
        env.runs().into_iter().map(|row| (row["tree"].as_str().unwrap().to_owned(), row)).collect();
    let listed = env.git(["ls-tree", "-r", "-t", BRANCH]).ok();
    let entries: Vec<(&str, &str, &str)> = listed
        .lines()
        .map(|line| {
            let (head, path) = line.split_once('\t').unwrap();
            let mut words = head.split(' ').skip(1);
            (words.next().unwrap(), words.next().unwrap(), path)
        })
        .collect();
    let mut variants: BTreeMap<String, usize> = BTreeMap::new();
    let mut checked = 0;
    for (_, tree, path) in entries.iter().filter(|(kind, _, _)| *kind == "tree") {
        let has = |name: &str| entries.iter().any(|(_, _, other)| *other == format!("{path}/{name}"));
        let places = [".internal/index.jsonl", "index.jsonl", "run_manifest.jsonl"];
        let Some(place) = places.into_iter().find(|place| has(place)) else { continue };
        if path.ends_with(".internal") {
            continue;
        }
        let (variant, summary) = match (place, has("benchmark.json")) {
            (_, true) => ("agentv/benchmark", "benchmark.json"),
            (".internal/index.jsonl", _) => ("agentv/internal", "summary.json"),
            ("index.jsonl", _) => ("agentv/summary", "summary.json"),
            _ => ("agentv/manifest", "summary.json"),
        };
        *variants.entry(variant.into()).or_default() += 1;
        let summary: Value = serde_json::from_str(&show(&env, &format!("{path}/{summary}")).unwrap()).unwrap();
        let index = lines(&show(&env, &format!("{path}/{place}")).unwrap());
        let name = path.rsplit('/').next().unwrap();
        let mut expected = expected(name, variant, &summary, &index);
        expected.insert("tags".into(), tags(&summary, &index, expected["experiment"].as_str().unwrap()).into());

        // The run of this bundle is the one whose files are its tree.
        let of_tree = |run: &&Value| {
            env.git(["rev-parse", &format!("{}:artifacts", run["tree"].as_str().unwrap())]).ok().trim() == *tree
        };
        let row = rows.values().filter(|row| row["run_id"] == expected["run_id"]).find(of_tree);
        let row = row.unwrap_or_else(|| panic!("{path} was not imported as '{}'", expected["run_id"]));
        let mut ours = row.as_object().unwrap().clone();
        for key in ["id", "tree", "recorded_at"] {
            ours.remove(key).unwrap();
        }
        let keys = |row: &Map<String, Value>| row.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&ours), keys(&expected), "{path}");
        for (key, value) in &expected {
            assert!(same(&ours[key], value), "{path}: {key} is {}, should be {value}", ours[key]);
        }
        checked += 1;
    }
    assert_eq!(checked, 110);
    // The sample is worth something only while it holds several layouts.
    assert!(variants.len() >= 2, "{variants:?}");
}
