//! Where new runs go: to this repository, or to its results repository, and on from there.

use std::io::IsTerminal;

use crate::git::{Remote, Repo};
use crate::store::Store;
use crate::sync::results::{self, Dirs, Managed, Outcome, ResultsRepo, called, configured};
use crate::sync::{self, Listener, Plan, Steps};

use super::context::store;
use super::failure::Failure;
use super::human::plural;
use super::output::{Ui, sanitize};
use super::sync::Terminal;

/// Where new runs of a repository go.
pub(crate) struct Target<'r> {
    repo: &'r Repo,
    dirs: Dirs,
    results: Option<ResultsRepo>,
    managed: Option<Managed>,
    own_ref: String,
    called: String,
    /// What the user should know, told once the runs are safe.
    problems: Vec<String>,
}

impl<'r> Target<'r> {
    /// Finds out where, and makes the clone of a results repository that has none yet.
    pub(crate) fn open(ui: &Ui, repo: &'r Repo) -> Result<Self, Failure> {
        let mut target = Self::in_repo(ui, repo);
        let found = configured(repo, &target.dirs)?;
        target.problems.extend(found.problem.map(|problem| format!("{problem}; runs are kept in this repository")));
        let Some(results) = found.results else { return Ok(target) };
        let managed = if let Some(managed) = Managed::open(&target.dirs, &results)? {
            managed
        } else {
            // Which branch it is, and who writes it, is known once it was looked at.
            let steps = Steps { merge: true, push: false, fold: true, ..Steps::default() };
            match results::sync(repo, &target.dirs, &results, None, steps, &mut Silent) {
                Ok((managed, _)) => managed,
                Err(err) => {
                    let managed = Managed::open_or_create(&target.dirs, &results)?;
                    if !managed.is_foreign()? {
                        target.problems.push(format!("{err}; the runs wait in the clone of it on this machine"));
                    }
                    managed
                }
            }
        };
        if managed.is_foreign()? {
            let (name, branch) = (sanitize(managed.name()), sanitize(managed.branch()));
            let what = if managed.is_upstreams()? {
                "is written by upstream's tools"
            } else {
                "holds something else than runs"
            };
            target.problems.push(format!("the branch {branch} of '{name}' {what}: runs are kept in this repository"));
            return Ok(target);
        }
        (target.own_ref, target.called) = (managed.own_ref(), called(repo));
        (target.managed, target.results) = (Some(managed), Some(results));
        Ok(target)
    }

    /// As [`Self::open`], for an eval that was run already: what can't go where it should is kept here. That upstream's tools, which just
    /// ran, publish it themselves is nothing to tell each time.
    pub(crate) fn open_or_keep(ui: &Ui, repo: &'r Repo) -> Self {
        match Self::open(ui, repo) {
            Ok(target) if target.results.is_none() => Self { problems: Vec::new(), ..target },
            Ok(target) => target,
            Err(failure) => {
                let problems = vec![format!("{}; runs are kept in this repository", failure.message)];
                Self { problems, ..Self::in_repo(ui, repo) }
            }
        }
    }

    /// The repository itself.
    fn in_repo(ui: &Ui, repo: &'r Repo) -> Self {
        let (own_ref, called, problems) = (String::new(), String::new(), Vec::new());
        Self { repo, dirs: ui.env.dirs(), results: None, managed: None, own_ref, called, problems }
    }

    /// As [`Self::open`], without network and without making anything: for hooks.
    pub(crate) fn known(ui: &Ui, repo: &'r Repo) -> Self {
        let mut target = Self::in_repo(ui, repo);
        let results = configured(repo, &target.dirs).ok().and_then(|found| found.results);
        let managed = results.as_ref().and_then(|results| Managed::open(&target.dirs, results).ok().flatten());
        if let Some(managed) = managed.filter(|managed| !managed.is_foreign().unwrap_or(true)) {
            (target.own_ref, target.called) = (managed.own_ref(), called(repo));
            (target.managed, target.results) = (Some(managed), results);
        }
        target
    }

    pub(crate) fn store(&self) -> Store<'_> {
        match &self.managed {
            Some(managed) => Store::new(managed.repo(), &self.own_ref).for_source(self.repo, &self.called),
            None => store(self.repo),
        }
    }

    /// Tells what is to be told, and sends new runs if the settings say so.
    pub(crate) fn recorded(&self, ui: &Ui, new: usize) {
        for problem in &self.problems {
            ui.warning(problem);
        }
        if let Some(results) = self.results.as_ref().filter(|_| new > 0) {
            send(ui, self.repo, &self.dirs, results);
        }
    }
}

/// Sends what a results repository lacks, if the settings say so. A push that fails loses nothing, and fails no command: it is told, and goes next time.
fn send(ui: &Ui, repo: &Repo, dirs: &Dirs, results: &ResultsRepo) {
    if !results.auto_push {
        return;
    }
    let steps = Steps { merge: true, push: true, fold: false, ..Steps::default() };
    let mut terminal = Terminal::new(ui, results.agreed);
    let done = results::sync(repo, dirs, results, None, steps, &mut terminal);
    terminal.clear();
    match done {
        Ok((managed, Outcome::Synced(synced))) => {
            let sent = synced.sent.new + synced.sent.changed;
            if sent > 0 {
                ui.tell(&format!("sent {} to {}", plural(sent, "run"), sanitize(managed.name())));
            }
        }
        Ok((_, Outcome::Read { .. })) => {}
        Err(sync::Error::NotAgreed) => {
            ui.warning(&format!("not sent to {}: nobody here agreed to that yet", sanitize(&results.name())));
            ui.hint("'git agentv push' asks once; from then on they go by themselves, as .agentv/config.yaml says");
        }
        Err(err) => {
            ui.warning(&format!("not sent to {}: {err}", sanitize(&results.name())));
            ui.hint("nothing was lost: they wait in the clone of it on this machine, and go with the next ones or with 'git agentv push'");
        }
    }
}

/// Sends what was changed in the results repository, if any of `stores` is there and the settings say so.
pub(crate) fn changed(ui: &Ui, repo: &Repo, stores: &[Store<'_>]) -> Result<(), Failure> {
    let is_elsewhere = |store: &Store<'_>| store.repo().git_dir() != repo.git_dir();
    let dirs = ui.env.dirs();
    if stores.iter().any(is_elsewhere)
        && let Some(results) = configured(repo, &dirs)?.results
    {
        send(ui, repo, &dirs, &results);
    }
    Ok(())
}

/// Looks, and pushes nothing.
struct Silent;

impl Listener for Silent {
    fn agree(&mut self, _remote: &Remote, _plan: &Plan<'_>) -> bool {
        false
    }

    fn progress(&mut self, _line: &str) {}
}

/// Whether somebody is there to be asked.
pub(crate) fn can_ask(ui: &Ui) -> bool {
    std::io::stdin().is_terminal() && ui.env.stderr_is_terminal
}
