//! `GET /api/openapi.json`: the description of the API, made from the types that it answers with.

use axum::response::Response;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::super::asked::Asked;
use super::super::site::Lane;
use super::{compare, edit, error, files, groups, projects, query, remote, run, runs, status, upstream};

/// A parameter: its name, where it stands, its schema, what it is.
type Param = (&'static str, Place, fn() -> Value, &'static str);

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    /// In the query, and there has to be one.
    Needed,
    Query,
}
use Place::{Needed, Path, Query};

/// Makes the schema of a type known, and refers to it.
type Of = fn(&mut SchemaGenerator) -> Value;

/// An operation of the API.
struct Operation {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    params: &'static [Param],
    body: Option<Of>,
    /// What it answers with: JSON of this type, or something else.
    answer: Answer,
}

enum Answer {
    Json(Of),
    /// A media type, and what it is.
    Other(&'static str, &'static str),
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn text() -> Value {
    json!({"type": "string"})
}

fn name() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn limit() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": 1000, "default": 50})
}

fn yes_or_no() -> Value {
    json!({"type": "string", "enum": ["true", "false", "1", "0", ""]})
}

fn group() -> Value {
    let names: Vec<_> = crate::index::query::GROUP_FIELDS.iter().map(|field| field.name).collect();
    json!({"type": "string", "enum": names})
}

const RUN: Param = ("run", Path, text, "4 or more digits of the run's id, or the bundle's own id");
const Q: Param = ("q", Query, text, "A query in the language of 'git agentv list'");

const fn get(path: &'static str, summary: &'static str, params: &'static [Param], answer: Answer) -> Operation {
    Operation { method: "get", path, summary, params, body: None, answer }
}

const fn post(
    path: &'static str,
    summary: &'static str,
    params: &'static [Param],
    body: Option<Of>,
    answer: Answer,
) -> Operation {
    Operation { method: "post", path, summary, params, body, answer }
}

/// All operations. Those with `{project}` in front are the same for another project.
fn operations() -> Vec<Operation> {
    use Answer::{Json, Other};
    vec![
        get("/api/projects", "The repositories that are served", &[], Json(of::<projects::Projects>)),
        get("/api/status", "What is served", &[], Json(of::<status::StatusDocument>)),
        get(
            "/api/runs",
            "A page of runs",
            &[
                ("limit", Query, limit, "How many"),
                ("cursor", Query, text, "'next_cursor' of the page before"),
                Q,
                ("sort", Query, text, "FIELD, FIELD:asc or FIELD:desc; several with commas"),
                ("deleted", Query, yes_or_no, "Deleted runs, too"),
            ],
            Json(of::<runs::RunsPage>),
        ),
        get(
            "/api/runs/{run}",
            "A run",
            &[RUN, ("results", Query, text, "'none' leaves the cases in upstream's words out")],
            Json(of::<run::RunDocument>),
        ),
        Operation {
            method: "delete",
            ..post("/api/runs/{run}", "Delete a run; it can be restored", &[RUN], None, Json(of::<edit::Changed>))
        },
        get("/api/runs/{run}/cases", "The cases of a run, failing ones first", &[RUN], Json(of::<run::Cases>)),
        get(
            "/api/runs/{run}/case",
            "A case, with all that its bundle says about it; the first one if several fit",
            &[
                RUN,
                ("key", Needed, name, "Its name"),
                ("suite", Query, text, "Its suite"),
                ("target", Query, text, "Its target"),
                ("variant", Query, text, "Its variant"),
                ("dir", Query, text, "The directory of its files"),
            ],
            Json(of::<run::CaseDocument>),
        ),
        get("/api/runs/{run}/files", "The files of a run", &[RUN], Json(of::<files::FileList>)),
        get(
            "/api/runs/{run}/files/{path}",
            "What is in a file; ranges of bytes can be asked for",
            &[
                RUN,
                ("path", Path, text, "Its path, with its slashes"),
                ("download", Query, yes_or_no, "To be kept, not shown"),
            ],
            Other("*/*", "The bytes of the file, in a sandbox, and never as HTML"),
        ),
        post(
            "/api/runs/{run}/tags",
            "Add and take away tags",
            &[RUN],
            Some(of::<edit::TagChange>),
            Json(of::<edit::Changed>),
        ),
        post("/api/runs/{run}/note", "Write the note", &[RUN], Some(of::<edit::NoteChange>), Json(of::<edit::Changed>)),
        post("/api/runs/{run}/restore", "Bring a deleted run back", &[RUN], None, Json(of::<edit::Changed>)),
        post(
            "/api/tags",
            "Add and take away tags of several runs, all or none",
            &[],
            Some(of::<edit::TagsOfMany>),
            Json(of::<edit::ChangedRuns>),
        ),
        get("/api/experiments", "The experiments, and what their runs come to", &[Q], Json(of::<groups::Experiments>)),
        get("/api/targets", "The targets, and what their runs come to", &[Q], Json(of::<groups::Targets>)),
        get("/api/groups", "Runs in groups", &[("by", Needed, group, "By what"), Q], Json(of::<groups::Groups>)),
        get(
            "/api/compare",
            "Two runs, case by case; without 'run', upstream's matrix of the newest runs",
            &[
                ("run", Query, text, "The run"),
                (
                    "with",
                    Query,
                    name,
                    "The run to compare it with; absent: the one before, of the same experiment and target",
                ),
            ],
            Json(
                |generator| json!({"oneOf": [of::<compare::Comparison>(generator), of::<upstream::compare::Matrix>(generator)]}),
            ),
        ),
        get("/api/query", "What is wrong with a query, and how it could go on", &[Q], Json(of::<query::QueryCheck>)),
        get(
            "/api/remote/status",
            "How the runs here and those of the remote stand, as of the last sync",
            &[],
            Json(of::<remote::RemoteStatus>),
        ),
        post(
            "/api/remote/sync",
            "Fetch, merge, push",
            &[],
            Some(of::<remote::SyncParams>),
            Json(of::<remote::SyncDone>),
        ),
        get(
            "/api/events",
            "What happens: 'runs' when some were recorded or changed, 'progress' of evals that are running",
            &[],
            Other("text/event-stream", "Server-sent events"),
        ),
        get("/api/config", "What upstream's front end is set to", &[], Json(of::<upstream::Config>)),
        get("/api/openapi.json", "This description", &[], Other("application/json", "OpenAPI 3.1")),
    ]
}

/// `GET /api/openapi.json`
pub(in crate::studio) async fn show(asked: Asked) -> Response {
    asked.json(Lane::Rows, |_| Ok(document())).await
}

fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    let problem = of::<error::Problem>(&mut generator);
    let problem = json!({"description": "Why not", "content": {"application/json": {"schema": problem}}});
    for operation in operations() {
        let described = describe(&operation, &mut generator, &problem);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "git agentv studio",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The runs of a repository. Every path but /api/projects and /api/openapi.json is also there below \
                            /api/projects/{project}. A change needs the header X-Agentv-Token. A field that is absent is unknown.",
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Agentv-Token"}},
        },
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator, problem: &Value) -> Value {
    let params = operation.params.iter().map(|(name, place, schema, about)| {
        let required = *place != Query;
        let place = if *place == Path { "path" } else { "query" };
        json!({"name": name, "in": place, "required": required, "schema": schema(), "description": about})
    });
    let content = match operation.answer {
        Answer::Json(of) => json!({"application/json": {"schema": of(generator)}}),
        Answer::Other(kind, _) => json!({kind: {"schema": {}}}),
    };
    let about = if let Answer::Other(_, about) = operation.answer { about } else { "Done" };
    let mut described = json!({
        "summary": operation.summary,
        "parameters": params.collect::<Vec<_>>(),
        "responses": {"200": {"description": about, "content": content}, "default": problem},
    });
    if let Some(body) = operation.body {
        described["requestBody"] = json!({"content": {"application/json": {"schema": body(generator)}}});
    }
    if operation.method != "get" {
        described["security"] = json!([{"token": []}]);
    }
    described
}
