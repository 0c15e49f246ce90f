//! Kinds of repositories, and places to commit from.

use super::{Case, case, check_all};

#[test]
fn kinds_of_repositories() {
    check_all(KINDS);
}

#[test]
fn places_to_commit_from() {
    check_all(PLACES);
}

const KINDS: &[Case] = &[
    case("sha256", "git commit -m s", &["s <- a b"]).init(&["--object-format=sha256"]),
    case("sha256, amended", "git commit -q -m s; git commit --amend -m other; linked a HEAD", &["other"]).init(&["--object-format=sha256"]),
    case("reftable", "git commit -m s", &["s <- a b"]).init(&["--ref-format=reftable"]).since(2, 45),
    case("reftable, amended", "git commit -q -m s; git commit --amend -m other; linked a HEAD", &["other"]).init(&["--ref-format=reftable"]).since(2, 45),
    case("reftable, a conflict in cherry-pick", "git commit -q -m s; git checkout -q -b side HEAD~1; echo 7 >f; AGENTV_HOOK=0 git commit -q -a -m side; record c; refused git cherry-pick main >/dev/null 2>&1; echo 8 >f; git add f; git commit -m resolved", &["side", "resolved", "s <- a b"]).init(&["--ref-format=reftable"]).since(2, 45),
    case("a separate git directory", "git init -q --separate-git-dir ../elsewhere; git commit -m s", &["s <- a b"]),
    case("detached HEAD", "git checkout -q --detach; git commit -m s", &["s <- a b"]),
    case("unborn branch", "git init -q ../new; cd ../new; hooks; change 1; record c; git commit -m s", &["s"]).look_in("new"),
    case("unborn branch, an editor", "git init -q ../new; cd ../new; hooks; change 1; GIT_EDITOR=ed-noop refused git commit; GIT_EDITOR=ed-subject git commit", &["typed subject"]).look_in("new"),
    case("no run yet", "git init -q ../new; cd ../new; hooks; change 1; git commit -m s; change 2; git commit -m t", &["s", "t"]).look_in("new"),
    case("packed refs", "git pack-refs --all; git commit -m s", &["s <- a b"]),
    case("a shallow clone", "git commit -q -m s; git clone -q --depth 1 \"file://$PWD\" ../new; cd ../new; hooks; record c; change 3; git commit -q -m t", &["s <- a b", "t <- c"]).look_in("new"),
    case("core.ignoreCase, core.quotePath", "git config core.ignoreCase true; git config core.quotePath false; git commit -m s", &["s <- a b"]),
    case("core.hooksPath inside", "mkdir -p h .git/info; echo h >.git/info/exclude; git config core.hooksPath h; hooks; rm -rf .git/hooks; git commit -m s", &["s <- a b"]),
    case("a read-only agentv directory", "hooked chmod -R a-w .git/agentv; git commit -m s; hooked chmod -R u+w .git/agentv", &["s <- a b"]),
];

const PLACES: &[Case] = &[
    case("a subdirectory", "mkdir -p d/e; cd d/e; git commit -m s", &["s <- a b"]),
    case("-C", "cd /; git -C \"$TOP/repo\" commit -m s", &["s <- a b"]),
    case("GIT_DIR and GIT_WORK_TREE", "cd /; GIT_DIR=$TOP/repo/.git GIT_WORK_TREE=$TOP/repo git commit -m s", &["s <- a b"]),
    case("--git-dir and --work-tree", "cd /; git --git-dir=\"$TOP/repo/.git\" --work-tree=\"$TOP/repo\" commit -m s", &["s <- a b"]),
    case("GIT_DIR alone", "GIT_DIR=.git git commit -m s", &["s <- a b"]),
    case("GIT_DIR, an editor", "cd /; export GIT_DIR=$TOP/repo/.git GIT_WORK_TREE=$TOP/repo; GIT_EDITOR=ed-noop refused git commit; GIT_EDITOR=ed-subject git commit -v", &["typed subject <- a b"]),
    case("GIT_INDEX_FILE", "cp .git/index ../index; GIT_INDEX_FILE=$TOP/index git commit -m s; git reset -q", &["s <- a b"]),
    case("a name with spaces and more", "mkdir \"../a 'b' \\$c\"; mv .git \"../a 'b' \\$c\"; cd \"../a 'b' \\$c\"; git checkout -q -f; change 3; git commit -m s", &["s <- a b"]).look_in("a 'b' $c"),
    case("a worktree has its own runs", "git worktree add -q ../wt -b wt; cd ../wt; change 3; git commit -m 'in wt'; cd ../repo; git commit -m s", &["in wt", "s <- a b"]),
    case("a run made in a worktree", "git worktree add -q ../wt -b wt; cd ../wt; record c; change 3; git commit -m 'in wt'; cd ../repo; git commit -m s", &["in wt <- c", "s <- a b"]),
    case("a worktree, an editor", "git worktree add -q ../wt -b wt; cd ../wt; record c; change 3; GIT_EDITOR=ed-noop refused git commit -v; GIT_EDITOR=ed-body git commit -v", &["typed subject <- c"]),
    case("a worktree, amended", "git worktree add -q ../wt -b wt; cd ../wt; record c; change 3; git commit -q -m 'in wt'; git commit -q --amend -m other; linked c HEAD", &["other"]),
    case("a submodule", "git commit -q -m s; git init -q ../lib; (cd ../lib; change 1; git commit -q -m 'lib'); git submodule --quiet add ../lib sub 2>/dev/null; cd sub; hooks; record c; change 2; git commit -m 'in sub'", &["lib", "in sub <- c"]).look_in("repo/sub"),
    case("with a submodule", "git commit -q -m s; git init -q ../lib; (cd ../lib; change 1; git commit -q -m 'lib'); git submodule --quiet add ../lib sub 2>/dev/null; record c; git commit -q -m 'add sub'", &["s <- a b", "add sub <- c"]),
    case("below .git", "cd .git; GIT_WORK_TREE=.. git commit -m s; cd ..; git reset -q", &["s <- a b"]),
];
