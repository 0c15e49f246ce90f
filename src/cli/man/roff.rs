//! Just enough roff for a man page. Not `clap_mangen`: it fills examples into
//! paragraphs, writes synopses without values and mixes global options with the command's own.

use std::fmt::Write;

/// Input lines stay below this, as mandoc asks for.
const WIDTH: usize = 76;

/// The text of one page.
#[derive(Debug)]
pub(super) struct Page(String);

impl Page {
    /// Begins a page of section 1. It carries no version and no date, so that it only changes when
    /// what it tells does.
    pub(super) fn new(name: &str, about: &str) -> Self {
        let mut page = Self(format!(
            ".\\\" Made by 'git agentv man'. Do not edit.\n.TH {} 1 \"\" git\\-agentv \"Git Agentv Manual\"\n.ad l\n.nh\n",
            escape(&name.to_uppercase())
        ));
        page.section("NAME");
        page.line(&format!("{} \\- {}", escape(name), escape(about)));
        page
    }

    pub(super) fn section(&mut self, title: &str) {
        self.line(&format!(".SH {title}"));
    }

    /// One way to call a command: its name, and the parts that must not be broken.
    pub(super) fn synopsis(&mut self, name: &str, parts: &[String]) {
        self.line(&format!(".SY \"{}\"", escape(name)));
        for part in parts {
            self.line(&part.replace(' ', "\\~"));
        }
        self.line(".YS");
        // It has switched hyphenation on again: names must stay as they are typed.
        self.line(".nh");
    }

    /// A paragraph, filled; as it stands if one of its lines is indented.
    pub(super) fn paragraph(&mut self, text: &str) {
        // A section begins one itself.
        if !self.0.lines().next_back().is_some_and(|line| line.starts_with(".SH ")) {
            self.line(".PP");
        }
        if text.lines().any(|line| line.starts_with(' ')) { self.literal(text) } else { self.fill(text) }
    }

    /// Lines as they stand, indented.
    pub(super) fn example(&mut self, text: &str) {
        let indent = text.lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        self.line(".RS 4");
        self.literal(&text.lines().map(|line| &line[indent..]).collect::<Vec<_>>().join("\n"));
        self.line(".RE");
    }

    /// A term, in roff, and what it means.
    pub(super) fn item(&mut self, term: &str, text: &str) {
        self.line(".TP");
        self.line(term);
        self.fill(text);
    }

    /// Items that belong to the item before.
    pub(super) fn nested<'a>(&mut self, items: impl Iterator<Item = (&'a str, String)>) {
        self.line(".RS");
        for (term, text) in items {
            self.item(&bold(term), &text);
        }
        self.line(".RE");
    }

    /// Other pages, in roff.
    pub(super) fn references(&mut self, pages: &[String]) {
        self.line(&pages.join(",\n"));
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn literal(&mut self, text: &str) {
        self.line(".nf");
        for line in text.lines() {
            self.text_line(&escape(line));
        }
        self.line(".fi");
    }

    fn fill(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace().map(escape) {
            if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
                self.text_line(&line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        self.text_line(&line);
    }

    /// An escaped line that is text whatever it begins with.
    fn text_line(&mut self, line: &str) {
        let guard = if line.starts_with('.') { "\\&" } else { "" };
        self.line(&format!("{guard}{line}"));
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }
}

pub(super) fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escape(text))
}

pub(super) fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escape(text))
}

/// Characters that roff or its output devices would change.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '\'' => escaped.push_str("\\(aq"),
            '`' => escaped.push_str("\\(ga"),
            '^' => escaped.push_str("\\(ha"),
            '~' => escaped.push_str("\\(ti"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut page = Page::new("a-b", "does it");
        page.section("TEXT");
        page.paragraph(".git and 'quotes'\nfill one line");
        page.paragraph("  a\\b --flag");
        let text = String::from_utf8(page.into_bytes()).unwrap();
        assert!(text.contains("\n.TH A\\-B 1 \"\" "), "{text}");
        assert!(text.contains("\na\\-b \\- does it\n"), "{text}");
        assert!(text.contains("\n.SH TEXT\n\\&.git and \\(aqquotes\\(aq fill one line\n"), "{text}");
        assert!(text.contains("\n.PP\n.nf\n  a\\eb \\-\\-flag\n.fi\n"), "{text}");
    }
}
