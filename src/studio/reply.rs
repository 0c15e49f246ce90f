//! Answers: documents with `ETag`, 304 and gzip, and streams.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

pub(super) const JSON: &str = "application/json";
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// For how long a document may be used that is made for each question: it is asked for each time whether it is still the same.
pub(super) const FOR_EACH: &str = "private, no-cache";

/// Smaller documents are not worth the work of compressing them.
const WORTH_COMPRESSING: usize = 1024;

/// What the client can take, and what it has.
#[derive(Debug, Clone, Default)]
pub(super) struct Wants {
    gzip: bool,
    has: Option<String>,
}

impl Wants {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let gzip = text(header::ACCEPT_ENCODING).unwrap_or_default().split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            (name.eq_ignore_ascii_case("gzip") || name == "*")
                && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        });
        Self { gzip, has: text(header::IF_NONE_MATCH).map(str::to_owned) }
    }

    /// Whether the client has what is called so.
    pub(super) fn has(&self, etag: &str) -> bool {
        let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        self.has.as_deref().is_some_and(|has| has.trim() == "*" || has.split(',').any(|one| bare(one) == bare(etag)))
    }
}

/// A document that is made for each question. It is called by what is in it.
pub(super) fn document(wants: &Wants, kind: &'static str, body: Vec<u8>) -> Response {
    let etag = etag(&body);
    named_document(wants, kind, &etag, FOR_EACH, body)
}

/// What a document is called by what is in it.
pub(super) fn etag(body: &[u8]) -> String {
    // Weak, because what is sent may be compressed or not.
    format!("W/\"{}\"", digest(body))
}

/// A document whose name is known.
pub(super) fn named_document(
    wants: &Wants,
    kind: &'static str,
    etag: &str,
    cache: &'static str,
    body: impl Into<Bytes>,
) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
    if wants.has(etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let body: Bytes = body.into();
    let small = if wants.gzip && body.len() >= WORTH_COMPRESSING { gzip(&body) } else { None };
    if small.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    *response.body_mut() = Body::from(small.map_or(body, Bytes::from));
    response
}

/// The first 64 bits of the SHA-256, in hex.
pub(super) fn digest(data: &[u8]) -> String {
    Sha256::digest(data).iter().take(8).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn gzip(data: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(data.len() / 4), Compression::fast());
    encoder.write_all(data).ok()?;
    encoder.finish().ok()
}

/// What a task sends, as a stream. When nobody reads any more the task sees that its channel is closed.
#[derive(Debug)]
pub(super) struct Received<T>(pub(super) mpsc::Receiver<T>);

impl<T> futures_core::Stream for Received<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(context)
    }
}
