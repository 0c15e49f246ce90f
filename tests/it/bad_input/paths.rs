//! Paths that are no bundle, and places that are no repository.

use super::{sh, with_a_run};
use crate::env::{Ran, TestEnv, bin_dir, write_small_bundle};

#[test]
fn not_a_repository() {
    let env = TestEnv::without_repo();
    write_small_bundle(&env.root().join("bundle"), "b", "2026-07-04T10:00:00.000Z");
    for args in [
        &["record"][..],
        &["record", "bundle"],
        &["list"],
        &["show"],
        &["status"],
        &["run", "--", "true"],
        &["tag", "x", "+y"],
    ] {
        let said = env.agentv_in(env.root(), args).fails(128);
        assert!(said.starts_with("error: not a git repository"), "{args:?}: {said}");
        assert!(said.contains("hint: run this inside the repository"), "{said}");
    }
}

#[test]
fn a_git_directory_that_is_none() {
    let env = TestEnv::without_repo();
    std::fs::create_dir_all(env.repo.join(".git")).unwrap();
    let direct = || Ran::of(env.command(bin_dir().join("git-agentv"), &env.repo).arg("list"));
    assert!(direct().fails(128).starts_with("error: "), "an empty .git");
    std::fs::remove_dir(env.repo.join(".git")).unwrap();
    for content in ["gitdir: /nowhere/at/all\n", "nonsense\n", ""] {
        std::fs::write(env.repo.join(".git"), content).unwrap();
        let ran = direct();
        assert!(ran.stdout.is_empty() && ran.stderr.starts_with("error: "), "{content:?}: {ran:?}");
        assert_eq!(ran.code, 128, "{content:?}: {ran:?}");
    }
}

#[test]
fn paths_that_are_no_bundle() {
    let (env, before) = with_a_run();
    std::fs::create_dir_all(env.repo.join("empty/below")).unwrap();
    std::fs::create_dir(env.repo.join("plain")).unwrap();
    std::fs::write(env.repo.join("plain/readme"), "text\n").unwrap();
    let cases = [
        ("missing", "'MISSING' is not a run bundle: there is no such directory"),
        ("empty", "is not a run bundle: there are no files in it"),
        ("plain", "is not a run bundle: no reader knows the files in it"),
        ("plain/readme", "is not a run bundle: no reader knows the files in it"),
        ("plain/readme/below", "plain/readme/below"),
    ];
    for (path, message) in cases {
        let said = env.agentv(["record", path]).fails(128);
        let message = message.replace("MISSING", &env.repo.join("missing").display().to_string());
        assert!(said.contains(&message), "{path}: {said}");
        assert!(said.contains("\nhint: "), "{path}: {said}");
    }
    let empty = env.agentv(["record", "empty", "--name", "n"]).fails(128);
    assert!(empty.contains("there are no files in it"), "a name does not make a run out of nothing: {empty}");
    before.still_holds(&env);
}

#[test]
fn a_good_bundle_among_bad_ones_is_recorded_and_the_failure_told() {
    let (env, before) = with_a_run();
    env.small_bundle(2);
    let ran = env.agentv(["record", "missing-a", ".agentv/results/small-2", "missing-b"]);
    assert_eq!(ran.code, 128, "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.contains("missing-a") && ran.stderr.contains("missing-b"), "{}", ran.stderr);
    assert_eq!(env.runs().len(), before.rows.len() + 1);
}

#[test]
fn special_files_are_not_opened() {
    let (env, before) = with_a_run();
    sh(&env, "mkfifo fifo").ok();
    // Opening a FIFO without a writer would wait for ever.
    for path in ["fifo", "/dev/null", "/dev/zero"] {
        let said = env.agentv(["record", path, "--name", "n"]).fails(128);
        assert!(said.contains("is neither a directory nor a regular file"), "{said}");
    }
    before.still_holds(&env);
}

#[test]
fn the_current_directory_is_gone() {
    let (env, before) = with_a_run();
    let program = bin_dir().join("git-agentv");
    let script = format!("mkdir gone && cd gone && rmdir ../gone && '{}' list", program.display());
    let ran = sh(&env, &script);
    assert_eq!(ran.code, 128, "{ran:?}");
    assert!(ran.stderr.contains("the current directory is gone"), "{}", ran.stderr);
    before.still_holds(&env);
}

#[test]
fn bad_options() {
    let (env, before) = with_a_run();
    env.small_bundle(2);
    let cases = [
        (&["record", "--name", "n"][..], 2, "about one bundle"),
        (&["record", "--metric", "accuracy"], 2, "NAME=NUMBER"),
        (&["record", "--metric", "accuracy=NaN"], 2, "not a finite number"),
        (&["record", "--metric", "accuracy=1e400"], 2, "not a finite number"),
        (&["record", "--metric", "=1"], 2, "a metric needs a name"),
        (&["record", "--metric", "passed=-1"], 2, "must be a whole number"),
        (&["record", "--metric", "test_count=1", "--metric", "passed=2"], 2, "of 'test_count'"),
        (&["record", "--metric", "pass_rate=93"], 2, "a fraction between 0 and 1"),
        (&["record", "--tag=-x"], 2, "cannot be a tag"),
        (&["record", "--tag", "a b"], 2, "tag"),
        (&["record", "--started-at", "yesterday"], 2, "is not a time"),
        (&["list", "-n", "-1"], 2, "-1"),
        (&["list", "--format", "xml"], 2, "xml"),
        (&["frobnicate"], 2, "frobnicate"),
    ];
    for (args, code, message) in cases {
        let said = env.agentv(args).fails(code);
        assert!(said.contains(message), "{args:?}: {said}");
    }
    before.still_holds(&env);
}
