//! What git must say before a query can be answered: which commits a revision means, whose runs are mine.

use std::collections::BTreeMap;

use crate::git::{Oid, Repo};
use crate::store::Store;

use super::projection::{Projection, Result, StoreSet};
use super::query::{Needs, Param, Query, Resolved, Unpushed, Wanted};
use super::{Filter, query};

/// A query could not be turned into a filter.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// It names what is not there.
    #[error(transparent)]
    Query(#[from] query::Error),
    /// The runs or the projection failed us.
    #[error(transparent)]
    Projection(#[from] super::projection::Error),
}

impl Projection {
    /// The runs that `query` asks for. `progress` is told how many of how many runs' cases were read, if these are needed.
    pub fn filter(
        &mut self,
        store: &Store<'_>,
        query: &Query,
        deleted: bool,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Filter, ResolveError> {
        self.filter_sets(store.repo(), &[StoreSet::own(*store)], query, deleted, progress)
    }

    /// As [`Self::filter`], for a projection of several stores: the ones that it was opened with.
    pub fn filter_sets(
        &mut self,
        home: &Repo,
        sets: &[StoreSet<'_>],
        query: &Query,
        deleted: bool,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Filter, ResolveError> {
        let (needs, mut unread) = (query.needs(), 0);
        if needs.cases {
            unread = self.fill_cases(sets, progress)?;
        }
        let (sql, params) = query.to_sql(&self.resolve(home, &needs)?)?;
        let params = params.into_iter().map(|param| match param {
            Param::Text(text) => text.into(),
            Param::Integer(n) => n.into(),
            Param::Real(n) => n.into(),
        });
        let without_deleted = !deleted && !query.names_pruned();
        // An empty query has no condition.
        let sql = if query.is_empty() { String::new() } else { sql };
        Ok(Filter { sql, params: params.collect(), without_deleted, unread })
    }

    fn resolve(&mut self, repo: &Repo, needs: &Needs) -> Result<Resolved> {
        let mut resolved = Resolved { places: self.names().to_vec(), ..Resolved::default() };
        for wanted in &needs.commits {
            // A revision that is not known stays out, and the query says so where it stands.
            if let Some(commits) = self.commits(repo, wanted)? {
                resolved.commits.insert(wanted.clone(), commits);
            }
        }
        if needs.me {
            resolved.me = repo.author().ok().map(|author| author.who.email);
        }
        if needs.unpushed {
            resolved.unpushed = self.unpushed(repo)?;
            let own = self.add(repo, &Store::of(repo))?;
            resolved.own = (*self.stores() != [own]).then_some(own);
        }
        if needs.trees {
            resolved.trees = self.trees(repo)?;
        }
        Ok(resolved)
    }

    fn commits(&self, repo: &Repo, wanted: &Wanted) -> Result<Option<Vec<String>>> {
        let hex = |ids: Vec<Oid>| ids.iter().map(ToString::to_string).collect();
        Ok(match wanted {
            Wanted::Commit(revision) => repo.resolve_commit(revision).ok().map(|id| vec![id.to_string()]),
            Wanted::Range(range) => repo.range(range).ok().map(hex),
            Wanted::Reachable(branch) => {
                let Ok(tip) = repo.resolve_commit(branch) else { return Ok(None) };
                // There may be a million commits, but only those of runs matter.
                let sources: Vec<Oid> = self.sources(repo)?.into_iter().filter(|id| repo.has(id)).collect();
                Some(hex(repo.reachable_from(&tip, &sources)?))
            }
        })
    }

    /// The source commits of all runs.
    fn sources(&self, repo: &Repo) -> Result<Vec<Oid>> {
        let stores: Vec<String> = self.stores().iter().map(ToString::to_string).collect();
        let sql = format!("SELECT DISTINCT sha FROM runs WHERE store IN ({}) AND sha IS NOT NULL", stores.join(", "));
        let mut found = self.db().prepare(&sql)?;
        let ids = found.query_map([], |row| row.get::<_, String>(0))?;
        let ids = ids.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(ids.iter().filter_map(|id| repo.parse_oid(id)).collect())
    }

    fn trees(&self, repo: &Repo) -> Result<BTreeMap<String, String>> {
        let commits = self.sources(repo)?.into_iter().filter(|id| repo.has(id));
        Ok(commits.filter_map(|id| Some((id.to_string(), repo.commit(&id).ok()?.tree.to_string()))).collect())
    }

    /// What the remote has is known from what was last synced with it.
    fn unpushed(&mut self, repo: &Repo) -> Result<Unpushed> {
        let Ok(Some(remote)) = repo.elected_remote() else { return Ok(Unpushed::All) };
        let name = format!("refs/agentv/remotes/{}/runs/v1", remote.name);
        let theirs = Store::new(repo, &name);
        if theirs.tip_id()?.is_none() {
            return Ok(Unpushed::All);
        }
        Ok(Unpushed::NotIn(self.add(repo, &theirs)?))
    }
}
