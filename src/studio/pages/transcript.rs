//! The transcript of a case, page by page.

use serde::Deserialize;

use crate::run::transcript::{self as parser, Call, LineReader, Part as Piece, Turn};
use crate::run::{CaseDetail, CaseRow};
use crate::store::{Store, StoredFile, StoredRun};

use super::super::api::error::Problem;
use super::of_run::{self, OfThis};
use super::show;

/// Turns, or lines, on one page, and bytes.
const TURNS: usize = 200;
const PAGE: usize = 2 << 20;
/// Bytes of a document that is read as a whole.
const DOCUMENT: u64 = 16 << 20;
/// Bytes of one piece that are shown.
const PIECE: usize = 32 << 10;

/// Which part of it is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::studio) struct Part {
    /// The byte of the file at which the page begins; of a document, the turn.
    at: Option<u64>,
    /// `raw`: what the provider wrote, where there is also a transcript in upstream's own form.
    transcript: Option<String>,
}

/// What is shown.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) path: String,
    pub(super) address: String,
    pub(super) turns: Vec<Said>,
    /// Whether it begins at the beginning.
    pub(super) first: bool,
    /// Parameters of the page behind.
    pub(super) next: Option<String>,
    /// Parameters of the beginning.
    pub(super) start: String,
    /// The other file: label, parameters.
    pub(super) other: Option<(&'static str, &'static str)>,
    /// Why there is nothing to show.
    pub(super) problem: Option<&'static str>,
}

/// A turn.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) role: String,
    /// Of its colour.
    pub(super) class: &'static str,
    /// When, how long, how many tokens.
    pub(super) facts: String,
    pub(super) pieces: Vec<Shape>,
}

/// A piece of a turn.
#[derive(Debug)]
pub(super) enum Shape {
    /// Plain text, and whether it is cut.
    Text(String, bool),
    /// Something that folds.
    Folded(Folded),
    /// A file: its path, and its address.
    File(String, String),
}

/// Something that folds.
#[derive(Debug)]
pub(super) struct Folded {
    pub(super) label: String,
    /// What it begins with.
    pub(super) hint: String,
    pub(super) facts: String,
    pub(super) bad: bool,
    /// Titles and texts, and whether each is cut.
    pub(super) texts: Vec<(&'static str, String, bool)>,
}

/// The transcript of a case, if it has one.
pub(super) fn find(
    store: &Store<'_>,
    run: &StoredRun<'_>,
    this: &OfThis,
    case: &CaseRow,
    detail: &CaseDetail,
    part: &Part,
) -> Result<Option<Shown>, Problem> {
    let (own, raw) = (detail.file("transcript").or(case.transcript.as_deref()), detail.file("raw_transcript"));
    let wants_raw = part.transcript.as_deref() == Some("raw");
    let path = if wants_raw { raw.or(own) } else { own.or(raw) };
    let Some((path, Ok(file))) = path.map(|path| (path, run.file(path.as_bytes()))) else { return Ok(None) };
    let (other, prefix) = match (own.is_some() && raw.is_some(), wants_raw) {
        (true, true) => (Some(("As the tool puts it", "")), "transcript=raw&"),
        (true, false) => (Some(("As the provider wrote it", "transcript=raw")), ""),
        (false, _) => (None, ""),
    };
    let at = part.at.unwrap_or_default();
    let mut shown = Shown {
        path: path.to_owned(),
        address: this.file(path),
        turns: Vec::new(),
        first: at == 0,
        next: None,
        start: prefix.trim_end_matches('&').to_owned(),
        other,
        problem: None,
    };
    let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    let place = |path: &str| super::markdown::within(dir, path).map(|path| this.file(&path));
    let is_document = std::path::Path::new(path).extension().is_some_and(|ending| ending == "json");
    if is_document && file.size > DOCUMENT {
        shown.problem = Some("It is too large to be shown here.");
        return Ok(Some(shown));
    }
    let document = if is_document { read_document(store, run, &file)? } else { None };
    let (turns, next) = if let Some(turns) = document {
        let skip = usize::try_from(at).unwrap_or(usize::MAX);
        let more = turns.len() > skip.saturating_add(TURNS);
        (turns.into_iter().skip(skip).take(TURNS).collect(), more.then(|| at + TURNS as u64))
    } else {
        let mut reader = LineReader::new(TURNS, PAGE);
        of_run::read(store, run, &file, at, &mut |data| reader.feed(data))?;
        let page = reader.finish();
        (page.turns, page.next.map(|next| at + next))
    };
    shown.turns = turns.into_iter().map(|turn| said(turn, &place)).collect();
    shown.next = next.map(|next| format!("{prefix}at={next}"));
    Ok(Some(shown))
}

fn read_document(store: &Store<'_>, run: &StoredRun<'_>, file: &StoredFile) -> Result<Option<Vec<Turn>>, Problem> {
    let mut data = Vec::new();
    of_run::read(store, run, file, 0, &mut |piece| {
        data.extend_from_slice(piece);
        true
    })?;
    Ok(parser::of_document(&data))
}

fn said(turn: Turn, place: &dyn Fn(&str) -> Option<String>) -> Said {
    let class = match turn.role.as_str() {
        "user" | "human" => "user",
        "assistant" | "model" => "assistant",
        "tool" | "function" => "tool",
        _ => "other",
    };
    let tokens = |count: Option<u64>, word: &str| count.map(|count| format!("{} tokens {word}", show::count(count)));
    let facts = [
        turn.time.as_deref().map(|time| time.get(11..19).unwrap_or(time).to_owned()),
        turn.duration_ms.map(show::milliseconds),
        tokens(turn.input_tokens, "in"),
        tokens(turn.output_tokens, "out"),
        turn.cost_usd.map(show::dollars),
    ];
    let facts = joined(facts);
    Said { class, facts, pieces: turn.parts.into_iter().map(|piece| shape(piece, place)).collect(), role: turn.role }
}

fn shape(piece: Piece, place: &dyn Fn(&str) -> Option<String>) -> Shape {
    let folded = |label: &str, title, text: String| {
        let (texts, hint) = (vec![cut(title, &text)], hint(&text));
        Shape::Folded(Folded { label: label.to_owned(), hint, facts: String::new(), bad: false, texts })
    };
    match piece {
        Piece::Text(text) => {
            let (_, start, is_cut) = cut("", &text);
            Shape::Text(start, is_cut)
        }
        Piece::Thinking(text) => folded("Thinking", "", text),
        Piece::Call(call) => Shape::Folded(called(*call)),
        Piece::Result(_, text) => folded("Answer of the tool", "", text),
        Piece::File(path) => {
            let address = place(&path).unwrap_or_default();
            Shape::File(path, address)
        }
        // A log is read, not unfolded.
        Piece::Other(text) if !text.starts_with(['{', '[']) => {
            let (_, start, is_cut) = cut("", &text);
            Shape::Text(start, is_cut)
        }
        Piece::Other(text) => folded("More", "", text),
    }
}

fn called(call: Call) -> Folded {
    let status = call.status.unwrap_or_default();
    let bad = ["error", "failed", "failure", "timeout", "cancelled"].contains(&status.as_str());
    let said = if ["", "ok", "success", "completed"].contains(&status.as_str()) { None } else { Some(status) };
    let texts = [("Input", &call.input), ("Output", &call.output), ("More", &call.more)];
    Folded {
        hint: hint(call.input.as_deref().unwrap_or_default()),
        facts: joined([said, call.duration_ms.map(show::milliseconds)]),
        bad,
        texts: texts.into_iter().filter_map(|(title, text)| Some(cut(title, text.as_deref()?))).collect(),
        label: call.tool,
    }
}

fn joined<const N: usize>(facts: [Option<String>; N]) -> String {
    facts.into_iter().flatten().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn cut(title: &'static str, text: &str) -> (&'static str, String, bool) {
    let (start, is_cut) = show::beginning(text, PIECE);
    (title, start.to_owned(), is_cut)
}

/// What a text begins with, on one line.
fn hint(text: &str) -> String {
    let words = text.split_whitespace().flat_map(|word| [word, " "]).take(40).collect::<String>();
    let (start, is_cut) = show::beginning(words.trim(), 100);
    format!("{start}{}", if is_cut { "…" } else { "" })
}
