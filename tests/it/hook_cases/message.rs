//! Messages that no editor touches.

use super::{Case, case, check_all};

#[test]
fn messages() {
    check_all(MESSAGES);
}

#[test]
fn cleanup_modes() {
    check_all(CLEANUP);
}

#[test]
fn no_commit() {
    check_all(ABORTED);
}

#[test]
fn what_hooks_cannot_do() {
    check_all(LIMITS);
}

const MESSAGES: &[Case] = &[
    case("-m", "git commit -m subject", &["subject <- a b"]),
    case("-m several", "git commit -m subject -m 'a body' -m 'more of it'", &["subject <- a b"]),
    case("-F", r"printf 'subject\n\nbody\n' >../m; git commit -F ../m", &["subject <- a b"]),
    case("-F -", r"printf 'subject\n\nbody\n' | git commit -F -", &["subject <- a b"]),
    case("-F without a newline at its end", "printf subject >../m; git commit -F ../m", &["subject <- a b"]),
    case(
        "-F with blank lines around",
        r"printf '\n\n  subject\n\n\n\nbody\n\n\n' | git commit -F -",
        &["subject <- a b"],
    ),
    case("-F with CRLF", r"printf 'subject\r\n\r\nbody\r\n' | git commit -F -", &["subject <- a b"]),
    case("-F with CRLF, subject only", r"printf 'subject\r\n' | git commit -F -", &["subject <- a b"]),
    case(
        "-F with CRLF and trailers",
        r"printf 's\r\n\r\nb\r\n\r\nAcked-by: A <a@b>\r\n' | git commit -F -",
        &["s <- a b"],
    ),
    case("subject like a trailer", "git commit -m 'feat: add x'", &["feat: add x <- a b"]),
    case(
        "subject of two lines like trailers",
        r"printf 'feat: x\nkey: value\n' | git commit -F -",
        &["feat: x <- a b"],
    ),
    case("subject like a trailer, body", "git commit -m 'feat: x' -m 'why'", &["feat: x <- a b"]),
    case("body like a trailer", "git commit -m subject -m 'See: https://example.com'", &["subject <- a b"]),
    case(
        "body with one line like a trailer",
        r"printf 's\n\nsome prose\nnote: this\nmore prose\nand more\n' | git commit -F -",
        &["s <- a b"],
    ),
    case("trailers", r"printf 's\n\nbody\n\nReviewed-by: B <b@c>\nFixes: 12\n' | git commit -F -", &["s <- a b"]),
    case("trailers with a folded line", r"printf 's\n\nbody\n\nNote: one\n  two\n' | git commit -F -", &["s <- a b"]),
    case("trailers after trailers", r"printf 's\n\nA: b\n\nC: d\n' | git commit -F -", &["s <- a b"]),
    case("-s", "git commit -s -m subject", &["subject <- a b"]),
    case("-s, body", "git commit -s -m subject -m body", &["subject <- a b"]),
    case("-s, subject like a trailer", "git commit -s -m 'fix: it'", &["fix: it <- a b"]),
    case("-s and trailers", r"printf 's\n\nAcked-by: A <a@b>\n' | git commit -s -F -", &["s <- a b"]),
    case("--trailer", "git commit -m subject --trailer 'Acked-by: A <a@b>'", &["subject <- a b"]),
    case("body with a --- line", r"printf 's\n\nabove\n\n---\n\nbelow\n' | git commit -F -", &["s <- a b"]),
    case("body that ends with ---", r"printf 's\n\nabove\n---\n' | git commit -F -", &["s <- a b"]),
    case("body with a diff", r"printf 's\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n' | git commit -F -", &["s <- a b"]),
    case("trailers above a --- line", r"printf 's\n\nA: b\n---\nC: d\n' | git commit -F -", &["s <- a b"]),
    case("a paragraph of # lines", "git commit -m subject -m '#123 fixed'", &["subject <- a b"]),
    case("several paragraphs of # lines", r"printf 's\n\n#1\n#2\n\n#3\n' | git commit -F -", &["s <- a b"]),
    case("trailers, then # lines", r"printf 's\n\nA: b\n\n#3\n' | git commit -F -", &["s <- a b"]),
    case("trailers among # lines", r"printf 's\n\nA: b\n#3\nC: d\n' | git commit -F -", &["s <- a b"]),
    case("only # lines", "git commit -m '# only this'", &["# only this <- a b"]),
    case("subject #, body", "git commit -m '#12: fix' -m 'body'", &["#12: fix <- a b"]),
    case("Conflicts at the end", r"printf 's\n\nConflicts:\n\tf\n' | git commit -F -", &["s <- a b"]),
    case("non-ASCII", "git commit -m 'Grüße, 世界 🚀' -m 'Ünïcödé'", &["Grüße, 世界 🚀 <- a b"]),
    case(
        "ISO-8859-1",
        r"git config i18n.commitEncoding ISO-8859-1; printf 'Gr\374\337e\n\nK\366rper\n' | git commit -F -",
        &["Gr\u{fffd}\u{fffd}e <- a b"],
    ),
    case("bytes that are no UTF-8", r"printf 's \377\376\n' | git commit -F - 2>/dev/null", &["s ÿþ <- a b"]),
    case("a very long line", r"printf 's\n\n%0100000d\n' 7 | git commit -q -F -", &["s <- a b"]),
    case("many lines", "{ echo s; echo; seq 20000; } | git commit -q -F -", &["s <- a b"]),
    case("-a", "echo 3 >>f; git commit -q -a -m subject", &["subject <- a b"]),
    case("--allow-empty", "git reset -q --hard; git commit --allow-empty -m subject", &["subject <- a b"]),
    case("part of the changes", "echo 1 >g; echo 1 >h; git add g h; git commit -m subject g", &["subject <- a b"]),
    case("--include", "echo 1 >g; git add g; echo 2 >g; git commit -m subject -i g", &["subject <- a b"]),
    case("--no-verify", "git commit --no-verify -m subject", &["subject <- a b"]),
    case(
        "--author and --date",
        "git commit --author 'B <b@c>' --date 2001-02-03T04:05:06Z -m subject",
        &["subject <- a b"],
    ),
    case("-q", "git commit -q -m subject", &["subject <- a b"]),
    case("--dry-run", "git commit --dry-run -m subject", &[]),
    case("runs are cited once", "git commit -m one; change 3; git commit -m two", &["one <- a b", "two"]),
    case(
        "runs between commits",
        "git commit -m one; record c; change 3; git commit -m two",
        &["one <- a b", "two <- c"],
    ),
];

const CLEANUP: &[Case] = &[
    case("strip", r"printf '\n\ns\n\n# gone\nbody  \n\n\n' | git commit --cleanup=strip -F -", &["s <- a b"]),
    case("strip, # lines at the end", r"printf 's\n\n# gone\n' | git commit --cleanup=strip -F -", &["s <- a b"]),
    case(
        "whitespace",
        r"printf '\n\ns\n\n# stays\nbody  \n\n\n' | git commit --cleanup=whitespace -F -",
        &["s <- a b"],
    ),
    case("verbatim", r"printf '\n\ns\n\n# stays\nbody  \n\n\n' | git commit --cleanup=verbatim -F -", &["s <- a b"]),
    case("verbatim, one line", "printf s | git commit --cleanup=verbatim -F -", &["s <- a b"]),
    case(
        "verbatim, # lines at the end",
        r"printf 's\n\n# stays\n' | git commit --cleanup=verbatim -F -",
        &["s <- a b"],
    ),
    case("scissors", r"printf 's\n\n# stays\n' | git commit --cleanup=scissors -F -", &["s <- a b"]),
    case("default", r"printf 's\n\n# stays\n' | git commit --cleanup=default -F -", &["s <- a b"]),
    case(
        "commit.cleanup=strip",
        r"git config commit.cleanup strip; printf 's\n\n# gone\n' | git commit -F -",
        &["s <- a b"],
    ),
    case(
        "commit.cleanup=strip, trailers",
        r"git config commit.cleanup strip; printf 's\n\nA: b\n# gone\nC: d\n' | git commit -F -",
        &["s <- a b"],
    ),
    case(
        "commit.cleanup=whitespace",
        "git config commit.cleanup whitespace; git commit -m s -m '# stays'",
        &["s <- a b"],
    ),
    case(
        "commit.cleanup=verbatim",
        r"git config commit.cleanup verbatim; printf ' s \n\n# stays \n\n' | git commit -F -",
        &["s <- a b"],
    ),
    case("commit.cleanup=scissors", "git config commit.cleanup scissors; git commit -m s -m '# stays'", &["s <- a b"]),
    case("commit.cleanup=default", "git config commit.cleanup default; git commit -m s -m '# stays'", &["s <- a b"]),
    case(
        "scissors below -m, by configuration",
        r"git config commit.cleanup scissors; printf 's\n\nb\n# ------------------------ >8 ------------------------\ngone?\n' | git commit -F -",
        &["s <- a b"],
    ),
];

/// No commit is made; the runs wait for the next one.
const ABORTED: &[Case] = &[
    case("-m ''", "refused git commit -m ''; git commit -m next", &["next <- a b"]),
    case("-m of spaces", "refused git commit -m '   '; git commit -m next", &["next <- a b"]),
    case("-F empty", "refused git commit -F /dev/null; git commit -m next", &["next <- a b"]),
    case("-m '' --no-verify", "refused git commit --no-verify -m ''; git commit -m next", &["next <- a b"]),
    case("-m '' -s", "refused git commit -s -m ''; git commit -m next", &["next <- a b"]),
    case(
        "only # lines, strip by configuration",
        "git config commit.cleanup strip; refused git commit -m '# c'; git commit -m next",
        &["next <- a b"],
    ),
    case("NUL", r"printf 's\0t\n' >../m; refused git commit -F ../m; git commit -m next", &["next <- a b"]),
    case(
        "nothing to commit",
        "git reset -q --hard; refused git commit -m s; change 3; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "--allow-empty-message",
        "git commit --allow-empty-message -m ''; change 3; git commit -m next",
        &["", "next"],
    ),
    case(
        "another hook refuses",
        "printf '#!/bin/sh\\nexit 1\\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; refused git commit -m s; rm .git/hooks/pre-commit; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "a reference-transaction hook refuses",
        "printf '#!/bin/sh\\nwhile read old new ref; do case $1$ref in preparedrefs/heads/*) exit 1;; esac; done\\n' >.git/hooks/reference-transaction; chmod +x .git/hooks/reference-transaction; refused git commit -m s; rm .git/hooks/reference-transaction; git commit -m next",
        &["next <- a b"],
    ),
];

/// Where we are not as good as we want to be, and why (docs/limits.md).
const LIMITS: &[Case] = &[
    // With --no-verify git calls prepare-commit-msg, but not commit-msg, which would take the trailers out again.
    case("untouched, --no-verify", "GIT_EDITOR=ed-noop git commit --no-verify", &["Agentv-Run: 4d6673011bd803d1"])
        .unlike_git(),
    // A hook is not told of --cleanup; without it the line would stay.
    case("only # lines, --cleanup=strip", "git commit --cleanup=strip -m '# c'", &["Agentv-Run: 4d6673011bd803d1"])
        .unlike_git(),
    // git itself finds no trailers below a scissors line, not even its own.
    case(
        "a line that looks like scissors",
        r"printf 's\n\n# ------------------------ >8 ------------------------\nb\n' | git commit -s -F -",
        &["s"],
    ),
];
