//! Finding the run that somebody means.

use crate::git::Oid;
use crate::run::{Row, RunId};

use super::tip_tree::TipTree;
use super::{Error, Result, Store, StoredRun};

/// Shorter prefixes of an id are refused: they will soon be ambiguous.
const MIN_PREFIX: usize = 4;
/// How many candidates an error names.
const SHOWN: usize = 5;

impl<'r> Store<'r> {
    /// The run that `spec` means: 4 or more digits of its id, `@{0}`, `@{1}` …
    /// counted from the newest, or the bundle's own id. Deleted runs are found by their id.
    pub fn find(&self, spec: &str) -> Result<StoredRun<'r>> {
        let (id, tree) = match spec.strip_prefix("@{").and_then(|rest| rest.strip_suffix('}')) {
            Some(number) => self.nth(spec, number)?,
            None => self.by_name(spec)?,
        };
        let run = StoredRun::open(self.repo, &tree)?;
        if run.id().as_str() != id {
            let reason = format!("its run.json is that of run {}", run.id());
            return Err(Error::Damaged { what: format!("run {id}"), reason });
        }
        Ok(run)
    }

    /// Opens the run of a row.
    pub fn open_row(&self, row: &Row) -> Result<StoredRun<'r>> {
        StoredRun::open(self.repo, &self.tree_of(&row.tree)?)
    }

    fn nth(&self, spec: &str, number: &str) -> Result<(String, Oid)> {
        let number: usize = number.parse().map_err(|_| Error::BadSpec(spec.to_owned()))?;
        let run = self.rows(false)?.nth(number).transpose()?.ok_or_else(|| Error::NoRun(spec.to_owned()))?;
        Ok((run.row.id.to_string(), self.tree_of(&run.row.tree)?))
    }

    fn by_name(&self, spec: &str) -> Result<(String, Oid)> {
        let hex = !spec.is_empty() && spec.len() <= 64 && spec.bytes().all(|b| b.is_ascii_hexdigit());
        let mut found: Vec<(String, Oid)> = Vec::new();
        if hex && spec.len() >= MIN_PREFIX {
            found = self.by_prefix(&spec.to_ascii_lowercase())?;
        }
        if found.is_empty() {
            if spec.is_empty() || spec.chars().any(char::is_control) {
                return Err(Error::BadSpec(spec.escape_debug().to_string()));
            }
            for run in self.rows(true)? {
                let run = run?;
                if run.row.run_id == spec {
                    found.push((run.row.id.to_string(), self.tree_of(&run.row.tree)?));
                }
            }
        }
        match found.as_slice() {
            [] if hex && spec.len() < MIN_PREFIX => Err(Error::BadSpec(spec.to_owned())),
            [] => Err(Error::NoRun(spec.to_owned())),
            [one] => Ok(one.clone()),
            several => {
                let mut candidates: Vec<_> = several.iter().take(SHOWN).map(|(id, _)| id.clone()).collect();
                if several.len() > SHOWN {
                    candidates.push(format!("{} more", several.len() - SHOWN));
                }
                Err(Error::Ambiguous { spec: spec.to_owned(), candidates })
            }
        }
    }

    /// The runs whose id begins with `prefix`: one shard of the tip's tree, and of what left it.
    fn by_prefix(&self, prefix: &str) -> Result<Vec<(String, Oid)>> {
        let Some(tip) = self.tip()? else { return Ok(Vec::new()) };
        TipTree::open(self.repo, &tip.tree)?.starting_with(self.repo, prefix)
    }

    /// Ids of the newest runs that begin with `prefix`, for completion.
    pub fn ids(&self, prefix: &str) -> Result<Vec<RunId>> {
        let runs = self.rows(false)?.take(200).collect::<Result<Vec<_>>>()?;
        Ok(runs.into_iter().map(|run| run.row.id).filter(|id| id.as_str().starts_with(prefix)).collect())
    }

    fn tree_of(&self, hex: &str) -> Result<Oid> {
        self.repo
            .parse_oid(hex)
            .ok_or_else(|| Error::Damaged { what: "a row".into(), reason: format!("'{hex}' is no object id") })
    }
}
