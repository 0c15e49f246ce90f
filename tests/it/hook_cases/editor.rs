//! Messages that somebody writes in an editor.

use super::{Case, case, check_all};

#[test]
fn with_an_editor() {
    check_all(EDITED);
}

#[test]
fn with_a_template() {
    check_all(TEMPLATES);
}

#[test]
fn nothing_typed_no_commit() {
    check_all(ABORTED);
}

#[test]
fn cleanup_modes() {
    check_all(CLEANUP);
}

const EDITED: &[Case] = &[
    case("a subject", "GIT_EDITOR=ed-subject git commit", &["typed subject <- a b"]),
    case("a subject and a body", "GIT_EDITOR=ed-body git commit", &["typed subject <- a b"]),
    case("trailers", "GIT_EDITOR=ed-trailer git commit", &["typed subject <- a b"]),
    case("-v", "GIT_EDITOR=ed-subject git commit -v", &["typed subject <- a b"]),
    case("-v, a body", "GIT_EDITOR=ed-body git commit -v", &["typed subject <- a b"]),
    case("-v -v", "echo 3 >>f; GIT_EDITOR=ed-subject git commit -v -v", &["typed subject <- a b"]),
    case(
        "commit.verbose",
        "git config commit.verbose true; GIT_EDITOR=ed-subject git commit",
        &["typed subject <- a b"],
    ),
    case(
        "-v, a diff full of trailers",
        "printf 'A: b\\n---\\nAgentv-Run: c\\n' >>f; git add f; GIT_EDITOR=ed-subject git commit -v",
        &["typed subject <- a b"],
    ),
    case("--no-status", "GIT_EDITOR=ed-subject git commit --no-status", &["typed subject <- a b"]),
    case(
        "commit.status=false",
        "git config commit.status false; GIT_EDITOR=ed-subject git commit -v",
        &["typed subject <- a b"],
    ),
    case("-s", "GIT_EDITOR=ed-subject git commit -s", &["typed subject <- a b"]),
    case("-s -v", "GIT_EDITOR=ed-body git commit -s -v", &["typed subject <- a b"]),
    case("-m -e", "GIT_EDITOR=ed-noop git commit -e -m subject -m body", &["subject <- a b"]),
    case("-m -e, another subject", "GIT_EDITOR=ed-replace git commit -e -m subject -m body", &["other subject <- a b"]),
    case("-F -e", r"printf 'word: text\n' >../m; GIT_EDITOR=ed-noop git commit -e -F ../m", &["word: text <- a b"]),
    case("-m -e, # lines", "GIT_EDITOR=ed-noop git commit -e -m subject -m '# gone'", &["subject <- a b"]),
    case("-m -e -v", "GIT_EDITOR=ed-noop git commit -e -v -m subject", &["subject <- a b"]),
    case("--no-verify", "GIT_EDITOR=ed-subject git commit --no-verify", &["typed subject <- a b"]),
    case(
        "who takes the trailers out wants none",
        "GIT_EDITOR=ed-delete git commit; change 3; git commit -m next",
        &["typed subject", "next"],
    ),
    case("who writes the file anew wants none", "GIT_EDITOR=ed-overwrite git commit", &["written anew"]),
    case("part of the changes", "echo 1 >g; git add g; GIT_EDITOR=ed-subject git commit g", &["typed subject <- a b"]),
    case("--trailer", "GIT_EDITOR=ed-body git commit --trailer 'Acked-by: A <a@b>'", &["typed subject <- a b"]),
];

const TEMPLATES: &[Case] = &[
    case(
        "commit.template",
        r"printf 'Why:\n' >../t; git config commit.template ../t; GIT_EDITOR=ed-subject git commit",
        &["typed subject <- a b"],
    ),
    case(
        "-t",
        r"printf '\n\nWhy: \nHow: \n' >../t; GIT_EDITOR=ed-subject git commit -t ../t",
        &["typed subject <- a b"],
    ),
    case(
        "comments first",
        r"printf '# Say why\n\nWhy:\n' >../t; git config commit.template ../t; GIT_EDITOR=ed-subject git commit",
        &["typed subject <- a b"],
    ),
    case(
        "comments only",
        r"printf '# Say why\n# and how\n' >../t; git config commit.template ../t; GIT_EDITOR=ed-subject git commit",
        &["typed subject <- a b"],
    ),
    case(
        "comments last",
        r"printf '\n# Say why\n# and how\n' >../t; git config commit.template ../t; GIT_EDITOR=ed-subject git commit",
        &["typed subject <- a b"],
    ),
    case(
        "-v",
        r"printf 'Why:\n' >../t; git config commit.template ../t; GIT_EDITOR=ed-subject git commit -v",
        &["typed subject <- a b"],
    ),
    case("empty", "git config commit.template /dev/null; GIT_EDITOR=ed-subject git commit", &["typed subject <- a b"]),
    case("not used with -m", r"printf 'Why:\n' >../t; git config commit.template ../t; git commit -m s", &["s <- a b"]),
    case(
        "untouched",
        r"printf 'Why:\n' >../t; git config commit.template ../t; GIT_EDITOR=ed-noop refused git commit; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "untouched, several lines",
        r"printf 'Why:\n\nsubject\n\nbody\n' >../t; git config commit.template ../t; GIT_EDITOR=ed-noop refused git commit; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "untouched, -t",
        r"printf 'subject\n\nbody\n' >../t; GIT_EDITOR=ed-noop refused git commit -t ../t; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "untouched, trailers in it",
        r"printf 'subject\n\nFixes: #\n' >../t; GIT_EDITOR=ed-noop refused git commit -t ../t; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "untouched, -s",
        r"printf 'subject\n\nbody\n' >../t; GIT_EDITOR=ed-noop refused git commit -s -t ../t; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "untouched, -v",
        r"printf 'subject\n\nbody\n' >../t; GIT_EDITOR=ed-noop refused git commit -v -t ../t; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "untouched, comments first",
        r"printf '# c\nsubject\n' >../t; GIT_EDITOR=ed-noop refused git commit -t ../t; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "untouched, comments only",
        r"printf '# c\n' >../t; GIT_EDITOR=ed-noop refused git commit -t ../t; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "untouched, --no-edit",
        r"printf 'subject\n' >../t; refused git commit --no-edit -t ../t; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "emptied",
        r"printf 'subject\n' >../t; GIT_EDITOR=ed-empty refused git commit -t ../t; git commit -m next",
        &["next <- a b"],
    ),
];

/// No commit is made; the runs wait for the next one.
const ABORTED: &[Case] = &[
    case("untouched", "GIT_EDITOR=ed-noop refused git commit; git commit -m next", &["next <- a b"]),
    case(
        "untouched, twice",
        "GIT_EDITOR=ed-noop refused git commit; GIT_EDITOR=ed-noop refused git commit; git commit -m next",
        &["next <- a b"],
    ),
    case("untouched, -v", "GIT_EDITOR=ed-noop refused git commit -v; git commit -m next", &["next <- a b"]),
    case("untouched, -s", "GIT_EDITOR=ed-noop refused git commit -s; git commit -m next", &["next <- a b"]),
    case(
        "untouched, no comments",
        "GIT_EDITOR=ed-noop refused git commit --no-status --cleanup=whitespace; git commit -m next",
        &["next <- a b"],
    ),
    case("emptied", "GIT_EDITOR=ed-empty refused git commit; git commit -m next", &["next <- a b"]),
    case("emptied, -v", "GIT_EDITOR=ed-empty refused git commit -v; git commit -m next", &["next <- a b"]),
    case("only comments left", "GIT_EDITOR=ed-comments-only refused git commit; git commit -m next", &["next <- a b"]),
    case("the editor fails", "GIT_EDITOR=ed-fail refused git commit; git commit -m next", &["next <- a b"]),
    case("-m -e, emptied", "GIT_EDITOR=ed-empty refused git commit -e -m s; git commit -m next", &["next <- a b"]),
    case(
        "-m -e, taken back",
        "GIT_EDITOR='sed -i /^subject/d' refused git commit -e -m subject; git commit -m next",
        &["next <- a b"],
    ),
    case("-m '' -e, untouched", "GIT_EDITOR=ed-noop refused git commit -e -m ''; git commit -m next", &["next <- a b"]),
    case(
        "emptied, --no-verify",
        "GIT_EDITOR=ed-empty refused git commit --no-verify; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "untouched, then edited",
        "GIT_EDITOR=ed-noop refused git commit; GIT_EDITOR=ed-subject git commit",
        &["typed subject <- a b"],
    ),
];

const CLEANUP: &[Case] = &[
    case("strip", "GIT_EDITOR=ed-subject git commit --cleanup=strip", &["typed subject <- a b"]),
    case("default", "GIT_EDITOR=ed-subject git commit --cleanup=default", &["typed subject <- a b"]),
    case("whitespace", "GIT_EDITOR=ed-subject git commit -q --cleanup=whitespace", &["typed subject <- a b"]),
    case("verbatim", "GIT_EDITOR=ed-subject git commit -q --cleanup=verbatim", &["typed subject <- a b"]),
    case("scissors", "GIT_EDITOR=ed-subject git commit --cleanup=scissors", &["typed subject <- a b"]),
    case("scissors, a body", "GIT_EDITOR=ed-body git commit --cleanup=scissors", &["typed subject <- a b"]),
    case("scissors, -v", "GIT_EDITOR=ed-subject git commit --cleanup=scissors -v", &["typed subject <- a b"]),
    case(
        "scissors, untouched",
        "GIT_EDITOR=ed-noop refused git commit --cleanup=scissors; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "scissors, -v, untouched",
        "GIT_EDITOR=ed-noop refused git commit --cleanup=scissors -v; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "scissors, # lines of one's own",
        "GIT_EDITOR=ed-noop git commit --cleanup=scissors -e -m s -m '# stays'",
        &["s <- a b"],
    ),
    case(
        "commit.cleanup=scissors",
        "git config commit.cleanup scissors; GIT_EDITOR=ed-subject git commit",
        &["typed subject <- a b"],
    ),
    case(
        "commit.cleanup=scissors, untouched",
        "git config commit.cleanup scissors; GIT_EDITOR=ed-noop refused git commit; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "commit.cleanup=strip",
        "git config commit.cleanup strip; GIT_EDITOR=ed-body git commit",
        &["typed subject <- a b"],
    ),
    case(
        "commit.cleanup=whitespace",
        "git config commit.cleanup whitespace; GIT_EDITOR=ed-body git commit",
        &["typed subject <- a b"],
    ),
    case(
        "commit.cleanup=verbatim",
        "git config commit.cleanup verbatim; GIT_EDITOR=ed-body git commit",
        &["typed subject <- a b"],
    ),
    case(
        "commit.cleanup=default",
        "git config commit.cleanup default; GIT_EDITOR=ed-body git commit",
        &["typed subject <- a b"],
    ),
    case("whitespace, -v", "GIT_EDITOR=ed-body git commit -q --cleanup=whitespace -v", &["typed subject <- a b"]),
    case("verbatim, -v", "GIT_EDITOR=ed-body git commit -q --cleanup=verbatim -v", &["typed subject <- a b"]),
];
