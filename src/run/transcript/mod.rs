//! A transcript as turns: who said what, and which tools were called. Tolerant: eval tools write many shapes, and write
//! plain logs under the same names. What is not understood stays as it is, and nothing is left out.
//!
//! A file of lines is read from any line on, so that a page of a long one costs as much as a page of a short one.

mod lines;
mod value;

pub use lines::{LinePage, LineReader};

use serde_json::Value;

/// A contribution to the conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Turn {
    /// `user`, `assistant`, `tool`, `system`, in the words of the file; [`Turn::RAW`] for what is not understood.
    pub role: String,
    /// When it began; as in the file.
    pub time: Option<String>,
    /// Milliseconds.
    pub duration_ms: Option<f64>,
    /// Tokens that the model read for it.
    pub input_tokens: Option<u64>,
    /// Tokens that the model wrote.
    pub output_tokens: Option<u64>,
    /// US dollars.
    pub cost_usd: Option<f64>,
    /// What it is made of.
    pub parts: Vec<Part>,
}

/// A piece of a turn.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// What was said.
    Text(String),
    /// What was thought.
    Thinking(String),
    /// A tool that was called.
    Call(Box<Call>),
    /// What a tool answered, where it stands by itself: the id of the call, and the answer.
    Result(Option<String>, String),
    /// A file, as a path beside the case's other files.
    File(String),
    /// Whatever else the file says: JSON, or text.
    Other(String),
}

/// A call of a tool.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Call {
    /// What the tool is called.
    pub tool: String,
    /// What tells the call from others.
    pub id: Option<String>,
    /// What it was given: text, or JSON.
    pub input: Option<String>,
    /// What it answered.
    pub output: Option<String>,
    /// How it ended, in the words of the file.
    pub status: Option<String>,
    /// Milliseconds.
    pub duration_ms: Option<f64>,
    /// What else the file says about it, as JSON.
    pub more: Option<String>,
}

impl Turn {
    /// The role of what is not understood.
    pub const RAW: &str = "raw";

    /// Of a line of a file.
    #[must_use]
    pub fn of_line(line: &str) -> Self {
        let value = serde_json::from_str::<Value>(line).ok();
        value.and_then(value::turn).unwrap_or_else(|| Self::raw(line))
    }

    fn raw(text: &str) -> Self {
        Self { role: Self::RAW.into(), parts: vec![Part::Other(text.to_owned())], ..Self::default() }
    }
}

/// The turns of a document that is JSON as a whole: `{"turns": […]}`, `{"messages": […]}` or `[…]`; none if it is nothing
/// of the kind.
#[must_use]
pub fn of_document(bytes: &[u8]) -> Option<Vec<Turn>> {
    let turns = match serde_json::from_slice(bytes).ok()? {
        Value::Array(turns) => turns,
        Value::Object(mut document) => {
            let key = ["turns", "messages", "transcript"]
                .into_iter()
                .find(|key| document.get(*key).is_some_and(Value::is_array))?;
            let Some(Value::Array(turns)) = document.remove(key) else { return None };
            turns
        }
        _ => return None,
    };
    let each = |turn: Value| value::turn(turn.clone()).unwrap_or_else(|| Turn::raw(&value::pretty(&turn)));
    Some(turns.into_iter().map(each).collect())
}

#[cfg(test)]
mod tests {
    use super::{LineReader, Part, Turn, of_document};

    const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/bundles/");

    fn read(path: &str) -> Vec<u8> {
        std::fs::read(format!("{DATA}{path}")).unwrap()
    }

    fn said(turns: &[Turn]) -> Vec<(&str, &Part)> {
        turns.iter().map(|turn| (turn.role.as_str(), &turn.parts[0])).collect()
    }

    #[test]
    fn real_transcripts() {
        let asked = Part::Text("FAIL What is the capital of France?".into());
        let answered = Part::Text("nope\n".into());
        let expected = [("user", &asked), ("assistant", &answered)];
        let document = of_document(&read("agentv-5.3.1/wrong--46de1196698a/sample-1/transcript.json")).unwrap();
        assert_eq!(said(&document), expected);
        for path in [
            "agentv-5.3.1/wrong--46de1196698a/sample-1/transcript-raw.jsonl",
            "agentv-4.42.4/capitals/wrong/outputs/transcript.jsonl",
        ] {
            let mut reader = LineReader::new(10, 1 << 20);
            reader.feed(&read(path));
            let page = reader.finish();
            assert_eq!((said(&page.turns).as_slice(), page.next), (expected.as_slice(), None), "{path}");
            assert_eq!(page.turns[0].parts.len(), 1, "what each line repeats about the run is no part of a turn");
        }
    }

    #[test]
    fn calls_of_tools_in_all_shapes() {
        let lines = [
            r#"{"role":"assistant","tool_calls":[{"tool":"Read","input":{"path":"a.json"},"output":"{}","id":"1","status":"ok","duration_ms":1200}]}"#,
            r#"{"type":"assistant","v":1,"content":[{"type":"tool_use","id":"1","tool_name":"file_read","name":"Read","input":{"path":"a.json"},"result":{"status":"ok","output":"{}"}}]}"#,
            r#"{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a.json\"}"}}]}"#,
            r#"{"type":"assistant","message":{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"Read","input":{"path":"a.json"}}]}}"#,
        ];
        for (at, line) in lines.into_iter().enumerate() {
            let turn = Turn::of_line(line);
            let Part::Call(call) = &turn.parts[0] else { panic!("{turn:?}") };
            assert_eq!((call.tool.as_str(), call.id.as_deref()), ("Read", Some("1")), "{line}");
            assert!(call.input.as_deref().unwrap().contains("a.json"), "{line}");
            assert_eq!(call.output.as_deref(), if at < 2 { Some("{}") } else { None }, "{line}");
        }
        let answer = Turn::of_line(r#"{"role":"tool","tool_call_id":"1","content":"{}"}"#);
        assert_eq!(answer.parts, [Part::Result(Some("1".into()), "{}".into())]);
        let answer = Turn::of_line(
            r#"{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"{}"}]}]}}"#,
        );
        assert_eq!(answer.parts, [Part::Result(Some("1".into()), "{}".into())]);
    }

    #[test]
    fn nothing_is_left_out() {
        let turn = Turn::of_line(
            r#"{"role":"assistant","content":[{"type":"odd","x":1},{"type":"file","path":"a.xlsx"}],"refusal":"no"}"#,
        );
        assert!(matches!(&turn.parts[0], Part::Other(json) if json.contains("odd")), "{turn:?}");
        assert_eq!(turn.parts[1], Part::File("a.xlsx".into()));
        assert!(matches!(&turn.parts[2], Part::Other(json) if json.contains("refusal")), "{turn:?}");
        for line in ["# a log", r#"{"item":"no turn"}"#, "[1, 2]", "{\"broken\": "] {
            assert_eq!(Turn::of_line(line).parts, [Part::Other(line.to_owned())]);
        }
        assert_eq!(of_document(b"# a log"), None);
        assert_eq!(of_document(b"{\"a\": 1}"), None);
    }
}
