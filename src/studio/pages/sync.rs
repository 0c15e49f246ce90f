//! `/sync`: what is not shared yet, and the button that shares it.

use askama::Template;
use axum::response::Response;

use crate::store::Traffic;

use super::super::api::remote::{self, RemoteStatus};
use super::super::asked::Asked;
use super::super::site::Lane;
use super::Frame;

/// The page.
#[derive(Debug, Template)]
#[template(path = "sync.html")]
struct Page {
    frame: Frame,
    status: RemoteStatus,
    unpushed: String,
    unmerged: String,
}

/// `GET /sync`
pub(in crate::studio) async fn show(asked: Asked) -> Response {
    let frame = Frame::of(&asked);
    let render = move |desk: &mut super::super::project::Desk| {
        let status = remote::current(desk)?;
        Ok(Page { frame, unpushed: told(status.unpushed), unmerged: told(status.unmerged), status })
    };
    asked.page(Lane::Rows, render).await
}

/// `3 runs and changes to 1 run`
fn told(traffic: Traffic) -> String {
    let runs = |n: usize| format!("{n} {}", if n == 1 { "run" } else { "runs" });
    match (traffic.new, traffic.changed) {
        (0, 0) => "nothing".to_owned(),
        (new, 0) => runs(new),
        (0, changed) => format!("changes to {}", runs(changed)),
        (new, changed) => format!("{} and changes to {}", runs(new), runs(changed)),
    }
}
