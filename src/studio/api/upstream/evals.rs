//! One case of a run, and its files.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::run::{CaseDetail, CaseRow};
use crate::store::StoredRun;

use super::super::super::asked::{Asked, Named, OfFile, Params};
use super::super::super::project::Desk;
use super::super::super::site::Lane;
use super::super::error::Problem;
use super::super::files;
use super::results::result;

/// Bytes of a file that is given as a text in JSON.
const MAX_TEXT: u64 = 8 << 20;

/// A case of a run.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OfCase {
    run: String,
    case: String,
}

/// A file of a case.
#[derive(Debug, Deserialize)]
pub(super) struct OfCaseFile {
    run: String,
    path: String,
}

/// Which of several cases of the same name.
#[derive(Debug, Default, Deserialize)]
pub(super) struct CaseParams {
    result_dir: Option<String>,
}

/// How a file is wanted.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TextParams {
    raw: Option<String>,
    download: Option<String>,
}

#[derive(Debug, Serialize)]
struct Eval {
    eval: Map<String, Value>,
}

#[derive(Debug, Serialize)]
struct Tree {
    files: Vec<Node>,
}

/// A file or a directory.
#[derive(Debug, Serialize)]
struct Node {
    name: String,
    path: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    children: Option<Vec<Node>>,
}

#[derive(Debug, Serialize)]
struct Text {
    content: String,
    language: &'static str,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are upstream's")]
struct Transcript {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    transcript_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_content: Option<String>,
}

/// `GET /api/runs/{run}/evals/{case}`
pub(super) async fn show(asked: Asked, Named(of): Named<OfCase>, Params(params): Params<CaseParams>) -> Response {
    asked
        .json(Lane::Files, move |desk| {
            let (case, detail) = find(&desk.run(&of.run)?.2, &of.case, &params)?;
            Ok(Eval { eval: result(&case, &detail) })
        })
        .await
}

/// `GET /api/runs/{run}/evals/{case}/files`
pub(super) async fn list(asked: Asked, Named(of): Named<OfCase>, Params(params): Params<CaseParams>) -> Response {
    asked
        .json(Lane::Files, move |desk| {
            let (_, _, run) = desk.run(&of.run)?;
            let (case, _) = find(&run, &of.case, &params)?;
            let prefix = case.dir.map(|dir| format!("{}/", dir.trim_end_matches('/'))).unwrap_or_default();
            let files = run.files()?.into_iter().filter_map(|file| String::from_utf8(file.path).ok());
            let files: Vec<String> = files.filter(|path| path.starts_with(&prefix)).collect();
            let paths: Vec<&str> = files.iter().map(String::as_str).collect();
            Ok(Tree { files: nodes(&paths, prefix.len()) })
        })
        .await
}

/// `GET /api/runs/{run}/evals/{case}/files/{path}`
pub(super) async fn content(
    asked: Asked,
    Named(of): Named<OfCaseFile>,
    Params(params): Params<TextParams>,
    headers: HeaderMap,
) -> Response {
    if params.raw.is_some() || params.download.is_some() {
        let how = files::FileParams { download: params.download };
        return files::content(asked, Named(OfFile { run: of.run, path: of.path }), Params(how), headers).await;
    }
    asked
        .json(Lane::Files, move |desk| {
            let (_, _, run) = desk.run(&of.run)?;
            Ok(Text { content: read(&run, &of.path)?, language: language(&of.path) })
        })
        .await
}

/// `GET /api/runs/{run}/evals/{case}/transcript`
pub(super) async fn transcript(asked: Asked, Named(of): Named<OfCase>, Params(params): Params<CaseParams>) -> Response {
    let work = move |desk: &mut Desk| {
        let (_, _, run) = desk.run(&of.run)?;
        let (_, detail) = find(&run, &of.case, &params)?;
        let Some(path) = detail.file("transcript").map(str::to_owned) else {
            let nothing = Transcript {
                status: "missing",
                transcript_path: None,
                content: None,
                language: None,
                answer_content: detail.output,
            };
            return Ok(nothing);
        };
        Ok(Transcript {
            status: "ok",
            content: Some(read(&run, &path)?),
            language: Some(language(&path)),
            transcript_path: Some(path),
            answer_content: detail.output,
        })
    };
    asked.json(Lane::Files, work).await
}

/// `GET /api/runs/{run}/log`
pub(super) async fn log() -> Response {
    Problem::not_found("the run has no log").into_response()
}

fn find(run: &StoredRun<'_>, name: &str, params: &CaseParams) -> Result<(CaseRow, CaseDetail), Problem> {
    let dir = params.result_dir.as_deref();
    let wanted = |case: &CaseRow| case.key == name && (dir.is_none() || case.dir.as_deref() == dir);
    let found = run.details(&wanted)?.into_iter().next();
    found.ok_or_else(|| Problem::not_found(format!("the run has no case '{}'", name.escape_debug())))
}

fn read(run: &StoredRun<'_>, path: &str) -> Result<String, Problem> {
    let file = run.file(path.as_bytes())?;
    if file.size > MAX_TEXT {
        return Err(Problem::bad("the file is too large to be shown").hint("ask for it with raw=1"));
    }
    let mut data = Vec::new();
    run.read(&file, &mut |piece| {
        data.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(String::from_utf8_lossy(&data).into_owned())
}

/// Sorted paths as a tree; the first `skip` bytes of each are above it. Directories come first.
fn nodes(paths: &[&str], skip: usize) -> Vec<Node> {
    let (mut dirs, mut files, mut rest) = (Vec::new(), Vec::new(), paths);
    while let Some(first) = rest.first() {
        if let Some(slash) = first[skip..].find('/') {
            let inside = &first[..=skip + slash];
            let count = rest.iter().take_while(|path| path.starts_with(inside)).count();
            let children = nodes(&rest[..count], skip + slash + 1);
            let path = inside.trim_end_matches('/').to_owned();
            dirs.push(Node { name: first[skip..skip + slash].to_owned(), path, kind: "dir", children: Some(children) });
            rest = &rest[count..];
        } else {
            let name = first[skip..].to_owned();
            files.push(Node { name, path: (*first).to_owned(), kind: "file", children: None });
            rest = &rest[1..];
        }
    }
    dirs.extend(files);
    dirs
}

fn language(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "md" => "markdown",
        "json" | "jsonl" => "json",
        "yaml" | "yml" => "yaml",
        "py" => "python",
        "ts" | "tsx" => "typescript",
        "js" | "mjs" | "jsx" => "javascript",
        "sh" => "shell",
        "html" | "htm" => "html",
        "css" => "css",
        "toml" => "toml",
        "xml" => "xml",
        "rs" => "rust",
        "go" => "go",
        _ => "plaintext",
    }
}
