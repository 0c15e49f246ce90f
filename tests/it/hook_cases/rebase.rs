//! Rebases: what was there stays, and what a squash or a fixup takes out of the messages is linked.

use super::{Case, case, check_all};

#[test]
fn rebased() {
    check_all(REBASED);
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
