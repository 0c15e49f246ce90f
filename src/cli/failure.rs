//! The one funnel from errors to what a user reads: a message, a hint, an exit code.

use std::process::ExitCode;

use crate::hooks::install;
use crate::{git, run, store, sync};

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// Lines that show where it is.
    pub(crate) detail: Option<String>,
    pub(crate) hint: Option<String>,
    pub(crate) code: u8,
}

/// Bad usage that clap can't see.
pub(crate) const USAGE: u8 = 2;
/// It failed; as git's `die`.
pub(crate) const FATAL: u8 = 128;

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), detail: None, hint: None, code: FATAL }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, ..Self::new(message) }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Ends quietly with `code`: everything was said already.
    pub(crate) fn silent(code: u8) -> Self {
        Self { message: String::new(), detail: None, hint: None, code }
    }

    /// Says it, unless nobody listens.
    pub(crate) fn report(&self, ui: &super::output::Ui) -> ExitCode {
        if !self.message.is_empty() {
            ui.error(&self.message);
        }
        if let Some(detail) = &self.detail {
            ui.lines(detail);
        }
        if let Some(hint) = &self.hint {
            ui.hint(hint);
        }
        ExitCode::from(self.code)
    }
}

impl From<store::Error> for Failure {
    fn from(err: store::Error) -> Self {
        let code = if matches!(err, store::Error::BadValue(_) | store::Error::BadSpec(_)) { USAGE } else { FATAL };
        Self { message: err.to_string(), detail: None, hint: err.hint(), code }
    }
}

impl From<sync::Error> for Failure {
    fn from(err: sync::Error) -> Self {
        match err {
            sync::Error::Store(err) if err.hint().is_none() => err.into(),
            err => Self { message: err.to_string(), detail: None, hint: err.hint(), code: FATAL },
        }
    }
}

impl From<sync::helper::Error> for Failure {
    fn from(err: sync::helper::Error) -> Self {
        let code = if matches!(err, sync::helper::Error::Usage) { USAGE } else { FATAL };
        Self { message: err.to_string(), detail: None, hint: err.hint(), code }
    }
}

impl From<git::Error> for Failure {
    fn from(err: git::Error) -> Self {
        Self { message: err.to_string(), detail: None, hint: err.hint(), code: FATAL }
    }
}

impl From<install::Error> for Failure {
    fn from(err: install::Error) -> Self {
        Self { message: err.to_string(), detail: None, hint: err.hint(), code: FATAL }
    }
}

impl From<run::BundleError> for Failure {
    fn from(err: run::BundleError) -> Self {
        Self { message: err.to_string(), detail: None, hint: err.hint().map(str::to_owned), code: FATAL }
    }
}

impl From<std::io::Error> for Failure {
    /// Somebody who stops reading (`| head`) got all they wanted.
    fn from(err: std::io::Error) -> Self {
        if err.kind() == std::io::ErrorKind::BrokenPipe { Self::silent(0) } else { Self::new(err.to_string()) }
    }
}
