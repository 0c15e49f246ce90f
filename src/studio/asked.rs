//! What a handler starts from.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::api::error::Problem;
use super::project::{Desk, Project};
use super::reply::{self, FOR_EACH, HTML, JSON, Wants};
use super::shown::Document;
use super::site::{Lane, Site};

/// A question: in which project, and what the client can take.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) site: Arc<Site>,
    pub(super) project: Arc<Project>,
    pub(super) wants: Wants,
}

impl FromRequestParts<Arc<Site>> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, site).await;
        let params = params.map_err(|_| Problem::bad("the address is not UTF-8"))?;
        let id = params.iter().find(|(name, _)| *name == "project").map(|(_, id)| id.to_owned());
        let project = site.project(id.as_deref()).ok_or_else(|| Problem::not_found("there is no such project"))?;
        Ok(Self { site: Arc::clone(site), project: Arc::clone(project), wants: Wants::of(&parts.headers) })
    }
}

impl Asked {
    /// Does `work` in a thread that may block, when one for its kind is free.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce(&mut Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let project = Arc::clone(&self.project);
        let done = self.site.workers(lane).run(move || project.at_desk(work)).await;
        done.unwrap_or_else(|| Err(Problem::internal("it could not be done".to_owned())))
    }

    /// Answers with a JSON document.
    pub(super) async fn json<T: Serialize>(
        self,
        lane: Lane,
        work: impl FnOnce(&mut Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Response {
        let wants = self.wants.clone();
        let done = self.work(lane, move |desk| {
            let json = serde_json::to_vec(&work(desk)?).map_err(|err| Problem::internal(err.to_string()))?;
            Ok(reply::document(&wants, JSON, json))
        });
        done.await.unwrap_or_else(IntoResponse::into_response)
    }

    /// Answers with a JSON document that may have been made for somebody else.
    pub(super) async fn shared_json(
        self,
        lane: Lane,
        work: impl FnOnce(&mut Desk) -> Result<Document, Problem> + Send + 'static,
    ) -> Response {
        match self.work(lane, work).await {
            Ok(Document { etag, body }) => reply::named_document(&self.wants, JSON, &etag, FOR_EACH, body),
            Err(problem) => problem.into_response(),
        }
    }

    /// Answers with a page.
    pub(super) async fn page<T: Template>(
        self,
        lane: Lane,
        work: impl FnOnce(&mut Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Response {
        let wants = self.wants.clone();
        let done = self.work(lane, move |desk| {
            let html = work(desk)?.render().map_err(|err| Problem::internal(err.to_string()))?;
            Ok(reply::document(&wants, HTML, html.into_bytes()))
        });
        match done.await {
            Ok(response) => response,
            Err(problem) => super::pages::error::respond(&self, &problem),
        }
    }
}

/// The named parts of an address, as [`Path`], with our own words where they make no sense.
#[derive(Debug)]
pub(super) struct Named<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Site>> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, site).await;
        path.map(|Path(named)| Self(named)).map_err(|err: PathRejection| Problem::bad(err.body_text()))
    }
}

/// The parameters of a question, as [`Query`], with our own words where they make no sense.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Site>> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, site).await;
        query.map(|Query(params)| Self(params)).map_err(|err: QueryRejection| {
            let text = err.body_text();
            let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text).to_owned();
            Problem::bad(text)
        })
    }
}

/// A run, as addresses name it.
#[derive(Debug, serde::Deserialize)]
pub(super) struct OfRun {
    pub(super) run: String,
}

/// A file of a run.
#[derive(Debug, serde::Deserialize)]
pub(super) struct OfFile {
    pub(super) run: String,
    pub(super) path: String,
}
