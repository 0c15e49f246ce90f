//! A headless Chromium, driven by its own driver: JSON over HTTP, as WebDriver says.
//!
//! Only one runs at a time: two cores are enough for one browser and the server that it looks at.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// What Chromium is started with: nothing that it asks of others on its own account.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

/// How long is waited for what should come.
const PATIENCE: Duration = Duration::from_secs(60);

static ONE: Mutex<()> = Mutex::new(());

/// A browser with one window. It ends when it goes out of scope.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// Keys that are no letters, as WebDriver calls them.
pub mod key {
    pub const ENTER: &str = "\u{e007}";
    pub const ESCAPE: &str = "\u{e00c}";
    pub const DOWN: &str = "\u{e015}";
    pub const TAB: &str = "\u{e004}";
}

impl Browser {
    /// Starts one; none, and the reason printed, where there is none.
    pub fn start() -> Option<Self> {
        let alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(chromium) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| there_is(name))
        else {
            eprintln!("skipped: there is no chromium on PATH");
            return None;
        };
        if !there_is("chromedriver") {
            eprintln!("skipped: there is no chromedriver on PATH");
            return None;
        }
        let profile = tempfile::Builder::new().prefix("agentv-chromium-").tempdir().unwrap();
        let mut driver = Command::new("chromedriver");
        driver.arg("--port=0").env("HOME", profile.path()).stdin(Stdio::null());
        let mut driver = driver.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "chromedriver ended before it said its port");
            let port = line.trim().strip_prefix("ChromeDriver was started successfully on port ");
            if let Some(port) = port {
                break port.trim_end_matches('.').parse().unwrap();
            }
        };
        let mut browser = Self { driver, port, session: String::new(), _profile: profile, _alone: alone };
        let data = format!("--user-data-dir={}", browser._profile.path().join("data").display());
        let args: Vec<&str> = FLAGS.into_iter().chain([data.as_str(), "--window-size=1280,800"]).collect();
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": args, "binary": which(chromium)},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let made = browser.send("POST", "/session", &wanted).unwrap();
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        browser.tell("POST", "/timeouts", &json!({"script": PATIENCE.as_millis(), "pageLoad": PATIENCE.as_millis()}));
        browser.size(1280, 800);
        // What Chromium shows at first is not ours.
        browser.go("about:blank");
        browser.requests();
        Some(browser)
    }

    /// Sends a command of the session, which must succeed.
    #[track_caller]
    fn tell(&self, method: &str, path: &str, body: &Value) -> Value {
        match self.send(method, &format!("{}{path}", self.session), body) {
            Ok(value) => value,
            Err(problem) => panic!("{method} {path} {body}: {problem}"),
        }
    }

    /// Sends a command. What the driver says is wrong is the error.
    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(|err| err.to_string())?;
        stream.set_read_timeout(Some(PATIENCE * 2)).unwrap();
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n",
            self.port
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).map_err(|err| err.to_string())?;
        let mut from = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if from.read_line(&mut line).map_err(|err| err.to_string())? == 0 || line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        from.read_exact(&mut answer).map_err(|err| err.to_string())?;
        let value = serde_json::from_slice::<Value>(&answer).map_err(|err| err.to_string())?["value"].take();
        match value["error"].as_str() {
            Some(_) if value["stacktrace"].is_string() => Err(value["message"].to_string()),
            _ => Ok(value),
        }
    }

    /// Loads a page.
    #[track_caller]
    pub fn go(&self, url: &str) {
        self.tell("POST", "/url", &json!({"url": url}));
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        self.tell("GET", "/url", &Value::Null).as_str().unwrap().to_owned()
    }

    /// What `return …` in the page gives.
    #[track_caller]
    pub fn js(&self, script: &str) -> Value {
        self.tell("POST", "/execute/sync", &json!({"script": script, "args": []}))
    }

    /// A string in the page.
    #[track_caller]
    pub fn text(&self, script: &str) -> String {
        self.js(script).as_str().unwrap_or_else(|| panic!("{script} is no text")).to_owned()
    }

    /// A number in the page.
    #[track_caller]
    pub fn number(&self, script: &str) -> i64 {
        let value = self.js(script);
        value.as_f64().unwrap_or_else(|| panic!("{script} is {value}")) as i64
    }

    /// Waits until the expression `what` is true in the page, whichever page that is by then.
    #[track_caller]
    pub fn until(&self, what: &str) {
        let script = format!(
            "const done = arguments[0]; const look = () => {{ let is = false; try {{ is = Boolean({what}); }} catch {{}} \
             if (is) done(true); else setTimeout(look, 15); }}; look();"
        );
        let path = format!("{}/execute/async", self.session);
        let start = std::time::Instant::now();
        // A page that goes away takes the question with it.
        loop {
            match self.send("POST", &path, &json!({"script": script, "args": []})) {
                Ok(_) => return,
                Err(problem) if start.elapsed() > PATIENCE => {
                    let page = self.js("return document.body.innerText.slice(0, 1500)");
                    panic!("it never came that {what}: {problem}\n{}\n{page}\n{:?}", self.url(), self.log("browser"))
                }
                Err(problem) if problem.contains("timeout") => {}
                Err(problem)
                    if problem.contains("unload") || problem.contains("navigat") || problem.contains("detached") => {}
                Err(problem) if problem.contains("aborted") || problem.contains("context") => {}
                Err(problem) => panic!("{what}: {problem}"),
            }
        }
    }

    /// Types keys into what has the focus.
    #[track_caller]
    pub fn keys(&self, text: &str) {
        let each = text.chars().flat_map(|key| {
            let key = key.to_string();
            [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
        });
        let each: Vec<Value> = each.collect();
        self.tell("POST", "/actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": each}]}));
    }

    /// Clicks the first element that the selector finds, with a pointer.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        self.until(&format!("document.querySelector({})", json!(selector)));
        let found = self.tell("POST", "/element", &json!({"using": "css selector", "value": selector}));
        let id = found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.tell("POST", &format!("/element/{id}/click"), &json!({}));
    }

    /// Clicks the smallest element with this text, among those that the selector finds.
    #[track_caller]
    pub fn click_text(&self, selector: &str, text: &str) {
        let find = format!(
            "[...document.querySelectorAll({})].filter((e) => e.innerText?.replace(/\\s+/g, ' ').trim() === {})",
            json!(selector),
            json!(text)
        );
        self.until(&format!("{find}.length > 0"));
        self.js(&format!("{find}.pop().click()"));
    }

    /// A command of the developer tools.
    #[track_caller]
    pub fn devtools(&self, command: &str, params: &Value) -> Value {
        self.tell("POST", "/goog/cdp/execute", &json!({"cmd": command, "params": params}))
    }

    /// Makes the page so many pixels large.
    pub fn size(&self, width: u32, height: u32) {
        let params = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &params);
    }

    /// `dark` or `light`.
    pub fn scheme(&self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.devtools("Emulation.setEmulatedMedia", &json!({"features": [feature]}));
    }

    /// Turns the page's own script off, or on again.
    pub fn script(&self, on: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({"value": !on}));
    }

    /// What the page looks like, as a PNG.
    pub fn shot(&self, file: &Path) {
        let shot = self.tell("GET", "/screenshot", &Value::Null);
        std::fs::write(file, base64(shot.as_str().unwrap())).unwrap();
    }

    /// What was logged since the last time.
    fn log(&self, kind: &str) -> Vec<Value> {
        self.tell("POST", "/se/log", &json!({"type": kind})).as_array().unwrap().clone()
    }

    /// The console's errors and exceptions since the last time.
    pub fn errors(&self) -> Vec<String> {
        let entries = self.log("browser");
        let bad = entries.iter().filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        bad.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Addresses that were asked for since the last time.
    pub fn requests(&self) -> Vec<String> {
        let sent = self.log("performance").into_iter().filter_map(|entry| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            let is_request = message["method"] == "Network.requestWillBeSent";
            is_request.then(|| message["params"]["request"]["url"].as_str().map(str::to_owned))?
        });
        sent.collect()
    }

    /// Fails the test if the console told of an error, or anything was asked of another host than `origin`.
    #[track_caller]
    pub fn assert_clean(&self, origin: &str) {
        let errors = self.errors();
        assert!(errors.is_empty(), "{errors:#?}");
        let requests = self.requests();
        let own = |url: &&String| url.starts_with(origin) || url.starts_with("data:") || url.starts_with("about:");
        let foreign: Vec<_> = requests.iter().filter(|url| !own(url)).collect();
        assert!(foreign.is_empty(), "{foreign:#?}");
        assert!(requests.iter().any(|url| url.starts_with(origin)), "requests are seen: {requests:?}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.send("DELETE", &self.session, &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        // Some builds of Chromium outlive their session. Nothing else has our profile in its arguments.
        let profile = self._profile.path().display().to_string();
        let _ = Command::new("pkill").args(["-KILL", "-f", &profile]).status();
    }
}

fn there_is(program: &str) -> bool {
    !which(program).is_empty()
}

/// Where a program is; empty if it is nowhere.
fn which(program: &str) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file());
    found.map(|file| file.to_string_lossy().into_owned()).unwrap_or_default()
}

fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|byte| LETTERS.iter().position(|letter| *letter == byte));
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}
