//! Which runs a query finds.

use super::database::{database, resolved, select};
use super::parse;

/// Queries, and the runs that they find.
const FOUND: [(&str, &str); 133] = [
    ("", "abcdef"),
    // Free words.
    ("checkout", "abe"),
    ("CHECK", "abe"),
    ("check flow", "b"),
    ("gpt-?-m", "d"),
    ("night_", "b"),
    ("nightxly", ""),
    ("t_l", "b"),
    ("%", "c"),
    ("_", "b"),
    ("\"gpt-5, opus\"", "b"),
    ("-checkout", "cdf"),
    ("not (checkout or opus)", "df"),
    // Ids.
    ("id:aa", "a"),
    ("id=AA11", "a"),
    ("id:aa*", "a"),
    ("id:?b*", "b"),
    ("-id:a", "bcdef"),
    ("id!=f", "abcde"),
    // Names.
    ("experiment:checkout", "ae"),
    ("experiment:CHECKOUT", "ae"),
    ("experiment:checkout*", "abe"),
    ("experiment:\"checkout*\"", ""),
    ("experiment!=checkout", "bcdf"),
    ("-experiment:checkout", "bcdf"),
    ("run_id:100%", "c"),
    ("run_id:1%", ""),
    ("run_id:2026-07-14*", "a"),
    ("target:gpt-5", "ab"),
    ("target:opus", "bc"),
    ("target:gpt-*", "abd"),
    ("target:gpt", ""),
    ("-target:opus", "adef"),
    ("target!=gpt*", "cef"),
    ("format:agentv*", "ab"),
    ("author:ann", "acd"),
    // Tags, notes, links.
    ("tag:baseline", "ab"),
    ("tag:base*", "ab"),
    ("tag:base", ""),
    ("tag:env=prod", "e"),
    ("tag:baseline tag:flaky", "a"),
    ("-tag:baseline", "cdef"),
    ("tag!=baseline", "cdef"),
    ("note:machine", "a"),
    ("note:50%", "a"),
    ("note:\"\\\"checkout\\\"\"", "d"),
    ("-note:machine", "bcdef"),
    ("has:note", "ad"),
    ("-has:note", "bcef"),
    ("has:tag", "abe"),
    ("is:tagged", "abe"),
    ("has:link", "c"),
    ("-is:linked", "abdef"),
    ("has:cost", "abc"),
    ("-has:score", "cf"),
    ("has:target", "abcd"),
    ("-has:sha", "df"),
    // Status.
    ("status:complete", "abcd"),
    ("status:partial", "e"),
    ("is:pruned", "f"),
    ("-status:pruned", "abcde"),
    ("status:passed", "bd"),
    ("status:failed", "ae"),
    ("-status:failed", "bcdf"),
    ("status!=failed", "bcdf"),
    ("status:error", "cde"),
    // Numbers.
    ("pass_rate<0.9", "e"),
    ("pass_rate<=90%", "ae"),
    ("pass_rate:0.9", "a"),
    ("pass_rate:90%..", "abd"),
    ("pass_rate:..0.9", "ae"),
    ("pass_rate!=1", "ae"),
    ("-pass_rate<0.9", "abd"),
    ("-pass_rate:0.9..1", "e"),
    ("pass_rate<0.9 or -has:pass_rate", "cef"),
    ("score:0.3", "b"),
    ("score>0.3", "ade"),
    ("score<=0.3", "b"),
    ("score<0.3", ""),
    ("avg_score:0.913", "a"),
    ("tests>=10", "ab"),
    ("failed:1", "a"),
    ("failed>1", "e"),
    ("errors>0", "cde"),
    ("passed:0", "cf"),
    ("duration>1m", "ab"),
    ("duration:1500..1h30m", "ab"),
    ("duration<1s", "c"),
    ("duration:500", "c"),
    ("-duration<1s", "abe"),
    ("cost>$5", "b"),
    ("cost:0", "c"),
    ("tokens>=20k", "ab"),
    ("tokens:1m..", "b"),
    // Times.
    ("since:2026-07-15", "bdf"),
    ("since:today", "bdf"),
    ("until:yesterday", "ace"),
    ("before:2026-07-14", "ce"),
    ("after:2026-07-13", "abdf"),
    ("since:24h", "bdf"),
    ("since:2w", "abdf"),
    ("since:\"2 weeks ago\"", "abdf"),
    ("since:2w1h", "abdef"),
    ("timestamp>=2w", "ab"),
    ("timestamp:2026-07", "abe"),
    ("timestamp!=2026-07", "c"),
    ("-timestamp:2026-07-14", "bce"),
    // The last minute of June in Berlin.
    ("timestamp:2026-06-30T23:59", "c"),
    ("timestamp:\"2026-06-30 21:59:00 utc\"", "c"),
    ("timestamp<2026-07", "c"),
    ("timestamp>2026-06", "abe"),
    ("timestamp:june..2026-07-01", "ce"),
    ("recorded:\"2026-07-15 12:58\"", "b"),
    // Commits.
    ("sha:1a2b", "ab"),
    ("sha:1A2B1", "a"),
    ("sha:*555", "e"),
    ("-sha:1a2b", "ce"),
    ("sha:HEAD", "b"),
    ("sha:main..topic", "c"),
    ("on:main", "ab"),
    ("-on:main", "ce"),
    ("is:exact", "a"),
    ("-is:exact", "bcdef"),
    ("is:near", "bce"),
    ("is:dirty", "b"),
    ("is:mine", "ac"),
    ("is:unpushed", "bcdef"),
    // Cases.
    ("case:login", "abc"),
    ("case:LOG*", "abce"),
    ("case:log[i]n", "e"),
    ("case:login case.status:fail", "a"),
    ("case:logout case.status:fail", ""),
    ("case:logout (case.status:pass or case.status:skip)", "ae"),
];

/// More about cases.
const CASES: [(&str, &str); 14] = [
    ("(case:login case.status:fail) (case:logout case.status:pass)", "a"),
    ("case:login (case:logout case.status:pass)", "a"),
    ("case:login case.status!=pass", "ac"),
    ("case:login -case.status:fail", "bc"),
    ("-case.status:fail", "bc"),
    ("-case.status!=pass", "b"),
    ("-(case:login case.status:fail)", "bce"),
    ("case.score<0.5", "a"),
    ("-case.score<0.5", "bce"),
    ("case.score>=50% case.score<1", "e"),
    ("case.suite:s case.target:opus", "b"),
    ("case.duration>0.5s case.cost>0", "a"),
    ("case:login or errors>3", "abc"),
    ("(case:login or tag:env*) case.status:fail", "ae"),
];

#[test]
fn runs_are_found() {
    let (db, resolved) = (database(), resolved());
    for (text, expected) in FOUND.iter().chain(&CASES) {
        let query = parse(text).unwrap_or_else(|err| panic!("{err}\n{}", err.render(text)));
        assert_eq!(select(&db, &query, &resolved), *expected, "{text}\n{:?}", query.to_sql(&resolved));
        assert_eq!(query.needs().cases, text.contains("case"), "{text}");
    }
}

#[test]
fn negating_never_finds_the_same_run_and_twice_is_nothing() {
    let (db, resolved) = (database(), resolved());
    for (text, expected) in FOUND.iter().chain(&CASES).filter(|(text, _)| !text.is_empty()) {
        let found = |text: &str| select(&db, &parse(text).unwrap(), &resolved);
        let others = found(&format!("-({text})"));
        assert!(!others.contains(|run| expected.contains(run)), "{text}: {expected}, and negated {others}");
        assert_eq!(found(&format!("--({text})")), *expected, "{text}");
    }
}
