//! `GET /api/events`: what happens, as server-sent events.
//!
//! `runs` with `{"tip": …}` when runs were recorded or changed, and at the beginning; `progress` with a list of the evals
//! that are running, when it changes and at the beginning. A comment every 15 seconds keeps the connection.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use crate::store::InProgress;

use super::super::asked::Asked;
use super::super::reply::Received;
use super::super::site::Lane;
use super::watch::{News, Tip};

/// How often something is sent when nothing happens.
const ALIVE: Duration = Duration::from_secs(15);

type Line = Result<Bytes, std::convert::Infallible>;

/// `GET /api/events`
pub(in crate::studio) async fn stream(asked: Asked) -> Response {
    let (sender, receiver) = mpsc::channel(8);
    tokio::spawn(send(asked, sender));
    let mut response = Response::new(Body::from_stream(Received::<Line>(receiver)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn send(asked: Asked, to: mpsc::Sender<Line>) {
    let mut news = asked.project.watch.listen();
    let stopped = asked.site.stopped();
    tokio::pin!(stopped);
    let mut told = (None, None);
    if to.send(Ok(Bytes::from_static(b"retry: 2000\n"))).await.is_err() {
        return;
    }
    let mut line = now(&asked, &mut told).await;
    loop {
        if !line.is_empty() && to.send(Ok(line)).await.is_err() {
            return;
        }
        line = tokio::select! {
            what = news.recv() => match what {
                // Nothing, if the client knows it.
                Ok(news) => event_of(news, &mut told).unwrap_or_default(),
                // It can't say what it missed, but how it is now.
                Err(RecvError::Lagged(_)) => now(&asked, &mut told).await,
                Err(RecvError::Closed) => return,
            },
            () = tokio::time::sleep(ALIVE) => Bytes::from_static(b": alive\n\n"),
            () = &mut stopped => return,
            () = to.closed() => return,
        };
    }
}

/// What a client was told last.
type Told = (Option<Tip>, Option<Vec<InProgress>>);

/// How it is now.
async fn now(asked: &Asked, told: &mut Told) -> Bytes {
    let project = std::sync::Arc::clone(&asked.project);
    match asked.work(Lane::Rows, move |desk| project.watch.look(desk)).await {
        Ok((tip, running)) => {
            let lines = [event_of(News::Runs(tip), told), event_of(News::Progress(running), told)];
            lines.into_iter().flatten().collect::<Vec<_>>().concat().into()
        }
        Err(problem) => event("problem", &problem),
    }
}

/// The event of something that happened; none if the client knows it.
fn event_of(news: News, told: &mut Told) -> Option<Bytes> {
    match news {
        News::Runs(tip) => (told.0.as_ref() != Some(&tip)).then(|| event("runs", told.0.insert(tip))),
        News::Progress(now) => (told.1.as_ref() != Some(&now)).then(|| event("progress", told.1.insert(now))),
    }
}

fn event(name: &str, data: &impl Serialize) -> Bytes {
    let json = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {json}\n\n").into()
}
