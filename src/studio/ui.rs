//! A foreign front end from a directory (`--ui`): its files, and its `index.html` for every other address. Nothing is
//! changed but that the page gets one script of ours more, with which files are shown.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::api::error::Problem;
use super::reply::{self, HTML, Wants};
use super::site::Site;
use super::{assets, guard};

/// Larger files are no part of a front end.
const MAX_SIZE: u64 = 32 << 20;

/// Everything that no other route takes.
pub(super) async fn serve(State(site): State<Arc<Site>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", "there is nothing to change here")
            .into_response();
    }
    let Some(dir) = site.ui.clone() else { return Problem::not_found("there is no front end").into_response() };
    let path = uri.path().to_owned();
    let read = tokio::task::spawn_blocking(move || read(&dir, &path)).await;
    match read {
        Ok(Some((kind, mut content))) => {
            let is_page = kind == HTML;
            if is_page {
                content = with_viewer(content);
            }
            let mut response = reply::document(&Wants::of(&headers), kind, content);
            // A front end that knows nothing of tokens can change what it changes at upstream.
            if is_page {
                guard::set_cookie(&site, &mut response);
            }
            response
        }
        // Browsers ask for it whatever the page says.
        _ if uri.path() == "/favicon.ico" => StatusCode::NO_CONTENT.into_response(),
        _ => Problem::not_found("the front end has no such file").into_response(),
    }
}

/// The page, with our viewer of files: upstream's front end takes its own from another host, which no page of ours asks.
fn with_viewer(page: Vec<u8>) -> Vec<u8> {
    const HEAD: &[u8] = b"<head>";
    let Some(at) = page.windows(HEAD.len()).position(|part| part == HEAD) else { return page };
    let script = format!("<script src=\"{}\"></script>", assets::address("monaco.js"));
    let (before, after) = page.split_at(at + HEAD.len());
    [before, script.as_bytes(), after].concat()
}

/// The file at `path`; the page for what is no file.
fn read(dir: &Path, path: &str) -> Option<(&'static str, Vec<u8>)> {
    let relative = decode(path)?;
    let page = || Some((HTML, std::fs::read(dir.join("index.html")).ok()?));
    let plain =
        |part: Component<'_>| matches!(part, Component::Normal(name) if !name.to_string_lossy().starts_with('.'));
    if !relative.components().all(plain) {
        return None;
    }
    let Ok(file) = dir.join(&relative).canonicalize() else {
        // What looks like a file is none of the front end's addresses.
        return if relative.extension().is_some() || relative.starts_with("assets") { None } else { page() };
    };
    // A link may lead elsewhere.
    if !file.starts_with(dir) {
        return None;
    }
    match file.metadata() {
        Ok(meta) if meta.is_file() && meta.len() <= MAX_SIZE => Some((kind(&file), std::fs::read(&file).ok()?)),
        Ok(meta) if meta.is_dir() => page(),
        _ => None,
    }
}

/// The path below the directory, of the path of an address.
fn decode(path: &str) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    let mut rest = path.trim_start_matches('/').bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains(['\0', '\\', ':'])).then(|| PathBuf::from(text))
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "html" => HTML,
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
