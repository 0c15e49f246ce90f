//! The servers that are measured, as processes of their own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::http::Client;
use crate::measure::Bench;
use crate::support::Template;

/// Where upstream's server listens.
const PORT: u16 = 7217;
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; it is killed at the end.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// `git agentv studio` in a repository.
    pub(crate) fn ours(bench: &Bench, repo: &Path) -> Self {
        let mut child =
            bench.agentv(repo, &["studio", "--port", "0"]).stdout(Stdio::piped()).spawn().expect("it is built");
        let mut link = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut link).expect("it prints its link");
        let port = link.trim().trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
        Self { child, port: port.unwrap_or_else(|| panic!("no port in {link:?}")) }
    }

    /// MB of its own, and with the files that it maps; the most there ever were. Linux only.
    pub(crate) fn memory(&self) -> Option<(f64, f64)> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let mib = |name: &str| -> Option<f64> {
            let kib: f64 =
                text.lines().find_map(|line| line.strip_prefix(name))?.trim().trim_end_matches(" kB").parse().ok()?;
            Some(kib / 1024.0)
        };
        Some((mib("RssAnon:")?, mib("VmHWM:")?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Upstream's dashboard on a project with `runs` runs, if `AGENTV_CLI` says where it is.
pub(crate) fn upstream(bench: &Bench, template: &Template, runs: u64) -> Option<Server> {
    let cli = std::env::var_os("AGENTV_CLI")?;
    let cli = std::path::absolute(cli).expect("there is a current directory");
    let project = bench.scratch().join(format!("project-{runs}"));
    for run in 0..runs {
        template.write(run, &project.join(".agentv/results/runs/default"));
    }
    // It listens on every interface of the machine; here only on this one.
    let only_here = bench.scratch().join("only-here.cjs");
    let script = "const { Server } = require('node:net'); const listen = Server.prototype.listen;\n\
        Server.prototype.listen = function (first, ...rest) {\n\
        \x20 const options = typeof first === 'object' ? first : { port: first };\n\
        \x20 return listen.call(this, { ...options, host: '127.0.0.1' }, ...rest.filter((arg) => typeof arg === 'function'));\n\
        };\n";
    std::fs::write(&only_here, script).expect("it is writable");
    let mut command: Command = bench.command("node");
    command.current_dir(&project).env("AGENTV_HOME", bench.scratch().join("agentv-home"));
    command.env("NODE_OPTIONS", format!("--require {}", only_here.display()));
    command.arg(cli).args(["dashboard", "--single", "--port", &PORT.to_string()]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("node is there");
    let server = Server { child, port: PORT };
    let begun = Instant::now();
    // It does not tell when it listens.
    while Client::connect(PORT).and_then(|mut client| client.get("/api/config")).is_err() {
        assert!(begun.elapsed() < PATIENCE, "upstream's server does not answer");
        std::thread::sleep(Duration::from_millis(20));
    }
    let all = Client::connect(PORT).and_then(|mut client| client.get("/api/runs")).expect("it answers").json();
    assert_eq!(all["runs"].as_array().map(Vec::len), usize::try_from(runs).ok(), "upstream lists all of them");
    Some(server)
}
