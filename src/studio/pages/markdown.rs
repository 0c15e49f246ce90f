//! Markdown that somebody else wrote: text, lists, tables and code, and nothing that is loaded from or leads elsewhere.

use pulldown_cmark::{Alignment, Event, LinkType, Options, Parser, Tag, TagEnd, html};

use super::markup::escape;

/// Renders it. `place` says where a link (or an image: `true`) that stays within the run's files goes.
pub(super) fn render(text: &str, place: &dyn Fn(&str, bool) -> Option<String>) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let (mut events, mut ends, mut image) = (Vec::new(), Vec::new(), None::<(String, String)>);
    for event in Parser::new_ext(text, options) {
        if let Some((_, alt)) = &mut image {
            match &event {
                Event::Text(text) | Event::Code(text) => alt.push_str(text),
                Event::SoftBreak | Event::HardBreak => alt.push(' '),
                Event::End(TagEnd::Image) => {
                    if let Some((address, alt)) = image.take() {
                        events.push(Event::InlineHtml(picture(&address, &alt, place).into()));
                    }
                }
                _ => {}
            }
            continue;
        }
        match event {
            // Tags are shown as what they are.
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
            Event::Start(Tag::Image { dest_url, .. }) => image = Some((dest_url.to_string(), String::new())),
            Event::Start(Tag::Link { dest_url, link_type, .. }) => {
                let (start, end) = link(&dest_url, link_type, place);
                events.push(Event::InlineHtml(start.into()));
                ends.push(end);
            }
            Event::End(TagEnd::Link) => events.push(Event::InlineHtml(ends.pop().unwrap_or_default().into())),
            // An alignment would be a style attribute, which our pages do not allow.
            Event::Start(Tag::Table(columns)) => {
                events.push(Event::Start(Tag::Table(vec![Alignment::None; columns.len()])));
            }
            event => events.push(event),
        }
    }
    let mut out = String::new();
    html::push_html(&mut out, events.into_iter());
    out
}

fn picture(address: &str, alt: &str, place: &dyn Fn(&str, bool) -> Option<String>) -> String {
    match place(address, true) {
        Some(own) => format!("<img src=\"{}\" alt=\"{}\">", escape(&own), escape(alt)),
        None => format!("<span class=\"foreign\">image: {} ({})</span>", escape(alt), escape(address)),
    }
}

fn link(address: &str, kind: LinkType, place: &dyn Fn(&str, bool) -> Option<String>) -> (String, String) {
    if let Some(own) = place(address, false) {
        return (format!("<a href=\"{}\">", escape(&own)), "</a>".to_owned());
    }
    let told = match kind {
        LinkType::Autolink | LinkType::Email => String::new(),
        _ => format!(" <span class=\"foreign\">({})</span>", escape(address)),
    };
    (String::new(), told)
}

/// The path that a link in a file below `dir` leads to, if it stays within the run's files.
pub(super) fn within(dir: &str, address: &str) -> Option<String> {
    let path = address.split(['#', '?']).next().filter(|path| !path.is_empty())?;
    if path.starts_with(['/', '\\']) || path.contains([':', '\\']) {
        return None;
    }
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{render, within};

    #[test]
    fn nothing_of_it_is_active_or_foreign() {
        let text = "# T <b>x</b>\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n\
                    [a](javascript:alert(1)) ![p](https://x.example/p.png) [b](https://x.example/) <https://y.example>\n\n\
                    [c](../d.md) ![q](q.png)\n\n| a |\n|:-:|\n| 1 |\n\n[r]: https://x.example 'y'\n";
        let place = |address: &str, image: bool| within("sub", address).map(|path| format!("/{image}/{path}"));
        let html = render(text, &place);
        for bad in ["<script", "<img src=x", "<b>", "style=", "href=\"javascript", "href=\"https", "src=\"https"] {
            assert!(!html.contains(bad), "{bad}: {html}");
        }
        assert!(
            html.contains("<a href=\"/false/d.md\">c</a>") && html.contains("<img src=\"/true/sub/q.png\" alt=\"q\">"),
            "{html}"
        );
        assert!(
            html.contains("image: p (https://x.example/p.png)") && html.contains("(javascript:alert(1))"),
            "{html}"
        );
    }

    #[test]
    fn links_stay_within_the_run() {
        assert_eq!(within("a/b", "../c.md#x").as_deref(), Some("a/c.md"));
        for address in ["../../../x", "/etc/passwd", "//host/x", "http://x", "data:x", "#x", "\\\\host\\x", ""] {
            assert_eq!(within("a/b", address), None, "{address}");
        }
    }
}
