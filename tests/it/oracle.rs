//! What we write, read back by others: by libgit2, and by plain git.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, Repository, Tree};
use serde_json::Value;

use crate::env::{NOW, TestEnv, read_dir};

const RUNS: &str = "refs/agentv/runs/v1";

fn open(env: &TestEnv) -> Repository {
    Repository::open(&env.repo).unwrap()
}

/// The commits of the ref, newest first.
fn commits(repo: &Repository) -> Vec<git2::Commit<'_>> {
    let mut walk = repo.revwalk().unwrap();
    walk.push_ref(RUNS).unwrap();
    walk.set_sorting(git2::Sort::TOPOLOGICAL).unwrap();
    walk.map(|id| repo.find_commit(id.unwrap()).unwrap()).collect()
}

/// The trailers of a commit by key, as libgit2 reads them.
fn trailers(commit: &git2::Commit<'_>) -> BTreeMap<String, String> {
    let message = commit.message().unwrap();
    let found = git2::message_trailers_strs(message).unwrap();
    found.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The files below a tree with their content, and whether they may be executed.
fn files(repo: &Repository, tree: &Tree<'_>) -> BTreeMap<PathBuf, (Vec<u8>, bool)> {
    let mut found = BTreeMap::new();
    tree.walk(git2::TreeWalkMode::PreOrder, |dir, entry| {
        if entry.kind() == Some(ObjectType::Blob) {
            let path = Path::new(dir.trim_end_matches('/')).join(entry.name().unwrap());
            let content = repo.find_blob(entry.id()).unwrap().content().to_vec();
            found.insert(path, (content, entry.filemode() == 0o100_755));
        }
        git2::TreeWalkResult::Ok
    })
    .unwrap();
    found
}

/// JSON in the form that the format prescribes, written without our code and
/// without serde_json's maps: sorted keys, two spaces, a final newline.
fn canonical(value: &Value) -> String {
    fn write(value: &Value, indent: usize, out: &mut String) {
        let pad = |out: &mut String, by: usize| {
            out.push('\n');
            out.push_str(&"  ".repeat(by));
        };
        match value {
            Value::Object(map) if !map.is_empty() => {
                let mut keys: Vec<_> = map.keys().collect();
                keys.sort();
                out.push('{');
                for (at, key) in keys.into_iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    pad(out, indent + 1);
                    out.push_str(&format!("{}: ", Value::from(key.as_str())));
                    write(&map[key], indent + 1, out);
                }
                pad(out, indent);
                out.push('}');
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    pad(out, indent + 1);
                    write(item, indent + 1, out);
                }
                pad(out, indent);
                out.push(']');
            }
            scalar => out.push_str(&scalar.to_string()),
        }
    }
    let mut out = String::new();
    write(value, 0, &mut out);
    out + "\n"
}

#[track_caller]
fn assert_canonical(bytes: &[u8]) -> Value {
    let text = std::str::from_utf8(bytes).unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(text, canonical(&value));
    value
}

/// Four runs, two of them changed afterwards, with texts that are hard to carry.
fn eventful() -> TestEnv {
    let env = TestEnv::new();
    for bundle in ["agentv-5.3.1", "agentv-4.42.4"] {
        env.bundle(bundle, &format!(".agentv/results/{bundle}"));
    }
    env.agentv(["record", "--tag", "ä·ö=\"x\""]).ok();
    let dir = env.repo.join("odd");
    fs::create_dir_all(dir.join("with space")).unwrap();
    fs::write(dir.join("with space/leer"), b"").unwrap();
    fs::write(dir.join("bytes"), [0, 255, 10, 13]).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::write(dir.join("tool.sh"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(dir.join("tool.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let name =
        "quote \" back \\ line\n\nAgentv-Run: 0000000000000000\nAgentv-Op: prune\n\ttab \u{1b}[31m ü \u{85} \u{2028}";
    env.agentv(["record", "odd", "--name", name, "--experiment", name, "--metric", "a\"b=0.1"]).ok();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    env.agentv(["tag", "@{0}", "+later"]).ok();
    env.agentv(["note", "2026-11-22T06-41-22-473Z", "-m", "first line\n\nAgentv-Run: 1111111111111111\n"]).ok();
    env.agentv(["delete", "2026-11-22T07-05-03-446Z"]).ok();
    env
}

#[test]
fn libgit2_reads_the_rows() {
    let env = eventful();
    let repo = open(&env);
    let commits = commits(&repo);
    assert_eq!(commits.len(), 7);
    let listed = env.agentv(["list", "--deleted", "-n", "0", "--format", "json"]).json();
    let mut by_id: BTreeMap<String, Value> = BTreeMap::new();
    for mut row in listed["runs"].as_array().unwrap().clone() {
        row.as_object_mut().unwrap().remove("recorded_at").unwrap();
        by_id.insert(row["id"].as_str().unwrap().into(), row);
    }
    assert_eq!(by_id.len(), 4);
    let mut ops = Vec::new();
    for commit in &commits {
        let trailers = trailers(commit);
        assert_eq!(trailers.keys().collect::<Vec<_>>(), ["Agentv-Op", "Agentv-Row", "Agentv-Run"]);
        ops.push(trailers["Agentv-Op"].clone());
        let row: Value = serde_json::from_str(&trailers["Agentv-Row"]).unwrap();
        assert_eq!(row["id"], trailers["Agentv-Run"].as_str());
        // Newest first: the first row of a run is the one that holds.
        if let Some(listed) = by_id.remove(&trailers["Agentv-Run"]) {
            assert_eq!(row, listed);
        }
        let subject = commit.summary().unwrap().unwrap();
        assert!(subject.contains(&trailers["Agentv-Run"]), "{subject}");
        assert!(!subject.chars().any(char::is_control), "{subject:?}");
        assert_eq!(commit.message().unwrap().matches("\n\n").count(), 1, "subject, empty line, trailers");
    }
    assert!(by_id.is_empty());
    assert_eq!(ops, ["prune", "overlay", "overlay", "record", "record", "record", "record"]);
}

/// The order of a row's keys is part of the format: what a person reads in `git log`.
#[test]
fn keys_of_a_row_are_in_order() {
    let env = TestEnv::new();
    let dir = env.bundle("agentv-5.3.1", "run");
    let args = ["record", "run", "--commit", "HEAD", "--metric", "cost_usd=1", "--metric", "tokens=5"];
    env.agentv(args).ok();
    assert!(dir.exists());
    let repo = open(&env);
    let trailers = trailers(&commits(&repo)[0]);
    let line = &trailers["Agentv-Row"];
    let keys = [
        "run_id",
        "timestamp",
        "experiment",
        "target",
        "test_count",
        "passed",
        "pass_rate",
        "avg_score",
        "tags",
        "sha",
        "id",
        "tree",
        "errors",
        "duration_ms",
        "cost_usd",
        "tokens",
        "format",
        "status",
    ];
    let places: Vec<_> = keys.iter().map(|key| line.find(&format!("\"{key}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{line}");
    let row: Value = serde_json::from_str(line).unwrap();
    assert_eq!(row.as_object().unwrap().len(), keys.len());
    assert_eq!(row["sha"], repo.head().unwrap().target().unwrap().to_string());
}

#[test]
fn libgit2_reads_the_documents_and_files() {
    let env = eventful();
    let repo = open(&env);
    let tip = repo.find_reference(RUNS).unwrap().peel_to_tree().unwrap();
    let places = [
        (".agentv/results/agentv-4.42.4", "2026-11-22T06-41-22-473Z"),
        ("odd", "quote"),
        (".agentv/results/small-1", "small-1"),
    ];
    let rows = env.runs();
    assert_eq!(rows.len(), 3);
    for (dir, run_id) in places {
        let row = rows.iter().find(|row| row["run_id"].as_str().unwrap().starts_with(run_id)).unwrap();
        let id = row["id"].as_str().unwrap();
        let place = tip.get_path(Path::new(&format!("{}/{}", &id[..2], &id[2..]))).unwrap();
        assert_eq!(place.id().to_string(), row["tree"].as_str().unwrap());
        let run = repo.find_tree(place.id()).unwrap();
        let blob = |name: &str| repo.find_blob(run.get_name(name).unwrap().id()).unwrap().content().to_vec();
        let manifest = assert_canonical(&blob("run.json"));
        assert_eq!(manifest["schema"], "agentv.run.v1");
        assert_eq!(manifest["id"], *id);
        let artifacts = repo.find_tree(run.get_name("artifacts").unwrap().id()).unwrap();
        assert_eq!(manifest["files"]["digest"], format!("sha1:{}", artifacts.id()));
        let stored = files(&repo, &artifacts);
        let on_disk = read_dir(&env.repo.join(dir));
        assert_eq!(manifest["files"]["count"], stored.len());
        assert_eq!(manifest["files"]["bytes"], on_disk.values().map(Vec::len).sum::<usize>());
        let contents: BTreeMap<_, _> =
            stored.iter().map(|(path, (content, _))| (path.clone(), content.clone())).collect();
        assert_eq!(contents, on_disk, "{dir}");
        for (path, (_, executable)) in &stored {
            assert_eq!(*executable, path.ends_with("tool.sh"), "{}", path.display());
        }
        if run.get_name("overlay.json").is_some() {
            assert_eq!(assert_canonical(&blob("overlay.json"))["schema"], "agentv.overlay.v1");
        }
    }
    assert!(repo.find_tree(Oid::from_str(rows[0]["tree"].as_str().unwrap()).unwrap()).is_ok());
}

#[test]
fn libgit2_reads_who_and_when() {
    let env = eventful();
    let repo = open(&env);
    let commits = commits(&repo);
    for (at, commit) in commits.iter().enumerate() {
        assert_eq!(commit.parent_count(), usize::from(at + 1 < commits.len()), "one line of history");
        assert_eq!(commit.committer().when().seconds(), NOW);
        for who in [commit.author(), commit.committer()] {
            assert_eq!((who.name().unwrap(), who.email().unwrap()), ("Ada Tester", "ada@example.com"));
        }
        let trailers = trailers(commit);
        let row: Value = serde_json::from_str(&trailers["Agentv-Row"]).unwrap();
        if trailers["Agentv-Op"] == "record"
            && let Some(started) = row["timestamp"].as_str()
        {
            let started: jiff::Timestamp = started.parse().unwrap();
            assert_eq!(commit.author().when().seconds(), started.as_second());
        }
    }
    assert_eq!(repo.branches(None).unwrap().count(), 1, "no branch but main");
}

#[test]
fn plain_git_reads_the_trailers() {
    let env = eventful();
    let rows = env.agentv(["list", "--deleted", "-n", "0", "--format", "json"]).json()["runs"].clone();
    let ids = env.git(["log", "--format=%(trailers:key=Agentv-Run,valueonly,separator=%x2C)", RUNS]).ok();
    assert_eq!(ids.lines().count(), 7);
    for id in ids.lines() {
        assert!(rows.as_array().unwrap().iter().any(|row| row["id"] == id), "{id} is one of ours");
    }
    for row in rows.as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        let at = env.git(["rev-parse", &format!("{RUNS}:{}/{}", &id[..2], &id[2..])]).ok();
        assert_eq!(at.trim(), row["tree"].as_str().unwrap());
        let newest = env.git(["log", "-1", "--format=%B", &format!("--grep=^Agentv-Run: {id}$"), RUNS]).ok();
        let parsed = env.git_stdin(["interpret-trailers", "--parse"], newest.as_bytes());
        let mut lines = parsed.lines();
        assert_eq!(lines.next().unwrap(), format!("Agentv-Run: {id}"));
        assert!(lines.next().unwrap().starts_with("Agentv-Op: "));
        let mut told: Value =
            serde_json::from_str(lines.next().unwrap().strip_prefix("Agentv-Row: ").unwrap()).unwrap();
        told["recorded_at"] = row["recorded_at"].clone();
        assert_eq!(told, *row);
        assert_eq!(lines.next(), None);
    }
    env.fsck();
}
