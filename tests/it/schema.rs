//! The JSON Schemas that the binary prints, against what it stores and prints.

use std::fs;

use serde_json::{Value, json};

use crate::env::TestEnv;

const RUNS: &str = "refs/agentv/runs/v1";
const ALL: [&str; 8] = ["row", "manifest", "overlay", "case", "list", "show", "status", "hooks"];

struct Schema {
    name: &'static str,
    root: Value,
    validator: jsonschema::Validator,
}

impl Schema {
    fn of(env: &TestEnv, name: &'static str) -> Self {
        let root = env.agentv(["schema", name]).json();
        assert_eq!(root["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let validator = jsonschema::validator_for(&root).unwrap();
        Self { name, root, validator }
    }

    #[track_caller]
    fn accepts(&self, document: &Value) {
        let errors: Vec<_> =
            self.validator.iter_errors(document).map(|err| format!("{}: {err}", err.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:?}\n{document:#}", self.name);
    }

    #[track_caller]
    fn refuses(&self, document: &Value, why: &str) {
        assert!(!self.validator.is_valid(document), "{}: {why} was accepted:\n{document:#}", self.name);
    }

    /// The schemas that a node stands for, references and alternatives followed.
    fn resolve<'s>(&'s self, node: &'s Value) -> Vec<&'s Value> {
        let mut found = vec![node];
        if let Some(name) = node["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            found.extend(self.resolve(&self.root["$defs"][name]));
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            for alternative in node[key].as_array().into_iter().flatten() {
                found.extend(self.resolve(alternative));
            }
        }
        found
    }

    /// Keys of a document that the schema does not name, and those without a description.
    fn undocumented(&self, node: &Value, document: &Value, path: &str, found: &mut Vec<String>) {
        let nodes = self.resolve(node);
        if let Some(items) = document.as_array() {
            let of_items = nodes.iter().find_map(|node| node.get("items"));
            for (at, item) in items.iter().enumerate() {
                match of_items {
                    Some(node) => self.undocumented(node, item, &format!("{path}/{at}"), found),
                    None => found.push(format!("{path}/{at}")),
                }
            }
        }
        for (key, value) in document.as_object().into_iter().flatten() {
            let path = format!("{path}/{key}");
            let known = nodes.iter().find_map(|node| node["properties"].get(key));
            let free = nodes.iter().find_map(|node| node.get("additionalProperties").filter(|free| free.is_object()));
            match known.or(free) {
                Some(node) if known.is_some() && node.get("description").is_none() => {
                    found.push(format!("{path} has no description"));
                }
                Some(node) => self.undocumented(node, value, &path, found),
                None => found.push(path),
            }
        }
    }

    #[track_caller]
    fn documents(&self, document: &Value) {
        let mut found = Vec::new();
        self.undocumented(&self.root, document, "", &mut found);
        assert!(found.is_empty(), "{} does not name {found:?}", self.name);
    }
}

/// Runs of every kind, and bundles in every state.
fn eventful() -> TestEnv {
    let env = TestEnv::new();
    env.git(["remote", "add", "origin", "https://user:secret@example.com/a.git"]).ok();
    env.bundle("agentv-5.3.1", "new");
    env.agentv(["record", "new", "--commit", "HEAD", "--tag", "a=1", "--metric", "cost_usd=0.5"]).ok();
    env.bundle("agentv-4.42.4", "old");
    env.agentv(["record", "old"]).ok();
    let torn = env.bundle("agentv-5.3.1", "torn");
    fs::write(
        torn.join(".internal/index.jsonl"),
        "{\"testId\": \"x\", \"tokenUsage\": {\"input\": 1}, \"costUsd\": 2}\n{",
    )
    .unwrap();
    env.agentv(["record", "torn", "--partial"]).ok();
    fs::create_dir(env.repo.join("any")).unwrap();
    fs::write(env.repo.join("any/file"), vec![b'x'; 100]).unwrap();
    env.git(["config", "agentv.maxBlobSize", "64"]).ok();
    env.agentv(["record", "any", "--name", "any", "--metric", "accuracy=0.5", "--metric", "tokens=7"]).ok();
    env.agentv(["note", "any", "-m", "in parts"]).ok();
    env.agentv(["run", "--name", "observed", "--", "sh", "-c", "echo x > \"$AGENTV_RESULTS_DIR/x\""]).ok();
    env.agentv(["link", "observed"]).ok();
    env.git(["remote", "set-url", "origin", "https://user:secret@github.com/a/b.git"]).ok();
    env.small_bundle(1);
    env.agentv(["record", ".agentv/results/small-1"]).ok();
    env.agentv(["tag", "small-1", "+gone"]).ok();
    env.agentv(["delete", "small-1"]).ok();
    env.small_bundle(2);
    fs::remove_file(env.small_bundle(3).join("summary.json")).unwrap();
    fs::write(env.small_bundle(4).join("summary.json"), "{").unwrap();
    env
}

/// What is printed and stored, by the name of its schema.
fn documents(env: &TestEnv) -> Vec<(&'static str, Value)> {
    let list = env.agentv(["list", "--deleted", "--format", "json"]).json();
    let mut found = vec![("status", env.agentv(["status", "--format", "json"]).json())];
    for row in list["runs"].as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        found.push(("row", row.clone()));
        let show = env.agentv(["show", id, "--format", "json"]).json();
        found.extend(show["cases"].as_array().into_iter().flatten().map(|case| ("case", case.clone())));
        found.push(("show", show));
        for (name, file) in [("manifest", "run.json"), ("overlay", "overlay.json")] {
            let ran = env.git(["cat-file", "blob", &format!("{RUNS}:{}/{}/{file}", &id[..2], &id[2..])]);
            if ran.code == 0 {
                found.push((name, ran.json()));
            }
        }
    }
    for line in env.git(["log", "--format=%(trailers:key=Agentv-Row,valueonly,separator=%x0A)", RUNS]).ok().lines() {
        found.push(("row", serde_json::from_str(line).unwrap()));
    }
    found.push(("list", list));
    // In states that differ in what they have to say: one where all is well, and one where we can't write.
    let hooks = |action: &str| {
        let ran = env.agentv(["hooks", action, "--format", "json"]);
        ("hooks", serde_json::from_str(&ran.stdout).unwrap())
    };
    found.extend([hooks("install"), hooks("status")]);
    env.git(["config", "core.hooksPath", ".husky/_"]).ok();
    found.extend([hooks("install"), hooks("status")]);
    env.git(["config", "--unset", "core.hooksPath"]).ok();
    env.agentv(["hooks", "uninstall"]).ok();
    found
}

#[test]
fn what_is_stored_and_printed_is_valid() {
    let env = eventful();
    let found = documents(&env);
    let count = |wanted: &str| found.iter().filter(|(name, _)| *name == wanted).count();
    assert_eq!(ALL.map(count), [6 + 13, 6, 6, 3 + 3 + 1, 1, 6, 1, 4]);
    for schema in ALL.map(|name| Schema::of(&env, name)) {
        for (_, document) in found.iter().filter(|(name, _)| *name == schema.name) {
            schema.accepts(document);
            if schema.name != "row" {
                schema.documents(document);
            }
        }
    }
    // The documents are worth something only if they are not empty.
    let status = &found.iter().find(|(name, _)| *name == "status").unwrap().1;
    for (key, count) in [("unrecorded", 1), ("incomplete", 1), ("broken", 1)] {
        assert_eq!(status[key].as_array().unwrap().len(), count, "{status:#}");
    }
    assert_eq!(json!([status["runs"], status["deleted"], status["remote"]["name"]]), json!([5, 1, "origin"]));
    assert!(!status.to_string().contains("secret"));
    let split = found.iter().filter(|(name, it)| *name == "manifest" && it["files"].get("split").is_some()).count();
    assert_eq!(split, 2, "any, and small-1");
}

/// Both rows on the log and rows in a list are documented; a list adds when it was recorded.
#[test]
fn keys_of_rows_are_documented() {
    let env = eventful();
    let (row, list) = (Schema::of(&env, "row"), Schema::of(&env, "list"));
    let listed = env.agentv(["list", "--deleted", "--format", "json"]).json();
    list.documents(&listed);
    for run in listed["runs"].as_array().unwrap() {
        let mut plain = run.clone();
        plain.as_object_mut().unwrap().remove("recorded_at").unwrap();
        row.documents(&plain);
    }
}

#[test]
fn lines_are_rows_too() {
    let env = eventful();
    let row = Schema::of(&env, "row");
    let lines = env.agentv(["list", "--deleted", "--format", "jsonl"]).ok();
    assert_eq!(lines.lines().count(), 6);
    for line in lines.lines() {
        row.accepts(&serde_json::from_str(line).unwrap());
    }
    assert_eq!(env.agentv(["schema"]).ok(), env.agentv(["schema", "row"]).ok(), "of a row, if nothing is said");
    assert_eq!(env.agentv(["schema", "nothing"]).code, 2);
    let env = TestEnv::without_repo();
    assert!(env.agentv_in(env.root(), ["schema", "list"]).json().is_object(), "no repository is needed");
}

#[test]
fn a_repository_without_runs_is_valid() {
    let env = TestEnv::new();
    Schema::of(&env, "list").accepts(&env.agentv(["list", "--format", "json"]).json());
    let status = env.agentv(["status", "--format", "json"]).json();
    Schema::of(&env, "status").accepts(&status);
    assert_eq!(json!([status["runs"], status["deleted"], status["unrecorded"]]), json!([0, 0, []]));
    assert!(status.get("tip").is_none() && status.get("remote").is_none());
}

/// Pointers to all values inside a document.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    if !at.is_empty() {
        found.push(at.to_owned());
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                pointers(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (key, value) in items.iter().enumerate() {
                pointers(value, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// Every value of every document, replaced by one of another type.
#[test]
fn values_of_a_wrong_type_are_refused() {
    let env = eventful();
    let schemas = ALL.map(|name| Schema::of(&env, name));
    let mut mutated = 0;
    for (name, document) in documents(&env) {
        let schema = schemas.iter().find(|schema| schema.name == name).unwrap();
        let mut all = Vec::new();
        pointers(&document, "", &mut all);
        for pointer in all.iter().filter(|pointer| name != "row" || *pointer != "/recorded_at") {
            let mut changed = document.clone();
            let value = changed.pointer_mut(pointer).unwrap();
            *value = if value.is_array() || value.is_object() { json!(7) } else { json!([[]]) };
            schema.refuses(&changed, &format!("a wrong type at {pointer}"));
            mutated += 1;
        }
    }
    assert!(mutated > 500, "{mutated}");
}

#[test]
fn what_must_be_there() {
    let env = eventful();
    let found = documents(&env);
    let table: [(&str, &[&str]); 10] = [
        ("row", &["run_id", "id", "test_count", "passed", "errors", "format"]),
        ("manifest", &["schema", "id", "run_id", "format", "recorded_at", "counts", "files"]),
        ("manifest", &["counts/test_count", "counts/passed", "counts/failed", "counts/errors"]),
        ("manifest", &["files/count", "files/digest"]),
        ("overlay", &["schema"]),
        ("case", &["key", "status"]),
        ("list", &["version", "runs", "runs/0/id", "runs/0/recorded_at"]),
        ("show", &["version", "row", "manifest", "overlay", "row/id", "manifest/id", "overlay/schema"]),
        ("status", &["version", "ref", "runs", "deleted", "unrecorded", "incomplete", "broken", "hooks"]),
        ("hooks", &["version", "dir", "hooks", "hooks/0/hook", "hooks/0/path", "hooks/0/state"]),
    ];
    for (name, keys) in table {
        let schema = Schema::of(&env, name);
        for (_, document) in found.iter().filter(|(other, _)| *other == name) {
            for key in keys {
                let (parent, key) = key.rsplit_once('/').map_or(("", *key), |(parent, key)| (parent, key));
                let parent = if parent.is_empty() { String::new() } else { format!("/{parent}") };
                let mut changed = document.clone();
                changed.pointer_mut(&parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
                schema.refuses(&changed, &format!("a document without {parent}/{key}"));
            }
        }
        for no_object in [json!(null), json!([]), json!("x"), json!({})] {
            schema.refuses(&no_object, "no object, or an empty one");
        }
    }
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let env = eventful();
    let found = documents(&env);
    let table = [
        ("row", "/id", json!("3F9C1A2B")),
        ("row", "/id", json!("3f9c1a2")),
        ("row", "/id", json!("a".repeat(65))),
        ("row", "/test_count", json!(-1)),
        ("row", "/test_count", json!(1.5)),
        ("row", "/passed", json!("3")),
        ("row", "/passed", json!(null)),
        ("row", "/status", json!("deleted")),
        ("row", "/tags", json!([1])),
        ("row", "/tags", json!({"a": "b"})),
        ("manifest", "/id", json!("../../x")),
        ("manifest", "/schema", json!("agentv.run.v2")),
        ("manifest", "/counts/errors", json!(-1)),
        ("manifest", "/files/count", json!(0.5)),
        ("manifest", "/source/how", json!("guessed")),
        ("overlay", "/schema", json!("agentv.run.v1")),
        ("case", "/status", json!("passed")),
        ("list", "/runs/0/id", json!("x")),
        ("list", "/version", json!("1")),
        ("status", "/runs", json!(-1)),
    ];
    for (name, pointer, value) in table {
        let schema = Schema::of(&env, name);
        let mut document = found.iter().find(|(other, _)| *other == name).unwrap().1.clone();
        schema.accepts(&document);
        *document.pointer_mut(pointer).unwrap() = value.clone();
        schema.refuses(&document, &format!("{pointer} = {value}"));
    }
    // Keys of a newer version are no reason to refuse.
    for name in ["row", "manifest", "overlay"] {
        let mut document = found.iter().find(|(other, _)| *other == name).unwrap().1.clone();
        document["from_the_future"] = json!({"a": [1]});
        Schema::of(&env, name).accepts(&document);
    }
}
