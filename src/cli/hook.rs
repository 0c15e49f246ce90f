//! `git agentv hook`: what the installed hooks call. It must never be in the way of a commit:
//! it ends with 0 whatever happens, says nothing, and ends in time.

use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::git::{ConfigScope, Repo};
use crate::hooks::{Event, buffer::Editing, commit_msg, install, prepare, rewrite};

use super::args::Hook;
use super::auto_push;
use super::context::{Context, store as own};
use super::failure::Failure;
use super::target::Target;

/// When we give up, a little before the hook's script would.
const LIMIT: Duration = Duration::from_millis(400);

/// It comes after `prepare-commit-msg`, and both together may not take a second.
const LIMIT_AFTER: Duration = Duration::from_millis(350);

/// A rebase may have rewritten many commits, and nobody waits with an open editor.
const LIMIT_REWRITE: Duration = Duration::from_secs(4);

/// A push waits for so long at most; what takes longer goes on behind it.
const LIMIT_PUSH: Duration = Duration::from_millis(1300);

/// The log of failed hooks is begun anew at this size, in bytes.
const MAX_LOG: u64 = 64 << 10;

pub(super) fn run(context: &Context, args: &Hook) -> ExitCode {
    if context.ui.env.hooks_are_off {
        return ExitCode::SUCCESS;
    }
    if args.event == auto_push::FOLLOW {
        if let Err(failure) = auto_push::run(context, &args.args) {
            tracing::debug!(failure.message, "runs did not follow");
        }
        return ExitCode::SUCCESS;
    }
    // A hook's script that is newer than this program may call for one that we do not know.
    let Some(event) = Event::parse(&args.event) else { return ExitCode::SUCCESS };
    let usual = match event {
        Event::PrepareCommitMsg => LIMIT,
        Event::CommitMsg => LIMIT_AFTER,
        Event::PostRewrite => LIMIT_REWRITE,
        Event::PrePush => LIMIT_PUSH,
    };
    let given = context.ui.env.hook_timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds * 0.9).ok());
    let limit = given.unwrap_or(usual);
    watch(limit);
    let parameters = context.ui.env.git_config_parameters.as_deref();
    // Without a repository there is nobody to tell.
    let Ok(repo) = Repo::discover(&context.dir, ConfigScope::Full, parameters) else { return ExitCode::SUCCESS };
    if event != Event::PostRewrite {
        // A commit waits for no network.
        repo.never_fetch();
    }
    if let Err(failure) = act(context, &repo, event, args, limit) {
        log(&repo, event, &failure);
    }
    ExitCode::SUCCESS
}

fn act(context: &Context, repo: &Repo, event: Event, args: &Hook, limit: Duration) -> Result<(), Failure> {
    let env = &context.ui.env;
    let target = Target::known(&context.ui, repo);
    let store = target.store();
    let start = Instant::now();
    let editing = if env.git_editor.as_deref() == Some(":") { Editing::None } else { Editing::Editor };
    // pre-commit leaves the file out if its own filters do not match it.
    let file = || {
        args.args.first().map_or_else(|| repo.git_dir().join("COMMIT_EDITMSG"), |file| context.path(Path::new(file)))
    };
    match event {
        Event::PrepareCommitMsg => {
            let file = file();
            // pre-commit hands over the file only, and the rest like this.
            let word = |at: usize, env: &Option<String>| {
                args.args.get(at).map(|word| word.to_string_lossy().into_owned()).or_else(|| env.clone())
            };
            let (source, object) = (word(1, &env.commit_msg_source), word(2, &env.commit_msg_object));
            let prepare = prepare::Prepare {
                file: &file,
                source: source.as_deref().filter(|word| !word.is_empty()),
                object: object.as_deref(),
                editing,
                // The rest is for the message, which matters more.
                deadline: start + limit * 3 / 8,
            };
            prepare::run(&store, &prepare)?;
        }
        Event::CommitMsg => {
            let done = commit_msg::run(repo, &file(), editing);
            // One that is there only for a while says where.
            if let Some(hook) = args.args.get(1) {
                install::release(repo, &context.path(Path::new(hook)))?;
            }
            done?;
        }
        Event::PostRewrite => {
            let mut input = String::new();
            std::io::stdin().lock().read_to_string(&mut input)?;
            let rewritten = rewrite::parse(repo, &input);
            rewrite::run(&store, &rewritten, start + limit / 2)?;
            // A run may also be where it was recorded before there was a results repository.
            if store.repo().git_dir() != repo.git_dir() {
                rewrite::run(&own(repo), &rewritten, start + limit / 2)?;
            }
        }
        Event::PrePush => auto_push::start(context, repo, args)?,
    }
    Ok(())
}

/// Ends the process after `limit`, whatever it is waiting for. Nothing is half done then: a
/// message is replaced at once, and so is a ref.
#[expect(clippy::disallowed_methods, clippy::exit, reason = "nothing else ends a process that hangs")]
fn watch(limit: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        std::process::exit(0);
    });
}

/// Keeps the failure where 'git agentv hooks status' finds it.
fn log(repo: &Repo, event: Event, failure: &Failure) {
    let path = repo.agentv_dir().join("hook.log");
    if path.metadata().is_ok_and(|meta| meta.len() > MAX_LOG) {
        let _ = std::fs::remove_file(&path);
    }
    let _ = repo.create_dir(&repo.agentv_dir());
    if let Ok(mut file) = std::fs::File::options().create(true).append(true).open(&path) {
        let now = Timestamp::now().round(jiff::Unit::Second).unwrap_or_default();
        let _ = file.write_all(format!("{now} {}: {}\n", event.name(), failure.message).as_bytes());
        repo.share(&path);
    }
}
