//! The tip's tree is a window: older runs leave it and lose nothing by that.

use std::collections::{BTreeMap, BTreeSet};

use git_agentv::run::RunId;

use crate::env::{TestEnv, read_dir, write_small_bundle};

const RUNS: &str = "refs/agentv/runs/v1";

fn with_window(size: u32) -> TestEnv {
    let env = TestEnv::new();
    env.git(["config", "agentv.window", &size.to_string()]).ok();
    env
}

/// A small bundle of one case; each began a second after the one before.
fn bundle(env: &TestEnv, n: u32) -> std::path::PathBuf {
    let dir = env.repo.join(format!(".agentv/results/small-{n}"));
    write_small_bundle(&dir, &format!("small-{n}"), &format!("2026-07-04T10:{:02}:{:02}.000Z", n / 60, n % 60));
    dir
}

/// Records runs `from..to`, each by a command of its own; their ids.
fn record(env: &TestEnv, numbers: std::ops::Range<u32>) -> Vec<String> {
    let one = |n| {
        let dir = bundle(env, n);
        let said = env.agentv(["record".as_ref(), dir.as_os_str()]).ok();
        said.split(' ').nth(1).unwrap().to_owned()
    };
    numbers.map(one).collect()
}

/// Ids of the runs in the tip's tree, and of those in its lists.
fn tree(env: &TestEnv) -> (BTreeSet<String>, BTreeSet<String>) {
    let dirs = env.git(["ls-tree", "-r", "-d", "--name-only", RUNS]).ok();
    let ids = |path: &str| (path.len() == 17 && !path.starts_with("sealed")).then(|| path.replace('/', ""));
    let inside = dirs.lines().filter_map(ids).collect();
    let sealed = lists(env).into_iter().flat_map(|(list, lines)| {
        let shard = list[list.len() - 2..].to_owned();
        lines.into_iter().map(move |line| shard.clone() + line.split_once(' ').unwrap().0)
    });
    (inside, sealed.collect())
}

/// The lists of sealed runs: path and lines.
fn lists(env: &TestEnv) -> BTreeMap<String, Vec<String>> {
    let paths = env.git(["ls-tree", "-r", "--name-only", RUNS, "sealed/"]).ok();
    let read = |path: &str| {
        let text = env.git(["cat-file", "blob", &format!("{RUNS}:{path}")]).ok();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        assert_eq!(lines.join("\n") + "\n", text, "{path} is sorted");
        for line in &lines {
            assert_eq!(env.git(["cat-file", "-t", line.split_once(' ').unwrap().1]).ok(), "tree\n");
        }
        (path.to_owned(), lines)
    };
    paths.lines().map(read).collect()
}

fn seals(env: &TestEnv) -> usize {
    let ops = env.git(["log", "--format=%(trailers:key=Agentv-Op,valueonly,separator=%x2C)", RUNS]).ok();
    ops.lines().filter(|op| *op == "seal").count()
}

#[test]
fn older_runs_leave_the_tree_and_stay_in_every_list() {
    let env = with_window(5);
    let mut all = record(&env, 0..9);
    assert_eq!((seals(&env), tree(&env).0.len()), (0, 9));
    all.extend(record(&env, 9..10));
    assert_eq!(seals(&env), 1, "twice the window");
    let (inside, sealed) = tree(&env);
    let set = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!((inside, sealed), (set(&all[5..]), set(&all[..5])));
    all.extend(record(&env, 10..23));
    let (inside, sealed) = tree(&env);
    assert_eq!(seals(&env), 3);
    assert_eq!(inside.len() + sealed.len(), 23);
    assert_eq!(inside, set(&all[15..]));
    let listed: BTreeSet<_> = env.runs().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, set(&all));
    let subject = env.git(["log", "-1", "--format=%s", "--grep=^Agentv-Op: seal", RUNS]).ok();
    assert_eq!(subject, "seal: 5 runs leave the tip's tree\n");
    // Nothing depends on anything but the ref.
    env.git(["reflog", "expire", "--expire=now", "--all"]).ok();
    env.git(["gc", "-q", "--prune=now"]).ok();
    env.fsck();
    for (n, id) in all.iter().enumerate() {
        let to = env.root().join(format!("out-{n}"));
        env.agentv(["export".as_ref(), id.as_ref(), to.as_os_str()]).ok();
        assert_eq!(read_dir(&to), read_dir(&env.repo.join(format!(".agentv/results/small-{n}"))), "run {n}");
    }
}

#[test]
fn sealed_runs_are_found_and_changed_like_others() {
    let env = with_window(4);
    let ids = record(&env, 0..13);
    let (first, second) = (&ids[0], &ids[1]);
    assert!(tree(&env).1.contains(first));
    // By the beginning of the id, by name, by number.
    assert_eq!(env.agentv(["show", &first[..6], "--format", "json"]).json()["row"]["id"], first.as_str());
    assert_eq!(env.agentv(["show", "small-1", "--format", "json"]).json()["row"]["id"], second.as_str());
    assert_eq!(env.agentv(["show", "@{12}", "--format", "json"]).json()["manifest"]["run_id"], "small-0");
    // Recording it again is still no new run, and nothing is picked up.
    let before = env.git(["rev-parse", RUNS]).ok();
    let said = env.agentv(["record".as_ref(), env.repo.join(".agentv/results/small-0").as_os_str()]).ok();
    assert!(said.starts_with("already recorded"), "{said}");
    std::fs::remove_file(env.repo.join(".git/agentv/recorded")).unwrap();
    assert!(env.agentv(["record"]).ok().contains("nothing to record"));
    assert_eq!(env.git(["rev-parse", RUNS]).ok(), before);
    // A change brings it back into the tree until the next seal.
    env.agentv(["tag", first, "+old"]).ok();
    env.agentv(["delete", second]).ok();
    assert!(tree(&env).0.contains(first) && tree(&env).0.contains(second));
    let after = record(&env, 13..20);
    let (inside, sealed) = tree(&env);
    assert!(
        !inside.contains(first) && sealed.contains(first) && inside.is_superset(&after[4..].iter().cloned().collect())
    );
    let row = &env.agentv(["show", first, "--format", "json"]).json()["row"];
    assert_eq!((&row["tags"], &row["status"]), (&serde_json::json!(["old"]), &"complete".into()));
    let row = &env.agentv(["show", second, "--format", "json"]).json()["row"];
    assert_eq!(row["status"], "pruned");
    env.agentv(["restore", second]).ok();
    assert_eq!(env.agentv(["cat", second, "only/answer.md"]).ok(), "answer of small-1\n");
    assert_eq!(env.runs().len(), 20);
    env.fsck();
}

#[test]
fn many_at_once_and_many_writers() {
    let env = with_window(10);
    for n in 0..95 {
        bundle(&env, n);
    }
    // One transaction, several seals in it.
    env.agentv(["record"]).ok();
    assert_eq!(env.runs().len(), 95);
    assert!(seals(&env) > 5 && tree(&env).0.len() < 20, "{} {}", seals(&env), tree(&env).0.len());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let env = &env;
            scope.spawn(move || record(env, 100 + writer * 20..110 + writer * 20));
        }
    });
    let (inside, sealed) = tree(&env);
    assert_eq!(env.runs().len(), 135);
    assert_eq!(inside.union(&sealed).count(), 135, "each run is in the tree or in a list");
    assert!(inside.len() <= 20);
    env.fsck();
}

/// The id of a run depends on its name, so names can be found whose runs are all in the shard `00`.
fn names_of_one_shard(env: &TestEnv, dir: &str, artifacts: &str) -> impl Iterator<Item = (String, String)> + use<> {
    let (dir, artifacts) = (env.repo.join(dir), artifacts.to_owned());
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("answer.md"), "42\n").unwrap();
    let named = (0..).map(move |n| {
        let name = format!("run-{n}");
        (RunId::new(&name, None, &artifacts).to_string(), name)
    });
    named.filter(|(id, _)| id.starts_with("00"))
}

#[test]
fn a_long_list_is_not_written_for_every_line() {
    let env = with_window(1);
    let blob = env.git_stdin(["hash-object", "-w", "--stdin"], b"42\n");
    let artifacts = env.git_stdin(["mktree"], format!("100644 blob {blob}\tanswer.md\n").as_bytes());
    let record = |(id, name): &(String, String)| {
        let said = env.agentv(["record", "bundle", "--name", name]).ok();
        assert!(said.contains(id.as_str()), "{said}");
    };
    let runs: Vec<_> = names_of_one_shard(&env, "bundle", &artifacts).take(90).collect();
    let (long, short) = ("sealed/00".to_owned(), "sealed/new/00".to_owned());
    let (mut seen, mut recorded) = (BTreeSet::new(), 0);
    for (at, run) in runs.iter().enumerate() {
        record(run);
        let lists = lists(&env);
        let lines = |path: &String| lists.get(path).map_or(0, Vec::len);
        assert_eq!(lines(&long) + lines(&short), at, "each run but the newest is in one list");
        assert!(lines(&short) <= lines(&long) / 16);
        seen.insert(lines(&short));
        recorded = at + 1;
        if lines(&short) == 1 && lines(&long) >= 48 {
            break;
        }
    }
    assert!(seen.contains(&0) && seen.contains(&1), "it fills and is emptied: {seen:?}");
    assert!(recorded < runs.len());
    // One that waits in the short list, one of the long list, and one of both.
    let waiting = lists(&env)[&short][0][..14].to_owned();
    for id in [format!("00{waiting}"), runs[0].0.clone()] {
        assert_eq!(env.agentv(["show", &id, "--format", "json"]).json()["row"]["id"], id.as_str());
        assert!(env.agentv(["cat", &id, "answer.md"]).ok() == "42\n");
    }
    let first = &runs[0];
    env.agentv(["tag", &first.0, "+again"]).ok();
    let place = |path: &String| lists(&env)[path].iter().find(|line| line.starts_with(&first.0[2..])).cloned();
    assert_ne!(place(&short).unwrap(), place(&long).unwrap());
    assert_eq!(env.agentv(["show", &first.0, "--format", "json"]).json()["row"]["tags"], serde_json::json!(["again"]));
    assert!(env.agentv(["record", "bundle", "--name", &first.1]).ok().starts_with("already recorded"));
    env.agentv(["tag", &first.0, "+twice"]).ok();
    let tags = serde_json::json!(["again", "twice"]);
    assert_eq!(env.agentv(["show", &first.0, "--format", "json"]).json()["row"]["tags"], tags);
    assert_eq!(env.runs().len(), recorded);
    env.fsck();
    assert_eq!(crate::second_reader::both_agree(&env).len(), recorded);
    // A short list that is damaged is made anew.
    assert!(env.agentv(["fsck"]).ok().contains("no problems"));
    let blob = env.git_stdin(["hash-object", "-w", "--stdin"], b"nonsense\n");
    let tree = |entries: &str| env.git_stdin(["mktree"], entries.as_bytes());
    let shown = |path: &str| env.git(["ls-tree", &format!("{RUNS}:{path}")]).ok();
    let short = tree(&format!("100644 blob {blob}\t00\n"));
    let kept = |path: &str, name: &str| {
        let lines = shown(path);
        let kept = lines.lines().filter(|line| !line.ends_with(&format!("\t{name}")));
        kept.fold(String::new(), |text, line| text + line + "\n")
    };
    let lists = tree(&format!("{}040000 tree {short}\tnew\n", kept("sealed", "new")));
    let root = tree(&format!("{}040000 tree {lists}\tsealed\n", kept("", "sealed")));
    let tip = env.git(["rev-parse", RUNS]).ok();
    let commit = env.git(["commit-tree", &root, "-p", tip.trim(), "-m", "seal: x\n\nAgentv-Op: seal"]).ok();
    env.git(["update-ref", RUNS, commit.trim()]).ok();
    let found = env.agentv(["fsck"]);
    assert!(found.code == 1 && found.stdout.contains("sealed/new/00: 'nonsense' is no line of it"), "{found:?}");
    env.agentv(["fsck", "--repair"]).ok();
    assert!(env.agentv(["fsck"]).ok().contains("no problems"));
    assert_eq!(crate::second_reader::both_agree(&env).len(), recorded);
}

#[test]
fn settings_of_the_window() {
    let env = with_window(0);
    record(&env, 0..7);
    assert_eq!(seals(&env), 0, "0 is no limit");
    env.git(["config", "agentv.window", "-1"]).ok();
    let dir = bundle(&env, 7);
    let said = env.agentv(["record".as_ref(), dir.as_os_str()]).fails(128);
    assert!(said.contains("agentv.window") && said.contains("negative"), "{said}");
    env.git(["config", "agentv.window", "2"]).ok();
    env.agentv(["record"]).ok();
    assert_eq!((seals(&env), tree(&env).0.len(), tree(&env).1.len()), (1, 2, 6));
    assert_eq!(env.runs().len(), 8);
}

#[test]
fn a_damaged_list_is_told() {
    let env = with_window(2);
    let ids = record(&env, 0..5);
    let shard = &ids[0][..2];
    let blob = env.git_stdin(["hash-object", "-w", "--stdin"], b"nonsense\n");
    let root = env.git(["ls-tree", RUNS]).ok();
    let lists = env.git_stdin(["mktree"], format!("100644 blob {blob}\t{shard}\n").as_bytes());
    let kept = root.lines().filter(|line| !line.ends_with("\tsealed")).collect::<Vec<_>>().join("\n");
    let root = env.git_stdin(["mktree"], format!("{kept}\n040000 tree {lists}\tsealed\n").as_bytes());
    let tip = env.git(["rev-parse", RUNS]).ok();
    let commit = env.git(["commit-tree", &root, "-p", tip.trim(), "-m", "seal: x\n\nAgentv-Op: seal"]).ok();
    env.git(["update-ref", RUNS, commit.trim()]).ok();
    let said = env.agentv(["show", &ids[0]]).fails(128);
    assert!(said.contains(&format!("sealed/{shard} is damaged")) && said.contains("nonsense"), "{said}");
    assert_eq!(env.runs().len(), 5, "the list needs no tree");
}
