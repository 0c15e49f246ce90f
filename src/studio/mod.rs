//! Studio: the runs of one or several repositories in a browser, and as JSON.
//!
//! One process, one `Site`. A request goes this way:
//!
//! `server` (listens, stops) → `guard` (who may ask: Host, Origin, token, read-only; puts the security headers on every
//! answer) → `routes` (the table of all addresses) → a handler in `api`, `pages` or `assets`.
//!
//! | file | what it is |
//! | --- | --- |
//! | `site.rs` | what is the same for all requests: settings, projects, token |
//! | `project.rs` | a repository, and the desks (open store and projection) at which its questions are answered |
//! | `asked.rs` | what a handler starts from: which project, what the client can take; runs work off the async threads |
//! | `reply.rs` | documents with `ETag`, 304 and gzip; streams |
//! | `shown.rs` | lists as they were answered lately, for all who ask for the same at once |
//! | `range.rs` | which bytes of a file are wanted |
//! | `api/error.rs` | the one funnel from typed errors to status and JSON |
//! | `api/runs.rs` | the list · `run.rs` one run, its cases, one case · `files.rs` its files · `groups.rs` experiments, targets · `compare.rs` two runs |
//! | `api/edit.rs` | tags, notes, delete, restore · `remote.rs` status of the remote, sync |
//! | `api/events.rs` | what happens, as server-sent events · `watch.rs` how that is noticed |
//! | `api/upstream/` | what the front end of upstream's dashboard asks for beyond that |
//! | `api/openapi.rs` | the description of all this, made from the same types |
//! | `pages/` | HTML, one file per page with its template in `pages/templates/`; beside them what pages are made of: |
//! | `pages/of_run.rs` | what the pages of one run share · `listing.rs` its files · `text.rs` lines with numbers · `transcript.rs` turns · `series.rs`, `chart.rs` trends as SVG |
//! | `pages/markup.rs` | the only HTML that is not made by a template: folded JSON, and with `markdown.rs` Markdown |
//! | `assets/` | style sheet and ES modules, embedded |
//! | `ui.rs` | a foreign front end from a directory (`--ui`) |
//!
//! How to add a route: a handler that takes `Asked`, does its work in `asked.json(lane, |desk| …)` or
//! `asked.page(lane, |desk| …)`, a line in `routes.rs`, and for the API one in `api/openapi.rs` (a test compares the two).
//! What a desk gives is the store and a fresh projection; nothing here names git. No `GET` writes anything, and none
//! contacts a host, but for the objects of a run that is opened in a light clone.

mod api;
mod asked;
mod assets;
mod guard;
mod pages;
mod project;
mod range;
mod reply;
mod routes;
mod server;
mod shown;
mod site;
mod ui;
mod workers;

use std::path::PathBuf;

use crate::store::{self, Home};

pub use server::run;

/// What to serve, and to whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The repositories; at least one.
    pub homes: Vec<Home>,
    /// Listen here instead of on this machine's own addresses. Everybody then needs the token.
    pub host: Option<String>,
    /// The port. If none is given, [`PORT`] or the next one that is free.
    pub port: Option<u16>,
    /// Refuse every change.
    pub read_only: bool,
    /// A front end to serve in place of our pages.
    pub ui: Option<PathBuf>,
}

/// The usual port.
pub const PORT: u16 = 7117;

/// The server could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A repository can't be opened.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It can't listen there.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// Where.
        address: String,
        /// Why not.
        reason: std::io::Error,
    },
    /// The directory of a front end is none.
    #[error("'{0}' is no directory with an index.html")]
    NoUi(String),
    /// The system failed us.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Error {
    /// What the user can do about it, where we know.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Store(err) => return err.hint(),
            Self::Listen { reason, .. } if reason.kind() == std::io::ErrorKind::AddrInUse => {
                "another program listens there: without --port a free one is taken".into()
            }
            Self::Listen { .. } => "--host takes a name or an address of this machine".into(),
            Self::NoUi(_) => {
                "for the dashboard of the npm package agentv: --ui node_modules/agentv/dist/dashboard".into()
            }
            Self::Io(_) => return None,
        })
    }
}
