//! Noticing what happens in a project: one look a second for all clients together, and none while nobody listens.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;

use crate::store::{InProgress, Lookout, Store};

use super::super::project::{Desk, Project};
use super::super::site::{Lane, Site};

/// How often somebody looks.
const EVERY: Duration = Duration::from_millis(500);
/// Who is further behind than this lost some, and is told how it is now.
const BEHIND: usize = 64;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::studio) enum News {
    /// Runs were recorded or changed.
    Runs(Tip),
    /// Evals began, advanced or ended: those that are running now.
    Progress(Vec<InProgress>),
}

/// Where the runs are now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub(in crate::studio) struct Tip {
    /// The commit that the ref names; absent before the first run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::studio) tip: Option<String>,
}

/// What happens in a project.
#[derive(Debug)]
pub(in crate::studio) struct Watch {
    news: broadcast::Sender<News>,
    lookout: Mutex<Lookout>,
}

impl Default for Watch {
    fn default() -> Self {
        Self { news: broadcast::Sender::new(BEHIND), lookout: Mutex::default() }
    }
}

/// How it is now.
type State = (Tip, Vec<InProgress>);

impl Watch {
    /// Listens from now on.
    pub(in crate::studio) fn listen(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// The evals that are running.
    pub(in crate::studio) fn in_progress(&self, store: &Store<'_>) -> Vec<InProgress> {
        store.in_progress(&mut self.lookout.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How it is now.
    pub(in crate::studio) fn look(&self, desk: &Desk) -> Result<State, super::error::Problem> {
        let store = desk.store();
        let tip = store.tip_id()?.map(|tip| tip.to_string());
        Ok((Tip { tip }, self.in_progress(&store)))
    }

    /// Begins to look at a project.
    pub(in crate::studio) fn start(site: &Arc<Site>, project: &Arc<Project>) {
        let (site, project) = (Arc::clone(site), Arc::clone(project));
        tokio::spawn(async move {
            let stopped = site.stopped();
            tokio::pin!(stopped);
            let mut ticks = tokio::time::interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut before: Option<State> = None;
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = &mut stopped => return,
                }
                if project.watch.news.receiver_count() == 0 {
                    before = None;
                    continue;
                }
                let looked = {
                    let project = Arc::clone(&project);
                    let look = move || project.at_desk(|desk| project.watch.look(desk));
                    site.workers(Lane::Rows).run(look).await
                };
                // What can't be read now is looked at again.
                let Some(Ok(now)) = looked else { continue };
                project.watch.tell(before.as_ref(), &now);
                before = Some(now);
            }
        });
    }

    fn tell(&self, before: Option<&State>, now: &State) {
        // Nobody may be listening any more; that is no matter. Who began to listen meanwhile is told both.
        if before.is_none_or(|before| before.0 != now.0) {
            let _ = self.news.send(News::Runs(now.0.clone()));
        }
        if before.is_none_or(|before| before.1 != now.1) {
            let _ = self.news.send(News::Progress(now.1.clone()));
        }
    }
}
