//! Listening, serving, stopping.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::api::watch::Watch;
use super::site::{Lane, Site};
use super::{Error, PORT, Settings, routes};

/// How long requests that are being answered may take when the server is told to stop.
const GRACE: Duration = Duration::from_secs(3);
/// How many ports after the usual one are tried.
const NEXT_PORTS: u16 = 20;
/// Threads that only pass on what others do.
const PASSING_ON: usize = 2;

/// Serves until the process is told to stop (Ctrl-C, or a signal to terminate). `started` is told the link.
pub fn run(settings: &Settings, started: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let listeners = listen(settings)?;
    let port = listeners[0].local_addr()?.port();
    let (stop, stopping) = watch::channel(false);
    let site = Arc::new(Site::new(settings, port, stopping)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(PASSING_ON)
        .max_blocking_threads(64)
        .thread_keep_alive(Duration::from_secs(60))
        .thread_name("studio")
        .enable_all()
        .build()?;
    let link = link(&site, settings);
    let served = runtime.block_on(async move {
        // Before anybody is told: who knows the link may stop us at once.
        let signal = Signal::watch()?;
        let mut servers = tokio::task::JoinSet::new();
        for listener in listeners {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let (app, stopped) = (routes::router(&site), site.stopped());
            servers.spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
        }
        for project in &site.projects {
            Watch::start(&site, project);
            // Whoever asks first should not have to wait for all runs to be read.
            let (site, project) = (Arc::clone(&site), Arc::clone(project));
            tokio::spawn(async move {
                let rows = move || project.at_desk(|desk| desk.rows().map(|_| ()).map_err(Into::into));
                site.workers(Lane::Rows).run(rows).await
            });
        }
        started(&link);
        signal.wait().await;
        let _ = stop.send(true);
        let _ = tokio::time::timeout(GRACE, servers.join_all()).await;
        Ok(())
    });
    // Work that somebody still does for a client who is gone is not waited for.
    runtime.shutdown_background();
    served
}

/// Opens the ports before anything else: a program that reads the link can ask at once.
fn listen(settings: &Settings) -> Result<Vec<TcpListener>, Error> {
    let failed = |address: String| move |reason| Error::Listen { address, reason };
    if let Some(host) = &settings.host {
        let port = settings.port.unwrap_or(PORT);
        let shown = format!("{host} port {port}");
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses: Vec<SocketAddr> = (bare, port).to_socket_addrs().map_err(failed(shown.clone()))?.collect();
        return Ok(vec![TcpListener::bind(&addresses[..]).map_err(failed(shown))?]);
    }
    let ports = match settings.port {
        Some(port) => port..=port,
        None => PORT..=PORT + NEXT_PORTS,
    };
    let mut reason = std::io::Error::from(ErrorKind::AddrInUse);
    for port in ports.clone().chain(settings.port.is_none().then_some(0)) {
        match loopback(port) {
            Ok(listeners) => return Ok(listeners),
            Err(err) => reason = err,
        }
    }
    Err(failed(format!("127.0.0.1 port {}", ports.start()))(reason))
}

/// Both loopback addresses at the same port; the first alone on a machine that has only that.
fn loopback(port: u16) -> std::io::Result<Vec<TcpListener>> {
    let mut tries = 0;
    loop {
        let four = TcpListener::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))?;
        let six = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), four.local_addr()?.port());
        match TcpListener::bind(six) {
            Ok(six) => return Ok(vec![four, six]),
            // Somebody else has the one that we were given at the other address.
            Err(err) if err.kind() == ErrorKind::AddrInUse && port == 0 && tries < 20 => tries += 1,
            Err(err) if err.kind() == ErrorKind::AddrInUse => return Err(err),
            Err(_) => return Ok(vec![four]),
        }
    }
}

fn link(site: &Site, settings: &Settings) -> String {
    let Some(host) = &settings.host else { return format!("http://127.0.0.1:{}/", site.port) };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = match bare.parse::<IpAddr>() {
        // All addresses: from this machine any of them will do.
        Ok(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => bare.to_owned(),
    };
    format!("http://{name}:{}/?token={}", site.port, site.token)
}

/// What stops the server.
struct Signal {
    #[cfg(unix)]
    ends: Vec<tokio::signal::unix::Signal>,
}

impl Signal {
    #[cfg(unix)]
    fn watch() -> Result<Self, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        Ok(Self { ends: kinds.into_iter().map(signal).collect::<std::io::Result<_>>()? })
    }

    #[cfg(unix)]
    async fn wait(mut self) {
        std::future::poll_fn(|context| {
            let ready = self.ends.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }

    #[cfg(not(unix))]
    fn watch() -> Result<Self, Error> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn wait(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
