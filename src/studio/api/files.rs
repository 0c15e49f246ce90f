//! `GET /api/runs/{run}/files` and what is in them.
//!
//! A file is whatever an agent wrote. It is never run or shown as a page of ours: it comes `nosniff`, in a sandbox, and
//! what could be a document with scripts comes as plain text or as a download.

use std::fmt::Write;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::store::{Piece, PieceSum, Pieces};

use super::super::asked::{Asked, Named, OfFile, OfRun, Params};
use super::super::range::{Wanted, wanted};
use super::super::reply::Received;
use super::super::site::Lane;

/// Bytes that are sent at once.
const CHUNK: usize = 256 << 10;
/// Bytes that are looked at to tell text from the rest.
pub(in crate::studio) const LOOK: usize = 8 << 10;
/// What a file may do when a browser shows it by itself.
const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

/// The files of a run.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct FileList {
    /// Sorted by path. Paths that are not UTF-8 have replacement characters, and can't be asked for.
    pub(in crate::studio) files: Vec<FileItem>,
}

/// A file of a run.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct FileItem {
    /// Path inside the bundle.
    pub(in crate::studio) path: String,
    /// Bytes.
    pub(in crate::studio) size: u64,
    /// Whether it may be executed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::studio) executable: bool,
    /// Object id of its content.
    pub(in crate::studio) object: String,
}

/// `GET /api/runs/{run}/files`
pub(in crate::studio) async fn list(asked: Asked, Named(of): Named<OfRun>) -> Response {
    let read = move |desk: &mut super::super::project::Desk| {
        let files = desk.run(&of.run)?.2.files()?.into_iter().map(|file| FileItem {
            path: String::from_utf8_lossy(&file.path).into_owned(),
            size: file.size,
            executable: file.executable,
            object: file.object.to_string(),
        });
        Ok(FileList { files: files.collect() })
    };
    asked.json(Lane::Files, read).await
}

/// How a file is asked for.
#[derive(Debug, Default, Deserialize)]
pub(in crate::studio) struct FileParams {
    /// Anything but `0` and `false`: to be kept, not shown.
    pub(in crate::studio) download: Option<String>,
}

/// What is known of a file before it is sent.
struct Head {
    etag: String,
    pieces: Pieces,
    want: Wanted,
    /// The first bytes of the file.
    beginning: Bytes,
    /// The first piece that is wanted, with its number.
    first: (usize, Bytes),
}

/// `GET /api/runs/{run}/files/{path}`
pub(in crate::studio) async fn content(
    asked: Asked,
    Named(of): Named<OfFile>,
    Params(params): Params<FileParams>,
    headers: HeaderMap,
) -> Response {
    let path = of.path.clone();
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
    let (range, if_range) = (header(header::RANGE), header(header::IF_RANGE));
    let read = move |desk: &mut super::super::project::Desk| {
        let (_, _, run) = desk.run(&of.run)?;
        let file = run.file(of.path.as_bytes())?;
        let pieces = run.pieces(&file)?;
        let etag = format!("\"{}\"", file.object);
        let same = if_range.is_none_or(|tag| tag.trim() == etag);
        let want = wanted(range.as_deref().filter(|_| same), pieces.size);
        let start = if let Wanted::Part(from, _) = want { from } else { 0 };
        let at = place(&pieces.list, start);
        // The first piece is read before anything is sent, so that what is broken is told as an error.
        let store = desk.store();
        let read = |at: usize| pieces.list.get(at).map(|piece| store.piece(piece)).transpose();
        let first = Bytes::from(read(at)?.unwrap_or_default());
        let beginning = if at == 0 { first.clone() } else { read(0)?.unwrap_or_default().into() };
        let beginning = beginning.slice(..beginning.len().min(LOOK));
        Ok(Head { etag, pieces, want, beginning, first: (at, first) })
    };
    match asked.work(Lane::Files, read).await {
        Ok(head) => respond(asked, head, &path, &params),
        Err(problem) => problem.into_response(),
    }
}

/// Which piece the byte `at` is in.
fn place(pieces: &[Piece], at: u64) -> usize {
    let ends = pieces.iter().scan(0, |end, piece| {
        *end += piece.size;
        Some(*end)
    });
    ends.take_while(|end| *end <= at).count()
}

fn respond(asked: Asked, head: Head, path: &str, params: &FileParams) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let kind = kind(path, &head.beginning);
    let download = kind.download || params.download.as_deref().is_some_and(|word| !matches!(word, "0" | "false"));
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::ETAG, &head.etag);
    // What an address names may be deleted, so it is asked for each time.
    set(header::CACHE_CONTROL, "private, no-cache");
    set(header::ACCEPT_RANGES, "bytes");
    set(header::CONTENT_SECURITY_POLICY, SANDBOX);
    if asked.wants.has(&head.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    set(header::CONTENT_TYPE, kind.name);
    set(header::CONTENT_DISPOSITION, &disposition(path, download));
    let size = head.pieces.size;
    let (from, length) = match head.want {
        Wanted::All => (0, size),
        Wanted::Part(from, to) => {
            set(header::CONTENT_RANGE, &format!("bytes {from}-{to}/{size}"));
            (from, to - from + 1)
        }
        Wanted::Nothing => {
            set(header::CONTENT_RANGE, &format!("bytes */{size}"));
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            return response;
        }
    };
    set(header::CONTENT_LENGTH, &length.to_string());
    if matches!(head.want, Wanted::Part(..)) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let (at, first) = head.first;
    let before: u64 = head.pieces.list[..at.min(head.pieces.list.len())].iter().map(|piece| piece.size).sum();
    let skip = usize::try_from(from - before).unwrap_or(usize::MAX).min(first.len());
    let whole_in_first = u64::try_from(first.len() - skip).unwrap_or(u64::MAX) >= length;
    *response.body_mut() = if whole_in_first {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Body::from(first.slice(skip..skip + length))
    } else {
        let (sender, receiver) = mpsc::channel(2);
        tokio::spawn(send(asked, head.pieces, at, first, skip, length, sender));
        Body::from_stream(Received(receiver))
    };
    response
}

/// Sends `length` bytes, from the byte `skip` of the piece number `at` on. The next piece is only read when the one
/// before was taken.
async fn send(
    asked: Asked,
    pieces: Pieces,
    mut at: usize,
    mut data: Bytes,
    mut skip: usize,
    mut length: u64,
    to: mpsc::Sender<std::io::Result<Bytes>>,
) {
    let pieces = Arc::new(pieces);
    let mut sum = (length == pieces.size).then(PieceSum::default);
    loop {
        if let Some(sum) = &mut sum {
            sum.add(&data);
        }
        let last = u64::try_from(data.len() - skip).unwrap_or(u64::MAX) >= length;
        // What comes at the end is only sent when all of it is known to be right.
        if last && sum.take().is_some_and(|sum| !sum.is(&pieces)) {
            let _ = to.send(Err(std::io::Error::other("the parts are not the file that was recorded"))).await;
            return;
        }
        while skip < data.len() && length > 0 {
            let size = CHUNK.min(data.len() - skip).min(usize::try_from(length).unwrap_or(usize::MAX));
            if to.send(Ok(data.slice(skip..skip + size))).await.is_err() {
                return;
            }
            skip += size;
            length -= size as u64;
        }
        at += 1;
        let Some(piece) = pieces.list.get(at).copied().filter(|_| length > 0) else { return };
        let read = asked.work(Lane::Files, move |desk| Ok(desk.store().piece(&piece)?)).await;
        match read {
            Ok(next) => (data, skip) = (next.into(), 0),
            Err(problem) => {
                let _ = to.send(Err(std::io::Error::other(problem.error))).await;
                return;
            }
        }
    }
}

/// What a file is sent as.
struct Kind {
    name: &'static str,
    /// A browser keeps it; it does not show it.
    download: bool,
}

fn kind(path: &str, beginning: &[u8]) -> Kind {
    let shown = |name| Kind { name, download: false };
    let ending =
        path.rsplit('/').next().unwrap_or_default().rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("png") => shown("image/png"),
        Some("jpg" | "jpeg") => shown("image/jpeg"),
        Some("gif") => shown("image/gif"),
        Some("webp") => shown("image/webp"),
        // A picture in a page of ours runs no scripts. By itself it is a document, so it is kept.
        Some("svg") => Kind { name: "image/svg+xml", download: true },
        _ if !is_text(beginning) => Kind { name: "application/octet-stream", download: true },
        Some("json") => shown("application/json"),
        _ => shown("text/plain; charset=utf-8"),
    }
}

/// Whether a file that begins so is text. It may be cut within a character.
pub(in crate::studio) fn is_text(beginning: &[u8]) -> bool {
    let valid = match std::str::from_utf8(beginning) {
        Ok(_) => true,
        Err(err) => err.error_len().is_none() && beginning.len() == LOOK,
    };
    valid && !beginning.contains(&0)
}

/// The name that a browser keeps a file under.
fn disposition(path: &str, download: bool) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut text = String::from(if download { "attachment" } else { "inline" });
    text.push_str("; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
