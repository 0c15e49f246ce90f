//! Tables that fit the terminal: first the flexible columns give way, then
//! the least important ones are left out.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::output::{DIM, Out};

/// A column of a table.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) right: bool,
    /// Columns of the terminal that it can shrink to; none if it can't.
    pub(crate) shrink_to: Option<usize>,
    /// Those with the highest number are left out first; 0 never.
    pub(crate) expendable: u8,
}

impl Column {
    pub(crate) const fn left(title: &'static str) -> Self {
        Self { title, right: false, shrink_to: None, expendable: 0 }
    }

    pub(crate) const fn right(title: &'static str) -> Self {
        Self { right: true, ..Self::left(title) }
    }

    pub(crate) const fn shrinks(self, to: usize) -> Self {
        Self { shrink_to: Some(to), ..self }
    }

    pub(crate) const fn expendable(self, order: u8) -> Self {
        Self { expendable: order, ..self }
    }
}

/// A cell: text without control characters, and how to paint it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) style: Option<Style>,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: None }
    }

    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style: Some(style) }
    }
}

const GAP: usize = 2;

/// Prints a table with a header, at most `width` wide. Columns without any content are left out.
pub(crate) fn print(out: &mut Out, columns: &[Column], rows: &[Vec<Cell>], width: Option<usize>) -> io::Result<()> {
    let filled = |at: usize| rows.iter().any(|row| !row[at].text.is_empty());
    let mut shown: Vec<usize> = (0..columns.len()).filter(|&at| columns[at].expendable == 0 || filled(at)).collect();
    let natural =
        |at: usize| rows.iter().map(|row| width_of(&row[at].text)).max().unwrap_or(0).max(columns[at].title.width());
    let mut widths: Vec<usize> = (0..columns.len()).map(natural).collect();
    if let Some(width) = width {
        fit(columns, &mut shown, &mut widths, width);
    }
    let header: Vec<Cell> = columns.iter().map(|column| Cell::styled(column.title, DIM)).collect();
    let mut line = String::new();
    for row in std::iter::once(&header).chain(rows) {
        line.clear();
        for (place, &at) in shown.iter().enumerate() {
            let (text, used) = truncate(&row[at].text, widths[at]);
            let (fill, last) = (widths[at] - used, place + 1 == shown.len());
            if columns[at].right {
                line.extend(std::iter::repeat_n(' ', fill));
            }
            match row[at].style {
                Some(style) => line.push_str(&out.paint(style, &text)),
                None => line.push_str(&text),
            }
            if !columns[at].right && !last {
                line.extend(std::iter::repeat_n(' ', fill));
            }
            if !last {
                line.extend([' '; GAP]);
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Columns of the terminal that a text takes.
fn width_of(text: &str) -> usize {
    // Nearly all text is of this kind, and control characters are gone.
    if text.is_ascii() { text.len() } else { text.width() }
}

fn fit(columns: &[Column], shown: &mut Vec<usize>, widths: &mut [usize], width: usize) {
    loop {
        let total = |widths: &[usize], shown: &[usize]| {
            shown.iter().map(|&at| widths[at]).sum::<usize>() + GAP * shown.len().saturating_sub(1)
        };
        // The widest flexible column gives way first, so that none is cut needlessly short.
        while total(widths, shown) > width {
            let room =
                |at: usize| columns[at].shrink_to.filter(|&least| widths[at] > least.max(columns[at].title.width()));
            let Some(&widest) = shown.iter().filter(|&&at| room(at).is_some()).max_by_key(|&&at| widths[at]) else {
                break;
            };
            widths[widest] -= 1;
        }
        if total(widths, shown) <= width {
            return;
        }
        let Some(place) = (0..shown.len())
            .filter(|&place| columns[shown[place]].expendable > 0)
            .max_by_key(|&place| columns[shown[place]].expendable)
        else {
            return;
        };
        shown.remove(place);
    }
}

/// At most `width` columns of `text`, and how many it takes; what is cut off is marked by `…`.
fn truncate(text: &str, width: usize) -> (Cow<'_, str>, usize) {
    let whole = width_of(text);
    if whole <= width {
        return (Cow::Borrowed(text), whole);
    }
    let (mut used, mut cut) = (0, String::new());
    for c in text.chars() {
        let next = c.width().unwrap_or(0);
        if used + next + 1 > width {
            break;
        }
        used += next;
        cut.push(c);
    }
    if width > 0 {
        cut.push('…');
        used += 1;
    }
    (Cow::Owned(cut), used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_text_keeps_its_width() {
        assert_eq!(truncate("checkout", 8).0, "checkout");
        assert_eq!(truncate("checkout", 5).0, "chec…");
        assert_eq!(truncate("日本語", 4).0, "日…");
        assert_eq!(truncate("abc", 0).0, "");
    }

    #[test]
    fn flexible_columns_give_way_before_others_go() {
        let columns = [Column::left("A"), Column::left("B").shrinks(4), Column::left("C").expendable(1)];
        let (mut shown, mut widths) = (vec![0, 1, 2], vec![5, 10, 5]);
        fit(&columns, &mut shown, &mut widths, 18);
        assert_eq!((shown.len(), widths[1]), (3, 4));
        fit(&columns, &mut shown, &mut widths, 12);
        assert_eq!(shown, [0, 1]);
    }
}
