//! Commits that git makes from others: merge, revert, cherry-pick, rebase. Nothing is added to them, and nothing
//! that was there is lost.

use super::{Case, case, check_all};

#[test]
fn merged() {
    check_all(MERGED);
}

#[test]
fn picked() {
    check_all(PICKED);
}

#[test]
fn rebased() {
    check_all(REBASED);
}

/// A branch `side` with a commit on another file, one with a conflicting change of `f`, and HEAD where it was.
macro_rules! side {
    ($script:literal) => {
        concat!(
            "git stash -q; git checkout -q -b side; echo 1 >g; git add g; AGENTV_HOOK=0 git commit -q -m side; ",
            "git checkout -q -b clash main; echo clash >f; AGENTV_HOOK=0 git commit -q -a -m clash; ",
            "git checkout -q main; git stash pop -q --index; ",
            $script
        )
    };
}

/// Three commits `one`, `two`, `three`, which cite `a b`, `c`, `d`, and edits of the list of what to do.
macro_rules! three {
    ($script:literal) => {
        concat!(
            "git commit -q -m one; record c; echo 2 >g; git add g; git commit -q -m two; ",
            "record d; echo 3 >h; git add h; git commit -q -m three; ",
            "todo() { export GIT_SEQUENCE_EDITOR=\"sed -i $1\"; }; ",
            // A rebase that changes nothing would make the same commits again.
            "export GIT_COMMITTER_DATE='@1783170000 +0000'; ",
            $script
        )
    };
}

const MERGED: &[Case] = &[
    case(
        "a merge",
        side!("git commit -q -m s; record c; git merge -q --no-ff -m merge side"),
        &["s <- a b", "side", "merge", "clash"],
    ),
    case(
        "a merge, an editor",
        side!("git commit -q -m s; record c; GIT_EDITOR=ed-replace git merge -q --no-ff --edit side"),
        &["s <- a b", "side", "other subject", "clash"],
    ),
    case(
        "fast-forward",
        side!("git stash -q; git merge -q --ff-only side; change 3; git commit -m s"),
        &["side", "s", "clash"],
    ),
    case(
        "a conflict, --no-edit",
        side!(
            "git commit -q -m s; record c; refused git merge -q clash >/dev/null 2>&1; change 9; git commit --no-edit"
        ),
        &["side", "s <- a b", "clash", "Merge branch 'clash'"],
    ),
    case(
        "a conflict, -m",
        side!(
            "git commit -q -m s; record c; refused git merge -q clash >/dev/null 2>&1; change 9; git commit -m resolved"
        ),
        &["side", "s <- a b", "clash", "resolved"],
    ),
    case(
        "a conflict, an editor",
        side!(
            "git commit -q -m s; record c; refused git merge -q clash >/dev/null 2>&1; change 9; GIT_EDITOR=ed-noop git commit"
        ),
        &["side", "s <- a b", "clash", "Merge branch 'clash'"],
    ),
    case(
        "a conflict, --continue",
        side!(
            "git commit -q -m s; record c; refused git merge -q clash >/dev/null 2>&1; change 9; GIT_EDITOR=ed-noop git merge --continue"
        ),
        &["side", "s <- a b", "clash", "Merge branch 'clash'"],
    ),
    case(
        "a merge given up",
        side!(
            "git commit -q -m s; record c; refused git merge -q clash >/dev/null 2>&1; git merge --abort; change 9; git commit -m next"
        ),
        &["side", "s <- a b", "next <- c", "clash"],
    ),
    case(
        "--no-commit",
        side!("git commit -q -m s; record c; git merge -q --no-commit --no-ff side; git commit --no-edit"),
        &["s <- a b", "side", "Merge branch 'side'", "clash"],
    ),
    case(
        "--squash, --no-edit",
        side!("git commit -q -m s; record c; git merge -q --squash side; git commit -q --no-edit"),
        &["side", "s <- a b", "Squashed commit of the following:", "clash"],
    ),
    case(
        "--squash, an editor",
        side!("git commit -q -m s; record c; git merge -q --squash side; GIT_EDITOR=ed-noop git commit"),
        &["side", "s <- a b", "Squashed commit of the following:", "clash"],
    ),
    case(
        "--squash, -m",
        side!("git commit -q -m s; record c; git merge -q --squash side; git commit -m squashed"),
        &["side", "s <- a b", "squashed", "clash"],
    ),
    case(
        "octopus",
        side!(
            "git commit -q -m s; git branch third side~1; git checkout -q third; echo 3 >h; git add h; AGENTV_HOOK=0 git commit -q -m third; git checkout -q main; record c; git merge -q -m octopus side third"
        ),
        &["s <- a b", "side", "third", "octopus", "clash"],
    ),
];

const PICKED: &[Case] = &[
    case("revert", "git commit -q -m s; record c; git revert --no-edit HEAD", &["s <- a b", "Revert \"s\""]),
    case(
        "revert, an editor",
        "git commit -q -m s; record c; GIT_EDITOR=ed-replace git revert --edit HEAD",
        &["s <- a b", "other subject"],
    ),
    case(
        "revert --no-commit",
        "git commit -q -m s; record c; git revert --no-commit HEAD; git commit --no-edit",
        &["s <- a b", "Revert \"s\""],
    ),
    case(
        "revert several",
        "git commit -q -m s; change 3; git commit -q -m two; record c; git revert --no-edit HEAD~2..",
        &["s <- a b", "two", "Revert \"two\"", "Revert \"s\""],
    ),
    case(
        "a conflict in revert",
        "git commit -q -m s; change 3; git commit -q -m two; record c; refused git revert --no-edit HEAD~1 >/dev/null 2>&1; echo 4 >f; git add f; git commit -q --no-edit",
        &["s <- a b", "two", "Revert \"s\""],
    ),
    case(
        "cherry-pick",
        side!("git commit -q -m s; record c; git cherry-pick side"),
        &["side", "s <- a b", "side", "clash"],
    ),
    case(
        "cherry-pick -x",
        side!("git commit -q -m s; record c; git cherry-pick -x side"),
        &["side", "s <- a b", "side", "clash"],
    ),
    case(
        "cherry-pick -e",
        side!("git commit -q -m s; record c; GIT_EDITOR=ed-replace git cherry-pick -e side"),
        &["side", "s <- a b", "other subject", "clash"],
    ),
    case(
        "cherry-pick of a commit that cites",
        "git commit -q -m s; git checkout -q -b side main~1; echo 1 >g; git add g; AGENTV_HOOK=0 git commit -q -m side; git cherry-pick main",
        &["side", "s <- a b", "s <- a b"],
    ),
    case(
        "cherry-pick --no-commit, -m",
        side!("git commit -q -m s; record c; git cherry-pick --no-commit side; git commit -m picked"),
        &["side", "s <- a b", "picked", "clash"],
    ),
    case(
        "a conflict in cherry-pick, --no-edit",
        side!(
            "git commit -q -m s; record c; refused git cherry-pick clash >/dev/null 2>&1; change 4; git commit -q --no-edit"
        ),
        &["side", "s <- a b", "clash", "clash"],
    ),
    case(
        "a conflict in cherry-pick, -m",
        side!(
            "git commit -q -m s; record c; refused git cherry-pick clash >/dev/null 2>&1; change 4; git commit -q -m resolved"
        ),
        &["side", "s <- a b", "resolved", "clash"],
    ),
    case(
        "a conflict in cherry-pick, --continue",
        side!(
            "git commit -q -m s; record c; refused git cherry-pick clash >/dev/null 2>&1; change 4; GIT_EDITOR=ed-noop git cherry-pick --continue"
        ),
        &["side", "s <- a b", "clash", "clash"],
    ),
    case(
        "cherry-pick given up",
        side!(
            "git commit -q -m s; record c; refused git cherry-pick clash >/dev/null 2>&1; git cherry-pick --abort; change 4; git commit -q -m next"
        ),
        &["side", "s <- a b", "next <- c", "clash"],
    ),
    case(
        "git am",
        "git commit -q -m s; git format-patch -q -1 --stdout >../p; git reset -q --hard HEAD~1; record c; git am -q ../p",
        &["s <- a b"],
    ),
];

const REBASED: &[Case] = &[
    case("pick", three!("git rebase -q --force-rebase HEAD~3"), &["one <- a b", "two <- c", "three <- d"]),
    case(
        "onto another",
        three!(
            "git checkout -q -b other HEAD~3; echo 1 >i; git add i; AGENTV_HOOK=0 git commit -q -m other; record e; git rebase -q --onto other main~3 main"
        ),
        &["other", "one <- a b", "two <- c", "three <- d"],
    ),
    case(
        "--apply",
        three!(
            "git checkout -q -b other HEAD~3; echo 1 >i; git add i; AGENTV_HOOK=0 git commit -q -m other; git rebase -q --apply --onto other main~3 main"
        ),
        &["other", "one <- a b", "two <- c", "three <- d"],
    ),
    case(
        "runs made on the tip",
        three!("record e; git rebase -q --force-rebase HEAD~3; linked e HEAD"),
        &["one <- a b", "two <- c", "three <- d"],
    ),
    case(
        "reword",
        three!("todo 2s/pick/reword/; GIT_EDITOR=ed-replace git rebase -q -i HEAD~3"),
        &["one <- a b", "other subject <- c", "three <- d"],
    ),
    case(
        "reword, no more trailers",
        three!("todo 2s/pick/reword/; GIT_EDITOR=ed-overwrite git rebase -q -i HEAD~3; linked c HEAD~1"),
        &["one <- a b", "written anew", "three <- d"],
    ),
    case(
        "squash",
        three!("todo 2s/pick/squash/; GIT_EDITOR=: git rebase -q -i HEAD~3; linked a HEAD~1; linked b HEAD~1"),
        &["one <- c", "three <- d"],
    ),
    case(
        "squash all",
        three!(
            "todo 2,3s/pick/squash/; GIT_EDITOR=: git rebase -q -i HEAD~3; linked a HEAD; linked b HEAD; linked c HEAD"
        ),
        &["one <- d"],
    ),
    case(
        "squash, written anew",
        three!(
            "todo 2,3s/pick/squash/; GIT_EDITOR=ed-overwrite git rebase -q -i HEAD~3; linked a HEAD; linked b HEAD; linked c HEAD; linked d HEAD"
        ),
        &["written anew"],
    ),
    case(
        "fixup",
        three!("todo 2s/pick/fixup/; git rebase -q -i HEAD~3; linked c HEAD~1"),
        &["one <- a b", "three <- d"],
    ),
    case(
        "fixup all",
        three!("todo 2,3s/pick/fixup/; git rebase -q -i HEAD~3; linked c HEAD; linked d HEAD"),
        &["one <- a b"],
    ),
    case(
        "fixup -C",
        three!("todo '\"2s/pick/fixup -C/\"'; git rebase -q -i HEAD~3; linked a HEAD~1; linked b HEAD~1"),
        &["two <- c", "three <- d"],
    ),
    case("drop", three!("todo 2s/pick/drop/; git rebase -q -i HEAD~3"), &["one <- a b", "three <- d"]),
    case(
        "another order",
        three!("export GIT_SEQUENCE_EDITOR=ed-swap; git rebase -q -i HEAD~2"),
        &["one <- a b", "three <- d", "two <- c"],
    ),
    case(
        "edit, --amend --no-edit",
        three!(
            "todo 2s/pick/edit/; git rebase -q -i HEAD~3 2>/dev/null; echo 5 >>g; git commit -q -a --amend --no-edit; git rebase --continue"
        ),
        &["one <- a b", "two <- c", "three <- d"],
    ),
    case(
        "edit, a commit more",
        three!(
            "todo 2s/pick/edit/; git rebase -q -i HEAD~3 2>/dev/null; echo 5 >>g; git commit -q -a -m more; git rebase --continue"
        ),
        &["one <- a b", "two <- c", "more", "three <- d"],
    ),
    case(
        "exec",
        three!("git rebase -q --exec 'git commit -q --allow-empty -m empty' HEAD~1"),
        &["one <- a b", "two <- c", "three <- d", "empty"],
    ),
    case(
        "a conflict",
        "git commit -q -m one; record c; change 3; git commit -q -m two; git checkout -q -b other HEAD~2; echo o >f; AGENTV_HOOK=0 git commit -q -a -m other; refused git rebase -q other main >/dev/null 2>&1; echo o1 >f; git add f; GIT_EDITOR=: git rebase --continue >/dev/null 2>&1 || :; echo o2 >f; git add f; GIT_EDITOR=: git rebase --continue",
        &["other", "one <- a b", "two <- c"],
    ),
    case(
        "given up",
        three!(
            "todo 2s/pick/edit/; git rebase -q -i HEAD~3 2>/dev/null; git rebase --abort; record e; change 9; git commit -m next"
        ),
        &["one <- a b", "two <- c", "three <- d", "next <- e"],
    ),
    case("--root", three!("git rebase -q --root --force-rebase"), &["one <- a b", "two <- c", "three <- d"]),
    case(
        "--rebase-merges",
        three!(
            "git checkout -q -b side HEAD~1; echo s >s; git add s; AGENTV_HOOK=0 git commit -q -m side; git checkout -q main; git merge -q --no-ff -m merge side; git rebase -q --rebase-merges --force-rebase HEAD~2"
        ),
        &["one <- a b", "two <- c", "three <- d", "side", "merge"],
    ),
    case(
        "the next commit",
        three!("record e; git rebase -q --force-rebase HEAD~1; change 9; git commit -m next"),
        &["one <- a b", "two <- c", "three <- d", "next"],
    ),
    case(
        "pull --rebase",
        three!(
            "git checkout -q -b other HEAD~3; echo 1 >i; git add i; AGENTV_HOOK=0 git commit -q -m other; git checkout -q main; git pull -q --rebase . other 2>/dev/null"
        ),
        &["other", "one <- a b", "two <- c", "three <- d"],
    ),
];
