//! The projection says what the log says, however it came about and whatever happens to its file.

use std::sync::Arc;

use git_agentv::git::{ConfigScope, Repo};
use git_agentv::index::Counts;
use git_agentv::index::projection::{Projection, VERSION};
use git_agentv::index::query::Query;
use git_agentv::store::{RUNS_REF, Store};
use proptest::prelude::*;

use crate::env::{TestEnv, write_small_bundle};

/// All that the tables say of the runs, in the order of a list.
fn dump(env: &TestEnv) -> Vec<String> {
    let repo = Repo::discover(&env.repo, ConfigScope::Full, None).unwrap();
    let store = Store::new(&repo, RUNS_REF);
    let projection = Projection::open(&store, &mut |_| {}).unwrap();
    let columns = "id, run_id, timestamp, recorded, author, experiment, target, test_count, passed, errors, pass_rate, \
                   avg_score, duration_ms, cost_usd, tokens, sha, tree, format, status, source_tree, patch_id, line";
    let cells: Vec<_> = columns.split(',').map(|column| format!("quote({column})")).collect();
    let sql = format!(
        "SELECT {} || coalesce((SELECT group_concat(tag) FROM (SELECT tag FROM tags t WHERE t.seq = r.seq ORDER BY tag)), '') \
         || coalesce((SELECT group_concat(commit_id) FROM links l WHERE l.seq = r.seq), '') \
         || coalesce((SELECT note FROM notes n WHERE n.seq = r.seq), '') \
         FROM runs r WHERE store = ?1 ORDER BY recorded DESC, timestamp DESC, id DESC",
        cells.join(" || ' ' || ")
    );
    let mut found = projection.db().prepare(&sql).unwrap();
    let rows = found.query_map([projection.store()], |row| row.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn file(env: &TestEnv) -> std::path::PathBuf {
    env.repo.join(format!(".git/agentv/index-v{VERSION}.sqlite"))
}

fn forget(env: &TestEnv) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file(env).display()));
    }
}

/// Fails unless the projection as it is, one that is built anew and the log say the same.
#[track_caller]
fn assert_right(env: &TestEnv) {
    let incremental = dump(env);
    forget(env);
    assert_eq!(incremental, dump(env), "incremental, then rebuilt");
    let listed = env.agentv(["list", "-n", "0", "--deleted", "--format", "jsonl"]).ok();
    assert_eq!(listed.lines().count(), incremental.len());
    for (line, row) in listed.lines().zip(&incremental) {
        let id = serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        assert!(row.starts_with(&format!("'{id}'")), "the same order: {id} {row}");
    }
}

/// Fails unless numbers of which some were counted before are those that are counted anew.
#[track_caller]
fn assert_counts(env: &TestEnv, counts: &Arc<Counts>) {
    let repo = Repo::discover(&env.repo, ConfigScope::Full, None).unwrap();
    let store = Store::new(&repo, RUNS_REF);
    let mut projection = Projection::open(&store, &mut |_| {}).unwrap();
    for words in ["", "tag:t0", "-tag:t1", "note:remark", "pass_rate>=0", "run_id:small-1*", "is:pruned", "where:local"]
    {
        let query = Query::parse(words, &jiff::Zoned::now()).unwrap();
        let filter = projection.filter(&store, &query, false, &mut |_, _| {}).unwrap();
        let anew = projection.count(&filter).unwrap();
        let mut again = Projection::open(&store, &mut |_| {}).unwrap();
        again.remember_counts(Arc::clone(counts));
        assert_eq!(again.count(&filter).unwrap(), anew, "{words}");
    }
}

/// Something that happens to a ref.
#[derive(Debug, Clone)]
enum Step {
    Record(u32),
    Tag(usize, u32),
    Note(usize),
    Delete(usize),
    Restore(usize),
    /// The ref goes back to what it was some commits ago.
    Rewind(usize),
    /// Somebody recorded on a line of their own, and both lines were joined.
    Merge(u32),
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..40_u32).prop_map(Step::Record),
        2 => (any::<usize>(), 0..4_u32).prop_map(|(run, tag)| Step::Tag(run, tag)),
        1 => any::<usize>().prop_map(Step::Note),
        1 => any::<usize>().prop_map(Step::Delete),
        1 => any::<usize>().prop_map(Step::Restore),
        1 => (1..4_usize).prop_map(Step::Rewind),
        1 => (100..140_u32).prop_map(Step::Merge),
        3 => Just(Step::Look),
    ]
}

fn take(env: &TestEnv, step: &Step) {
    let pick = |n: usize| {
        let ids: Vec<String> = env
            .agentv(["list", "-n", "0", "--deleted", "--format", "tsv"])
            .ok()
            .lines()
            .skip(1)
            .map(|line| line.split('\t').nth(10).unwrap().to_owned())
            .collect();
        (!ids.is_empty()).then(|| ids[n % ids.len()].clone())
    };
    let record = |n: u32| {
        let dir = env.root().join(format!("small-{n}"));
        write_small_bundle(&dir, &format!("small-{n}"), &format!("2026-07-04T10:00:{:02}.000Z", n % 60));
        env.agentv(["record".as_ref(), dir.as_os_str()]).ok();
    };
    match step {
        Step::Record(n) => record(*n),
        Step::Tag(run, tag) => {
            if let Some(id) = pick(*run) {
                env.agentv(["tag", &id, &format!("{}t{}", if tag % 2 == 0 { '+' } else { '-' }, tag / 2)]).ok();
            }
        }
        Step::Note(run) => {
            if let Some(id) = pick(*run) {
                env.agentv(["note", &id, "-m", "a remark"]).ok();
            }
        }
        Step::Delete(run) => {
            if let Some(id) = pick(*run) {
                env.agentv(["delete", &id]).ok();
            }
        }
        Step::Restore(run) => {
            if let Some(id) = pick(*run) {
                env.agentv(["restore", &id]).ok();
            }
        }
        Step::Rewind(commits) => {
            let back = env.git(["rev-parse", "-q", "--verify", &format!("{RUNS_REF}~{commits}")]);
            if back.code == 0 {
                let back = back.ok();
                env.git(["update-ref", RUNS_REF, back.trim()]).ok();
            }
        }
        Step::Merge(n) => {
            let Some(ours) = env.git(["rev-parse", "-q", "--verify", RUNS_REF]).ok_or_none() else { return };
            let base = env.git(["rev-parse", "-q", "--verify", &format!("{RUNS_REF}~1")]).ok_or_none();
            let Some(base) = base else { return };
            env.git(["update-ref", RUNS_REF, base.trim()]).ok();
            record(*n);
            let theirs = env.git(["rev-parse", RUNS_REF]).ok();
            env.git(["update-ref", RUNS_REF, ours.trim()]).ok();
            // Where both sides changed the same there would have to be rows of their own.
            let merged = env.git(["merge-tree", "--write-tree", ours.trim(), theirs.trim()]).ok_or_none();
            let Some(tree) = merged else { return };
            let message = "merge: two lines\n\nAgentv-Op: merge";
            let args = ["commit-tree", tree.trim(), "-p", ours.trim(), "-p", theirs.trim(), "-m", message];
            let merged = env.git(args).ok();
            env.git(["update-ref", RUNS_REF, merged.trim()]).ok();
        }
        Step::Look => drop(dump(env)),
    }
}

impl crate::env::Ran {
    fn ok_or_none(self) -> Option<String> {
        (self.code == 0).then_some(self.stdout)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn rebuilt_and_incremental_are_the_same(steps in prop::collection::vec(step(), 1..25), window in 0..6_u32) {
        let env = TestEnv::new();
        env.git(["config", "agentv.window", &window.to_string()]).ok();
        let counts = Arc::default();
        for step in &steps {
            take(&env, step);
            assert_counts(&env, &counts);
        }
        assert_right(&env);
    }
}

#[test]
fn whatever_happens_to_the_file() {
    let env = TestEnv::new();
    for n in 0..5 {
        take(&env, &Step::Record(n));
    }
    let right = dump(&env);
    assert_eq!(right.len(), 5);
    let path = file(&env);
    let whole = std::fs::read(&path).unwrap();
    let write = |bytes: &[u8]| {
        forget(&env);
        std::fs::write(&path, bytes).unwrap();
    };
    write(b"");
    assert_eq!(dump(&env), right, "empty");
    write(b"this is no database, but long enough to look like one: 0123456789 0123456789 0123456789 0123456789 0123456789");
    assert_eq!(dump(&env), right, "garbage");
    write(&whole[..whole.len() / 2]);
    assert_eq!(dump(&env), right, "cut off");
    let mut broken = whole.clone();
    broken[4096..].fill(0xff);
    write(&broken);
    assert_eq!(dump(&env), right, "garbage after the header");
    forget(&env);
    let foreign = rusqlite::Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE runs(x); PRAGMA user_version = 99").unwrap();
    drop(foreign);
    assert_eq!(dump(&env), right, "somebody else's");
    forget(&env);
    std::fs::create_dir(&path).unwrap();
    assert_eq!(dump(&env), right, "a directory: in memory");
    std::fs::remove_dir(&path).unwrap();
    // A newer version has a file of its own.
    let newer = path.with_file_name(format!("index-v{}.sqlite", VERSION + 1));
    std::fs::write(&newer, b"newer").unwrap();
    assert_eq!(dump(&env), right);
    assert_eq!(std::fs::read(&newer).unwrap(), b"newer");
}

#[test]
fn many_processes_at_once() {
    let env = TestEnv::new();
    take(&env, &Step::Record(0));
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let env = &env;
            scope.spawn(move || {
                for n in 0..5 {
                    take(env, &Step::Record(1 + writer * 5 + n));
                    assert!(dump(env).len() > n as usize);
                }
            });
        }
    });
    assert_eq!(dump(&env).len(), 21);
    assert_right(&env);
}
