//! HTML that we make ourselves, for what a template cannot nest. Whatever comes from a run is escaped here; only what these
//! functions return is put into a template as it is.

use std::fmt::Write;

use serde_json::Value;

use super::markdown;

/// Values of a document of JSON that are shown folded; a larger one is shown as text.
const VALUES: usize = 5000;

/// Text as it stands in HTML, also within quotes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What HTML does not know as a character.
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// JSON, folded; none if it is too much of it.
pub(super) fn json(value: &Value) -> Option<String> {
    let (mut out, mut left) = (String::new(), VALUES);
    push(&mut out, None, value, 0, &mut left)?;
    Some(out)
}

fn push(out: &mut String, name: Option<&str>, value: &Value, depth: usize, left: &mut usize) -> Option<()> {
    *left = left.checked_sub(1)?;
    let name = name.map(|name| format!("<span class=\"key\">{}</span> ", escape(name))).unwrap_or_default();
    let (many, what, brackets) = match value {
        Value::Object(object) if !object.is_empty() => (object.len(), "keys", "{}"),
        Value::Array(array) if !array.is_empty() => (array.len(), "items", "[]"),
        leaf => {
            let class = match leaf {
                Value::String(_) => "string",
                Value::Number(_) => "number",
                _ => "word",
            };
            let text = match leaf {
                // A text of several lines is easier to read as what it says.
                Value::String(text) if text.contains('\n') => text.clone(),
                leaf => leaf.to_string(),
            };
            let _ = write!(out, "<div class=\"leaf\">{name}<span class=\"{class}\">{}</span></div>", escape(&text));
            return Some(());
        }
    };
    let open = if depth == 0 || (depth < 3 && many <= 12) { " open" } else { "" };
    let what = if many == 1 { what.trim_end_matches('s') } else { what };
    let _ = write!(
        out,
        "<details{open}><summary>{name}<span class=\"dim\">{brackets} {many} {what}</span></summary><div class=\"in\">"
    );
    match value {
        Value::Object(object) => {
            object.iter().try_for_each(|(name, value)| push(out, Some(name), value, depth + 1, left))?;
        }
        Value::Array(array) => {
            for (at, value) in array.iter().enumerate() {
                push(out, Some(&at.to_string()), value, depth + 1, left)?;
            }
        }
        _ => {}
    }
    out.push_str("</div></details>");
    Some(())
}

/// Markdown. A link or an image that stays within the run's files goes where `place` says; the others are only told.
pub(super) fn markdown(text: &str, place: &dyn Fn(&str, bool) -> Option<String>) -> String {
    markdown::render(text, place)
}

/// What a line of a patch is.
pub(super) fn patch_class(line: &str) -> &'static str {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => "head",
        [b'+', ..] => "add",
        [b'-', ..] => "del",
        [b'@', b'@', ..] => "hunk",
        _ if line.starts_with("diff ") || line.starts_with("index ") => "head",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{escape, json};

    #[test]
    fn what_a_run_says_stays_text() {
        assert_eq!(escape("<a href=\"x\">'&\0"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;\u{fffd}");
        let value = serde_json::json!({"<b>": ["<script>alert(1)</script>", 1, null]});
        let html = json(&value).unwrap();
        assert!(!html.contains("<script") && !html.contains("<b>") && html.contains("&lt;script&gt;"), "{html}");
        assert_eq!(html.matches("<details").count(), html.matches("</details>").count());
        assert_eq!(json(&serde_json::json!(vec![0; 6000])), None);
    }
}
