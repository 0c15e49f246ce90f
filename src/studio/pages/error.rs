//! The page of what went wrong.

use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::super::api::error::Problem;
use super::super::asked::Asked;
use super::super::reply::HTML;
use super::Frame;

/// The page.
#[derive(Debug, Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: Frame,
    status: u16,
    problem: &'a Problem,
}

/// Answers with a page that says what is wrong.
pub(in crate::studio) fn respond(asked: &Asked, problem: &Problem) -> Response {
    let page = ErrorPage { frame: Frame::of(asked), status: problem.status.as_u16(), problem };
    let Ok(html) = page.render() else { return problem.clone().into_response() };
    let mut response = (problem.status, html).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Of addresses that do not exist.
pub(in crate::studio) async fn nothing_there(asked: Asked) -> Response {
    respond(&asked, &Problem::not_found("there is nothing at this address"))
}
