//! `git http-backend` behind a small bridge.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use super::connections::Connections;
use super::request::{Request, answer, cgi};
use crate::env::TestEnv;

/// What a server does with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// What git does.
    Serve,
    /// As a host that knows nothing of git: files only.
    Dumb,
    /// What git does, for who knows this name and password. Others get a 401.
    Basic(&'static str, &'static str),
    /// This status and text, whatever is asked for.
    Fail(u16, &'static str),
    /// What git does, but pushes get this status and text.
    FailPush(u16, &'static str),
    /// It never answers.
    Hang,
    /// It never answers to pushes.
    HangPush,
}

/// A server of smart http.
pub struct Http {
    connections: Connections,
    state: Arc<State>,
}

struct State {
    behaviour: Mutex<Behaviour>,
    /// `GET /hub.git/info/refs?service=git-upload-pack`, one for each request.
    requests: Mutex<Vec<String>>,
    /// Bytes of all bodies that were sent.
    sent: Mutex<u64>,
    /// What a request is answered by; the request makes it a command of its own.
    backend: Box<dyn Fn() -> Command + Send + Sync>,
}

/// Serves the repositories below `top`; anyone may push, and ask for part of the objects. None if git has no such server.
pub fn http(env: &TestEnv, top: &Path) -> Option<Http> {
    super::part(env, "git-remote-http")?;
    let backend = super::part(env, "git-http-backend")?;
    let (vars, top) = (env.command(&backend, top), top.to_owned());
    let vars: Vec<_> = vars.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    let backend = move || {
        let mut command = Command::new(&backend);
        command.env_clear().envs(vars.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))));
        command.env("GIT_PROJECT_ROOT", &top).env("GIT_HTTP_EXPORT_ALL", "1").env("GIT_CONFIG_COUNT", "2");
        command.env("GIT_CONFIG_KEY_0", "http.receivepack").env("GIT_CONFIG_VALUE_0", "true");
        command.env("GIT_CONFIG_KEY_1", "uploadpack.allowFilter").env("GIT_CONFIG_VALUE_1", "true");
        command
    };
    let (behaviour, requests, sent) = (Mutex::new(Behaviour::Serve), Mutex::default(), Mutex::default());
    let state = Arc::new(State { behaviour, requests, sent, backend: Box::new(backend) });
    let shared = Arc::clone(&state);
    Some(Http { connections: Connections::new(move |stream| shared.serve(stream)), state })
}

impl Http {
    /// The address of a repository: its path below the directory that is served.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.connections.address())
    }

    /// The address with a name and a password in it.
    pub fn url_as(&self, name: &str, password: &str, path: &str) -> String {
        format!("http://{name}:{password}@{}/{path}", self.connections.address())
    }

    /// What it does from now on.
    pub fn set(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap() = behaviour;
    }

    /// The requests since the last call: `GET /hub.git/info/refs?service=git-upload-pack`.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.state.requests.lock().unwrap())
    }

    /// Bytes that were sent since the last call, headers not counted.
    pub fn sent(&self) -> u64 {
        std::mem::take(&mut *self.state.sent.lock().unwrap())
    }
}

impl State {
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream;
        let Some(request) = Request::read(&mut reader) else { return };
        let question = if request.query.is_empty() { "" } else { "?" };
        let line = format!("{} {}{question}{}", request.method, request.path, request.query);
        self.requests.lock().unwrap().push(line.clone());
        let behaviour = *self.behaviour.lock().unwrap();
        let is_push = line.contains("git-receive-pack");
        let mut query = request.query.as_str();
        match behaviour {
            Behaviour::Serve => {}
            Behaviour::Dumb => query = "",
            Behaviour::Basic(name, password) => {
                if request.header("authorization") != format!("Basic {}", base64(&format!("{name}:{password}"))) {
                    let headers = [("WWW-Authenticate".into(), "Basic realm=\"test\"".into())];
                    return answer(&mut writer, "401 Unauthorized", &headers, b"who are you?\n");
                }
            }
            Behaviour::Fail(status, text) => return fail(&mut writer, status, text),
            Behaviour::FailPush(status, text) if is_push => return fail(&mut writer, status, text),
            Behaviour::HangPush if !is_push => {}
            Behaviour::FailPush(..) => {}
            Behaviour::Hang | Behaviour::HangPush => {
                // Until the client goes, or the server is dropped.
                let _ = reader.read_to_end(&mut Vec::new());
                return;
            }
        }
        let output = self.ask_git(&request, query);
        let (status, headers, body) = cgi(&output);
        *self.sent.lock().unwrap() += body.len() as u64;
        answer(&mut writer, &status, &headers, body);
    }

    fn ask_git(&self, request: &Request, query: &str) -> Vec<u8> {
        let mut command = (self.backend)();
        command.env("REQUEST_METHOD", &request.method).env("PATH_INFO", &request.path).env("QUERY_STRING", query);
        command.env("CONTENT_TYPE", request.header("content-type")).env("REMOTE_ADDR", "127.0.0.1");
        command.env("CONTENT_LENGTH", request.body.len().to_string());
        command.env("HTTP_CONTENT_ENCODING", request.header("content-encoding"));
        let protocol = request.header("git-protocol");
        if !protocol.is_empty() {
            command.env("GIT_PROTOCOL", protocol);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // A git that has read enough does not read the rest.
            scope.spawn(move || drop(stdin.write_all(&request.body)));
            child.wait_with_output().unwrap().stdout
        })
    }
}

fn fail(to: &mut TcpStream, status: u16, text: &str) {
    answer(to, &format!("{status} Failed"), &[("Content-Type".into(), "text/plain".into())], text.as_bytes());
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |bytes: &[u8]| {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(bytes.get(at).copied().unwrap_or(0)));
        (0..4).map(move |at| (bits >> (18 - 6 * at)) & 63).enumerate().map({
            let given = bytes.len();
            move |(at, digit)| if at <= given { DIGITS[digit as usize] as char } else { '=' }
        })
    };
    text.as_bytes().chunks(3).flat_map(encode).collect()
}

#[test]
fn base64_as_others_do_it() {
    assert_eq!(["", "f", "fo", "foo", "me:secret"].map(base64), ["", "Zg==", "Zm8=", "Zm9v", "bWU6c2VjcmV0"]);
}
