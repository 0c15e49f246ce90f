//! Style sheet and ES modules, embedded. Pages name them with a digest in the address, so that a browser keeps them for
//! ever; a module that names another one without it gets a 304.

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};

use super::api::error::Problem;
use super::asked::Named;
use super::reply::{self, Wants};
use super::site::Site;

/// Something that pages need.
struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
    digest: OnceLock<String>,
}

const fn asset(name: &'static str, kind: &'static str, content: &'static [u8]) -> Asset {
    Asset { name, kind, content, digest: OnceLock::new() }
}

const CSS: &str = "text/css; charset=utf-8";
const MODULE: &str = "text/javascript; charset=utf-8";

/// Everything that there is.
static ASSETS: [Asset; 10] = [
    asset("studio.css", CSS, include_bytes!("studio.css")),
    asset("detail.css", CSS, include_bytes!("detail.css")),
    asset("studio.js", MODULE, include_bytes!("studio.js")),
    asset("runs.js", MODULE, include_bytes!("runs.js")),
    asset("scroll.js", MODULE, include_bytes!("scroll.js")),
    asset("search.js", MODULE, include_bytes!("search.js")),
    asset("sync.js", MODULE, include_bytes!("sync.js")),
    asset("run.js", MODULE, include_bytes!("run.js")),
    asset("now.js", MODULE, include_bytes!("now.js")),
    asset("monaco.js", MODULE, include_bytes!("monaco.js")),
];

impl Asset {
    fn digest(&self) -> &str {
        self.digest.get_or_init(|| reply::digest(self.content))
    }
}

/// The address of an asset, for templates.
pub(super) fn address(name: &str) -> String {
    let digest = ASSETS.iter().find(|asset| asset.name == name).map_or("", Asset::digest);
    format!("/-/{name}?v={digest}")
}

/// What an address names.
#[derive(Debug, serde::Deserialize)]
pub(super) struct OfAsset {
    asset: String,
}

/// `GET /-/{asset}`
pub(super) async fn serve(
    State(_): State<Arc<Site>>,
    Named(of): Named<OfAsset>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == of.asset) else {
        return Problem::not_found("there is no such asset").into_response();
    };
    let is_named = uri.query() == Some(&format!("v={}", asset.digest()));
    let cache = if is_named { "public, max-age=31536000, immutable" } else { "no-cache" };
    let etag = format!("W/\"{}\"", asset.digest());
    reply::named_document(&Wants::of(&headers), asset.kind, &etag, cache, asset.content)
}
