//! Commits that git makes from others: merge, revert, cherry-pick. Nothing is added to them, and nothing
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
