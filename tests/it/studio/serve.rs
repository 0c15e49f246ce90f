//! Starting, stopping, several projects, what is on every answer.

use std::io::{Read, Write};

use super::client::Studio;
use crate::env::TestEnv;

#[cfg(unix)]
fn signal(name: &str, pid: u32, env: &TestEnv) {
    env.run("kill", env.root(), ["-s", name, &pid.to_string()]).ok();
}

#[test]
fn prints_a_link_and_stops_when_told() {
    let env = TestEnv::new();
    let studio = Studio::start(&env, &["--no-open"]);
    assert_eq!(studio.link, format!("http://127.0.0.1:{}/", studio.port));
    assert_eq!(studio.get("/").status, 200);
    #[cfg(unix)]
    {
        // A stream without an end does not keep it.
        let mut stream = studio.connect();
        stream.write_all(format!("GET /api/events HTTP/1.1\r\nHost: {}\r\n\r\n", studio.host()).as_bytes()).unwrap();
        let mut some = [0; 64];
        stream.read_exact(&mut some).unwrap();
        signal("TERM", studio.pid(), &env);
        assert_eq!(studio.wait(), 0);
    }
}

#[test]
fn both_loopback_addresses_and_no_others() {
    let env = TestEnv::new();
    let studio = Studio::start(&env, &[]);
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default()
        + &std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    if table.is_empty() {
        eprintln!("skipped: this system has no /proc/net/tcp");
        return;
    }
    let ours = format!(":{:04X}", studio.port);
    let listening: Vec<&str> = table
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (local, state) = (fields.next()?, fields.nth(1)?);
            (local.ends_with(&ours) && state == "0A").then_some(local.split(':').next()?)
        })
        .collect();
    assert!(listening.contains(&"0100007F"), "{listening:?}");
    for address in listening {
        assert!(["0100007F", "00000000000000000000000001000000"].contains(&address), "{address}");
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_if_it_was_asked_for() {
    let env = TestEnv::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = env.agentv(["studio", "--port", &port]).fails(128);
    assert!(
        said.contains(&format!("cannot listen on 127.0.0.1 port {port}")) && said.contains("without --port"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_served_is_told_at_the_start() {
    let env = TestEnv::new();
    let said = env.agentv(["studio", "--port", "0", "--repo", "nowhere"]).fails(128);
    assert!(said.contains("nowhere"), "{said}");
    let said = env.agentv(["studio", "--port", "0", "--ui", "nowhere"]).fails(128);
    assert!(said.contains("index.html"), "{said}");
    env.git(["update-ref", "refs/agentv/runs/v1", "HEAD"]).ok();
    let said = env.agentv(["studio", "--port", "0"]).fails(128);
    assert!(said.contains("does not hold runs"), "{said}");
    let outside = env.agentv_in(env.root(), ["studio", "--port", "0"]).fails(128);
    assert!(outside.contains("not a git repository"), "{outside}");
}

#[test]
fn several_repositories_are_several_projects() {
    let env = TestEnv::new();
    env.git_in(env.root(), ["init", "-q", "other"]).ok();
    env.git_in(env.root(), ["init", "-q", "--bare", "deep/repo.git"]).ok();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    let studio = Studio::start_in(&env, &env.root(), &["--repo", "repo", "other", "--repo", "deep/repo.git"]);
    let projects = studio.json("/api/projects");
    let ids: Vec<_> = projects["projects"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["repo", "other", "repo-2"]);
    assert_eq!(studio.json("/api/runs")["total"], 1);
    assert_eq!(studio.json("/api/projects/repo/runs")["total"], 1);
    assert_eq!(studio.json("/api/projects/other/runs")["total"], 0);
    assert_eq!(studio.json("/api/projects/repo-2/runs")["total"], 0);
    studio.get("/api/projects/third/runs").refused(404, "not_found");
    let page = studio.get("/p/other/").text();
    assert!(page.contains("content=\"/api/projects/other\"") && page.contains("href=\"/p/repo-2/\""), "{page}");
}

#[test]
fn documents_have_names_and_are_compressed() {
    let env = TestEnv::new();
    for n in 0..20 {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    let studio = Studio::start(&env, &[]);
    for path in ["/api/runs", "/"] {
        let plain = studio.get(path);
        let etag = plain.header("etag").unwrap().to_owned();
        assert!(plain.header("content-encoding").is_none());
        let same = studio.get_with(path, &[("If-None-Match", &etag)]);
        assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, Some(&*etag)), "{path}");
        let packed = studio.get_with(path, &[("Accept-Encoding", "br, gzip")]);
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
        assert_eq!(packed.unpacked(), plain.body, "{path}");
        assert!(packed.body.len() * 2 < plain.body.len());
        assert_eq!(studio.get_with(path, &[("Accept-Encoding", "gzip;q=0")]).header("content-encoding"), None);
        let head = studio.send("HEAD", path, &[], b"");
        assert_eq!((head.status, head.body.len()), (200, 0));
        // What changes has another name.
        env.small_bundle(if path == "/" { 100 } else { 101 });
        env.agentv(["record"]).ok();
        assert_eq!(studio.get_with(path, &[("If-None-Match", &etag)]).status, 200, "{path}");
    }
}

#[test]
fn every_answer_keeps_browsers_in_bounds() {
    let env = TestEnv::new();
    let studio = Studio::start(&env, &[]);
    for path in ["/", "/api/runs", "/nowhere", "/api/nowhere", "/-/studio.css", "/api/runs?limit=0"] {
        for (host, expected) in [(studio.host(), true), ("evil.example".into(), false)] {
            let answer = studio.get_with(path, &[("Host", &host)]);
            assert_eq!(answer.status != 403, expected, "{path} {host}");
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        }
    }
}

#[test]
fn nothing_is_written_by_looking() {
    let env = TestEnv::new();
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    let before = (env.git(["for-each-ref"]).ok(), env.git(["status", "--porcelain", "--ignored"]).ok());
    let studio = Studio::start(&env, &[]);
    let run = format!("/api/runs/{id}");
    let own =
        [String::new(), "/cases".into(), "/files".into(), "/files/summary.json".into()].map(|rest| run.clone() + &rest);
    let others =
        ["/", "/api/runs", "/api/experiments", "/api/targets", "/api/compare", "/api/status", "/api/remote/status"];
    for path in own.iter().map(String::as_str).chain(others) {
        assert_eq!(studio.get(path).status, 200, "{path}");
    }
    assert_eq!((env.git(["for-each-ref"]).ok(), env.git(["status", "--porcelain", "--ignored"]).ok()), before);
}
