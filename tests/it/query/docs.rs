//! `docs/query.md` says what the code does.

use std::path::Path;

use git_agentv::index::query::{FIELDS, Field, GROUP_FIELDS, SORT_FIELDS, Sort};

use super::parse;

fn section(heading: &str) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/query.md")).unwrap();
    let start = text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("there is no section '{heading}'"));
    let body = &text[start + heading.len() + 2..];
    let level = heading.split(' ').next().unwrap().len();
    let end = (1..=level).filter_map(|level| body.find(&format!("\n{} ", "#".repeat(level)))).min();
    body[..end.unwrap_or(body.len())].to_owned()
}

/// What stands in backticks in a text.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What stands in backticks in the first cells of the table of a section.
fn first_cells(section: &str) -> Vec<&str> {
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| code(row.split('|').nth(1).unwrap())).collect()
}

#[test]
fn all_fields_are_described() {
    let section = section("## Fields");
    let table = section.split("### Words").next().unwrap();
    let mut described = first_cells(table);
    let mut known: Vec<_> = FIELDS.iter().flat_map(Field::names).collect();
    described.sort_unstable();
    known.sort_unstable();
    assert_eq!(described, known);
}

#[test]
fn all_words_are_described() {
    let section = section("### Words");
    let mut described: Vec<String> = first_cells(&section).into_iter().map(str::to_owned).collect();
    let known = FIELDS.iter().flat_map(|field| field.values.iter().map(move |word| format!("{}:{word}", field.name)));
    let mut known: Vec<_> = known.collect();
    described.sort_unstable();
    known.sort_unstable();
    assert_eq!(described, known);
    assert!(known.len() > 30);
    for word in &known {
        assert!(parse(word).is_ok(), "{word}");
    }
}

#[test]
fn all_dates_are_read() {
    let section = section("### Dates");
    let dates = first_cells(&section);
    assert!(dates.len() > 20, "{dates:?}");
    let single = dates.iter().filter(|date| date.len() > 2);
    for date in single {
        let query = format!("since:{date}");
        assert!(parse(&query).is_ok(), "{query}: {:?}", parse(&query));
    }
}

#[test]
fn all_examples_are_queries() {
    let section = section("## Examples");
    let examples = first_cells(&section);
    assert!(examples.len() >= 10, "{examples:?}");
    for example in examples {
        let query = parse(example).unwrap_or_else(|err| panic!("{err}\n{}", err.render(example)));
        assert!(!query.is_empty());
    }
}

#[test]
fn what_is_said_of_cases_is_queries() {
    let section = section("## Cases");
    let queries: Vec<_> = code(&section).into_iter().filter(|code| code.contains(':')).collect();
    assert!(queries.len() >= 6, "{queries:?}");
    for query in queries {
        assert!(parse(query).is_ok_and(|query| query.needs().cases), "{query}");
    }
}

#[test]
fn the_error_is_what_is_printed() {
    let section = section("## Errors");
    let query = "experimnet:checkout since:2w";
    let err = parse(query).unwrap_err();
    let rendered: String = err.render(query).lines().map(|line| format!("  {line}\n")).collect();
    let expected = format!("error: {err}\n{rendered}hint: {}\n", err.hint.as_deref().unwrap());
    assert!(section.contains(&expected), "{expected}");
}

#[test]
fn what_can_be_sorted_can_be_asked_for() {
    for name in SORT_FIELDS.iter().flat_map(|field| field.names) {
        assert!(Field::find(name).is_some(), "{name}");
        assert!(Sort::parse(&format!("{name}:desc")).is_ok_and(|sort| sort.descending), "{name}");
    }
    for group in &GROUP_FIELDS {
        assert!(Field::find(group.name).is_some(), "{}", group.name);
    }
    let err = Sort::parse("scroe:desc").unwrap_err();
    assert_eq!(err.render("scroe:desc"), "scroe:desc\n^^^^^");
    assert_eq!(err.hint.as_deref(), Some("did you mean 'score'?"));
    assert_eq!(Sort::parse("score:down").unwrap_err().render("score:down"), "score:down\n      ^^^^");
}
