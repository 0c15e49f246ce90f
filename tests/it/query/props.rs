//! What holds for every text.

use git_agentv::index::query::{FIELDS, Field, Kind, Query};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::{now, parse};

/// A text that looks like a query more often than chance would have it.
fn query() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = FIELDS.iter().flat_map(Field::names).collect();
    let signs = vec![":", "=", "!=", "<", "<=", ">", ">=", "!", "", "::"];
    let odd = (prop::sample::select(names), prop::sample::select(signs), prop::sample::select(VALUES.to_vec()))
        .prop_map(|(name, sign, value)| format!("{name}{sign}{value}"));
    let even = prop::sample::select(FIELDS.iter().collect::<Vec<_>>()).prop_flat_map(|field| {
        let (signs, values) = fitting(field);
        let names: Vec<_> = field.names().collect();
        (prop::sample::select(names), prop::sample::select(signs), prop::sample::select(values))
            .prop_map(|(name, sign, value)| format!("{name}{sign}{value}"))
    });
    let free = prop::sample::select(VALUES.to_vec()).prop_map(str::to_owned);
    let piece = prop_oneof![24 => even, 2 => odd, 4 => free, 1 => "\\PC{0,3}"];
    let glue = prop_oneof![
        8 => prop::sample::select(vec![" ", " or ", " and ", " -", " not ", "\n", " OR --"]),
        1 => prop::sample::select(vec!["(", ")", " (", ") ", "-(", ""]),
    ];
    let flat = prop::collection::vec((piece, glue), 1..4).prop_map(|pieces| {
        let last = pieces.len() - 1;
        let piece =
            |(at, (piece, glue)): (usize, (String, &str))| [piece, if at < last { glue.into() } else { String::new() }];
        pieces.into_iter().enumerate().flat_map(piece).collect::<String>()
    });
    // Parentheses that mostly match.
    flat.prop_recursive(3, 12, 3, |inner| {
        let glue = prop::sample::select(vec![" ", " or ", " -", " and not "]);
        (inner.clone(), glue, inner).prop_map(|(a, glue, b)| format!("({a}){glue}({b})"))
    })
}

/// Values of all kinds, and none.
const VALUES: [&str; 50] = [
    "a",
    "a*",
    "\"a b\"",
    "a\\ b",
    "\"*\"*",
    "0.9",
    "90%",
    "1k",
    "2m",
    "1..2",
    "..5",
    "3..",
    "\"..\"",
    "2w",
    "2w..1w",
    "2026-07-04",
    "2026-01..2026-07",
    "yesterday",
    "last.friday",
    "\"2026-07-04 10:30\"",
    "mine",
    "note",
    "pass",
    "fail",
    "failed",
    "1a2b",
    "1A2*",
    "HEAD~2",
    "main..topic",
    "$1",
    "-",
    "-x",
    "(",
    "or",
    "\"or\"",
    "NOT",
    "é?ß",
    "名",
    "\\\\",
    "\"\\\"\"",
    "a.b",
    "\"a.\".",
    "\".\".x",
    "**?",
    "",
    "\"",
    "\"a:b\"",
    "a\\(b\\)",
    "\"-x\"",
    "\u{1}",
];

/// Operators and values that go with a field.
fn fitting(field: &'static Field) -> (Vec<&'static str>, Vec<&'static str>) {
    let both = vec![":", "=", "!="];
    match field.kind {
        Kind::Number(_) => (vec![":", "!=", "<", "<=", ">", ">="], vec!["0", "1", "0.0", "1..", "..1", "0..1"]),
        Kind::Time => (vec![":", "!="], vec!["2026-07-04", "2026-01..2026-07", "today", "..\"last friday\"", "2w.."]),
        Kind::Since(_) => (vec![":", "="], vec!["2w", "\"2 weeks ago\"", "2026", "2.weeks.ago", "july"]),
        Kind::Choice => (both, field.values.to_vec()),
        Kind::Id => (both, vec!["1a2b", "1A*", "?a\"\""]),
        Kind::Commit => (both, vec!["1a2b", "abc", "1A*", "HEAD~2", "main..topic", "\"a..\"b", "@{u}"]),
        Kind::Branch => (both, vec!["main", "feature/x", "\"a b\"", "v1.0"]),
        _ => (
            both,
            vec!["a", "a*", "\"a b\"", "\"*\"*\"?\"", "or", "-x", "a:b=c", "a\\(b\\)", "\"\\\"\"", "é?ß", "a..b"],
        ),
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Err(err) => {
            let span = err.span;
            prop_assert!(span.start <= span.end && span.end <= text.len(), "{err:?}");
            prop_assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{err:?}");
            prop_assert!(!err.message.is_empty());
            let rendered = err.render(text);
            let lines: Vec<_> = rendered.split('\n').collect();
            prop_assert!(lines.len() == 2 && lines[1].ends_with('^'), "{rendered}");
        }
        Ok(query) => {
            let printed = query.to_string();
            let again = parse(&printed);
            prop_assert_eq!(again.as_ref(), Ok(&query), "printed: {}", printed);
            prop_assert_eq!(again.map(|query| query.to_string()), Ok(printed));
        }
    }
    let last = text.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap();
    for word in Query::completions(text) {
        prop_assert!(word.len() > last.len() && word.to_lowercase().starts_with(&last.to_lowercase()), "{word}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_text(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn texts_like_queries(text in query()) {
        check(&text)?;
    }
}

#[test]
fn enough_of_the_texts_are_queries() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let good = std::cell::Cell::new(0);
    let tried = 500;
    for _ in 0..tried {
        let text = query().new_tree(&mut runner).unwrap().current();
        good.set(good.get() + usize::from(parse(&text).is_ok_and(|query| !query.is_empty())));
    }
    assert!(good.get() > tried / 4, "{} of {tried}", good.get());
}

#[test]
fn what_is_too_much_is_refused() {
    let refused = |text: &str| parse(text).unwrap_err().message;
    assert!(refused(&"é".repeat(3000)).contains("at most 4096 bytes"));
    assert!(refused(&"a ".repeat(300)).contains("at most 256 conditions"));
    assert!(refused(&format!("{}a{}", "(".repeat(100), ")".repeat(100))).contains("nested too deeply"));
    assert!(refused(&format!("{}a", "-".repeat(3000))).contains("nested too deeply"));
    assert!(Query::parse(&"a ".repeat(256), &now()).is_ok());
}
