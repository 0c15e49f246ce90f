//! The one definition of a run's numbers.

use std::collections::{BTreeMap, HashMap};

use super::{CaseRow, Counts, Scores, Status, Tokens};

/// What each case contributes. Kept small: a run may have very many cases.
#[derive(Debug)]
struct Verdict {
    status: Status,
    score: Option<f64>,
    scores: BTreeMap<String, f64>,
    duration_ms: Option<f64>,
    tokens: Option<Tokens>,
    cost_usd: Option<f64>,
}

/// Sums up the cases of a run. Of cases with the same identity the last one counts.
#[derive(Debug, Default)]
pub struct Tally {
    cases: HashMap<String, Verdict>,
}

impl Tally {
    /// Takes a case into account.
    pub fn add(&mut self, case: &CaseRow) {
        let verdict = Verdict {
            status: case.status,
            score: case.score,
            scores: case.scores.clone(),
            duration_ms: case.duration_ms,
            tokens: case.tokens,
            cost_usd: case.cost_usd,
        };
        self.cases.insert(case.identity.clone(), verdict);
    }

    /// How many cases ended how.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for case in self.cases.values() {
            match case.status {
                Status::Skip => counts.skipped += 1,
                Status::Pass => counts.passed += 1,
                Status::Fail => counts.failed += 1,
                Status::Error | Status::Timeout | Status::Cancelled => counts.errors += 1,
            }
        }
        counts.test_count = counts.passed + counts.failed + counts.errors;
        counts
    }

    /// Rates and means over the judged cases.
    #[must_use]
    pub fn scores(&self) -> Scores {
        let counts = self.counts();
        let judged = counts.test_count - counts.errors;
        let mut named: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for case in self.judged() {
            for (name, score) in &case.scores {
                named.entry(name.clone()).or_default().push(*score);
            }
        }
        Scores {
            pass_rate: (judged > 0).then(|| ratio(counts.passed, judged)),
            avg_score: mean(self.judged().filter_map(|case| case.score).collect()),
            named: named.into_iter().filter_map(|(name, scores)| Some((name, mean(scores)?))).collect(),
        }
    }

    /// Tokens of all cases; unknown where no case names a number other than 0.
    #[must_use]
    pub fn tokens(&self) -> Option<Tokens> {
        let sum = self.cases.values().filter_map(|case| case.tokens).fold(Tokens::default(), |a, b| Tokens {
            input: a.input.saturating_add(b.input),
            output: a.output.saturating_add(b.output),
            total: a.total.saturating_add(b.total),
        });
        (sum.total > 0).then_some(sum)
    }

    /// Dollars of all cases that say.
    #[must_use]
    pub fn cost_usd(&self) -> Option<f64> {
        sum(self.cases.values().filter_map(|case| case.cost_usd).collect())
    }

    /// Milliseconds of all cases that say.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and not negative")]
    pub fn duration_ms(&self) -> Option<u64> {
        let sum = sum(self.cases.values().filter_map(|case| case.duration_ms).collect())?;
        Some(sum.max(0.0).round() as u64)
    }

    fn judged(&self) -> impl Iterator<Item = &Verdict> {
        self.cases.values().filter(|case| case.status.is_judged())
    }
}

/// Added in order of size, so that the sum does not depend on the order of a hash map.
fn sum(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    (!values.is_empty()).then(|| values.iter().sum())
}

fn mean(values: Vec<f64>) -> Option<f64> {
    let count = values.len() as u64;
    sum(values).map(|sum| sum / as_f64(count))
}

fn ratio(part: u64, whole: u64) -> f64 {
    as_f64(part) / as_f64(whole)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn as_f64(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(identity: &str, status: Status, score: Option<f64>) -> CaseRow {
        CaseRow {
            key: identity.into(),
            suite: None,
            version: None,
            attempt: None,
            samples: None,
            status,
            fault: None,
            score,
            scores: BTreeMap::new(),
            duration_ms: None,
            tokens: None,
            cost_usd: None,
            model: None,
            target: None,
            variant: None,
            reason: None,
            transcript: None,
            dir: None,
            identity: identity.into(),
        }
    }

    #[test]
    fn errors_are_counted_but_not_judged() {
        let mut tally = Tally::default();
        tally.add(&case("pass", Status::Pass, Some(1.0)));
        tally.add(&case("half", Status::Fail, Some(0.5)));
        tally.add(&case("crash", Status::Error, Some(0.0)));
        tally.add(&case("slow", Status::Timeout, None));
        tally.add(&case("later", Status::Skip, None));
        let expected = Counts { test_count: 4, passed: 1, failed: 1, errors: 2, skipped: 1 };
        assert_eq!(tally.counts(), expected);
        assert_eq!(tally.scores().pass_rate, Some(0.5));
        assert_eq!(tally.scores().avg_score, Some(0.75));
    }

    #[test]
    fn a_repeated_case_counts_once_the_last_time() {
        let mut tally = Tally::default();
        tally.add(&case("a", Status::Error, None));
        tally.add(&case("a", Status::Pass, Some(1.0)));
        assert_eq!(tally.counts(), Counts { test_count: 1, passed: 1, ..Counts::default() });
    }

    #[test]
    fn nothing_judged_is_no_rate() {
        let mut tally = Tally::default();
        tally.add(&case("a", Status::Error, Some(0.0)));
        assert_eq!(tally.scores(), Scores::default());
        assert_eq!(tally.tokens(), None);
    }
}
