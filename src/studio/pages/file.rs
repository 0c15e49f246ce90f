//! `/runs/{run}/files/{path}`: what is in a file, or in a directory; and the changes that a run was made with.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::store::{Store, StoredFile, StoredRun};

use super::super::api::error::Problem;
use super::super::api::files::{LOOK, is_text};
use super::super::asked::{Asked, Named, OfFile, OfRun, Params};
use super::super::project::Desk;
use super::super::site::Lane;
use super::listing::Listing;
use super::of_run::{self, OfThis};
use super::text::{Lines, Window};
use super::{Frame, markdown, markup, show};

/// Bytes of a file that is shown at all.
const LARGE: u64 = 32 << 20;
/// Bytes of JSON that is shown folded, and of Markdown that is rendered.
const SMALL: u64 = 512 << 10;

/// The page.
#[derive(Debug, Template)]
#[template(path = "file.html")]
struct Page {
    frame: Frame,
    this: OfThis,
    path: String,
    /// The directories above: name and address.
    above: Vec<(String, String)>,
    size: String,
    /// The file itself; empty if there is none.
    raw: String,
    view: View,
    /// The same in another form: label and address.
    other: Option<(&'static str, String)>,
}

/// What is shown.
#[derive(Debug)]
enum View {
    Directory(Listing),
    Image,
    /// HTML that we made: its class, and the HTML.
    Made(&'static str, String),
    Text(Lines),
    /// Nothing; why.
    Download(&'static str),
}

/// How a file is to be shown.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct How {
    /// `text`: as it is.
    #[serde(rename = "as")]
    form: Option<String>,
    /// The first line that is shown, from 1.
    from: Option<u64>,
}

/// `GET /runs/{run}/files`
pub(in crate::studio) async fn top(asked: Asked, Named(of): Named<OfRun>, Params(how): Params<How>) -> Response {
    answer(asked, of.run, String::new(), how).await
}

/// `GET /runs/{run}/files/{path}`
pub(in crate::studio) async fn show(asked: Asked, Named(of): Named<OfFile>, Params(how): Params<How>) -> Response {
    answer(asked, of.run, of.path, how).await
}

async fn answer(asked: Asked, run: String, path: String, how: How) -> Response {
    let frame = Frame::of(&asked);
    asked.page(Lane::Files, move |desk| page(desk, frame, &run, path.trim_end_matches('/'), &how)).await
}

fn page(desk: &mut Desk, frame: Frame, run: &str, path: &str, how: &How) -> Result<Page, Problem> {
    let row = desk.row(run)?.0;
    let this = OfThis::new(&frame, &row);
    let store = desk.store();
    let run = store.open_row(&row)?;
    let mut page = Page {
        frame,
        path: path.to_owned(),
        above: above(&this, path),
        size: String::new(),
        raw: String::new(),
        view: View::Download(""),
        other: None,
        this,
    };
    match run.file(path.as_bytes()) {
        Ok(file) => {
            (page.size, page.raw) = (show::size(file.size), page.this.raw(path));
            page.view = view(&store, &run, &file, path, how, &page.this)?;
            let own = page.this.file(path);
            page.other = match page.view {
                View::Made(..) => Some(("As text", format!("{own}?as=text"))),
                View::Text(_) if how.form.is_some() => Some(("Rendered", own)),
                _ => None,
            };
        }
        Err(err) => {
            let listing = Listing::of(&page.this, run.files()?, path);
            if listing.count == 0 && !path.is_empty() {
                return Err(err.into());
            }
            page.view = View::Directory(listing);
        }
    }
    Ok(page)
}

fn view(
    store: &Store<'_>,
    run: &StoredRun<'_>,
    file: &StoredFile,
    path: &str,
    how: &How,
    this: &OfThis,
) -> Result<View, Problem> {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    if ["png", "jpg", "jpeg", "gif", "webp", "svg"].contains(&ending.as_str()) && how.form.is_none() {
        return Ok(View::Image);
    }
    if file.size > LARGE {
        return Ok(View::Download("It is too large to be shown."));
    }
    let mut beginning = Vec::new();
    of_run::read(store, run, file, 0, &mut |data| {
        beginning.extend_from_slice(&data[..data.len().min(LOOK - beginning.len())]);
        beginning.len() < LOOK
    })?;
    if !is_text(&beginning) {
        return Ok(View::Download("It is not text."));
    }
    if file.size <= SMALL && how.form.is_none() && ["json", "md", "markdown"].contains(&ending.as_str()) {
        let mut data = Vec::new();
        of_run::read(store, run, file, 0, &mut |piece| {
            data.extend_from_slice(piece);
            true
        })?;
        if ending == "json" {
            // What is no JSON is shown as the text that it is.
            let folded = serde_json::from_slice(&data).ok().and_then(|value| markup::json(&value));
            if let Some(html) = folded {
                return Ok(View::Made("json", html));
            }
        } else {
            let place = |address: &str, image: bool| {
                let path = markdown::within(dir, address)?;
                Some(if image { this.raw(&path) } else { this.file(&path) })
            };
            return Ok(View::Made("markdown", markup::markdown(&String::from_utf8_lossy(&data), &place)));
        }
    }
    let mut window = Window::new(how.from.unwrap_or(1), ["diff", "patch"].contains(&ending.as_str()));
    of_run::read(store, run, file, 0, &mut |piece| window.feed(piece))?;
    let form = how.form.as_deref().map(|_| "as=text&").unwrap_or_default();
    Ok(View::Text(window.finish(&format!("{}?{form}", this.file(path)))))
}

fn above(this: &OfThis, path: &str) -> Vec<(String, String)> {
    let mut above = vec![("files".to_owned(), format!("{}/files", this.address))];
    for (at, _) in path.match_indices('/') {
        let name = path[..at].rsplit('/').next().unwrap_or_default().to_owned();
        above.push((name, this.file(&path[..at])));
    }
    above
}

/// `GET /runs/{run}/changes`: the uncommitted changes of the code that was evaluated.
pub(in crate::studio) async fn changes(asked: Asked, Named(of): Named<OfRun>, Params(how): Params<How>) -> Response {
    let frame = Frame::of(&asked);
    let render = move |desk: &mut Desk| {
        let row = desk.row(&of.run)?.0;
        let this = OfThis::new(&frame, &row);
        let store = desk.store();
        let no_changes = || Problem::not_found("no uncommitted changes were kept with this run");
        let patch = store.open_row(&row)?.source_diff()?.ok_or_else(no_changes)?;
        let mut window = Window::new(how.from.unwrap_or(1), true);
        window.feed(&patch);
        let lines = window.finish(&format!("{}/changes?", this.address));
        Ok(Page {
            path: "Uncommitted changes of the code".to_owned(),
            above: Vec::new(),
            size: show::size(patch.len() as u64),
            raw: String::new(),
            view: View::Text(lines),
            other: None,
            frame,
            this,
        })
    };
    asked.page(Lane::Files, render).await
}
