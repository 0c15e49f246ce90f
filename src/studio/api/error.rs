//! The one funnel from errors to what a client gets: a status, and JSON that says what is wrong and where.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::index::{BadCursor, ResolveError, projection, query};
use crate::{store, sync};

/// Why a question is not answered.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Problem {
    #[serde(skip)]
    pub(in crate::studio) status: StatusCode,
    /// What is wrong, for people.
    pub(in crate::studio) error: String,
    /// What is wrong, for programs: `bad_request`, `bad_query`, `bad_cursor`, `bad_limit`, `not_found`, `ambiguous`,
    /// `deleted`, `gone`, `damaged`, `read_only`, `forbidden`, `not_agreed`, `remote`, `busy`, `unavailable`, `internal`.
    pub(in crate::studio) code: &'static str,
    /// What can be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::studio) hint: Option<String>,
    /// Of a query: the piece that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::studio) at: Option<At>,
    /// Of an ambiguous name: ids that it could mean.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::studio) candidates: Vec<String>,
}

/// A piece of a text, counted in characters (Unicode code points) from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct At {
    /// Its first character.
    pub(in crate::studio) start: usize,
    /// The one after its last.
    pub(in crate::studio) end: usize,
}

impl Problem {
    pub(in crate::studio) fn new(status: StatusCode, code: &'static str, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), code, hint: None, at: None, candidates: Vec::new() }
    }

    pub(in crate::studio) fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", error)
    }

    pub(in crate::studio) fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", error)
    }

    pub(in crate::studio) fn forbidden(error: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", error)
    }

    pub(in crate::studio) fn internal(error: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error)
    }

    pub(in crate::studio) fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the server is stopping")
    }

    pub(in crate::studio) fn no_run(name: &str) -> Self {
        Self::not_found(format!("no run matches '{}'", name.escape_debug()))
    }

    pub(in crate::studio) fn ambiguous(name: &str, candidates: &[String]) -> Self {
        let error = format!("'{}' is ambiguous", name.escape_debug());
        Self { candidates: candidates.to_vec(), ..Self::new(StatusCode::CONFLICT, "ambiguous", error) }
            .hint("give more digits of the id")
    }

    /// A query that makes no sense.
    pub(in crate::studio) fn query(err: &query::Error, text: &str) -> Self {
        let characters = |bytes: usize| text.get(..bytes).map_or(0, |before| before.chars().count());
        let at = At { start: characters(err.span.start), end: characters(err.span.end) };
        let problem = Self::new(StatusCode::BAD_REQUEST, "bad_query", err.message.clone());
        Self { at: Some(at), hint: err.hint.clone(), ..problem }
    }

    /// A query that could not be turned into a filter.
    pub(in crate::studio) fn resolve(err: ResolveError, text: &str) -> Self {
        match err {
            ResolveError::Query(err) => Self::query(&err, text),
            ResolveError::Projection(err) => err.into(),
        }
    }

    #[must_use]
    pub(in crate::studio) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Whether something is wrong on our side.
    pub(in crate::studio) fn is_ours(&self) -> bool {
        self.status.is_server_error()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(super::super::reply::JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl From<store::Error> for Problem {
    fn from(err: store::Error) -> Self {
        use store::Error as E;
        let (status, code) = match &err {
            E::NoRun(_) | E::NoFile { .. } => (StatusCode::NOT_FOUND, "not_found"),
            E::Ambiguous { .. } => (StatusCode::CONFLICT, "ambiguous"),
            E::BadSpec(_) | E::BadValue(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            E::Deleted(_) => (StatusCode::GONE, "deleted"),
            E::Gone(_) => (StatusCode::GONE, "gone"),
            E::Contended { .. } => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            err if err.is_remote() => (StatusCode::BAD_GATEWAY, "remote"),
            err if err.is_damage() => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        let problem = Self::new(status, code, err.to_string());
        match err.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

impl From<projection::Error> for Problem {
    fn from(err: projection::Error) -> Self {
        match err {
            projection::Error::Store(err) => err.into(),
            err @ projection::Error::Sqlite(_) => Self::internal(err.to_string()),
        }
    }
}

impl From<BadCursor> for Problem {
    fn from(err: BadCursor) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_cursor", format!("cursor: {err}"))
            .hint("take 'next_cursor' of the page before, with the same q, sort and deleted")
    }
}

impl From<sync::Error> for Problem {
    fn from(err: sync::Error) -> Self {
        let (hint, text) = (err.hint(), err.to_string());
        let (status, code) = match err {
            sync::Error::Store(err) => return Self { hint, ..err.into() },
            sync::Error::NoRemote | sync::Error::Unknown(_) => (StatusCode::CONFLICT, "no_remote"),
            sync::Error::NotAgreed => (StatusCode::CONFLICT, "not_agreed"),
            sync::Error::Busy => (StatusCode::CONFLICT, "busy"),
            sync::Error::Refused { .. } => (StatusCode::BAD_GATEWAY, "remote"),
        };
        Self { hint, ..Self::new(status, code, text) }
    }
}
