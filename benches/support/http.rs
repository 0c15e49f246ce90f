//! A client for servers on this machine, over one connection that is kept.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    port: u16,
}

/// What a server answered, and how long it took from the first byte sent to the last one read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
}

impl Client {
    /// Connects, if somebody listens.
    pub(crate) fn connect(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(600)))?;
        Ok(Self { stream: BufReader::with_capacity(1 << 16, stream), port })
    }

    /// Asks for `path`, and reads the answer to its end.
    pub(crate) fn get(&mut self, path: &str) -> std::io::Result<Answer> {
        let start = Instant::now();
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.port);
        self.stream.get_mut().write_all(request.as_bytes())?;
        let head = self.head()?;
        let header = |name: &str| {
            head.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| strange(&head))?;
        let mut body = Vec::new();
        if header("transfer-encoding").is_some() {
            while self.chunk(&mut body)? {}
        } else {
            let length =
                header("content-length").and_then(|length| length.parse().ok()).ok_or_else(|| strange(&head))?;
            self.stream.by_ref().take(length).read_to_end(&mut body)?;
        }
        Ok(Answer { status, body, took: start.elapsed() })
    }

    fn head(&mut self) -> std::io::Result<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(strange(&head));
            }
        }
        Ok(head)
    }

    /// Reads one chunk of a body; false if it was the last one.
    fn chunk(&mut self, body: &mut Vec<u8>) -> std::io::Result<bool> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).map_err(|_| strange(&line))?;
        self.stream.by_ref().take(size).read_to_end(body)?;
        self.stream.read_line(&mut line)?;
        Ok(size > 0)
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The texts that the body, JSON without spaces, has for `key`. To parse it would take longer than the answer took,
    /// from the processor that the server needs, too. None of the texts asked for has anything escaped.
    pub(crate) fn texts(&self, key: &str) -> Vec<&str> {
        let body = std::str::from_utf8(&self.body).unwrap_or_default();
        let start = format!("\"{key}\":\"");
        body.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }
}

fn strange(text: &str) -> std::io::Error {
    std::io::Error::other(format!("no answer of HTTP: {text:?}"))
}
