//! `tag`, `note`, `delete` and `restore`: what changes, and what does not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::env::{TestEnv, read_dir};

const RUNS: &str = "refs/agentv/runs/v1";

/// A repository with one run; its id.
fn with_run() -> (TestEnv, String) {
    let env = TestEnv::new();
    env.bundle("agentv-5.3.1", ".agentv/results/run");
    env.agentv(["record", "--tag", "bundled"]).ok();
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    (env, id)
}

fn tip(env: &TestEnv) -> String {
    env.git(["rev-parse", RUNS]).ok()
}

fn last(env: &TestEnv, format: &str) -> String {
    env.git(["log", "-1", &format!("--format={format}"), RUNS]).ok().trim_end().to_owned()
}

/// The entries of a run's directory at the tip: name to mode and object.
fn entries(env: &TestEnv, id: &str) -> BTreeMap<String, String> {
    let listed = env.git(["ls-tree", &format!("{RUNS}:{}/{}", &id[..2], &id[2..])]).ok();
    let entry = |line: &str| line.split_once('\t').map(|(object, name)| (name.to_owned(), object.to_owned()));
    listed.lines().filter_map(entry).collect()
}

fn overlay(env: &TestEnv, id: &str) -> Value {
    let blob = format!("{RUNS}:{}/{}/overlay.json", &id[..2], &id[2..]);
    serde_json::from_str(&env.git(["cat-file", "blob", &blob]).ok()).unwrap()
}

/// Fails unless the commit says what the tree holds and the list shows.
#[track_caller]
fn assert_row_holds(env: &TestEnv, id: &str) {
    let told: Value = serde_json::from_str(&last(env, "%(trailers:key=Agentv-Row,valueonly)")).unwrap();
    assert_eq!(told["id"], id);
    let tree = env.git(["rev-parse", &format!("{RUNS}:{}/{}", &id[..2], &id[2..])]).ok();
    assert_eq!(told["tree"], tree.trim());
    let listed = env.agentv(["list", "--deleted", "--format", "json"]).json();
    let mut row = listed["runs"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone();
    row.as_object_mut().unwrap().remove("recorded_at");
    assert_eq!(row, told);
    assert_eq!(env.agentv(["show", id, "--format", "json"]).json()["row"], told);
}

#[test]
fn tag() {
    let (env, id) = with_run();
    let before = entries(&env, &id);
    let recorded_at = env.runs()[0]["recorded_at"].clone();
    let said = env.agentv(["tag", &id[..5], "+baseline", "-bundled", "plain"]).ok();
    assert_eq!(said, format!("{id}  baseline plain\n"));
    assert_eq!(last(&env, "%s"), format!("tag {id}: +baseline -bundled +plain"));
    assert_eq!(last(&env, "%(trailers:key=Agentv-Op,valueonly)"), "overlay");
    assert_row_holds(&env, &id);
    assert_eq!(env.runs()[0]["tags"], json!(["baseline", "plain"]));
    assert_eq!(env.runs()[0]["recorded_at"], recorded_at, "a tag does not move a run in the list");
    assert_eq!(overlay(&env, &id), json!({"schema": "agentv.overlay.v1", "tags": ["baseline", "plain"]}));
    let mut after = entries(&env, &id);
    after.remove("overlay.json").unwrap();
    assert_eq!(after, before, "manifest and files are the same objects");

    // The tags can be read, and there is nothing to do twice.
    let at = tip(&env);
    assert_eq!(env.agentv(["tag", &id]).ok(), format!("{id}  baseline plain\n"));
    assert_eq!(env.agentv(["tag", "@{0}", "+baseline", "-never"]).ok(), format!("{id}  baseline plain\n"));
    assert_eq!(env.agentv(["tag", &id, "+x", "-x"]).ok(), format!("{id}  baseline plain\n"));
    assert_eq!(tip(&env), at, "no commit");

    env.agentv(["tag", &id, "-baseline", "-plain"]).ok();
    assert_eq!(env.runs()[0]["tags"], json!([]), "the bundle's own tag does not come back");
    let other = env.run("agentv", &env.repo, ["results", "tag", &id, "+x"]).ok();
    assert_eq!(other, format!("{id}  x\n"));
    env.fsck();
}

#[test]
fn bad_tags() {
    let (env, id) = with_run();
    let at = tip(&env);
    for bad in ["+", "-", "", "two words", "a,b", "+a,b", "-a b", "a\tb", "+a\nb", "+\u{1b}[31m", "a\u{a0}b", "\u{85}"]
    {
        let said = env.agentv(["tag", &id, "+good", bad]).fails(2);
        assert!(said.contains("tag"), "{bad:?}: {said}");
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
    assert_eq!(tip(&env), at, "the good one beside a bad one was not set either");
    assert!(env.agentv(["tag", "ffff", "+good"]).fails(128).contains("no run matches 'ffff'"));
    assert_eq!(env.agentv(["tag"]).code, 2);
}

#[test]
fn note() {
    let (env, id) = with_run();
    let before = env.runs()[0]["tree"].clone();
    assert_eq!(env.agentv(["note", &id]).ok(), "", "there is none");
    let said = env.agentv(["note", &id, "-m", "flaky network\nsee the log\n"]).ok();
    assert!(said.starts_with(&format!("noted {id}")), "{said}");
    assert_eq!(last(&env, "%s"), format!("note {id}: flaky network"));
    assert_row_holds(&env, &id);
    assert_eq!(env.agentv(["note", &id]).ok(), "flaky network\nsee the log\n");
    assert!(env.agentv(["show", &id]).ok().contains("flaky network"));
    assert_eq!(overlay(&env, &id), json!({"schema": "agentv.overlay.v1", "note": "flaky network\nsee the log\n"}));

    let at = tip(&env);
    let said = env.agentv(["note", &id, "-m", "flaky network\nsee the log\n"]).ok();
    assert!(said.starts_with("the note is the same"), "{said}");
    assert_eq!(tip(&env), at);

    let said = env.agentv(["note", &id, "--remove"]).ok();
    assert!(said.starts_with(&format!("removed the note of {id}")), "{said}");
    assert_eq!(env.runs()[0]["tree"], before, "nothing is left of it");
    assert_row_holds(&env, &id);
    let at = tip(&env);
    env.agentv(["note", &id, "--remove"]).ok();
    env.agentv(["note", &id, "-m", "  \n"]).ok();
    assert_eq!(tip(&env), at, "no note to remove");
    assert_eq!(env.agentv(["note", &id, "-m", "x", "--remove"]).code, 2);
    // An empty first line, controls: the subject is for people.
    env.agentv(["note", &id, "-m", "\n\u{1b}[31mred\u{7}\nmore"]).ok();
    assert_eq!(last(&env, "%s"), format!("note {id}: [31mred"));
    assert!(!env.agentv(["note", &id]).ok().contains('\u{1b}'));
    env.fsck();
}

#[test]
fn delete_and_restore() {
    let (env, id) = with_run();
    env.agentv(["tag", &id, "+kept"]).ok();
    let before = env.runs()[0].clone();
    let said = env.agentv(["delete", &id]).ok();
    assert!(said.starts_with(&format!("deleted {id}")), "{said}");
    let headline = "offline-demo · local_cli · 1/3 passed (0.750), 1 error";
    assert_eq!(last(&env, "%s"), format!("delete {id}: {headline}"));
    assert_eq!(last(&env, "%(trailers:key=Agentv-Op,valueonly)"), "prune");
    assert_row_holds(&env, &id);
    assert_eq!(entries(&env, &id).into_keys().collect::<Vec<_>>(), ["overlay.json", "run.json"]);

    assert!(env.runs().is_empty());
    assert!(env.agentv(["list"]).stderr.contains("no runs"));
    let listed = env.agentv(["list", "--deleted", "--format", "json"]).json()["runs"][0].clone();
    assert_eq!(listed["status"], "pruned");
    assert_eq!(json!([listed["passed"], listed["tags"]]), json!([1, ["bundled", "kept"]]), "its row stays");
    assert!(env.agentv(["list", "--deleted"]).ok().contains("(deleted)"));
    let status = env.agentv(["status", "--format", "json"]).json();
    assert_eq!(json!([status["runs"], status["deleted"], status["unrecorded"]]), json!([0, 1, []]));
    for args in [vec!["files", &id], vec!["cat", &id, "summary.json"], vec!["export", &id, "../out"]] {
        let said = env.agentv(&args).fails(128);
        assert_eq!(said, format!("error: run {id} was deleted\nhint: 'git agentv restore {id}' brings it back\n"));
    }
    assert!(!env.root().join("out").exists());
    let shown = env.agentv(["show", &id, "--format", "json"]).json();
    assert!(shown.get("cases").is_none());
    assert!(env.agentv(["show", &id]).ok().contains(&format!("git agentv restore {id}")));
    let said = env.agentv(["show", "@{0}"]).fails(128);
    assert!(said.contains("no run matches '@{0}'"), "a deleted run is not counted: {said}");

    let at = tip(&env);
    assert!(env.agentv(["delete", &id]).ok().starts_with("was deleted before"));
    assert_eq!(tip(&env), at, "no commit");

    let said = env.agentv(["restore", &id]).ok();
    assert!(said.starts_with(&format!("restored {id}")), "{said}");
    assert_eq!(last(&env, "%s"), format!("restore {id}: {headline}"));
    assert_eq!(last(&env, "%(trailers:key=Agentv-Op,valueonly)"), "overlay");
    assert_row_holds(&env, &id);
    assert_eq!(env.runs()[0], before, "even the object id of its directory is the same");
    env.agentv(["export", &id, "../out"]).ok();
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&env.repo.join(".agentv/results/run")));
    let at = tip(&env);
    assert!(env.agentv(["restore", &id]).ok().starts_with("is not deleted"));
    assert_eq!(tip(&env), at, "no commit");
    env.fsck();
}

#[test]
fn several_at_once_or_none() {
    let env = TestEnv::new();
    for n in 0..3 {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    let at = tip(&env);
    let said = env.agentv(["delete", "small-0", "small-1", "small-9"]).fails(128);
    assert!(said.contains("no run matches 'small-9'"), "{said}");
    assert_eq!(tip(&env), at, "a typo changes nothing");
    assert_eq!(env.agentv(["rm", "small-0", "small-1", "small-0"]).ok().lines().count(), 3);
    let left: Vec<_> = env.runs().iter().map(|run| run["run_id"].clone()).collect();
    assert_eq!(json!(left), json!(["small-2"]));
    // A deleted run is still found by the name of its bundle.
    env.agentv(["restore", "small-1"]).ok();
    assert_eq!(env.runs().len(), 2);
    assert_eq!(env.agentv(["delete"]).code, 2);
}

#[test]
fn a_deleted_run_can_be_tagged_and_stays_deleted() {
    let (env, id) = with_run();
    env.agentv(["delete", &id]).ok();
    env.agentv(["tag", &id, "+why"]).ok();
    env.agentv(["note", &id, "-m", "wrong machine"]).ok();
    assert!(env.runs().is_empty());
    assert_row_holds(&env, &id);
    assert!(!entries(&env, &id).contains_key("artifacts"));
    env.agentv(["restore", &id]).ok();
    assert_eq!(env.runs()[0]["tags"], json!(["bundled", "why"]));
    assert_eq!(env.agentv(["note", &id]).ok(), "wrong machine\n");
}

#[test]
fn recording_a_deleted_bundle_does_not_bring_it_back() {
    let (env, id) = with_run();
    env.agentv(["delete", &id]).ok();
    let at = tip(&env);
    let ran = env.agentv(["record", ".agentv/results/run"]);
    assert!(ran.stderr.contains(&format!("hint: 'git agentv restore {id}' brings it back")), "{}", ran.stderr);
    assert!(ran.ok().starts_with(&format!("deleted before {id}")));
    let document = env.agentv(["record", ".agentv/results/run", "--format", "json"]).json();
    assert_eq!(document["recorded"][0]["outcome"], "deleted");
    assert_eq!(document["recorded"][0]["row"]["status"], "pruned");
    assert!(env.agentv(["record"]).ok().starts_with("nothing to record"));
    assert_eq!(tip(&env), at);
    assert!(env.runs().is_empty());
}

/// The uncommitted changes that were kept with a run leave and come back with its files.
#[test]
fn uncommitted_changes_come_back() {
    let env = TestEnv::new();
    env.git(["config", "agentv.captureDiff", "true"]).ok();
    std::fs::write(env.repo.join("code.txt"), "one\n").unwrap();
    env.git(["add", "code.txt"]).ok();
    env.git(["commit", "-q", "-m", "code"]).ok();
    std::fs::write(env.repo.join("code.txt"), "two\n").unwrap();
    env.agentv(["run", "--name", "dirty", "--", "sh", "-c", "echo result > \"$AGENTV_RESULTS_DIR/log.txt\""]).ok();
    let run = env.runs().remove(0);
    let id = run["id"].as_str().unwrap();
    let diff = env.agentv(["show", id, "--diff"]).ok();
    assert!(diff.contains("-one\n+two\n"), "{diff}");
    env.agentv(["delete", id]).ok();
    env.agentv(["tag", id, "+t"]).ok();
    env.agentv(["tag", id, "-t"]).ok();
    assert!(!entries(&env, id).contains_key("source.diff"));
    env.agentv(["restore", id]).ok();
    assert_eq!(env.agentv(["show", id, "--diff"]).ok(), diff);
    assert_eq!(env.agentv(["cat", id, "log.txt"]).ok(), "result\n");
    env.fsck();
}

/// What a newer version wrote stays: in the manifest, in the overlay at any
/// depth, and beside them.
#[test]
fn unknown_keys_survive() {
    let (env, id) = with_run();
    env.agentv(["tag", &id, "+a"]).ok();
    let (shard, name) = id.split_at(2);
    let edited = |file: &str, edit: &dyn Fn(&mut Value)| {
        let text = env.git(["cat-file", "blob", &format!("{RUNS}:{shard}/{name}/{file}")]).ok();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        edit(&mut value);
        let text = serde_json::to_string_pretty(&value).unwrap() + "\n";
        env.git_stdin(["hash-object", "-w", "--stdin"], text.as_bytes())
    };
    let manifest = edited("run.json", &|manifest| manifest["future"] = json!({"b": [1, {"a": null}], "a": "x"}));
    let overlay_blob = edited("overlay.json", &|overlay| {
        overlay["future"] = json!({"z": 1, "a": [true]});
        overlay["links"] = json!([{"commit": "1".repeat(40), "at": "2026-07-04T10:00:00.000Z", "by": "ada"}]);
    });
    let artifacts = env.git(["rev-parse", &format!("{RUNS}:{shard}/{name}/artifacts")]).ok();
    let note = env.git_stdin(["hash-object", "-w", "--stdin"], b"of a newer version\n");
    let mktree = |entries: String| env.git_stdin(["mktree"], entries.as_bytes());
    let run = mktree(format!(
        "040000 tree {}\tartifacts\n100644 blob {note}\tfuture.bin\n100644 blob {overlay_blob}\toverlay.json\n100644 blob {manifest}\trun.json\n",
        artifacts.trim()
    ));
    let root = mktree(format!("040000 tree {}\t{shard}\n", mktree(format!("040000 tree {run}\t{name}\n"))));
    let mut row: Value = serde_json::from_str(&last(&env, "%(trailers:key=Agentv-Row,valueonly)")).unwrap();
    row["tree"] = run.into();
    let message = format!("future {id}\n\nAgentv-Run: {id}\nAgentv-Op: overlay\nAgentv-Row: {row}\n");
    let commit = env.git_stdin(["commit-tree", "-p", RUNS, &root], message.as_bytes());
    env.git(["update-ref", RUNS, &commit]).ok();

    let check = |step: &str| {
        let at = entries(&env, &id);
        assert!(at["run.json"].ends_with(&manifest), "{step}: the manifest is the same object");
        assert!(at["future.bin"].ends_with(&note), "{step}");
        let overlay = overlay(&env, &id);
        assert_eq!(overlay["future"], json!({"z": 1, "a": [true]}), "{step}");
        assert_eq!(overlay["links"][0]["by"], "ada", "{step}");
        let shown = env.agentv(["show", &id, "--format", "json"]).json();
        assert_eq!(shown["manifest"]["future"], json!({"b": [1, {"a": null}], "a": "x"}), "{step}");
        assert_eq!(shown["overlay"]["future"], overlay["future"], "{step}");
    };
    check("as built");
    env.agentv(["tag", &id, "+b"]).ok();
    check("tag");
    env.agentv(["note", &id, "-m", "n"]).ok();
    check("note");
    env.agentv(["delete", &id]).ok();
    check("delete");
    env.agentv(["restore", &id]).ok();
    check("restore");
    assert_eq!(entries(&env, &id)["artifacts"], format!("040000 tree {}", artifacts.trim()));
    assert_row_holds(&env, &id);
    env.fsck();
}
