//! What `git agentv hooks --format json` prints.

use std::path::Path;

use serde::Serialize;

use crate::cli::records::JSON_VERSION;
use crate::hooks::Event;
use crate::hooks::install::{Addition, Change, Check, Hook, How, Place, Proof, What};

/// What `hooks --format json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::cli) struct HooksReport {
    /// Version of this document.
    version: u32,
    /// Where git looks for hooks.
    dir: String,
    /// Our hooks.
    hooks: Vec<HookReport>,
    /// What was tried in a scratch repository with the same hooks; only for 'status'.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    checks: Vec<CheckReport>,
}

/// A hook.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct HookReport {
    /// Its name.
    hook: &'static str,
    /// Its file.
    path: String,
    /// How it is wired, or what was done.
    state: &'static str,
    /// The manager of hooks that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    manager: Option<&'static str>,
    /// What the user has to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    /// What the user has to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    add: Option<String>,
}

/// What was tried.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct CheckReport {
    /// The hook that it depends on.
    hook: &'static str,
    /// What must hold.
    what: &'static str,
    /// Whether it does.
    ok: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

pub(super) fn found(place: &Place, hooks: &[Hook], proof: &Proof) -> HooksReport {
    let state = |how: How| match how {
        How::File => "file",
        How::Block => "block",
        How::Chained => "chained",
        How::OnDemand => "on-demand",
        How::ByHand => "by-hand",
        How::Managed(_) => "managed",
        How::Unmanaged(_) => "unmanaged",
        How::NotExecutable => "not-executable",
        How::Shadowed => "shadowed",
        How::Damaged => "damaged",
        How::Foreign => "foreign",
        How::Missing => "missing",
    };
    let hook = |hook: &Hook| HookReport {
        manager: match hook.how {
            How::Managed(manager) | How::Unmanaged(manager) => Some(manager.name()),
            _ => None,
        },
        ..report(hook.event, &hook.path, state(hook.how), hook.addition.as_ref())
    };
    let check = |check: &Check| CheckReport {
        hook: check.event.name(),
        what: check.what,
        ok: check.ok,
        detail: check.detail.clone(),
    };
    HooksReport {
        version: JSON_VERSION,
        dir: place.dir.display().to_string(),
        hooks: hooks.iter().map(hook).collect(),
        checks: proof.checks.iter().map(check).collect(),
    }
}

pub(super) fn changed(place: &Place, changes: &[Change]) -> HooksReport {
    let hook = |change: &Change| {
        let (state, addition) = match &change.what {
            What::Installed => ("installed", None),
            What::Updated => ("updated", None),
            What::OnDemand => ("on-demand", None),
            What::AddedPart => ("added", None),
            What::Chained(_) => ("chained", None),
            What::Unchanged | What::Wired => ("unchanged", None),
            What::ToAdd(addition) => ("to-add", Some(addition)),
            What::SwitchedOff => ("not-executable", None),
            What::Removed | What::RemovedPart => ("removed", None),
            What::Restored(_) => ("restored", None),
            What::Left(_) | What::ByHand => ("left", None),
            What::Absent => ("absent", None),
        };
        report(change.event, &change.path, state, addition)
    };
    HooksReport {
        version: JSON_VERSION,
        dir: place.dir.display().to_string(),
        hooks: changes.iter().map(hook).collect(),
        checks: Vec::new(),
    }
}

fn report(event: Event, path: &Path, state: &'static str, addition: Option<&Addition>) -> HookReport {
    HookReport {
        hook: event.name(),
        path: path.display().to_string(),
        state,
        manager: None,
        advice: addition.map(|addition| addition.advice.clone()),
        add: addition.map(|addition| addition.text.clone()).filter(|text| !text.is_empty()),
    }
}
