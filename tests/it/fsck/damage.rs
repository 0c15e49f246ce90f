//! One kind of damage at a time.

use super::cases::{CASES, Fate, place, tree_of};
use super::{Plumbing, RUNS, all_that_is_said, id, is_clean, problems, world};
use crate::env::TestEnv;

#[test]
fn every_damage_is_named_and_repaired_where_that_is_possible() {
    let origin = world();
    is_clean(&origin, &origin.repo);
    let before = all_that_is_said(&origin);
    for (name, fate, damage) in CASES {
        let env = copy_of(&origin);
        let expected = damage(&Plumbing { env: &env });
        let found = env.agentv(["fsck"]);
        assert_eq!((found.code, problems(&found)), (1, expected.clone()), "{name}: {found:?}");
        let tip = env.git(["rev-parse", RUNS]).ok();
        let repaired = env.agentv(["fsck", "--repair"]);
        env.fsck();
        let ancestor = env.git(["merge-base", "--is-ancestor", tip.trim(), RUNS]);
        assert_eq!(ancestor.code, 0, "{name}: history is never rewritten");
        if fate == Fate::Stays {
            assert_eq!((repaired.code, problems(&repaired)), (1, expected), "{name}: {repaired:?}");
            assert!(repaired.stderr.contains("hint: "), "{name}: what to do is told: {repaired:?}");
            assert_eq!(env.git(["rev-parse", RUNS]).ok(), tip, "{name}: nothing was done");
            continue;
        }
        let told: Vec<_> = expected.iter().map(|line| format!("{line} (repaired)")).collect();
        assert_eq!((repaired.code, problems(&repaired)), (0, told), "{name}: {repaired:?}");
        is_clean(&env, &env.repo);
        assert_eq!(all_that_is_said(&env), before, "{name}");
        assert_eq!(env.agentv(["show", &id(&env, 3)[..6]]).code, 0, "{name}: it is found by its id");
        let tip = env.git(["rev-parse", RUNS]).ok();
        env.agentv(["fsck", "--repair"]).ok();
        assert_eq!(env.git(["rev-parse", RUNS]).ok(), tip, "{name}: there is nothing left to do");
    }
}

/// The same repository once more.
fn copy_of(origin: &TestEnv) -> TestEnv {
    let env = TestEnv::without_repo();
    crate::env::copy_dir(&origin.repo, &env.repo);
    env
}

#[test]
fn several_damages_of_several_runs_at_once() {
    let env = world();
    let before = all_that_is_said(&env);
    let p = Plumbing { env: &env };
    let mut lines = Vec::new();
    for at in [0, 4, 6, 17, 21, 22] {
        lines.extend(CASES[at].2(&p));
    }
    let found = env.agentv(["fsck"]);
    assert!(found.code == 1 && problems(&found).len() >= 5, "{found:?}");
    let printed = |format| env.agentv(["fsck", "--format", format]).stdout;
    let report: serde_json::Value = serde_json::from_str(&printed("json")).unwrap();
    let schema = env.agentv(["schema", "fsck"]).json();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&report), "{report:#}");
    let lines: Vec<serde_json::Value> =
        printed("jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(report["problems"], serde_json::json!(lines));
    let told = lines.iter().map(|it| format!("{}: {}", it["place"].as_str().unwrap(), it["message"].as_str().unwrap()));
    assert_eq!(told.collect::<Vec<_>>(), problems(&found));
    let three = id(&env, 3);
    let one = env.agentv(["fsck", &three[..7]]);
    assert!(!problems(&one).is_empty() && problems(&one).iter().all(|line| line.starts_with(&three)), "{one:?}");
    env.agentv(["fsck", "--repair"]).ok();
    is_clean(&env, &env.repo);
    assert_eq!(all_that_is_said(&env), before);
    env.fsck();
}

#[test]
fn a_run_of_which_no_commit_tells_is_recorded() {
    let env = world();
    let tip = env.git(["rev-parse", RUNS]).ok();
    write_ninth(&env);
    let (ninth, p) = (id(&env, 9), Plumbing { env: &env });
    let with = all_that_is_said(&env);
    let (tree, line) = (tree_of(&p, &ninth), p.line(&ninth));
    // Its directory without a row, and a row that says that it was changed.
    p.git(&["update-ref", RUNS, tip.trim()]);
    let root = p.with(&p.root(), &place(&ninth), Some(&format!("040000 tree {tree}")));
    let messages = [
        (
            "x\n\nAgentv-Op: seal\n".to_owned(),
            format!("it is at {} of the tip's tree, but no commit tells of it", place(&ninth)),
        ),
        (
            format!("x\n\nAgentv-Run: {ninth}\nAgentv-Op: overlay\nAgentv-Row: {line}\n"),
            "no commit records it, so no list shows it".to_owned(),
        ),
    ];
    for (message, expected) in messages {
        p.git(&["update-ref", RUNS, tip.trim()]);
        p.commit(&root, &message);
        assert_eq!(env.runs().len(), 7, "it is in no list");
        let found = env.agentv(["fsck"]);
        assert_eq!((found.code, problems(&found)), (1, vec![format!("{ninth}: {expected}")]), "{found:?}");
        env.agentv(["fsck", "--repair"]).ok();
        is_clean(&env, &env.repo);
        assert_eq!(all_that_is_said(&env), with);
        env.fsck();
    }
}

fn write_ninth(env: &TestEnv) {
    let dir = env.repo.join(".agentv/results/small-9");
    crate::env::write_small_bundle(&dir, "small-9", "2026-07-04T10:00:09.000Z");
    env.agentv(["record"]).ok();
}

#[test]
fn dates_that_go_back() {
    let mut env = world();
    let before = env.git(["rev-parse", RUNS]).ok();
    env.set("GIT_COMMITTER_DATE", format!("@{} +0000", crate::env::NOW - 100));
    let p = Plumbing { env: &env };
    p.commit(&p.root(), "x\n\nAgentv-Op: seal\n");
    let (tip, parent) = (p.git(&["rev-parse", RUNS]), before.trim());
    let expected = vec![format!("commit {tip}: it is 100 s older than its parent {parent}")];
    for args in [&["fsck"][..], &["fsck", "--repair"]] {
        let found = env.agentv(args);
        assert_eq!((found.code, problems(&found)), (1, expected.clone()), "{found:?}");
    }
}

#[test]
fn objects_that_are_gone_or_broken() {
    let origin = world();
    let three = id(&origin, 3);
    let at = |path: &str| origin.git(["rev-parse", &format!("{RUNS}:{}{path}", place(&three))]).ok().trim().to_owned();
    let (answer, run_json, dir) = (at("/artifacts/only/answer.md"), at("/run.json"), at(""));
    let parent = origin.git(["rev-parse", &format!("{RUNS}~3")]).ok().trim().to_owned();
    let child = origin.git(["rev-parse", &format!("{RUNS}~2")]).ok().trim().to_owned();
    let lost = format!("commit {child}: its parent {parent} is missing: the runs before it are lost to lists");
    let cases = [
        (answer.clone(), format!("{three}: artifacts/only/answer.md: object {answer} is missing")),
        (run_json.clone(), format!("{three}: run.json: object {run_json} is missing")),
        (dir.clone(), format!("{three}: its directory: object {dir} is missing")),
        (parent.clone(), lost),
    ];
    for (object, expected) in cases {
        let env = copy_of(&origin);
        Plumbing { env: &env }.remove_object(&object);
        for args in [&["fsck"][..], &["fsck", "--repair"]] {
            let found = env.agentv(args);
            assert_eq!((found.code, problems(&found)), (1, vec![expected.clone()]), "{found:?}");
            assert!(found.stderr.contains("git fetch --refetch REMOTE refs/agentv/runs/v1"), "{found:?}");
        }
    }
    let env = copy_of(&origin);
    super::unpack(&env, &env.repo);
    let file = env.repo.join(".git/objects").join(&run_json[..2]).join(&run_json[2..]);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "garbage").unwrap();
    let found = env.agentv(["fsck"]);
    assert_eq!((found.code, problems(&found)), (1, vec![format!("{three}: run.json: object {run_json} is corrupt")]));
}

#[test]
fn a_ref_that_is_none_of_ours() {
    let env = world();
    let p = Plumbing { env: &env };
    let blob = p.blob(b"x");
    let head = p.git(&["rev-parse", "HEAD"]);
    for (object, said) in [(blob, "it is a blob"), (head, "was not made by git agentv")] {
        std::fs::write(env.repo.join(".git").join(RUNS), format!("{object}\n")).unwrap();
        for args in [&["fsck"][..], &["fsck", "--repair"]] {
            let ran = env.agentv(args).fails(128);
            assert!(ran.contains("does not hold runs") && ran.contains(said), "{ran}");
        }
        assert_eq!(p.git(&["rev-parse", RUNS]), object, "it is left alone");
    }
    std::fs::write(env.repo.join(".git").join(RUNS), format!("{}\n", "1".repeat(40))).unwrap();
    assert!(env.agentv(["fsck"]).fails(128).contains("missing"));
}

#[test]
fn what_is_unusual_and_allowed_is_a_note() {
    let env = world();
    let p = Plumbing { env: &env };
    let blob = p.blob(b"x");
    let shard = &id(&env, 3)[..2];
    let root = p.with(&p.root(), "README.md", Some(&format!("100644 blob {blob}")));
    let root = p.with(&root, &format!("{shard}/x"), Some(&format!("100644 blob {blob}")));
    p.commit(&root, "somebody was here");
    p.commit(&root, "x\n\nAgentv-Op: future\n");
    let said = is_clean_with_notes(&env);
    for note in
        ["README.md in the tip's tree is nothing of ours", "was not made by git agentv", "'future' is what a newer"]
    {
        assert!(said.contains(note), "{note}: {said}");
    }
    assert!(said.contains(&format!("{shard}/x in the tip's tree is no run")), "{said}");
    let ran = env.agentv(["fsck", "-q"]);
    assert_eq!((ran.code, ran.stdout, ran.stderr), (0, String::new(), String::new()));
}

fn is_clean_with_notes(env: &TestEnv) -> String {
    let ran = env.agentv(["fsck"]);
    assert!(problems(&ran).is_empty(), "{ran:?}");
    ran.ok()
}
