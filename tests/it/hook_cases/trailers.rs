//! Trailers that were there, and settings about trailers.

use super::{Case, case, check_all};

#[test]
fn runs_that_are_cited_by_hand() {
    check_all(CITED);
}

#[test]
fn settings_of_trailers() {
    check_all(SETTINGS);
}

#[test]
fn runs_that_are_not_cited() {
    check_all(NOT_CITED);
}

const A: &str = "4d6673011bd803d1";

#[test]
fn the_ids_of_the_real_bundles() {
    // The cases below name it; the id of a bundle never changes (docs/format.md).
    let env = crate::env::TestEnv::new();
    env.bundle("agentv-5.3.1", ".agentv/results/a");
    env.agentv(["record"]).ok();
    assert_eq!(env.runs()[0]["id"], A);
}

const CITED: &[Case] = &[
    case("with -m", "git commit -m s -m 'Agentv-Run: 4d6673011bd803d1'", &["s <- a b"]),
    case("with --trailer", "git commit -m s --trailer Agentv-Run:4d6673011bd803d1", &["s <- a b"]),
    case("in the body", "git commit -m s -m 'Agentv-Run: 4d6673011bd803d1' -m 'was good'", &["s <- a b"]),
    case("among others", r"printf 's\n\nA: b\nAgentv-Run: 4d6673011bd803d1\nC: d\n' | git commit -F -", &["s <- a b"]),
    case(
        "a run that nobody knows",
        "git commit -m s -m 'Agentv-Run: 0123456789abcdef'",
        &["s <- 0123456789abcdef a b"],
    ),
    case("in an editor", "GIT_EDITOR=ed-noop git commit -e -m s -m 'Agentv-Run: 4d6673011bd803d1'", &["s <- a b"]),
    case(
        "the message of a commit that cites",
        "git commit -m one; change 3; git log -1 --format=%B >../m; git commit -q -F ../m",
        &["one <- a b", "one <- a b"],
    ),
];

const SETTINGS: &[Case] = &[
    case("trailer.separators", "git config trailer.separators '=#'; git commit -m s", &["s <- a b"]),
    case(
        "trailer.separators with trailers",
        r"git config trailer.separators '=:'; printf 's\n\nA: b\n' | git commit -F -",
        &["s <- a b"],
    ),
    case("trailer.where", "git config trailer.where start; git commit -m s -m 'A: b'", &["s <- a b"]),
    case(
        "trailer.ifexists=doNothing",
        "git config trailer.ifexists doNothing; git commit -m s -m 'A: b'",
        &["s <- a b"],
    ),
    case("trailer.ifexists=replace", "git config trailer.ifexists replace; git commit -m s -m 'A: b'", &["s <- a b"]),
    case("trailer.ifmissing=doNothing", "git config trailer.ifmissing doNothing; git commit -m s", &["s <- a b"]),
    case("a key of its own", "git config trailer.Agentv-Run.key 'Run #'; git commit -m s", &["s <- a b"]),
    case(
        "a key of its own, lower case",
        "git config trailer.agentv-run.key 'Agentv-Run= '; git commit -m s",
        &["s <- a b"],
    ),
    case(
        "an alias",
        "git config trailer.run.key Agentv-Run; git config trailer.run.ifexists replace; git config trailer.run.ifmissing doNothing; git commit -m s",
        &["s <- a b"],
    ),
    case("a prefix of ours", "git config trailer.agent.key Agentv-Run-of; git commit -m s", &["s <- a b"]),
    case(
        "ours with another place",
        "git config trailer.Agentv-Run.where start; git commit -m s -m 'A: b'",
        &["s <- a b"],
    ),
    case(
        "ours, not if missing",
        "git config trailer.Agentv-Run.ifMissing doNothing; git config trailer.Agentv-Run.ifExists doNothing; git commit -m s",
        &["s <- a b"],
    ),
    case("a command", "git config trailer.Agentv-Run.command 'echo hacked'; git commit -m s", &["s <- a b"]),
    case("a cmd", "git config trailer.Agentv-Run.cmd 'echo hacked'; git commit -m s", &["s <- a b"]),
    case(
        "a command of another trailer",
        "git config trailer.sign.key Signed-off-by; git config trailer.sign.command 'echo me'; git commit -m s",
        &["s <- a b"],
    ),
    case("a broken setting", "git config trailer.Agentv-Run.where nowhere; git commit -m s", &["s <- a b"]),
];

const NOT_CITED: &[Case] = &[
    case("deleted since", "delete a; git commit -m s", &["s <- b"]),
    case("all deleted since", "delete a b; git commit -m s", &["s"]),
    case("the ref is gone", "hooked git update-ref -d refs/agentv/runs/v1; git commit -m s", &["s"]),
    case("HEAD moved", "git commit -q -m one; change 3; git commit -m two", &["one <- a b", "two"]),
    case(
        "HEAD moved without a hook",
        "AGENTV_HOOK=0 git commit -q -m one; change 3; git commit -m two",
        &["one", "two"],
    ),
    case(
        "HEAD moved by another tool",
        "git update-ref HEAD \"$(git commit-tree -p HEAD -m one \"$(git write-tree)\")\"; change 3; git commit -m two",
        &["one", "two"],
    ),
    case(
        "another branch",
        "git stash -q; git checkout -q --orphan other; git commit -q -m other; git checkout -q main; git stash pop -q --index; git commit -m s",
        &["other", "first", "s <- a b"],
    ),
    case("AGENTV_HOOK=0", "AGENTV_HOOK=0 git commit -m s", &["s"]),
    case(
        "AGENTV_HOOK=0 and an editor",
        "export AGENTV_HOOK=0; GIT_EDITOR=ed-noop refused git commit; GIT_EDITOR=ed-subject git commit",
        &["typed subject"],
    ),
    case("our programs are not there", "PATH=$PATH_WITHOUT_US git commit -m s", &["s"]),
    case(
        "our programs are not there, an editor",
        "PATH=$PATH_WITHOUT_US; GIT_EDITOR=ed-noop refused git commit; GIT_EDITOR=ed-subject git commit -v",
        &["typed subject"],
    ),
    case("no runs", "hooked rm -rf .git/agentv; git commit -m s", &["s"]),
    case(
        "garbage among the pending",
        "garbage() { printf 'x\\n\\n--help\\n../..\\n0000\\n' >>.git/agentv/pending; }; hooked garbage; git commit -m s",
        &["s <- a b"],
    ),
    case(
        "the list of pending is a directory",
        "hooked rm .git/agentv/pending; hooked mkdir .git/agentv/pending; git commit -m s",
        &["s"],
    ),
];
