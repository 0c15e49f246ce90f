//! The SQL of queries, orders and groups.

use git_agentv::index::query::{GROUP_FIELDS, Needs, SORT_FIELDS, Sort, Wanted};

use super::database::{database, resolved, select};
use super::parse;

#[test]
fn what_was_typed_is_never_in_the_sql() {
    let quoted = parse(r#"zzq'a tag:zzq"b" experiment:zzq*;-- case:zzq author:zzq note:zzq sha:zzq..x on:zzq"#);
    let query = quoted.unwrap_or_else(|err| panic!("{err:?}"));
    let mut resolved = resolved();
    resolved.commits.extend(query.needs().commits.into_iter().map(|wanted| (wanted, vec!["zzq'".to_owned()])));
    let (sql, params) = query.to_sql(&resolved).unwrap();
    assert!(!sql.contains("zzq"), "{sql}");
    assert_eq!(sql.matches('?').count(), params.len());
    assert_eq!(select(&database(), &query, &resolved), "");
}

#[test]
fn what_git_must_say_is_listed() {
    let query = parse("sha:HEAD (sha:HEAD or on:main) -sha:main..topic is:mine is:unpushed is:dirty case:x").unwrap();
    let commits =
        vec![Wanted::Commit("HEAD".into()), Wanted::Reachable("main".into()), Wanted::Range("main..topic".into())];
    assert_eq!(query.needs(), Needs { commits, me: true, unpushed: true, trees: true, cases: true, places: false });
    assert!(parse("checkout sha:1a2b since:2w").unwrap().needs().is_empty());
    // A branch may well be called like three digits.
    assert_eq!(parse("sha:abc").unwrap().needs().commits, [Wanted::Commit("abc".into())]);
    let text = "tag:x -sha:nowhere";
    let err = parse(text).unwrap().to_sql(&resolved()).unwrap_err();
    assert_eq!(err.render(text), "tag:x -sha:nowhere\n           ^^^^^^^");
    assert!(parse("-is:pruned").unwrap().names_pruned() && !parse("tag:pruned").unwrap().names_pruned());
}

#[test]
fn a_query_of_the_greatest_size_is_answered() {
    let (db, resolved) = (database(), resolved());
    let all = |joint: &str| vec!["checkout"; 256].join(joint);
    assert_eq!(select(&db, &parse(&all(" ")).unwrap(), &resolved), "abe");
    assert_eq!(select(&db, &parse(&all(" or ")).unwrap(), &resolved), "abe");
    let deep = format!("{}checkout{}", "(x or -(y ".repeat(10), "))".repeat(10));
    assert!(select(&db, &parse(&deep).unwrap(), &resolved).len() <= 6);
    // What matches badly is still no work.
    db.execute("UPDATE notes SET note = ?", ["ab".repeat(100_000) + "b"]).unwrap();
    assert_eq!(select(&db, &parse("note:a?*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*aab").unwrap(), &resolved), "");
}

#[test]
fn runs_are_sorted_and_grouped() {
    let db = database();
    let order = |sort: &str| {
        let Sort { field, descending } = Sort::parse(sort).unwrap();
        let direction = if descending { "DESC" } else { "ASC" };
        let order = format!("{} {direction} NULLS LAST, r.recorded DESC", field.expr);
        let sql = format!("SELECT substr(r.id, 1, 1) FROM runs r WHERE r.store = 0 ORDER BY {order}");
        let mut statement = db.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<Result<String, _>>().unwrap()
    };
    assert_eq!(order("recorded:desc"), "abcdef");
    assert_eq!(order("score"), "beda".to_owned() + "cf", "unknown is last");
    assert_eq!(order("score:desc"), "adebcf", "unknown is last");
    assert_eq!(order("errors:desc"), "cdeabf", "the newest first among equals");
    for field in &SORT_FIELDS {
        assert_eq!(order(field.names[0]).len(), 6);
    }
    let groups = GROUP_FIELDS.iter().map(|group| {
        let sql =
            format!("SELECT count(DISTINCT {0}), count(*) FROM runs r{1} WHERE r.store = 0", group.expr, group.join);
        db.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    });
    assert_eq!(groups.collect::<Vec<(i64, i64)>>(), [(4, 6), (4, 6), (4, 6), (4, 7), (1, 6)]);
}
