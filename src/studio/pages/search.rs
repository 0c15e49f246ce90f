//! `/runs/{run}/search`: where the files of a run say something.

use std::time::{Duration, Instant};

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::store::StoredFile;

use super::super::api::error::Problem;
use super::super::api::files::{LOOK, is_text};
use super::super::asked::{Asked, Named, OfRun, Params};
use super::super::project::Desk;
use super::super::site::Lane;
use super::of_run::{self, OfThis};
use super::text::{around, page_of};
use super::{Frame, show};

/// Lines that are shown, and of one file.
const HITS: usize = 200;
const OF_FILE: usize = 20;
/// Bytes that are read.
const BYTES: u64 = 64 << 20;
/// A longer line is searched in its beginning.
const LINE: usize = 1 << 20;
/// How long it may take.
const TIME: Duration = Duration::from_secs(3);
/// Bytes of what can be searched for.
const MAX_WORDS: usize = 1000;

/// The page.
#[derive(Debug, Template)]
#[template(path = "found.html")]
struct Page {
    frame: Frame,
    this: OfThis,
    q: String,
    files: Vec<Found>,
    hits: usize,
    /// What was not looked at, and why.
    left: Option<String>,
}

/// A file that says it.
#[derive(Debug)]
struct Found {
    path: String,
    address: String,
    lines: Vec<Hit>,
    more: bool,
}

/// A line that says it.
#[derive(Debug)]
struct Hit {
    number: u64,
    address: String,
    before: String,
    what: String,
    behind: String,
}

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct Wanted {
    q: Option<String>,
}

/// `GET /runs/{run}/search`
pub(in crate::studio) async fn show(asked: Asked, Named(of): Named<OfRun>, Params(wanted): Params<Wanted>) -> Response {
    let frame = Frame::of(&asked);
    let q = wanted.q.unwrap_or_default();
    asked.page(Lane::Files, move |desk| page(desk, frame, &of.run, q)).await
}

fn page(desk: &mut Desk, frame: Frame, name: &str, q: String) -> Result<Page, Problem> {
    let row = desk.row(name)?.0;
    let this = OfThis::new(&frame, &row);
    let store = desk.store();
    let run = store.open_row(&row)?;
    let words = q.trim().to_lowercase();
    if words.len() > MAX_WORDS {
        return Err(Problem::bad(format!("q: at most {MAX_WORDS} bytes")));
    }
    let mut page = Page { frame, this, q, files: Vec::new(), hits: 0, left: None };
    if words.is_empty() {
        return Ok(page);
    }
    let (mut files, mut bytes, end) = (run.files()?, 0, Instant::now() + TIME);
    // Small ones first: a large one may use up what can be read.
    files.sort_by_key(|file| file.size > (1 << 20));
    let count = files.len();
    for (at, file) in files.into_iter().enumerate() {
        let Some(path) = std::str::from_utf8(&file.path).ok().map(str::to_owned) else { continue };
        let why = if page.hits >= HITS {
            format!("the first {HITS} lines are shown")
        } else if bytes >= BYTES || Instant::now() > end {
            format!("{} was enough for one search", show::size(bytes))
        } else {
            let found = search(&store, &run, &file, &path, &words, &page.this, (&mut bytes, end))?;
            page.hits += found.lines.len();
            if !found.lines.is_empty() {
                page.files.push(found);
            }
            continue;
        };
        page.left = Some(format!("{} of {count} files were not searched: {why}", count - at));
        break;
    }
    page.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(page)
}

fn search(
    store: &crate::store::Store<'_>,
    run: &crate::store::StoredRun<'_>,
    file: &StoredFile,
    path: &str,
    words: &str,
    this: &OfThis,
    (bytes, end): (&mut u64, Instant),
) -> Result<Found, Problem> {
    let address = this.file(path);
    let mut found = Found { path: path.to_owned(), lines: Vec::new(), more: false, address };
    let (mut line, mut number, mut first) = (Vec::new(), 1, true);
    let each = |found: &mut Found, line: &mut Vec<u8>, number: u64| {
        let text = String::from_utf8_lossy(line).into_owned();
        line.clear();
        let Some((at, length)) = find(&text, words) else { return true };
        if found.lines.len() >= OF_FILE {
            found.more = true;
            return false;
        }
        let (before, what, behind) = around(&text, at, length);
        let page = page_of(number);
        let from = if page > 1 { format!("&from={page}") } else { String::new() };
        let address = format!("{}?as=text{from}#L{number}", found.address);
        found.lines.push(Hit { number, address, before, what, behind });
        true
    };
    let whole = of_run::read(store, run, file, 0, &mut |mut data| {
        *bytes += data.len() as u64;
        if std::mem::take(&mut first) && !is_text(&data[..data.len().min(LOOK)]) {
            line.clear();
            return false;
        }
        while let Some(at) = data.iter().position(|&byte| byte == b'\n') {
            line.extend_from_slice(&data[..at.min(LINE - line.len())]);
            if !each(&mut found, &mut line, number) {
                return false;
            }
            data = &data[at + 1..];
            number += 1;
        }
        line.extend_from_slice(&data[..data.len().min(LINE - line.len())]);
        *bytes < BYTES && Instant::now() < end
    })?;
    if whole && !line.is_empty() {
        each(&mut found, &mut line, number);
    }
    Ok(found)
}

/// Where `text` says `words`, which are in lower case, and how many bytes that are.
fn find(text: &str, words: &str) -> Option<(usize, usize)> {
    let lower = text.to_lowercase();
    let at = lower.find(words)?;
    // Lower case may have other lengths; then the beginning of the line is shown.
    let same = lower.len() == text.len() && text.is_char_boundary(at) && text.is_char_boundary(at + words.len());
    Some(if same { (at, words.len()) } else { (0, 0) })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn whatever_the_case() {
        assert_eq!(find("The Refund", "refund"), Some((4, 6)));
        assert_eq!(find("ÄRGER", "ärger"), Some((0, 6)));
        assert_eq!(find("İstanbul refund", "refund"), Some((0, 0)));
        assert_eq!(find("nothing", "refund"), None);
    }
}
