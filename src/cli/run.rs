//! `git agentv run`, and what `agentv eval` does around upstream's.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::Timestamp;

use crate::git::Repo;
use crate::run::formats::generic::Given;
use crate::run::{BundleError, Source, find_bundles};
use crate::store::{self, Provenance, RecordOptions, Snapshot, Store, observe};

use super::args::Run;
use super::bundles;
use super::child;
use super::context::Context;
use super::failure::{FATAL, Failure};
use super::output::Ui;
use super::target::Target;

pub(super) fn run(context: &mut Context, args: &Run) -> Result<ExitCode, Failure> {
    let repo = context.repo()?;
    let given = args.about.given()?;
    // Better now than after an hour of evaluation.
    repo.ensure_git()?;
    let target = Target::open(&context.ui, &repo)?;
    let watch = Watch::begin(&repo, &context.dir)?;
    let results = Results::make(&repo)?;
    let (program, rest) = args.command.split_first().expect("clap requires a command");
    let env = [
        ("AGENTV_RUN_ID", OsString::from(&results.run_id)),
        ("AGENTV_RESULTS_DIR", results.dir.clone().into_os_string()),
    ];
    let code =
        child::run(program, rest, &env, &context.dir).inspect_err(|_| drop(std::fs::remove_dir(&results.dir)))?;
    let recording = Recording { ui: &context.ui, store: target.store(), given, partial: args.about.partial, watch };
    let mut recorded = recording.bundles();
    recorded.merge(&recording.results(&results));
    if recorded.count == 0 && !recorded.failed && recorded.incomplete == 0 {
        context.ui.warning("the command left no run: nothing new below .agentv/results or in $AGENTV_RESULTS_DIR");
    }
    target.recorded(&context.ui, recorded.count);
    Ok(recorded.exit_code(code))
}

/// Runs upstream's `agentv eval` and records its bundles. Without a repository, or
/// with a results repository that upstream's tools write, it only runs it.
pub(super) fn eval(
    ui: &Ui,
    dir: &Path,
    program: &OsStr,
    args: &[OsString],
    env: &[(&str, OsString)],
) -> Result<ExitCode, Failure> {
    let parameters = ui.env.git_config_parameters.as_deref();
    let repo = Repo::discover(dir, crate::git::ConfigScope::Full, parameters).ok();
    let Some(repo) = repo else { return Ok(ExitCode::from(child::run(program, args, env, dir)?)) };
    // The eval matters more than its record: what can't be observed stays unknown.
    let watch = Watch::begin(&repo, dir).unwrap_or_else(|_| Watch::blind(&repo, dir));
    let code = child::run(program, args, env, dir)?;
    let target = Target::open_or_keep(ui, &repo);
    let recording = Recording { ui, store: target.store(), given: Given::default(), partial: false, watch };
    let recorded = recording.bundles();
    target.recorded(ui, recorded.count);
    Ok(recorded.exit_code(code))
}

/// What was there before the command ran.
struct Watch {
    source: Source,
    diff: Option<Vec<u8>>,
    places: Places,
    before: Snapshot,
}

impl Watch {
    fn begin(repo: &Repo, dir: &Path) -> Result<Self, Failure> {
        let source = observe(repo)?;
        let capture = repo.setting_bool("agentv.captureDiff")?.unwrap_or(false) && source.dirty == Some(true);
        let diff = if capture { Some(repo.worktree_diff()?) } else { None };
        Ok(Self { source, diff, ..Self::blind(repo, dir) })
    }

    fn blind(repo: &Repo, dir: &Path) -> Self {
        let places = Places::of(repo, dir);
        let before = places.snapshot();
        Self { source: Source::default(), diff: None, places, before }
    }
}

/// Where upstream writes: to `.agentv` in the directory that it is started in, which need
/// not be the top of the working tree.
struct Places(Vec<PathBuf>);

impl Places {
    fn of(repo: &Repo, dir: &Path) -> Self {
        let top = repo.work_dir().map(Path::to_owned);
        let here = Some(dir.to_owned()).filter(|dir| !top.as_ref().is_some_and(|top| same(top, dir)));
        Self(top.into_iter().chain(here).collect())
    }

    /// The bundles in all places, and those of the run that upstream remembers: it may
    /// have been told to write elsewhere.
    fn snapshot(&self) -> Snapshot {
        let results = self.0.iter().map(|top| top.join(store::RESULTS_DIR));
        let last = self.0.iter().filter_map(|top| last_run(top));
        Snapshot::take(results.chain(last))
    }
}

/// The run directory that upstream's CLI remembers: `lastRunDir` in `.agentv/cache.json`.
fn last_run(top: &Path) -> Option<PathBuf> {
    let text = std::fs::read(top.join(".agentv/cache.json")).ok()?;
    let cache: serde_json::Value = serde_json::from_slice(&text).ok()?;
    Some(top.join(cache.get("lastRunDir")?.as_str()?))
}

/// A directory for commands that know nothing of bundles.
struct Results {
    run_id: String,
    dir: PathBuf,
}

impl Results {
    fn make(repo: &Repo) -> Result<Self, Failure> {
        let run_id = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S-%3fZ").to_string();
        let top = std::path::absolute(repo.git_dir())?.join("agentv/results");
        // Two commands that start in the same millisecond must not share it.
        let prefix = format!("{run_id}-");
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(&prefix);
        let dir = repo.create_dir(&top).and_then(|()| builder.tempdir_in(&top));
        let dir = dir.map_err(|err| Failure::new(format!("cannot write to '{}': {err}", top.display())))?;
        Ok(Self { run_id, dir: dir.keep() })
    }
}

/// Records what a command left.
struct Recording<'a> {
    ui: &'a Ui,
    store: Store<'a>,
    given: Given,
    partial: bool,
    watch: Watch,
}

#[derive(Default)]
struct Done {
    count: usize,
    incomplete: usize,
    failed: bool,
}

impl Done {
    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.incomplete += other.incomplete;
        self.failed |= other.failed;
    }

    /// The command's own failure is what the caller wants to know.
    fn exit_code(&self, code: u8) -> ExitCode {
        ExitCode::from(if code == 0 && self.failed { FATAL } else { code })
    }
}

impl Recording<'_> {
    fn options(&self, given: Given) -> RecordOptions {
        let provenance = Provenance::Observed(self.watch.source.clone());
        RecordOptions { given, partial: self.partial, provenance, source_diff: self.watch.diff.clone() }
    }

    /// The bundles that appeared or changed where upstream writes.
    fn bundles(&self) -> Done {
        let paths = self.watch.places.snapshot().changed_since(&self.watch.before);
        let options = self.options(Given { name: None, ..self.given.clone() });
        paths.iter().fold(Done::default(), |mut done, path| {
            done.merge(&self.one(path, &options));
            done
        })
    }

    /// What is in `AGENTV_RESULTS_DIR`: bundles, or any files. Thrown away once it is recorded.
    fn results(&self, results: &Results) -> Done {
        let mut done = Done::default();
        // A command may also take the directory away: then it left nothing there.
        if std::fs::read_dir(&results.dir).is_ok_and(|mut entries| entries.next().is_some()) {
            let found = find_bundles(&results.dir);
            let name = self.given.name.clone().unwrap_or_else(|| results.run_id.clone());
            if found.is_empty() {
                let started = results.started();
                let given = Given { name: Some(name), started_at: started, ..self.given.clone() };
                done.merge(&self.one(&results.dir, &self.options(given)));
            }
            let options = self.options(self.given.clone());
            for path in &found {
                done.merge(&self.one(path, &options));
            }
        }
        if done.failed || done.incomplete > 0 {
            self.ui.hint(&format!("what the command wrote is kept in {}", results.dir.display()));
        } else {
            let _ = std::fs::remove_dir_all(&results.dir);
        }
        done
    }

    fn one(&self, path: &Path, options: &RecordOptions) -> Done {
        match bundles::record(&self.store, path, options) {
            Ok(report) => {
                self.ui.tell(&report.line());
                report.warn(self.ui);
                Done { count: 1, ..Done::default() }
            }
            Err(failure) if self.is_incomplete(path, options) => {
                self.ui.warning(&format!("not recorded: {}", failure.message));
                self.ui.hint(&format!("'git agentv record --partial {}' records what is there", path.display()));
                Done { incomplete: 1, ..Done::default() }
            }
            Err(failure) => {
                let _ = failure.report(self.ui);
                Done { failed: true, ..Done::default() }
            }
        }
    }

    /// An eval that was interrupted leaves such a bundle: no reason to call its command failed.
    fn is_incomplete(&self, path: &Path, options: &RecordOptions) -> bool {
        let Ok(bundle) = crate::run::DirBundle::load(path) else { return false };
        matches!(self.store.id_of(&bundle, options), Err(store::Error::Bundle(BundleError::Incomplete { .. })))
    }
}

impl Results {
    fn started(&self) -> Option<Timestamp> {
        let id = &self.run_id;
        format!("{}:{}:{}.{}", &id[..13], &id[14..16], &id[17..19], &id[20..]).parse().ok()
    }
}

fn same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
