//! Bundles of the `agentv` CLI, from every layout that it ever wrote.
//!
//! | era | from | run summary | one line per case | our variant |
//! | --- | --- | --- | --- | --- |
//! | A, B | up to 2026-06-25 | `benchmark.json` | `index.jsonl` | `agentv/benchmark` |
//! | C, E | 2026-06-25, 07-01 | `summary.json` | `index.jsonl` | `agentv/summary` |
//! | D | 2026-06-29 | `summary.json` | `run_manifest.jsonl` for a day | `agentv/manifest` |
//! | F, G | 2026-07-03, 07-06 | `summary.json` | `.internal/index.jsonl` | `agentv/internal` |
//!
//! What the eras call things differs (`trials`, `attempts`, `samples`;
//! `verdict`, `status`; camelCase and snake_case), what a line means does not.

mod detail;
mod rows;
mod summary;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::{Facts, Format};
use crate::run::json;
use crate::run::{BundleError, CaseDetail, CaseRow, Files};
use summary::Summary;

/// The reader.
pub(super) struct AgentV;

const INTERNAL: &str = ".internal/index.jsonl";
const INDEXES: [(&str, &str); 3] =
    [(INTERNAL, "agentv/internal"), ("index.jsonl", "agentv/summary"), ("run_manifest.jsonl", "agentv/manifest")];

impl Format for AgentV {
    fn is_root(&self, has: &dyn Fn(&str) -> bool) -> bool {
        INDEXES.iter().any(|(path, _)| has(path)) || has("benchmark.json") || has("summary.json")
    }

    fn read(
        &self,
        name: &str,
        files: &dyn Files,
        lenient: bool,
        each: &mut dyn FnMut(CaseRow),
    ) -> Result<Facts, BundleError> {
        let mut broken = Vec::new();
        let mut tolerate = |err: BundleError| {
            if lenient {
                broken.push(err.to_string());
                Ok(())
            } else {
                Err(err)
            }
        };
        let summary = match Summary::read(files) {
            Ok(summary) => summary,
            Err(err) => {
                tolerate(err)?;
                None
            }
        };
        let index = summary.as_ref().and_then(|summary| summary.index_path(files)).or_else(|| find_index(files));
        if index.is_none() && summary.as_ref().is_some_and(|summary| !summary.is_of_a_run()) {
            // A case's directory has a file of that name, and so have other tools' results.
            let reason = "its summary is not that of a run, and it has no index of cases".into();
            return Err(BundleError::NotABundle { path: name.into(), reason });
        }
        let mut lines = Lines::default();
        if let Some(path) = &index {
            let bytes = files.read(path)?.unwrap_or_default();
            for (number, line) in bytes.split(|&b| b == b'\n').enumerate() {
                if line.trim_ascii().is_empty() {
                    continue;
                }
                match json::parse::<Value>(path, number, line).and_then(|row| rows::case(path, number + 1, row)) {
                    Ok(row) => {
                        lines.note(&row);
                        each(row.case);
                    }
                    Err(err) => tolerate(err)?,
                }
            }
        }
        let variant = match (&index, files.has("benchmark.json")) {
            (_, true) => "agentv/benchmark",
            (Some(path), false) => {
                INDEXES.iter().find(|(known, _)| known == path).map_or("agentv/internal", |(_, v)| v)
            }
            (None, false) => "agentv/summary",
        };
        let mut facts = lines.facts(name, summary.as_ref());
        facts.format = variant.into();
        facts.add_tags(summary::tags_file(files));
        facts.incomplete = incomplete(summary.as_ref(), index.as_deref(), &lines);
        facts.broken = broken;
        Ok(facts)
    }

    fn details(
        &self,
        files: &dyn Files,
        wanted: &dyn Fn(&CaseRow) -> bool,
        each: &mut dyn FnMut(CaseRow, CaseDetail),
    ) -> Result<(), BundleError> {
        let summary = Summary::read(files).ok().flatten();
        let Some(path) = summary.and_then(|summary| summary.index_path(files)).or_else(|| find_index(files)) else {
            return Ok(());
        };
        let bytes = files.read(&path)?.unwrap_or_default();
        for (number, line) in bytes.split(|&b| b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty())
        {
            let Ok(row) =
                json::parse::<Value>(&path, number, line).and_then(|row| rows::Fields::of(&path, number + 1, row))
            else {
                continue;
            };
            if let Ok(line) = rows::read(&path, number + 1, &row)
                && wanted(&line.case)
            {
                let detail = detail::of(&row, files)?;
                each(line.case, detail);
            }
        }
        Ok(())
    }
}

fn find_index(files: &dyn Files) -> Option<String> {
    INDEXES.iter().find(|(path, _)| files.has(path)).map(|(path, _)| (*path).to_owned())
}

/// The CLI writes a stub of the summary when it begins, index lines as cases
/// end, and the whole summary when all is done.
fn incomplete(summary: Option<&Summary>, index: Option<&str>, lines: &Lines) -> Option<String> {
    let Some(summary) = summary else {
        return Some("it has no run summary yet (summary.json or benchmark.json)".into());
    };
    if index.is_none() {
        return Some("it has no index of its cases yet (index.jsonl)".into());
    }
    if summary.is_stub() {
        return Some(format!(
            "its summary was not written yet, {} of {} tests are done",
            lines.tests.len(),
            summary.planned().unwrap_or(0)
        ));
    }
    let expected = summary.tests_run();
    (lines.tests.len() < expected).then(|| format!("its index lists {} of {expected} tests", lines.tests.len()))
}

/// What the lines of the index say together.
#[derive(Default)]
struct Lines {
    tests: BTreeSet<String>,
    targets: Vec<String>,
    run_id: Option<String>,
    experiment: Option<String>,
    tags: Vec<String>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Lines {
    fn note(&mut self, row: &rows::Line) {
        self.tests.insert(row.case.key.clone());
        if let Some(target) = &row.case.target
            && !self.targets.contains(target)
        {
            self.targets.push(target.clone());
        }
        if self.run_id.is_none() {
            self.run_id.clone_from(&row.run_id);
        }
        if self.experiment.is_none() {
            self.experiment.clone_from(&row.experiment);
        }
        if self.tags.is_empty() {
            self.tags.clone_from(&row.tags);
        }
        self.first = self.first.into_iter().chain(row.timestamp).min();
        self.last = self.last.into_iter().chain(row.timestamp).chain(row.ended).max();
    }

    fn facts(&self, name: &str, summary: Option<&Summary>) -> Facts {
        let run_id =
            summary.and_then(Summary::run_id).or_else(|| self.run_id.clone()).unwrap_or_else(|| name.to_owned());
        let started_at =
            stamp(&run_id).or_else(|| stamp(name)).or_else(|| summary.and_then(Summary::timestamp)).or(self.first);
        let targets = summary.map(Summary::targets).filter(|targets| !targets.is_empty());
        let tags = summary.map(Summary::tags).filter(|tags| !tags.is_empty()).unwrap_or_else(|| self.tags.clone());
        let experiment = summary
            .and_then(Summary::experiment)
            .or_else(|| self.experiment.clone())
            .or_else(|| tags.iter().find_map(|tag| tag.strip_prefix("experiment=").map(str::to_owned)))
            .unwrap_or_else(|| "default".into());
        let mut facts = Facts {
            run_id,
            started_at,
            finished_at: self.last.filter(|&last| started_at.is_none_or(|start| last >= start)),
            targets: targets.unwrap_or_else(|| self.targets.clone()),
            ..Facts::default()
        };
        // The tag only repeats the experiment, which has a place of its own.
        facts.add_tags(tags.into_iter().filter(|tag| *tag != format!("experiment={experiment}")));
        facts.experiment = Some(experiment);
        facts
    }
}

/// The moment that a generated run id names: `2026-07-04T03-53-57-344Z`.
fn stamp(id: &str) -> Option<Timestamp> {
    let pattern = "dddd-dd-ddTdd-dd-dd-dddZ";
    let fits = id.len() == pattern.len()
        && id.bytes().zip(pattern.bytes()).all(|(b, p)| if p == b'd' { b.is_ascii_digit() } else { b == p });
    let iso = fits.then(|| format!("{}:{}:{}.{}", &id[..13], &id[14..16], &id[17..19], &id[20..]))?;
    iso.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::stamp;

    #[test]
    fn generated_ids_name_their_start() {
        assert_eq!(stamp("2026-07-04T03-53-57-344Z"), "2026-07-04T03:53:57.344Z".parse().ok());
        for id in ["replay-contract", "2026-07-04T03-53-57-34Z", "2026-13-04T03-53-57-344Z", "2026-07-04T03:53:57.344Z"]
        {
            assert_eq!(stamp(id), None, "{id}");
        }
    }
}
