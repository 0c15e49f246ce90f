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

/// A message without the directories of this machine: of an absolute path only its last part is told.
fn without_paths(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '\\']) {
        let before = &rest[..at];
        // `C:\` and `file://` go before a path; in other addresses, and in names of refs, a slash goes on.
        let drive =
            before.len() >= 2 && before.ends_with(':') && before.as_bytes()[before.len() - 2].is_ascii_alphabetic();
        let drive = drive && before.chars().rev().nth(2).is_none_or(|c| !c.is_alphanumeric());
        let file = before.ends_with("file:");
        let begins = before
            .chars()
            .next_back()
            .or(told.chars().next_back())
            .is_none_or(|c| c.is_whitespace() || "'\"(=`<".contains(c));
        let end =
            rest[at..].find(|c: char| c.is_whitespace() || "'\"`)<>,;".contains(c)).map_or(rest.len(), |end| at + end);
        let path = rest[at..end].trim_end_matches([':', '.', '/', '\\']);
        if drive || file || (begins && path.len() > 1) {
            told.push_str(if drive {
                &before[..before.len() - 2]
            } else {
                before.strip_suffix("file:").unwrap_or(before)
            });
            told.push('…');
            told.push('/');
            told.push_str(path.rsplit(['/', '\\']).next().unwrap_or_default());
            rest = &rest[at + path.len()..];
        } else {
            let next = if begins { at + 1 } else { end.max(at + 1) };
            told.push_str(&rest[..next]);
            rest = &rest[next..];
        }
    }
    told + rest
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
        let text = err.to_string();
        let problem = Self::new(status, code, if status.is_server_error() { without_paths(&text) } else { text });
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
        let (hint, text) = (err.hint(), without_paths(&err.to_string()));
        let (status, code) = match err {
            sync::Error::Store(err) => return Self { hint, ..err.into() },
            sync::Error::NoRemote | sync::Error::Unknown(_) => (StatusCode::CONFLICT, "no_remote"),
            sync::Error::NotAgreed => (StatusCode::CONFLICT, "not_agreed"),
            sync::Error::Busy => (StatusCode::CONFLICT, "busy"),
            sync::Error::Refused { .. } => (StatusCode::BAD_GATEWAY, "remote"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        Self { hint, ..Self::new(status, code, text) }
    }
}

#[cfg(test)]
mod tests {
    use super::without_paths;

    #[test]
    fn messages_tell_no_directories() {
        let table = [
            (
                "cannot read an object in '/home/ada/shop/.git/objects': gone",
                "cannot read an object in '…/objects': gone",
            ),
            ("/a/b", "…/b"),
            ("'/a/b.git': '/a/b.git' does not appear", "'…/b.git': '…/b.git' does not appear"),
            ("file:///srv/git/x.git is gone", "…/x.git is gone"),
            ("at (/a/b), and /c/d.", "at (…/b), and …/d."),
            ("C:\\Users\\ada\\x is gone", "…/x is gone"),
            ("https://host/a/b.git refused refs/agentv/runs/v1", "https://host/a/b.git refused refs/agentv/runs/v1"),
            ("18/20 passed, and / or", "18/20 passed, and / or"),
            ("git@host:a/b.git", "git@host:a/b.git"),
            ("ends with /", "ends with /"),
        ];
        for (text, told) in table {
            assert_eq!(without_paths(text), told, "{text}");
        }
    }
}
