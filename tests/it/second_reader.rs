//! What we write is read by a second implementation, `tests/format_reader.py`,
//! which was written from `docs/format.md` alone and knows nothing of our source.

use std::path::Path;

use serde_json::Value;

use crate::env::{NOW, Ran, TestEnv, shared, write_small_bundle};

const REF: &str = "refs/agentv/runs/v1";

fn read_with_python(env: &TestEnv, dir: &Path) -> Option<Ran> {
    let new_enough = "import sys; sys.exit(sys.version_info < (3, 9))";
    let found = std::process::Command::new("python3").args(["-c", new_enough]).status();
    if !found.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no python3 of version 3.9 or newer on PATH");
        return None;
    }
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format_reader.py");
    Some(env.run("python3", dir, [reader.as_os_str(), "--derive".as_ref(), ".".as_ref()]))
}

/// Fails unless the second reader finds nothing wrong and lists the same runs. Returns them.
#[track_caller]
pub(crate) fn both_agree(env: &TestEnv) -> Vec<Value> {
    both_agree_in(env, &env.repo)
}

/// As [`both_agree`], in another repository.
#[track_caller]
pub(crate) fn both_agree_in(env: &TestEnv, dir: &Path) -> Vec<Value> {
    let ours = env.agentv_in(dir, ["list", "-n", "0", "--deleted", "--format", "json"]).json();
    if let Some(ran) = read_with_python(env, dir) {
        assert_eq!(ran.stderr, "");
        let theirs = ran.json();
        assert_eq!(theirs, ours);
    }
    ours["runs"].as_array().unwrap().clone()
}

/// Sets the time of everything that follows.
fn at(env: &mut TestEnv, seconds: i64) {
    for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
        env.set(name, format!("@{} +0000", NOW + seconds));
    }
}

/// A bundle that needs every rule by which numbers are made.
fn write_awkward_bundle(dir: &Path) {
    let lines = [
        r#"{"testId": "first", "score": 0.1, "target": "t", "timestamp": "2026-07-04T10:00:02.9999Z"}"#,
        r#"{"test_id": "first", "score": 0.8, "target": "t", "tokenUsage": {"input": 2, "output": 3, "reasoning": 4}}"#,
        r#"{"test_id": "first", "score": 0.79, "target": "u", "durationMs": 0.3, "cost_usd": 0.1, "named_scores": {"g": 0.1, "no": null}}"#,
        "  ",
        r#"{"test_id": "own", "score": 0, "execution_status": "ok", "duration_ms": 0.2, "cost_usd": 0.2, "scores": [{"name": "g", "score": 0.7}, {"name": "h"}]}"#,
        r#"{"eval_id": "none", "error": null, "cost_usd": 0.3}"#,
        r#"{"test_id": "broken", "score": 1, "error": "boom", "scores": [{"name": "only-here", "score": 1}]}"#,
        r#"{"test_id": "late", "score": 1, "execution_status": "timeout", "end_time": "2026-07-04T10:00:01Z"}"#,
        r#"{"test_id": "not", "execution_status": "skipped", "duration_ms": 1e3, "projection_identity": {"dimensions": {"run_id": "x", "eval_path": "e"}}}"#,
        r#"{"test_id": "not", "execution_status": "skip", "eval_path": "e", "tags": {"b": 1, "a": true, "c": [], "experiment": "awkward"}}"#,
        r#"{"test_id": "word", "execution_status": "unheard of", "score": 0.9, "target": "t"}"#,
    ];
    let summary = r#"{"run_id": "", "metadata": {"run_id": 7, "tests_run": ["first"], "tags": {}, "targets": []}, "run_summary": {}, "index_path": "./cases/list.jsonl"}"#;
    std::fs::create_dir_all(dir.join("cases")).unwrap();
    std::fs::write(dir.join("cases/list.jsonl"), lines.join("\n")).unwrap();
    std::fs::write(dir.join("summary.json"), summary).unwrap();
}

/// Runs of all kinds, and all that can be done to them.
fn fill(env: &mut TestEnv) {
    env.bundle("agentv-4.42.4", "old/2026-11-22T06-41-22-473Z");
    env.bundle("agentv-5.3.1", "new/2026-11-22T07-05-03-446Z");
    for n in 0..5 {
        env.small_bundle(n);
    }
    // The same tag twice.
    std::fs::write(env.repo.join("old/2026-11-22T06-41-22-473Z/tags.json"), r#"{"tags": ["b", "a", "b"]}"#).unwrap();
    // Several in the same second: their order is that of their start, then their id.
    env.agentv(["record"]).ok();
    env.agentv(["record", "old", "new"]).ok();
    write_awkward_bundle(&env.repo.join("awkward"));
    env.agentv(["record", "awkward"]).ok();
    // One whose last case ended before it began, and that lasted no time at all.
    write_small_bundle(&env.repo.join("backwards"), "2026-07-04T12-00-00-000Z", "2026-07-04T11:00:00.000Z");
    env.agentv(["record", "backwards"]).ok();
    at(env, 60);
    let odd = env.repo.join("odd");
    std::fs::create_dir_all(odd.join("a/b")).unwrap();
    std::fs::write(odd.join("a/b/c d"), "x").unwrap();
    std::fs::write(odd.join("a.b"), "").unwrap();
    std::fs::write(odd.join("large"), [b'x'; 3000]).unwrap();
    std::fs::write(odd.join("just-small-enough"), [b'x'; 1024]).unwrap();
    let mut args =
        ["-c", "agentv.maxBlobSize=1k", "agentv", "record", "odd", "--name", "größer \"\u{1}\u{7f}\n\\"].to_vec();
    let numbers = "a=0.00001 b=0.000009 c=1e16 d=9999999999999998 e=5e-324 f=1.7976931348623157e308 g=-0.0 h=100 i=0.1";
    let numbers: Vec<_> = numbers.split(' ').flat_map(|number| ["--metric", number]).collect();
    args.extend(numbers);
    args.extend(["--metric", "cost_usd=1e-7", "--metric", "test_count=3", "--metric", "passed=1"]);
    env.git(args).ok();
    write_small_bundle(&env.repo.join("unfinished"), "unfinished", "2026-07-04T10:00:00.123456Z");
    std::fs::remove_file(env.repo.join("unfinished/summary.json")).unwrap();
    env.agentv(["record", "unfinished", "--partial", "--tag", "ü", "--tag", "b", "--commit", "HEAD"]).ok();
    // A clock that runs behind.
    at(env, -3600);
    env.agentv(["tag", "small-1", "+z", "+a", "+ü"]).ok();
    env.agentv(["note", "small-2", "-m", "two\nlines\n\nAgentv-Row: {}"]).ok();
    env.agentv(["delete", "small-3", "small-4", "unfinished"]).ok();
    env.agentv(["restore", "small-4"]).ok();
    env.agentv(["note", "small-2", "--remove"]).ok();
    at(env, 7200);
    env.agentv(["tag", "small-3", "+gone"]).ok();
    env.agentv(["tag", "@{0}", "+newest"]).ok();
    env.git(["commit", "-q", "--allow-empty", "-m", "later"]).ok();
    env.agentv(["link", "small-1", "HEAD~1"]).ok();
    env.agentv(["link", "small-1"]).ok();
    env.agentv(["link", "unfinished", "HEAD~1"]).fails(128);
    env.agentv(["link", "x"]).ok();
    env.agentv(["unlink", "x"]).ok();
}

#[test]
fn runs_of_all_kinds() {
    let mut env = TestEnv::new();
    fill(&mut env);
    let runs = both_agree(&env);
    let status = |wanted: &str| runs.iter().filter(|run| run["status"] == wanted).count();
    assert_eq!((status("complete"), status("pruned"), runs.len()), (9, 2, 11));
    env.fsck();
}

#[test]
fn sealed_runs() {
    for init in [&[][..], &["--object-format=sha256"]] {
        let mut env = TestEnv::with_init(init);
        env.git(["config", "agentv.window", "3"]).ok();
        for n in 0..20 {
            at(&mut env, i64::from(n));
            let dir = env.small_bundle(n);
            env.agentv(["record".as_ref(), dir.as_os_str()]).ok();
        }
        let first = env.runs()[19]["id"].as_str().unwrap().to_owned();
        env.agentv(["tag", &first, "+old"]).ok();
        assert_eq!(both_agree(&env).len(), 20);
        assert_ne!(env.git(["ls-tree", "--name-only", REF, "sealed/"]).ok(), "", "some are sealed");
    }
}

#[test]
fn a_sha256_repository() {
    let mut env = TestEnv::with_init(&["--object-format=sha256"]);
    fill(&mut env);
    assert_eq!(both_agree(&env).len(), 11);
}

#[test]
fn the_real_results_branch() {
    let Some(bundle) = shared("agentv-results-v1.bundle") else { return };
    let env = TestEnv::new();
    let branch = "refs/heads/agentv/results/v1";
    env.git(["fetch", "-q", bundle.to_str().unwrap(), &format!("{branch}:{branch}")]).ok();
    env.agentv(["import", "--from-ref", branch, "--all-versions"]).ok();
    assert_eq!(both_agree(&env).len(), 111);
}

/// The reader would be worth nothing if it found everything in order.
#[test]
fn a_run_whose_files_were_changed_is_noticed() {
    let mut env = TestEnv::new();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    env.set("GIT_INDEX_FILE", env.root().join("index"));
    let run = env.runs().remove(0);
    let (id, tree) = (run["id"].as_str().unwrap(), run["tree"].as_str().unwrap());
    let dir = format!("{}/{}", &id[..2], &id[2..]);
    std::fs::write(env.root().join("forged"), "passed, honestly\n").unwrap();
    let forged = env.git(["hash-object", "-w", "../forged"]).ok();
    env.git(["read-tree", REF]).ok();
    env.git(["update-index", "--cacheinfo", &format!("100644,{},{dir}/artifacts/only/answer.md", forged.trim())]).ok();
    let root = env.git(["write-tree"]).ok();
    let changed = env.git(["rev-parse", &format!("{}:{dir}", root.trim())]).ok();
    let message = env.git(["log", "-1", "--format=%B", REF]).ok().replace(tree, changed.trim());
    let commit = env.git(["commit-tree", root.trim(), "-p", REF, "-m", message.trim_end()]).ok();
    env.git(["update-ref", REF, commit.trim()]).ok();
    let Some(ran) = read_with_python(&env, &env.repo) else { return };
    let said = ran.fails(1);
    for wrong in ["its artifacts are", "its files have"] {
        // The manifest's digest leads to the old files, so their size is right and their place is wrong.
        assert_eq!(said.contains(wrong), wrong == "its artifacts are", "{said}");
    }
}

/// With an index of the rows, and without what is wrong with one.
#[test]
fn an_index_of_the_rows() {
    let mut env = TestEnv::new();
    fill(&mut env);
    let reindex = ["reindex", "--repo", ".", "--branch", REF];
    env.agentv(reindex).ok();
    both_agree(&env);
    env.small_bundle(70);
    env.agentv(["record"]).ok();
    env.agentv(["tag", "small-70", "+x"]).ok();
    env.agentv(["delete", "@{3}"]).ok();
    assert_eq!(both_agree(&env).len(), 12);
    // It would notice.
    let index = env.git(["rev-parse", &format!("{REF}:index/runs.jsonl")]).ok();
    env.agentv(["tag", "small-70", "-x"]).ok();
    let root = env.git(["ls-tree", REF]).ok();
    let dir = env.git_stdin(["mktree"], format!("100644 blob {}\truns.jsonl\n", index.trim()).as_bytes());
    let kept = root.lines().filter(|line| !line.ends_with("\tindex")).collect::<Vec<_>>().join("\n");
    let root = env.git_stdin(["mktree"], format!("{kept}\n040000 tree {dir}\tindex\n").as_bytes());
    let commit = env.git(["commit-tree", &root, "-p", REF, "-m", "x\n\nAgentv-Op: other"]).ok();
    env.git(["update-ref", REF, commit.trim()]).ok();
    let Some(ran) = read_with_python(&env, &env.repo) else { return };
    assert!(ran.fails(1).contains("index: it is not what the log says"));
}

/// The examples of the specification are what the binary writes.
#[test]
fn the_examples_are_real() {
    let spec = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/format.md")).unwrap();
    let block = |language: &str, part: &str| {
        let blocks = spec.split("\n```").skip(1).step_by(2);
        let found =
            blocks.filter_map(|block| block.split_once('\n')).find(|(l, text)| *l == language && text.contains(part));
        found.unwrap_or_else(|| panic!("no example with '{part}'")).1.to_owned()
    };
    let env = TestEnv::new();
    let printed = env.run("sh", &env.repo, ["-c", &block("sh", "sha256sum")]).ok();
    assert!(spec.contains(&format!("prints `{}`", printed.trim())), "{printed}");

    env.bundle("agentv-5.3.1", "2026-11-22T07-05-03-446Z");
    env.agentv(["record", "2026-11-22T07-05-03-446Z"]).ok();
    let run = env.runs().remove(0);
    let mut manifest = env.git(["show", &format!("{}:run.json", run["tree"].as_str().unwrap())]).ok();
    // The host is another one on every machine, and with it the directory's id.
    let host = |text: &str| text[text.find("\"host\"").unwrap()..text.find("\"id\"").unwrap()].to_owned();
    let example = block("json", "\"started_at\"");
    manifest = manifest.replace(&host(&manifest), &host(&example));
    assert_eq!(manifest.trim(), example.trim());
    let message = env.git(["log", "-1", "--format=%B", REF]).ok();
    let example = block("", "Agentv-Row: {");
    let tree = |text: &str| text.split("\"tree\":\"").nth(1).unwrap()[..40].to_owned();
    assert_eq!(message.replace(&tree(&message), &tree(&example)).trim(), example.trim());
}

/// What this version does not write but must read: a merge, a row that it carries,
/// commits of others, and ops that it does not know. All in one second, where dates tell nothing.
#[test]
fn a_history_that_a_later_version_merged() {
    let env = TestEnv::new();
    for n in 0..12 {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    let base = env.git(["rev-parse", REF]).ok().trim().to_owned();
    // Each side tags what the other side leaves alone.
    let mut sides = Vec::new();
    for side in 0..2 {
        env.git(["update-ref", REF, &base]).ok();
        for n in 0..12 {
            if n % 2 == side {
                env.agentv(["tag", &format!("small-{n}"), &format!("+side-{side}")]).ok();
                env.agentv(["note", &format!("small-{n}"), "-m", "seen"]).ok();
            }
        }
        sides.push(env.git(["rev-parse", REF]).ok().trim().to_owned());
    }
    let commit = |message: &str, parents: &[&str]| {
        let merged = env.git(["merge-tree", "--write-tree", &sides[0], &sides[1]]).ok();
        let mut args = vec!["commit-tree", merged.trim(), "-m", message];
        args.extend(parents.iter().flat_map(|parent| ["-p", parent]));
        env.git(args).ok().trim().to_owned()
    };
    let merge = commit("merge\n\nAgentv-Op: merge", &[&sides[0], &sides[1]]);
    let quoting = "somebody's\n\nAgentv-Op: record\nAgentv-Row: {\"quoted\": true}\n\nSigned-off-by: A <a@example.com>";
    let foreign = commit(quoting, &[&merge]);
    let unknown = commit("later\n\nagentv-op:fancy", &[&foreign]);
    env.git(["update-ref", REF, &unknown]).ok();
    let runs = both_agree(&env);
    assert_eq!(runs.len(), 12);
    for run in runs {
        let n: u32 = run["run_id"].as_str().unwrap()["small-".len()..].parse().unwrap();
        assert_eq!(run["tags"], serde_json::json!([format!("side-{}", n % 2)]), "{run}");
    }
}
