//! The URL of a remote, taken apart.

/// A remote's URL, taken apart. Credentials are not kept.
pub(in crate::git) struct Location {
    /// `https`, or `http` if that is how the remote is reached.
    pub(super) scheme: &'static str,
    /// Lower case.
    pub(in crate::git) host: String,
    /// `:8443`, of a web server only.
    port: String,
    /// What stands between slashes, decoded, without the `.git` at the end.
    pub(in crate::git) path: Vec<String>,
    /// The last one as it was written.
    pub(super) last: String,
}

impl Location {
    pub(in crate::git) fn parse(url: &str) -> Option<Self> {
        let (scheme, authority, path, encoded) = if let Some((scheme, rest)) = url.split_once("://") {
            let (authority, path) = rest.split_once('/')?;
            (scheme, authority, path, true)
        } else {
            // scp's form, as git has it: no slash before the first colon that is not in brackets.
            let colon = match url.rfind(']').filter(|at| url[..*at].contains('[')) {
                Some(bracket) => bracket + url[bracket..].find(':')?,
                None => url.find(':')?,
            };
            let (authority, path) = (&url[..colon], &url[colon + 1..]);
            if authority.contains('/') || path.starts_with(':') {
                return None;
            }
            ("ssh", authority, path, false)
        };
        let bare = |text| str::strip_prefix(text, '[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let authority = bare(authority);
        let host = bare(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        let (host, port) = match host.split_once(':') {
            Some((_, port)) if !port.bytes().all(|b| b.is_ascii_digit()) => return None,
            Some((host, port)) => (host, port),
            None => (host, ""),
        };
        // The port of ssh says nothing about where the web server listens.
        let (scheme, port) = match scheme.to_ascii_lowercase().as_str() {
            "https" if port.is_empty() || port == "443" => ("https", String::new()),
            "https" => ("https", format!(":{port}")),
            "http" if port.is_empty() || port == "80" => ("http", String::new()),
            "http" => ("http", format!(":{port}")),
            "ssh" | "git" | "git+ssh" | "ssh+git" => ("https", String::new()),
            _ => return None,
        };
        if host.is_empty() || !host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')) {
            return None;
        }
        let split = path.split('/').filter(|segment| !segment.is_empty());
        let mut path: Vec<String> =
            split.map(|segment| if encoded { decode(segment) } else { segment.to_owned() }).collect();
        let last = path.last()?.clone();
        if let Some(end) = path.last_mut() {
            let bare = end.strip_suffix(".git").unwrap_or(end).to_owned();
            *end = bare;
        }
        if path.iter().any(|segment| matches!(segment.as_str(), "" | "." | "..")) {
            return None;
        }
        Some(Self { scheme, host: host.to_ascii_lowercase(), port, path, last })
    }

    /// A page of this web server.
    pub(super) fn page(&self, host: &str, repository: &[&str], rest: &[&str]) -> String {
        let path: Vec<String> = repository.iter().chain(rest).map(|segment| encode(segment)).collect();
        format!("{}://{host}{}/{}", self.scheme, self.port, path.join("/"))
    }
}

/// Percent-encoded text as the text that it stands for. What is no UTF-8 then stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| bytes[at] == b'%');
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Text as one segment of a path: what has a meaning there, or to a shell, is percent-encoded.
fn encode(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~@+,=:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
