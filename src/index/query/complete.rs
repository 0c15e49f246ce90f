//! What can come next.

use super::field::{FIELDS, Field, Kind};

/// Dates that are often asked for.
const DATES: [&str; 7] = ["today", "yesterday", "1d", "1w", "2w", "1mo", "1y"];

/// The words that the last word of `text` could become.
pub(super) fn complete(text: &str) -> Vec<String> {
    let word = text.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let bare = word.trim_start_matches('-');
    let before = &word[..word.len() - bare.len()];
    let words: Vec<String> = match bare.find([':', '=']) {
        None => FIELDS.iter().map(|field| format!("{}:", field.name)).collect(),
        Some(at) => {
            let (name, sign) = (bare[..at].trim_end_matches('!'), &bare[..=at]);
            let field = Field::find(name);
            let values = field.map_or(&[][..], |field| match field.kind {
                Kind::Time | Kind::Since(_) => &DATES,
                _ => field.values,
            });
            values.iter().map(|value| format!("{sign}{value}")).collect()
        }
    };
    let bare = bare.to_ascii_lowercase();
    let fits = |word: &String| word.to_ascii_lowercase().starts_with(&bare) && word.len() > bare.len();
    words.into_iter().filter(fits).map(|word| format!("{before}{word}")).collect()
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn fields_and_values() {
        let table: [(&str, &[&str]); 8] = [
            ("exp", &["experiment:"]),
            ("experiment:x tar", &["target:"]),
            ("-is:p", &["-is:partial", "-is:pruned"]),
            ("(case.status!=pa", &["case.status!=pass"]),
            ("since:y", &["since:yesterday"]),
            ("IS:mi", &["IS:mine"]),
            ("experiment:", &[]),
            ("is:mine", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(complete(text), expected, "{text}");
        }
        assert!(complete("").contains(&"tag:".to_owned()) && complete("-").contains(&"-tag:".to_owned()));
    }
}
