//! The server as a process, and a client that sends what it is told to, byte for byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::env::TestEnv;

/// A running server; it is stopped when it goes out of scope.
pub struct Studio {
    child: Child,
    /// The link that it printed.
    pub link: String,
    pub port: u16,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
    /// Whether the body ended as its head said.
    pub complete: bool,
}

impl Studio {
    /// Starts it in the repository.
    pub fn start(env: &TestEnv, args: &[&str]) -> Self {
        Self::start_in(env, &env.repo, args)
    }

    pub fn start_in(env: &TestEnv, dir: &Path, args: &[&str]) -> Self {
        // Not through git, so that what is stopped is the server itself.
        let mut command = env.command("git-agentv", dir);
        command.args(["studio", "--port", "0"]).args(args).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut link = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut link).unwrap();
        let link = link.trim().to_owned();
        let port = link.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split('/').next()).unwrap();
        let port = port.parse().unwrap();
        Self { child, link, port }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// `Host` of this server.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What a page of the server knows as the token.
    pub fn token(&self) -> String {
        let page = self.get("/").text();
        let start = page.find("name=\"agentv-token\" content=\"").unwrap() + 29;
        page[start..].split('"').next().unwrap().to_owned()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, b"")
    }

    /// The JSON at `path`.
    #[track_caller]
    pub fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// A change, as a page of the server sends it.
    pub fn change(&self, method: &str, path: &str, body: &Value) -> Answer {
        let (origin, token) = (format!("http://{}", self.host()), self.token());
        let headers = [("Origin", origin.as_str()), ("X-Agentv-Token", &token), ("Content-Type", "application/json")];
        self.send(method, path, &headers, body.to_string().as_bytes())
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request += &format!("Host: {}\r\n", self.host());
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if method != "GET" {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        self.raw(&[request.as_bytes(), b"\r\n", body].concat())
    }

    /// Sends bytes and reads an answer to its end.
    pub fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A server that refuses may not want to read all of it.
        let _ = stream.write_all(request);
        read_answer(&mut BufReader::new(stream))
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the head of an answer.
pub fn read_head(from: &mut impl BufRead) -> String {
    let mut head = String::new();
    while from.read_line(&mut head).unwrap() > 0 && !head.ends_with("\r\n\r\n") {}
    head
}

fn read_answer(from: &mut impl BufRead) -> Answer {
    let head = read_head(from);
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{head:?}"));
    let mut rest = Vec::new();
    let ended = from.read_to_end(&mut rest).is_ok();
    let mut answer = Answer { status, head, body: rest, complete: ended };
    if answer.header("transfer-encoding").is_some() {
        (answer.body, answer.complete) = without_chunks(&answer.body);
    } else if let Some(length) = answer.header("content-length") {
        answer.complete = length.parse() == Ok(answer.body.len());
    }
    answer
}

fn without_chunks(mut data: &[u8]) -> (Vec<u8>, bool) {
    let mut whole = Vec::new();
    while let Some(end) = data.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&data[..end]).unwrap(), 16).unwrap();
        data = &data[end + 2..];
        if size == 0 {
            return (whole, true);
        }
        if data.len() < size + 2 {
            break;
        }
        whole.extend_from_slice(&data[..size]);
        data = &data[size + 2..];
    }
    (whole, false)
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|err| panic!("{err}: {}", self.text()))
    }

    /// Fails the test unless it is a refusal with this status and code, in JSON. Returns what is wrong.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let json = self.json();
        assert_eq!(json["code"], code, "{json}");
        json["error"].as_str().unwrap().to_owned()
    }

    /// The body, unpacked if it was compressed.
    pub fn unpacked(&self) -> Vec<u8> {
        let mut data = Vec::new();
        flate2::read::GzDecoder::new(&self.body[..]).read_to_end(&mut data).unwrap();
        data
    }
}
