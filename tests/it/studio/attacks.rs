//! What somebody who means harm sends, and what a run of theirs holds.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::client::Studio;
use crate::env::TestEnv;

fn one_run(env: &TestEnv) -> String {
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    env.runs()[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_name_that_was_made_to_point_here_gets_nothing() {
    let env = TestEnv::new();
    let id = one_run(&env);
    let studio = Studio::start(&env, &[]);
    let port = studio.port;
    let hosts = [
        format!("evil.example:{port}"),
        "evil.example".into(),
        format!("localhost.evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        "127.0.0.1".into(),
        format!("0.0.0.0:{port}"),
        format!("127.0.0.1:{}", port ^ 1),
        format!("evil.example@127.0.0.1:{port}"),
        String::new(),
    ];
    for host in &hosts {
        for path in ["/", "/api/runs", "/-/studio.css", &format!("/api/runs/{id}/files/summary.json"), "/api/events"] {
            let answer = studio.get_with(path, &[("Host", host)]);
            assert!(matches!(answer.status, 400 | 403), "{host} {path}: {}", answer.status);
            assert!(!answer.text().contains("small-1") && !answer.text().contains("agentv-token"), "{host} {path}");
        }
    }
    for host in [format!("localhost:{port}"), format!("[::1]:{port}"), format!("LOCALHOST:{port}")] {
        assert_eq!(studio.get_with("/api/runs", &[("Host", &host)]).status, 200, "{host}");
    }
    // Two names, none, and one in the line of the request.
    let raw = |text: &str| studio.raw(text.as_bytes()).status;
    let own = studio.host();
    assert_eq!(
        raw(&format!("GET /api/runs HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\nConnection: close\r\n\r\n")),
        400
    );
    assert_eq!(raw("GET /api/runs HTTP/1.1\r\nConnection: close\r\n\r\n"), 400);
    assert_eq!(raw("GET /api/runs HTTP/1.0\r\n\r\n"), 400);
    assert_eq!(
        raw(&format!("GET http://evil.example/api/runs HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n")),
        400
    );
}

#[test]
fn other_sites_change_and_read_nothing() {
    let env = TestEnv::new();
    let id = one_run(&env);
    let tip = env.git(["rev-parse", "refs/agentv/runs/v1"]).ok();
    let studio = Studio::start(&env, &[]);
    let (token, own) = (studio.token(), format!("http://{}", studio.host()));
    let cookie = format!("agentv-studio-{}={token}", studio.port);
    let path = format!("/api/runs/{id}/tags");
    let body = br#"{"add": ["evil"]}"#;
    let wrong = "0".repeat(32);
    let refused: [&[(&str, &str)]; 12] = [
        &[],
        &[("Origin", &own)],
        &[("Content-Type", "text/plain"), ("Origin", "http://evil.example")],
        &[("Origin", "http://evil.example"), ("X-Agentv-Token", &token)],
        &[("Origin", "null"), ("X-Agentv-Token", &token)],
        &[("Origin", "http://127.0.0.1:1"), ("X-Agentv-Token", &token)],
        &[("Sec-Fetch-Site", "cross-site"), ("X-Agentv-Token", &token)],
        &[("Sec-Fetch-Site", "same-site"), ("X-Agentv-Token", &token)],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
            ("Cookie", &cookie),
        ],
        &[("Origin", &own), ("X-Agentv-Token", &wrong)],
        &[("Origin", &own), ("X-Agentv-Token", &token[..31])],
        &[("Cookie", &cookie)],
    ];
    for headers in refused {
        let answer = studio.send("POST", &path, headers, body);
        answer.refused(403, "forbidden");
        for (method, path) in [
            ("DELETE", format!("/api/runs/{id}")),
            ("POST", "/api/remote/sync".into()),
            ("POST", format!("/api/runs/{id}/note")),
        ] {
            studio.send(method, &path, headers, b"{}").refused(403, "forbidden");
        }
    }
    assert_eq!(env.git(["rev-parse", "refs/agentv/runs/v1"]).ok(), tip);
    // Reading by the script of another page is refused, following a link is not.
    studio.get_with("/api/runs", &[("Origin", "http://evil.example")]).refused(403, "forbidden");
    studio
        .get_with(
            "/api/runs",
            &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "script")],
        )
        .refused(403, "forbidden");
    studio
        .get_with(
            "/",
            &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")],
        )
        .refused(403, "forbidden");
    let link = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];
    assert_eq!(studio.get_with("/", &link).status, 200);
    // Nobody is told that other sites may ask.
    let asked = studio.send(
        "OPTIONS",
        &path,
        &[("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")],
        b"",
    );
    assert!(asked.status >= 400 && asked.header("access-control-allow-origin").is_none());
    // And this is how it goes.
    assert_eq!(studio.send("POST", &path, &[("Origin", &own), ("X-Agentv-Token", &token)], body).status, 200);
    assert_eq!(studio.send("POST", &path, &[("X-Agentv-Token", &token)], body).status, 200);
}

#[test]
fn in_the_open_everything_needs_the_token_of_the_link() {
    let env = TestEnv::new();
    let id = one_run(&env);
    let studio = Studio::start(&env, &["--host", "127.0.0.1"]);
    let token = studio.link.split("?token=").nth(1).unwrap().to_owned();
    for path in [
        "/",
        "/api/runs",
        "/-/studio.css",
        "/api/events",
        &format!("/api/runs/{id}"),
        "/?token=",
        "/?token=abc",
        "/nowhere",
    ] {
        studio.get(path).refused(401, "forbidden");
    }
    let entered = studio.get(&format!("/?q=x&token={token}"));
    assert_eq!((entered.status, entered.header("location")), (303, Some("/?q=x")));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(studio.get_with("/", &[("Cookie", cookie)]).status, 200);
    assert_eq!(studio.get_with("/api/runs", &[("Cookie", &format!("a=b; {cookie}"))]).status, 200);
    assert_eq!(studio.get_with("/api/runs", &[("Authorization", &format!("Bearer {token}"))]).status, 200);
    assert_eq!(studio.get(&format!("//evil.example/?token={token}")).header("location"), Some("/evil.example/"));
    studio.get_with("/api/runs", &[("Cookie", cookie), ("Origin", "http://evil.example")]).refused(403, "forbidden");
    studio.send("POST", "/api/remote/sync", &[("Cookie", cookie)], b"{}").refused(403, "forbidden");
}

/// Ways to say that one wants to be one level up.
const CLIMBS: [&str; 12] = [
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cetc%5cpasswd",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "....//....//etc/passwd",
    "..%252f..%252fetc%252fpasswd",
    "%c0%ae%c0%ae/etc/passwd",
    "..%00/etc/passwd",
    ".git/config",
];

#[test]
fn no_path_leads_out() {
    let env = TestEnv::new();
    let id = one_run(&env);
    let studio = Studio::start(&env, &[]);
    for climb in CLIMBS {
        for before in [
            format!("/api/runs/{id}/files/"),
            format!("/api/runs/{id}/files/only/"),
            "/api/runs/".into(),
            format!("/api/projects/repo/runs/{id}/files/"),
            "/api/projects/".into(),
            "/p/".into(),
            "/-/".into(),
            "/".into(),
            "/api/".into(),
        ] {
            let answer = studio.get(&format!("{before}{climb}"));
            assert!(matches!(answer.status, 400 | 404), "{before}{climb}: {}", answer.status);
            assert!(
                !answer.text().contains("root:") && !answer.text().contains("repositoryformatversion"),
                "{before}{climb}"
            );
        }
    }
    for path in [
        "",
        "only",
        "only/",
        "summary.json/",
        "summary.json/x",
        "/summary.json",
        "./summary.json",
        "only/../summary.json",
        "only//answer.md",
    ] {
        let answer = studio.get(&format!("/api/runs/{id}/files/{path}"));
        assert_eq!(answer.status, 404, "{path:?}");
    }
}

#[test]
fn a_foreign_front_end_is_served_from_its_directory_and_no_further() {
    let env = TestEnv::new();
    one_run(&env);
    let ui = env.root().join("ui");
    std::fs::create_dir_all(ui.join("assets")).unwrap();
    std::fs::write(ui.join("index.html"), "<!doctype html><title>theirs</title>").unwrap();
    std::fs::write(ui.join("assets/app.js"), "app()").unwrap();
    std::fs::write(ui.join(".secret"), "secret").unwrap();
    std::fs::write(env.root().join("outside.txt"), "outside").unwrap();
    std::os::unix::fs::symlink(env.root().join("outside.txt"), ui.join("link.txt")).unwrap();
    let studio = Studio::start(&env, &["--ui", ui.to_str().unwrap()]);
    for path in ["/", "/runs/abc", "/evals/a/b", "/index.html"] {
        let page = studio.get(path);
        assert!(page.status == 200 && page.text().contains("theirs"), "{path}: {}", page.text());
        assert!(page.header("set-cookie").unwrap().contains("HttpOnly"));
    }
    let app = studio.get("/assets/app.js");
    assert_eq!((app.text().as_str(), app.header("content-type")), ("app()", Some("text/javascript; charset=utf-8")));
    for path in [
        "/.secret",
        "/link.txt",
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/assets/missing.js",
        "/assets/..%2f..%2foutside.txt",
        "/assets/%2e%2e/.secret",
        "/%00",
        "/%ff",
    ] {
        let answer = studio.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {} {}", answer.status, answer.text());
    }
    studio.get("/api/nowhere").refused(404, "not_found");
    // It can change what it could at upstream, by its cookie, and nobody else's pages can.
    let page = studio.get("/");
    let cookie = page.header("set-cookie").unwrap().split(';').next().unwrap();
    let own = format!("http://{}", studio.host());
    studio.send("POST", "/api/remote/sync", &[("Cookie", cookie), ("Origin", &own)], b"").refused(409, "no_remote");
    studio
        .send("POST", "/api/remote/sync", &[("Cookie", cookie), ("Origin", "http://evil.example")], b"")
        .refused(403, "forbidden");
}

#[test]
fn a_run_that_holds_script_is_text() {
    let env = TestEnv::new();
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let dir = env.root().join("evil");
    crate::env::write_small_bundle(&dir, evil, "2026-07-04T10:00:00.000Z");
    for file in ["summary.json", ".internal/index.jsonl"] {
        let text = std::fs::read_to_string(dir.join(file)).unwrap();
        let quoted = serde_json::to_string(evil).unwrap();
        let text = text.replace("\"small\"", &quoted).replace("\"t\"", &quoted).replace("\"only\"", &quoted);
        std::fs::write(dir.join(file), text.replace("\"result_dir\":\"<", "\"result_dir\":\"only<")).unwrap();
    }
    std::fs::write(dir.join("<script>alert(1)<.html"), evil).unwrap();
    env.agentv(["record", dir.to_str().unwrap()]).ok();
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(env.runs()[0]["experiment"], evil);
    env.agentv(["note", &id, "-m", evil]).ok();
    let studio = Studio::start(&env, &[]);
    for path in ["/".to_owned(), format!("/?q={}", "%3Cscript%3Ealert(1)%3C/script%3E")] {
        let page = studio.get(&path);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let text = page.text();
        assert!(!text.contains("<script>") && !text.contains("<img") && text.contains("&#60;script&#62;"), "{text}");
    }
    for path in
        [format!("/api/runs/{id}"), format!("/api/runs/{id}/cases"), "/api/runs".into(), "/api/experiments".into()]
    {
        let answer = studio.get(&path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}");
    }
    let missing = studio.get("/api/runs/%3Cscript%3E");
    assert_eq!(missing.header("content-type"), Some("application/json"));
}

#[test]
fn what_is_broken_is_told_and_the_rest_still_works() {
    let env = TestEnv::new();
    let id = one_run(&env);
    // Loose objects, so that one of them can be broken.
    let pack = env.repo.join(".git/objects/pack");
    let away = env.root().join("pack");
    std::fs::rename(&pack, &away).unwrap();
    std::fs::create_dir(&pack).unwrap();
    for entry in std::fs::read_dir(&away).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|ending| ending == "pack") {
            env.git_stdin(["unpack-objects", "-q"], &std::fs::read(entry).unwrap());
        }
    }
    let object = env.git(["rev-parse", "refs/agentv/runs/v1:"]).ok();
    let _ = object;
    let hash = env.git(["hash-object", ".agentv/results/small-1/only/answer.md"]).ok();
    let hash = hash.trim();
    let path = env.repo.join(".git/objects").join(&hash[..2]).join(&hash[2..]);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&path, b"garbage").unwrap();
    let studio = Studio::start(&env, &[]);
    let file = format!("/api/runs/{id}/files/only/answer.md");
    for _ in 0..2 {
        let answer = studio.get(&file);
        answer.refused(500, "damaged");
        assert!(!answer.text().contains(env.root().to_str().unwrap()), "no path of this machine: {}", answer.text());
        assert_eq!(studio.get(&format!("/api/runs/{id}/files/summary.json")).status, 200);
        assert_eq!(studio.json("/api/runs")["total"], 1);
    }
    std::fs::remove_file(&path).unwrap();
    studio.get(&file).refused(500, "damaged");
    // The documents of the run itself are gone.
    let manifest = env.git(["rev-parse", &format!("refs/agentv/runs/v1:{}/{}/run.json", &id[..2], &id[2..])]).ok();
    let manifest = manifest.trim();
    std::fs::remove_file(env.repo.join(".git/objects").join(&manifest[..2]).join(&manifest[2..])).unwrap();
    studio.get(&format!("/api/runs/{id}")).refused(500, "damaged");
    assert_eq!(studio.json("/api/runs")["total"], 1);
}

#[test]
fn nonsense_on_the_line_is_no_end_of_the_server() {
    let env = TestEnv::new();
    one_run(&env);
    let studio = Studio::start(&env, &[]);
    let host = studio.host();
    for text in ["\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\0\x01\0\x01"] {
        use std::io::{Read, Write};
        let mut stream = studio.connect();
        stream.write_all(text.as_bytes()).unwrap();
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let long = format!("GET /api/runs?q={} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", "a".repeat(100_000));
    let answer = studio.raw(long.as_bytes());
    assert!(answer.status == 200 || answer.status >= 400);
    let deep = format!("/api/runs?q={}", "(".repeat(20_000));
    assert_eq!(studio.get(&deep).status, 400);
    assert_eq!(studio.json("/api/runs")["total"], json!(1));
}
