//! Commits that replace or repeat a commit.

use super::{Case, case, check_all};

#[test]
fn amended() {
    check_all(AMENDED);
}

#[test]
fn repeated() {
    check_all(REPEATED);
}

const AMENDED: &[Case] = &[
    case("--amend --no-edit", "git commit -q -m s; change 3; git commit --amend --no-edit", &["s <- a b"]),
    case("--amend, an editor", "git commit -q -m s; change 3; GIT_EDITOR=ed-noop git commit --amend", &["s <- a b"]),
    case(
        "--amend, another subject",
        "git commit -q -m s; GIT_EDITOR=ed-replace git commit --amend",
        &["other subject <- a b"],
    ),
    case("--amend -v", "git commit -q -m s; GIT_EDITOR=ed-replace git commit --amend -v", &["other subject <- a b"]),
    case(
        "--amend, the trailers taken out",
        "git commit -q -m s; GIT_EDITOR=ed-delete git commit --amend",
        &["typed subjects"],
    ),
    case(
        "--amend -m loses the trailers, not the links",
        "git commit -q -m s; git commit --amend -m other; linked a HEAD; linked b HEAD",
        &["other"],
    ),
    case(
        "--amend --no-edit keeps runs of the old commit",
        "git commit -q -m s; record c; change 3; git commit --amend --no-edit; linked c HEAD",
        &["s <- a b"],
    ),
    case(
        "--amend -m, runs of the old commit",
        "AGENTV_HOOK=0 git commit -q -m s; record c; change 3; git commit --amend -m other",
        &["other <- c"],
    ),
    case(
        "--amend twice",
        "git commit -q -m s; git commit --amend -q -m two; git commit --amend -m three; linked a HEAD; linked b HEAD",
        &["three"],
    ),
    case("--amend -s", "git commit -q -m s; git commit --amend --no-edit -s", &["s <- a b"]),
    case("--amend --reset-author", "git commit -q -m s; git commit --amend --no-edit --reset-author", &["s <- a b"]),
    case(
        "--amend, untouched is a commit",
        "git commit -q -m s; record c; GIT_EDITOR=ed-noop git commit --amend",
        &["s <- a b"],
    ),
    case("--amend, emptied", "git commit -q -m s; GIT_EDITOR=ed-empty refused git commit --amend", &["s <- a b"]),
    case(
        "--amend of the first commit",
        "git reset -q --hard; git commit --amend -m 'first again'",
        &["first again <- a b"],
    ),
    case(
        "--amend --no-verify -m",
        "git commit -q -m s; record c; git commit --amend --no-verify -m other",
        &["other <- c"],
    ),
];

const REPEATED: &[Case] = &[
    case("-C", "git commit -q -m s; change 3; record c; git commit -C HEAD~1", &["s <- a b", "first <- c"]),
    case(
        "-c",
        "git commit -q -m s; change 3; record c; GIT_EDITOR=ed-noop git commit -c HEAD~1",
        &["s <- a b", "first <- c"],
    ),
    case(
        "-c, another subject",
        "git commit -q -m s; change 3; record c; GIT_EDITOR=ed-replace git commit -c HEAD~1",
        &["s <- a b", "other subject <- c"],
    ),
    case(
        "-C of a commit that cites",
        "git commit -q -m s; change 3; git commit -q -m two; change 4; git commit -C HEAD~1",
        &["s <- a b", "two", "s <- a b"],
    ),
    case(
        "reset --soft and -C",
        "git commit -q -m s; git reset -q --soft HEAD~1; git commit -C ORIG_HEAD",
        &["s <- a b"],
    ),
    case(
        "reset --soft and -m",
        "git commit -q -m s; git reset -q --soft HEAD~1; git commit -m again",
        &["again <- a b"],
    ),
    case("--fixup", "git commit -q -m s; change 3; record c; git commit --fixup HEAD", &["s <- a b", "fixup! s <- c"]),
    case(
        "--fixup -m",
        "git commit -q -m s; change 3; record c; git commit --fixup HEAD -m more",
        &["s <- a b", "fixup! s <- c"],
    ),
    case(
        "--squash",
        "git commit -q -m s; change 3; record c; git commit --squash HEAD -m more",
        &["s <- a b", "squash! s <- c"],
    ),
    case(
        "--squash, an editor",
        "git commit -q -m s; change 3; record c; GIT_EDITOR=ed-noop git commit --squash HEAD",
        &["s <- a b", "squash! s <- c"],
    ),
    case(
        "--fixup=amend:",
        "git commit -q -m s; change 3; record c; GIT_EDITOR=ed-noop git commit --fixup=amend:HEAD",
        &["s <- a b", "amend! s <- a b c"],
    ),
    case(
        "--fixup=reword:",
        "git commit -q -m s; git reset -q --hard; record c; GIT_EDITOR=ed-noop git commit --fixup=reword:HEAD",
        &["s <- a b", "amend! s <- a b c"],
    ),
    case(
        "--fixup and --autosquash",
        "git commit -q -m s; change 3; record c; git commit -q --fixup HEAD; GIT_SEQUENCE_EDITOR=: git rebase -q -i --autosquash HEAD~2; linked c HEAD",
        &["s <- a b"],
    ),
    case(
        "--squash and --autosquash",
        "git commit -q -m s; change 3; record c; git commit -q --squash HEAD -m more; GIT_EDITOR=: git rebase -q -i --autosquash HEAD~2; linked a HEAD; linked b HEAD",
        &["s <- c"],
    ),
];
