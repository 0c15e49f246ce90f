//! `run`: what of what a command left becomes a run.

use super::{LEAVES_A_RUN, head, run, source};
use crate::env::{TestEnv, bin_dir, copy_dir, data, read_dir, write_small_bundle};

/// A shell function that writes a complete bundle, as an eval tool would.
fn writes_bundle(env: &TestEnv, name: &str) -> String {
    let template = env.root().join(format!("template-{name}"));
    write_small_bundle(&template, name, "2026-07-04T10:00:00.000Z");
    format!("mkdir -p .agentv/results && cp -r '{}' .agentv/results/{name}", template.display())
}

#[test]
fn any_files_become_one_run() {
    let env = TestEnv::new();
    let script = "mkdir $AGENTV_RESULTS_DIR/sub; echo one > $AGENTV_RESULTS_DIR/log.txt; echo two > $AGENTV_RESULTS_DIR/sub/b; echo $AGENTV_RUN_ID";
    let id = run(&env, script).ok();
    let row = &env.runs()[0];
    assert_eq!((&row["run_id"], &row["format"]), (&id.trim().into(), &"generic".into()));
    assert!(row["timestamp"].is_string() && row.get("pass_rate").is_none(), "no numbers were given: {row}");
    assert_eq!(env.agentv(["cat", "@{0}", "sub/b"]).ok(), "two\n");
    let left = std::fs::read_dir(env.repo.join(".git/agentv/results")).unwrap().count();
    assert_eq!(left, 0, "thrown away once it is recorded");
}

#[test]
fn what_is_said_about_it() {
    let env = TestEnv::new();
    let args = [
        "run",
        "--name",
        "nightly",
        "--experiment",
        "e",
        "--target",
        "t",
        "--tag",
        "ci",
        "--metric",
        "test_count=4",
        "--metric",
        "passed=3",
        "--metric",
        "accuracy=0.5",
        "--",
        "sh",
        "-c",
        LEAVES_A_RUN,
    ];
    env.agentv(args).ok();
    let row = &env.runs()[0];
    assert_eq!((&row["run_id"], &row["experiment"], &row["target"]), (&"nightly".into(), &"e".into(), &"t".into()));
    assert_eq!((&row["test_count"], &row["passed"], &row["pass_rate"]), (&4.into(), &3.into(), &0.75.into()));
    assert_eq!(row["tags"], serde_json::json!(["ci"]));
}

#[test]
fn a_bundle_in_the_results_directory_is_read_as_one() {
    let env = TestEnv::new();
    let bundle = data().join("bundles/agentv-5.3.1");
    run(&env, &format!("cp -r '{}' $AGENTV_RESULTS_DIR/one", bundle.display())).ok();
    let row = &env.runs()[0];
    assert_eq!((&row["test_count"], &row["format"]), (&3.into(), &"agentv/internal".into()));
    env.agentv(["export", "@{0}", "../out"]).ok();
    assert_eq!(read_dir(&env.root().join("out")), read_dir(&bundle));
}

#[test]
fn new_bundles_are_recorded_older_ones_are_not() {
    let env = TestEnv::new();
    env.small_bundle(1);
    let script = format!("{} && {}", writes_bundle(&env, "new-a"), writes_bundle(&env, "new-b"));
    let told = run(&env, &script);
    assert_eq!(told.code, 0, "{told:?}");
    let mut names: Vec<_> = env.runs().iter().map(|row| row["run_id"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["new-a", "new-b"]);
    assert!(env.runs().iter().all(|row| row["sha"] == head(&env, &env.repo)));
    assert!(env.agentv(["record"]).ok().contains("small"), "the older one is still there to be recorded");
    assert_eq!(env.runs().len(), 3);
}

#[test]
fn a_bundle_that_is_written_again_is_a_run_again() {
    let env = TestEnv::new();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    let script = "echo '{\"test_id\":\"second\",\"score\":1,\"execution_status\":\"ok\"}' >> .agentv/results/small-1/.internal/index.jsonl";
    run(&env, script).ok();
    assert_eq!(env.runs().len(), 2);
    assert_eq!(env.runs()[0]["test_count"], 2);
}

#[test]
fn nothing_left_is_told_and_is_no_failure() {
    let env = TestEnv::new();
    let ran = run(&env, "true");
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("warning: the command left no run"), "{}", ran.stderr);
    assert!(env.git(["for-each-ref", "refs/agentv"]).ok().is_empty(), "no ref is made for nothing");
}

#[test]
fn an_interrupted_eval_is_told_and_can_be_recorded_by_hand() {
    let env = TestEnv::new();
    let ran = run(&env, &format!("{} && rm .agentv/results/half/summary.json; exit 130", writes_bundle(&env, "half")));
    assert_eq!(ran.code, 130);
    assert!(ran.stderr.contains("warning: not recorded: ") && ran.stderr.contains("--partial"), "{}", ran.stderr);
    assert!(env.runs().is_empty());
    env.agentv(["record", "--partial", ".agentv/results/half"]).ok();
    assert_eq!(env.runs()[0]["status"], "partial");
}

#[test]
fn a_broken_bundle_fails_a_command_that_succeeded() {
    let env = TestEnv::new();
    let script = format!("{} && echo '{{' > .agentv/results/bad/summary.json", writes_bundle(&env, "bad"));
    let ran = run(&env, &script);
    assert_eq!(ran.code, 128, "{ran:?}");
    assert!(ran.stderr.contains("summary.json:"), "{}", ran.stderr);
    let ran = run(&env, "echo ' ' >> .agentv/results/bad/summary.json; exit 3");
    assert_eq!(ran.code, 3, "its own failure is what the caller wants to know");
}

#[test]
fn files_that_could_not_be_recorded_are_kept() {
    let env = TestEnv::new();
    let ran = run(&env, "echo '{' > $AGENTV_RESULTS_DIR/summary.json; echo '{}' > $AGENTV_RESULTS_DIR/index.jsonl");
    assert_eq!(ran.code, 128);
    let kept = std::fs::read_dir(env.repo.join(".git/agentv/results")).unwrap().next().unwrap().unwrap().path();
    assert!(ran.stderr.contains(&format!("is kept in {}", kept.display())), "{}", ran.stderr);
    assert!(kept.join("summary.json").exists());
}

#[test]
fn a_suite_with_a_shell_script_as_its_agent() {
    let env = TestEnv::new();
    copy_dir(&data().join("eval-project"), &env.repo);
    env.git(["add", "."]).ok();
    env.git(["commit", "-q", "-m", "suite"]).ok();
    // Stands for the real CLI: it writes where that writes, and leaves the same trace in the cache.
    let script = r#"
        dir=.agentv/results/runs/default/2026-11-22T07-05-03-446Z
        mkdir -p "$(dirname $dir)" && cp -r "$1" $dir
        printf '{"lastRunDir": "%s"}' "$PWD/$dir" > .agentv/cache.json
        for question in 'capital of France?' 'crash'; do sh bin/agent.sh "$question" >/dev/null 2>&1; done
        exit 0"#;
    let bundle = data().join("bundles/agentv-5.3.1");
    env.agentv(["run", "--", "sh", "-c", script, "sh", bundle.to_str().unwrap()]).ok();
    let runs = env.runs();
    assert_eq!(runs.len(), 1, "the same bundle, found by its place and by the cache, is one run");
    assert_eq!((&runs[0]["test_count"], &runs[0]["errors"]), (&3.into(), &1.into()));
    let source = source(&env, &env.repo);
    assert_eq!((&source["commit"], &source["dirty"]), (&head(&env, &env.repo).into(), &false.into()));
}

#[test]
fn a_bundle_outside_the_results_directory_is_found_through_the_cache() {
    let env = TestEnv::new();
    let elsewhere = env.root().join("elsewhere");
    write_small_bundle(&elsewhere, "elsewhere", "2026-07-04T10:00:00.000Z");
    let script = format!(
        "mkdir -p .agentv && printf '{{\"lastRunDir\": \"%s\"}}' '{}' > .agentv/cache.json",
        elsewhere.display()
    );
    run(&env, &script).ok();
    assert_eq!(env.runs()[0]["run_id"], "elsewhere");
}

#[test]
fn the_environment_of_git_is_not_changed_for_the_command() {
    let env = TestEnv::new();
    let mut direct = env.command(bin_dir().join("git-agentv"), &env.repo);
    let said = crate::env::Ran::of(direct.args(["run", "--", "env"])).ok();
    let ours: Vec<_> = said.lines().filter(|line| line.starts_with("AGENTV_R")).collect();
    assert_eq!(ours.len(), 2, "{said}");
    assert!(
        !said.contains("GIT_DIR=") && !said.contains("GIT_INDEX_FILE=") && !said.contains("GIT_OPTIONAL_LOCKS"),
        "{said}"
    );
}
