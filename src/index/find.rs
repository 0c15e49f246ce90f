//! Finding the run that somebody means, in the projection: the same time with 100 and with 1,000,000 runs.

use rusqlite::{OptionalExtension, params};

use crate::run::{Row, RunId};

use super::projection::{Projection, Result};

/// What a name of a run came to.
#[derive(Debug, Clone, PartialEq)]
pub enum FoundRun {
    /// It is this run, and when it was recorded in seconds since 1970.
    One(Box<Row>, i64),
    /// The ids of several runs that it could be.
    Several(Vec<String>),
    /// There is no such run.
    None,
}

/// Shorter prefixes of an id are refused: they will soon be ambiguous.
const MIN_PREFIX: usize = 4;
/// How many candidates are told.
const SHOWN: usize = 6;

impl Projection {
    /// The run that `name` means: 4 or more digits of its id, or the bundle's own id. Deleted ones are found, too.
    pub fn find(&self, name: &str) -> Result<FoundRun> {
        let hex = name.len() >= MIN_PREFIX && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
        if hex {
            let prefix = name.to_ascii_lowercase();
            // `g` comes after all digits.
            let end = format!("{prefix}g");
            let found = self.matching("r.id >= ?2 AND r.id < ?3", &prefix, &end)?;
            if found != FoundRun::None {
                return Ok(found);
            }
        }
        self.matching("r.run_id = ?2 COLLATE NOCASE AND r.run_id = ?3", name, name)
    }

    fn matching(&self, condition: &str, a: &str, b: &str) -> Result<FoundRun> {
        let mut runs: Vec<(Row, i64)> = Vec::new();
        for store in self.stores() {
            let sql = format!("SELECT r.line, r.recorded FROM runs r WHERE r.store = ?1 AND {condition} LIMIT {SHOWN}");
            let mut found = self.db().prepare_cached(&sql)?;
            let rows = found.query_map(params![store, a, b], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            for row in rows {
                let (line, recorded) = row?;
                let row: Row = serde_json::from_str(&line).map_err(|_| rusqlite::Error::InvalidQuery)?;
                // The first store that has it is the one that counts.
                if !runs.iter().any(|(known, _)| known.id == row.id) {
                    runs.push((row, recorded));
                }
            }
        }
        Ok(match runs.len() {
            0 => FoundRun::None,
            1 => runs.pop().map_or(FoundRun::None, |(row, at)| FoundRun::One(Box::new(row), at)),
            _ => FoundRun::Several(runs.into_iter().map(|(row, _)| row.id.to_string()).collect()),
        })
    }

    /// The names of the stores that have a run, those too that are not asked.
    pub fn places_of(&self, id: &RunId) -> Result<Vec<String>> {
        let mut found = self.db().prepare_cached("SELECT 1 FROM facts WHERE store = ?1 AND id = ?2")?;
        let mut places = Vec::new();
        for (name, stores) in self.names() {
            for store in stores {
                if found.exists(params![store, id.as_str()])? {
                    places.push(name.clone());
                    break;
                }
            }
        }
        Ok(places)
    }

    /// The run that came before `row`, of the same experiment and target; newest recorded first counts.
    pub fn previous(&self, row: &Row, recorded: i64) -> Result<Option<Row>> {
        // The comparisons without regard to case are those that an index answers; by store it would look at all runs.
        let mut found = self.db().prepare_cached(
            "SELECT (SELECT t.line FROM texts t WHERE t.seq = f.seq) FROM facts f \
             WHERE f.experiment IS ?2 COLLATE NOCASE AND f.target IS ?3 COLLATE NOCASE AND f.recorded <= ?4 \
             AND f.experiment IS ?2 AND f.target IS ?3 AND +f.store = ?1 AND f.status <> 'pruned' \
             AND (f.recorded, coalesce(f.timestamp, -9223372036854775807), f.id) < (?4, ?5, ?6) \
             ORDER BY f.recorded DESC, f.timestamp DESC NULLS LAST, f.id DESC LIMIT 1",
        )?;
        let ms = row.timestamp.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let ms = ms.map_or(-i64::MAX, jiff::Timestamp::as_millisecond);
        let given = params![self.store(), row.experiment, row.target, recorded, ms, row.id.as_str()];
        let line: Option<String> = found.query_row(given, |row| row.get(0)).optional()?;
        Ok(line.and_then(|line| serde_json::from_str(&line).ok()))
    }
}
