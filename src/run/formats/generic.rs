//! Any directory as a run: what is known about it was given by hand.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Facts;
use crate::run::{Counts, Scores, Tokens};

/// Format name of such runs.
pub const NAME: &str = "generic";
/// How far a pass rate given by hand may be from what the counts say.
const ROUNDED: f64 = 0.01;

/// What somebody says about a run. Also completes or corrects what a reader found.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Name of the run.
    pub name: Option<String>,
    /// What was tried.
    pub experiment: Option<String>,
    /// The agent under test.
    pub target: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// Tags.
    pub tags: Vec<String>,
    /// Numbers by name, finite.
    pub metrics: BTreeMap<String, f64>,
}

/// The numbers of a run, before they go into its manifest.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    /// Cases.
    pub counts: Counts,
    /// Rates and means.
    pub scores: Scores,
    /// Tokens.
    pub tokens: Option<Tokens>,
    /// US dollars.
    pub cost_usd: Option<f64>,
    /// Milliseconds.
    pub duration_ms: Option<u64>,
}

impl Given {
    /// Replaces what a reader found by what was given.
    pub fn correct(&self, facts: &mut Facts) {
        if let Some(name) = &self.name {
            facts.run_id.clone_from(name);
        }
        if self.experiment.is_some() {
            facts.experiment.clone_from(&self.experiment);
        }
        if let Some(target) = &self.target {
            facts.targets = vec![target.clone()];
        }
        if self.started_at.is_some() {
            facts.started_at = self.started_at;
        }
        facts.add_tags(self.tags.iter().cloned());
    }

    /// Puts the metrics where they belong: those with the name of one of our
    /// numbers there, the others among the named scores. An error says why
    /// they make no sense, or contradict each other or the cases.
    pub fn fill(&self, numbers: &mut Numbers) -> Result<(), String> {
        if self.metrics.is_empty() {
            return Ok(());
        }
        let given = |name: &str| self.metrics.get(name).copied();
        for name in ["test_count", "passed", "errors", "tokens", "duration_ms"] {
            if given(name).is_some_and(|value| value < 0.0 || value.fract() != 0.0) {
                return Err(format!("metric '{name}' must be a whole number, not negative"));
            }
        }
        if let Some(rate) = given("pass_rate").filter(|rate| !(0.0..=1.0).contains(rate)) {
            return Err(format!("metric 'pass_rate' is a fraction between 0 and 1, not {rate}"));
        }
        let no_cases = numbers.counts.test_count == 0;
        for (name, &value) in &self.metrics {
            match name.as_str() {
                "test_count" => numbers.counts.test_count = whole(value),
                "passed" => numbers.counts.passed = whole(value),
                "errors" => numbers.counts.errors = whole(value),
                "avg_score" | "score" => numbers.scores.avg_score = Some(value),
                "pass_rate" => numbers.scores.pass_rate = Some(value),
                "cost_usd" => numbers.cost_usd = Some(value),
                "duration_ms" => numbers.duration_ms = Some(whole(value)),
                "tokens" => numbers.tokens = Some(Tokens { total: whole(value), ..numbers.tokens.unwrap_or_default() }),
                _ => drop(numbers.scores.named.insert(name.clone(), value)),
            }
        }
        let counts = &mut numbers.counts;
        if counts.passed.saturating_add(counts.errors) > counts.test_count {
            return Err(format!(
                "metrics contradict: {} passed and {} errors are more than the {} of 'test_count'",
                counts.passed, counts.errors, counts.test_count
            ));
        }
        let judged = counts.test_count - counts.errors;
        if no_cases && judged > 0 && given("passed").is_none() {
            return Err("metric 'test_count' needs 'passed' beside it: how many passed is not known otherwise".into());
        }
        counts.failed = judged - counts.passed;
        if judged > 0 {
            let rate = ratio(counts.passed, judged);
            // People round; the counts do not.
            if let Some(said) = given("pass_rate").filter(|said| (said - rate).abs() > ROUNDED) {
                return Err(format!(
                    "metrics contradict: pass_rate is {said}, but {} of {judged} judged cases passed",
                    counts.passed
                ));
            }
            numbers.scores.pass_rate = Some(rate);
        } else if counts.test_count > 0 {
            numbers.scores.pass_rate = None;
        }
        Ok(())
    }
}

/// The facts about a directory that no reader knows.
#[must_use]
pub fn facts(name: &str) -> Facts {
    Facts { run_id: name.to_owned(), format: NAME.into(), ..Facts::default() }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked by `contradiction`")]
fn whole(value: f64) -> u64 {
    value as u64
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn ratio(part: u64, all: u64) -> f64 {
    part as f64 / all as f64
}
