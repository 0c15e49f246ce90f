//! A turn, of the JSON that a tool wrote for it.

use serde_json::{Map, Value};

use super::{Call, Part, Turn};

/// Keys that repeat on every line what is known of the run, or that are taken up elsewhere.
const KNOWN: [&str; 26] = [
    "schema_version",
    "test_id",
    "target",
    "message_index",
    "capture",
    "trace",
    "source",
    "v",
    "agent",
    "start_time",
    "ts",
    "timestamp",
    "end_time",
    "duration_ms",
    "transcript_duration_ms",
    "transcript_token_usage",
    "transcript_cost_usd",
    "token_usage",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "role",
    "type",
    "content",
    "tool_calls",
    "tool_call_id",
];

/// The turn that `value` is; none if it is nothing of the kind.
pub(super) fn turn(value: Value) -> Option<Turn> {
    let Value::Object(mut outer) = value else { return None };
    // Some wrap what was said into an envelope.
    let mut inner = match outer.remove("message") {
        Some(Value::Object(inner)) => inner,
        Some(other) => {
            outer.insert("message".into(), other);
            Map::new()
        }
        None => Map::new(),
    };
    let role = [inner.get("role"), outer.get("role"), outer.get("type")].into_iter().flatten().find_map(Value::as_str);
    let logged = outer.get("schema_version").and_then(Value::as_str) == Some("agentv.raw_provider_log_line.v1");
    if logged && let Some(Value::String(line)) = outer.get("content") {
        return Some(Turn::raw(line));
    }
    let role = role?.to_owned();
    let (content, calls) = (take(&mut inner, &mut outer, "content"), take(&mut inner, &mut outer, "tool_calls"));
    if content.is_none() && calls.is_none() {
        return None;
    }
    let id = outer.get("tool_call_id").or_else(|| inner.get("tool_call_id")).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| outer.get(key).or_else(|| inner.get(key));
    let tokens = |of: &str| {
        let counts = number("token_usage").or_else(|| number("usage"));
        number(&format!("{of}_tokens"))
            .or_else(|| counts?.get(of).or_else(|| counts?.get(format!("{of}_tokens"))))
            .and_then(Value::as_u64)
    };
    let mut turn = Turn {
        time: ["start_time", "ts", "timestamp"].into_iter().find_map(|key| number(key)?.as_str()).map(str::to_owned),
        duration_ms: number("duration_ms").and_then(Value::as_f64),
        input_tokens: tokens("input"),
        output_tokens: tokens("output"),
        cost_usd: number("cost_usd").and_then(Value::as_f64),
        role,
        parts: Vec::new(),
    };
    push_content(&mut turn.parts, content.unwrap_or_default(), turn.role == "tool", id);
    match calls {
        Some(Value::Array(calls)) => turn.parts.extend(calls.into_iter().map(call)),
        None | Some(Value::Null) => {}
        Some(other) => turn.parts.push(Part::Other(pretty(&other))),
    }
    for mut rest in [outer, inner] {
        rest.retain(|key, value| !KNOWN.contains(&key.as_str()) && !value.is_null());
        if !rest.is_empty() {
            turn.parts.push(Part::Other(pretty(&Value::Object(rest))));
        }
    }
    Some(turn)
}

fn take(inner: &mut Map<String, Value>, outer: &mut Map<String, Value>, key: &str) -> Option<Value> {
    inner.remove(key).or_else(|| outer.remove(key))
}

fn push_content(parts: &mut Vec<Part>, content: Value, answer: bool, id: Option<String>) {
    match content {
        Value::Null => {}
        content if answer => parts.push(Part::Result(id, plain(content))),
        Value::String(text) => parts.push(Part::Text(text)),
        Value::Array(pieces) => parts.extend(pieces.into_iter().map(part)),
        piece => parts.push(part(piece)),
    }
}

fn part(piece: Value) -> Part {
    let Value::Object(mut object) = piece else { return Part::Text(plain(piece)) };
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let few = |object: &Map<String, Value>, own: &str| {
        object.keys().all(|key| [own, "type", "signature", "annotations"].contains(&key.as_str()))
    };
    match kind.as_str() {
        "text" | "output_text" | "input_text" | "" if few(&object, "text") => match object.remove("text") {
            Some(Value::String(text)) => Part::Text(text),
            other => Part::Other(pretty(&other.unwrap_or(Value::Object(object)))),
        },
        "thinking" | "reasoning" => {
            let own = if object.contains_key("thinking") { "thinking" } else { "text" };
            match object.remove(own) {
                Some(Value::String(text)) if few(&object, own) => Part::Thinking(text),
                Some(text) => {
                    object.insert(own.into(), text);
                    Part::Other(pretty(&Value::Object(object)))
                }
                None => Part::Other(pretty(&Value::Object(object))),
            }
        }
        "tool_use" | "tool_call" | "function_call" => call(Value::Object(object)),
        "tool_result" => {
            let id = object.remove("tool_use_id").and_then(|id| id.as_str().map(str::to_owned));
            Part::Result(id, object.remove("content").map(plain).unwrap_or_default())
        }
        "file" | "image" if object.get("path").is_some_and(Value::is_string) => {
            Part::File(object.remove("path").map(plain).unwrap_or_default())
        }
        _ => Part::Other(pretty(&Value::Object(object))),
    }
}

fn call(value: Value) -> Part {
    let Value::Object(mut object) = value else { return Part::Other(pretty(&value)) };
    if let Some(Value::Object(function)) = object.remove("function") {
        object.extend(function);
    }
    let mut result = match object.remove("result") {
        Some(Value::Object(result)) => result,
        Some(other) => Map::from_iter([("output".to_owned(), other)]),
        None => Map::new(),
    };
    let text = |value: Option<Value>| value.filter(|value| !value.is_null()).map(plain);
    let names = ["name", "tool", "tool_name"].map(|key| object.remove(key));
    let tool = names.into_iter().flatten().find_map(|name| name.as_str().map(str::to_owned));
    let call = Call {
        tool: tool.unwrap_or_else(|| "tool".into()),
        id: text(object.remove("id").or_else(|| object.remove("call_id"))),
        input: text(object.remove("input").or_else(|| object.remove("arguments"))),
        output: text(object.remove("output").or_else(|| result.remove("output"))),
        status: text(object.remove("status").or_else(|| result.remove("status"))).filter(|status| status != "unknown"),
        duration_ms: object.remove("duration_ms").and_then(|ms| ms.as_f64()),
        more: None,
    };
    let is_rest = |key: &String, value: &mut Value| {
        !["type", "trace", "start_time", "end_time"].contains(&key.as_str()) && !value.is_null()
    };
    object.extend(result);
    object.retain(is_rest);
    let more = (!object.is_empty()).then(|| pretty(&Value::Object(object)));
    Part::Call(Box::new(Call { more, ..call }))
}

/// Text as it is; of pieces of text their texts; anything else as JSON.
fn plain(value: Value) -> String {
    let texts = |pieces: &[Value]| {
        let text = |piece: &Value| {
            let is_text = piece.get("type").and_then(Value::as_str) == Some("text");
            piece.get("text").and_then(Value::as_str).filter(|_| is_text).map(str::to_owned)
        };
        pieces.iter().map(text).collect::<Option<Vec<_>>>().map(|texts| texts.join("\n"))
    };
    match value {
        Value::String(text) => text,
        Value::Array(pieces) => match texts(&pieces) {
            Some(text) if !pieces.is_empty() => text,
            _ => pretty(&Value::Array(pieces)),
        },
        other => pretty(&other),
    }
}

/// JSON for people.
pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
