//! What is the same for all requests.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use super::project::Project;
use super::workers::Workers;
use super::{Error, Settings};

/// What kind of work it is. Each kind has its own threads, so that slow work of one kind never keeps the others waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Rows of the log and the projection: milliseconds.
    Rows,
    /// Files of a run, or the cases of many: mostly milliseconds; in a light clone they may have to be fetched.
    Files,
    /// A remote is asked: seconds.
    Remote,
}

/// What is served.
#[derive(Debug)]
pub(super) struct Site {
    /// At least one.
    pub(super) projects: Vec<Arc<Project>>,
    /// Changes need it; in the open, everything does.
    pub(super) token: String,
    /// Whether others than this machine can ask.
    pub(super) open: bool,
    /// The port.
    pub(super) port: u16,
    pub(super) read_only: bool,
    /// Where a foreign front end is.
    pub(super) ui: Option<PathBuf>,
    /// Says true when the server stops.
    stopping: watch::Receiver<bool>,
    rows: Workers,
    files: Workers,
    remote: Workers,
}

impl Site {
    pub(super) fn new(settings: &Settings, port: u16, stopping: watch::Receiver<bool>) -> Result<Self, Error> {
        let mut projects: Vec<Arc<Project>> = Vec::new();
        for home in &settings.homes {
            let taken = |id: &str| projects.iter().any(|project| project.id == id);
            projects.push(Arc::new(Project::open(projects.len(), home.clone(), &taken)?));
        }
        let ui = settings.ui.as_ref().map(|dir| {
            let no_ui = || Error::NoUi(dir.display().to_string());
            let real = dir.canonicalize().map_err(|_| no_ui())?;
            if real.join("index.html").is_file() { Ok(real) } else { Err(no_ui()) }
        });
        let cores = std::thread::available_parallelism().map_or(4, std::num::NonZero::get);
        Ok(Self {
            projects,
            token: token()?,
            open: settings.host.is_some(),
            port,
            read_only: settings.read_only,
            ui: ui.transpose()?,
            stopping,
            rows: Workers::new((cores * 2).clamp(4, 8)),
            files: Workers::new(8),
            remote: Workers::new(2),
        })
    }

    /// The threads for a kind of work.
    pub(super) fn workers(&self, lane: Lane) -> &Workers {
        match lane {
            Lane::Rows => &self.rows,
            Lane::Files => &self.files,
            Lane::Remote => &self.remote,
        }
    }

    /// The project `id`; the first one if none is named.
    pub(super) fn project(&self, id: Option<&str>) -> Option<&Arc<Project>> {
        match id {
            Some(id) => self.projects.iter().find(|project| project.id == id),
            None => self.projects.first(),
        }
    }

    /// Waits until the server stops. Streams that have no end end then.
    pub(super) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopping = self.stopping.clone();
        async move { drop(stopping.wait_for(|stop| *stop).await) }
    }

    /// The cookie that holds the token. Cookies do not know ports, so the name does.
    pub(super) fn cookie(&self) -> String {
        format!("agentv-studio-{}", self.port)
    }
}

/// 128 bits that nobody can guess, in hex.
fn token() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|err| std::io::Error::other(err.to_string()))?;
    Ok(bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}
