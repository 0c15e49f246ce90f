//! Comments that begin with something else than `#`.

use super::{Case, case, check_all};

#[test]
fn comment_characters() {
    check_all(CASES);
}

const CASES: &[Case] = &[
    case(
        "; and an editor",
        "git config core.commentChar ';'; GIT_EDITOR=ed-subject git commit",
        &["typed subject <- a b"],
    ),
    case("; and -v", "git config core.commentChar ';'; GIT_EDITOR=ed-subject git commit -v", &["typed subject <- a b"]),
    case(
        "; and scissors",
        "git config core.commentChar ';'; GIT_EDITOR=ed-body git commit --cleanup=scissors",
        &["typed subject <- a b"],
    ),
    case(
        "; untouched",
        "git config core.commentChar ';'; GIT_EDITOR=ed-noop refused git commit; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "; -v, untouched",
        "git config core.commentChar ';'; GIT_EDITOR=ed-noop refused git commit -v; git commit -m next",
        &["next <- a b"],
    ),
    case("; and -m with # lines", "git config core.commentChar ';'; git commit -m s -m '# stays'", &["s <- a b"]),
    case("; and -m with ; lines", "git config core.commentChar ';'; git commit -m s -m '; stays'", &["s <- a b"]),
    case(
        "; and -m -e with # lines",
        "git config core.commentChar ';'; GIT_EDITOR=ed-noop git commit -e -m s -m '# stays'",
        &["s <- a b"],
    ),
    case(
        "; and -m with ; lines, strip",
        "git config core.commentChar ';'; git config commit.cleanup strip; git commit -m s -m '; gone'",
        &["s <- a b"],
    ),
    case("; given with -c", "GIT_EDITOR=ed-body git -c core.commentChar=';' commit -v", &["typed subject <- a b"]),
    case(
        "; by environment",
        "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.commentChar GIT_CONFIG_VALUE_0=';'; GIT_EDITOR=ed-body git commit",
        &["typed subject <- a b"],
    ),
    case(
        "; and a template",
        r"printf '; c\nWhy:\n' >../t; git config core.commentChar ';'; GIT_EDITOR=ed-subject git commit -t ../t",
        &["typed subject <- a b"],
    ),
    case("//", "git config core.commentString //; GIT_EDITOR=ed-subject git commit", &["typed subject <- a b"])
        .since(2, 45),
    case("// and -v", "git config core.commentString //; GIT_EDITOR=ed-body git commit -v", &["typed subject <- a b"])
        .since(2, 45),
    case(
        "// untouched",
        "git config core.commentString //; GIT_EDITOR=ed-noop refused git commit; git commit -m next",
        &["next <- a b"],
    )
    .since(2, 45),
    case(
        "// -v, untouched",
        "git config core.commentString //; GIT_EDITOR=ed-noop refused git commit -v; git commit -m next",
        &["next <- a b"],
    )
    .since(2, 45),
    case("// and -m with // lines", "git config core.commentString //; git commit -m s -m '// stays'", &["s <- a b"])
        .since(2, 45),
    case(
        "// and scissors",
        "git config core.commentString //; GIT_EDITOR=ed-body git commit --cleanup=scissors",
        &["typed subject <- a b"],
    )
    .since(2, 45),
    case("// given with -c", "GIT_EDITOR=ed-body git -c core.commentString=// commit -v", &["typed subject <- a b"])
        .since(2, 45),
    case(
        "the last of several wins",
        "git config core.commentString //; git config --add core.commentChar ';'; GIT_EDITOR=ed-body git commit -v",
        &["typed subject <- a b"],
    )
    .since(2, 45),
    case(
        "core.commentString before git knew it",
        "git config core.commentString //; GIT_EDITOR=ed-body git commit -v",
        &["typed subject <- a b"],
    ),
    case("auto", "GIT_EDITOR=ed-subject git -c core.commentChar=auto commit", &["typed subject <- a b"]),
    case("auto, -v", "GIT_EDITOR=ed-body git -c core.commentChar=auto commit -v", &["typed subject <- a b"]),
    case(
        "auto, untouched",
        "GIT_EDITOR=ed-noop refused git -c core.commentChar=auto commit; git commit -m next",
        &["next <- a b"],
    ),
    case(
        "auto, # lines",
        "GIT_EDITOR=ed-noop git -c core.commentChar=auto commit -e -m '# a heading' -m '# another'",
        &["# a heading <- a b"],
    ),
    case(
        "auto, # lines, -v",
        "GIT_EDITOR=ed-noop git -c core.commentChar=auto commit -e -v -m s -m '# a heading' -m '; and this'",
        &["s <- a b"],
    ),
    case("auto, # lines, no editor", "git -c core.commentChar=auto commit -m s -m '# a heading'", &["s <- a b"]),
    case(
        "auto, amended",
        "git commit -q -m '# one'; GIT_EDITOR=ed-replace git -c core.commentChar=auto commit --amend",
        &["other subject <- a b"],
    ),
    case(
        "auto, amended, untouched",
        "git commit -q -m s -m '# one' -m body; GIT_EDITOR=ed-noop git -c core.commentChar=auto commit --amend",
        &["s <- a b"],
    ),
];
