//! Fetching commits and trees, and files when they are opened.

use super::*;
use crate::env::{copy_dir, data, read_dir};

/// A hub that leaves out what is not wanted.
pub(super) fn light_hub(env: &TestEnv, args: &[&str]) -> PathBuf {
    let hub = hub(env, args);
    env.git_in(&hub, ["config", "uploadpack.allowFilter", "true"]).ok();
    hub
}

/// `a` with small runs on a light hub, and the empty `b`.
fn world(env: &TestEnv, runs: usize, args: &[&str]) -> (PathBuf, PathBuf, PathBuf) {
    let hub = light_hub(env, args);
    let a = clone(env, "a", args);
    for n in 0..runs {
        record_at(env, &a, &format!("run-{n}"), n as u64 + 1).ok();
    }
    sync(env, &a);
    let b = clone(env, "b", args);
    (hub, a, b)
}

/// How many objects that refs reach are not here.
pub(super) fn missing(env: &TestEnv, dir: &Path) -> usize {
    let all = env.git_in(dir, ["rev-list", "--objects", "--missing=print", "--all"]).ok();
    all.lines().filter(|line| line.starts_with('?')).count()
}

/// Runs `git <args>`; how often git was told to fetch.
pub(super) fn counted(env: &TestEnv, dir: &Path, args: &[&str]) -> (Ran, usize) {
    let trace = env.root().join("trace");
    let _ = std::fs::remove_file(&trace);
    let mut command = env.command("git", dir);
    let ran = Ran::of(command.args(args).env("GIT_TRACE", &trace));
    let text = std::fs::read_to_string(&trace).unwrap_or_default();
    assert!(text.contains("trace: "), "the trace shows something: {text}");
    let is_fetch = |line: &&str| line.contains("trace: built-in: git ") && line.contains(" fetch ");
    (ran, text.lines().filter(is_fetch).count())
}

pub(super) fn agentv(env: &TestEnv, dir: &Path, args: &[&str]) -> (Ran, usize) {
    counted(env, dir, &[&["agentv"], args].concat())
}

/// The hub can't be reached while `run` runs.
pub(super) fn offline<T>(env: &TestEnv, run: impl FnOnce() -> T) -> T {
    let (hub, away) = (env.root().join("hub.git"), env.root().join("away.git"));
    std::fs::rename(&hub, &away).unwrap();
    let result = run();
    std::fs::rename(&away, &hub).unwrap();
    result
}

fn marked(dir: &Path) -> Vec<PathBuf> {
    let dir = if dir.join(".git").exists() { dir.join(".git") } else { dir.to_owned() };
    let packs = std::fs::read_dir(dir.join("objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    packs.filter(|path| path.extension().is_some_and(|ext| ext == "promisor")).collect()
}

fn config(dir: &Path) -> String {
    std::fs::read_to_string(dir.join(".git/config")).unwrap()
}

#[test]
fn files_come_when_a_run_is_opened_all_at_once() {
    let env = TestEnv::without_repo();
    let (_, a, b) = world(&env, 6, &[]);
    let big = data().join("bundles/agentv-5.3.1");
    env.agentv_in(&a, ["record", big.to_str().unwrap()]).ok();
    sync(&env, &a);
    let (ran, count) = agentv(&env, &b, &["pull"]);
    assert!(ran.ok().starts_with("received 7 runs, about "));
    assert_eq!(count, 2, "commits, and the directories of all at once");
    let lacking = missing(&env, &b);
    assert!(lacking > 40, "{lacking}");
    offline(&env, || {
        assert_eq!(list(&env, &b), list(&env, &a));
        let (ran, count) = agentv(&env, &b, &["list", "passed>=0", "--sort", "score"]);
        assert_eq!((ran.code, count), (0, 0));
        assert_eq!(agentv(&env, &b, &["fsck"]).1, 0);
        let said = env.agentv_in(&b, ["cat", "run-1", "only/answer.md"]).fails(128);
        assert!(said.contains("fetch agentv-origin") && said.contains("hub.git"), "{said}");
        assert_eq!(env.agentv_in(&b, ["__complete", "--", "cat", "run-1", ""]).ok(), "");
    });
    assert_eq!(missing(&env, &b), lacking);
    let big_id = ids(&env, &a).into_iter().find(|id| env.agentv_in(&a, ["show", id]).stdout.contains("offline-demo"));
    let big_id = big_id.unwrap();
    let (ran, count) = agentv(&env, &b, &["show", &big_id, "--format", "json"]);
    assert_eq!((ran.json(), count), (env.agentv_in(&a, ["show", &big_id, "--format", "json"]).json(), 1));
    let (ran, count) = agentv(&env, &b, &["export", &big_id, "../out"]);
    ran.ok();
    assert_eq!(count, 1);
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&big));
    let (ran, count) = agentv(&env, &b, &["list", "case:only", "--format", "json"]);
    assert_eq!((ran.json()["runs"].as_array().unwrap().len(), count), (6, 1), "the cases of all runs at once");
    let (ran, count) = agentv(&env, &b, &["files", "run-2"]);
    ran.ok();
    assert_eq!(count, 1);
    let (ran, count) = agentv(&env, &b, &["fsck", "run-3"]);
    assert!(ran.ok().contains("no problems"));
    assert_eq!(count, 1);
    let (ran, count) = agentv(&env, &b, &["cat", "run-4", "only/answer.md"]);
    assert_eq!((ran.ok().as_str(), count), ("answer of run-4\n", 1));
    assert_eq!(agentv(&env, &b, &["cat", "run-4", "only/answer.md"]).1, 0, "it is here now");
    env.fsck_in(&b);
}

#[test]
fn the_users_own_remote_is_as_it_was() {
    let env = TestEnv::without_repo();
    let (_, a, b) = world(&env, 3, &[]);
    env.git_in(&a, ["commit", "-q", "--allow-empty", "-m", "code"]).ok();
    env.git_in(&a, ["push", "-q", "origin", "HEAD:main"]).ok();
    let before = config(&b);
    env.agentv_in(&b, ["pull"]).ok();
    assert!(config(&b).starts_with(&before), "what was there stays, letter by letter:\n{}", config(&b));
    assert_eq!(env.git_in(&b, ["remote"]).ok(), "agentv-origin\norigin\n");
    let refs = env.git_in(&b, ["for-each-ref"]).ok();
    for args in [&["fetch", "--all"][..], &["remote", "update"], &["fetch"], &["fetch", "origin"]] {
        let (ran, _) = counted(&env, &b, args);
        ran.ok();
        let trace = std::fs::read_to_string(env.root().join("trace")).unwrap();
        assert!(!trace.contains("agentv-origin"), "{args:?}: {trace}");
    }
    let new = env.git_in(&b, ["for-each-ref"]).ok();
    assert_eq!(new.lines().filter(|line| !refs.contains(line)).count(), 1, "the branch, and nothing else: {new}");
    env.git_in(&b, ["switch", "-q", "main"]).ok();
    env.git_in(&b, ["commit", "-q", "--allow-empty", "-m", "more"]).ok();
    env.git_in(&b, ["push", "-q"]).ok();
    assert!(missing(&env, &b) > 0, "none of it fetched files of runs");
    env.fsck_in(&b);
}

/// git leaves out of a new pack what packs of partial clones name, and drops it in the end, unless we see to it.
#[test]
fn gc_drops_nothing_that_only_this_clone_has() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::without_repo();
        let args = [&format!("--object-format={format}")[..]];
        let (_, a, b) = world(&env, 2, &args);
        // A file of the source that is also a file of a run, and a run that comes back as a parent.
        std::fs::write(b.join("code.txt"), "answer of run-1\n").unwrap();
        env.git_in(&b, ["add", "code.txt"]).ok();
        env.git_in(&b, ["commit", "-q", "-m", "code"]).ok();
        sync(&env, &b);
        let own = record(&env, &b, "own");
        sync(&env, &b);
        sync(&env, &a);
        record(&env, &a, "later");
        sync(&env, &a);
        sync(&env, &b);
        record(&env, &b, "last");
        let promises = marked(&b);
        let lacking = missing(&env, &b);
        assert!(lacking > 0 && !promises.is_empty());
        for pack in &promises {
            let index = pack.with_extension("idx");
            let listed = env.git_in(&b, ["verify-pack", "-v", index.to_str().unwrap()]).ok();
            assert!(!listed.contains(" commit ") && !listed.contains(" blob "), "only promises are marked: {listed}");
        }
        offline(&env, || {
            for args in [&["gc", "-q", "--prune=now"][..], &["repack", "-q", "-a", "-d"], &["gc", "-q", "--prune=now"]]
            {
                env.git_in(&b, args).ok();
                env.fsck_in(&b);
                assert_eq!(missing(&env, &b), lacking);
            }
            assert_eq!(env.agentv_in(&b, ["cat", &own, "only/answer.md"]).ok(), "answer of own\n");
            assert_eq!(env.git_in(&b, ["show", "HEAD:code.txt"]).ok(), "answer of run-1\n");
            assert_eq!(ids(&env, &b).len(), 5);
        });
        assert_eq!(env.agentv_in(&b, ["cat", "later", "only/answer.md"]).ok(), "answer of later\n");
        whole(&env, &b);
    }
}

#[test]
fn a_fetch_that_was_killed_is_put_in_order_by_the_next() {
    let env = TestEnv::without_repo();
    let (hub, _, b) = world(&env, 3, &[]);
    // As it is when nothing but git's own part was done.
    std::fs::create_dir_all(b.join(".git/agentv")).unwrap();
    std::fs::write(b.join(".git/agentv/fetching"), "").unwrap();
    let url = format!("remote.agentv-origin.url=file://{}", hub.display());
    let entry = ["-c", &url, "-c", "remote.agentv-origin.promisor=true"];
    let rest = ["-c", "remote.agentv-origin.partialclonefilter=blob:none", "fetch", "-q", "agentv-origin"];
    let refspec = format!("+{RUNS}:refs/agentv/remotes/origin/runs/v1");
    env.git_in(&b, [&entry[..], &rest, &[&refspec]].concat()).ok();
    let before = marked(&b);
    assert_eq!(before.len(), 1);
    env.agentv_in(&b, ["pull"]).ok();
    assert!(!marked(&b).is_empty() && !marked(&b).contains(&before[0]));
    assert!(!b.join(".git/agentv/fetching").exists());
    assert!(config(&b).contains("[remote \"agentv-origin\"]"));
    assert_eq!(env.agentv_in(&b, ["cat", "run-1", "only/answer.md"]).ok(), "answer of run-1\n");
    whole(&env, &b);
}

#[test]
fn writers_need_no_files_of_others() {
    let env = TestEnv::without_repo();
    let (_, a, b) = world(&env, 1, &[]);
    for dir in [&a, &b] {
        env.git_in(dir, ["config", "agentv.window", "3"]).ok();
    }
    for n in 0..20 {
        record_at(&env, &a, &format!("sealed-{n}"), 100 + n).ok();
    }
    let noted = ids(&env, &a)[4].clone();
    env.agentv_in(&a, ["note", &noted, "-m", "the needle"]).ok();
    sync(&env, &a);
    let (ran, count) = agentv(&env, &b, &["pull"]);
    ran.ok();
    assert_eq!(count, 3, "commits, directories, and all lists and notes at once");
    offline(&env, || {
        for n in 0..9 {
            let (ran, count) = agentv(&env, &b, &["list", "-n", "1"]);
            assert_eq!((ran.code, count), (0, 0));
            record_at(&env, &b, &format!("own-{n}"), 200 + n).ok();
        }
        assert_eq!(ids(&env, &b).len(), 30);
        let (ran, count) = agentv(&env, &b, &["list", "note:needle", "--format", "json"]);
        assert_eq!(ran.json()["runs"][0]["id"], noted.as_str(), "what people say is here");
        assert_eq!(count, 0);
        let said = env.agentv_in(&b, ["tag", &noted, "+x"]).fails(128);
        assert!(said.contains("fetch agentv-origin"), "{said}");
    });
    let (ran, count) = agentv(&env, &b, &["tag", &noted, "+x"]);
    ran.ok();
    assert_eq!(count, 1);
    sync(&env, &b);
    sync(&env, &a);
    assert_eq!(list(&env, &a), list(&env, &b));
    assert_eq!(tip(&env, &a), tip(&env, &b));
    whole(&env, &a);
    whole(&env, &b);
}

/// How many runs both sides changed makes no difference.
#[test]
fn a_merge_takes_what_it_needs_at_once() {
    let counts = [2, 9].map(|changed| {
        let env = TestEnv::without_repo();
        let (_, a, b) = world(&env, 12, &[]);
        env.agentv_in(&b, ["pull"]).ok();
        let all = ids(&env, &a);
        for (n, id) in all.iter().take(changed).enumerate() {
            at(&env, &a, 50 + n as u64, &["tag", id, "+a"]).ok();
        }
        sync(&env, &a);
        // Changed by somebody who has the files, and then merged by who has not.
        let c = clone(&env, "c", &[]);
        env.git_in(&c, ["fetch", "-q", "origin", &format!("{RUNS}:{RUNS}")]).ok();
        env.git_in(&c, ["update-ref", RUNS, &tip(&env, &b)]).ok();
        for (n, id) in all.iter().take(changed).enumerate() {
            at(&env, &c, 80 + n as u64, &["tag", id, "+c"]).ok();
        }
        env.git_in(&c, ["push", "-q", "origin", &format!("{RUNS}:refs/agentv/inbox/0123abcd")]).ok();
        let (ran, count) = agentv(&env, &b, &["pull"]);
        ran.ok();
        for id in &all[..changed] {
            let row = list(&env, &b)["runs"].as_array().unwrap().iter().find(|run| run["id"] == id.as_str()).cloned();
            assert_eq!(row.unwrap()["tags"], serde_json::json!(["a", "c"]));
        }
        env.fsck_in(&b);
        count
    });
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0] <= 5, "{counts:?}");
}

#[test]
fn another_remote_gets_the_files_too() {
    let env = TestEnv::without_repo();
    let (_, a, b) = world(&env, 4, &[]);
    env.agentv_in(&b, ["pull"]).ok();
    env.git_in(env.root(), ["init", "-q", "--bare", "other.git"]).ok();
    let other = env.root().join("other.git");
    env.git_in(&b, ["remote", "add", "other", other.to_str().unwrap()]).ok();
    let lacking = missing(&env, &b);
    offline(&env, || {
        let said = env.agentv_in(&b, ["push", "--yes", "other"]).fails(128);
        assert!(said.contains("fetch agentv-origin"), "{said}");
        assert_eq!(env.git_in(&other, ["for-each-ref"]).ok(), "");
    });
    assert_eq!(missing(&env, &b), lacking);
    let (ran, count) = agentv(&env, &b, &["push", "--yes", "other"]);
    assert!(ran.ok().starts_with("sent 4 runs, about "));
    assert_eq!(count, 2, "from the other, and what is missing at once");
    whole(&env, &other);
    assert_eq!(list(&env, &other), list(&env, &a));
    // Where they came from they are.
    record(&env, &b, "own");
    assert_eq!(agentv(&env, &b, &["push", "--yes"]).1, 1);
}

#[test]
fn full_fills_in_what_was_left_out() {
    let env = TestEnv::without_repo();
    let (_, a, b) = world(&env, 5, &[]);
    env.agentv_in(&b, ["pull"]).ok();
    assert!(missing(&env, &b) > 0);
    let (ran, count) = agentv(&env, &b, &["fetch", "--full"]);
    ran.ok();
    assert_eq!((count, missing(&env, &b)), (2, 0));
    record(&env, &a, "later");
    sync(&env, &a);
    env.git_in(&b, ["config", "agentv.fetch", "full"]).ok();
    env.agentv_in(&b, ["pull"]).ok();
    assert_eq!(missing(&env, &b), 0);
    offline(&env, || {
        let (ran, _) = agentv(&env, &b, &["export", "later", "../out"]);
        ran.ok();
        whole(&env, &b);
    });
    env.git_in(&b, ["config", "agentv.fetch", "some"]).ok();
    let said = env.agentv_in(&b, ["pull"]).fails(128);
    assert!(said.contains("agentv.fetch") && said.contains("light or full"), "{said}");
}

#[test]
fn a_host_that_leaves_nothing_out_is_told_once() {
    let env = TestEnv::without_repo();
    let (hub, a, b) = world(&env, 2, &[]);
    env.git_in(&hub, ["config", "uploadpack.allowFilter", "false"]).ok();
    let before = config(&b);
    let ran = env.agentv_in(&b, ["pull"]);
    assert!(ran.stderr.contains("'origin' sends the files of all runs, wanted or not"), "{ran:?}");
    ran.ok();
    assert_eq!((config(&b), marked(&b), missing(&env, &b)), (before, vec![], 0), "as if there was nothing like that");
    record(&env, &a, "later");
    sync(&env, &a);
    let ran = env.agentv_in(&b, ["pull"]);
    assert_eq!(ran.stderr, "");
    ran.ok();
    whole(&env, &b);
    // Who asks for it tries again.
    env.git_in(&hub, ["config", "uploadpack.allowFilter", "true"]).ok();
    env.git_in(&b, ["config", "agentv.fetch", "light"]).ok();
    record(&env, &a, "last");
    sync(&env, &a);
    env.agentv_in(&b, ["pull"]).ok();
    assert!(missing(&env, &b) > 0);
    whole(&env, &b);
}

#[test]
fn the_entry_follows_the_address() {
    let env = TestEnv::without_repo();
    let (hub, a, b) = world(&env, 2, &[]);
    env.agentv_in(&b, ["pull"]).ok();
    let moved = env.root().join("moved \"hub\".git");
    copy_dir(&hub, &moved);
    std::fs::remove_dir_all(&hub).unwrap();
    for dir in [&a, &b] {
        env.git_in(dir, ["remote", "set-url", "origin", moved.to_str().unwrap()]).ok();
    }
    env.agentv_in(&b, ["cat", "run-1", "only/answer.md"]).fails(128);
    env.agentv_in(&b, ["fetch"]).ok();
    let url = env.git_in(&b, ["config", "remote.agentv-origin.url"]).ok();
    assert_eq!(url.trim(), moved.to_str().unwrap());
    assert_eq!(config(&b).matches("[remote \"agentv-origin\"]").count(), 1);
    env.agentv_in(&b, ["cat", "run-1", "only/answer.md"]).ok();
}

#[test]
fn a_remote_of_the_users_by_that_name_is_left_alone() {
    let env = TestEnv::without_repo();
    let (_, _, b) = world(&env, 2, &[]);
    env.git_in(&b, ["remote", "add", "agentv-origin", "/nowhere"]).ok();
    let before = config(&b);
    let ran = env.agentv_in(&b, ["pull"]);
    assert!(ran.stderr.contains("there is a remote 'agentv-origin' that is not ours"), "{ran:?}");
    ran.ok();
    assert_eq!((config(&b), missing(&env, &b)), (before, 0));
}

#[test]
fn other_kinds_of_repositories_and_addresses() {
    for args in [&["--object-format=sha256"][..], &["--ref-format=reftable"], &["--bare"], &["--shared=group"]] {
        let env = TestEnv::without_repo();
        let format: Vec<&str> = args.iter().copied().filter(|arg| arg.contains("sha256")).collect();
        light_hub(&env, &format);
        let a = clone(&env, "a", &format);
        let probe = env.git_in(env.root(), [&["init", "-q"], args, &["probe"]].concat());
        if probe.code != 0 {
            eprintln!("skipped: this git cannot 'git init {}': {}", args.join(" "), probe.stderr.trim());
            continue;
        }
        record(&env, &a, "one");
        record(&env, &a, "two");
        sync(&env, &a);
        let b = clone(&env, "b", args);
        if args.contains(&"--bare") {
            // Else git's gc wants all objects.
            env.git_in(&b, ["config", "repack.writeBitmaps", "false"]).ok();
        }
        // By an address that only another setting makes one.
        let base = format!("url.file://{}/.insteadOf", env.root().display());
        env.git_in(&b, ["config", &base, "short:"]).ok();
        env.git_in(&b, ["remote", "set-url", "origin", "short:hub.git"]).ok();
        sync(&env, &b);
        record(&env, &b, "three");
        sync(&env, &b);
        let lacking = missing(&env, &b);
        assert!(lacking > 0, "{args:?}");
        env.git_in(&b, ["gc", "-q", "--prune=now"]).ok();
        assert_eq!(missing(&env, &b), lacking, "{args:?}");
        assert_eq!(env.agentv_in(&b, ["cat", "two", "only/answer.md"]).ok(), "answer of two\n");
        assert_eq!(env.agentv_in(&b, ["export", "one", "../out"]).code, 0);
        sync(&env, &a);
        assert_eq!(list(&env, &a), list(&env, &b), "{args:?}");
        env.fsck_in(&b);
        whole(&env, &a);
    }
}

#[test]
fn where_git_writes_bitmaps_everything_is_fetched() {
    let env = TestEnv::without_repo();
    light_hub(&env, &[]);
    let a = clone(&env, "a", &[]);
    record(&env, &a, "one");
    sync(&env, &a);
    let b = clone(&env, "b", &["--bare"]);
    sync(&env, &b);
    assert_eq!(missing(&env, &b), 0);
    assert!(env.agentv_in(&b, ["remote"]).ok().contains("bitmaps"), "it is said why");
    env.git_in(&b, ["gc", "-q", "--prune=now"]).ok();
    env.fsck_in(&b);
}

#[test]
fn a_partial_clone_of_the_users_stays_one() {
    let env = TestEnv::without_repo();
    let (hub, a, _) = world(&env, 3, &[]);
    std::fs::write(a.join("code.txt"), "code\n").unwrap();
    env.git_in(&a, ["add", "code.txt"]).ok();
    env.git_in(&a, ["commit", "-q", "-m", "code"]).ok();
    env.git_in(&a, ["push", "-q", "origin", "HEAD:main"]).ok();
    let url = format!("file://{}", hub.display());
    for filter in ["blob:none", "tree:0"] {
        let name = filter.replace(':', "-");
        env.git_in(env.root(), ["clone", "-q", "-n", "-b", "main", &format!("--filter={filter}"), &url, &name]).ok();
        let c = env.root().join(&name);
        sync(&env, &c);
        assert_eq!(env.git_in(&c, ["config", "remote.origin.partialclonefilter"]).ok().trim(), filter);
        record(&env, &c, &name);
        sync(&env, &c);
        env.git_in(&c, ["gc", "-q", "--prune=now"]).ok();
        assert_eq!(env.git_in(&c, ["show", "HEAD:code.txt"]).ok(), "code\n");
        assert_eq!(env.agentv_in(&c, ["cat", "run-2", "only/answer.md"]).ok(), "answer of run-2\n");
        env.fsck_in(&c);
    }
}

/// The first light fetch of a remote whose files another remote has, too, and of one whose files it has not.
#[test]
fn two_remotes_each_with_a_part() {
    let env = TestEnv::without_repo();
    let (_, _, b) = world(&env, 3, &[]);
    env.agentv_in(&b, ["pull"]).ok();
    env.git_in(env.root(), ["init", "-q", "--bare", "other.git"]).ok();
    let other = env.root().join("other.git");
    env.git_in(&other, ["config", "uploadpack.allowFilter", "true"]).ok();
    let c = clone(&env, "c", &[]);
    let url = format!("file://{}", other.display());
    for dir in [&b, &c] {
        env.git_in(dir, ["remote", "add", "other", &url]).ok();
    }
    record(&env, &c, "elsewhere");
    env.agentv_in(&c, ["push", "--yes", "other"]).ok();
    env.agentv_in(&b, ["pull", "other"]).ok();
    let cases = env.agentv_in(&b, ["list", "case:only", "--format", "json"]).json();
    assert_eq!(cases["runs"].as_array().unwrap().len(), 4);
    env.fsck_in(&b);
}
