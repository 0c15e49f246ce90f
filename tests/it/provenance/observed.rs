//! `run`: HEAD and the working tree are looked at before the command starts.

use std::path::Path;

use super::{LEAVES_A_RUN, head, run, source};
use crate::env::TestEnv;

/// Writes a file that looks old, so that git trusts what its index says about it.
fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    std::fs::File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
}

/// A repository with three committed files, and a commit before.
fn with_code() -> TestEnv {
    let env = TestEnv::new();
    for name in ["a", "b", "dir/c"] {
        write(&env.repo.join(name), "one\n");
    }
    env.git(["add", "."]).ok();
    env.git(["commit", "-q", "-m", "code"]).ok();
    env
}

fn tree_of_head(env: &TestEnv) -> String {
    env.git(["rev-parse", "HEAD^{tree}"]).ok().trim().to_owned()
}

#[test]
fn clean() {
    let env = with_code();
    let before = head(&env, &env.repo);
    // The command moves HEAD; what counts is where it was.
    run(&env, &format!("{LEAVES_A_RUN}; git commit -q --allow-empty -m later")).ok();
    let source = source(&env, &env.repo);
    assert_eq!(source["commit"], before);
    assert_eq!(source["how"], "observed");
    assert_eq!(source["branch"], "main");
    assert_eq!(source["dirty"], false);
    assert_eq!(source["tree"], tree_of_head(&env));
    assert!(env.agentv(["show"]).ok().contains("(main, observed, exact)"));
}

#[test]
fn dirty_tree_is_what_commit_all_would_make() {
    let env = with_code();
    write(&env.repo.join("a"), "changed\n");
    std::fs::remove_file(env.repo.join("b")).unwrap();
    write(&env.repo.join("staged/new"), "new\n");
    env.git(["add", "staged/new"]).ok();
    write(&env.repo.join("staged/new"), "newer than staged\n");
    write(&env.repo.join("untracked"), "untracked\n");
    let told = run(&env, LEAVES_A_RUN).stderr;
    assert!(told.contains(", changed]"), "{told}");
    let source = source(&env, &env.repo);
    assert_eq!(source["dirty"], true);
    env.git(["commit", "-q", "-a", "-m", "what ran"]).ok();
    assert_eq!(source["tree"], tree_of_head(&env));
    let files = env.git(["ls-tree", "-r", "--name-only", "HEAD"]).ok();
    assert_eq!(files, "a\ndir/c\nstaged/new\n", "the untracked file is not among them");
}

#[test]
fn untracked_files_do_not_make_it_dirty() {
    let env = with_code();
    write(&env.repo.join("untracked"), "untracked\n");
    run(&env, LEAVES_A_RUN).ok();
    assert_eq!(source(&env, &env.repo)["dirty"], false);
}

#[test]
fn all_files_deleted() {
    let env = with_code();
    env.git(["rm", "-q", "-r", "."]).ok();
    run(&env, LEAVES_A_RUN).ok();
    let source = source(&env, &env.repo);
    assert_eq!(source["dirty"], true);
    env.git(["commit", "-q", "-a", "-m", "gone"]).ok();
    assert_eq!(source["tree"], tree_of_head(&env));
}

#[test]
fn from_a_subdirectory_the_whole_tree_counts() {
    let env = with_code();
    write(&env.repo.join("a"), "changed\n");
    env.agentv_in(env.repo.join("dir"), ["run", "--", "sh", "-c", LEAVES_A_RUN]).ok();
    let source = source(&env, &env.repo);
    env.git(["commit", "-q", "-a", "-m", "what ran"]).ok();
    assert_eq!((&source["dirty"], &source["tree"]), (&true.into(), &tree_of_head(&env).into()));
}

#[test]
fn settings_that_change_the_index_do_not_change_the_answer() {
    let update = |args: &[&str]| [&["update-index", "--force-write-index"], args].concat().join(" ");
    for setting in [
        update(&["--split-index"]),
        update(&["--untracked-cache"]),
        update(&["--index-version", "4"]),
        update(&["--fsmonitor"]),
        "sparse-checkout set --cone --sparse-index nothing".to_owned(),
    ] {
        let env = with_code();
        env.git(setting.split(' ')).ok();
        if setting.contains("--split-index") {
            assert!(untouched(&env).shared.iter().any(|name| name.starts_with("sharedindex.")));
        }
        write(&env.repo.join("a"), "changed\n");
        let before = untouched(&env);
        run(&env, LEAVES_A_RUN).ok();
        assert_eq!(untouched(&env).index, before.index, "{setting}");
        assert_eq!(untouched(&env).shared, before.shared, "{setting}");
        let source = source(&env, &env.repo);
        env.git(["commit", "-q", "-a", "-m", "what ran"]).ok();
        assert_eq!(source["tree"], tree_of_head(&env), "{setting}");
    }
}

/// What must be the same before and after we look.
#[derive(Debug, PartialEq)]
struct Untouched {
    index: Vec<u8>,
    shared: Vec<String>,
    status: String,
    objects: String,
}

fn untouched(env: &TestEnv) -> Untouched {
    let index = std::fs::read(env.repo.join(".git/index")).unwrap();
    let entries = std::fs::read_dir(env.repo.join(".git")).unwrap();
    let mut shared: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("index"))
        .collect();
    shared.sort();
    let mut git = env.command("git", &env.repo);
    let status = crate::env::Ran::of(git.env("GIT_OPTIONAL_LOCKS", "0").args(["status", "--porcelain"])).ok();
    Untouched { index, shared, status, objects: env.git(["count-objects", "-v"]).ok() }
}

#[test]
fn nothing_of_the_users_is_touched() {
    let env = with_code();
    write(&env.repo.join("a"), "changed\n");
    write(&env.repo.join("b"), "staged for now\n");
    env.git(["add", "b"]).ok();
    write(&env.repo.join("b"), "and changed again\n");
    let before = untouched(&env);
    // The command leaves nothing, so nothing is recorded: any new object would be a leak.
    let told = run(&env, "true").stderr;
    assert!(told.contains("the command left no run"), "{told}");
    assert_eq!(untouched(&env), before);
    let left: Vec<_> =
        std::fs::read_dir(env.repo.join(".git/agentv")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("tree-")), "{left:?}");
}

#[test]
fn detached_head_has_no_branch() {
    let env = with_code();
    env.git(["checkout", "-q", "--detach"]).ok();
    run(&env, LEAVES_A_RUN).ok();
    let source = source(&env, &env.repo);
    assert_eq!((&source["commit"], &source["how"]), (&head(&env, &env.repo).into(), &"observed".into()));
    assert!(source.get("branch").is_none(), "{source}");
}

#[test]
fn unborn_branch_is_unknown() {
    let env = TestEnv::without_repo();
    env.git_in(env.root(), ["init", "-q", "-b", "fresh", "repo"]).ok();
    write(&env.repo.join("staged"), "x\n");
    env.git(["add", "staged"]).ok();
    let told = run(&env, LEAVES_A_RUN);
    assert!(told.stderr.contains("[source commit unknown]"), "{told:?}");
    let source = source(&env, &env.repo);
    assert_eq!(source["how"], "unknown");
    assert!(source.get("commit").is_none(), "{source}");
    assert_eq!(env.runs().len(), 1);
}

#[test]
fn patch_id_is_gits() {
    let env = with_code();
    let lines = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    write(&env.repo.join("a"), lines);
    env.git(["commit", "-q", "-a", "-m", "lines"]).ok();
    write(&env.repo.join("a"), &lines.replace('5', "five"));
    env.git(["commit", "-q", "-a", "-m", "a change"]).ok();
    // Settings for people must not change it.
    for (key, value) in [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("color.ui", "always"),
        ("diff.external", "false"),
        ("diff.context", "0"),
    ] {
        env.git(["config", key, value]).ok();
    }
    let expected = env.run("sh", &env.repo, ["-c", "git -c diff.noprefix=false -c diff.mnemonicPrefix=false -c diff.context=3 show --no-color --no-ext-diff | git patch-id --stable"]).ok();
    run(&env, LEAVES_A_RUN).ok();
    assert_eq!(source(&env, &env.repo)["patch_id"], expected.split(' ').next().unwrap());
    // A rebased copy has the same.
    env.git(["checkout", "-q", "-b", "other", "HEAD~3"]).ok();
    write(&env.repo.join("a"), lines);
    write(&env.repo.join("z"), "z\n");
    env.git(["add", "."]).ok();
    env.git(["commit", "-q", "-m", "other base"]).ok();
    env.git(["cherry-pick", "main"]).ok();
    run(&env, LEAVES_A_RUN).ok();
    assert_eq!(source(&env, &env.repo)["patch_id"], expected.split(' ').next().unwrap());
}

#[test]
fn empty_and_merge_commits_have_no_patch_id() {
    let env = TestEnv::new();
    run(&env, LEAVES_A_RUN).ok();
    assert!(source(&env, &env.repo).get("patch_id").is_none());
    env.git(["checkout", "-q", "-b", "side"]).ok();
    write(&env.repo.join("a"), "side\n");
    env.git(["add", "a"]).ok();
    env.git(["commit", "-q", "-m", "side"]).ok();
    env.git(["checkout", "-q", "main"]).ok();
    env.git(["merge", "-q", "--no-ff", "--no-edit", "side"]).ok();
    run(&env, LEAVES_A_RUN).ok();
    assert_eq!(source(&env, &env.repo)["commit"], head(&env, &env.repo));
    assert!(source(&env, &env.repo).get("patch_id").is_none());
}

#[test]
fn uncommitted_changes_are_kept_when_asked() {
    let env = with_code();
    write(&env.repo.join("a"), "changed\n");
    std::fs::write(env.repo.join("binary"), b"\0\x01\x02\xff").unwrap();
    env.git(["add", "binary"]).ok();
    run(&env, LEAVES_A_RUN).ok();
    let said = env.agentv(["show", "--diff"]).fails(128);
    assert!(said.contains("was recorded without uncommitted changes") && said.contains("agentv.captureDiff"), "{said}");

    // How the user likes to see diffs must not decide whether the patch can be applied.
    for (key, value) in [
        ("agentv.captureDiff", "true"),
        ("diff.noprefix", "true"),
        ("color.ui", "always"),
        ("diff.external", "false"),
        ("diff.context", "0"),
    ] {
        env.git(["config", key, value]).ok();
    }
    run(&env, LEAVES_A_RUN).ok();
    let diff = env.agentv(["show", "--diff"]).raw;
    let source = source(&env, &env.repo);
    std::fs::write(env.root().join("patch"), &diff).unwrap();
    env.git(["reset", "-q", "--hard"]).ok();
    env.git(["-c", "apply.whitespace=nowarn", "apply", "--index", "../patch"]).ok();
    let tree = env.git(["write-tree"]).ok();
    assert_eq!(source["tree"], tree.trim(), "the commit and the patch are what ran");
    env.fsck();
}

#[test]
fn a_clean_tree_has_no_diff_to_keep() {
    let env = with_code();
    env.git(["config", "agentv.captureDiff", "true"]).ok();
    run(&env, LEAVES_A_RUN).ok();
    env.agentv(["show", "--diff"]).fails(128);
}
