//! What is said of queries that make no sense.

use super::parse;

/// A query, what is pointed at, and a piece of what is said.
const WRONG: [(&str, &str, &str); 48] = [
    ("experimnet:x", "experimnet", "did you mean 'experiment'?"),
    ("a colour:red", "colour", "quote it: \"colour:red\""),
    ("suite::case", "suite", "there is no field 'suite'"),
    ("tag:", "", "'tag' has no value"),
    ("is:", "", "it is one of mine, unpushed"),
    ("tag:\"\" x", "\"\"", "'tag' has no value"),
    ("pass_rate < 0.9", "<", "write it without spaces"),
    (":x", ":", "there is no field before ':'"),
    ("x \"\"", "\"\"", "nothing between the quotes"),
    ("tag:\"a b", "\"", "this quote is not closed"),
    ("x\\", "\\", "nothing after the '\\'"),
    ("a\u{7}b", "\u{7}", "no control characters"),
    ("(a", "(", "no ')' for this '('"),
    ("a)", ")", "no '(' for this ')'"),
    (") a", ")", "no '(' for this ')'"),
    ("a ()", "()", "nothing between the parentheses"),
    ("(a or)", ")", "something is missing here"),
    ("case:f(x)", "(", "inside of a word"),
    ("or a", "or", "needs something to join"),
    ("a or or b", "or", "quote it: \"or\""),
    ("a or", "", "missing after 'or'"),
    ("not", "", "missing after 'not'"),
    ("- a", "-", "nothing after '-'"),
    ("tag<x", "<", "'<' does not go with 'tag'"),
    ("since<2w", "<", "use since:VALUE"),
    ("status>failed", ">", "does not go with 'status'"),
    ("pass_rate<90", "90", "write a fraction or per cent: 0.9, 90%"),
    ("passed:1.5", "1.5", "not a whole number"),
    ("passed:many", "many", "not a number"),
    ("duration>2x", "2x", "90s, 2m"),
    ("score:0.9..0.5", "0.9..0.5", "ends before it begins"),
    ("score:0.5..high", "high", "not a number"),
    ("score<1..2", "1..2", "use FIELD:A..B"),
    ("score:..", "..", "needs an end"),
    ("since:someday", "someday", "'someday' is no date"),
    ("since:2026-13-01", "2026-13-01", "is no date"),
    ("since:2026-02-30", "2026-02-30", "is no date"),
    ("since:14", "14", "give it a unit"),
    ("since:99999999999y", "99999999999y", "is no date"),
    ("timestamp:2w", "2w", "use timestamp>= or timestamp<"),
    ("timestamp:today..yesterday", "today..yesterday", "ends before it begins"),
    ("status:fialed", "fialed", "did you mean 'failed'?"),
    ("case.status:passed", "passed", "did you mean 'pass'?"),
    ("is:yours", "yours", "it is one of mine"),
    ("id:xyz", "xyz", "cannot begin an id"),
    ("sha:--all", "--all", "does not begin with '-'"),
    ("on:-x", "-x", "does not begin with '-'"),
    ("on:a..b", "a..b", "use sha:a..b"),
];

#[test]
fn errors_point_at_what_is_wrong() {
    for (query, wrong, said) in WRONG {
        let err = match parse(query) {
            Err(err) => err,
            Ok(parsed) => panic!("{query} was read as {parsed}"),
        };
        assert_eq!(&query[err.span.start..err.span.end], wrong, "{query}: {err}");
        let told = format!("{err}; {}", err.hint.as_deref().unwrap_or_default());
        assert!(told.contains(said), "{query}: {told}");
    }
    let err = parse("(a or").unwrap_err();
    assert_eq!(err.render("(a or"), "(a or\n     ^", "what is missing, is missing at the end");
}
