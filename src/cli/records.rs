//! Lists for programs: JSON, JSON lines, comma- and tab-separated values.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::args::Format;
use super::output::{Out, sanitize, sanitize_lines};
use crate::run::is_unsafe;

/// Version of everything that is printed as JSON. It changes when a key goes
/// or changes its meaning, not when one is added.
pub(crate) const JSON_VERSION: u32 = 1;

/// Prints `items` for programs. `name` is the key of the list in JSON, `fields` are the
/// columns of separated values.
pub(crate) fn print<T: Serialize>(
    out: &mut Out,
    format: Format,
    name: &str,
    fields: &[&str],
    items: &[T],
) -> io::Result<()> {
    match format {
        Format::Json => {
            let mut document = Map::new();
            document.insert("version".into(), JSON_VERSION.into());
            document.insert(name.into(), serde_json::to_value(items)?);
            print_json(out, &document)
        }
        Format::Jsonl => items.iter().try_for_each(|item| print_line(out, item)),
        Format::Csv => separated(out, fields, items, ",", csv),
        Format::Tsv | Format::Table => separated(out, fields, items, "\t", tsv),
    }
}

/// Prints one object on a line.
pub(crate) fn print_line(out: &mut Out, item: &impl Serialize) -> io::Result<()> {
    writeln!(out, "{}", escaped(serde_json::to_string(item)?))
}

/// Prints one JSON document.
pub(crate) fn print_json(out: &mut Out, document: &impl Serialize) -> io::Result<()> {
    writeln!(out, "{}", escaped(serde_json::to_string_pretty(document)?))
}

/// JSON must escape the control characters below U+0020 only; a terminal obeys others, too.
/// Outside of strings there are none of these.
fn escaped(json: String) -> String {
    if !json.contains(|c| is_unsafe(c) && c != '\n') {
        return json;
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_unsafe(c) && c != '\n' {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

fn separated<T: Serialize>(
    out: &mut Out,
    fields: &[&str],
    items: &[T],
    by: &str,
    quote: fn(&str) -> String,
) -> io::Result<()> {
    writeln!(out, "{}", fields.join(by))?;
    for item in items {
        let value = serde_json::to_value(item)?;
        let cells: Vec<_> = fields.iter().map(|field| quote(&plain(value.get(*field)))).collect();
        writeln!(out, "{}", cells.join(by))?;
    }
    Ok(())
}

/// A value as text; lists are joined with spaces (a tag has none), absent is empty.
fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(|item| plain(Some(item))).collect::<Vec<_>>().join(" "),
        Some(other) => other.to_string(),
    }
}

/// RFC 4180.
fn csv(text: &str) -> String {
    let text = sanitize_lines(text);
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Tabs and line breaks can't be told from separators, so they become spaces.
fn tsv(text: &str) -> String {
    sanitize(text).into_owned()
}
